"""A decision follows from findings, by the law that the request keeps: who may propose, decide and take part."""

from typing import Any

import pytest

from comity.errors import NotOpen, Objection
from comity.request.lifecycle import Act, Duty, Role, Status
from comity.request.model import Exhibit, Measure, Request, Urgency
from comity.request.rules import owing, part_of
from tests.request.lives import (
    ANNA,
    BOB,
    CARLA,
    DAN,
    EVE,
    LAW_KEPT,
    NOW,
    begun,
    do,
    on_behalf,
    sought,
    ulid,
)

COORDINATOR, REVIEWER, DECIDER, HEAD = (
    (ANNA, Role.COORDINATOR),
    (BOB, Role.REVIEWER),
    (CARLA, Role.DECIDER),
    (EVE, Role.HEAD_OF_UNIT),
)
OFFICER, EXECUTING = (DAN, Role.EVIDENCE_OFFICER), (DAN, Role.EXECUTING_AUTHORITY)
MUST, MAY = "untoc/sovereignty", "untoc/own law"


def opened(*measures: Any) -> Request:
    """A request of today that is open for review."""
    return do(begun(*measures, edition=1), Act.OPEN_REVIEW, "request", COORDINATOR)


def stamp(**more: Any) -> dict[str, Any]:
    """What the law says: one ground binds us, another does not, a decider decides."""
    return {"version": LAW_KEPT, "must": (MUST,), "may": (MAY,), "deciders": (Role.DECIDER,)} | more


def found(request: Request, **grounds: bool) -> Request:
    """Bob's findings: `must`, `may`."""
    named = {"must": MUST, "may": MAY}
    rows = tuple({"ground": named[key], "applies": says, "reason": "looked at"} for key, says in grounds.items())
    return do(request, Act.RECORD_FINDINGS, "M1", REVIEWER, findings=rows)


def proposing(request: Request, outcome: Act = Act.GRANT, ground: str = "", **stamped: Any) -> Request:
    """Bob proposes it, stamped so."""
    return do(request, Act.PROPOSE, "M1", REVIEWER, outcome=outcome, ground=ground, by_law=stamp(**stamped))


def measure(request: Request) -> Measure:
    """Its first measure."""
    first = part_of(request, "M1")
    assert isinstance(first, Measure)
    return first


def deciding(request: Request, act: Act, who: tuple[str, Role], **more: Any) -> Request:
    """The decision of what is proposed."""
    return do(request, act, "M1", who, seen=measure(request).proposal, **more)


@pytest.mark.parametrize(("findings", "objection"), [
    ({}, "nobody has looked at untoc/sovereignty, untoc/own law"),
    ({"must": False}, "nobody has looked at untoc/own law"),
    ({"must": True, "may": False}, "untoc/sovereignty applies and binds us; propose what follows"),
])  # fmt: skip
def test_nothing_is_granted_before_every_ground_was_looked_at(findings: dict[str, bool], objection: str) -> None:
    request = found(opened(), **findings) if findings else opened()
    with pytest.raises(Objection, match=objection):
        proposing(request)


def test_a_ground_that_is_left_to_us_applies_and_it_may_be_granted_all_the_same() -> None:
    assert measure(proposing(found(opened(), must=False, may=True))).status == Status.PROPOSED


@pytest.mark.parametrize("urgency", [Urgency.P0, Urgency.P1, Urgency.P1D])
def test_an_urgent_request_waits_for_no_finding_but_on_what_binds_us(urgency: Urgency) -> None:
    """Truth protected: no form stands between a child and help."""
    urgent = opened(sought(urgency=urgency))
    assert measure(proposing(found(urgent, must=False))).status == Status.PROPOSED
    with pytest.raises(Objection, match="nobody has looked at untoc/sovereignty;"):
        proposing(urgent)


def test_a_refusal_rests_on_a_ground_that_the_law_has_and_that_was_found_to_apply() -> None:
    request = found(opened(), must=False, may=True)
    with pytest.raises(Objection, match="no finding says that 'untoc/sovereignty' applies"):
        proposing(request, Act.REFUSE, MUST)
    with pytest.raises(Objection, match="its instrument has no ground 'eio/immunity'; it has untoc/sovereignty"):
        proposing(request, Act.REFUSE, "eio/immunity")
    assert measure(proposing(request, Act.REFUSE, MAY, consult_first=False)).proposed == Act.REFUSE


def test_what_is_found_anew_takes_the_place_of_what_was_found() -> None:
    request = found(found(opened(), must=True, may=False), must=False)
    assert [(each.ground, each.applies, each.by) for each in measure(request).findings] == [
        (MAY, False, BOB),
        (MUST, False, BOB),
    ]
    assert measure(proposing(request)).status == Status.PROPOSED


