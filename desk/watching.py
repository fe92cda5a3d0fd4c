"""The duty room's board: what is owed, P0 and P1 first, live in a terminal."""

import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from activities.post import FILE_IT
from comity.errors import Unreachable
from comity.home import Home
from comity.register import post, worklist
from comity.register.post import Piece
from comity.register.worklist import OwedRow, Wanted
from comity.request.lifecycle import STILLS, Act, Duty, Stage
from comity.request.model import Urgency
from desk.listing import has_it, left
from desk.wording import together

_FIRST = (Urgency.P0, Urgency.P1)
_ROWS_WITHOUT_TERMINAL = 50
_LOOKED_AT = 500
"""Duties that are read for one board; those that are owed alike share a row."""
_LINES_AROUND = 5
_TICK = 1.0


def board(home: Home, *, size: int) -> list[OwedRow]:
    """What is owed in open requests, and post that waits: all P0, then all P1, then by clock; `size` at most."""
    with home.store.reading() as view:
        of = {urgency: worklist.owed(view, Wanted(where={"urgency": urgency}), size=size) for urgency in Urgency}
        for piece in post.waiting(view, size):
            of[piece.urgency].append(_waiting(piece))
    rest = (row for urgency in Urgency if urgency not in _FIRST for row in of[urgency])
    by_clock = sorted(rest, key=lambda row: (row.due is None, row.due, row.reference, row.key))
    return [*(row for urgency in _FIRST for row in of[urgency]), *by_clock][:size]


def _waiting(piece: Piece) -> OwedRow:
    return OwedRow(
        reference=piece.id,
        key=FILE_IT,
        entered=piece.at,
        urgency=piece.urgency,
        due=None,
        rung=piece.told,
        done_at=None,
        done_by=None,
        owed_by=", ".join(sorted(STILLS[Act.RECORD_LETTER].roles)),
        held_by=None,
        next_at=piece.next_at,
        requesting=piece.state or "",
        stage=Stage.SUBMISSION,
        status="waits",
        allocated=None,
    )


def drawn(rows: list[OwedRow], at: datetime, *, most: int) -> Table:
    """The board at one instant, `most` rows. What is late says so in a word, and in red where there is colour."""
    table = Table(title=f"owed at {at:%Y-%m-%d %H:%M:%S} UTC", expand=True, show_edge=False, pad_edge=False)
    for column in ("class", "reference", "what is due", "time", "who has it", "owed by", "rung", "next rung"):
        table.add_column(column, overflow="fold", no_wrap=column in ("class", "reference", "time"))
    for row in _folded(rows)[:most]:
        late = row.due is not None and row.due < at
        table.add_row(*(Text(cell) for cell in _cells(row, at)), style="bold red" if late else None)
    return table


def _folded(rows: list[OwedRow]) -> list[OwedRow]:
    """The rows, with the questions of a request that are owed alike in one of them."""
    alike: dict[object, list[OwedRow]] = {}
    for row in rows:
        due = _duty(row) if _duty(row) == Duty.ANSWER else row.key
        clock = (row.urgency, row.due, row.rung, row.next_at)
        alike.setdefault((row.reference, due, row.owed_by, row.held_by, clock), []).append(row)
    return [_one(rows) for rows in alike.values()]


def _one(rows: list[OwedRow]) -> OwedRow:
    """One row for all of these: `Q1 to Q18/answer`."""
    parts = sorted((row.key.partition("/")[0] for row in rows), key=lambda part: (len(part), part))
    return rows[0].model_copy(update={"key": f"{together(parts)}/{_duty(rows[0])}"})


def _duty(row: OwedRow) -> str:
    return row.key.partition("/")[2]


def _cells(row: OwedRow, at: datetime) -> tuple[str, ...]:
    next_rung = left(row.next_at, at, finely=True)
    time = left(row.due, at, finely=True) or "no date"
    return (row.urgency, row.reference, row.key, time, has_it(row), row.owed_by, str(row.rung), next_rung)


def print_once(home: Home) -> None:
    """The board as it is now, as wide as it needs where no terminal limits it."""
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(drawn(board(home, size=_LOOKED_AT), datetime.now(UTC), most=_ROWS_WITHOUT_TERMINAL))


def show_live(home: Home) -> None:
    """The board, drawn anew each second until somebody types q or Ctrl-C. A register that is away is said so."""
    console = Console(highlight=False)
    with suppress(KeyboardInterrupt), _keys_at_once(), Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(_now(home, console.height), refresh=True)
            if _typed_q(_TICK):
                return


def _now(home: Home, height: int) -> Table | Text:
    try:
        return drawn(board(home, size=_LOOKED_AT), datetime.now(UTC), most=max(1, height - _LINES_AROUND))
    except Unreachable as error:
        return Text(f"{datetime.now(UTC):%H:%M:%S} UTC: nothing can be shown: {error}", style="bold red")


@contextmanager
def _keys_at_once() -> Iterator[None]:
    """Keys are read as they are typed, where a terminal is typed on; it is left as it was."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _typed_q(seconds: float) -> bool:
    """Whether q is typed within that time. A stdin that is no terminal types nothing."""
    typing = [sys.stdin] if sys.stdin.isatty() else []
    ready, _, _ = select.select(typing, [], [], seconds)
    return bool(ready) and sys.stdin.read(1) in ("q", "Q")
