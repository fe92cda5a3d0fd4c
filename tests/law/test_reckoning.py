"""What the law makes of whole requests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.law.calendars import OfficeCalendar
from comity.law.explaining import explained
from comity.law.library import Law
from comity.law.reckoning import reckon
from comity.request.deadlines import AGREED, NO_NUMBER, end_of_period, length_of
from comity.request.lifecycle import Duty, Status
from comity.request.model import (
    Deadline,
    Direction,
    Measure,
    Owed,
    Package,
    Reckoning,
    Request,
    Stop,
    Urgency,
)
from comity.request.triage import ladder_name

LAW = Law.load()
LUXEMBOURG = OfficeCalendar.of("LU", "Europe/Luxembourg")
YEAR = timedelta(days=365)
RECEIVED = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def measure(number: int = 1, **said: Any) -> Measure:
    """A measure of an invented request: bank records under the EIO, P3, unless said otherwise."""
    plain = {"kind": "bank records", "instrument": "eio", "urgency": Urgency.P3, "urgency_by": "ines"}
    return Measure(id=f"M{number}", **{"received": RECEIVED, "since": RECEIVED, **plain, **said})


def owed(duty: Duty, part: str = "request", urgency: Urgency = Urgency.P3, **said: Any) -> Owed:
    """A duty that opened when the request came in."""
    plain = {"opened": RECEIVED, "entered": RECEIVED, "ladder": ladder_name(duty, urgency)}
    return Owed(key=f"{part}/{duty}", part=part, duty=duty, urgency=urgency, **{**plain, **said})


def request(*duties: Owed, measures: tuple[Measure, ...] = (), **said: Any) -> Request:
    """An invented request from Portugal to Luxembourg."""
    return Request(
        reference="01K9ZZZZZZZZZZZZZZZZZZZZZZ",
        direction=Direction.ASKED_OF_US,
        requesting="PT",
        requested="LU",
        received=RECEIVED,
        since=RECEIVED,
        measures=measures or (measure(),),
        duties=duties,
        **said,
    )


def told(found: Reckoning) -> dict[str, list[tuple[str, str]]]:
    return {row.duty: [(each.rule, each.due.isoformat()) for each in row.deadlines] for row in found.duties}


def with_(before: Request, found: Reckoning) -> Request:
    """The request after this reckoning, as the fold leaves it."""
    counted = {row.duty: row.deadlines for row in found.duties}
    duties = tuple(
        each.model_copy(update={"reckoned": True, "deadlines": counted[each.key]}) if each.key in counted else each
        for each in before.duties
    )
    return before.model_copy(update={"duties": duties, "ladders": {**before.ladders, **found.ladders}})


def test_a_standard_request_under_the_eio() -> None:
    """Where our default ends at the same instant, the article leads: it is what a person quotes."""
    standing = request(owed(Duty.ACKNOWLEDGE), owed(Duty.DECIDE, "M1"))
    found = reckon(standing, LAW, LUXEMBOURG)
    assert told(found) == {
        "request/acknowledge": [
            ("eio/acknowledge", "2026-11-09T22:59:59.999999+00:00"),
            ("default/acknowledge", "2026-11-09T22:59:59.999999+00:00"),
        ],
        "M1/decide": [
            ("eio/decide", "2026-12-02T22:59:59.999999+00:00"),
            ("default/decide", "2026-12-02T22:59:59.999999+00:00"),
        ],
    }
    assert found.ladders == {"P3": LAW.ladders["P3"]}
    assert found.duties[0].deadlines[0] == Deadline(
        due=datetime(2026, 11, 9, 22, 59, 59, 999999, tzinfo=UTC),
        rule="eio/acknowledge",
        article="16(1)",
        verified=True,
        started=RECEIVED,
        length="1 week",
        law=f"law {LAW.version}, {LUXEMBOURG.version}",
    )


def test_an_urgent_request_under_a_treaty_without_numbers() -> None:
    """UNTOC sets no number: our default clocks run, from the instant of receipt, in minutes."""
    p0 = measure(instrument="untoc", urgency=Urgency.P0)
    duties = [owed(duty, urgency=Urgency.P0) for duty in (Duty.ACKNOWLEDGE, Duty.TELL_POLICE, Duty.REPORT_PROGRESS)]
    found = reckon(request(*duties, owed(Duty.DECIDE, "M1", Urgency.P0), measures=(p0,)), LAW, LUXEMBOURG)
    assert told(found) == {
        "request/acknowledge": [("default/acknowledge", "2026-11-02T09:45:00+00:00")],
        "request/tell the police": [("default/tell the police", "2026-11-02T09:45:00+00:00")],
        "request/report progress": [("default/report progress", "2026-11-02T11:30:00+00:00")],
        "M1/decide": [("default/decide", "2026-11-02T11:30:00+00:00")],
    }
    assert set(found.ladders) == {"P0", "P0 at the deadline"}


def test_a_preservation_whose_data_are_about_to_be_lost() -> None:
    lost = RECEIVED + timedelta(hours=10)
    preserve = measure(kind="expedited preservation", instrument="budapest", urgency=Urgency.P1D)
    other = measure(2, instrument="budapest", urgency=Urgency.P1D)
    duties = [owed(Duty.DECIDE, part, Urgency.P1D) for part in ("M1", "M2")]
    found = reckon(request(*duties, measures=(preserve, other), data_lost_at=lost), LAW, LUXEMBOURG)
    assert told(found) == {
        "M1/decide": [("data lost", lost.isoformat()), ("default/decide", "2026-11-03T09:30:00+00:00")],
        "M2/decide": [("default/decide", "2026-11-03T09:30:00+00:00")],
    }


def test_a_preservation_in_force_ends_when_its_order_does() -> None:
    """The order's own end leads; an end before the treaty's sixty days shows the sixty days beside it."""
    until = datetime(2026, 12, 1, tzinfo=UTC)
    kept = measure(kind="expedited preservation", instrument="budapest", status=Status.IN_FORCE, until=until)
    found = reckon(request(owed(Duty.RENEW_OR_LET_GO, "M1"), measures=(kept,)), LAW, LUXEMBOURG)
    assert told(found)["M1/renew or let go"] == [
        ("date given", "2026-12-01T00:00:00+00:00"),
        ("budapest/preserve at least", "2027-01-01T22:59:59.999999+00:00"),
        ("budapest/preserve at most", "2027-01-31T22:59:59.999999+00:00"),
    ]
    assert set(found.ladders) == {"preservation expiry"}


def test_execution_under_the_eio_counts_from_the_decision() -> None:
    decided = measure(status=Status.GRANTED, decided=RECEIVED + timedelta(days=10))
    found = reckon(request(owed(Duty.EXECUTE, "M1"), measures=(decided,)), LAW, LUXEMBOURG)
    assert told(found)["M1/execute"] == [
        ("default/execute", "2027-01-31T22:59:59.999999+00:00"),
        ("eio/execute", "2027-02-10T22:59:59.999999+00:00"),
    ]


def test_a_duty_of_the_request_knows_the_rules_of_all_its_instruments() -> None:
    both = (measure(instrument="untoc"), measure(2), measure(3, kind="freezing"))
    found = reckon(request(owed(Duty.ACKNOWLEDGE), measures=both), LAW, LUXEMBOURG)
    assert [each.rule for each in found.duties[0].deadlines] == ["eio/acknowledge", "default/acknowledge"]


def test_a_package_rests_on_the_instruments_of_its_request() -> None:
    package = Package(id="P1", since=RECEIVED, exhibits=(), recipient="porto", content="0" * 64)
    found = reckon(request(owed(Duty.RELEASE, "P1"), packages=(package,)), LAW, LUXEMBOURG)
    assert [each.rule for each in found.duties[0].deadlines] == ["default/release"]


@pytest.mark.parametrize("instrument", ["cets224", "none", "no file describes it"])
def test_law_that_binds_nobody_or_is_not_described_leaves_our_default(instrument: str) -> None:
    found = reckon(request(owed(Duty.EXECUTE, "M1"), measures=(measure(instrument=instrument),)), LAW, LUXEMBOURG)
    assert [each.rule for each in found.duties[0].deadlines] == ["default/execute"]


def test_a_date_asked_for_names_the_article_that_honours_it() -> None:
    asked = RECEIVED + timedelta(days=5)
    for instrument, article, verified in (
        ("eio", "12(2)", True),
        ("untoc", "18(24)", True),
        ("none", "unknown", False),
    ):
        standing = request(owed(Duty.DECIDE, "M1"), measures=(measure(instrument=instrument),), asked_by=asked)
        first = reckon(standing, LAW, LUXEMBOURG).duties[0].deadlines[0]
        assert (first.rule, first.article, first.verified) == ("asked by the requesting authority", article, verified)


@pytest.mark.parametrize("urgency", Urgency)
@pytest.mark.parametrize("part", ["request", "M1"])
def test_no_duty_goes_without_a_deadline_and_a_ladder(part: str, urgency: Urgency) -> None:
    standing = request(*(owed(duty, part, urgency) for duty in Duty), measures=(measure(instrument="untoc"),))
    found = reckon(standing, LAW, LUXEMBOURG)
    assert [row.duty for row in found.duties] == [f"{part}/{duty}" for duty in Duty]
    assert all(row.deadlines and row.deadlines[0].due > RECEIVED for row in found.duties)
    assert set(found.ladders) == {each.ladder for each in standing.duties}


# --- only what is new -------------------------------------------------------------------------------------------------

STANDING = request(owed(Duty.ACKNOWLEDGE), owed(Duty.DECIDE, "M1"))
COUNTED = with_(STANDING, reckon(STANDING, LAW, LUXEMBOURG))


def test_counting_twice_finds_the_same() -> None:
    assert reckon(STANDING, LAW, LUXEMBOURG) == reckon(
        STANDING, Law.load(), OfficeCalendar.of("LU", "Europe/Luxembourg")
    )


def test_what_was_counted_is_not_told_again() -> None:
    assert reckon(COUNTED, LAW, LUXEMBOURG) == Reckoning()


def test_a_duty_to_be_counted_anew_is_told_though_nothing_moved() -> None:
    acknowledge, decide = COUNTED.duties
    anew = COUNTED.model_copy(update={"duties": (acknowledge, decide.model_copy(update={"reckoned": False}))})
    assert list(told(reckon(anew, LAW, LUXEMBOURG))) == ["M1/decide"]


def test_a_new_version_alone_moves_no_deadline() -> None:
    """Else each release of the holidays library would begin every ladder anew."""
    assert reckon(COUNTED, replace(LAW, version="default-000000000000"), LUXEMBOURG) == Reckoning()


def test_another_legal_basis_moves_every_deadline_that_rests_on_it() -> None:
    """The acknowledgement's too: it is owed under all instruments of the request."""
    based = COUNTED.model_copy(update={"measures": (measure(instrument="untoc"),)})
    assert told(reckon(based, LAW, LUXEMBOURG)) == {
        "request/acknowledge": [("default/acknowledge", "2026-11-09T22:59:59.999999+00:00")],
        "M1/decide": [("default/decide", "2026-12-02T22:59:59.999999+00:00")],
    }


