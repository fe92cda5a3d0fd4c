"""What the story of a request says about time: how long each stage, status and duty lasted, and what happened when.

Stages and statuses last from the instant recorded; duties count from and to the instants that count in law.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from comity.errors import ComityError
from comity.ledger.leaf import Kind
from comity.request.fold import begin, fold
from comity.request.lifecycle import Act, Status
from comity.request.model import Alarm, DutyNamed, Event, Measure, Owed, Package, Request, stage_of
from comity.request.rules import part_of
from desk.telling import by, happened, more
from desk.tracing import GONE, Line


@dataclass
class Lasting:
    """One word that held from `start` on, until `end`; None: it holds still."""

    word: str
    start: datetime
    end: datetime | None = None


@dataclass
class Moment:
    """Something that happened at one instant, with the sign that stands for it and what the story says of it."""

    at: datetime
    sign: str
    said: str


@dataclass
class Clock:
    """One duty: opened, due, done, with the rungs that were climbed and who said that they have it.

    `stops`: while its part was suspended, postponed or held it was not owed.
    """

    key: str
    urgency: str
    opened: datetime
    due: datetime | None = None
    rule: str = ""
    done: datetime | None = None
    moments: list[Moment] = field(default_factory=list)
    stops: list[Lasting] = field(default_factory=list)

    @property
    def stopped(self) -> bool:
        """Whether it stands still."""
        return bool(self.stops) and self.stops[-1].end is None


@dataclass
class Chronicle:
    """One request over time. `lanes` are its measures and packages by name, `marks` what happened beside them by kind.

    `unread`: how many entries could not be opened, since their key was destroyed; what they moved is not here.
    """

    request: Request | None = None
    lines: list[Line] = field(default_factory=list)
    stages: list[Lasting] = field(default_factory=list)
    lanes: dict[str, list[Lasting]] = field(default_factory=dict)
    clocks: list[Clock] = field(default_factory=list)
    marks: dict[str, list[Moment]] = field(default_factory=dict)
    unread: int = 0

    @property
    def last(self) -> datetime:
        """The instant of the newest entry."""
        return max(line.at for line in self.lines)


LETTERS, CUSTODY, REFUSED, QUESTIONS = "letters and packages", "custody", "refused acts", "questions"
CHILD, ALONE = "urgency, child, police", "done alone, ratified"

# fmt: off
SIGNS: dict[str, tuple[str, str]] = {
    Act.RECEIVE:                      (LETTERS,   "in"),
    Act.SUPPLEMENT:                   (LETTERS,   "in"),
    Act.CONFIRM_IN_WRITING:           (LETTERS,   "in"),
    Act.CONFIRM_RECEIPT:              (LETTERS,   "in"),
    Act.RECEIVE_RETURN:               (LETTERS,   "in"),
    Act.ACKNOWLEDGE:                  (LETTERS,   "out"),
    Act.REMIND:                       (LETTERS,   "out"),
    Act.REPORT_PROGRESS:              (LETTERS,   "out"),
    Act.REPORT_DELAY:                 (LETTERS,   "out"),
    Act.GIVE_SPONTANEOUS_INFORMATION: (LETTERS,   "out"),
    Act.GIVE_BACK:                    (LETTERS,   "out"),
    Act.REPORT_DELIVERY:              (LETTERS,   "out"),
    Act.ASK:                          (QUESTIONS, "out"),
    Act.ANSWER:                       (QUESTIONS, "in"),
    Act.ASK_FURTHER_USE:              (QUESTIONS, "in"),
    Act.ANSWER_FURTHER_USE:           (QUESTIONS, "out"),
    Act.CLAIM_URGENCY:                (CHILD,     "point"),
    Act.ASSESS_URGENCY:               (CHILD,     "point"),
    Act.RECORD_CHILD_STATE:           (CHILD,     "point"),
    Act.POLICE_TOOK_IT:               (CHILD,     "point"),
    Act.CHILD_PROTECTION_TOOK_IT:     (CHILD,     "point"),
    Act.FORWARD:                      (LETTERS,   "out"),
    Act.GIVE_INFORMATION:             (LETTERS,   "out"),
    Act.GIVE_AT_ONCE:                 (ALONE,     "point"),
    Act.ORDER_PROVISIONALLY:          (ALONE,     "point"),
    Act.DISCLOSE_AT_ONCE:             (ALONE,     "point"),
    Act.RATIFY:                       (ALONE,     "done"),
    Act.RATIFY_DISCLOSURE:            (ALONE,     "done"),
    Act.REFUSE_RATIFICATION:          (ALONE,     "cross"),
    Act.REFUSE_DISCLOSURE:            (ALONE,     "cross"),
}
# fmt: on
"""Acts that are marks of their own: in which lane, with which sign."""


def chronicle(lines: Iterable[Line]) -> Chronicle:
    """The story of one request as what lasted and what happened."""
    told = Chronicle()
    for line in lines:
        told.lines.append(line)
        told.unread += line.what == GONE
        _mark(told, line)
        if line.version is not None:
            _follow(told, line)
    return told


# --- marks ------------------------------------------------------------------------------------------------------------


def _mark(told: Chronicle, line: Line) -> None:
    for lane, sign in _signs(line):
        said = "; ".join(part for part in (happened(line), by(line), more(line)) if part)
        told.marks.setdefault(lane, []).append(Moment(line.at, sign, said))


def _signs(line: Line) -> Iterator[tuple[str, str]]:
    if line.kind == Kind.CUSTODY:
        yield CUSTODY, "square"
    elif line.kind == Kind.ATTEMPT:
        yield REFUSED, "cross"
    elif line.act == Act.RECORD_LETTER:
        yield LETTERS, line.what.get("particulars", {}).get("way", "in")
    elif line.act in SIGNS:
        yield SIGNS[line.act]
    elif line.what.get("on_behalf"):
        yield LETTERS, "in"


# --- what lasted ------------------------------------------------------------------------------------------------------


def _follow(told: Chronicle, line: Line) -> None:
    before, event = told.request, _event(line)
    if event is None or (before is None and event.version > 1):
        return
    told.request = after = _after(before, event, line.reference)
    _last(told.stages, stage_of(after), event.at)
    parts: tuple[Measure | Package, ...] = (*after.measures, *after.packages)
    for part in parts:
        _last(told.lanes.setdefault(_name(part), []), part.status, event.at)
    _count(told, before, after, event)
    _climb(told, line, event)


def _event(line: Line) -> Event | None:
    """The event of a line; of one that cannot be opened, that something moved nothing which can be told."""
    if line.what != GONE:
        return Event.model_validate(line.what)
    if line.version is None or line.version == 1:
        return None
    return Event.model_validate(line.model_dump(include={"version", "person", "role", "at"}) | _MOVES_NOTHING)


_MOVES_NOTHING = {"act": Act.NOTE, "part": "request"}


def _after(request: Request | None, event: Event, reference: str) -> Request:
    if request is None:
        return begin(reference, event)
    try:
        return fold(request, event)
    except ComityError:  # it is about a part that an entry made which cannot be opened any more
        return request.model_copy(update={"version": event.version})


def _name(part: Measure | Package) -> str:
    return f"{part.id} {part.kind if isinstance(part, Measure) else part.recipient}"


def _last(lane: list[Lasting], word: str, at: datetime) -> None:
    """Let a lane say this word from now on."""
    if lane and lane[-1].word == word:
        return
    if lane:
        lane[-1].end = at
    lane.append(Lasting(word, at))


# --- clocks -----------------------------------------------------------------------------------------------------------


def _count(told: Chronicle, before: Request | None, after: Request, event: Event) -> None:
    standing = {(owed.key, owed.entered) for owed in before.duties} if before else set()
    living = {(owed.key, owed.entered): owed for owed in after.duties}
    for key, _ in standing - living.keys():
        _end_or_stop(_running(told, key), after, event)
    for name, owed in living.items():
        clock = _running(told, owed.key) if name in standing else _opened(told, owed, event)
        _set(clock, owed)
    for clock in (clock for clock in told.clocks if clock.stopped):
        _end_or_stop(clock, after, event)


STOPPED = frozenset({Status.SUSPENDED, Status.POSTPONED, Status.HELD})
"""While a part stands so, what was owed of it before is not owed; it is again, should the part go on."""


def _end_or_stop(clock: Clock, after: Request, event: Event) -> None:
    """What is owed no more is done; or it stands still, for as long as its part does."""
    status = part_of(after, clock.key.partition("/")[0]).status
    if status in STOPPED and not clock.stopped:
        clock.stops.append(Lasting(status, event.since))
    elif status not in STOPPED:
        clock.done = event.since
        _go_on(clock, event)


def _go_on(clock: Clock, event: Event) -> None:
    if clock.stopped:
        clock.stops[-1].end = event.since


def _opened(told: Chronicle, owed: Owed, event: Event) -> Clock:
    """A clock that stood still goes on; any other is a new one."""
    for clock in told.clocks:
        if clock.key == owed.key and clock.stopped:
            _go_on(clock, event)
            return clock
    told.clocks.append(Clock(owed.key, owed.urgency, owed.opened))
    return told.clocks[-1]


def _running(told: Chronicle, key: str) -> Clock:
    """The newest clock of a duty: one that recurs has had others."""
    return next(clock for clock in reversed(told.clocks) if clock.key == key)


def _set(clock: Clock, owed: Owed) -> None:
    first = min(owed.deadlines, key=lambda deadline: deadline.due, default=None)
    clock.urgency = owed.urgency
    clock.opened = clock.opened if clock.stops else owed.opened
    clock.due = first.due if first else None
    clock.rule = f"{first.length}, {first.article}" if first else "no rule sets a date"


def _climb(told: Chronicle, line: Line, event: Event) -> None:
    """Rungs and who has it, on the clock of their duty."""
    sign = {Act.RING: "rung", Act.ACKNOWLEDGE_ESCALATION: "held", Act.EXTEND_DEADLINE: "moved"}.get(event.act)
    if sign is None or not isinstance(event.particulars, Alarm | DutyNamed):
        return
    wanted = event.particulars.duty
    said = "; ".join(part for part in (happened(line), by(line), more(line)) if part)
    for clock in [clock for clock in told.clocks if clock.key == wanted][-1:]:
        clock.moments.append(Moment(event.at, sign, said))
