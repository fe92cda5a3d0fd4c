"""Offline verification, in numbered steps, with nothing but the record and the auditor's public keys.

 1  every entry can be read, and none is missing
 2  every leaf is canonical, and the columns beside it say the same
 3  every digest is its leaf's
 4  every leaf names the one before it of its request
 5  every body is the ciphertext that its leaf names
 6  the tree is made of these leaves
 7  every checkpoint is signed by a key given
 8  every checkpoint is a prefix of the ledger
 9  the checkpoint kept elsewhere is a prefix of the ledger (when one is given)

Steps 2 to 5 and 7 judge each chunk by itself, in as many processes as there are cores; the others join the chunks in
order. What is remembered from one chunk to the next is the frontier, with one digest for each request.
Whoever holds the database but no key can still take away the newest entries with their checkpoints: step 9 shows it.
"""

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import sha256
from math import inf
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from comity.errors import Tampered, Unreadable
from comity.ledger import checkpoint, leaf, merkle
from comity.ledger.checkpoint import Checkpoint, VerifierKey
from comity.ledger.export import Exported
from comity.ledger.record import Chunk, Finding, Header, Record, Row, Span, Stored
from comity.store import Store

NAMES = {
    1: "every entry can be read, and none is missing",
    2: "every leaf is canonical, and the columns beside it say the same",
    3: "every digest is its leaf's",
    4: "every leaf names the one before it of its request",
    5: "every body is the ciphertext that its leaf names",
    6: "the tree is made of these leaves",
    7: "every checkpoint is signed by a key given",
    8: "every checkpoint is a prefix of the ledger",
    9: "the checkpoint kept elsewhere is a prefix of the ledger",
}
_MANY = 16
"""From so many chunks on, other processes pay for their start."""


class Step(BaseModel):
    """One step: whether it holds, what was seen; `leaf` is the first entry that differs, where one can be named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    name: str
    ok: bool
    detail: str
    leaf: int | None = None


class Report(BaseModel):
    """What verification found, step by step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: tuple[Step, ...]

    @property
    def ok(self) -> bool:
        """Whether every step holds."""
        return all(step.ok for step in self.steps)

    @property
    def first_leaf(self) -> int | None:
        """The first entry that differs, where one can be named; of steps 4, 6, 8, 9 the first that may differ."""
        named = {step.number: step.leaf for step in self.steps if step.leaf is not None}
        for exact in ({1, 2, 3, 5}, {4}, {6}, {8, 9}):
            if exact & named.keys():
                return min(named[number] for number in exact & named.keys())
        return None


def verify_store(store: Store, keys: Iterable[str], against: str | None = None) -> Report:
    """Verify the ledger in a database by verifier keys (name+id+key), `against` a checkpoint kept elsewhere.

    Raises Unreadable when a key or that checkpoint cannot be read, Tampered when none of the keys has signed it.
    """
    return verify(Stored(store.url), keys, against)


def verify_export(path: Path, keys: Iterable[str], against: str | None = None) -> Report:
    """Verify an export as `verify_store` does a database: it needs neither database nor network."""
    return verify(Exported(path), keys, against)


def verify(record: Record, keys: Iterable[str], against: str | None = None) -> Report:
    """Verify any record. Raises as `verify_store`."""
    trusted = [checkpoint.read_key(key) for key in keys]
    elsewhere = checkpoint.verified(against, trusted) if against is not None else None
    try:
        header = record.header()
    except Tampered as error:
        return Audit(Header(0, 0, merkle.EMPTY, None, [Finding(1, None, str(error))]), elsewhere).report()
    audit = Audit(header, elsewhere)
    for judged in _each_judged(record, record.spans(header), partial(_judge, keys=trusted, cut=audit.cut)):
        audit.take(judged, record)
        if audit.is_broken:
            break
    else:
        audit.close()
    return audit.report()


class Judged(NamedTuple):
    """What one chunk shows by itself, small enough to be sent to another process."""

    start: int | None
    findings: list[Finding]
    firsts: dict[str, tuple[int, str]]  # each request's first leaf here: its index, the digest that it says came before
    lasts: dict[str, tuple[int, str]]  # each request's last leaf here: its index, its digest
    segments: list["Segment"]
    checkpoints: int


class Segment(NamedTuple):
    """Leaves up to `end` as full subtrees (level, digest), with the roots that checkpoints claim there."""

    end: int
    subtrees: list[tuple[int, bytes]]
    claims: list[bytes]


def _each_judged(record: Record, spans: Sequence[Span], judge: Callable[[Chunk], Judged]) -> Iterator[Judged]:
    read_and_judge = partial(_judge_span, record, judge)
    if len(spans) < _MANY:
        yield from map(read_and_judge, spans)
        return
    # Each process puts what it imported out of the garbage collector's sight, which else walks it again and again.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"), initializer=gc.freeze) as pool:
        yield from pool.map(read_and_judge, spans)


def _judge_span(record: Record, judge: Callable[[Chunk], Judged], span: Span) -> Judged:
    return judge(record.chunk(span))


