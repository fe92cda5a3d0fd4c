"""Information that one State gives the other without a request: a record of its own, to us or by us."""

from typing import Any

import pytest

from comity.errors import NotOpen, Objection
from comity.request.fold import begin, receive
from comity.request.gaps import gaps
from comity.request.lifecycle import EDITION, Act, Duty, Role, Status
from comity.request.model import Deed, Direction, Request, Urgency
from comity.request.opening import opening
from comity.request.rules import INFORMATION, offers
from tests.request.letters import DIGEST, NOON, SmallKind, SmallLaw, letter
from tests.request.lives import ANNA, BOB, CARLA, DAN, EVE, NOW, REFERENCE, SPOKEN, do, ulid

COORDINATOR, NIGHT = (ANNA, Role.COORDINATOR), (BOB, Role.DUTY_OFFICER)
LAW = SmallLaw({INFORMATION: SmallKind(INFORMATION, one_person=True)})


def told(giver: str = "PT", taker: str | None = "LU", **fields: Any) -> Request:
    """The record that a letter opens, read in Luxembourg."""
    read = letter(**{"requesting_state": giver, "requested_state": taker, "information": {}} | fields)
    came = opening(read, gaps(read, LAW, NOON), law=LAW, us="LU", digest=DIGEST, now=NOON)
    deed = Deed(id=ulid(), act=Act.RECEIVE, person=ANNA, role=Role.COORDINATOR, received=NOW, particulars=came)
    return begin(REFERENCE, receive(deed, NOW))


def owed(request: Request) -> set[Duty]:
    return {each.duty for each in request.duties}


@pytest.mark.parametrize(
    ("fields", "direction", "kind"),
    [
        ({}, Direction.GIVEN_TO_US, INFORMATION),
        ({"giver": "LU", "taker": "PT"}, Direction.GIVEN_BY_US, INFORMATION),
        ({"information": None, "measures": [{"kind": INFORMATION}]}, Direction.GIVEN_TO_US, INFORMATION),
        ({"measures": [{"kind": INFORMATION}, {"kind": "telepathy"}]}, Direction.ASKED_OF_US, INFORMATION),
        ({"information": None}, Direction.ASKED_OF_US, "unknown"),
    ],
)
def test_who_asks_for_nothing_gives_information(fields: dict[str, Any], direction: Direction, kind: str) -> None:
    request = told(**fields)
    assert (request.direction, request.measures[0].kind) == (direction, kind)
    assert (request.other_state, request.edition) == ("PT", EDITION)


def test_of_information_only_what_it_needs_is_asked() -> None:
    """Truth protected: a colleague who shares what he saw is not sent eighteen questions about offences."""
    asked = {each.field for each in told().questions}
    assert {"facts_summary", "issuing_authority.name", "own_reference"} <= asked
    assert not {"offences", "measures", "legal_bases", "purpose", "signature.name"} & asked
    assert {each.to for each in told().questions} == {Role.REQUESTING_AUTHORITY}
    assert {each.to for each in told("LU", "PT").questions} == {Role.EXECUTING_AUTHORITY}


def test_the_conditions_on_which_it_is_given_stay_with_the_record() -> None:
    given = told(information={"conditions": ["for intelligence only"]})
    assert given.measures[0].conditions == ("for intelligence only",)


def test_what_was_given_to_us_is_passed_on_or_declined_and_never_ordered() -> None:
    request = do(told(), Act.OPEN_REVIEW, "request", COORDINATOR)
    for act, who, given in (
        (Act.PROPOSE, (BOB, Role.REVIEWER), {"outcome": Act.GRANT}),
        (Act.GIVE_AT_ONCE, NIGHT, SPOKEN),
    ):
        with pytest.raises(Objection):
            do(request, act, "M1", who, **given)
    open_now = {each.act for each in offers(request) if each.part == "M1"}
    assert {Act.FORWARD, Act.DECLINE_INFORMATION} <= open_now
    assert not {Act.PROPOSE, Act.ORDER_PROVISIONALLY, Act.GIVE_AT_ONCE} & open_now
    passed = do(request, Act.FORWARD, "M1", COORDINATOR, **SPOKEN)
    assert passed.measures[0].status == Status.DONE
    assert owed(passed) <= {Duty.ACKNOWLEDGE, Duty.ANSWER}
    with pytest.raises(Objection, match="it asks for nothing"):
        do(passed, Act.DO_AGAIN, "M1", COORDINATOR, reason="again")


def test_who_gave_it_is_told_that_we_cannot_take_it_on_its_conditions() -> None:
    """Budapest Convention art. 26(2): then the other State determines whether it gives it all the same."""
    request = do(told(), Act.OPEN_REVIEW, "request", COORDINATOR)
    declined = do(request, Act.DECLINE_INFORMATION, "M1", (EVE, Role.HEAD_OF_UNIT), reason="it must be disclosed")
    assert declined.measures[0].status == Status.REFUSED
    assert Duty.TELL_OUTCOME in owed(declined)
    again = do(declined, Act.RECONSIDER, "M1", (EVE, Role.HEAD_OF_UNIT), reason="given all the same")
    assert do(again, Act.FORWARD, "M1", COORDINATOR, **SPOKEN).measures[0].status == Status.DONE


