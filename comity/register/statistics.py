"""Counts of many requests by month, for a report: no number that is small, no date, one dimension beside the month.

They are read from the register's columns in the clear; nothing is opened. A request, its measures and how long they
took belong to the month (UTC) in which it was received, a duty to that in which it was due.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Any, Final

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from comity.register.disclosure import FEWEST, SMALL, WITHHELD, Shown, divided, over_all, total
from comity.register.tables import DUTY, MEASURE, REQUEST
from comity.request.lifecycle import Duty, Kind, Stage, Status, has_ended, statuses_of
from comity.request.model import Direction, Urgency

OTHERS: Final = "all others"
"""States, or duties, that never were five in a month: which they are would already tell of a few."""
NOT_ENDED: Final = "not ended"
_SLOW: Final = 2 * FEWEST
"""The fewest of which a 90th percentile is shown: of nine it would be the slowest one."""


class Line(BaseModel):
    """One line of a table: a cell for each month, and what they add up to; nothing where they do not add up."""

    model_config = ConfigDict(frozen=True)

    name: str
    cells: tuple[Shown, ...]
    over_all: Shown = ""


class Table(BaseModel):
    """Counts by month and one dimension more."""

    model_config = ConfigDict(frozen=True)

    title: str
    months: tuple[str, ...]
    lines: tuple[Line, ...]


Counts = Mapping[tuple[str, str], int]
"""How many, by month (2026-03) and part."""


def tables(view: sa.Connection, months: Sequence[str]) -> tuple[Table, ...]:
    """All tables for these months. Each reads all requests, measures or duties on record, through no index."""
    standing = _divided("requests received: open by stage, closed", months, (_requests(view, _STANDING), _STANDS))
    decided, closed = _decided(view, months), _closed(view, months)
    return (
        _divided("requests received, by urgency class", months, (_requests(view, REQUEST.c.urgency), tuple(Urgency))),
        _divided("requests received, by other State", months, _with_others(_requests(view, _OTHER_STATE))),
        standing,
        _divided("measures of requests received, by outcome", months, (_measures(view), _OUTCOMES)),
        _days("days from receipt to decision, of measures", months, (decided, _decisions_shown(decided, months))),
        _days("days from receipt to closing, of requests", months, (closed, _closings_shown(standing))),
        _in_time("what we owed, by class", months, (_duties(view, _class_of), tuple(Urgency))),
        _in_time("what we owed, by duty", months, _with_others(_duties(view, _duty_of), _without_when)),
    )


# --- counts -----------------------------------------------------------------------------------------------------------

_STANDS = (*Stage, Status.CLOSED)
_OUTCOMES = (NOT_ENDED, *(status for status in statuses_of(Kind.MEASURE) if has_ended(Status(status))))
_TO_US = (Direction.ASKED_OF_US, Direction.GIVEN_TO_US)
_OTHER_STATE = sa.case((REQUEST.c.direction.in_(_TO_US), REQUEST.c.requesting), else_=REQUEST.c.requested)
_STANDING = sa.case((REQUEST.c.status == Status.CLOSED, Status.CLOSED.value), else_=REQUEST.c.stage)


def _month(instant: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """Its year and month: instants are kept as text of fixed width."""
    return sa.func.substr(_text(instant), 1, 7)


def _text(instant: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """As it is kept: of very many, to read each as an instant takes longer than to find them."""
    return sa.type_coerce(instant, sa.String)


def _requests(view: sa.Connection, part: sa.ColumnElement[str]) -> Counts:
    month = _month(REQUEST.c.received)
    rows = view.execute(sa.select(month, part, sa.func.count()).group_by(month, part))
    return {(in_month, str(named)): count for in_month, named, count in rows}


def _measures(view: sa.Connection) -> Counts:
    month, found = _month(REQUEST.c.received), Counter[tuple[str, str]]()
    query = sa.select(month, MEASURE.c.status, sa.func.count()).join(
        REQUEST, REQUEST.c.reference == MEASURE.c.reference
    )
    for in_month, status, count in view.execute(query.group_by(month, MEASURE.c.status)):
        found[in_month, status if has_ended(Status(status)) else NOT_ENDED] += count
    return found


def _duties(view: sa.Connection, name: Callable[[str, str], str]) -> Counts:
    """What we owed, in time or late, as `P3 in time`; what has no date is not counted."""
    month, found = _month(DUTY.c.due), Counter[tuple[str, str]]()
    in_time = sa.case((DUTY.c.done_at <= DUTY.c.due, _IN_TIME), else_=_LATE)
    parts = (month, DUTY.c.key, DUTY.c.urgency, in_time)
    query = sa.select(*parts, sa.func.count()).where(sa.not_(DUTY.c.outside)).group_by(*parts)
    for in_month, key, urgency, when, count in view.execute(query):
        found[in_month, f"{name(key, urgency)} {when}"] += count
    return found


_IN_TIME, _LATE = "in time", "late"


def _class_of(_key: str, urgency: str) -> str:
    return urgency


def _duty_of(key: str, _urgency: str) -> str:
    return key.partition("/")[2]


def _with_others(counts: Counts, name: Callable[[str], str] = str) -> tuple[Counts, tuple[str, ...]]:
    """The same, with everything that never was five in a month put together; and the names that are left.

    All that is on record decides it, whatever months are asked for: another selection pools nothing else.
    """
    large = {name(part) for (_, part), count in counts.items() if count >= FEWEST}
    pooled = Counter[tuple[str, str]]()
    for (month, part), count in counts.items():
        pooled[month, part if name(part) in large else part.replace(name(part), OTHERS)] += count
    return pooled, (*sorted(large), OTHERS)


def _without_when(part: str) -> str:
    return part.removesuffix(f" {_IN_TIME}").removesuffix(f" {_LATE}")


# --- tables -----------------------------------------------------------------------------------------------------------


def _divided(title: str, months: Sequence[str], of: tuple[Counts, Sequence[str]]) -> Table:
    """A table of parts and their totals."""
    counts, parts = of
    rows = [[counts.get((month, part), 0) for part in parts] for month in months]
    cells = list(zip(*(divided(row) for row in rows), strict=True))
    lines = [_line(part, column) for part, column in zip(parts, cells, strict=True) if any(column)]
    return Table(title=title, months=tuple(months), lines=(_line("all", [total(row) for row in rows]), *lines))


def _line(name: str, cells: Iterable[Shown]) -> Line:
    shown = tuple(cells)
    return Line(name=name, cells=shown, over_all=over_all(shown))


def _in_time(title: str, months: Sequence[str], of: tuple[Counts, Sequence[str]]) -> Table:
    """A table of what was done in time, and what was not; shares are made from what is shown, and from nothing else."""
    counts, names = of
    table = _divided(title, months, (counts, [f"{name} {when}" for name in names for when in (_IN_TIME, _LATE)]))
    shown = {line.name: line.cells for line in table.lines}
    none = (0,) * len(months)
    shares = []
    for name in names:
        beside = zip(shown.get(f"{name} {_IN_TIME}", none), shown.get(f"{name} {_LATE}", none), strict=True)
        cells = tuple(share(*pair) for pair in beside)
        shares += [Line(name=f"{name}, share in time", cells=cells)] if any(cells) else []
    return table.model_copy(update={"lines": (*table.lines, *shares)})


def share(in_time: Shown, late: Shown) -> Shown:
    """A share in percent, or between which it lies; "" where nothing was due."""
    if isinstance(in_time, int) and isinstance(late, int):
        return f"{100 * in_time // (in_time + late)} %" if in_time + late else ""
    if isinstance(in_time, int) and late == SMALL and in_time:
        return f">{100 * in_time // (in_time + FEWEST)} %"
    if isinstance(late, int) and in_time == SMALL and late:
        return f"<{ceil(100 * FEWEST / (late + FEWEST))} %"
    return WITHHELD


# --- how long it took -------------------------------------------------------------------------------------------------

_Taken = Mapping[str, Sequence[float]]
"""Days, by the month of receipt."""
_UNDECIDED = (Status.SOUGHT, Status.CONSULTING, Status.PROPOSED, Status.WITHDRAWN)


def _decided(view: sa.Connection, months: Sequence[str]) -> _Taken:
    """To the first end of the duty to decide a measure, of those that were decided."""
    decide = sa.and_(DUTY.c.reference == MEASURE.c.reference, DUTY.c.key == MEASURE.c.id + f"/{Duty.DECIDE}")
    query = sa.select(_text(REQUEST.c.received), _text(sa.func.min(DUTY.c.done_at))).select_from(MEASURE)
    query = query.join(DUTY, decide).join(REQUEST, REQUEST.c.reference == MEASURE.c.reference)
    query = query.where(_month(REQUEST.c.received).in_(months), MEASURE.c.status.not_in(_UNDECIDED))
    return _taken(view, query.group_by(MEASURE.c.reference, MEASURE.c.id, REQUEST.c.received))


def _closed(view: sa.Connection, months: Sequence[str]) -> _Taken:
    """To the end of the last duty: a request owes something until it is closed, and nothing afterwards."""
    query = sa.select(_text(REQUEST.c.received), _text(sa.func.max(DUTY.c.done_at)))
    query = query.join(DUTY, DUTY.c.reference == REQUEST.c.reference).where(REQUEST.c.status == Status.CLOSED)
    query = query.where(_month(REQUEST.c.received).in_(months))
    return _taken(view, query.group_by(REQUEST.c.reference, REQUEST.c.received))


def _taken(view: sa.Connection, query: sa.Select[str, str]) -> _Taken:
    found: dict[str, list[float]] = {}
    for received, done in view.execute(query):
        taken = datetime.fromisoformat(done) - datetime.fromisoformat(received)
        found.setdefault(received[:7], []).append(taken / timedelta(days=1))
    return found


def _decisions_shown(decided: _Taken, months: Sequence[str]) -> tuple[Shown, ...]:
    return tuple(total([len(decided.get(month, ()))]) for month in months)


def _closings_shown(standing: Table) -> tuple[Shown, ...]:
    """How many were closed, as the table says it that divides them: two that differed would tell too much."""
    none = Line(name=Status.CLOSED, cells=(0,) * len(standing.months))
    return next((line.cells for line in standing.lines if line.name == Status.CLOSED), none.cells)


def _days(title: str, months: Sequence[str], of: tuple[_Taken, tuple[Shown, ...]]) -> Table:
    """How long it took: half of them no longer than the median, nine of ten no longer than the percentile."""
    taken, numbers = of
    beside = [(sorted(taken.get(month, ())), number) for month, number in zip(months, numbers, strict=True)]
    lines = (
        _line("how many", numbers),
        Line(name="median", cells=tuple(round(median(days)) if _many(n, FEWEST) else WITHHELD for days, n in beside)),
        Line(
            name="90th percentile", cells=tuple(_ninetieth(days) if _many(n, _SLOW) else WITHHELD for days, n in beside)
        ),
    )
    return Table(title=title, months=tuple(months), lines=lines)


def _many(number: Shown, fewest: int) -> bool:
    """Whether so many are shown that a value of them is nobody's own."""
    return isinstance(number, int) and number >= fewest


def _ninetieth(days: Sequence[float]) -> int:
    """The nearest rank: the shortest time within which nine of ten were done."""
    return round(days[ceil(0.9 * len(days)) - 1])
