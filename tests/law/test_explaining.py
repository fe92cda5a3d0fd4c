"""A deadline says in one sentence how it was counted, and its days are those that a calendar on the wall shows."""

from datetime import date, datetime, timedelta

import pytest

from comity.law.calendars import OfficeCalendar
from comity.law.explaining import explained
from comity.request.deadlines import end_of_period, length_of
from comity.request.model import Deadline

LUXEMBOURG = OfficeCalendar.of("LU", "Europe/Luxembourg")


def counted(length: str, started: str, due: str = "", *, article: str = "12(3)", verified: bool = True) -> Deadline:
    """A deadline as the engine would count it, unless it is dated."""
    start = datetime.fromisoformat(started)
    end = datetime.fromisoformat(due) if due else end_of_period(start, length_of(length), LUXEMBOURG)
    return Deadline(
        due=end, rule="eio/decide", article=article, verified=verified, started=start, length=length, law="law x"
    )


@pytest.mark.parametrize(("deadline", "sentence"), [
    (counted("24 hours", "2026-10-24T12:00:00Z"),
     "eio/decide (12(3)); 24 hours from 2026-10-24 14:00:00 Europe/Luxembourg, from that instant on; "
     "due 2026-10-25 13:00:00 Europe/Luxembourg"),
    (counted("30 days", "2026-11-22T08:15:00Z", verified=False),
     "eio/decide (12(3), CHECK AGAINST THE TEXT); 30 days from 2026-11-22 09:15:00 Europe/Luxembourg; "
     "the day of the event does not count, 2026-11-23 is the first, 2026-12-22 the last, whole; "
     "due 2026-12-22 23:59:59 Europe/Luxembourg"),
    (counted("5 working days", "2026-04-27T09:00:00Z", article="our default", verified=False),
     "eio/decide (our default); 5 working days from 2026-04-27 11:00:00 Europe/Luxembourg; "
     "the day of the event does not count, 2026-04-28 is the first, 2026-05-05 the last, whole; "
     "not counted: 2026-05-01 (Labor Day), 2026-05-02 (weekend), 2026-05-03 (weekend); "
     "due 2026-05-05 23:59:59 Europe/Luxembourg"),
    (counted("30 days, extended", "2026-11-22T08:15:00Z", "2027-01-10T12:00:00Z"),
     "eio/decide (12(3)); 30 days, extended from 2026-11-22 09:15:00 Europe/Luxembourg; "
     "due 2027-01-10 13:00:00 Europe/Luxembourg"),
    (counted("as dated", "2026-11-22T08:15:00Z", "2026-12-01T00:00:00Z", article="a date of this request"),
     "eio/decide (a date of this request); a date that stands in this request; "
     "due 2026-12-01 01:00:00 Europe/Luxembourg"),
])  # fmt: skip
def test_it_is_one_sentence(deadline: Deadline, sentence: str) -> None:
    assert explained(deadline, LUXEMBOURG).sentence == sentence


def test_the_days_that_count_are_those_that_are_not_left_out() -> None:
    for number in range(1, 15):
        found = explained(counted(f"{number} working days", "2026-12-18T09:00:00Z"), LUXEMBOURG)
        assert found.counted
        first, last = found.counted
        days = {first + timedelta(days=step) for step in range((last - first).days + 1)}
        assert len(days - {each.day for each in found.left_out}) == number
        assert last not in {each.day for each in found.left_out}
    assert {each.day: each.why for each in found.left_out}[date(2026, 12, 25)] != "weekend"
