"""When a duty is due: pure arithmetic over rules of law, instants, and the acting authority's calendar.

How periods are counted (Regulation (EEC, Euratom) 1182/71 art. 3, read as quoted by others, not in the text itself):
the day of the event is not counted (3(1)); a period in days ends with the last hour of its last day (3(2)(b)); one in
weeks, months or years ends with the day that has the same name or date, and where a month lacks that date, with the
month's last day (3(2)(c)). It moves to the next working day (3(4)) only where a rule's data says so. Hours run from
the instant itself, not from the next full hour (3(1)): the earlier end is the safer one. Instruments other than the
European Union's set no such rules; counting them in the same way is our default.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import AfterValidator, Field, model_validator

from comity.errors import Unreadable
from comity.request.lifecycle import Duty
from comity.request.model import Deadline, Measure, Owed, Record, Request, Stop, Token, Urgency


class Calendar(Protocol):
    """The acting authority's days: its time zone, its weekends and its holidays."""

    @property
    def version(self) -> str:
        """The versions of the data behind it, to be written beside every deadline."""

    def day_of(self, instant: datetime) -> date:
        """The day that it is there at an instant."""

    def end_of(self, day: date) -> datetime:
        """The last moment of a day there, to the microsecond, in UTC."""

    def is_working(self, day: date) -> bool:
        """Whether the authority works on that day."""


# --- lengths ----------------------------------------------------------------------------------------------------------


class Unit(StrEnum):
    """What a period is counted in."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WORKING_DAY = "working day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True)
class Length:
    """How long a period is: so many of a unit."""

    number: int
    unit: Unit


_EXACT = {Unit.SECOND: timedelta(seconds=1), Unit.MINUTE: timedelta(minutes=1), Unit.HOUR: timedelta(hours=1)}
_LENGTH = re.compile(rf"([1-9][0-9]{{0,2}}) ({'|'.join(Unit)})s?", re.ASCII)


def length_of(text: str) -> Length:
    """The length that a rule names: `24 hours`, `5 working days`, `1 week`. Raises Unreadable."""
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise Unreadable(f"'{text}' is no length: write a number from 1 to 999 and {', '.join(Unit)}")
    return Length(int(found[1]), Unit(found[2]))


def end_of_period(start: datetime, length: Length, calendar: Calendar) -> datetime:
    """The instant (UTC) by which a period ends that begins with an event at `start`."""
    if length.unit in _EXACT:
        return start.astimezone(UTC) + length.number * _EXACT[length.unit]
    return calendar.end_of(_last_day(calendar.day_of(start), length, calendar))


def _last_day(event: date, length: Length, calendar: Calendar) -> date:
    match length.unit:
        case Unit.WORKING_DAY:
            return _working_days_later(event, length.number, calendar)
        case Unit.MONTH:
            return _months_later(event, length.number)
        case Unit.YEAR:
            return _months_later(event, 12 * length.number)
        case Unit.WEEK:
            return event + timedelta(weeks=length.number)
        case _:
            return event + timedelta(days=length.number)


def _working_days_later(event: date, number: int, calendar: Calendar) -> date:
    day = event
    for _ in range(number):
        day = _working_from(day + timedelta(days=1), calendar)
    return day


def _working_from(day: date, calendar: Calendar) -> date:
    """The day itself if the authority works on it, else the next one on which it does."""
    while not calendar.is_working(day):
        day += timedelta(days=1)
    return day


def _months_later(event: date, number: int) -> date:
    year, month = divmod(event.year * 12 + event.month - 1 + number, 12)
    return date(year, month + 1, min(event.day, monthrange(year, month + 1)[1]))


# --- rules ------------------------------------------------------------------------------------------------------------

NO_NUMBER = "none"
"""What a rule says that sets no number, or that may not be extended."""

AGREED = "agreed"
"""What a rule says that may be extended without a number being set."""


class Start(StrEnum):
    """The instant from which a rule counts."""

    RECEIVED = "received"
    DECIDED = "decided"
    OPENED = "opened"
    PUT_IN_FORCE = "put in force"


def _a_length(text: str) -> str:
    try:
        length_of(text)
    except Unreadable as error:
        raise ValueError(str(error)) from None
    return text


LengthText = Annotated[str, AfterValidator(_a_length)]
"""A length as it is written."""


def _a_length_or_none(text: str) -> str:
    return text if text == NO_NUMBER else _a_length(text)


def _an_extension(text: str) -> str:
    return text if text in (NO_NUMBER, AGREED) else _a_length(text)


class Provision(Record):
    """Something that a law says: where, and whether its text was read (`source`: as in comity/law/sources.toml)."""

    article: str = Field(min_length=1)
    verified: bool
    source: str = Field(min_length=1, description="`none`: general knowledge")
    note: str = ""

    @model_validator(mode="after")
    def _read_somewhere(self) -> "Provision":
        if self.verified and self.source == "none":
            raise ValueError("what is verified names its source")
        return self


class OfKinds(Provision):
    """Something that a law says of some kinds of measure, of all when `kinds` is empty."""

    kinds: tuple[Token, ...] = ()

    def binds(self, kind: str | None) -> bool:
        """Whether it is said of a measure of that kind; None: of the request as a whole."""
        return not self.kinds or kind in self.kinds


class Rule(OfKinds):
    """One rule about time: which duty it binds, from which instant it counts, and how long.

    `classes`: the classes of urgency that it binds, all when empty. `least`: a minimum (the order's own end decides,
    unless that is earlier). `extension`: how much longer it may become, `agreed` where no number is set. `stops`: what
    stops it, in words; `stopped_by`: the grounds on which a suspended measure does, as long as it lasts.
    """

    id: Token
    duty: Duty
    starts: Start
    length: Annotated[str, AfterValidator(_a_length_or_none)]
    classes: tuple[Urgency, ...] = ()
    least: bool = False
    ends_on_working_day: bool = False
    extension: Annotated[str, AfterValidator(_an_extension)] = NO_NUMBER
    stops: str = "nothing"
    stopped_by: tuple[Token, ...] = ()


UNREAD = Provision(article="unknown", verified=False, source="none")
"""Where nobody has read what the law says."""


@dataclass(frozen=True)
class Terms:
    """What the law says on one duty: its rules, our default, the article on dates asked for, the law's version."""

    rules: tuple[Rule, ...]
    default: Rule
    asked: Provision = UNREAD
    preserves: bool = False
    version: str = ""


