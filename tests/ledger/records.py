"""Invented entries, to fill a ledger with."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from comity.ledger import log
from comity.ledger.checkpoint import Signer
from comity.ledger.leaf import Entry, Kind
from comity.store import Store

ORIGIN = "comity.example/ledger"
START = datetime(2026, 3, 28, 22, tzinfo=UTC)


def signer() -> Signer:
    """The same key each time, so that notes can be compared byte for byte."""
    return Signer(bytes(range(32)), ORIGIN)


def deed(number: int, reference: str = "") -> Entry:
    """The entry `number` of an invented office: one an hour, three requests in turn unless one is named."""
    return Entry(
        kind=Kind.DEED,
        reference=reference or f"request-{number % 3}",
        version=number,
        act="grant",
        status="granted",
        role="decider",
        person=f"p-{number % 5}",
        at=START + timedelta(hours=number),
        body=b"sealed %d" % number,
    )


def filled(store: Store, count: int) -> Store:
    """The store with `count` entries more, from number 0 on, in batches of three."""
    for start in range(0, count, 3):
        with store.transaction() as tx:
            log.append(tx, [deed(number) for number in range(start, min(start + 3, count))])
    return store


def altered(store: Store, statement: sa.Executable) -> Store:
    """The store after somebody with the database's password was there."""
    with store.transaction() as tx:
        tx.execute(statement)
    return store
