"""The engine against a table that another program counted once; the table is checked by itself beforehand."""

import tomllib
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from comity.law.calendars import OfficeCalendar
from comity.law.explaining import explained
from comity.request.deadlines import end_of_period, length_of
from comity.request.model import Deadline

CASES: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "golden.toml").read_text())["cases"]
ROWS = [pytest.param(case, id=case["name"]) for case in CASES]
IN_DAYS = [pytest.param(case, id=case["name"]) for case in CASES if "days" in case]
_EXACT = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_MONTHS = {"month": 1, "year": 12}


def _days(case: dict[str, Any], key: str) -> list[date]:
    return [date.fromisoformat(day) for day in case.get(key, "").split()]


def _offset(text: str) -> timezone:
    hours, minutes = int(text[:3]), int(text[0] + text[4:])
    return timezone(timedelta(hours=hours, minutes=minutes))


def _unit(case: dict[str, Any]) -> tuple[int, str]:
    number, _, unit = case["length"].partition(" ")
    return int(number), unit.removesuffix("s")


def _by_the_table(case: dict[str, Any]) -> datetime:
    """When it is due by the listed days and offsets alone."""
    number, unit = _unit(case)
    if unit in _EXACT:
        return datetime.fromtimestamp(case["start"].timestamp() + number * _EXACT[unit].total_seconds(), UTC)
    last = datetime.combine(_days(case, "days")[-1], time.max, _offset(case["due_offset"]))
    return last.astimezone(UTC)


@pytest.mark.parametrize("case", ROWS)
def test_the_engine_counts_as_the_table_does(case: dict[str, Any]) -> None:
    calendar = OfficeCalendar.of(case["country"], case["zone"])
    counted = end_of_period(case["start"], length_of(case["length"]), calendar)
    assert counted == _by_the_table(case)
    assert counted.replace(microsecond=0) == case["due"].replace(microsecond=0)


@pytest.mark.parametrize("case", IN_DAYS)
def test_the_days_of_the_table_are_as_many_as_the_length_says(case: dict[str, Any]) -> None:
    """Every day after the event is listed: it counts, or it is left out. No day is listed twice."""
    number, unit = _unit(case)
    days, left_out = _days(case, "days"), _days(case, "left_out")
    event = case["start"].astimezone(_offset(case["start_offset"])).date()
    assert sorted(days + left_out) == [event + timedelta(days=step + 1) for step in range(len(days) + len(left_out))]
    if unit in _MONTHS:
        months = number * _MONTHS[unit] + event.month - 1
        assert (days[-1].year, days[-1].month) == (event.year + months // 12, months % 12 + 1)
        assert days[-1].day == event.day or (days[-1] + timedelta(days=1)).day == 1
    else:
        assert len(days) == number * (7 if unit == "week" else 1)
    assert not left_out or (unit == "working day" and max(left_out) < days[-1])


@pytest.mark.parametrize("case", ROWS)
def test_the_days_are_told_as_they_were_counted(case: dict[str, Any]) -> None:
    calendar = OfficeCalendar.of(case["country"], case["zone"])
    due = end_of_period(case["start"], length_of(case["length"]), calendar)
    told = explained(
        Deadline(
            due=due, rule="x/y", article="1", verified=True, started=case["start"], length=case["length"], law="law x"
        ),
        calendar,
    )
    days = _days(case, "days")
    assert told.counted == ((days[0], days[-1]) if days else None)
    assert [each.day for each in told.left_out] == _days(case, "left_out")
    assert all(each.why for each in told.left_out)


def test_the_table_has_what_goes_wrong() -> None:
    assert len(CASES) >= 80
    assert {_unit(case)[1] for case in CASES} == {"minute", "hour", "day", "week", "month", "year", "working day"}
    assert any(case["start_offset"] != case["due_offset"] for case in CASES)
