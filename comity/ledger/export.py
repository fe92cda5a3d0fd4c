"""The export: the whole ledger as one file of JSON lines, to be verified anywhere.

First a header, then each entry in order; a checkpoint stands behind the last entry that it covers, so that a reader
needs one pass. Every line has one spelling only: a byte that is altered is found even where it would mean the same.
"""

import json
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from comity.errors import Refused, Tampered
from comity.ledger import log, merkle
from comity.ledger.record import Chunk, Finding, Header, Row, Span

_DIGITS = rb"(0|[1-9][0-9]{0,17})"
_BASE64 = rb'([^"]*)'  # what it holds is spelt again, then compared
_HEADER = re.compile(rb'\{"checkpoints":%b,"root":"([0-9a-f]{64})","size":%b,"v":0\}\n' % (_DIGITS, _DIGITS))
_LEAF = re.compile(rb'\{"body":"%b","hash":"([0-9a-f]{64})","index":%b,"leaf":"%b"\}\n' % (_BASE64, _DIGITS, _BASE64))
_NOTE = re.compile(rb'\{"checkpoint":("(?:[^"\\]|\\n)*"),"size":%b\}\n' % _DIGITS)
_AT_ONCE = 1000


def export(view: sa.Connection, path: Path) -> None:
    """Write the ledger as this view sees it to a new file, in constant memory.

    Raises Refused when there is such a file, Tampered when the ledger has no head.
    """
    try:
        with path.open("xb") as file:
            file.writelines(_lines(view))
    except FileExistsError as error:
        raise Refused(f"{path}: there is such a file already; choose another name") from error


def _lines(view: sa.Connection) -> Iterator[bytes]:
    head = log.head(view)
    signed = view.execute(sa.select(sa.func.count()).select_from(log.CHECKPOINT)).scalar_one()
    yield b'{"checkpoints":%d,"root":"%b","size":%d,"v":0}\n' % (signed, head.root.hex().encode(), head.size)
    yield from _notes_of(view, 0, 0)
    for start in range(0, head.size, _AT_ONCE):
        yield from _entries_of(view, start, start + _AT_ONCE)


def _entries_of(view: sa.Connection, start: int, end: int) -> Iterator[bytes]:
    leaf, size = log.LEAF.c, log.CHECKPOINT.c.size
    signed = set(view.execute(sa.select(size).where(size > start, size <= end)).scalars())
    wanted = sa.select(leaf.index, leaf.leaf, leaf.hash, leaf.body).where(leaf.index >= start, leaf.index < end)
    for index, spelt, digest, body in view.execute(wanted.order_by(leaf.index)).all():
        yield b'{"body":"%b","hash":"%b","index":%d,"leaf":"%b"}\n' % (
            b2a_base64(body, newline=False),
            digest.hex().encode(),
            index,
            b2a_base64(spelt, newline=False),
        )
        if index + 1 in signed:
            yield from _notes_of(view, index + 1, index + 1)


def _notes_of(view: sa.Connection, least: int, most: int) -> Iterator[bytes]:
    size = log.CHECKPOINT.c.size
    wanted = sa.select(size, log.CHECKPOINT.c.note).where(size >= least, size <= most).order_by(size)
    for number, note in view.execute(wanted):
        yield b'{"checkpoint":%b,"size":%d}\n' % (json.dumps(note, ensure_ascii=False).encode(), number)


class Exported(NamedTuple):
    """The record in an export, about `step` bytes at a time: a line belongs to the chunk in which it begins."""

    path: Path
    step: int = 8 << 20

    def header(self) -> Header:
        """The first line."""
        with self.path.open("rb") as file:
            found = _HEADER.fullmatch(file.readline())
        if not found:
            raise Tampered(f"{self.path.name}: the first line is no header of a ledger's export; ask for it again")
        return Header(int(found[3]), int(found[3]), bytes.fromhex(found[2].decode()), int(found[1]), [])

    def spans(self, header: Header) -> list[Span]:  # noqa: ARG002
        """Runs of `step` bytes behind the header."""
        with self.path.open("rb") as file:
            begin = len(file.readline())
        end = self.path.stat().st_size
        return [(start, min(start + self.step, end)) for start in range(begin, max(end, begin + 1), self.step)]

    def chunk(self, span: Span) -> Chunk:
        """The lines that begin there, up to the first that cannot be read."""
        rows: list[Row] = []
        notes: list[tuple[int, str]] = []
        is_broken = False
        for line in self._lines(span):
            if row := _row(line):
                rows.append(row)
            elif note := _note(line):
                notes.append(note)
            else:
                is_broken = True
                break
        start = rows[0].number if rows else notes[0][0] if notes else None
        after = None if start is None else start + len(rows)
        broken = [Finding(1, after, "a line is neither an entry nor a checkpoint")] if is_broken else []
        return Chunk(start, rows, notes, None, broken)

    def nodes(self, places: Sequence[merkle.Place]) -> None:
        """An export keeps no tree."""

    def _lines(self, span: Span) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(span[0] - 1)
            at = span[0] - 1 + len(file.readline())  # the rest of a line that began in the chunk before
            while at < span[1] and (line := file.readline()):
                yield line
                at += len(line)


def _row(line: bytes) -> Row | None:
    """The entry on this line; None when it is none, or spelt otherwise than an export spells it."""
    found = _LEAF.fullmatch(line)
    if not found:
        return None
    body, leaf = _octets(found[1]), _octets(found[4])
    if body is None or leaf is None:
        return None
    return Row(int(found[3]), leaf, bytes.fromhex(found[2].decode()), body, None)


def _octets(spelt: bytes) -> bytes | None:
    try:
        octets = a2b_base64(spelt)
    except ValueError:
        return None
    return octets if b2a_base64(octets, newline=False) == spelt else None


def _note(line: bytes) -> tuple[int, str] | None:
    found = _NOTE.fullmatch(line)
    try:
        return (int(found[2]), json.loads(found[1])) if found else None
    except ValueError:  # not UTF-8, or a control character
        return None
