"""The acting authority's calendar: time zones from tzdata, weekends and holidays from the holidays library.

The zone is read from the installed tzdata package, not from the machine's own files, which zoneinfo would prefer:
otherwise the version written beside a deadline would not be the one that counted it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import metadata, resources
from zoneinfo import ZoneInfo

import holidays

from comity.errors import NotFound


@dataclass(frozen=True)
class OfficeCalendar:
    """The days of one authority: its zone, and the weekends and public holidays of its country."""

    zone: ZoneInfo
    holidays: holidays.HolidayBase
    version: str

    @classmethod
    def of(cls, country: str, zone: str, subdivision: str | None = None) -> "OfficeCalendar":
        """The calendar of an authority in a country (ISO 3166-1; a subdivision as in ISO 3166-2) and an IANA zone.

        Raises NotFound where the libraries know none of that name.
        """
        return cls(_zone(zone), _holidays(country, subdivision), _versions())

    def day_of(self, instant: datetime) -> date:
        """The day that it is there at an instant."""
        return instant.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """The last microsecond of a day there, in UTC; a day that the zone skips ends when the day before it does."""
        next_day = datetime.combine(day + timedelta(days=1), time(), self.zone)
        return next_day.astimezone(UTC) - timedelta(microseconds=1)

    def is_working(self, day: date) -> bool:
        """Whether it is neither weekend nor public holiday there."""
        return bool(self.holidays.is_working_day(day))

    def why_not(self, day: date) -> str:
        """Why it does not work on a day: the name of the holiday, or `weekend`; "" where it does."""
        if self.is_working(day):
            return ""
        return str(self.holidays.get(day) or "weekend")


@cache
def _versions() -> str:
    return ", ".join(f"{name} {metadata.version(name)}" for name in ("holidays", "tzdata"))


_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", re.ASCII)


def _zone(name: str) -> ZoneInfo:
    source = resources.files("tzdata") / "zoneinfo" / name
    if not _ZONE_NAME.fullmatch(name) or not source.is_file():
        raise NotFound("no time zone of that name; write one as in the IANA database, e.g. Europe/Paris")
    with source.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _holidays(country: str, subdivision: str | None) -> holidays.HolidayBase:
    try:
        return holidays.country_holidays(country, subdiv=subdivision, language="en_US")
    except NotImplementedError as error:
        raise NotFound(f"no calendar of public holidays: {error}") from error
