"""Lists for a person: their requests by clock, what others owe us, and post that belongs to nothing yet."""

import shlex
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from rich.console import Console

from comity.errors import Unreadable
from comity.home import Home
from comity.register import worklist
from comity.register.reading import DutyRow, Row
from comity.register.worklist import ArrivalRow, OwedRow, Wanted
from desk.wording import instant


class Line(Row):
    """One request of a list, with its next duty: what is due, and who has it."""

    next_duty: str | None
    owed_by: str | None
    held_by: str | None
    overdue: bool


class Page(BaseModel):
    """One page of a list; `after` is where the next one begins, None on the last."""

    model_config = ConfigDict(frozen=True)

    rows: tuple[Line | OwedRow | ArrivalRow, ...]
    after: str | None


# --- pages ------------------------------------------------------------------------------------------------------------


def requests(home: Home, wanted: Wanted, after: str | None, size: int, at: datetime) -> Page:
    """A page of requests, the next due first. Raises Unreadable when `after` is no place."""
    place = _place(after, 1) if after else None
    with home.store.reading() as view:
        rows = worklist.page(view, wanted, after=place and (place[0], place[1]), size=size)
        duties = worklist.next_duties(view, [row.reference for row in rows])
    lines = tuple(_line(row, duties.get(row.reference), at) for row in rows)
    return Page(rows=lines, after=_named(rows[-1].next_due, rows[-1].reference) if len(rows) == size else None)


def _line(row: Row, duty: DutyRow | None, at: datetime) -> Line:
    return Line(
        **row.model_dump(),
        next_duty=duty.key if duty else None,
        owed_by=duty.owed_by if duty else None,
        held_by=duty.held_by if duty else None,
        overdue=row.next_due is not None and row.next_due < at,
    )


def debts(home: Home, wanted: Wanted, after: str | None, size: int) -> Page:
    """A page of what others owe us, the next due first. Raises Unreadable when `after` is no place."""
    place = _place(after, 2) if after else None
    with home.store.reading() as view:
        begin = place and (place[0], place[1], place[2])
        rows = worklist.owed(view, wanted, by_others=True, after=begin, size=size)
    last = rows[-1] if len(rows) == size else None
    return Page(rows=tuple(rows), after=_named(last.due, last.reference, last.key) if last else None)


def post(home: Home, after: str | None, size: int) -> Page:
    """A page of what came in and belongs to no request yet, the oldest first. Raises Unreadable as above."""
    place = _place(after, 1, dated=True) if after else None
    with home.store.reading() as view:
        rows = worklist.unmatched(view, after=place and (place[0], place[1]), size=size)
    return Page(rows=tuple(rows), after=_named(rows[-1].at, rows[-1].reference) if len(rows) == size else None)


_NO_DATE = "no date"


def _named(due: datetime | None, *names: str) -> str:
    """A place in a list as text: `2026-11-22T09:00:00+00:00,01K…`."""
    return ",".join((due.isoformat() if due else _NO_DATE, *names))


def _place(after: str, names: int, *, dated: bool = False) -> tuple[Any, ...]:
    due, *rest = after.split(",")
    with suppress(ValueError):
        if len(rest) == names:
            return (None if due == _NO_DATE and not dated else _aware(due), *rest)
    raise Unreadable("--after: copy it from the last line of the page before, of the same kind of list")


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant without its offset")
    return at


# --- on the terminal --------------------------------------------------------------------------------------------------


def show(page: Page, at: datetime) -> None:
    """A page on the terminal, a line for each row, and where the next one begins."""
    out = Console(soft_wrap=True, highlight=False, markup=False)
    for line in _lines(page.rows, at):
        out.print(line.rstrip())
    if page.after:
        out.print(f"more: --after {shlex.quote(page.after)}")


def _lines(rows: Iterable[Line | OwedRow | ArrivalRow], at: datetime) -> Iterable[str]:
    for number, row in enumerate(rows):
        cells = _cells(row, at)
        if number == 0:
            yield _aligned(cells, list(cells))
        yield _aligned(cells, list(cells.values()))


_WIDTHS = {
    "class": 5, "reference": 26, "from": 4, "due (UTC)": 16, "time": 11, "what is due": 26, "who has it": 20,
    "owed by": 24, "since (UTC)": 16, "stage": 17, "came in (UTC)": 16, "by": 14,
}  # fmt: skip


def _aligned(columns: Iterable[str], words: Iterable[str]) -> str:
    return "  ".join(f"{word:<{_WIDTHS.get(column, 0)}}" for column, word in zip(columns, words, strict=True))


def _cells(row: Line | OwedRow | ArrivalRow, at: datetime) -> dict[str, str]:
    """What a row says, by column."""
    if isinstance(row, ArrivalRow):
        waits = f"waits to be filed; its number is that of {row.belongs}" if row.belongs else "waits to be filed"
        status = waits if row.what == "post" else "not begun yet"
        whence = {"class": row.urgency or "", "reference": row.reference, "from": row.requesting or ""}
        return whence | {"came in (UTC)": _minute(row.at), "by": row.channel or "", "status": status}
    due = row.next_due if isinstance(row, Line) else row.due
    first = {"class": row.urgency, "reference": row.reference, "from": row.requesting}
    first |= {"due (UTC)": _minute(due), "time": left(due, at)}
    last = {"stage": row.stage, "status": row.status}
    if isinstance(row, Line):
        return first | {"what is due": row.next_duty or "", "who has it": has_it(row)} | last
    return first | {"what is due": row.key, "owed by": row.owed_by, "since (UTC)": _minute(row.entered)} | last


def has_it(row: Line | OwedRow) -> str:
    """Who has what is due: whoever said so, else whom the request is allocated to."""
    return row.held_by or row.allocated or "nobody"


def _minute(at: datetime | None) -> str:
    return instant(at)[:16]


def left(due: datetime | None, at: datetime, *, finely: bool = False) -> str:
    """The time left or gone in words, in its largest unit or (finely) its two largest: `in 3 d`, `late 2 h 5 min`."""
    if due is None:
        return ""
    seconds = int(abs((due - at).total_seconds()))
    words: list[str] = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count or words or unit == "s":
            words.append(f"{count} {unit}")
    return f"{'late' if due < at else 'in'} {' '.join(words[: 2 if finely else 1])}"


_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
