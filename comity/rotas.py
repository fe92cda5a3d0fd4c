"""Who is on duty when: an iCalendar file (RFC 5545) for each role that has a rota, in COMITY_HOME/rotas.

`duty-officer.ics` is the rota of the duty officer, as calendar programs write it. The title (SUMMARY) of each event is
who is on duty meanwhile, by the ids of people.toml: `p-anna`, or `p-anna, p-bob`; or `everybody` who holds the role.
Repeated events, exceptions and moved ones count as in RFC 5545; an event that is cancelled does not. A time without a
zone is one of the authority's zone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from comity.errors import Unreadable
from comity.people import People, Person
from comity.request.lifecycle import OFFICE, Role
from comity.request.model import PersonId
from comity.watched import Watched

if TYPE_CHECKING:
    from icalendar import Event
    from recurring_ical_events import CalendarQuery

AHEAD = timedelta(days=14)
"""How far ahead a rota must have no hole, for the service to start."""
EVERYBODY = "everybody"
"""The title of an event in which whoever holds the role is on duty: by day, beside a rota of nights."""
_DAY = timedelta(days=1)
_TIMES = ("DTSTART", "DTEND", "RECURRENCE-ID")


@dataclass(frozen=True)
class Shift:
    """From `start` until before `end` (UTC) these people are on duty."""

    start: datetime
    end: datetime
    people: tuple[PersonId, ...]


@dataclass(frozen=True)
class Rota:
    """One role's rota, as its file says at this moment."""

    role: Role
    file: str
    zone: ZoneInfo
    _query: "CalendarQuery"

    def at(self, instant: datetime) -> tuple[PersonId, ...]:
        """Who is on duty then, each once."""
        on_duty = [shift for shift in self.shifts(instant, instant) if shift.start <= instant < shift.end]
        return tuple(dict.fromkeys(person for shift in on_duty for person in shift.people))

    def shifts(self, since: datetime, until: datetime) -> list[Shift]:
        """The shifts that touch that stretch, the earliest first."""
        wider = ((since - _DAY).astimezone(self.zone), (until + _DAY).astimezone(self.zone))  # times without a zone
        events = self._query.between(*wider)
        found = [self._shift(event) for event in events if not _is_cancelled(event)]
        touching = (shift for shift in found if shift.end > since and shift.start <= until)
        return sorted(touching, key=lambda shift: (shift.start, shift.end))

    def gaps(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches in which nobody is on duty; one that lasts until `until` may only mean that it runs out."""
        covered = since
        for shift in self.shifts(since, until):
            if covered < shift.start < until:
                yield covered, shift.start
            covered = max(covered, shift.end)
        if covered < until:
            yield covered, until

    def _shift(self, event: "Event") -> Shift:
        start, end = (_instant(moment, self.zone) for moment in (event.start, event.end))
        return Shift(start, end, _named(event))


def _instant(moment: date, zone: ZoneInfo) -> datetime:
    """A day begins at midnight; a time without a zone is one of the authority's."""
    whole = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
    return (whole if whole.tzinfo else whole.replace(tzinfo=zone)).astimezone(UTC)


def _named(event: "Event") -> tuple[PersonId, ...]:
    return tuple(name for part in str(event.get("SUMMARY", "")).split(",") if (name := part.strip()))


def _is_cancelled(event: "Event") -> bool:
    return str(event.get("STATUS", "")).upper() == "CANCELLED"


# --- all rotas of an authority ----------------------------------------------------------------------------------------


class Rotas:
    """The rotas of an authority, as their files say at this moment: each is read again when it has changed."""

    def __init__(self, folder: Path, people: People, zone: str) -> None:
        self._folder = folder
        self._people = people
        self._zone = ZoneInfo(zone)
        self._files: dict[Role, Watched[Rota | None]] = {}

    def on_duty(self, role: Role, instant: datetime) -> tuple[Person, ...]:
        """Who of those that hold a role is on duty: all of them where it has no rota, or its rota names none of them.

        An alarm must reach somebody: while a rota cannot be read, its last readable state counts.
        """
        holding = self._people.holding(role)
        rota = self._last_readable(role)
        named = rota.at(instant) if rota else ()
        return tuple(person for person in holding if {person.id, EVERYBODY} & {*named}) or holding

    def all(self) -> list[Rota]:
        """Every rota that there is, by role. Raises Unreadable, a fault a line."""
        faults, found = [], []
        for path in sorted(self._folder.glob("*.ics")):
            try:
                found.append(self._now(_role_of(path)))
            except Unreadable as fault:
                faults.append(str(fault))
        if faults:
            raise Unreadable("\n".join(faults))
        return [rota for rota in found if rota]

    def check(self, now: datetime) -> list[Rota]:
        """All rotas, none of which has a hole in the two weeks to come. Raises Unreadable, a fault a line.

        A rota that runs out is no hole: from then on everybody who holds the role is told.
        """
        rotas = self.all()
        faults = [_hole(rota, *gap) for rota in rotas for gap in rota.gaps(now, now + AHEAD) if gap[1] < now + AHEAD]
        if faults:
            raise Unreadable("\n".join(faults))
        return rotas

    def _last_readable(self, role: Role) -> Rota | None:
        try:
            return self._now(role)
        except Unreadable:
            return self._files[role].latest

    def _now(self, role: Role) -> Rota | None:
        path = self._folder / f"{role.replace(' ', '-')}.ics"
        if not path.exists():
            self._files.pop(role, None)
            return None
        return self._files.setdefault(role, Watched(path, lambda path: self._read(role, path), None)).now()

    def _read(self, role: Role, path: Path) -> Rota:
        return _read(role, path, self._zone, {person.id for person in self._people.holding(role)})


def _hole(rota: Rota, since: datetime, until: datetime) -> str:
    told = " to ".join(f"{instant.astimezone(rota.zone):%Y-%m-%d %H:%M}" for instant in (since, until))
    return f"{rota.file}: nobody is on duty from {told} ({rota.zone}); add an event there, of {EVERYBODY} if so"


def _role_of(path: Path) -> Role:
    known = {role.replace(" ", "-"): role for role in sorted(OFFICE)}
    if path.stem not in known:
        raise Unreadable(f"rotas/{path.name}: no role of that name; a rota is called {', '.join(known)} (.ics)")
    return known[path.stem]


# --- reading one ------------------------------------------------------------------------------------------------------


def _read(role: Role, path: Path, zone: ZoneInfo, holding: set[PersonId]) -> Rota:
    """The rota in a file. Raises Unreadable, a fault a line, each with the line on which its event begins."""
    from icalendar import Calendar
    from recurring_ical_events import of

    where = f"rotas/{path.name}"
    try:
        text = path.read_bytes()
        calendar = Calendar.from_ical(text)
    except (OSError, ValueError):  # whose words quote the file: it may hold names
        raise Unreadable(f"{where}: no iCalendar file (RFC 5545); export it again from the calendar program") from None
    events = calendar.walk("VEVENT")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.strip().upper() == b"BEGIN:VEVENT"]
    faults = [
        f"{where}: line {line}: {fault}"
        for event, line in zip_longest(events, lines[: len(events)], fillvalue=1)
        for fault in _faults(event, role, holding)
    ]
    if faults:
        raise Unreadable("\n".join(faults))
    return Rota(role, where, zone, of(calendar))


