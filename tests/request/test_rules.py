"""Who may do what: what is not listed is refused, and each guard has a case in which it objects."""

from datetime import timedelta
from typing import Any

import pytest

from comity.errors import NotFound, NotOpen, Objection, Stale
from comity.request.fold import fold, happen
from comity.request.lifecycle import EDITION, FACTS, STILLS, Act, Kind, Role, Status, step_of, still_of
from comity.request.model import Deed, Gap, Package, Particulars, Question, Request, Urgency, kind_of
from comity.request.rules import GUARDS, check, due_acts, offers, part_of
from tests.request.lives import (
    ANNA,
    BOB,
    CARLA,
    DAN,
    NOW,
    SPOKEN,
    begun,
    decided,
    deed,
    do,
    on_behalf,
    proposed,
    sought,
    ulid,
)

COORDINATOR, REVIEWER, DECIDER = (ANNA, Role.COORDINATOR), (BOB, Role.REVIEWER), (CARLA, Role.DECIDER)
EXECUTING, OFFICER = (DAN, Role.EXECUTING_AUTHORITY), (DAN, Role.EVIDENCE_OFFICER)


def opened(*measures: Any) -> Request:
    """A request that is open for review."""
    return do(begun(*measures), Act.OPEN_REVIEW, "request", COORDINATOR)


def bare(act: Act, part: str, role: Role, expected: int) -> Deed:
    """A deed without particulars, as a probe of row and role."""
    return Deed.model_construct(
        id=ulid(),
        act=act,
        part=part,
        person="p-x",
        role=role,
        expected=expected,
        on_behalf=None,
        particulars=Particulars(),
    )


@pytest.mark.parametrize("edition", range(EDITION + 1))
@pytest.mark.parametrize("status", list(Status))
def test_every_status_by_act_by_role_is_open_exactly_as_listed(status: Status, edition: int) -> None:
    """What is not a row, or not for that role, is refused before any guard is asked."""
    request, part = standing_in(status)
    request = request.model_copy(update={"edition": edition})
    for act in Act:
        still = still_of(act, edition) if still_about(act, part, request) else None
        row = step_of(status, act, edition) or still
        for role in Role:
            listed = row is not None and role in row.roles
            assert is_open(request, bare(act, part, role, 0)) == listed, (status, act, role)


def standing_in(status: Status) -> tuple[Request, str]:
    """A request one part of which stands in this status."""
    request = begun(sought())
    kind = FACTS[status].kind
    if kind == Kind.REQUEST:
        return request.model_copy(update={"status": status}), "request"
    if kind == Kind.MEASURE:
        return request.model_copy(
            update={"measures": (request.measures[0].model_copy(update={"status": status}),)}
        ), "M1"
    if kind == Kind.PACKAGE:
        package = Package(id="P1", status=status, since=NOW, exhibits=(), recipient="pt", content="0" * 64)
        return request.model_copy(update={"packages": (package,)}), "P1"
    question = Question(id="Q1", to=Role.COURT, status=status, since=NOW)
    return request.model_copy(update={"questions": (question,)}), "Q1"


def still_about(act: Act, part: str, request: Request) -> bool:
    """Whether an act that moves nothing is about this kind of part, of a request that is not closed."""
    return act in STILLS and STILLS[act].about == kind_of(part) and request.status != Status.CLOSED


def is_open(request: Request, probe: Deed) -> bool:
    """Whether row and role allow it; a guard's objection is another matter."""
    try:
        check(request, probe, NOW)
    except NotOpen:
        return False
    except Objection:
        return True
    return True


def test_a_refusal_says_what_is_open_and_for_whom() -> None:
    with pytest.raises(
        NotOpen, match=r"'grant' is not open while M1 is 'sought'; open now: consult \(reviewer\); propose"
    ):
        check(opened(), bare(Act.GRANT, "M1", Role.DECIDER, 0), NOW)


def test_an_unknown_part_is_named_with_those_that_there_are() -> None:
    with pytest.raises(NotFound, match="no part M7; it has request, M1"):
        check(opened(), bare(Act.GRANT, "M7", Role.DECIDER, 0), NOW)


