"""The structure that the life of a request begins with."""

from datetime import UTC, datetime
from typing import Any

import pytest

from comity.request.gaps import gaps, instrument_of
from comity.request.letter import Letter
from comity.request.lifecycle import EDITION
from comity.request.model import Direction, Gap, Receive, SoughtMeasure, Urgency
from comity.request.opening import opening, urgency_of
from tests.request.letters import DIGEST, LAW, NOON, letter


def opened(told: Letter) -> Receive:
    return opening(told, gaps(told, LAW, NOON), law=LAW, us="LU", digest=DIGEST, now=NOON)


@pytest.mark.parametrize(
    ("fields", "instrument"),
    [
        ({"legal_bases": [{"instrument": "EIO"}]}, "eio"),
        ({"legal_bases": [{"instrument": "harare"}]}, "harare"),
        ({"legal_bases": [{"instrument": "cets224"}]}, "none"),
        ({"legal_bases": [{"instrument": "lost treaty"}]}, "none"),
        ({"legal_bases": [{"reciprocity": True}]}, "none"),
        ({}, "none"),
    ],
)
def test_an_instrument_that_cannot_bind_opens_as_none(fields: dict[str, Any], instrument: str) -> None:
    assert opened(letter(**fields, measures=[{}])).measures[0].instrument == instrument


def test_a_kind_that_we_do_not_know_opens_as_unknown() -> None:
    assert [each.kind for each in opened(letter(measures=[{"kind": "telepathy"}, {}])).measures] == ["unknown"] * 2


def test_a_letter_to_no_state_is_for_us() -> None:
    assert opened(letter(requested_state=None)).requested == "LU"


@pytest.mark.parametrize(
    ("emergency", "urgency"),
    [
        (None, "P3"),
        ({"claimed": "P1"}, "P1"),
        ({"claimed": "P4", "risks": ["life"]}, "P4"),
        ({"claimed": "P1", "downgrade": {"to": "P3"}}, "P1"),
        ({"risks": ["life"]}, "P0"),
        ({"risks": ["missing person"]}, "P0"),
        ({"next_act_at": "2026-11-21T12:00:00Z"}, "P0"),
        ({"next_act_at": "2027-11-21T12:00:00Z"}, "P1"),
        ({"risks": ["ongoing abuse"]}, "P1"),
        ({"abuse_continuing": True}, "P1"),
        ({"victim_identified": False}, "P1"),
        ({"data_lost_at": "2026-11-30T00:00:00Z"}, "P1d"),
        ({"risks": ["flight"]}, "P2"),
        ({"victim_identified": True, "abuse_continuing": False}, "P3"),
    ],
)
def test_whoever_tells_of_an_emergency_claims_its_class(emergency: dict[str, Any] | None, urgency: str) -> None:
    """No ladder waits for the word P0 to be written; and what is written is not lowered by us unasked."""
    assert urgency_of(letter(emergency=emergency), 0, NOON) == Urgency(urgency)


def test_a_measure_has_its_own_class_else_that_of_the_whole() -> None:
    told = letter(emergency={"claimed": "P1"}, measures=[{}, {"urgency": "P4"}, {"urgency": "P0"}])
    assert [each.urgency for each in opened(told).measures] == [Urgency.P1, Urgency.P4, Urgency.P0]


def test_a_preservation_that_lapses_soon_makes_its_measure_urgent() -> None:
    lapsing = {"expires_at": "2026-12-01T00:00:00Z"}
    told = letter(measures=[{"data": {"preservation": lapsing}}, {}])
    assert [each.urgency for each in opened(told).measures] == [Urgency.P1D, Urgency.P3]


def test_the_opening_holds_the_structure_and_no_text() -> None:
    lapsing = {"expires_at": "2026-12-03T00:00:00Z"}
    told = letter(
        facts_summary="Quibbleton",
        legal_bases=[{"instrument": "eio", "article": "1"}],
        deadline={"by": "2026-12-01T09:00:00+01:00", "reason": "Quibbleton"},
        emergency={"data_lost_at": "2027-01-05T00:00:00Z"},
        measures=[
            {"kind": "expedited preservation", "data": {"preservation": lapsing}},
            {"kind": "bank records", "instrument": "cets224"},
        ],
    )
    found = opened(told)
    assert found.model_copy(update={"gaps": ()}) == Receive(
        direction=Direction.ASKED_OF_US,
        requesting="PT",
        requested="LU",
        letter=DIGEST,
        asked_by=datetime(2026, 12, 1, 8, tzinfo=UTC),
        law=LAW.version,
        edition=EDITION,
        data_lost_at=datetime(2026, 12, 3, tzinfo=UTC),
        measures=(
            SoughtMeasure(
                id="M1",
                kind="expedited preservation",
                instrument="eio",
                urgency=Urgency.P1D,
                lasts=True,
                one_person=True,
            ),
            SoughtMeasure(id="M2", kind="bank records", instrument="none", urgency=Urgency.P3),
        ),
    )
    assert found.gaps[0] == Gap(id="Q1", field="issuing_authority.name")
    assert "Quibbleton" not in str(found)


def test_a_letter_without_measures_opens_with_one_of_unknown_kind() -> None:
    """Nothing that came in is lost: the request lives, and its gap asks for the rest."""
    found = opened(letter(emergency={"claimed": "P0"}))
    assert found.measures == (SoughtMeasure(id="M1", kind="unknown", instrument="none", urgency=Urgency.P0),)
    assert instrument_of(letter(), 0) is None


def test_a_minute_to_come_is_kept_with_its_measure_and_makes_it_no_more_urgent() -> None:
    """One that was past on arrival is asked again, and is no deadline."""
    to_come, past = "2026-11-25T06:00:00+01:00", "2026-11-20T12:00:00Z"
    told = letter(measures=[{"execute_at": to_come}, {"execute_at": past}, {}])
    found = opened(told)
    assert [each.execute_at for each in found.measures] == [datetime.fromisoformat(to_come), None, None]
    assert {each.urgency for each in found.measures} == {Urgency.P3}
    assert found.data_lost_at is None


def test_a_date_that_was_past_on_arrival_is_asked_again_and_makes_nobody_late() -> None:
    """Truth protected: a letter that was long under way does not arrive overdue."""
    lapsed, lapsing = (
        {"data": {"preservation": {"expires_at": at}}} for at in ("2026-11-20T12:00:00Z", "2026-12-03T00:00:00Z")
    )
    told = letter(deadline={"by": "2026-11-20T12:00:00Z"}, measures=[lapsed, lapsing])
    assert (opened(told).asked_by, opened(told).data_lost_at) == (None, datetime(2026, 12, 3, tzinfo=UTC))
    assert {"deadline.by", "measures[0].data.preservation.expires_at"} <= {gap.field for gap in opened(told).gaps}
    assert opened(letter(measures=[lapsed])).data_lost_at is None
    assert opened(letter(measures=[lapsed])).measures[0].urgency == Urgency.P1D
