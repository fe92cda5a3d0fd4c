"""What facts suggest which urgency class, and which ladder a duty climbs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.request.lifecycle import Duty
from comity.request.model import Urgency
from comity.request.triage import Claim, ladder_name, suggest

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


_H = timedelta(hours=1)
_D = timedelta(days=1)


@pytest.mark.parametrize(("facts", "urgency", "reasons"), [
    ({}, Urgency.P3, ("nothing makes it more or less urgent",)),
    ({"child_at_risk": True}, Urgency.P0, ("a child is at risk now",)),
    ({"child_at_risk_from": NOW + 72 * _H}, Urgency.P0, ("a child will be at risk within 72 hours",)),
    ({"child_at_risk_from": NOW + 73 * _H}, Urgency.P1, ("a child will be at risk later",)),
    ({"abuse_continuing": True}, Urgency.P1, ("abuse continues",)),
    ({"abuse_continuing": True, "victim_unidentified": True}, Urgency.P1,
     ("abuse continues", "the victim is not identified")),
    ({"abuse_continuing": True, "lead_to_place_or_person": True}, Urgency.P0,
     ("abuse continues, with a lead to it",)),
    ({"lead_to_place_or_person": True}, Urgency.P3, ("nothing makes it more or less urgent",)),
    ({"child_missing_in_danger": True}, Urgency.P0, ("a child is missing with signs of danger",)),
    ({"child_abducted": True}, Urgency.P0, ("a child was abducted",)),
    ({"extortion_with_signs_of_suicide": True}, Urgency.P0, ("extortion with signs of suicide",)),
    ({"victim_unidentified": True}, Urgency.P1, ("the victim is not identified",)),
    ({"data_lost_at": NOW + 30 * _D}, Urgency.P1D, ("data will be lost within 30 days",)),
    ({"data_lost_at": NOW - 1 * _D}, Urgency.P1D, ("data will be lost within 30 days",)),
    ({"data_lost_at": NOW + 31 * _D}, Urgency.P3, ("nothing makes it more or less urgent",)),
    ({"custody_ends_at": NOW + 90 * _D}, Urgency.P2, ("somebody is in custody under a limit",)),
    ({"hearing_at": NOW + 90 * _D}, Urgency.P2, ("a hearing is fixed",)),
    ({"suspect_may_flee": True, "only_service": True}, Urgency.P2, ("the suspect may flee",)),
    ({"only_service": True, "minor_matter": True}, Urgency.P4,
     ("only documents are to be served", "the matter is minor")),
])  # fmt: skip
def test_the_facts_suggest_a_class_with_its_reasons(
    facts: dict[str, Any], urgency: Urgency, reasons: tuple[str, ...]
) -> None:
    suggested = suggest(Claim(**facts), NOW)
    assert (suggested.urgency, suggested.reasons) == (urgency, reasons)


_EASING = {"only_service", "minor_matter"}
_INSTANTS = {"child_at_risk_from", "data_lost_at", "custody_ends_at", "hearing_at"}
_CLAIMS = st.fixed_dictionaries({}, optional={
    name: st.datetimes(timezones=st.just(UTC)) if name in _INSTANTS else st.booleans() for name in Claim.model_fields
})  # fmt: skip


@given(_CLAIMS, _CLAIMS)
def test_more_facts_never_make_a_request_less_urgent(facts: dict[str, Any], more: dict[str, Any]) -> None:
    """Only what eases (service, a minor matter) may lower the class, and only below the standard one."""
    added = {name: value for name, value in more.items() if name not in facts and name not in _EASING}
    assert suggest(Claim(**facts, **added), NOW).urgency.rank <= suggest(Claim(**facts), NOW).urgency.rank


@pytest.mark.parametrize(("duty", "urgency", "name"), [
    (Duty.DECIDE, Urgency.P0, "P0"),
    (Duty.TELL_POLICE, Urgency.P1, "P1"),
    (Duty.DECIDE, Urgency.P1D, "P1d"),
    (Duty.REPORT_PROGRESS, Urgency.P0, "P0 at the deadline"),
    (Duty.ANSWER, Urgency.P1D, "P1d at the deadline"),
    (Duty.ANSWER, Urgency.P3, "P3"),
    (Duty.END_WATCH, Urgency.P0, "P3"),
    (Duty.RENEW_OR_LET_GO, Urgency.P4, "preservation expiry"),
])  # fmt: skip
def test_each_duty_has_its_ladder(duty: Duty, urgency: Urgency, name: str) -> None:
    assert ladder_name(duty, urgency) == name
