"""The days of a real authority, as tzdata and the holidays library know them."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import metadata, resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import NotFound
from comity.law.calendars import OfficeCalendar
from comity.request.deadlines import Length, Unit, end_of_period

PARIS = OfficeCalendar.of("FR", "Europe/Paris")
OFFICES = [
    PARIS,
    OfficeCalendar.of("EG", "Africa/Cairo"),
    OfficeCalendar.of("US", "America/New_York"),
    OfficeCalendar.of("AU", "Australia/Lord_Howe", "NSW"),
    OfficeCalendar.of("CU", "America/Havana"),
]
instants = st.integers(946_684_800, 2_556_144_000).map(lambda second: datetime.fromtimestamp(second, UTC))


@given(instants, st.sampled_from(OFFICES))
def test_an_instant_lies_in_its_day(instant: datetime, office: OfficeCalendar) -> None:
    day = office.day_of(instant)
    assert office.end_of(day - timedelta(days=1)) < instant <= office.end_of(day)


@given(instants, st.sampled_from(OFFICES))
def test_a_day_is_as_long_as_the_clocks_there_make_it(instant: datetime, office: OfficeCalendar) -> None:
    day = office.day_of(instant)
    assert office.end_of(day) - office.end_of(day - timedelta(days=1)) in {
        timedelta(hours=half / 2) for half in range(46, 51)
    }


@given(instants, st.integers(1, 30), st.sampled_from(OFFICES))
def test_working_days_end_on_a_working_day(start: datetime, number: int, office: OfficeCalendar) -> None:
    due = end_of_period(start, Length(number, Unit.WORKING_DAY), office)
    assert office.is_working(office.day_of(due))
    assert due > start


@pytest.mark.parametrize(("country", "zone", "day", "works"), [
    ("FR", "Europe/Paris", date(2026, 7, 13), True),
    ("FR", "Europe/Paris", date(2026, 7, 14), False),  # a Tuesday, the national holiday
    ("FR", "Europe/Paris", date(2026, 7, 18), False),  # a Saturday
    ("EG", "Africa/Cairo", date(2026, 11, 20), False),  # a Friday
    ("EG", "Africa/Cairo", date(2026, 11, 22), True),  # a Sunday
    ("LU", "Europe/Luxembourg", date(2026, 6, 23), False),
])  # fmt: skip
def test_weekends_and_holidays_are_the_country_s_own(country: str, zone: str, day: date, works: bool) -> None:
    assert OfficeCalendar.of(country, zone).is_working(day) is works


def test_a_subdivision_has_holidays_of_its_own() -> None:
    """Corpus Christi, 4 June 2026, is a holiday in Bavaria and none in Berlin."""
    assert not OfficeCalendar.of("DE", "Europe/Berlin", "BY").is_working(date(2026, 6, 4))
    assert OfficeCalendar.of("DE", "Europe/Berlin", "BE").is_working(date(2026, 6, 4))


def test_the_version_names_what_counted() -> None:
    assert PARIS.version == f"holidays {metadata.version('holidays')}, tzdata {metadata.version('tzdata')}"


@pytest.fixture
def machine_without_summer_time(tmp_path: Path) -> Iterator[None]:
    """A machine whose own files say that Paris keeps UTC."""
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Paris").write_bytes((resources.files("tzdata") / "zoneinfo" / "UTC").read_bytes())
    zoneinfo.reset_tzpath(to=[tmp_path])
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("machine_without_summer_time")
def test_the_zone_is_that_of_the_package_and_not_of_the_machine() -> None:
    """Else the version written beside a deadline would not be the one that counted it."""
    late = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    assert late.astimezone(zoneinfo.ZoneInfo("Europe/Paris")).date() == date(2026, 6, 30)
    assert OfficeCalendar.of("FR", "Europe/Paris").day_of(late) == date(2026, 7, 1)


@pytest.mark.parametrize("zone", ["", "Paris", "Europe", "Europe/Atlantis", "../zones", "/etc/localtime", "zone.tab"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(NotFound, match="no time zone of that name"):
        OfficeCalendar.of("FR", zone)


@pytest.mark.parametrize(("country", "subdivision"), [("ZZ", None), ("FR", "XX")])
def test_an_unknown_country_is_refused(country: str, subdivision: str | None) -> None:
    with pytest.raises(NotFound, match="no calendar of public holidays"):
        OfficeCalendar.of(country, "Europe/Paris", subdivision)