def test_an_extension_goes_to_the_thirty_days_that_article_12_allows() -> None:
    acknowledge, decide = COUNTED.duties
    wanted = RECEIVED + timedelta(days=365)
    longer = COUNTED.model_copy(update={"duties": (acknowledge, decide.model_copy(update={"extended": wanted}))})
    assert told(reckon(longer, LAW, LUXEMBOURG)) == {
        "M1/decide": [("eio/decide", "2027-01-01T22:59:59.999999+00:00"), ("default/decide", wanted.isoformat())],
    }


# --- whatever the law, the day and the class --------------------------------------------------------------------------

_BY_URGENCY = (
    (Urgency.P0, Urgency.P1, Urgency.P2, Urgency.P3, Urgency.P4),
    (Urgency.P0, Urgency.P1D, Urgency.P2, Urgency.P3, Urgency.P4),
)
"""P1 and P1d are urgent for different reasons: where data are about to be lost, execution is due before that of P1."""
STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2031, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - zones are drawn


def counted(duty: Duty, urgency: Urgency, start: datetime, instrument: str, **more: Any) -> tuple[Deadline, ...]:
    """The deadlines of one duty of a measure that was received, decided and put in force at an instant."""
    duties = (owed(duty, "M1", urgency, opened=start, entered=start, **more),)
    about = measure(instrument=instrument, urgency=urgency, received=start, decided=start)
    (row,) = reckon(request(*duties, measures=(about,)), LAW, LUXEMBOURG).duties
    return row.deadlines