@pytest.mark.parametrize("law", [None, stamp(version="default-ba9876543210")])
def test_a_proposal_is_stamped_by_the_law_that_the_request_keeps(law: dict[str, Any] | None) -> None:
    with pytest.raises(Objection, match=f"stamped by the law that the request keeps \\({LAW_KEPT}\\)"):
        do(found(opened(), must=False, may=False), Act.PROPOSE, "M1", REVIEWER, outcome=Act.GRANT, by_law=law)


def test_our_own_law_says_who_decides() -> None:
    """By the ground, where it names one; a decider of another kind may not even return it."""
    stamped = {"deciders": (Role.HEAD_OF_UNIT,), "consult_first": False}
    request = proposing(found(opened(), must=True, may=False), Act.REFUSE, MUST, **stamped)
    by_our_law = "by our own law this is for head of unit to decide"
    with pytest.raises(Objection, match=by_our_law):
        deciding(request, Act.REFUSE, DECIDER, ground=MUST)
    with pytest.raises(Objection, match=by_our_law):
        do(request, Act.RETURN, "M1", DECIDER, reason="no")
    assert measure(do(request, Act.RETURN, "M1", HEAD, reason="think again")).status == Status.SOUGHT
    assert measure(deciding(request, Act.REFUSE, HEAD, ground=MUST)).status == Status.REFUSED


def test_whoever_our_own_law_names_owes_the_decision_and_so_is_told_of_it() -> None:
    stamped = {"deciders": (Role.HEAD_OF_UNIT,), "consult_first": False}
    request = proposing(found(opened(), must=True, may=False), Act.REFUSE, MUST, **stamped)
    roles = {each.key: owing(request, each) for each in request.duties}
    assert roles["M1/decide"] == (Role.REVIEWER, Role.DECIDER, Role.HEAD_OF_UNIT)
    assert roles["request/acknowledge"] == (Role.COORDINATOR,)


@pytest.mark.parametrize("outcome", [Act.REFUSE, Act.POSTPONE])
def test_a_refusal_is_not_even_proposed_before_the_consultation_that_the_law_asks_for(outcome: Act) -> None:
    """Nor decided, where it was proposed so before; a condition is offered, and needs none."""
    request = found(opened(), must=True, may=False)
    with pytest.raises(Objection, match="consulted first: 'consult' while it is sought, then propose"):
        proposing(request, outcome, MUST)
    assert measure(proposing(request, Act.OFFER_CONDITIONS, MUST)).status == Status.PROPOSED
    consulted = do(request, Act.CONSULT, "M1", REVIEWER, until=NOW.replace(day=30))
    answered = do(consulted, Act.ANSWER_CONSULTATION, "M1", (ANNA, Role.REQUESTING_AUTHORITY))
    assert measure(proposing(answered, outcome, MUST)).status == Status.PROPOSED


def test_where_the_law_asks_for_no_consultation_none_is_waited_for() -> None:
    request = proposing(found(opened(), must=True, may=False), Act.REFUSE, MUST, consult_first=False)
    assert measure(deciding(request, Act.REFUSE, DECIDER, ground=MUST)).status == Status.REFUSED


def test_a_court_that_decides_is_entered_with_its_paper_and_who_enters_it_is_no_second_person() -> None:
    request = proposing(found(opened(), must=False, may=False), deciders=(Role.COURT,))
    by_court = do(request, Act.NOTE, "request", COORDINATOR)
    assert deciding(by_court, Act.GRANT, (ANNA, Role.COURT)).measures[0].granted
    with pytest.raises(Objection, match="another person"):
        deciding(by_court, Act.GRANT, (BOB, Role.COURT))
    assert on_behalf().channel  # its paper is asked for by the people's own check (tests/people)


def test_conditions_that_were_offered_stay_with_the_measure() -> None:
    request = proposing(found(opened(), must=False, may=True), Act.OFFER_CONDITIONS, MAY)
    offered = deciding(request, Act.OFFER_CONDITIONS, DECIDER, ground=MAY, conditions=("this case only",))
    accepted = do(offered, Act.ACCEPT, "M1", (ANNA, Role.REQUESTING_AUTHORITY))
    assert measure(accepted).conditions == ("this case only",)