def test_what_we_give_is_decided_by_two_and_owes_the_other_state_no_report() -> None:
    request = do(told("LU", "PT"), Act.OPEN_REVIEW, "request", COORDINATOR)
    assert not {Duty.ACKNOWLEDGE, Duty.REPORT_PROGRESS} & owed(request)
    with pytest.raises(Objection, match="it is no information that was given to us"):
        do(request, Act.FORWARD, "M1", COORDINATOR, **SPOKEN)
    law = {"version": request.law, "deciders": [Role.DECIDER]}
    proposed = do(request, Act.PROPOSE, "M1", (BOB, Role.REVIEWER), outcome=Act.GRANT, by_law=law)
    granted = do(proposed, Act.GRANT, "M1", (CARLA, Role.DECIDER), seen=proposed.measures[0].proposal)
    with pytest.raises(Objection, match="it asks for nothing"):
        do(granted, Act.ASSIGN, "M1", COORDINATOR)
    given = do(granted, Act.GIVE_INFORMATION, "M1", COORDINATOR, **SPOKEN)
    assert given.measures[0].status == Status.DONE
    assert owed(given) <= {Duty.ANSWER}


def test_at_night_one_officer_gives_it_at_once_and_a_second_ratifies() -> None:
    """Truth protected: what finds a child in another State does not wait for the morning."""
    urgent = {"emergency": {"claimed": "P0"}}
    request = told("LU", "PT", **urgent)
    assert {Duty.PROVISIONAL_ACT, Duty.TELL_POLICE, Duty.TELL_CHILD_PROTECTION} <= owed(request)
    with pytest.raises(Objection, match="it asks for nothing"):
        do(request, Act.ORDER_PROVISIONALLY, "M1", NIGHT, **SPOKEN)
    given = do(request, Act.GIVE_AT_ONCE, "M1", NIGHT, **SPOKEN)
    assert Duty.RATIFY in owed(given)
    with pytest.raises(Objection, match="another person must do this"):
        do(given, Act.RATIFY, "M1", (BOB, Role.REVIEWER))
    assert Duty.RATIFY not in owed(do(given, Act.RATIFY, "M1", (CARLA, Role.DECIDER)))
    refused = do(given, Act.REFUSE_RATIFICATION, "M1", (CARLA, Role.DECIDER), reason="it named too much")
    assert Duty.TELL_REFUSAL in owed(refused)
    with pytest.raises(Objection, match="only P0, P1 and P1d"):
        do(told("LU", "PT"), Act.GIVE_AT_ONCE, "M1", NIGHT, **SPOKEN)


# --- child protection -------------------------------------------------------------------------------------------------

TAKEN = {"name": "Ana Exemplo", "function": "duty social worker", "number": "+352 99 2"}


def test_child_protection_is_owed_a_call_until_somebody_there_has_it() -> None:
    """Truth protected: also of a child who is safe by now, the authority that looks after children must know."""
    request = told(emergency={"claimed": "P1"})
    safe = do(request, Act.RECORD_CHILD_STATE, "request", COORDINATOR, state="safe")
    assert Duty.TELL_POLICE not in owed(safe)
    assert Duty.TELL_CHILD_PROTECTION in owed(safe)
    taken = do(safe, Act.CHILD_PROTECTION_TOOK_IT, "request", NIGHT, **TAKEN)
    assert Duty.TELL_CHILD_PROTECTION not in owed(taken)


@pytest.mark.parametrize(
    ("fields", "is_owed"),
    [
        ({"persons": [{"role": "victim", "age_band": "18 or over"}]}, False),
        ({"persons": [{"role": "victim", "child": False}, {"role": "suspect"}]}, False),
        ({"persons": [{"role": "victim", "child": False, "age_disputed": True}]}, True),
        ({"persons": [{"role": "victim", "child": False}, {"role": "victim"}]}, True),
        ({"persons": [{"child": False}, {"role": "victim", "age_band": "13-15"}]}, True),
        ({"persons": [{"role": "victim", "child": False}], "offences": [{"against_child": True}]}, True),
        ({"persons": [{"role": "suspect", "child": False}]}, True),
        ({}, True),
    ],
)
def test_whose_age_is_uncertain_counts_as_a_child(fields: dict[str, Any], is_owed: bool) -> None:
    request = told(emergency={"claimed": "P0"}, **fields)
    assert (Duty.TELL_CHILD_PROTECTION in owed(request)) == is_owed
    assert Duty.TELL_POLICE in owed(request)


def test_requests_of_earlier_editions_never_owe_that_call() -> None:
    request = told(emergency={"claimed": "P0"})
    earlier = request.model_copy(update={"edition": 1, "duties": ()})
    assert Duty.TELL_CHILD_PROTECTION not in owed(do(earlier, Act.OPEN_REVIEW, "request", COORDINATOR))
    assert request.urgency == Urgency.P0


def test_only_coordinators_and_duty_officers_say_who_took_it() -> None:
    with pytest.raises(NotOpen, match="that is for coordinator, duty officer"):
        do(told(), Act.CHILD_PROTECTION_TOOK_IT, "request", (DAN, Role.EVIDENCE_OFFICER), **TAKEN)