def test_a_step_needs_the_revision_that_was_seen() -> None:
    request = opened()
    blind = deed(request, Act.PROPOSE, "M1", REVIEWER, outcome=Act.GRANT).model_copy(update={"expected": None})
    with pytest.raises(Stale, match="name the revision"):
        check(request, blind, NOW)
    late = deed(request, Act.PROPOSE, "M1", REVIEWER, outcome=Act.GRANT)
    moved = do(proposed(request, "M1", Act.GRANT), Act.RETRACT, "M1", REVIEWER)
    with pytest.raises(Stale, match="has moved on: it is 'sought' at revision 2, you saw 0"):
        check(moved, late, NOW)


def test_notes_and_the_clock_never_make_an_act_stale() -> None:
    request = opened()
    waiting = deed(request, Act.PROPOSE, "M1", REVIEWER, outcome=Act.GRANT)
    noted = do(request, Act.NOTE, "request", COORDINATOR, words="a note")
    check(noted, waiting, NOW)


def test_the_second_person_is_compared_by_person_not_by_role() -> None:
    request = proposed(opened(), "M1", Act.GRANT)
    both_roles = deed(request, Act.GRANT, "M1", (BOB, Role.DECIDER), seen=part_of(request, "M1").proposal)  # type: ignore[union-attr]
    with pytest.raises(Objection, match="another person"):
        check(request, both_roles, NOW)


def test_who_entered_a_partners_act_may_not_decide_what_follows() -> None:
    request = do(opened(), Act.CONSULT, "M1", REVIEWER, until=NOW + timedelta(days=7))
    answer = deed(request, Act.ANSWER_CONSULTATION, "M1", (CARLA, Role.REQUESTING_AUTHORITY))
    entered = answer.model_copy(update={"on_behalf": on_behalf()})
    request = proposed(fold(request, happen(request, entered, NOW)), "M1", Act.GRANT)
    seen = part_of(request, "M1").proposal  # type: ignore[union-attr]
    with pytest.raises(Objection, match="another person"):
        check(request, deed(request, Act.GRANT, "M1", DECIDER, seen=seen), NOW)


OBJECTIONS: dict[str, Any] = {
    "review not open": (lambda: begun(), Act.PROPOSE, "M1", REVIEWER, {"outcome": Act.GRANT}, "not 'open'"),
    "p0 is never made incomplete": (
        lambda: begun(sought(urgency=Urgency.P0)), Act.ASK_FOR_MISSING, "request", COORDINATOR, {}, "never while"),
    "joined by who received it": (
        opened, Act.JOIN, "request", COORDINATOR, {"reference": ulid()}, "another person"),
    "given up without reminders": (opened, Act.GIVE_UP, "request", (DAN, Role.HEAD_OF_UNIT), {}, "two reminders"),
    "void without reason": (opened, Act.VOID, "request", (DAN, Role.HEAD_OF_UNIT), {}, "needs a reason"),
    "concluded while measures live": (opened, Act.CONCLUDE, "request", COORDINATOR, {}, "M1 have not ended"),
    "provisional for P3": (
        opened, Act.ORDER_PROVISIONALLY, "M1", (DAN, Role.DUTY_OFFICER), SPOKEN, "only P0, P1 and P1d"),
    "provisional for a kind of two": (
        lambda: opened(sought(urgency=Urgency.P0)), Act.ORDER_PROVISIONALLY, "M1", (DAN, Role.DUTY_OFFICER), SPOKEN,
        "one person alone may not"),
    "consultation ended early": (
        lambda: do(opened(), Act.CONSULT, "M1", REVIEWER, until=NOW + timedelta(days=9)), Act.END_CONSULTATION, "M1",
        REVIEWER, {}, "has not passed"),
    "retracted by another": (
        lambda: proposed(opened(), "M1", Act.GRANT), Act.RETRACT, "M1", (CARLA, Role.REVIEWER), {},
        "only who proposed"),
    "refused on no ground": (
        opened, Act.PROPOSE, "M1", REVIEWER, {"outcome": Act.REFUSE}, "names its ground"),
    "another proposal than seen": (
        lambda: proposed(opened(), "M1", Act.GRANT), Act.GRANT, "M1", DECIDER, {"seen": "f" * 64}, "not the one named"),
    "refused without consulting": (
        lambda: proposed(opened(), "M1", Act.REFUSE), Act.REFUSE, "M1", DECIDER, {"seen": None}, "consulted first"),
    "another decision than proposed": (
        lambda: proposed(opened(), "M1", Act.GRANT), Act.POSTPONE, "M1", DECIDER, {"seen": None},
        "proposal is to 'grant'"),
    "another measure untold": (
        lambda: proposed(opened(), "M1", Act.GRANT_ANOTHER_MEASURE), Act.GRANT_ANOTHER_MEASURE, "M1", DECIDER,
        {"seen": None}, "must be told first"),
    "in force though it does not last": (
        lambda: started(), Act.PUT_IN_FORCE, "M1", EXECUTING, {"until": NOW + timedelta(days=60)}, "does not last"),
    "exhibits of elsewhere": (
        opened, Act.DRAFT_PACKAGE, "request", OFFICER, {"exhibits": (ulid(),), "recipient": "pt"}, "was not deposited"),
    "no such duty": (
        opened, Act.ACKNOWLEDGE_ESCALATION, "request", COORDINATOR, {"duty": "M9/decide"}, "no such duty is owed"),
    "a claim that goes down": (
        opened, Act.CLAIM_URGENCY, "M1", COORDINATOR, {"urgency": Urgency.P4}, "only goes up"),
    "assessed down by the same person": (
        opened, Act.ASSESS_URGENCY, "M1", COORDINATOR, {"urgency": Urgency.P4}, "another person"),
    "measure out of turn": (opened, Act.ADD_MEASURE, "request", COORDINATOR, {"measure": sought(7)}, "is M2"),
    "closed while a duty is left": (
        lambda: concluded(), Act.CLOSE, "request", COORDINATOR, {}, "still owed: M1/tell the outcome"),
}  # fmt: skip


