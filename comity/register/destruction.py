"""How far the destruction of each class of keys has come, and what the register says of whether it may begin."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from comity.register import holds, reading, retention
from comity.register.tables import DESTRUCTION, DUTY, FOREIGN_REFERENCE, LINK, MARK, POST, REQUEST, RETENTION
from comity.request.destroying import Case, Destruction, Standing
from comity.request.keeping import Keeping
from comity.request.lifecycle import Status
from comity.store import alone

_SAME_FILE = "attachment"
"""The kind of mark that names a file: two requests have the same exhibit."""
_DESTROYING = 61729
"""Where holds are placed and keys destroyed, by one at a time: what is held is not destroyed at the same moment."""


def one_at_a_time(tx: sa.Connection, reference: str) -> None:
    """Wait until nobody else holds, destroys or reopens this request; nobody does until this transaction ends."""
    alone(tx, _DESTROYING)
    tx.execute(sa.select(REQUEST.c.reference).where(REQUEST.c.reference == reference).with_for_update())


def of(view: sa.Connection, reference: str) -> tuple[Destruction, ...]:
    """What was proposed, decided and done for a request, in the order of `Keeping`."""
    rows = view.execute(sa.select(DESTRUCTION).where(DESTRUCTION.c.reference == reference))
    return tuple(sorted((_read(row._asdict()) for row in rows), key=lambda each: list(Keeping).index(each.what)))


def find(view: sa.Connection, reference: str, what: Keeping) -> Destruction | None:
    """The destruction of one class of a request's keys, as far as it has come; None: nobody has proposed it."""
    return next((each for each in of(view, reference) if each.what == what), None)


def put(tx: sa.Connection, destruction: Destruction) -> None:
    """Enter how far one has come, in the place of what stood."""
    withdraw(tx, destruction.reference, destruction.what)
    row = destruction.model_dump()
    tx.execute(DESTRUCTION.insert().values(row | {name: " ".join(row[name]) for name in _LISTS}))


def withdraw(tx: sa.Connection, reference: str, what: Keeping) -> None:
    """Take back what was proposed or decided."""
    tx.execute(DESTRUCTION.delete().where(DESTRUCTION.c.reference == reference, DESTRUCTION.c.what == what))


_LISTS = ("ring_keys", "given_up")


def _read(row: dict[str, Any]) -> Destruction:
    return Destruction.model_validate(row | {name: tuple(row[name].split()) for name in _LISTS})


def gone(view: sa.Connection, reference: str) -> tuple[Keeping, ...]:
    """The classes whose keys are destroyed."""
    return tuple(each.what for each in of(view, reference) if each.shredded_at)


def unfinished(view: sa.Connection, before: datetime, limit: int) -> tuple[str, ...]:
    """Requests of which a destruction was decided before an instant and is not certified, the oldest first."""
    waiting = sa.and_(DESTRUCTION.c.certified_at.is_(None), DESTRUCTION.c.decided_at < before)
    query = sa.select(DESTRUCTION.c.reference).where(waiting).order_by(DESTRUCTION.c.decided_at).limit(limit)
    return tuple(dict.fromkeys(view.execute(query).scalars()))


def case(view: sa.Connection, reference: str, joined: str | None, now: datetime) -> Case:
    """What is known of a request whose keys are to be destroyed; `joined`: the request that it goes on in."""
    dates = {row.what: row.due for row in retention.rows(view, reference) if row.reckoned and row.due}
    owed = sa.select(sa.func.count()).select_from(DUTY).where(DUTY.c.reference == reference, DUTY.c.done_at.is_(None))
    return Case(
        status=Status(reading.standing(view, reference).status),
        dates=dates if retention.is_reckoned(view, reference) else {},
        holds=holds.standing(view, reference),
        owed=view.execute(owed).scalar_one(),
        gone=gone(view, reference),
        bound_to=tuple(sorted(set(_bound_to(view, (reference, joined), now)))),
    )


def _bound_to(view: sa.Connection, named: tuple[str, str | None], now: datetime) -> Iterator[str]:
    """Requests of the same exhibits that still live, are held, or are kept by a date of their own."""
    reference, joined = named
    same = sa.select(LINK.c.other).where(LINK.c.reference == reference, LINK.c.kinds.contains(_SAME_FILE))
    others = [*view.execute(same).scalars(), *filter(None, (joined,))]
    return (other for other in others if _needs(view, other, now))


def _needs(view: sa.Connection, other: str, now: datetime) -> bool:
    if Keeping.CONTENT in gone(view, other):
        return False
    if reading.standing(view, other).status != Status.CLOSED or holds.standing(view, other):
        return True
    until = next((row.due for row in retention.rows(view, other) if row.what == Keeping.CONTENT), None)
    return until is None or until > now


def owners(view: sa.Connection, reference: str) -> tuple[str, ...]:
    """Whose keys close what a request has left: its own, and those of the post that was filed in it."""
    filed = sa.select(POST.c.id).where(POST.c.reference == reference).order_by(POST.c.id)
    return (reference, *view.execute(filed).scalars())


def ended(tx: sa.Connection, destruction: Destruction) -> None:
    """Enter that keys were destroyed, and let go of what the register keeps for what they closed.

    With content go the marks and links by which requests find each other; with the record, the other State's number.
    """
    put(tx, destruction)
    reference, what = destruction.reference, destruction.what
    tx.execute(RETENTION.delete().where(RETENTION.c.reference == reference, RETENTION.c.what == what))
    if what == Keeping.CONTENT:
        tx.execute(MARK.delete().where(MARK.c.reference == reference))
        tx.execute(LINK.delete().where(sa.or_(LINK.c.reference == reference, LINK.c.other == reference)))
    if what == Keeping.RECORD:
        tx.execute(RETENTION.delete().where(RETENTION.c.reference == reference))
        tx.execute(FOREIGN_REFERENCE.delete().where(FOREIGN_REFERENCE.c.reference == reference))


def certified(view: sa.Connection, reference: str) -> tuple[Destruction, ...]:
    """Those that are done, each with its certificate."""
    return tuple(each for each in of(view, reference) if each.standing == Standing.CERTIFIED)
