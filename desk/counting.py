"""The statistics as a person asks for them: which months, and the tables on a terminal."""

from collections.abc import Iterator
from datetime import UTC, datetime

from comity.errors import Unreadable
from comity.home import Home
from comity.register import statistics
from comity.register.disclosure import SMALL, WITHHELD
from comity.register.statistics import Line, Table

_A_YEAR = 12
_NOTE = (
    "By the month (UTC) of receipt; what we owed, by that in which it was due.",
    f"{SMALL}: none to four. {WITHHELD}: not shown, as it or another could be found by it. 12+: more are not shown.",
)


def statistics_of(home: Home, since: datetime | None, until: datetime | None) -> tuple[Table, ...]:
    """All tables for whole months that are over: by default the last twelve. Raises Unreadable for other months."""
    with home.store.reading() as view:
        return statistics.tables(view, months(since, until, datetime.now(UTC)))


def months(since: datetime | None, until: datetime | None, now: datetime) -> tuple[str, ...]:
    """The months from one to another, both included, as `2026-03`. Raises Unreadable when one of them is not over."""
    over = _number(now) - 1
    last = over if until is None else _number(until)
    first = last - _A_YEAR + 1 if since is None else _number(since)
    if last > over:
        raise Unreadable(f"--until: only months that are over are counted; the last one is {_named(over)}")
    if first > last:
        raise Unreadable("--from: it comes after --until; name the earlier month first")
    return tuple(_named(number) for number in range(first, last + 1))


def _number(at: datetime) -> int:
    """Months since the year 0, so that they can be counted."""
    return at.year * 12 + at.month - 1


def _named(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"


def lines(tables: tuple[Table, ...]) -> Iterator[str]:
    """The tables for a terminal, a year beside one another at most."""
    yield from _NOTE
    for table in tables:
        for begin in range(0, len(table.months), _A_YEAR):
            yield from ("", table.title if begin == 0 else f"{table.title} (continued)")
            yield from _block(table, slice(begin, begin + _A_YEAR))


def _block(table: Table, those: slice) -> Iterator[str]:
    is_last = those.stop >= len(table.months)
    wide = max(len(line.name) for line in table.lines)
    yield _row(" " * wide, table.months[those], "together" if is_last else "")
    for line in table.lines:
        yield _row(f"{line.name:<{wide}}", _cells(line, those), str(line.over_all) if is_last else "")


def _cells(line: Line, those: slice) -> tuple[str, ...]:
    return tuple(map(str, line.cells[those]))


def _row(name: str, cells: tuple[str, ...], over_all: str) -> str:
    return f"  {name}  {' '.join(f'{cell:>7}' for cell in cells)}  {over_all:>8}".rstrip()