def started() -> Request:
    """A measure in execution."""
    granted = decided(opened(), "M1", Act.GRANT)
    return do(do(granted, Act.ASSIGN, "M1", COORDINATOR), Act.START, "M1", EXECUTING)


def concluded() -> Request:
    """All done, but a question is still open."""
    request = do(begun(gaps=(Gap(id="Q1", field="costs"),)), Act.OPEN_REVIEW, "request", COORDINATOR)
    request = do(decided(request, "M1", Act.GRANT), Act.ASSIGN, "M1", COORDINATOR)
    request = do(do(request, Act.START, "M1", EXECUTING), Act.COMPLETE, "M1", EXECUTING)
    return do(request, Act.CONCLUDE, "request", COORDINATOR)


@pytest.mark.parametrize("case", OBJECTIONS)
def test_the_guard_objects_with_its_reason(case: str) -> None:
    make, act, part, who, particulars, reason = OBJECTIONS[case]
    request = make()
    if "seen" in particulars and particulars["seen"] is None:
        particulars = {**particulars, "seen": part_of(request, part).proposal}  # type: ignore[union-attr]
    with pytest.raises(Objection, match=reason):
        check(request, deed(request, act, part, who, **particulars), NOW)


def test_on_the_parts_of_a_closed_request_nothing_is_open() -> None:
    """A late letter or a reopening comes first."""
    request = do(opened(), Act.VOID, "request", (DAN, Role.HEAD_OF_UNIT), reason="entered twice")
    assert {offer.act for offer in offers(request)} == {Act.LATE_LETTER, Act.REOPEN}
    with pytest.raises(NotOpen, match="the request is closed; open now: late letter"):
        check(request, deed(request, Act.WITHDRAW, "M1", ("p-eve", Role.REQUESTING_AUTHORITY)), NOW)


HEAD = (DAN, Role.HEAD_OF_UNIT)


@pytest.mark.parametrize("became", [
    {"status": Status.GRANTED}, {"status": Status.IN_FORCE}, {"status": Status.DONE}, {"status": Status.REFUSED},
    {"status": Status.SOUGHT, "granted": True}, {"status": Status.SOUGHT, "provisional": True},
])  # fmt: skip
def test_what_was_begun_is_not_voided(became: dict[str, Any]) -> None:
    """Truth protected: no clock of a measure that lives is stopped by calling its request a mistake."""
    request = _one_became(begun(sought(), sought(2), edition=EDITION), became)
    with pytest.raises(Objection, match="M2 was begun; see each of them to its end, then 'conclude'"):
        check(request, deed(request, Act.VOID, "request", HEAD, reason="entered twice"), NOW)
    earlier = request.model_copy(update={"edition": 4})
    check(earlier, deed(earlier, Act.VOID, "request", HEAD, reason="entered twice"), NOW)


