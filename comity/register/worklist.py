"""Lists of many requests, by clock: each page is a walk along one index, or a few such walks merged."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from comity.register.reading import DutyRow, Row
from comity.register.tables import ARRIVAL, DUTY, FOREIGN_REFERENCE, POST, REQUEST, Due


class OwedRow(DutyRow):
    """One duty that is owed, beside the request that it belongs to."""

    requesting: str
    stage: str
    status: str
    allocated: str | None


class ArrivalRow(BaseModel):
    """Something that came in: what, our reference for it, when; of post its class, its way, and whence if known.

    `belongs`: the newest request that is known by the number on a piece of post.
    """

    model_config = ConfigDict(frozen=True)

    what: Literal["request", "post"]
    reference: str
    at: datetime
    urgency: str | None
    channel: str | None
    requesting: str | None
    belongs: str | None


class Wanted(BaseModel):
    """Which requests a list shows; what is left as it is does not matter.

    `where` names columns in the clear: stage, urgency, direction, requesting. `people`: allocated to one of these, or
    with a duty that `holder` has. Of `references`, `unallocated` and `people` the first that is given counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    where: Mapping[str, str] = {}
    due_before: datetime | None = None
    references: tuple[str, ...] | None = None
    unallocated: bool = False
    people: tuple[str, ...] | None = None
    holder: str | None = None
    watched_and_closed: bool = False


# --- requests ---------------------------------------------------------------------------------------------------------


def page(
    view: sa.Connection, wanted: Wanted, *, after: tuple[datetime | None, str] | None = None, size: int = 50
) -> list[Row]:
    """One page of requests, the next due first, those with nothing due last; `after` is where the page before ended."""
    found: dict[str, sa.Row[Any]] = {}
    for walk in walks(wanted, after, size):
        found |= {row.reference: row for row in view.execute(walk)}
    rows = [Row.model_validate(row._asdict()) for row in found.values()]
    return sorted(rows, key=lambda row: (row.next_due is None, row.next_due, row.reference))[:size]


def walks(wanted: Wanted, after: tuple[datetime | None, str] | None, size: int) -> Iterator[sa.Select[Any]]:
    """The statements of a page: each begins at `after`, goes along one index, and ends after `size` rows."""
    for at_work in (True, False) if wanted.watched_and_closed else (True,):
        for of, whose in _sources(wanted):
            query = sa.select(*(of.c[name] for name in Row.model_fields))
            query = query.where(of.c.at_work if at_work else sa.not_(of.c.at_work), whose, *_filters(wanted, of))
            if after is not None:
                query = query.where(sa.tuple_(of.c.next_due, of.c.reference) > _values(after))
            yield query.order_by(of.c.next_due, of.c.reference).limit(size)


def _sources(wanted: Wanted) -> Iterator[tuple[sa.FromClause, sa.ColumnElement[bool]]]:
    """Where a walk goes. An `or`, or a list of people, would make the database sort all that it finds."""
    if wanted.references is not None:
        yield _few(REQUEST.c.reference.in_(wanted.references)), sa.true()
    elif wanted.unallocated:
        yield REQUEST, REQUEST.c.allocated.is_(None)
    elif wanted.people is None:
        yield REQUEST, sa.true()
    else:
        yield from ((REQUEST, REQUEST.c.allocated == person) for person in wanted.people)
        if wanted.holder:
            held = sa.select(DUTY.c.reference).where(DUTY.c.done_at.is_(None), DUTY.c.held_by == wanted.holder)
            yield _few(REQUEST.c.reference.in_(held)), sa.true()


def _few(those: sa.ColumnElement[bool]) -> sa.CTE:
    """A few requests, looked up one by one before anything else: a database that guesses may walk through all."""
    columns = (REQUEST.c[name] for name in Row.model_fields)
    return sa.select(*columns).where(those).cte("few").prefix_with("materialized")


def _filters(wanted: Wanted, of: sa.FromClause) -> Iterator[sa.ColumnElement[bool]]:
    yield from (of.c[column] == value for column, value in wanted.where.items())
    if wanted.due_before is not None:
        yield of.c.next_due < wanted.due_before


def _values(after: tuple[datetime | None, *tuple[str, ...]]) -> sa.Tuple:
    due, *names = after
    return sa.tuple_(sa.literal(due, Due), *map(sa.literal, names))