def _judge(chunk: Chunk, keys: Sequence[VerifierKey], cut: int | None) -> Judged:
    """Steps 1 to 8 as far as one chunk shows them; `cut` is a size at which the root is wanted too."""
    findings, links = list(chunk.findings), Links({}, {})
    if chunk.start is None:
        return Judged(None, findings, {}, {}, [], 0)
    rows = _gapless(chunk.start, chunk.rows, findings)
    found = merkle.full_subtrees(chunk.start, [_judge_row(row, findings, links) for row in rows])
    findings += _wrong_nodes(chunk.nodes, found)
    claims = _claims(chunk.notes, keys, findings)
    end = chunk.start + len(rows)
    wanted = {size for size in (*claims, cut) if size is not None and chunk.start <= size <= end}
    findings += [
        Finding(8, None, f"the checkpoint of {size} entries does not stand behind entry {size - 1}")
        for size in claims.keys() - wanted
    ]
    segments = _segments(chunk.start, sorted({*wanted, end}), found, claims)
    return Judged(chunk.start, _firsts(findings), *links, segments, len(chunk.notes))


class Links(NamedTuple):
    """Where each request's chain enters and leaves a chunk."""

    firsts: dict[str, tuple[int, str]]
    lasts: dict[str, tuple[int, str]]


def _gapless(start: int, rows: list[Row], findings: list[Finding]) -> list[Row]:
    """The rows up to the first gap."""
    for expected, row in enumerate(rows, start):
        if row.number != expected:  # step 1
            findings.append(Finding(1, expected, f"entry {expected} is missing, {row.number} stands there"))
            return rows[: expected - start]
    return rows


def _judge_row(row: Row, findings: list[Finding], links: Links) -> bytes:
    """The digest of the leaf, whatever is wrong with it."""
    digest = merkle.leaf_hash(row.leaf)
    if row.hash != digest:  # step 3
        findings.append(Finding(3, row.number, f"entry {row.number} has another digest than the one kept"))
    try:
        spelt = leaf.fields_of(row.leaf)
    except Tampered as error:  # step 2
        findings.append(Finding(2, row.number, f"entry {row.number}: {error}"))
        return digest
    if row.beside and row.beside != _beside(spelt):  # step 2
        findings.append(Finding(2, row.number, f"entry {row.number} and the columns beside it disagree"))
    if sha256(row.body).hexdigest() != spelt.body:  # step 5
        findings.append(Finding(5, row.number, f"entry {row.number} has another ciphertext than the one it names"))
    before = links.lasts.get(spelt.reference)
    if before is None:
        links.firsts[spelt.reference] = row.number, spelt.prev
    elif before[1] != spelt.prev:  # step 4
        suspect = row.number if row.hash != digest else before[0]
        findings.append(_unlinked(row.number, before[0], suspect))
    links.lasts[spelt.reference] = row.number, digest.hex()
    return digest


def _beside(spelt: leaf.Spelt) -> tuple[str, int | None, str | None, str, str]:
    version = None if spelt.version is None else int(spelt.version)
    return spelt.reference, version, spelt.id, spelt.kind, spelt.at


def _unlinked(index: int, before: int, suspect: int) -> Finding:
    return Finding(4, suspect, f"entry {index} does not name entry {before}: one of the two was altered")


def _wrong_nodes(stored: dict[merkle.Place, bytes] | None, found: dict[merkle.Place, bytes]) -> list[Finding]:
    inner = {place: digest for place, digest in found.items() if place[0]}
    if stored is None or stored == inner:
        return []
    wrong = [(number << level, level) for level, number in inner if stored.get((level, number)) != inner[level, number]]
    if not wrong:  # entries are missing, their nodes are not: step 1 has found it
        return []
    number, level = min(wrong)
    last = number + (1 << level) - 1  # step 6
    return [Finding(6, number, f"a node kept of level {level} is not made of entries {number} to {last}")]


def _claims(
    notes: Sequence[tuple[int, str]], keys: Sequence[VerifierKey], findings: list[Finding]
) -> dict[int, list[bytes]]:
    """The roots that checkpoints signed by a given key claim, by size."""
    claims: dict[int, list[bytes]] = {}
    for size, note in notes:
        try:
            signed = checkpoint.verified(note, keys)
        except (Unreadable, Tampered) as error:  # step 7
            findings.append(Finding(7, None, f"kept as the checkpoint of {size} entries: {error}"))
            continue
        if signed.size != size:  # step 8
            findings.append(Finding(8, None, f"the checkpoint of {signed.size} entries is kept as that of {size}"))
        claims.setdefault(signed.size, []).append(signed.root)
    return claims


def _segments(
    start: int, ends: Sequence[int], found: dict[merkle.Place, bytes], claims: dict[int, list[bytes]]
) -> list[Segment]:
    segments = []
    for end in ends:
        parts = [(place[0], found[place]) for place in merkle.subtrees(start, end)]
        segments.append(Segment(end, parts, claims.get(end, [])))
        start = end
    return segments


