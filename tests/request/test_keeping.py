"""Until when what a closed request has left is kept: never too short, and the record never before what it is about."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from comity.law.calendars import OfficeCalendar
from comity.request.deadlines import end_of_period, length_of
from comity.request.keeping import IN_ORDER, Keeping, kept_until, prolonged
from comity.request.lifecycle import Status
from comity.request.model import Measure, Request
from tests.request.lives import begun

LUXEMBOURG = OfficeCalendar.of("LU", "Europe/Luxembourg")
OURS = {Keeping.REVIEW: "1 year", Keeping.VAULT: "2 years", Keeping.CONTENT: "5 years", Keeping.RECORD: "30 years"}
CLOSED = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
INSTANTS: st.SearchStrategy[datetime] = st.integers(0, 10**9).map(lambda seconds: CLOSED + timedelta(seconds=seconds))
LENGTHS = st.builds("{} {}s".format, st.integers(1, 999), st.sampled_from(["second", "hour", "day", "month"]))
ALL_LENGTHS = st.fixed_dictionaries(dict.fromkeys(Keeping, LENGTHS))


def request(until: datetime | None = None, *, last_letter: datetime | None = None, ended: bool = False) -> Request:
    """A closed request of one measure, with the dates that it names."""
    status = Status.DONE if ended else Status.IN_FORCE
    measure: Measure = begun().measures[0].model_copy(update={"status": status, "until": until})
    closed = {"status": Status.CLOSED, "measures": (measure,), "duties": (), "last_letter_until": last_letter}
    return begun().model_copy(update=closed)


@given(closed=INSTANTS, lengths=ALL_LENGTHS, until=st.none() | INSTANTS, last_letter=st.none() | INSTANTS)
def test_nothing_ends_before_its_time_or_before_the_last_date_of_the_request(
    closed: datetime, lengths: dict[Keeping, str], until: datetime | None, last_letter: datetime | None
) -> None:
    found = kept_until(request(until, last_letter=last_letter), closed, lengths, LUXEMBOURG)
    assert set(found) == set(Keeping)
    for what, due in found.items():
        assert due >= end_of_period(closed, length_of(lengths[what]), LUXEMBOURG)
        assert all(due >= named for named in (until, last_letter) if named)


@given(closed=INSTANTS, lengths=ALL_LENGTHS, until=st.none() | INSTANTS)
def test_the_record_outlives_the_content_and_the_content_the_vault(
    closed: datetime, lengths: dict[Keeping, str], until: datetime | None
) -> None:
    """Whatever a file says that was not read by the models of the law."""
    found = kept_until(request(until), closed, lengths, LUXEMBOURG)
    assert found[Keeping.VAULT] <= found[Keeping.CONTENT] <= found[Keeping.RECORD]


@given(what=st.sampled_from(Keeping), until=INSTANTS, lengths=ALL_LENGTHS)
def test_what_is_kept_longer_shortens_nothing_and_keeps_what_ends_after_it(
    what: Keeping, until: datetime, lengths: dict[Keeping, str]
) -> None:
    dates = kept_until(request(), CLOSED, lengths, LUXEMBOURG)
    moved = prolonged(dates, what, until)
    after = dates | moved
    assert all(after[each] >= dates[each] for each in Keeping)
    assert after[what] >= until
    assert [after[each] for each in IN_ORDER] == sorted(after[each] for each in IN_ORDER)
    assert what != Keeping.REVIEW or set(moved) <= {Keeping.REVIEW}


def test_our_dates_after_a_closing_in_november() -> None:
    """The ends of days in Luxembourg, an hour before midnight in UTC."""
    found = kept_until(request(), CLOSED, OURS, LUXEMBOURG)
    ends = {what: datetime(CLOSED.year + years, 11, 22, 22, 59, 59, 999999, tzinfo=UTC) for what, years in _YEARS}
    assert found == ends


_YEARS = ((Keeping.REVIEW, 1), (Keeping.VAULT, 2), (Keeping.CONTENT, 5), (Keeping.RECORD, 30))


def test_the_date_of_a_measure_that_has_ended_holds_nothing() -> None:
    far = CLOSED + timedelta(days=50_000)
    assert kept_until(request(far), CLOSED, OURS, LUXEMBOURG)[Keeping.RECORD] == far
    assert kept_until(request(far, ended=True), CLOSED, OURS, LUXEMBOURG)[Keeping.RECORD] < far
