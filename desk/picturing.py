"""The story of a request as one page of HTML: drawn over time, then told entry by entry.

The page stands alone: no script, no font, nothing from elsewhere. It shows what `comity trace` shows, and no more.
"""

import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from math import log1p
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from comity.errors import Refused
from comity.request.lifecycle import Status
from desk.chronicle import Chronicle, Clock, Lasting, Moment, chronicle
from desk.telling import by, happened, more
from desk.tracing import Line
from desk.wording import instant

WIDTH, LEFT, NOW, RIGHT = 1240.0, 310.0, 1120.0, 1220.0
"""The width of a drawing, and where time begins, stands and ends in it, in its own units."""
ROW, TOP = 22.0, 44.0
ROWS_ON_A_PAGE = 26
LETTER = 6.3
"""About how wide a letter of a label is."""
_TICK = 104.0


@dataclass(frozen=True)
class Bar:
    """A stretch of time on a row: `css` says how it looks, `label` is written on it where there is room."""

    x: float
    width: float
    css: str
    label: str
    said: str


@dataclass(frozen=True)
class Sign:
    """A mark on a row."""

    x: float
    shape: str
    said: str


@dataclass
class Row:
    """One row of a drawing, its name at the left, an ending in words at the right of what is drawn."""

    name: str
    bars: list[Bar] = field(default_factory=list)
    signs: list[Sign] = field(default_factory=list)
    ending: str = ""


@dataclass(frozen=True)
class Drawing:
    """Rows over one axis of time; `said` tells in words what is drawn."""

    id: str
    title: str
    said: str
    rows: Sequence[Row]
    ticks: Sequence[tuple[float, str, str]]

    @property
    def height(self) -> float:
        """In the drawing's own units."""
        return TOP + ROW * len(self.rows) + 8


def write(path: Path, lines: Iterable[Line], *, at: datetime) -> None:
    """Write the page to a new file that only its owner reads (mode 0600). `at` is now: what is owed, is so till then.

    Raises Refused when there is such a file.
    """
    text = page(lines, at=at)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise Refused(f"{path}: there is such a file already; choose another name") from error


def page(lines: Iterable[Line], *, at: datetime) -> str:
    """The whole page."""
    told = chronicle(lines)
    until = told.last if told.request and told.request.status == Status.CLOSED else max(at, told.last)
    scale = Scale(_instants(told), until)
    return _TEMPLATE.render(
        told=told,
        at=at,
        drawings=list(_drawings(told, scale, until)),
        clocks=[_counted(clock, until) for clock in told.clocks],
        instant=instant,
        happened=happened,
        by=by,
        more=more,
        WIDTH=WIDTH,
        LEFT=LEFT,
        RIGHT=RIGHT,
        ROW=ROW,
        TOP=TOP,
        SHAPES=SHAPES,
    )


_TEMPLATE = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,  # words of a file come from anybody
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("trace.html")

SHAPES = {
    "due": "M0 -6 L6 0 L0 6 L-6 0 Z",
    "done": "M-5 0 L-2 4 L5 -4",
    "rung": "M0 -5 L5 4 L-5 4 Z",
    "held": "M-2.5 -5 V5 M2.5 -5 V5",
    "moved": "M-5 0 H5 M1 -4 L5 0 L1 4",
    "in": "M0 -5 V5 M-4 1 L0 5 L4 1",
    "out": "M0 5 V-5 M-4 -1 L0 -5 L4 -1",
    "square": "M-4 -4 H4 V4 H-4 Z",
    "cross": "M-4 -4 L4 4 M4 -4 L-4 4",
    "point": "M-4 0 A4 4 0 1 0 4 0 A4 4 0 1 0 -4 0",
}
"""Each sign as a path around its middle: the sign tells, not its colour."""


# --- time -------------------------------------------------------------------------------------------------------------


class Scale:
    """Where instants stand: what has been up to NOW, what is to come behind it.

    A long time in which nothing happened is drawn shorter, or years would hide minutes.
    """

    def __init__(self, instants: Iterable[datetime], now: datetime) -> None:
        each = sorted({*instants, now})
        been = [at for at in each if at <= now]
        self._instants = each
        self._places = [*_spread(been, (LEFT, NOW)), *_spread([now, *each[len(been) :]], (NOW, RIGHT))[1:]]

    def __call__(self, at: datetime) -> float:
        """The place of one of the instants that were given."""
        return self._places[bisect_right(self._instants, at) - 1]

    def ticks(self) -> Iterator[tuple[float, str, str]]:
        """Instants to write on the axis, as (place, day, time), with room for each."""
        free = LEFT - 1
        for at, x in zip(self._instants, self._places, strict=True):
            if free <= x <= NOW - _TICK:
                yield x, f"{at:%d %b %Y}", f"{at:%H:%M:%S}"
                free = x + _TICK


def _spread(instants: Sequence[datetime], room: tuple[float, float]) -> list[float]:
    """Places in a room, the first at its beginning and the last at its end."""
    far = [0.0]
    for before, after in pairwise(instants):
        far.append(far[-1] + log1p((after - before).total_seconds() / 60))
    return [room[0] + (room[1] - room[0]) * each / (far[-1] or 1.0) for each in far]


