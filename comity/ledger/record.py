"""The record as an auditor reads it: in chunks that are judged one by one, here from the database."""

from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple, Protocol

import sqlalchemy as sa

from comity.errors import Tampered
from comity.ledger import log, merkle
from comity.store import Store

Span = tuple[int, int]
"""Where a chunk begins and ends (excluded): leaves in a database, bytes in an export."""


class Beside(NamedTuple):
    """The columns beside a leaf, which repeat its fields."""

    reference: str
    version: int | None
    id: str | None
    kind: str
    at: str


class Row(NamedTuple):
    """One entry as it is kept: its index, what was hashed, its digest, its ciphertext, the columns beside."""

    number: int
    leaf: bytes
    hash: bytes
    body: bytes
    beside: Beside | None


class Finding(NamedTuple):
    """What one step of verification found wrong: the first leaf concerned, None when it is no single leaf."""

    step: int
    leaf: int | None
    detail: str


class Chunk(NamedTuple):
    """Some entries in order, with the checkpoints among them (size, note).

    `start` is the index of the first, None when there is nothing; `nodes` is None where the record keeps no tree.
    """

    start: int | None
    rows: list[Row]
    notes: list[tuple[int, str]]
    nodes: dict[merkle.Place, bytes] | None
    findings: list[Finding]


class Header(NamedTuple):
    """What the record says of itself; `checkpoints` is None where it does not say how many there are.

    `reach` is how many entries there are to be read: a head that was altered may claim any size.
    """

    size: int
    reach: int
    root: bytes
    checkpoints: int | None
    findings: list[Finding]


class Record(Protocol):
    """A ledger to verify. It is handed to other processes, so it holds nothing open."""

    def header(self) -> Header:
        """What it says of itself. Raises Tampered when it says nothing that can be read."""
        ...

    def spans(self, header: Header) -> list[Span]:
        """Its chunks in order, one at least."""
        ...

    def chunk(self, span: Span) -> Chunk:
        """One of them."""
        ...

    def nodes(self, places: Sequence[merkle.Place]) -> dict[merkle.Place, bytes] | None:
        """The digests it keeps of these full subtrees; None when it keeps no tree."""
        ...


class Stored(NamedTuple):
    """The record in a database, `step` leaves at a time. Chunks may be read while the ledger grows."""

    url: str
    step: int = 8192

    def header(self) -> Header:
        """The head, with what a count shows to be too many or too few."""
        with closing(Store(self.url)) as store, store.reading() as view:
            if _count(view, log.HEAD) != 1:
                raise Tampered("the ledger must have one head; restore the database")
            head = log.head(view)
            reach = min(head.size, _count(view, log.LEAF))
            return Header(head.size, reach, head.root, None, _miscounted(view, head))

    def spans(self, header: Header) -> list[Span]:
        """Runs of `step` leaves, as far as the record reaches."""
        starts = range(0, max(header.reach, 1), self.step)
        return [(start, min(start + self.step, header.reach)) for start in starts]

    def chunk(self, span: Span) -> Chunk:
        """The leaves, nodes, checkpoints of one run."""
        with closing(Store(self.url)) as store, store.reading() as view:
            return Chunk(span[0], _rows(view, span), _notes(view, span), _nodes(view, span), [])

    def nodes(self, places: Sequence[merkle.Place]) -> dict[merkle.Place, bytes]:
        """The stored digests of these full subtrees, without those that are missing."""
        with closing(Store(self.url)) as store, store.reading() as view:
            return log.node_digests(view, places)


def _miscounted(view: sa.Connection, head: log.Head) -> list[Finding]:
    findings = []
    leaves, nodes = _count(view, log.LEAF), _count(view, log.NODE)
    if leaves != head.size:
        findings.append(Finding(1, None, f"the head says {head.size} entries, there are {leaves}"))
    if nodes != head.size - head.size.bit_count():  # one for each pair of full subtrees that were joined
        findings.append(Finding(6, None, f"{head.size} entries do not make {nodes} nodes"))
    if len(head.frontier) != head.size.bit_count():
        findings.append(Finding(6, None, "the head's frontier is not one of its size"))
    beyond = sa.or_(log.CHECKPOINT.c.size > head.size, log.CHECKPOINT.c.size < 0)
    largest = view.execute(sa.select(sa.func.max(log.CHECKPOINT.c.size)).where(beyond)).scalar_one()
    if largest is not None:
        findings.append(Finding(8, head.size, f"{largest} entries are signed, the head says {head.size}"))
    return findings


def _count(view: sa.Connection, table: sa.Table) -> int:
    return int(view.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _rows(view: sa.Connection, span: Span) -> list[Row]:
    leaf = log.LEAF.c
    at = sa.type_coerce(leaf.at, sa.String)  # as text: what is compared is how it is spelt
    wanted = sa.select(
        leaf.index, leaf.leaf, leaf.hash, leaf.body, leaf.reference, leaf.version, leaf.id, leaf.kind, at
    )
    within = wanted.where(leaf.index >= span[0], leaf.index < span[1]).order_by(leaf.index)
    rows = view.execute(within).all()
    return [Row(row[0], row[1], row[2], row[3], Beside._make(row[4:])) for row in rows]


def _notes(view: sa.Connection, span: Span) -> list[tuple[int, str]]:
    size = log.CHECKPOINT.c.size
    after = size >= span[0] if span[0] == 0 else size > span[0]
    within = sa.select(size, log.CHECKPOINT.c.note).where(after, size <= span[1]).order_by(size)
    return [(number, note) for number, note in view.execute(within)]


def _nodes(view: sa.Connection, span: Span) -> dict[merkle.Place, bytes]:
    level, index = log.NODE.c.level, log.NODE.c.index
    inside = [
        sa.and_(level == at, index >= -(-span[0] >> at), index < span[1] >> at)
        for at in range(1, (span[1] - span[0]).bit_length())
    ]
    rows = view.execute(sa.select(log.NODE).where(sa.or_(sa.false(), *inside)))
    return {(at, number): digest for at, number, digest in rows.all()}
