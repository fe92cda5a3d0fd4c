"""The ledger's tables: entries are appended, read in order, proven.

Appending comes last in its transaction: whoever holds the head row holds up every other writer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from comity.errors import Refused, Tampered
from comity.ledger import leaf, merkle
from comity.ledger.leaf import Entry, Leaf
from comity.store import METADATA, Instant

_Index = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite keeps INTEGER keys in the table itself

LEAF = sa.Table(
    "ledger_leaf",
    METADATA,
    sa.Column("index", _Index, primary_key=True, autoincrement=False),
    sa.Column("reference", sa.String, nullable=False),
    sa.Column("version", sa.Integer),
    sa.Column("id", sa.String),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("leaf", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index(None, "reference", "index"),
)
"""Every entry. `leaf` is what was hashed; the columns before it repeat its fields, to search by."""

NODE = sa.Table(
    "ledger_node",
    METADATA,
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("index", _Index, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)
"""Every full subtree of two leaves or more, so that a proof reads a few rows and recomputes nothing."""

HEAD = sa.Table(
    "ledger_head",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("size", _Index, nullable=False),
    sa.Column("frontier", sa.LargeBinary, nullable=False),
)
"""One row, id 0: how many leaves, with the frontier's digests one after another."""

CHECKPOINT = sa.Table(
    "ledger_checkpoint",
    METADATA,
    sa.Column("size", _Index, primary_key=True, autoincrement=False),
    sa.Column("note", sa.Text, nullable=False),
)
"""Every checkpoint ever signed, as its signed note."""

# Built once, since every writer waits while another one executes them, and building takes longer than executing.
_HEAD = sa.select(HEAD).where(HEAD.c.id == 0)
_LOCKED_HEAD = _HEAD.with_for_update()
_NEWEST = (
    sa.select(LEAF.c.hash).where(LEAF.c.reference == sa.bindparam("reference")).order_by(LEAF.c.index.desc()).limit(1)
)
_LEAVES = sa.select(LEAF.c.index, LEAF.c.hash).where(LEAF.c.index.in_(sa.bindparam("numbers", expanding=True)))
# A few nodes too many: (level, index) IN (…) has SQLite read the whole table, and many (level = … AND index = …) take
# longer to build than to find.
_NODES = sa.select(NODE).where(
    NODE.c.level.in_(sa.bindparam("levels", expanding=True)), NODE.c.index.in_(sa.bindparam("numbers", expanding=True))
)
_LATEST_EVENT = (
    sa.select(LEAF.c.at)
    .where(LEAF.c.reference == sa.bindparam("reference"), LEAF.c.version.is_not(None))
    .order_by(LEAF.c.index.desc())
    .limit(1)
)
_ENTER, _KEEP_NODE = LEAF.insert(), NODE.insert()
_MOVE_HEAD = HEAD.update().where(HEAD.c.id == 0).values(size=sa.bindparam("size"), frontier=sa.bindparam("frontier"))


class Head(BaseModel):
    """How far the ledger reaches: its size in leaves, with the frontier of its tree."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    frontier: merkle.Frontier

    @property
    def root(self) -> bytes:
        """The root of the tree, 32 bytes."""
        return merkle.root(self.frontier)


class Kept(BaseModel):
    """One entry as it is kept: where, what was hashed (read and spelt), with the ciphertext beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: int
    leaf: Leaf
    spelt: bytes
    body: bytes


Within = tuple[datetime | None, datetime | None]
"""From which instant on, and before which; None where that side is open."""


def append(tx: sa.Connection, entries: Sequence[Entry]) -> list[int]:
    """Append entries at the end of a transaction that has done everything else. Returns their indices.

    Locks the head until the transaction ends: indices have no gap, and no reader ever sees half a tree.
    Raises Tampered when the head is missing.
    """
    if not entries:
        return []
    head = _head(tx, _LOCKED_HEAD)
    # Only now: before the lock was held, another writer could still have entered something for the same request.
    before = _digests_before(tx, {entry.reference for entry in entries})
    rows = _rows(entries, head.size, before)
    frontier, nodes = _grown(head, rows)
    _insert(tx, _ENTER, rows)
    _insert(tx, _KEEP_NODE, [{"level": lv, "index": n, "hash": h} for (lv, n), h in nodes.items()])
    tx.execute(_MOVE_HEAD, {"size": head.size + len(rows), "frontier": b"".join(frontier)})
    return [row["index"] for row in rows]


