"""A letter raises what was told by voice, and lowers nothing, whatever it claims."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from comity.request.model import Receive, Request, Urgency
from desk.comparing import Beyond, beyond
from tests.request.lives import NOW, begun, coming_in, sought

CLASSES = st.sampled_from(Urgency)
DATES = st.none() | st.integers(0, 9).map(lambda days: NOW + timedelta(days=days))


def claiming(urgency: Urgency, asked_by: datetime | None = None) -> Receive:
    """What a letter would open: one measure, and a date."""
    return coming_in(sought(urgency=urgency)).model_copy(update={"asked_by": asked_by})


def standing(urgency: Urgency, asked_by: datetime | None = None) -> Request:
    """A request with one measure, and a date."""
    return begun(sought(urgency=urgency)).model_copy(update={"asked_by": asked_by})


@given(told=CLASSES, written=CLASSES, now=CLASSES)
def test_a_class_is_raised_where_the_letter_claims_more_than_was_told_and_than_stands(
    told: Urgency, written: Urgency, now: Urgency
) -> None:
    found = beyond(claiming(told), claiming(written), standing(now))
    assert found.classes == ({"M1": written} if written.rank < min(told.rank, now.rank) else {})
    assert bool(found.stays) == (written.rank > now.rank)


@given(told=DATES, written=DATES, now=DATES)
def test_a_date_is_raised_where_it_is_earlier_than_what_was_told_and_than_what_stands(
    told: datetime | None, written: datetime | None, now: datetime | None
) -> None:
    found = beyond(claiming(Urgency.P3, told), claiming(Urgency.P3, written), standing(Urgency.P3, now))
    earlier = written is not None and all(written < known for known in (told, now) if known)
    assert found.dates == ({"asked_by": written} if earlier else {})
    assert bool(found.stays) == bool(written and now and written > now)


def test_a_letter_that_repeats_the_call_changes_nothing() -> None:
    told = claiming(Urgency.P0, NOW)
    assert beyond(told, told, standing(Urgency.P0, NOW)) == Beyond({}, {}, {}, ())


@given(written=DATES, now=DATES)
def test_a_minute_is_taken_over_where_none_stands_and_another_is_told(
    written: datetime | None, now: datetime | None
) -> None:
    """The minute at which several States act is agreed between them: no letter moves it by itself."""
    told = coming_in(sought(execute_at=written))
    found = beyond(coming_in(sought()), told, begun(sought(execute_at=now)))
    assert found.minutes == ({"M1": written} if written and now is None else {})
    assert [line for line in found.stays if "M1 stays as it is" in line] == [*found.stays]
    assert bool(found.stays) == bool(written and now and written != now)