def test_who_is_recused_does_nothing_more_and_has_nothing() -> None:
    allocated = do(opened(), Act.ALLOCATE, "request", COORDINATOR, person=BOB)
    with pytest.raises(Objection, match="each may recuse themselves"):
        do(allocated, Act.RECUSE, "request", COORDINATOR, person=BOB, reason="kin")
    recused = do(allocated, Act.RECUSE, "request", HEAD, person=BOB, reason="kin")
    assert (recused.recused, recused.allocated) == ((BOB,), None)
    with pytest.raises(Objection, match="p-bob is recused from this request; another person must"):
        found(recused, must=False)
    assert do(recused, Act.RECUSE, "request", COORDINATOR, person=ANNA, reason="kin").recused == (BOB, ANNA)


def test_a_recusal_that_was_a_mistake_is_lifted_by_the_head_of_unit_and_never_by_oneself() -> None:
    recused = do(opened(), Act.RECUSE, "request", HEAD, person=BOB, reason="kin")
    with pytest.raises(Objection, match="they are not recused from this request; recused: p-bob"):
        do(recused, Act.LIFT_RECUSAL, "request", HEAD, person=ANNA, reason="a mistake")
    with pytest.raises(NotOpen, match="that is for head of unit"):
        do(recused, Act.LIFT_RECUSAL, "request", REVIEWER, person=BOB, reason="a mistake")
    lifted = do(recused, Act.LIFT_RECUSAL, "request", HEAD, person=BOB, reason="the wrong person was named")
    assert measure(found(lifted, must=False)).findings


def test_a_newer_law_is_applied_by_a_deed_and_counts_every_duty_anew() -> None:
    request = opened()
    counted = request.model_copy(
        update={"duties": tuple(owed.model_copy(update={"reckoned": True}) for owed in request.duties)}
    )
    with pytest.raises(Objection, match="it keeps that law already"):
        do(counted, Act.APPLY_LAW, "request", COORDINATOR, law=LAW_KEPT, reason="new data")
    applied = do(counted, Act.APPLY_LAW, "request", COORDINATOR, law="default-ba9876543210", reason="new data")
    assert applied.law == "default-ba9876543210"
    assert applied.duties
    assert not any(owed.reckoned for owed in applied.duties)


def granted(request: Request) -> Request:
    """Its first measure granted, assigned, and one exhibit obtained."""
    decided = deciding(proposing(found(request, must=False, may=False)), Act.GRANT, DECIDER)
    return do(decided, Act.ASSIGN, "M1", COORDINATOR)


def owed(request: Request) -> set[str]:
    """The keys of what is owed."""
    return {each.key for each in request.duties}


def test_whoever_executes_acknowledges_too_and_going_on_says_as_much() -> None:
    request = granted(opened())
    assert f"M1/{Duty.ACKNOWLEDGE_ASSIGNMENT}" in owed(request)
    taken = do(request, Act.ACKNOWLEDGE, "request", EXECUTING)
    assert (f"M1/{Duty.ACKNOWLEDGE_ASSIGNMENT}" in owed(taken), taken.acknowledged) == (False, False)
    assert f"M1/{Duty.ACKNOWLEDGE_ASSIGNMENT}" not in owed(do(request, Act.START, "M1", EXECUTING))
    back = do(do(taken, Act.HAND_BACK, "M1", EXECUTING, reason="not ours"), Act.ASSIGN, "M1", COORDINATOR)
    assert f"M1/{Duty.ACKNOWLEDGE_ASSIGNMENT}" in owed(back), "the next one has not said a word"


def packed(request: Request) -> tuple[Request, str]:
    """One exhibit deposited for M1; returns its id, too."""
    exhibit = Exhibit(id=ulid(), sha256="b" * 64, size=1)
    started = do(granted(request), Act.START, "M1", EXECUTING)
    return do(started, Act.DEPOSIT, "M1", OFFICER, exhibit=exhibit), exhibit.id


def test_what_is_said_to_be_privileged_leaves_in_nothing_until_a_court_has_decided() -> None:
    request, exhibit = packed(opened())
    drafted = do(request, Act.DRAFT_PACKAGE, "request", OFFICER, exhibits=(exhibit,), recipient="pt")
    claimed = do(drafted, Act.CLAIM_PRIVILEGE, "request", EXECUTING, exhibit=exhibit, reason="counsel's letters")
    assert f"request/{Duty.DECIDE_PRIVILEGE}" in owed(claimed)
    for act, part, more in (
        (Act.PROPOSE_RELEASE, "P1", {}),
        (Act.DRAFT_PACKAGE, "request", {"exhibits": (exhibit,), "recipient": "pt"}),
    ):
        with pytest.raises(Objection, match=f"{exhibit} is apart: privilege was claimed or upheld"):
            do(claimed, act, part, OFFICER, **more)
    by_court = (ANNA, Role.COURT)
    upheld = do(claimed, Act.DECIDE_PRIVILEGE, "request", by_court, exhibit=exhibit, upheld=True)
    assert f"request/{Duty.DECIDE_PRIVILEGE}" not in owed(upheld)
    with pytest.raises(Objection, match="is apart"):
        do(upheld, Act.PROPOSE_RELEASE, "P1", OFFICER)
    with pytest.raises(Objection, match="no privilege waits"):
        do(upheld, Act.DECIDE_PRIVILEGE, "request", by_court, exhibit=exhibit, upheld=False)
    denied = do(claimed, Act.DECIDE_PRIVILEGE, "request", by_court, exhibit=exhibit, upheld=False)
    assert part_of(do(denied, Act.PROPOSE_RELEASE, "P1", OFFICER), "P1").status == Status.RELEASE_PROPOSED