@given(st.sampled_from(Duty), STARTS, st.sampled_from(sorted(LAW.instruments)))
def test_more_urgency_never_means_later(duty: Duty, start: datetime, instrument: str) -> None:
    for order in _BY_URGENCY:
        dues = [counted(duty, urgency, start, instrument)[0].due for urgency in order]
        assert dues == sorted(dues)


@given(st.sampled_from(Urgency), STARTS, st.sampled_from(sorted(LAW.instruments)), st.timedeltas(-YEAR, 5 * YEAR))
def test_an_extension_never_goes_beyond_what_its_rule_allows_and_shortens_nothing(
    urgency: Urgency, start: datetime, instrument: str, wanted: timedelta
) -> None:
    """The safety clocks of P0 and P1 are not extended at all, by whatever date."""
    rules = {rule.id: rule for rule in (*LAW.rules_for(instrument, Duty.DECIDE, "bank records", urgency),)}
    plain = {each.rule: each.due for each in counted(Duty.DECIDE, urgency, start, instrument)}
    for each in counted(Duty.DECIDE, urgency, start, instrument, extended=start + wanted):
        rule = rules.get(each.rule, LAW.defaults.rule(Duty.DECIDE, urgency))
        latest = {
            NO_NUMBER: plain[each.rule],
            AGREED: max(plain[each.rule], start + wanted),
        }.get(rule.extension) or end_of_period(plain[each.rule], length_of(rule.extension), LUXEMBOURG)
        assert plain[each.rule] <= each.due <= latest
        if urgency in (Urgency.P0, Urgency.P1) and each.rule.startswith("default/"):
            assert each.due == plain[each.rule]


