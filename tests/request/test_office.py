"""The office's night and its day after: what one person did is ratified, letters tell, errors are put right."""

from datetime import timedelta
from typing import Any

import pytest

from comity.errors import NotOpen, Objection
from comity.request.fold import fold, happen, is_lead
from comity.request.lifecycle import Act, Duty, Role, Status
from comity.request.model import (
    Channel,
    Event,
    Exhibit,
    Measure,
    Package,
    Reckoned,
    Reckoning,
    Request,
    SoughtMeasure,
    Urgency,
    Way,
)
from comity.request.rules import check, part_of
from tests.request.lives import (
    ANNA,
    BOB,
    CARLA,
    DAN,
    EVE,
    NOW,
    SPOKEN,
    begun,
    decided,
    deed,
    do,
    on_behalf,
    sought,
    ulid,
)

COORDINATOR, OFFICER, DECIDER = (ANNA, Role.COORDINATOR), (BOB, Role.DUTY_OFFICER), (CARLA, Role.DECIDER)
EXECUTING, HEAD, ASKING = (DAN, Role.EXECUTING_AUTHORITY), (EVE, Role.HEAD_OF_UNIT), (EVE, Role.REQUESTING_AUTHORITY)
PRESERVATION: dict[str, Any] = {"kind": "expedited preservation", "urgency": Urgency.P0, "one_person": True}


def owed(request: Request) -> set[str]:
    """The keys of all that is owed."""
    return {duty.key for duty in request.duties}


def measure(request: Request) -> Measure:
    """The first measure."""
    return request.measures[0]


def at_night(*measures: SoughtMeasure) -> Request:
    """A P0 whose first measure one officer has ordered."""
    return do(begun(*(measures or (sought(**PRESERVATION),))), Act.ORDER_PROVISIONALLY, "M1", OFFICER, **SPOKEN)


def filed(request: Request, kind: str, *about: str, way: Way = Way.OUT, **more: Any) -> Request:
    """A letter of that kind, kept."""
    exhibit = Exhibit(id=ulid(), sha256="a" * 64, size=3)
    return do(
        request, Act.RECORD_LETTER, "request", COORDINATOR,
        kind=kind, way=way, channel=Channel.E_MAIL, exhibit=exhibit, about=about, **more,
    )  # fmt: skip


def disclosed(request: Request) -> Request:
    """What was obtained is told by phone, by one officer, to a sender who was called back."""
    found = Exhibit(id=ulid(), sha256="b" * 64, size=9)
    request = do(request, Act.DEPOSIT, "M1", OFFICER, exhibit=found)
    drafted = {"exhibits": (found.id,), "recipient": "caller", "channel": Channel.PHONE}
    request = do(request, Act.DRAFT_PACKAGE, "request", OFFICER, **drafted)
    request = do(request, Act.VERIFY_SENDER, "request", OFFICER, number="+352 99 2")
    return do(request, Act.DISCLOSE_AT_ONCE, "P1", OFFICER, reason="the address is where the child is", **SPOKEN)


# --- ratifying --------------------------------------------------------------------------------------------------------


def test_what_one_orders_another_ratifies() -> None:
    request = at_night()
    assert "M1/ratify" in owed(request)
    for alone in (BOB, Role.REVIEWER), (BOB, Role.DECIDER):
        with pytest.raises(Objection, match="another person"):
            check(request, deed(request, Act.RATIFY, "M1", alone), NOW)
    ratified = do(request, Act.RATIFY, "M1", DECIDER)
    assert "M1/ratify" not in owed(ratified)
    assert measure(ratified).granted
    with pytest.raises(Objection, match="nothing of it waits"):
        check(ratified, deed(ratified, Act.RATIFY, "M1", DECIDER), NOW)


def test_what_is_not_ratified_stops_and_whoever_was_told_is_told() -> None:
    request = do(at_night(), Act.REFUSE_RATIFICATION, "M1", DECIDER, reason="no danger was shown")
    assert measure(request).status == Status.STOPPING
    assert {"M1/stop", "M1/tell that it was not ratified"} <= owed(request)
    assert "M1/ratify" not in owed(request)
    told = filed(request, "ratification refused", "M1")
    assert "M1/tell that it was not ratified" not in owed(told)


