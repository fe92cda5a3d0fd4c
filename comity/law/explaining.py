"""How a deadline was counted, said for a person: rule, article, start, days counted, days skipped, end."""

from datetime import date, datetime, timedelta

from comity.law.calendars import OfficeCalendar
from comity.law.models import OURS
from comity.request.deadlines import AS_DATED, EXTENDED, Unit, length_of
from comity.request.model import Deadline, Record, Stop

_EXACT = (Unit.SECOND, Unit.MINUTE, Unit.HOUR)


class DayLeftOut(Record):
    """A day on which the authority does not work, and why."""

    day: date
    why: str


class Explained(Record):
    """One deadline with the days behind it, as days of the acting authority; none where the clock ran in hours.

    `counted`: the first and the last day that count. `left_out`: what was skipped between them, or what moved the end.
    """

    deadline: Deadline
    counted: tuple[date, date] | None
    left_out: tuple[DayLeftOut, ...]
    sentence: str


def explained(deadline: Deadline, calendar: OfficeCalendar) -> Explained:
    """The deadline by the calendar as it is now; which versions counted it stands in the deadline itself."""
    if deadline.stops or deadline.length.endswith((AS_DATED, EXTENDED)) or _unit(deadline) in _EXACT:
        return Explained(deadline=deadline, counted=None, left_out=(), sentence=_sentence(deadline, calendar, None, ()))
    after, last = calendar.day_of(deadline.started) + timedelta(days=1), calendar.day_of(deadline.due)
    left_out = _left_out(after, last, calendar) if _unit(deadline) == Unit.WORKING_DAY else ()
    first = min({*_days(after, last)} - {each.day for each in left_out})
    sentence = _sentence(deadline, calendar, (first, last), left_out)
    return Explained(deadline=deadline, counted=(first, last), left_out=left_out, sentence=sentence)


def _unit(deadline: Deadline) -> Unit:
    return length_of(deadline.length.removesuffix(EXTENDED)).unit


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _left_out(first: date, last: date, calendar: OfficeCalendar) -> tuple[DayLeftOut, ...]:
    idle = [day for day in _days(first, last) if not calendar.is_working(day)]
    return tuple(DayLeftOut(day=day, why=calendar.why_not(day)) for day in idle)


def _sentence(
    deadline: Deadline,
    calendar: OfficeCalendar,
    counted: tuple[date, date] | None,
    left_out: tuple[DayLeftOut, ...],
) -> str:
    steps = [_rule(deadline), _length(deadline, calendar)]
    steps += [f"stopped {_stretch(stop, calendar)}, which is added" for stop in deadline.stops]
    if counted:
        steps.append(f"the day of the event does not count, {counted[0]} is the first, {counted[1]} the last, whole")
    if left_out:
        steps.append(f"not counted: {', '.join(f'{each.day} ({each.why})' for each in left_out)}")
    return "; ".join([*steps, f"due {_there(deadline.due, calendar)}"])


def _stretch(stop: Stop, calendar: OfficeCalendar) -> str:
    until = _there(stop.until, calendar) if stop.until else "now"
    return f"from {_there(stop.since, calendar)} to {until} ({stop.ground})"


def _rule(deadline: Deadline) -> str:
    read = "" if deadline.verified or deadline.article == OURS else ", CHECK AGAINST THE TEXT"
    return f"{deadline.rule} ({deadline.article}{read})"


def _length(deadline: Deadline, calendar: OfficeCalendar) -> str:
    if deadline.length == AS_DATED:
        return "a date that stands in this request"
    exact = ", from that instant on" if _unit(deadline) in _EXACT else ""
    return f"{deadline.length} from {_there(deadline.started, calendar)}{exact}"


def _there(at: datetime, calendar: OfficeCalendar) -> str:
    return f"{at.astimezone(calendar.zone):%Y-%m-%d %H:%M:%S} {calendar.zone.key}"
