"""The keys of each request, kept wrapped in the database: three classes, made together, destroyed one by one."""

import secrets
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa

from comity.errors import KeyGone, NotFound
from comity.keys import ring as key_ring
from comity.keys.ring import Ring
from comity.store import METADATA, Instant, insert

SERVICE = "service"
"""The owner of what belongs to no request: payloads of schedules and sweeps (class record)."""
INDEX = "index"
"""The owner of the key by which foreign references are found (class record); nothing is sealed under it."""


class KeyClass(StrEnum):
    """What a key closes, and so when it dies."""

    CONTENT = "content"
    """Exhibits and personal data."""
    RECORD = "record"
    """Decisions, conditions, recipients, custody: outlives content."""
    VAULT = "vault"
    """Victims, and all who are tokens everywhere else: dies first."""


TABLE = sa.Table(
    "request_key",
    METADATA,
    sa.Column("owner", sa.String(26), primary_key=True),
    sa.Column("key_class", sa.String(7), primary_key=True),
    sa.Column("wrapped", sa.LargeBinary, nullable=True),
    sa.Column("ring_key", sa.String(26), nullable=False, index=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("destroyed_at", Instant, nullable=True),
    sa.CheckConstraint("(wrapped is null) = (destroyed_at is not null)", name="wrapped_or_destroyed"),
)


def ring_for_wrapping(tx: sa.Connection, path: Path) -> Ring:
    """The ring, to wrap with until this transaction ends: none of its keys is taken off meanwhile."""
    if tx.dialect.name == "postgresql":  # on SQLite a writing transaction is alone anyway
        tx.execute(sa.text("lock table request_key in row exclusive mode"))
    return key_ring.load(path)


def create(tx: sa.Connection, ring: Ring, owner: str, *, at: datetime) -> None:
    """Make the owner's keys of all three classes. Safe to repeat: keyed by owner; a destroyed key is not made anew."""
    _create(tx, ring, ((owner, key_class) for key_class in KeyClass), at=at)


def create_service(tx: sa.Connection, ring: Ring, *, at: datetime) -> None:
    """Make the two keys that belong to no request. Safe to repeat."""
    _create(tx, ring, ((owner, KeyClass.RECORD) for owner in (SERVICE, INDEX)), at=at)


def wrapped(view: sa.Connection, owner: str, key_class: KeyClass) -> tuple[str, bytes]:
    """The id of the ring key, and the key wrapped under it. Raises NotFound when none was made, KeyGone."""
    row = view.execute(sa.select(TABLE.c.ring_key, TABLE.c.wrapped).where(_is(owner, key_class))).one_or_none()
    if row is None:
        raise NotFound(f"no {key_class} key was made for {owner}; keys are made when a request is submitted")
    if row.wrapped is None:
        raise KeyGone(
            f"the {key_class} key of {owner} was destroyed; what it closed is gone by design, its proof stays"
        )
    return row.ring_key, row.wrapped


def destroy(tx: sa.Connection, owner: str, key_class: KeyClass, *, at: datetime) -> None:
    """Destroy one key: nothing that it closed can be opened again. Safe to repeat; the first instant stands."""
    gone = TABLE.update().where(_is(owner, key_class), TABLE.c.wrapped.is_not(None))
    tx.execute(gone.values(wrapped=None, destroyed_at=at))


def destroyed_among(view: sa.Connection, names: Iterable[tuple[str, KeyClass]]) -> list[tuple[str, KeyClass]]:
    """Those of the keys (owner, class) that were destroyed."""
    wanted = set(names)
    owners = {owner for owner, _ in wanted}
    gone = sa.select(TABLE.c.owner, TABLE.c.key_class).where(TABLE.c.wrapped.is_(None), TABLE.c.owner.in_(owners))
    rows = view.execute(gone).all()
    return [name for row in rows if (name := (row.owner, KeyClass(row.key_class))) in wanted]


def rewrap(tx: sa.Connection, ring: Ring, *, at_most: int) -> int:
    """Wrap anew, under the key that wraps now, keys that stand under another. Returns how many; 0: none is left."""
    behind = sa.select(TABLE).where(TABLE.c.wrapped.is_not(None), TABLE.c.ring_key != ring.wraps)
    ordered = behind.order_by(TABLE.c.owner, TABLE.c.key_class).limit(at_most)
    rows = tx.execute(ordered.with_for_update()).all()
    for row in rows:
        place = row.owner, row.key_class
        anew = ring.wrap(ring.unwrap(row.ring_key, row.wrapped, *place), *place)
        tx.execute(TABLE.update().where(_is(*place)).values(wrapped=anew, ring_key=ring.wraps))
    return len(rows)


def in_use(tx: sa.Connection) -> set[str]:
    """The ids of the ring keys under which something is wrapped; nobody wraps more until this transaction ends."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.text("lock table request_key in share row exclusive mode"))
    return set(tx.scalars(sa.select(TABLE.c.ring_key).where(TABLE.c.wrapped.is_not(None)).distinct()))


def _create(tx: sa.Connection, ring: Ring, places: Iterable[tuple[str, KeyClass]], *, at: datetime) -> None:
    rows = [
        {
            "owner": owner,
            "key_class": key_class,
            "wrapped": ring.wrap(secrets.token_bytes(32), owner, key_class),
            "ring_key": ring.wraps,
            "created_at": at,
        }
        for owner, key_class in places
    ]
    tx.execute(insert(tx.dialect.name, TABLE).on_conflict_do_nothing(), rows)


def _is(owner: str, key_class: str) -> sa.ColumnElement[bool]:
    return (TABLE.c.owner == owner) & (TABLE.c.key_class == key_class)