def _digests_before(tx: sa.Connection, references: Iterable[str]) -> dict[str, str]:
    """The digest of each request's newest leaf, in hex; "" where there is none."""
    found = {name: tx.execute(_NEWEST, {"reference": name}).scalar_one_or_none() for name in references}
    return {name: digest.hex() if digest else "" for name, digest in found.items()}


def _insert(tx: sa.Connection, into: sa.Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        tx.execute(into, rows if len(rows) > 1 else rows[0])  # one row is no batch: the driver is faster without


def _rows(entries: Sequence[Entry], start: int, before: dict[str, str]) -> list[dict[str, Any]]:
    rows = []
    for index, entry in enumerate(entries, start):
        spelt = leaf.spell(entry, before[entry.reference], sha256(entry.body).hexdigest())
        digest = merkle.leaf_hash(spelt)
        before[entry.reference] = digest.hex()
        searched = entry.model_dump(include={"reference", "version", "id", "kind", "at", "body"})
        rows.append({**searched, "index": index, "leaf": spelt, "hash": digest})
    return rows


def _grown(head: Head, rows: Sequence[Mapping[str, Any]]) -> tuple[merkle.Frontier, dict[merkle.Place, bytes]]:
    frontier, nodes = head.frontier, dict[merkle.Place, bytes]()
    for row in rows:
        frontier, made = merkle.push(row["index"], frontier, row["hash"])
        nodes |= made
    return frontier, nodes


def entries(
    view: sa.Connection,
    reference: str | None = None,
    since: int = 0,
    limit: int = 1000,
    *,
    within: Within = (None, None),
) -> Iterator[Kept]:
    """The entries from index `since` on, in order, at most `limit`; of one request when `reference` is given.

    `within` are instants: only what was recorded from the first on, and before the second. The ledger's order is that
    of its indices: instants may go back a little. Raises Tampered at a leaf that is not canonical.
    """
    wanted = sa.select(LEAF.c.index, LEAF.c.leaf, LEAF.c.body).where(LEAF.c.index >= since)
    if reference is not None:
        wanted = wanted.where(LEAF.c.reference == reference)
    if within[0] is not None:
        wanted = wanted.where(LEAF.c.at >= within[0])
    if within[1] is not None:
        wanted = wanted.where(LEAF.c.at < within[1])
    for index, spelt, body in view.execute(wanted.order_by(LEAF.c.index).limit(limit)):
        yield Kept(index=index, leaf=leaf.read(spelt), spelt=spelt, body=body)


def entry(view: sa.Connection, reference: str, *, version: int | None = None, index: int | None = None) -> Kept | None:
    """The newest entry of a request, or its newest of that version or index; None when it has none such.

    Raises Tampered at a leaf that is not canonical.
    """
    wanted = sa.select(LEAF.c.index, LEAF.c.leaf, LEAF.c.body).where(LEAF.c.reference == reference)
    for column, value in ((LEAF.c.version, version), (LEAF.c.index, index)):
        wanted = wanted if value is None else wanted.where(column == value)
    found = view.execute(wanted.order_by(LEAF.c.index.desc()).limit(1)).one_or_none()
    return None if found is None else Kept(index=found[0], leaf=leaf.read(found[1]), spelt=found[1], body=found[2])


def stands(view: sa.Connection, reference: str, name: str) -> bool:
    """Whether a request has an entry of this id already."""
    return index_of(view, reference, name) is not None


def index_of(view: sa.Connection, reference: str, name: str) -> int | None:
    """The index of the entry of this id that a request has; None where it has none."""
    wanted = sa.select(LEAF.c.index).where(LEAF.c.reference == reference, LEAF.c.id == name)
    return view.execute(wanted.limit(1)).scalar()


def named(view: sa.Connection, reference: str, beginning: str) -> tuple[str, ...]:
    """The ids of a request's entries that begin so, in order."""
    matching = sa.and_(LEAF.c.reference == reference, LEAF.c.id.startswith(beginning, autoescape=True))
    return tuple(view.execute(sa.select(LEAF.c.id).where(matching).order_by(LEAF.c.index)).scalars())


def latest_event(view: sa.Connection, reference: str) -> datetime | None:
    """When the latest event of a request happened, as its leaf says; None where there is none."""
    return view.execute(_LATEST_EVENT, {"reference": reference}).scalar()


def latest_named(view: sa.Connection, reference: str, beginning: str) -> datetime | None:
    """When the latest entry of a request was made whose id begins so; None where there is none."""
    matching = sa.and_(LEAF.c.reference == reference, LEAF.c.id.startswith(beginning, autoescape=True))
    return view.execute(sa.select(LEAF.c.at).where(matching).order_by(LEAF.c.index.desc()).limit(1)).scalar()


def head(view: sa.Connection) -> Head:
    """How far the ledger reaches. Raises Tampered when the head is missing."""
    return _head(view, _HEAD)


def _head(view: sa.Connection, query: sa.Select[Any]) -> Head:
    row = view.execute(query).one_or_none()
    if row is None:
        raise Tampered("the ledger has no head; restore the database, then verify it")
    digests = tuple(row.frontier[at : at + 32] for at in range(0, len(row.frontier), 32))
    return Head(size=row.size, frontier=digests)


def inclusion(view: sa.Connection, index: int, size: int) -> list[bytes]:
    """The proof that entry `index` stands in the ledger of `size` entries (RFC 6962, section 2.1.1).

    Raises Refused when that ledger has no such entry, Tampered when a node is missing.
    """
    return _proof(view, merkle.inclusion_path(index, _reached(view, size)))


def consistency(view: sa.Connection, old: int, new: int) -> list[bytes]:
    """The proof that the ledger of `old` entries is a prefix of that of `new` (RFC 6962, section 2.1.2).

    Raises Refused when old is larger than new or new than the ledger, Tampered when a node is missing.
    """
    return _proof(view, merkle.consistency_path(old, _reached(view, new)))


def root_at(view: sa.Connection, size: int) -> bytes:
    """The root of the ledger when it had `size` entries. Raises Refused when it never had so many."""
    (digest,) = _proof(view, [merkle.subtrees(0, _reached(view, size))])
    return digest


def _reached(view: sa.Connection, size: int) -> int:
    newest = head(view).size
    if size > newest:
        raise Refused(f"the ledger has {newest} entries, not yet {size}; ask for {newest} at most")
    return size


def _proof(view: sa.Connection, path: merkle.Path) -> list[bytes]:
    wanted = [place for places in path for place in places]
    found = _leaf_digests(view, wanted) | node_digests(view, [place for place in wanted if place[0]])
    for level, number in wanted:
        if (level, number) not in found:
            raise Tampered(f"node {number} of level {level} is missing: verify the ledger")
    return merkle.proof(path, found)


def _leaf_digests(view: sa.Connection, places: Iterable[merkle.Place]) -> dict[merkle.Place, bytes]:
    rows = view.execute(_LEAVES, {"numbers": [number for level, number in places if level == 0]})
    return {(0, number): digest for number, digest in rows}


def node_digests(view: sa.Connection, places: Sequence[merkle.Place]) -> dict[merkle.Place, bytes]:
    """The stored digests of these full subtrees (of two leaves or more), without those that are missing."""
    levels, numbers = {level for level, _ in places}, {number for _, number in places}
    rows = view.execute(_NODES, {"levels": list(levels), "numbers": list(numbers)})
    wanted = set(places)
    return {(level, number): digest for level, number, digest in rows if (level, number) in wanted}