@pytest.mark.parametrize("act", [Act.COMPLETE, Act.REPORT_IMPOSSIBLE, Act.WITHDRAW])
def test_it_is_ratified_also_when_it_is_over(act: Act) -> None:
    """Four eyes come after the act, never instead of it."""
    request = do(at_night(), Act.START, "M1", EXECUTING)
    request = do(request, act, "M1", ASKING if act == Act.WITHDRAW else EXECUTING, reason="over")
    status = measure(request).status
    assert "M1/ratify" in owed(request)
    refused = do(request, Act.REFUSE_RATIFICATION, "M1", DECIDER, reason="no danger was shown")
    assert measure(refused).status == (Status.STOPPING if act == Act.WITHDRAW else status)
    assert "M1/ratify" not in owed(refused)


def test_a_file_is_not_closed_while_something_waits_to_be_ratified() -> None:
    request = do(do(at_night(), Act.START, "M1", EXECUTING), Act.COMPLETE, "M1", EXECUTING)
    request = do(do(request, Act.OPEN_REVIEW, "request", COORDINATOR), Act.CONCLUDE, "request", COORDINATOR)
    with pytest.raises(Objection, match="M1/ratify"):
        check(request, deed(request, Act.CLOSE, "request", COORDINATOR), NOW)


# --- disclosing -------------------------------------------------------------------------------------------------------


def test_what_one_person_discloses_is_a_lead_until_it_is_granted() -> None:
    request = disclosed(at_night())
    assert part_of(request, "P1").status == Status.DISPATCHED
    assert is_lead(request, request.packages[0])
    assert {"M1/ratify", "P1/ratify"} <= owed(request)
    request = do(request, Act.RATIFY_DISCLOSURE, "P1", DECIDER)
    assert "P1/ratify" not in owed(request)
    assert is_lead(request, request.packages[0]), "that it was right to tell it makes it no evidence"
    assert not is_lead(do(request, Act.RATIFY, "M1", DECIDER), request.packages[0].model_copy(update={"exhibits": ()}))
    granted = do(request, Act.RATIFY, "M1", DECIDER)
    assert not is_lead(granted, granted.packages[0])


def test_a_disclosure_that_is_not_ratified_is_recalled_and_the_recipient_told() -> None:
    request = do(disclosed(at_night()), Act.REFUSE_DISCLOSURE, "P1", HEAD, reason="not needed to find the child")
    assert part_of(request, "P1").status == Status.RECALLED
    assert "P1/tell that it was not ratified" in owed(request)
    assert "P1/tell that it was not ratified" not in owed(filed(request, "ratification refused", "P1"))


def test_nothing_is_disclosed_to_a_voice_that_nobody_called_back() -> None:
    oral = at_night().model_copy(update={"oral": True})
    found = Exhibit(id=ulid(), sha256="b" * 64, size=9)
    request = do(oral, Act.DEPOSIT, "M1", OFFICER, exhibit=found)
    request = do(request, Act.DRAFT_PACKAGE, "request", OFFICER, exhibits=(found.id,), recipient="caller")
    with pytest.raises(Objection, match="call back"):
        check(request, deed(request, Act.DISCLOSE_AT_ONCE, "P1", OFFICER, reason="to find the child", **SPOKEN), NOW)


def test_one_person_discloses_only_what_one_person_may_obtain() -> None:
    request = begun(sought(**(PRESERVATION | {"one_person": False})))
    found = Exhibit(id=ulid(), sha256="b" * 64, size=9)
    request = do(request, Act.DEPOSIT, "M1", OFFICER, exhibit=found)
    request = do(request, Act.DRAFT_PACKAGE, "request", OFFICER, exhibits=(found.id,), recipient="caller")
    request = do(request, Act.VERIFY_SENDER, "request", OFFICER, number="+352 99 2")
    with pytest.raises(Objection, match="one person may not order"):
        check(request, deed(request, Act.DISCLOSE_AT_ONCE, "P1", OFFICER, reason="to find the child", **SPOKEN), NOW)


# --- told by voice ----------------------------------------------------------------------------------------------------


def test_an_oral_request_owes_its_confirmation_in_writing() -> None:
    request = at_night().model_copy(update={"oral": True})
    request = do(request, Act.NOTE, "request", COORDINATOR, words="called again")
    assert "request/confirm in writing" in owed(request)
    letter = deed(request, Act.CONFIRM_IN_WRITING, "request", (ANNA, Role.REQUESTING_AUTHORITY))
    confirmed = fold(request, happen(request, letter.model_copy(update={"on_behalf": on_behalf()}), NOW))
    assert "request/confirm in writing" not in owed(confirmed)
    assert [(kept.kind, kept.way) for kept in confirmed.letters] == [("confirm in writing", Way.IN)]


# --- late, and put right ----------------------------------------------------------------------------------------------


