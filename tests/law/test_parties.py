"""Since when, and until when, an instrument binds two States."""

from datetime import date, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from comity.law.drawing import parties
from comity.law.library import Law
from comity.law.models import Parties

LAW = Law.load()
DAYS = st.dates(date(1959, 4, 20), date(2030, 1, 1))
LISTED = [
    key
    for key, read in LAW.instruments.items()
    if read.parties.states != "unknown" and read.in_force and not read.linked
]


def bound(instrument: str, one: str, other: str, day: date) -> Literal["yes", "no", "unknown"]:
    return LAW.in_force_between(instrument, one, other, day)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, str, str]:
    """An instrument whose list was read, and two States that it names."""
    instrument = draw(st.sampled_from(LISTED))
    states = list(LAW.instrument(instrument).parties.states)
    return instrument, draw(st.sampled_from(states)), draw(st.sampled_from(states))


@given(pairs())
def test_between_two_states_it_begins_on_the_later_of_their_days(found: tuple[str, str, str]) -> None:
    """Truth protected: nobody acts on a treaty that only one of the two was bound by."""
    instrument, one, other = found
    read = LAW.instrument(instrument)
    applies = read.applies_from or date.min + timedelta(1)
    first = max(read.parties.since.get(state, applies) for state in (one, other))
    assert bound(instrument, one, other, first) == "yes"
    assert bound(instrument, one, other, first - timedelta(1)) == "no"


@given(pairs(), DAYS, DAYS)
def test_what_binds_two_states_binds_both_ways_and_on_every_later_day(
    found: tuple[str, str, str], one_day: date, other_day: date
) -> None:
    """No file names a last day; until one does, what is in force stays so."""
    instrument, one, other = found
    earlier, later = sorted((one_day, other_day))
    assert bound(instrument, one, other, earlier) == bound(instrument, other, one, earlier)
    assert bound(instrument, one, other, later) == "yes" or bound(instrument, one, other, earlier) == "no"


@given(DAYS, st.integers(0, 9000), DAYS)
def test_a_state_is_bound_on_no_day_before_its_first_or_after_its_last(first: date, lasts: int, day: date) -> None:
    last = first + timedelta(lasts)
    of = Parties(states=("PT",), since={"PT": first}, until={"PT": last}, verified=True, source="S3")
    assert of.binds("PT", day) == ("yes" if first <= day <= last else "no")


@given(DAYS)
def test_a_day_that_nobody_has_read_is_no_no(day: date) -> None:
    """A State that is named without a day is bound on any; one that is not named is `unknown`, verified or not."""
    for verified in (True, False):
        of = Parties(states=("PT",), verified=verified, source="S3")
        assert (of.binds("PT", day), of.binds("LU", day)) == ("yes", "unknown")
    unread = Parties(states="unknown", verified=False, source="none")
    assert unread.binds("PT", day) == "unknown"


@given(DAYS)
def test_only_whom_a_text_excludes_is_not_bound_without_a_day(day: date) -> None:
    of = Parties(states=("PT",), outside=("IE",), verified=True, source="S14")
    assert (of.binds("IE", day), of.binds("LU", day)) == ("no", "unknown")


def test_a_treaty_of_two_states_binds_nobody_else() -> None:
    """Truth protected: it is offered as a basis to no other pair, and a lawyer reads so."""
    day = date(2026, 11, 30)
    assert bound("nlus1981", "US", "NL", day) == "yes"
    assert {bound("nlus1981", "US", "LU", day), bound("nlus1981", "NL", "LU", day)} == {"no"}
    assert bound("bilateral", "US", "LU", day) == "unknown", "of other pairs nobody has read"
    assert "nobody else can be" in parties(LAW.instrument("nlus1981"))


def test_only_a_list_of_names_can_be_closed() -> None:
    with pytest.raises(ValidationError, match="only a treaty whose `states` are named is closed to others"):
        Parties(states="unknown", closed=True, verified=True, source="S3")