# --- duties -----------------------------------------------------------------------------------------------------------


def next_duties(view: sa.Connection, references: Sequence[str]) -> dict[str, DutyRow]:
    """Of each of these requests the duty that is due first; one that has no date, if none has."""
    columns = [DUTY.c[name] for name in DutyRow.model_fields]
    query = sa.select(*columns).where(DUTY.c.reference.in_(references), DUTY.c.done_at.is_(None))
    rows = view.execute(query.order_by(DUTY.c.due.desc(), DUTY.c.key.desc()))
    return {row.reference: DutyRow.model_validate(row._asdict()) for row in rows}


def owed(
    view: sa.Connection,
    wanted: Wanted,
    *,
    by_others: bool = False,
    after: tuple[datetime | None, str, str] | None = None,
    size: int = 50,
) -> list[OwedRow]:
    """One page of what is owed in the requests that are wanted, the next due first; `after` as for a page.

    The urgency is the duty's own, and `due_before` is about it. `by_others`: only what somebody outside owes us.
    """
    query = debts(wanted, by_others=by_others)
    if after is not None:
        query = query.where(sa.tuple_(DUTY.c.due, DUTY.c.reference, DUTY.c.key) > _values(after))
    return [OwedRow.model_validate(row._asdict()) for row in view.execute(query.limit(size))]


def debts(wanted: Wanted, *, by_others: bool) -> sa.Select[Any]:
    """The statement of `owed`, without where it begins and ends."""
    beside = [REQUEST.c[name] for name in OwedRow.model_fields if name not in DutyRow.model_fields]
    query = sa.select(*(DUTY.c[name] for name in DutyRow.model_fields), *beside)
    query = query.join(REQUEST, REQUEST.c.reference == DUTY.c.reference)
    query = query.where(DUTY.c.done_at.is_(None), *_debts_filtered(wanted))
    if by_others:
        query = query.where(DUTY.c.outside)
    return query.order_by(DUTY.c.due, DUTY.c.reference, DUTY.c.key)


def _debts_filtered(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    for column, value in wanted.where.items():
        yield DUTY.c.urgency == value if column == "urgency" else REQUEST.c[column] == value
    if not wanted.watched_and_closed:
        yield REQUEST.c.at_work
    if wanted.due_before is not None:
        yield DUTY.c.due < wanted.due_before
    if wanted.references is not None:
        yield DUTY.c.reference.in_(wanted.references)
    elif wanted.unallocated:
        yield REQUEST.c.allocated.is_(None)
    elif wanted.people is not None:
        yield sa.or_(REQUEST.c.allocated.in_(wanted.people), DUTY.c.held_by == wanted.holder)


# --- post -------------------------------------------------------------------------------------------------------------


def unmatched(view: sa.Connection, *, after: tuple[datetime, str] | None = None, size: int = 50) -> list[ArrivalRow]:
    """What came in and belongs to no request on record, the oldest first: post, and requests that have yet to begin."""
    columns = sa.union_all(_not_begun(), _post()).subquery().c
    query = sa.select(*columns)
    if after is not None:
        at = sa.literal(after[0], ARRIVAL.c.at.type)
        query = query.where(sa.tuple_(columns.at, columns.reference) > sa.tuple_(at, sa.literal(after[1])))
    rows = view.execute(query.order_by(columns.at, columns.reference).limit(size))
    return [ArrivalRow.model_validate(row._asdict()) for row in rows]


def _not_begun() -> sa.Select[Any]:
    begun = sa.select(REQUEST.c.reference).where(REQUEST.c.reference == ARRIVAL.c.reference)
    unknown = (sa.cast(sa.null(), sa.String).label(name) for name in ("urgency", "channel", "requesting", "belongs"))
    what = sa.literal("request").label("what")
    return sa.select(what, ARRIVAL.c.reference, ARRIVAL.c.at, *unknown).where(~begun.exists())


def _post() -> sa.Select[Any]:
    named = POST.c.id.label("reference"), POST.c.at, POST.c.urgency, POST.c.channel, POST.c.state.label("requesting")
    known = sa.select(sa.func.max(FOREIGN_REFERENCE.c.reference)).where(FOREIGN_REFERENCE.c.index == POST.c.known)
    belongs = known.scalar_subquery().label("belongs")
    return sa.select(sa.literal("post").label("what"), *named, belongs).where(POST.c.ended.is_(None))