def test_what_is_entered_a_day_late_says_why() -> None:
    request = begun()
    late = deed(request, Act.NOTE, "request", COORDINATOR).model_copy(update={"received": NOW - timedelta(hours=25)})
    with pytest.raises(Objection, match="more than 24 hours ago"):
        check(request, late, NOW)
    check(request, late.model_copy(update={"particulars": late.particulars.model_copy(update={"reason": "ill"})}), NOW)
    courier = late.model_copy(update={"happened": NOW - timedelta(days=9), "received": NOW})
    check(request, courier, NOW)
    with pytest.raises(Objection, match="cannot have happened after"):
        check(request, courier.model_copy(update={"happened": NOW, "received": NOW - timedelta(hours=1)}), NOW)


def reckoned(request: Request) -> Request:
    """All its clocks counted."""
    rows = tuple(Reckoned(duty=duty.key) for duty in request.duties)
    event = Event(
        version=request.version + 1, act=Act.RECKON, part="request", person="clock", role=Role.CLOCK, at=NOW,
        particulars=Reckoning(duties=rows),
    )  # fmt: skip
    return fold(request, event)


def test_a_receipt_that_was_entered_wrong_is_put_right_and_its_clocks_counted_anew() -> None:
    request = reckoned(begun(sought(1), sought(2)))
    earlier = NOW - timedelta(days=3)
    right = {"deed": ulid(), "act": Act.RECEIVE, "was": NOW, "instant": earlier, "reason": "the stamp was misread"}
    corrected = do(request, Act.CORRECT, "request", COORDINATOR, **right)
    assert corrected.received == earlier
    assert {one.received for one in corrected.measures} == {earlier}
    assert {duty.opened for duty in corrected.duties} == {earlier}
    assert not any(duty.reckoned for duty in corrected.duties)


def test_a_correction_touches_only_what_rests_on_the_deed() -> None:
    request = do(begun(sought(1), sought(2)), Act.OPEN_REVIEW, "request", COORDINATOR)
    request = reckoned(do(request, Act.CONSULT, "M1", (BOB, Role.REVIEWER), until=NOW + timedelta(days=7)))
    was, until = measure(request).since, NOW + timedelta(days=5)
    right = {"deed": ulid(), "act": Act.CONSULT, "part": "M1", "was": was, "until": until, "reason": "misread"}
    corrected = do(request, Act.CORRECT, "request", COORDINATOR, **right)
    assert [one.until for one in corrected.measures] == [until, None]
    assert {duty.part for duty in corrected.duties if not duty.reckoned} == {"M1"}


def test_a_minute_that_was_moved_is_put_right_and_the_clocks_of_its_measure_counted_anew() -> None:
    minute, later = (NOW + timedelta(days=days) for days in (7, 9))
    request = do(begun(sought(1, execute_at=minute), sought(2)), Act.OPEN_REVIEW, "request", COORDINATOR)
    request = reckoned(do(request, Act.CONSULT, "M2", (BOB, Role.REVIEWER), until=NOW + timedelta(days=7)))
    right = {
        "deed": ulid(),
        "act": Act.CONSULT,
        "part": "M2",
        "was": request.measures[1].since,
        "reason": "agreed anew",
    }
    moved = do(request, Act.CORRECT, "request", COORDINATOR, **right, execute_at={"M1": later})
    assert [one.execute_at for one in moved.measures] == [later, None]
    assert {duty.part for duty in moved.duties if not duty.reckoned} == {"M1", "M2"}
    with pytest.raises(Objection, match="execute_at names measures, and M7 is none of this request"):
        do(moved, Act.CORRECT, "request", COORDINATOR, **right, execute_at={"M7": later})


def test_a_correction_needs_a_reason() -> None:
    request = begun()
    right = deed(request, Act.CORRECT, "request", COORDINATOR, deed=ulid(), act=Act.RECEIVE, was=NOW, instant=NOW)
    with pytest.raises(Objection, match="needs a reason"):
        check(request, right, NOW)


# --- who has it -------------------------------------------------------------------------------------------------------


def test_who_hands_over_has_it_until_the_other_takes_it() -> None:
    request = do(begun(), Act.ALLOCATE, "request", HEAD, person=ANNA)
    request = do(request, Act.HAND_OVER, "request", COORDINATOR, person=BOB)
    assert (request.allocated, request.offered_to) == (ANNA, BOB)
    with pytest.raises(Objection, match="offered to p-bob"):
        check(request, deed(request, Act.TAKE_OVER, "request", DECIDER), NOW)
    request = do(request, Act.TAKE_OVER, "request", (BOB, Role.REVIEWER))
    assert (request.allocated, request.offered_to) == (BOB, None)
    with pytest.raises(Objection, match="p-bob has it"):
        check(request, deed(request, Act.HAND_OVER, "request", COORDINATOR, person=CARLA), NOW)


