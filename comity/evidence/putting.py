"""Bytes go in: a source in numbered chunks, hashed, and put whole or part by part, gone on from where it broke off."""

import hashlib
import io
import secrets
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Protocol, Self

from comity.errors import ComityError, Refused, Tampered
from comity.evidence.chunks import (
    CHUNK,
    IN_PARTS,
    KEY,
    LONGEST_HEAD,
    PART,
    SALT,
    TRIAL,
    WHOLE,
    Cipher,
    Numbered,
    below,
    fresh_key,
    header,
    part_key,
    part_name,
    read_header,
)
from comity.evidence.opened import UNKNOWN, InParts
from comity.evidence.seal import Seal
from comity.evidence.shelves import Shelf


class Source(Protocol):
    """What exhibits come from: a file, a pipe, an upload."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""


@dataclass(frozen=True)
class Wrapping:
    """How an exhibit's key is closed under the request's content key, and opened again (raises KeyGone, Tampered)."""

    wrap: Callable[[bytes], bytes]
    unwrap: Callable[[bytes], bytes]


class Differs(Exception):
    """What stands of an earlier deposit is not what the source gives, or cannot be opened."""


@dataclass(frozen=True)
class _Trial:
    """One try to deposit an exhibit in parts: where, under which key, and how many parts stand."""

    folder: str
    wrapped: bytes
    key: bytes
    standing: int = 0


class Putting:
    """Puts one exhibit: whole, or in parts, and what heads them last."""

    def __init__(self, shelf: Shelf, exhibit: str, wrapping: Wrapping, *, goes_on: bool = True) -> None:
        self._shelf, self._exhibit, self._wrapping, self._goes_on = shelf, exhibit, wrapping, goes_on
        self._trial: _Trial | None = None

    def anew(self) -> Self:
        """The same, which goes on from nothing."""
        return type(self)(self._shelf, self._exhibit, self._wrapping, goes_on=False)

    def part(self, number: int, chunks: list[Numbered]) -> None:
        """Put one part, or compare it with the one that stands. What fits into one part is put whole, at once."""
        if number == 0 and chunks[-1][2]:
            return self._whole(chunks)
        self._trial = trial = self._trial or (self._earlier() if self._goes_on else None) or self._begun()
        if number < trial.standing:
            return self._compared(trial, number, chunks)
        salt = secrets.token_bytes(SALT)
        sealing = Cipher(part_key(trial.key, salt, self._exhibit, number), IN_PARTS, self._exhibit)
        try:
            self._shelf.put(part_name(trial.folder, number), [IN_PARTS, salt, *map(sealing.close, chunks)])
        except FileExistsError:  # behind one that was not put before a crash, or put by another process beside this one
            return self._compared(trial, number, chunks)
        return None

    def head(self, count: int) -> None:
        """Put what makes the parts one exhibit; of one that is whole there is nothing to head."""
        if self._trial is not None:
            trial = self._trial.folder.rpartition("/")[2].encode()
            head = header(IN_PARTS, self._trial.wrapped) + trial + count.to_bytes(8, "big")
            self._shelf.put(self._exhibit, [head])

    def _whole(self, chunks: list[Numbered]) -> None:
        key = fresh_key()
        sealing = Cipher(key, WHOLE, self._exhibit)
        self._shelf.put(self._exhibit, [header(WHOLE, self._wrapping.wrap(key)), *map(sealing.close, chunks)])

    def _begun(self) -> _Trial:
        folder, key = f"{below(self._exhibit)}/{secrets.token_hex(TRIAL // 2)}", fresh_key()
        wrapped = self._wrapping.wrap(key)
        self._shelf.put(f"{folder}/{KEY}", [header(IN_PARTS, wrapped)])
        return _Trial(folder, wrapped, key)

    def _earlier(self) -> _Trial | None:
        """The earlier try that came farthest, if its key can be opened."""
        names = set(self._shelf.names(below(self._exhibit)))
        folders = {name.rpartition("/")[0] for name in names if name.endswith(f"/{KEY}")}
        farthest = max(sorted(folders), key=lambda folder: _reached(names, folder), default=None)
        if farthest is None:
            return None
        try:
            _, wrapped, _ = read_header(self._shelf.get(f"{farthest}/{KEY}", 0, LONGEST_HEAD), self._exhibit)
            return _Trial(farthest, wrapped, self._wrapping.unwrap(wrapped), _reached(names, farthest))
        except ComityError:
            return None

    def _compared(self, trial: _Trial, number: int, chunks: list[Numbered]) -> None:
        first, (ending, _, last) = number * PART, chunks[-1]
        standing = InParts(self._shelf, self._exhibit, trial.key, ending + 1 if last else UNKNOWN, trial.folder)
        try:
            same = list(standing.chunks(first, first + len(chunks))) == [chunk for _, chunk, _ in chunks]
        except Tampered:
            same = False
        if not same:
            raise Differs


def _reached(names: set[str], folder: str) -> int:
    """How many parts stand from the first one on without a gap."""
    number = 0
    while part_name(folder, number) in names:
        number += 1
    return number


def from_its_beginning(source: Source) -> Source:
    """The source, to be read a second time. Raises Refused for one that cannot be."""
    try:
        source.seek(0)  # type: ignore[attr-defined]
    except (AttributeError, io.UnsupportedOperation, OSError):
        raise Refused(
            "this is not what an earlier deposit of the same exhibit began with, and it cannot be read from its "
            "beginning again; give it as a file, or as a new exhibit"
        ) from None
    return source


def parts_of(source: Source) -> Iterator[list[Numbered]]:
    """The source in parts of so many numbered chunks, the last one shorter."""
    chunks = _numbered(_chunks(source, CHUNK))
    while part := list(islice(chunks, PART)):
        yield part


def _chunks(source: Source, size: int) -> Iterator[bytes]:
    """The source in pieces of exactly `size` bytes, the last one shorter: a pipe gives less than it is asked for."""
    while chunk := source.read(size):
        while len(chunk) < size and (more := source.read(size - len(chunk))):
            chunk += more
        yield chunk


def _numbered(chunks: Iterator[bytes]) -> Iterator[Numbered]:
    """Each chunk with its number, and whether it is the last; where there is none, one that is empty."""
    number, held = 0, next(chunks, b"")
    for following in chunks:
        yield number, held, False
        number, held = number + 1, following
    yield number, held, True


class Hashed:
    """SHA-256, SHA-512, CRC-32, size and chunks of all that went through."""

    def __init__(self) -> None:
        self._shorter, self._longer = hashlib.sha256(), hashlib.sha512()
        self.size = self.chunks = self._crc32 = 0

    def take(self, chunk: bytes) -> None:
        """One chunk, by both."""
        self.take_shorter(chunk)
        self._longer.update(chunk)

    def take_shorter(self, chunk: bytes) -> None:
        """One chunk, by SHA-256 and CRC-32, and counted."""
        self._shorter.update(chunk)
        self._crc32 = zlib.crc32(chunk, self._crc32)
        self.size += len(chunk)
        self.chunks += 1

    def take_longer(self, part: list[Numbered]) -> None:
        """The chunks of a part, by SHA-512."""
        for _, chunk, _ in part:
            self._longer.update(chunk)

    def seal(self, exhibit: str, at: datetime) -> Seal:
        """The seal of it all."""
        chunks = max(1, self.chunks)
        return Seal(
            exhibit=exhibit,
            sha256=self._shorter.hexdigest(),
            sha512=self._longer.hexdigest(),
            crc32=self._crc32,
            size=self.size,
            chunks=chunks,
            chunk_size=CHUNK,
            sealed_at=at,
        )
