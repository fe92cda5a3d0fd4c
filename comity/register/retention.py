"""Until when what closed requests have left is kept: the dates are here, and a workflow is only their clock."""

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from comity.register.tables import REQUEST, RETENTION
from comity.request.keeping import Keeping, KeptRow
from comity.request.lifecycle import Status


def closed(tx: sa.Connection, reference: str, at: datetime) -> None:
    """Enter a closing, in the transaction that puts it on record: its dates are to be reckoned now.

    Dates that stand from an earlier closing stay. So a crash loses no request that is to be looked at again.
    """
    standing = {row.what: row for row in rows(tx, reference)}
    review = standing.get(Keeping.REVIEW)
    waiting = KeptRow(what=Keeping.REVIEW, due=None, next_at=at, told=0, reckoned=False, rule="")
    again = {"next_at": at, "reckoned": False}
    _put(tx, reference, review.model_copy(update=again) if review else waiting)


def rows(view: sa.Connection, reference: str) -> tuple[KeptRow, ...]:
    """The dates of a request, in the order of `Keeping`; none if it never was closed."""
    columns = [RETENTION.c[name] for name in KeptRow.model_fields]
    found = view.execute(sa.select(*columns).where(RETENTION.c.reference == reference))
    return tuple(sorted((KeptRow.model_validate(row._asdict()) for row in found), key=_place))


def _place(row: KeptRow) -> int:
    return list(Keeping).index(row.what)


def is_reckoned(view: sa.Connection, reference: str) -> bool:
    """Whether the dates of its latest closing stand."""
    return any(row.what == Keeping.REVIEW and row.reckoned for row in rows(view, reference))


def reckon(tx: sa.Connection, reference: str, dates: Mapping[Keeping, datetime], rules: Mapping[Keeping, str]) -> None:
    """Enter the dates of a closing. One that stands and is later stays, with its rule: no date is shortened."""
    standing = {row.what: row for row in rows(tx, reference)}
    for what, due in dates.items():
        row = standing.get(what)
        stands = (row.due, row.rule) if row and row.due else (due, rules[what])
        _put(tx, reference, _fresh(what, *max(stands, (due, rules[what]), key=itemgetter(0))))


def prolong(tx: sa.Connection, reference: str, dates: Mapping[Keeping, datetime], rule: str) -> None:
    """Enter dates that a person has given: nobody was told of them yet."""
    for what, due in dates.items():
        _put(tx, reference, _fresh(what, due, rule))


def _fresh(what: Keeping, due: datetime, rule: str) -> KeptRow:
    return KeptRow(what=what, due=due, next_at=due, told=0, reckoned=True, rule=rule)


def told(tx: sa.Connection, reference: str, row: KeptRow, next_at: datetime) -> None:
    """Enter that people were told of a date, unless it was moved or this telling is entered already."""
    same = sa.and_(
        RETENTION.c.reference == reference,
        RETENTION.c.what == row.what,
        RETENTION.c.due == row.due,
        RETENTION.c.told == row.told,
    )
    tx.execute(RETENTION.update().where(same).values(told=row.told + 1, next_at=next_at))


def late(view: sa.Connection, before: datetime, limit: int) -> tuple[str, ...]:
    """Closed requests that should have been looked at before an instant, the longest late first, each once."""
    found = view.execute(waiting(before).limit(limit)).scalars()
    return tuple(dict.fromkeys(found))


def waiting(before: datetime) -> sa.Select[Any]:
    """The statement of `late`, without its limit: a walk along one index, however many requests were ever closed."""
    query = sa.select(RETENTION.c.reference).join(REQUEST, REQUEST.c.reference == RETENTION.c.reference)
    due = query.where(RETENTION.c.next_at < before, REQUEST.c.status == Status.CLOSED)
    return due.order_by(RETENTION.c.next_at)


def _put(tx: sa.Connection, reference: str, row: KeptRow) -> None:
    """Enter a row in the place of the one of the same name."""
    named = sa.and_(RETENTION.c.reference == reference, RETENTION.c.what == row.what)
    tx.execute(RETENTION.delete().where(named))
    tx.execute(RETENTION.insert().values(reference=reference, **row.model_dump()))
