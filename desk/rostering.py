"""Who is on duty: each rota with the shifts to come, and the stretches in which it names nobody."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel

from comity.request.model import PersonId
from comity.rotas import AHEAD, Rota


class Watch(BaseModel):
    """One shift: from `start` until before `end` these people are on duty."""

    start: AwareDatetime
    end: AwareDatetime
    people: tuple[PersonId, ...]


class Roster(BaseModel):
    """One rota for the two weeks to come. `ends`: when it runs out in that time, and everybody is told again."""

    role: str
    file: str
    zone: str
    now: tuple[PersonId, ...]
    shifts: tuple[Watch, ...]
    holes: tuple[tuple[AwareDatetime, AwareDatetime], ...]
    ends: AwareDatetime | None


def roster(rota: Rota, now: datetime) -> Roster:
    """One rota as it stands."""
    until = now + AHEAD
    gaps = list(rota.gaps(now, until))
    return Roster(
        role=rota.role,
        file=rota.file,
        zone=str(rota.zone),
        now=rota.at(now),
        shifts=tuple(Watch(**vars(shift)) for shift in rota.shifts(now, until)),
        holes=tuple(gap for gap in gaps if gap[1] < until),
        ends=next((start for start, end in gaps if end == until), None),
    )


def lines(told: Roster) -> Iterator[str]:
    """The same for a person, in the times of the authority."""
    zone = ZoneInfo(told.zone)
    yield f"{told.role}, by {told.file}, times of {zone}"
    yield f"  now                   {', '.join(told.now) or 'nobody: everybody who holds the role is told'}"
    for shift in told.shifts:
        yield f"  {_time(shift.start, zone)} to {_time(shift.end, zone)}  {', '.join(shift.people)}"
    for since, until in told.holes:
        yield f"  MEND nobody from {_time(since, zone)} to {_time(until, zone)}: everybody who holds the role is told"
    if told.ends:
        yield f"  it runs out on {_time(told.ends, zone)}: from then on everybody who holds the role is told"


def _time(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M}"