def _firsts(findings: Iterable[Finding]) -> list[Finding]:
    """The first finding of each step; one that names an entry goes before one that does not."""
    first: dict[int, Finding] = {}
    for finding in findings:
        known = first.get(finding.step)
        if known is None or _place(finding) < _place(known):
            first[finding.step] = finding
    return list(first.values())


def _place(finding: Finding) -> float:
    return inf if finding.leaf is None else finding.leaf


class Audit:
    """The chunks joined in order: what a whole ledger shows and no chunk does."""

    def __init__(self, header: Header, elsewhere: Checkpoint | None) -> None:
        self._header = header
        self._elsewhere = elsewhere
        self._findings = list(header.findings)
        self._size = 0
        self._frontier: merkle.Frontier = ()
        self._lasts: dict[str, tuple[int, str]] = {}
        self._checkpoints = 0
        self._proven = 0
        self.is_broken = False
        self._is_whole = False

    @property
    def cut(self) -> int | None:
        """The size at which the checkpoint kept elsewhere wants to know the root."""
        return self._elsewhere.size if self._elsewhere else None

    def take(self, judged: Judged, record: Record) -> None:
        """Join the next chunk. Sets `is_broken` at a gap: what follows cannot be judged."""
        self._findings = _firsts([*self._findings, *judged.findings])
        self.is_broken = any(finding.step == 1 for finding in judged.findings)
        if judged.start is None:
            if self.is_broken:
                self._find(1, self._size, f"where entry {self._size} should stand, nothing can be read")
            return
        if judged.start != self._size:
            self._find(1, self._size, f"entry {self._size} is missing, {judged.start} stands there")
            self.is_broken = True
            return
        self._link(judged)
        self._grow(judged, record)
        self._checkpoints += judged.checkpoints

    def _link(self, judged: Judged) -> None:
        for reference, (index, prev) in judged.firsts.items():
            before, digest = self._lasts.get(reference, (index, ""))
            if prev != digest:  # step 4
                self._findings = _firsts([*self._findings, _unlinked(index, before, before)])
        self._lasts |= judged.lasts

    def _grow(self, judged: Judged, record: Record) -> None:
        joined: dict[merkle.Place, bytes] = {}
        start = self._size
        for segment in judged.segments:
            for level, digest in segment.subtrees:
                self._frontier, made = merkle.push(self._size, self._frontier, digest, level)
                self._size += 1 << level
                joined |= made
            self._compare(segment.claims)
        across = {place: digest for place, digest in joined.items() if place[1] << place[0] < start}
        if across:
            self._findings = _firsts([*self._findings, *_wrong_nodes(record.nodes(list(across)), across)])

    def _compare(self, claims: Sequence[bytes]) -> None:
        root = merkle.root(self._frontier)
        if any(claim != root for claim in claims):  # step 8
            many = f"signed: {self._proven} entries still as they were, the first that differs is before {self._size}"
            self._find(8, self._proven, many)
        elif claims:
            self._proven = self._size
        if self._elsewhere and self._size == self._elsewhere.size and root != self._elsewhere.root:  # step 9
            self._find(9, None, f"the first {self._size} entries are not those signed elsewhere")

    def close(self) -> None:
        """Compare what was read with what the record says of itself."""
        self._is_whole = True
        header = self._header
        if self._size != header.size:  # step 1
            self._find(1, self._size, f"the record says {header.size} entries, {self._size} are there")
        if merkle.root(self._frontier) != header.root:  # step 6
            self._find(6, None, "the root that the record says is not that of its entries")
        if not self._checkpoints:  # step 7
            self._find(7, None, "there is no checkpoint: nothing proves who kept this")
        if header.checkpoints not in (None, self._checkpoints):  # step 8
            self._find(8, None, f"the record says {header.checkpoints} checkpoints, {self._checkpoints} are there")
        if self._elsewhere and self._elsewhere.size > self._size:  # step 9
            self._find(9, self._size, f"{self._elsewhere.size} entries are signed elsewhere, {self._size} are here")

    def _find(self, step: int, entry: int | None, detail: str) -> None:
        self._findings = _firsts([*self._findings, Finding(step, entry, detail)])

    def report(self) -> Report:
        """What was found; after a gap no step holds, since not all was judged."""
        found = {finding.step: finding for finding in self._findings}
        steps = [number for number in NAMES if number != 9 or self._elsewhere]
        return Report(steps=tuple(self._step(number, found.get(number)) for number in steps))

    def _step(self, number: int, finding: Finding | None) -> Step:
        if finding:
            return Step(number=number, name=NAMES[number], ok=False, detail=finding.detail, leaf=finding.leaf)
        if not self._is_whole:
            return Step(number=number, name=NAMES[number], ok=False, detail="not judged to the end: see step 1")
        return Step(number=number, name=NAMES[number], ok=True, detail=self._seen(number))

    def _seen(self, number: int) -> str:
        if number in (7, 8):
            newer = self._size - self._proven
            return f"{self._checkpoints} checkpoints; the newest {newer} entries are not signed yet"
        if number == 9 and self._elsewhere:
            return f"{self._elsewhere.size} entries are as they were signed"
        return f"{self._size} entries of {len(self._lasts)} requests"