# --- deadlines --------------------------------------------------------------------------------------------------------

ASKED = "asked by the requesting authority"
DATA_LOST = "data lost"
SAME_MINUTE = "executed at the same minute"
GIVEN = "date given"
AS_DATED = "as dated"
"""The length of a deadline that is a date, and was not counted."""
EXTENDED = ", extended"
"""What is said behind the length of a deadline that was extended."""

_OF_THIS_REQUEST = Provision(article="a date of this request", verified=True, source="the request")
_BY_DATE_ASKED = frozenset({Duty.DECIDE, Duty.EXECUTE})
_BEFORE_DATA_IS_LOST = frozenset({Duty.PROVISIONAL_ACT, Duty.DECIDE, Duty.EXECUTE})
_UNTIL_GIVEN = frozenset({Duty.RENEW_OR_LET_GO, Duty.ANSWER_CONSULTATION, Duty.REVIEW_POSTPONEMENT})


_EARLIEST_LEFT = {Duty.SEE_TO_SAFEGUARDS: "safeguards", Duty.DO_TASKS: "tasks"}
"""Duties over several dated things of a request: the earliest that is left counts."""


def deadlines_of(owed: Owed, request: Request, terms: Terms, *, calendar: Calendar) -> tuple[Deadline, ...]:
    """All deadlines of one duty, the earliest first; of two at one instant that of the law before our default.

    They come from the rules of law that set a number and from the dates that stand in the request. Our default joins
    them, unless a deed gave this duty a date of its own.
    """
    count = _Count(owed, request, terms, calendar)
    ours = terms.default.id
    found = (*count.by_rules(), *count.by_dates())
    return tuple(sorted(found, key=lambda deadline: (deadline.due, deadline.rule == ours, deadline.rule)))