def _faults(event: Any, role: Role, holding: set[PersonId]) -> Iterator[str]:
    """What is wrong with one event. Its title may be a name, so it is told only if it looks like an id."""
    for field, _ in event.errors:
        yield f"{field}: this cannot be read; correct it in the calendar program"
    if event.errors or _is_cancelled(event):
        return
    named = _named(event)
    if not named:
        yield f"SUMMARY is missing; it names who is on duty, by the ids of people.toml, or {EVERYBODY}: p-anna, p-bob"
    if set(named) - holding - {EVERYBODY}:
        who = ", ".join(sorted(holding))
        yield f"SUMMARY names somebody who does not hold the role '{role}' in people.toml; these do: {who}"
    unknown = [field for field in _TIMES if field in event and _is_of_unknown_zone(event[field])]
    for field in unknown:
        yield f"{field}: no time zone of that name; write one as Europe/Berlin"
    if not unknown and not _lasts(event):
        yield "it must end after it begins; give it DTSTART, and DTEND or DURATION"


def _is_of_unknown_zone(field: Any) -> bool:
    return "TZID" in field.params and getattr(field.dt, "tzinfo", None) is None


def _lasts(event: Any) -> bool:
    """By what was written: a program would take the two for one another, or a moment for a shift."""
    try:
        return bool(event.start < event.end)
    except (ValueError, TypeError):  # one is missing, or only one has a zone
        return False