# --- how it ends ------------------------------------------------------------------------------------------------------


def concluded(*measures: SoughtMeasure) -> Request:
    """One measure carried out, nothing found."""
    request = do(begun(*measures), Act.OPEN_REVIEW, "request", COORDINATOR)
    request = do(decided(request, "M1", Act.GRANT), Act.ASSIGN, "M1", COORDINATOR)
    request = do(do(request, Act.START, "M1", EXECUTING), Act.COMPLETE, "M1", EXECUTING)
    return do(request, Act.CONCLUDE, "request", COORDINATOR)


def test_nobody_closes_a_file_whose_outcome_was_not_told() -> None:
    request = concluded()
    with pytest.raises(Objection, match="M1/tell the outcome"):
        check(request, deed(request, Act.CLOSE, "request", COORDINATOR), NOW)
    closed = do(filed(request, "nil report", "M1"), Act.CLOSE, "request", COORDINATOR)
    assert closed.status == Status.CLOSED
    with pytest.raises(NotOpen, match="is not open"):
        check(closed, deed(closed, Act.NOTE, "request", COORDINATOR), NOW)


def test_what_is_done_again_is_told_again() -> None:
    request = do(filed(concluded(), "nil report", "M1"), Act.RESUME_WORK, "request", HEAD, reason="more accounts")
    again = do(request, Act.DO_AGAIN, "M1", COORDINATOR, reason="more accounts")
    assert not measure(again).told


def test_silence_is_given_up_only_after_a_last_letter_whose_date_has_passed() -> None:
    request = begun()
    giving_up = deed(request, Act.GIVE_UP, "request", HEAD)
    with pytest.raises(Objection, match="0 reminders"):
        check(request, giving_up, NOW)
    for _ in range(2):
        request = do(request, Act.REMIND, "request", COORDINATOR)
    with pytest.raises(Objection, match="a last letter with a date comes first"):
        check(request, giving_up, NOW)
    request = filed(request, "last letter", until=NOW + timedelta(days=30))
    with pytest.raises(Objection, match="must have passed"):
        check(request, giving_up, NOW)
    check(request, giving_up, NOW + timedelta(days=31))


def test_a_joined_request_owes_no_outcome_of_its_own() -> None:
    into = ulid()
    request = do(concluded(), Act.RESUME_WORK, "request", HEAD, reason="it came twice")
    joined = do(request, Act.JOIN, "request", (EVE, Role.COORDINATOR), reference=into)
    assert (joined.status, joined.joined) == (Status.SETTLING, into)
    assert owed(joined) == {"request/settle"}
    alone = deed(request, Act.JOIN, "request", (EVE, Role.COORDINATOR), reference=request.reference)
    with pytest.raises(Objection, match="to itself"):
        check(request, alone, NOW)


def test_what_is_asked_about_further_use_is_owed_until_it_is_answered() -> None:
    request = do(filed(concluded(), "nil report", "M1"), Act.CLOSE_DUTIES_CONTINUE, "request", COORDINATOR)
    asked = do(request, Act.ASK_FURTHER_USE, "request", ASKING, words="in another case")
    assert "request/answer further use" in owed(asked)
    answered = do(asked, Act.ANSWER_FURTHER_USE, "request", DECIDER, granted=False)
    assert "request/answer further use" not in owed(answered)
    with pytest.raises(Objection, match="no question on further use"):
        check(answered, deed(answered, Act.ANSWER_FURTHER_USE, "request", DECIDER, granted=True), NOW)


def test_what_was_lent_is_owed_back() -> None:
    lent = Package(
        id="P1", status=Status.DELIVERED, since=NOW, exhibits=(), recipient="lisbon", content="0" * 64,
        return_by=NOW + timedelta(days=90),
    )  # fmt: skip
    request = do(
        concluded().model_copy(update={"packages": (lent,)}), Act.NOTE, "request", COORDINATOR, words="gone by courier"
    )
    (due,) = [duty for duty in request.duties if duty.duty == Duty.RETURN]
    assert due.part == "P1"
    back = do(request, Act.RECEIVE_RETURN, "P1", COORDINATOR)
    assert "P1/return what was lent" not in owed(back)
