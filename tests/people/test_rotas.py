"""Rotas: who is on duty is what the calendar says, to the second; and an alarm reaches somebody whatever it says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comity.errors import Unreadable
from comity.people import People
from comity.request.lifecycle import Role
from comity.rotas import AHEAD, Rotas
from tests.people.calendars import calendar, event, rota_of

DUTY = Role.DUTY_OFFICER
PEOPLE = "\n".join(
    f'[people.p-{name}]\nroles = ["{role}"]\nunit = "u"\ntime_zone = "UTC"\nmail = "{name}@a.example"\n'
    for name, role in (("anna", DUTY), ("bob", DUTY), ("carla", DUTY), ("dan", Role.REVIEWER))
)
ZONED = ";TZID=Europe/Luxembourg:"
NIGHTS = event(f"{ZONED}20260105T200000", f"{ZONED}20260106T080000", "p-anna", "RRULE:FREQ=DAILY")
DAYS = event(f"{ZONED}20260105T080000", f"{ZONED}20260105T200000", "p-bob", "RRULE:FREQ=DAILY")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "people.toml").write_text(PEOPLE)
    (tmp_path / "rotas").mkdir()
    return tmp_path / "rotas"


@pytest.fixture
def rotas(folder: Path) -> Rotas:
    return Rotas(folder, People.load(folder.parent / "people.toml"), "Europe/Luxembourg")


def put(folder: Path, *events: str, name: str = "duty-officer.ics") -> None:
    (folder / name).write_bytes(calendar(*events))


def on_duty(rotas: Rotas, at: str) -> list[str]:
    """At an instant in UTC."""
    found = rotas.on_duty(DUTY, datetime.fromisoformat(at).replace(tzinfo=UTC))
    return [person.id.removeprefix("p-") for person in found]


EVERYBODY = ["anna", "bob", "carla"]


def test_without_a_rota_everybody_who_holds_the_role_is_on_duty(rotas: Rotas) -> None:
    assert on_duty(rotas, "2026-11-22 12:00") == EVERYBODY
    assert rotas.check(NOW) == []


def test_a_shift_ends_in_the_instant_in_which_the_next_begins(rotas: Rotas, folder: Path) -> None:
    put(folder, NIGHTS, DAYS)
    assert on_duty(rotas, "2026-11-23 06:59:59") == ["anna"]
    assert on_duty(rotas, "2026-11-23 07:00:00") == ["bob"]
    assert [rota.role for rota in rotas.check(NOW)] == [DUTY]


@pytest.mark.parametrize(("at", "who"), [
    ("2026-03-29 05:59:59", "anna"), ("2026-03-29 06:00:00", "bob"),  # the night that is an hour shorter
    ("2026-10-25 06:59:59", "anna"), ("2026-10-25 07:00:00", "bob"),  # the night that is an hour longer
])  # fmt: skip
def test_a_night_in_which_the_clocks_change_ends_by_the_wall(rotas: Rotas, folder: Path, at: str, who: str) -> None:
    put(folder, NIGHTS, DAYS)
    assert on_duty(rotas, at) == [who]


def test_a_shift_that_was_swapped_and_one_that_was_taken_out_count_as_in_the_calendar(
    rotas: Rotas, folder: Path
) -> None:
    """RFC 5545, 3.8.4.4 and 3.8.5.1: the exception has the UID of its series."""
    uid = next(line for line in NIGHTS.split("\r\n") if line.startswith("UID"))
    swapped = event(
        *(f"{ZONED}20261124T200000", f"{ZONED}20261125T080000", "p-carla, p-bob"),
        f"RECURRENCE-ID{ZONED}20261124T200000",
    )
    swapped = swapped.replace(next(line for line in swapped.split("\r\n") if line.startswith("UID")), uid)
    taken_out = NIGHTS.replace("RRULE", f"EXDATE{ZONED}20261126T200000\r\nRRULE")
    put(folder, taken_out, swapped)
    assert on_duty(rotas, "2026-11-24 22:00") == ["bob", "carla"]  # in the order of the file of people
    assert on_duty(rotas, "2026-11-25 22:00") == ["anna"]
    assert on_duty(rotas, "2026-11-26 22:00") == EVERYBODY  # nobody is on duty


def test_a_whole_day_and_a_time_without_a_zone_are_those_of_the_authority(rotas: Rotas, folder: Path) -> None:
    put(folder, event(";VALUE=DATE:20261128", ";VALUE=DATE:20261130", "p-carla"),
        event("20261130T000000", "20261130T010000", "p-bob"))  # fmt: skip
    assert on_duty(rotas, "2026-11-27 22:59:59") == EVERYBODY
    assert on_duty(rotas, "2026-11-27 23:00:00") == ["carla"]
    assert on_duty(rotas, "2026-11-29 22:59:59") == ["carla"]
    assert on_duty(rotas, "2026-11-29 23:30:00") == ["bob"]


def test_what_was_cancelled_does_not_count(rotas: Rotas, folder: Path) -> None:
    put(folder, event("20261101T000000Z", "20270101T000000Z", "p-anna"),
        event("20261101T000000Z", "20270101T000000Z", "some holiday", "STATUS:CANCELLED"))  # fmt: skip
    assert on_duty(rotas, "2026-11-22 12:00") == ["anna"]


def test_a_rota_is_read_again_when_it_has_changed_and_its_last_readable_state_counts(
    rotas: Rotas, folder: Path
) -> None:
    file = folder / "duty-officer.ics"
    file.write_bytes(rota_of(("20261101T000000Z", "20270101T000000Z", "p-anna")))
    assert on_duty(rotas, "2026-11-22 12:00") == ["anna"]
    file.write_bytes(b"half a fi")
    assert on_duty(rotas, "2026-11-22 12:00") == ["anna"]
    file.write_bytes(rota_of(("20261101T000000Z", "20270101T000000Z", "p-bob")))
    assert on_duty(rotas, "2026-11-22 12:00") == ["bob"]
    file.unlink()
    assert on_duty(rotas, "2026-11-22 12:00") == EVERYBODY


def test_one_who_has_left_the_authority_is_not_on_duty(rotas: Rotas, folder: Path) -> None:
    put(folder, event("20261101T000000Z", "20270101T000000Z", "p-anna"))
    assert on_duty(rotas, "2026-11-22 12:00") == ["anna"]
    (folder.parent / "people.toml").write_text(PEOPLE.replace("p-anna", "p-else"))
    assert on_duty(rotas, "2026-11-22 12:00") == ["else", "bob", "carla"]


def test_a_hole_is_refused_with_what_mends_it_and_an_end_is_not(rotas: Rotas, folder: Path) -> None:
    put(folder, event("20261101T000000Z", "20261124T060000Z", "p-anna"),
        event("20261124T073000Z", "20261201T000000Z", "p-bob"))  # fmt: skip
    with pytest.raises(Unreadable) as refused:
        rotas.check(NOW)
    assert str(refused.value) == (
        "rotas/duty-officer.ics: nobody is on duty from 2026-11-24 07:00 to 2026-11-24 08:30 (Europe/Luxembourg); "
        "add an event there, of everybody if so"
    )
    assert on_duty(rotas, "2026-11-24 07:00") == EVERYBODY
    (rota,) = rotas.check(datetime(2026, 11, 24, 7, 30, tzinfo=UTC))
    until = datetime(2026, 12, 8, 7, 30, tzinfo=UTC)
    assert list(rota.gaps(until - AHEAD, until)) == [(datetime(2026, 12, 1, tzinfo=UTC), until)]


def test_by_day_a_rota_of_nights_has_everybody(rotas: Rotas, folder: Path) -> None:
    put(folder, NIGHTS, DAYS.replace("SUMMARY:p-bob", "SUMMARY:everybody"))
    assert on_duty(rotas, "2026-11-23 06:59:59") == ["anna"]
    assert on_duty(rotas, "2026-11-23 07:00:00") == EVERYBODY
    assert rotas.check(NOW)


def test_shifts_that_overlap_leave_no_hole(rotas: Rotas, folder: Path) -> None:
    put(folder, event("20261101T000000Z", "20261225T060000Z", "p-anna"),
        event("20261123T073000Z", "20261124T000000Z", "p-bob"))  # fmt: skip
    assert rotas.check(NOW)
    assert on_duty(rotas, "2026-11-23 12:00") == ["anna", "bob"]


@pytest.mark.parametrize(("bad", "fault"), [
    (event("20261101T000000Z", "20261201T000000Z", "p-anna, A. Example"),
     "line 11: SUMMARY names somebody who does not hold the role 'duty officer'"),
    (event("20261101T000000Z", "20261201T000000Z", "p-dan"), "line 11: SUMMARY names somebody who does not hold"),
    (event("20261101T000000Z", "20261201T000000Z", ""), "line 11: SUMMARY is missing; it names who is on duty"),
    (event("20261101T000000Z", "", "p-anna"), "line 11: it must end after it begins"),
    (event("20261102T000000Z", "20261101T000000Z", "p-anna"), "line 11: it must end after it begins"),
    (event("", "20261101T000000Z", "p-anna"), "line 11: it must end after it begins"),
    (event("20261101T000000", "20261102T000000Z", "p-anna"), "line 11: it must end after it begins"),
    (event(";TZID=Mars/Olympus:20261101T000000", "20261201T000000Z", "p-anna"),
     "line 11: DTSTART: no time zone of that name; write one as Europe/Berlin"),
    (event("the first", "20261201T000000Z", "p-anna"), "line 11: DTSTART: this cannot be read"),
    (event("20261101T000000Z", "20261201T000000Z", "p-anna", "RRULE:FREQ=SOMETIMES"), "line 11: RRULE: this cannot"),
])  # fmt: skip
def test_a_faulty_event_is_refused_with_its_line_and_no_word_of_its_title(
    rotas: Rotas, folder: Path, bad: str, fault: str
) -> None:
    put(folder, event("20261101T000000Z", "20270101T000000Z", "p-anna"), bad)
    with pytest.raises(Unreadable) as refused:
        rotas.all()
    (told,) = str(refused.value).splitlines()
    assert told.startswith(f"rotas/duty-officer.ics: {fault}")
    assert "Example" not in told
    assert "Olympus" not in told


def test_all_faults_of_all_rotas_are_told_together(rotas: Rotas, folder: Path) -> None:
    put(folder, event("20261101T000000Z", "", "x"))
    (folder / "reviewer.ics").write_bytes(b"\xff\xfe no calendar: A. Example")
    put(folder, name="night-watch.ics")
    with pytest.raises(Unreadable) as refused:
        rotas.check(NOW)
    first, second, third, fourth = str(refused.value).splitlines()
    assert first.startswith("rotas/duty-officer.ics: line 4: SUMMARY names somebody")
    assert second.startswith("rotas/duty-officer.ics: line 4: it must end")
    assert third == "rotas/night-watch.ics: no role of that name; a rota is called " + third.partition("called ")[2]
    assert "duty-officer" in third
    assert fourth.startswith("rotas/reviewer.ics: no iCalendar file (RFC 5545)")
    assert "Example" not in fourth


def test_looking_costs_little(rotas: Rotas, folder: Path) -> None:
    """A rota of years ago, by the day: what one alarm waits for it."""
    put(folder, NIGHTS.replace("20260105", "20160105").replace("20260106", "20160106"), DAYS)
    on_duty(rotas, "2026-11-22 12:00")
    began = datetime.now(UTC)
    for hour in range(20):
        on_duty(rotas, f"2026-11-23 {hour:02}:00")
    assert (datetime.now(UTC) - began) / 20 < timedelta(milliseconds=100)