# --- stops ------------------------------------------------------------------------------------------------------------

DAY = timedelta(days=1)
OWN = "eio/own proceedings"


def stop(from_day: float, days: float | None, ground: str = OWN) -> Stop:
    """A suspension that began so many days after the decision; None: it lasts."""
    since = RECEIVED + from_day * DAY
    return Stop(ground=ground, since=since, until=None if days is None else since + days * DAY)


def execution(*stops: Stop, instrument: str = "eio", start: datetime = RECEIVED) -> dict[str, Deadline]:
    """The deadlines of execution of a measure that was decided when it was received, by rule."""
    about = measure(instrument=instrument, status=Status.STARTED, received=start, decided=start, stops=stops)
    standing = request(owed(Duty.EXECUTE, "M1", opened=start, entered=start), measures=(about,))
    (row,) = reckon(standing, LAW, LUXEMBOURG).duties
    return {each.rule: each for each in row.deadlines}


@pytest.mark.parametrize(("stops", "due"), [
    ((), "2027-01-31T22:59:59.999999+00:00"),
    ((stop(10, 10),), "2027-02-10T22:59:59.999999+00:00"),
    ((stop(10, 10, "eio/in use"), stop(40, 1)), "2027-02-11T22:59:59.999999+00:00"),
    ((stop(10, 0.5),), "2027-02-01T22:59:59.999999+00:00"),  # it would end in the next day, so it ends with that day
    ((stop(-5, 10),), "2027-02-05T22:59:59.999999+00:00"),  # five of them after the decision
    ((stop(-9, 3),), "2027-01-31T22:59:59.999999+00:00"),
    ((stop(10, None),), "2027-01-31T22:59:59.999999+00:00"),
    ((stop(10, 10, ""), stop(10, 10, "untoc/own proceedings")), "2027-01-31T22:59:59.999999+00:00"),
])  # fmt: skip
def test_a_suspension_counts_only_on_a_ground_by_which_its_rule_is_stopped(stops: tuple[Stop, ...], due: str) -> None:
    """Directive 2014/41/EU art. 12(4): not while postponed under art. 15. Our own default is stopped by nothing."""
    found = execution(*stops)
    assert found["eio/execute"].due.isoformat() == due
    assert found["default/execute"] == execution()["default/execute"]


def test_an_instrument_that_says_nothing_of_stops_is_stopped_by_nothing() -> None:
    assert execution(stop(10, 10, "untoc/own proceedings"), instrument="untoc") == execution(instrument="untoc")


def test_a_deadline_that_was_stopped_says_when() -> None:
    """Only the part of it in which the rule was counting."""
    found = execution(stop(-5, 10), stop(10, 10, ""))["eio/execute"]
    assert found.stops == (Stop(ground=OWN, since=RECEIVED, until=RECEIVED + 5 * DAY),)
    assert explained(found, LUXEMBOURG).sentence == (
        "eio/execute (12(4)); 90 days from 2026-11-02 10:30:00 Europe/Luxembourg; "
        "stopped from 2026-11-02 10:30:00 Europe/Luxembourg to 2026-11-07 10:30:00 Europe/Luxembourg "
        "(eio/own proceedings), which is added; due 2027-02-05 23:59:59 Europe/Luxembourg"
    )


@given(
    STARTS,
    st.lists(st.tuples(st.floats(-20, 200), st.floats(0, 60) | st.none()), max_size=4),
    st.sampled_from(sorted(LAW.instruments)),
)
def test_a_stop_never_shortens_a_deadline(
    start: datetime, stretches: list[tuple[float, float | None]], instrument: str
) -> None:
    grounds = [ground.id for ground in LAW.instruments[instrument].grounds] or [""]
    stops = tuple(
        Stop(ground=ground, since=start + day * DAY, until=None if days is None else start + (day + days) * DAY)
        for day, days in stretches
        for ground in grounds
    )
    plain, stopped = (
        execution(instrument=instrument, start=start),
        execution(*stops, instrument=instrument, start=start),
    )
    assert plain.keys() == stopped.keys()
    assert all(stopped[rule].due >= plain[rule].due for rule in plain)
