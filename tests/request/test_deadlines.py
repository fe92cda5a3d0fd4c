"""How periods are counted, and which deadlines a duty has."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Unreadable
from comity.request.deadlines import (
    Length,
    Provision,
    Rule,
    Start,
    Terms,
    Unit,
    deadlines_of,
    end_of_period,
    length_of,
)
from comity.request.lifecycle import Duty, Role, Status
from comity.request.model import Deadline, Direction, Measure, Owed, Question, Request, Urgency

REFERENCE = "01K0000000000000000000000A"


@dataclass(frozen=True)
class Office:
    """An invented authority: weekends as given, and one holiday, 1 May of each year."""

    zone: ZoneInfo
    weekend: frozenset[int] = frozenset({5, 6})
    version: str = "an invented calendar"

    def day_of(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        return datetime.combine(day + timedelta(days=1), time(), self.zone).astimezone(UTC) - timedelta(microseconds=1)

    def is_working(self, day: date) -> bool:
        return day.weekday() not in self.weekend and (day.month, day.day) != (5, 1)


PARIS = Office(ZoneInfo("Europe/Paris"))
ZONES = [
    "UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Africa/Cairo", "America/Havana",
    "Australia/Lord_Howe", "Atlantic/Azores", "Pacific/Kiritimati",
]  # fmt: skip

instants = st.integers(631_152_000, 4_102_444_800).map(lambda second: datetime.fromtimestamp(second, UTC))
offices = st.builds(Office, st.sampled_from(ZONES).map(ZoneInfo), st.frozensets(st.integers(0, 6), max_size=6))
lengths = st.builds(Length, st.integers(1, 120), st.sampled_from(Unit))


# --- lengths ----------------------------------------------------------------------------------------------------------


@given(lengths)
def test_a_length_reads_as_it_is_written(length: Length) -> None:
    assert length_of(f"{length.number} {length.unit}") == length_of(f"{length.number} {length.unit}s") == length


@pytest.mark.parametrize(
    "text",
    ["", "30", "days", "0 days", "-1 days", "30  days", "30 fortnights", "1.5 hours", "1000 days", "٣ days", "none"],
)
def test_what_is_no_length_is_refused_with_what_is_one(text: str) -> None:
    with pytest.raises(Unreadable, match=r"is no length: write a number from 1 to 999 and second, minute, hour, day"):
        length_of(text)


# --- counting ---------------------------------------------------------------------------------------------------------


@given(instants, lengths, offices)
def test_no_period_ends_before_it_starts(start: datetime, length: Length, office: Office) -> None:
    assert end_of_period(start, length, office) > start


@given(instants, instants, lengths, offices)
def test_what_starts_later_never_ends_earlier(one: datetime, other: datetime, length: Length, office: Office) -> None:
    earlier, later = sorted((one, other))
    assert end_of_period(earlier, length, office) <= end_of_period(later, length, office)


@given(instants, lengths, offices)
def test_a_longer_period_never_ends_earlier(start: datetime, length: Length, office: Office) -> None:
    longer = Length(length.number + 1, length.unit)
    assert end_of_period(start, length, office) <= end_of_period(start, longer, office)


@given(instants, st.integers(1, 400), st.sampled_from([Unit.SECOND, Unit.MINUTE, Unit.HOUR]), offices)
def test_hours_and_less_are_exact_whatever_the_clocks_on_the_wall_do(
    start: datetime, number: int, unit: Unit, office: Office
) -> None:
    seconds = {Unit.SECOND: 1, Unit.MINUTE: 60, Unit.HOUR: 3600}[unit]
    local = start.astimezone(office.zone)
    assert end_of_period(local, Length(number, unit), office).timestamp() == start.timestamp() + number * seconds


@given(instants, st.integers(1, 400), offices)
def test_days_end_with_the_last_moment_of_the_last_day(start: datetime, number: int, office: Office) -> None:
    """The day of the event is not counted: the last day bears its date plus the number of days."""
    due = end_of_period(start, Length(number, Unit.DAY), office)
    last = office.day_of(start) + timedelta(days=number)
    assert office.day_of(due + timedelta(microseconds=1)) > office.day_of(due)
    assert office.day_of(due) in (last, last - timedelta(days=1))  # the day before: where the zone skips the last day


@given(instants, st.integers(1, 60), offices)
def test_working_days_end_on_a_working_day_after_as_many_of_them(start: datetime, number: int, office: Office) -> None:
    due = end_of_period(start, Length(number, Unit.WORKING_DAY), office)
    first, last = office.day_of(start) + timedelta(days=1), office.day_of(due + timedelta(microseconds=1))
    days = [first + timedelta(days=step) for step in range((last - first).days)]
    worked = [day for day in days if office.is_working(day)]
    assert len(worked) == number or (len(worked) == number + 1 and office.zone.key == "Pacific/Apia")
    assert worked[-1] == days[-1]


@pytest.mark.parametrize(("start", "length", "zone", "due"), [
    # an hour is an hour: the night in which clocks go forward, and the one in which they go back
    ("2026-03-29T00:30:00Z", "2 hours",        "Europe/Paris",     "2026-03-29T02:30:00Z"),
    ("2026-10-24T12:00:00Z", "24 hours",       "Europe/Paris",     "2026-10-25T12:00:00Z"),
    # a day is a day there: 23 and 25 hours long
    ("2026-03-28T22:30:00Z", "1 day",          "Europe/Paris",     "2026-03-29T21:59:59.999999Z"),
    ("2026-10-24T21:59:00Z", "1 day",          "Europe/Paris",     "2026-10-25T22:59:59.999999Z"),
    # the day that it is there, not in UTC
    ("2026-06-30T23:30:00Z", "1 day",          "Europe/Paris",     "2026-07-02T21:59:59.999999Z"),
    ("2026-06-30T23:30:00Z", "1 day",          "America/New_York", "2026-07-02T03:59:59.999999Z"),
    # weeks end on the day of the same name, months on the same date, or on the month's last day
    ("2026-11-02T09:00:00Z", "1 week",         "Europe/Paris",     "2026-11-09T22:59:59.999999Z"),
    ("2026-01-31T09:00:00Z", "1 month",        "UTC",              "2026-02-28T23:59:59.999999Z"),
    ("2024-01-31T09:00:00Z", "1 month",        "UTC",              "2024-02-29T23:59:59.999999Z"),
    ("2026-11-30T09:00:00Z", "3 months",       "UTC",              "2027-02-28T23:59:59.999999Z"),
    ("2026-12-15T09:00:00Z", "1 month",        "UTC",              "2027-01-15T23:59:59.999999Z"),
    ("2024-02-29T09:00:00Z", "1 year",         "UTC",              "2025-02-28T23:59:59.999999Z"),
    # working days: over a weekend, and over the first of May
    ("2026-04-30T09:00:00Z", "1 working day",  "UTC",              "2026-05-04T23:59:59.999999Z"),
    ("2026-04-27T09:00:00Z", "5 working days", "UTC",              "2026-05-05T23:59:59.999999Z"),
    # midnight does not exist on the day on which Cairo goes forward
    ("2026-04-23T09:00:00Z", "1 day",          "Africa/Cairo",     "2026-04-24T20:59:59.999999Z"),
    ("2026-04-22T09:00:00Z", "1 day",          "Africa/Cairo",     "2026-04-23T21:59:59.999999Z"),
])  # fmt: skip
def test_periods_are_counted_as_in_regulation_1182_71(start: str, length: str, zone: str, due: str) -> None:
    office = Office(ZoneInfo(zone))
    instant = datetime.fromisoformat(start)
    for written in (instant, instant.astimezone(office.zone)):  # arithmetic on local time would lose the hour
        assert end_of_period(written, length_of(length), office) == datetime.fromisoformat(due)


# --- deadlines --------------------------------------------------------------------------------------------------------

RECEIVED = datetime(2026, 4, 1, 10, 0, tzinfo=UTC)
OPENED = RECEIVED + timedelta(days=1)


def rule(length: str, **said: Any) -> Rule:
    """A rule of an invented treaty on deciding."""
    plain = {"id": "t/decide", "duty": Duty.DECIDE, "article": "1(1)", "starts": Start.RECEIVED, "length": length}
    return Rule(**{"verified": True, "source": "S0", **plain, **said})


DEFAULT = rule(
    "60 days", id="default/decide", article="our default", verified=False, starts=Start.OPENED, extension="agreed"
)
ASKED = Provision(article="2(3)", verified=True, source="S0")


def due_of(duty: Duty, *rules: Rule, part: str = "M1", preserves: bool = False, **what: Any) -> tuple[Deadline, ...]:
    """The deadlines of one duty of an invented request; `what` belongs to the request, the measure or the duty."""
    measure = {name: what.pop(name) for name in ("decided", "until", "status", "execute_at") if name in what}
    owed = {name: what.pop(name) for name in ("extended",) if name in what}
    request = Request(
        reference=REFERENCE,
        direction=Direction.ASKED_OF_US,
        requesting="FR",
        requested="DE",
        received=RECEIVED,
        since=RECEIVED,
        measures=(
            Measure(
                id="M1",
                kind="k",
                instrument="t",
                urgency=Urgency.P3,
                urgency_by="ines",
                received=RECEIVED,
                since=RECEIVED,
                **measure,
            ),
        ),
        **what,
    )
    due = Owed(
        key=f"{part}/{duty}",
        part=part,
        duty=duty,
        urgency=Urgency.P3,
        opened=OPENED,
        entered=OPENED,
        ladder="P3",
        **owed,
    )
    return deadlines_of(due, request, Terms(rules, DEFAULT, ASKED, preserves, "v"), calendar=PARIS)


def said(deadlines: tuple[Deadline, ...]) -> list[tuple[str, str]]:
    return [(deadline.rule, deadline.due.isoformat()) for deadline in deadlines]


def test_a_deadline_says_where_it_comes_from() -> None:
    first, second = due_of(Duty.DECIDE, rule("30 days"))
    assert first == Deadline(
        due=datetime(2026, 5, 1, 21, 59, 59, 999999, tzinfo=UTC),
        rule="t/decide",
        article="1(1)",
        verified=True,
        started=RECEIVED,
        length="30 days",
        law="law v, an invented calendar",
    )
    assert (second.rule, second.article, second.verified, second.started) == (
        "default/decide",
        "our default",
        False,
        OPENED,
    )


def test_a_rule_without_a_number_sets_no_deadline_and_our_default_does() -> None:
    assert said(due_of(Duty.DECIDE, rule("none"))) == [("default/decide", "2026-06-01T21:59:59.999999+00:00")]


@pytest.mark.parametrize(("starts", "measure", "started"), [
    (Start.RECEIVED, {}, RECEIVED),
    (Start.OPENED, {}, OPENED),
    (Start.PUT_IN_FORCE, {}, OPENED),
    (Start.DECIDED, {"decided": OPENED + timedelta(hours=5)}, OPENED + timedelta(hours=5)),
    (Start.DECIDED, {}, OPENED),
])  # fmt: skip
def test_a_rule_counts_from_its_own_instant(starts: Start, measure: dict[str, Any], started: datetime) -> None:
    assert due_of(Duty.DECIDE, rule("1 hour", starts=starts), **measure)[0].started == started


def test_an_end_on_a_holiday_moves_only_where_the_rule_says_so() -> None:
    """30 days from 1 April end on 1 May, a Friday and a holiday; the next working day is Monday, 4 May."""
    stays, moves = rule("30 days"), rule("30 days", id="t/moves", ends_on_working_day=True)
    assert said(due_of(Duty.DECIDE, stays, moves))[:2] == [
        ("t/decide", "2026-05-01T21:59:59.999999+00:00"),
        ("t/moves", "2026-05-04T21:59:59.999999+00:00"),
    ]


def test_hours_never_move_to_a_working_day() -> None:
    assert due_of(Duty.DECIDE, rule("720 hours", ends_on_working_day=True))[0].due == RECEIVED + timedelta(hours=720)


@pytest.mark.parametrize("duty", [Duty.DECIDE, Duty.EXECUTE])
def test_a_date_asked_for_is_a_deadline_of_its_own(duty: Duty) -> None:
    asked_by = datetime.fromisoformat("2026-04-20T12:00:00+02:00")
    found = due_of(duty, asked_by=asked_by)[0]
    assert (found.rule, found.article, found.verified) == ("asked by the requesting authority", "2(3)", True)
    assert (found.due.isoformat(), found.started) == ("2026-04-20T10:00:00+00:00", RECEIVED)


def test_a_date_asked_for_binds_no_other_duty() -> None:
    assert [found.rule for found in due_of(Duty.ACKNOWLEDGE, asked_by=OPENED)] == ["default/decide"]


@pytest.mark.parametrize("duty", [Duty.DECIDE, Duty.EXECUTE])
def test_the_minute_at_which_it_is_executed_in_several_states_is_a_deadline_of_its_measure(duty: Duty) -> None:
    """What is not decided by then cannot be executed then. It is one instant, in whatever offset it was written."""
    minute = datetime.fromisoformat("2026-04-20T06:00:00+02:00")
    found = due_of(duty, execute_at=minute)[0]
    assert (found.rule, found.due.isoformat()) == ("executed at the same minute", "2026-04-20T04:00:00+00:00")
    assert (found.article, found.length) == ("a date of this request", "as dated")
    assert [each.rule for each in due_of(Duty.ACKNOWLEDGE, execute_at=minute)] == ["default/decide"]
    assert [each.rule for each in due_of(duty, part="request", execute_at=minute)] == ["default/decide"]


@pytest.mark.parametrize("duty", [Duty.PROVISIONAL_ACT, Duty.DECIDE, Duty.EXECUTE])
def test_the_loss_of_data_is_a_deadline_for_what_preserves_them(duty: Duty) -> None:
    lost = OPENED + timedelta(days=3)
    assert said(due_of(duty, preserves=True, data_lost_at=lost))[0] == ("data lost", lost.isoformat())
    assert len(due_of(duty, preserves=False, data_lost_at=lost)) == 1


def test_a_date_given_takes_the_place_of_our_default() -> None:
    until = OPENED + timedelta(days=90)
    for duty in (Duty.RENEW_OR_LET_GO, Duty.ANSWER_CONSULTATION):
        assert said(due_of(duty, until=until)) == [("date given", until.isoformat())]
    asked = Question(id="Q1", to=Role.PROVIDER, since=OPENED, answer_by=until)
    assert said(due_of(Duty.ANSWER, part="Q1", questions=(asked,))) == [("date given", until.isoformat())]


def test_the_end_of_a_measure_says_nothing_of_its_other_duties() -> None:
    assert [found.rule for found in due_of(Duty.EXECUTE, until=OPENED)] == ["default/decide"]


LEAST = rule("60 days", id="t/least", starts=Start.PUT_IN_FORCE, least=True)
END_OF_SIXTY_DAYS = datetime(2026, 6, 1, 21, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize(("until", "rules"), [
    (END_OF_SIXTY_DAYS - timedelta(days=1), ["date given", "t/least"]),
    (END_OF_SIXTY_DAYS, ["date given"]),
    (END_OF_SIXTY_DAYS + timedelta(days=30), ["date given"]),
    (None, ["t/least", "default/decide"]),
])  # fmt: skip
def test_a_minimum_is_shown_as_long_as_the_order_does_not_reach_it(until: datetime | None, rules: list[str]) -> None:
    assert [found.rule for found in due_of(Duty.RENEW_OR_LET_GO, LEAST, until=until, status=Status.IN_FORCE)] == rules


@pytest.mark.parametrize(("extension", "extended", "due", "length"), [
    ("none",    datetime(2026, 5, 20, tzinfo=UTC), "2026-05-01T21:59:59.999999+00:00", "30 days"),
    ("agreed",  datetime(2026, 9, 20, tzinfo=UTC), "2026-09-20T00:00:00+00:00",        "30 days, extended"),
    ("30 days", datetime(2026, 5, 20, tzinfo=UTC), "2026-05-20T00:00:00+00:00",        "30 days, extended"),
    ("30 days", datetime(2026, 9, 20, tzinfo=UTC), "2026-05-31T21:59:59.999999+00:00", "30 days, extended"),
    ("30 days", datetime(2026, 4, 20, tzinfo=UTC), "2026-05-01T21:59:59.999999+00:00", "30 days"),
])  # fmt: skip
def test_an_extension_goes_as_far_as_the_rule_allows(extension: str, extended: datetime, due: str, length: str) -> None:
    found = next(
        d for d in due_of(Duty.DECIDE, rule("30 days", extension=extension), extended=extended) if d.rule == "t/decide"
    )
    assert (found.due.isoformat(), found.length) == (due, length)


def test_an_extension_moves_no_date_of_the_request_itself() -> None:
    lost, later = OPENED + timedelta(days=3), OPENED + timedelta(days=100)
    found = due_of(Duty.DECIDE, preserves=True, data_lost_at=lost, asked_by=lost, extended=later)
    assert [deadline.due for deadline in found if deadline.rule != "default/decide"] == [lost, lost]


@given(instants, lengths, offices)
def test_the_earliest_deadline_comes_first(start: datetime, length: Length, office: Office) -> None:
    found = due_of(Duty.DECIDE, rule(f"{length.number} {length.unit}"), rule("5 days", id="t/b"), asked_by=start)
    assert [deadline.due for deadline in found] == sorted(deadline.due for deadline in found)