@pytest.mark.parametrize("status", [Status.SOUGHT, Status.PROPOSED, Status.POSTPONED, Status.WITHDRAWN])
def test_what_nobody_has_acted_on_is_voided(status: Status) -> None:
    request = _one_became(begun(sought(), sought(2), edition=EDITION), {"status": status})
    check(request, deed(request, Act.VOID, "request", HEAD, reason="entered twice"), NOW)


def test_a_request_of_which_a_package_has_left_is_not_voided() -> None:
    request, _ = standing_in(Status.RECALLED)
    sent = request.packages[0].model_copy(update={"attempts": 1})
    request = request.model_copy(update={"edition": EDITION, "packages": (sent,)})
    with pytest.raises(Objection, match="P1 was begun"):
        check(request, deed(request, Act.VOID, "request", HEAD, reason="entered twice"), NOW)


def _one_became(request: Request, became: dict[str, Any]) -> Request:
    """The request, of whose second measure this is so."""
    first, second = request.measures
    return request.model_copy(update={"measures": (first, second.model_copy(update=became))})


def test_what_is_offered_is_what_the_request_allows() -> None:
    """A row whose guard objects whoever acts is not offered: nobody is sent into a refusal."""
    listed = {(offer.part, offer.act) for offer in offers(opened())}
    assert ("M1", Act.PROPOSE) in listed
    assert ("M1", Act.GRANT) not in listed, "nothing was proposed"
    assert ("request", Act.CONCLUDE) not in listed, "M1 lives"
    assert ("M1", Act.ORDER_PROVISIONALLY) not in listed, "it is P3"
    assert ("M1", Act.PROPOSE) not in {(offer.part, offer.act) for offer in offers(begun())}, "review is not open"


def test_of_the_decisions_only_the_proposed_one_is_offered() -> None:
    listed = {offer.act for offer in offers(proposed(opened(), "M1", Act.GRANT)) if offer.part == "M1"}
    assert listed & {Act.GRANT, Act.REFUSE, Act.POSTPONE, Act.OFFER_CONDITIONS} == {Act.GRANT}


def test_what_is_owed_is_offered_with_the_act_by_which_it_is_done() -> None:
    """Truth protected: whoever looks at a request at night sees what to say for each duty, and by that it is done."""
    request = do(
        begun(sought(urgency=Urgency.P0, one_person=True), edition=EDITION), Act.OPEN_REVIEW, "request", COORDINATOR
    )
    request = do(request, Act.ORDER_PROVISIONALLY, "M1", (ANNA, Role.DUTY_OFFICER), **SPOKEN)
    done_by = {(offer.part, offer.act) for offer in due_acts(request)}
    assert done_by == {
        ("request", Act.ACKNOWLEDGE), ("request", Act.POLICE_TOOK_IT), ("request", Act.CHILD_PROTECTION_TOOK_IT),
        ("request", Act.REPORT_PROGRESS), ("M1", Act.RATIFY),
    }  # fmt: skip
    took = {"name": "N. Nobody", "function": "desk", "number": "+352 99"}
    for act in (Act.POLICE_TOOK_IT, Act.CHILD_PROTECTION_TOOK_IT):
        request = do(request, act, "request", COORDINATOR, **took)
    request = do(request, Act.ACKNOWLEDGE, "request", COORDINATOR)
    request = do(request, Act.RATIFY, "M1", REVIEWER)
    assert {(offer.part, offer.act) for offer in due_acts(request)} == {
        ("request", Act.REPORT_PROGRESS), ("request", Act.ACKNOWLEDGE),
    }, "whoever executes acknowledges again"  # fmt: skip


def test_every_guard_has_a_function() -> None:
    assert all(callable(guard) for guard in GUARDS.values())