def test_a_package_waits_until_no_remedy_may_be_sought_or_a_reason_says_why_it_cannot() -> None:
    request, exhibit = packed(opened())
    until = NOW.replace(day=30)
    told = do(request, Act.TELL_CONCERNED, "M1", COORDINATOR, until=until)
    told = do(told, Act.TELL_CONCERNED, "M1", COORDINATOR, until=NOW.replace(day=25))
    assert measure(told).remedy_until == until, "the last to end holds it"
    drafted = do(told, Act.DRAFT_PACKAGE, "request", OFFICER, exhibits=(exhibit,), recipient="pt")
    content = drafted.packages[0].content
    approved = do(do(drafted, Act.PROPOSE_RELEASE, "P1", OFFICER), Act.APPROVE_RELEASE, "P1", REVIEWER, seen=content)
    for more in ({}, {"at_once": True}):
        with pytest.raises(Objection, match=r"a remedy may be sought until|it needs a reason"):
            do(approved, Act.DISPATCH, "P1", OFFICER, **more)
    gone = do(approved, Act.DISPATCH, "P1", OFFICER, at_once=True, reason="the hearing is tomorrow")
    assert gone.packages[0].status == Status.DISPATCHED
    over = measure(approved).model_copy(update={"remedy_until": NOW})
    late = approved.model_copy(update={"measures": (over,)})
    assert do(late, Act.DISPATCH, "P1", OFFICER).packages[0].status == Status.DISPATCHED


def test_a_delay_says_which_duty_and_until_when() -> None:
    request = opened()
    late = {"duty": "M1/decide", "estimate": NOW.replace(month=12)}
    for more, objection in (
        ({}, "say which duty will be late"),
        (late | {"duty": "M9/decide"}, "no such duty is owed; owed are: request/acknowledge"),
        (late | {"estimate": NOW}, "the estimate has passed already"),
    ):
        with pytest.raises(Objection, match=objection):
            do(request, Act.REPORT_DELAY, "request", COORDINATOR, **more)
    told = do(request, Act.REPORT_DELAY, "request", COORDINATOR, **late)
    assert {each.key: each.estimate for each in told.duties}["M1/decide"] == late["estimate"]


ON_DUTY = (BOB, Role.DUTY_OFFICER)


def test_a_claim_that_no_fact_bears_is_put_down_by_one_and_looked_at_by_another() -> None:
    claimed = begun(sought(urgency=Urgency.P0), edition=1)
    with pytest.raises(Objection, match="what was told suggests P1; lower than that a second person assesses it"):
        do(claimed, Act.PUT_DOWN_CLAIM, "M1", ON_DUTY, urgency="P3", suggested="P1", reason="a fraud, no child")
    with pytest.raises(Objection, match="a claim is put down to a less urgent class"):
        do(claimed, Act.PUT_DOWN_CLAIM, "M1", ON_DUTY, urgency="P0", suggested="P3", reason="a fraud, no child")
    down = do(claimed, Act.PUT_DOWN_CLAIM, "M1", ON_DUTY, urgency="P3", suggested="P3", reason="a fraud, no child")
    assert (down.urgency, f"M1/{Duty.LOOK_AGAIN}" in owed(down)) == (Urgency.P3, True)
    with pytest.raises(Objection, match="another person than who put it down must look again"):
        do(down, Act.CONFIRM_CLASS, "M1", REVIEWER)
    assert f"M1/{Duty.LOOK_AGAIN}" not in owed(do(down, Act.CONFIRM_CLASS, "M1", HEAD))
    raised = do(down, Act.CLAIM_URGENCY, "M1", HEAD, urgency="P1")
    assert (f"M1/{Duty.LOOK_AGAIN}" in owed(raised), raised.urgency) == (False, Urgency.P1)
    with pytest.raises(Objection, match="no claim was put down here"):
        do(raised, Act.CONFIRM_CLASS, "M1", HEAD)