def _instants(told: Chronicle) -> Iterator[datetime]:
    yield from (line.at for line in told.lines)
    for clock in told.clocks:
        yield from (each for each in (clock.opened, clock.due, clock.done) if each)
        yield from (moment.at for moment in clock.moments)
        yield from (each for stop in clock.stops for each in (stop.start, stop.end) if each)


def lasted(time: timedelta) -> str:
    """A length of time in its two largest units: `2 d 3 h`, `5 min`, `12 s`."""
    left, words = max(int(time.total_seconds()), 0), []
    for unit, seconds in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, seconds)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"


# --- drawings ---------------------------------------------------------------------------------------------------------


def _drawings(told: Chronicle, scale: Scale, until: datetime) -> Iterator[Drawing]:
    ticks = [*scale.ticks(), (NOW, f"{until:%d %b %Y}", f"{until:%H:%M:%S}, then later")]
    rows = [_lane("stage", told.stages, scale, until)]
    rows += [_lane(name, lane, scale, until) for name, lane in told.lanes.items()]
    rows += [_marks(name, moments, scale) for name, moments in told.marks.items()]
    stages = ", then ".join(f"{stage.word} from {instant(stage.start)}" for stage in told.stages)
    yield Drawing("course", "Stages, measures, packages and marks", f"{stages}. Times are UTC.", rows, ticks)
    for start in range(0, len(told.clocks), ROWS_ON_A_PAGE):
        part = told.clocks[start : start + ROWS_ON_A_PAGE]
        late = sum(_late(clock, until) is not None for clock in part)
        said = f"{len(part)} duties, {late} of them late; the table of clocks says the same in words."
        rows = [_clock(clock, scale, until) for clock in part]
        yield Drawing(f"clocks{start}", f"Clocks {start + 1} to {start + len(part)}", said, rows, ticks)


def _lane(name: str, lane: Sequence[Lasting], scale: Scale, until: datetime) -> Row:
    return Row(name, [_bar(each, scale, until) for each in lane])


def _bar(lasting: Lasting, scale: Scale, until: datetime) -> Bar:
    end = lasting.end or until
    x, width = scale(lasting.start), scale(end) - scale(lasting.start)
    said = f"{lasting.word}: {instant(lasting.start)} to {instant(lasting.end) or 'now'}, {lasted(end - lasting.start)}"
    return Bar(x, max(width, 2.0), lasting.word.replace(" ", "-"), _fitting(lasting.word, width), said)


def _fitting(word: str, width: float) -> str:
    """A word where there is room for it; a title and a table say it anyway."""
    return word if len(word) * LETTER + 8 <= width else ""


def _marks(name: str, moments: Sequence[Moment], scale: Scale) -> Row:
    return Row(name, signs=[_sign(moment, scale) for moment in moments])


def _sign(moment: Moment, scale: Scale) -> Sign:
    return Sign(scale(moment.at), moment.sign, f"{instant(moment.at)} {moment.said}")


def _clock(clock: Clock, scale: Scale, until: datetime) -> Row:
    end = max(clock.done or until, clock.opened)
    late = _late(clock, until)
    turned = min(max(clock.due, clock.opened), end) if clock.due else end
    bars = [_stretch(scale, (clock.opened, turned), "in-time", "in time")]
    if late:
        bars.append(_stretch(scale, (turned, end), "late", "late"))
    bars += [_stretch(scale, (stop.start, stop.end or end), "stopped", f"stopped, {stop.word}") for stop in clock.stops]
    row = Row(f"{clock.key} ({clock.urgency})", bars, [_sign(moment, scale) for moment in clock.moments])
    row.signs += [_sign(Moment(at, sign, sign), scale) for at, sign in ((clock.due, "due"), (clock.done, "done")) if at]
    row.ending = _ending(clock, late)
    return row


def _ending(clock: Clock, late: timedelta | None) -> str:
    if clock.stopped and not clock.done:
        return clock.stops[-1].word
    if late:
        return f"! late {lasted(late)}"
    return "" if clock.done else "owed"


def _stretch(scale: Scale, when: tuple[datetime, datetime], css: str, word: str) -> Bar:
    x = scale(when[0])
    return Bar(x, max(scale(when[1]) - x, 2.0), css, "", f"{word}: {instant(when[0])} to {instant(when[1])}")


def _late(clock: Clock, until: datetime) -> timedelta | None:
    """How much later than due it was done, or is owed by now; None when it is in time, or stood still from then on."""
    end = clock.done or (clock.stops[-1].start if clock.stopped else until)
    return end - clock.due if clock.due and end > clock.due else None


def _counted(clock: Clock, until: datetime) -> tuple[str, ...]:
    """A clock as a row of words."""
    late = _late(clock, until)
    how = f"late by {lasted(late)}" if late else "in time" if clock.due else "no date"
    state = f"done, {how}" if clock.done else f"{clock.stops[-1].word}, {how}" if clock.stopped else f"owed, {how}"
    if clock.stops:
        stood = sum(((stop.end or until) - stop.start for stop in clock.stops), timedelta())
        state += f"; stopped for {lasted(stood)}"
    rungs = sum(moment.sign == "rung" for moment in clock.moments)
    times = (clock.opened, clock.due, clock.done)
    return (clock.key, clock.urgency, *(instant(time) for time in times), state, str(rungs or ""), clock.rule)