@dataclass(frozen=True)
class _Count:
    owed: Owed
    request: Request
    terms: Terms
    calendar: Calendar

    def by_rules(self) -> Iterator[Deadline]:
        given = self._given()
        for rule in self.terms.rules if given else (*self.terms.rules, self.terms.default):
            if rule.length == NO_NUMBER:
                continue
            deadline = self._counted(rule, length_of(rule.length))
            if not (rule.least and given and given >= deadline.due):
                yield deadline

    def by_dates(self) -> Iterator[Deadline]:
        request, duty, given = self.request, self.owed.duty, self._given()
        if request.asked_by and duty in _BY_DATE_ASKED:
            yield self._dated(ASKED, request.asked_by, self.terms.asked)
        if request.data_lost_at and duty in _BEFORE_DATA_IS_LOST and self.terms.preserves:
            yield self._dated(DATA_LOST, request.data_lost_at, _OF_THIS_REQUEST)
        measure = self._measure()
        if measure and measure.execute_at and duty in _BY_DATE_ASKED:
            yield self._dated(SAME_MINUTE, measure.execute_at, _OF_THIS_REQUEST)
        if given:
            yield self._dated(GIVEN, given, _OF_THIS_REQUEST)

    def _given(self) -> datetime | None:
        """The date that a deed gave to this very duty: until when, or to be answered by when."""
        if self.owed.duty == Duty.ANSWER:
            return next((asked.answer_by for asked in self.request.questions if asked.id == self.owed.part), None)
        if self.owed.duty in _EARLIEST_LEFT:
            listed = getattr(self.request, _EARLIEST_LEFT[self.owed.duty])
            return min((each.by for each in listed if not each.done), default=None)
        if self.owed.duty == Duty.RETURN:
            return next((lent.return_by for lent in self.request.packages if lent.id == self.owed.part), None)
        measure = self._measure()
        return measure.until if measure and self.owed.duty in _UNTIL_GIVEN else None

    def _measure(self) -> Measure | None:
        return next((measure for measure in self.request.measures if measure.id == self.owed.part), None)

    def _start(self, rule: Rule) -> datetime:
        """The instant that a rule counts from; a duty opens in law when its measure is decided or put in force."""
        measure = self._measure()
        if rule.starts == Start.RECEIVED:
            return measure.received if measure else self.request.received
        if rule.starts == Start.DECIDED and measure and measure.decided:
            return measure.decided
        return max(self.owed.opened, self._held()) if self.owed.duty == Duty.RELEASE else self.owed.opened

    def _held(self) -> datetime:
        """Until when a remedy holds what a package carries: what may not leave is not late."""
        carried = {e.measure for lent in self.request.packages if lent.id == self.owed.part for e in lent.exhibits}
        ends = [m.remedy_until for m in self.request.measures if m.id in carried and m.remedy_until]
        return max(ends, default=self.owed.opened)

    def _counted(self, rule: Rule, length: Length) -> Deadline:
        start, stops = self._start(rule), self._stops(rule)
        due = self._later(end_of_period(start, length, self.calendar), length, stops)
        if rule.ends_on_working_day and length.unit not in _EXACT:
            due = self.calendar.end_of(_working_from(self.calendar.day_of(due), self.calendar))
        latest = self._extended(rule, due)
        said = rule.length if latest == due else f"{rule.length}{EXTENDED}"
        counted = self._deadline(rule.id, rule, due=latest, started=start, length=said)
        return counted.model_copy(update={"stops": stops})

    def _stops(self, rule: Rule) -> tuple[Stop, ...]:
        """The stops of the measure that this rule knows, as far as it was counting; one that lasts moves nothing yet.

        While it lasts the duty is not owed: what is owed then is to end it.
        """
        measure, start = self._measure(), self._start(rule)
        of_measure = measure.stops if measure else ()
        return tuple(
            stop.model_copy(update={"since": max(stop.since, start)})
            for stop in of_measure
            if stop.ground in rule.stopped_by and stop.until and stop.until > start
        )

    def _later(self, due: datetime, length: Length, stops: tuple[Stop, ...]) -> datetime:
        """Later by as long as it was stopped; what ends with a day ends with the day in which that is."""
        if not stops:
            return due
        later = due + sum((stop.until - stop.since for stop in stops if stop.until), timedelta())
        return later if length.unit in _EXACT else self.calendar.end_of(self.calendar.day_of(later))

    def _extended(self, rule: Rule, due: datetime) -> datetime:
        """The end of the extension that was given, as far as the rule allows one."""
        asked = self.owed.extended
        if asked is None or rule.extension == NO_NUMBER:
            return due
        if rule.extension != AGREED:
            asked = min(asked, end_of_period(due, length_of(rule.extension), self.calendar))
        return max(due, asked.astimezone(UTC))

    def _dated(self, rule: str, due: datetime, provision: Provision) -> Deadline:
        started = self.owed.opened if rule == GIVEN else self.request.received
        return self._deadline(rule, provision, due=due.astimezone(UTC), started=started, length=AS_DATED)

    def _deadline(self, rule: str, provision: Provision, *, due: datetime, started: datetime, length: str) -> Deadline:
        return Deadline(
            due=due,
            rule=rule,
            article=provision.article,
            verified=provision.verified,
            started=started,
            length=length,
            law=f"law {self.terms.version}, {self.calendar.version}",
        )
