"""What events make of a request."""

from datetime import timedelta
from hashlib import sha256

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from comity.errors import ComityError, Fault
from comity.request.fold import begin, content_digest, fold, happen, receive
from comity.request.lifecycle import DONE_BY, EDITION, FACTS, STEPS, STILLS, Act, Duty, Role, Stage, Status
from comity.request.model import (
    Channel,
    ChildIs,
    Deed,
    Event,
    Exhibit,
    Particulars,
    Reckoned,
    Reckoning,
    Request,
    Urgency,
    Way,
    canonical,
    digest_of,
    particulars_of,
    stage_of,
)
from comity.request.rules import Offer, check, due_acts, offers, part_of, parts_of
from tests.request.lives import (
    ANNA,
    BOB,
    CARLA,
    DAN,
    EVE,
    LAW_KEPT,
    NOW,
    REFERENCE,
    SPOKEN,
    begun,
    decided,
    deed,
    do,
    on_behalf,
    opening,
    sought,
    ulid,
)

CLOCKS = {"part": "request", "role": Role.CLOCK}
COORDINATOR, REVIEWER = (ANNA, Role.COORDINATOR), (BOB, Role.REVIEWER)
EXECUTING, OFFICER = (DAN, Role.EXECUTING_AUTHORITY), (DAN, Role.EVIDENCE_OFFICER)


def owed(request: Request) -> set[str]:
    """The keys of all that is owed."""
    return {duty.key for duty in request.duties}


def test_three_measures_go_their_own_ways() -> None:
    """One granted and executed while the second is postponed and the third under offer: none holds up the others."""
    request = do(begun(sought(1), sought(2), sought(3)), Act.OPEN_REVIEW, "request", COORDINATOR)
    request = do(decided(request, "M1", Act.GRANT), Act.ASSIGN, "M1", COORDINATOR)
    request = do(request, Act.CONSULT, "M2", REVIEWER, until=NOW + timedelta(days=7))
    request = do(request, Act.ANSWER_CONSULTATION, "M2", (EVE, Role.REQUESTING_AUTHORITY))
    request = decided(request, "M2", Act.POSTPONE, ground="own proceedings", review_at=NOW + timedelta(days=90))
    request = decided(request, "M3", Act.OFFER_CONDITIONS, conditions=("use for this case only",))
    request = do(do(request, Act.START, "M1", EXECUTING), Act.COMPLETE, "M1", EXECUTING)
    assert [measure.status for measure in request.measures] == [Status.DONE, Status.POSTPONED, Status.OFFERED]
    assert stage_of(request) == Stage.LEGAL_REVIEW
    assert {"M2/review postponement", "M3/answer offer"} < owed(request)
    assert {key for key in owed(request) if key.startswith("M1/")} == {"M1/tell the outcome"}


def test_each_suspension_is_kept_as_a_stretch_with_its_ground() -> None:
    """It ends with the next move of the measure, whichever that is."""
    request = do(begun(sought(1)), Act.OPEN_REVIEW, "request", COORDINATOR)
    request = do(decided(request, "M1", Act.GRANT), Act.ASSIGN, "M1", COORDINATOR)
    request = do(do(request, Act.START, "M1", EXECUTING), Act.SUSPEND, "M1", EXECUTING, ground="eio/in use", reason="r")
    (stop,) = request.measures[0].stops
    assert (stop.ground, stop.until) == ("eio/in use", None)
    request = do(do(request, Act.CONTINUE, "M1", EXECUTING), Act.SUSPEND, "M1", EXECUTING, reason="an appeal")
    request = do(request, Act.SEND_BACK_TO_REVIEW, "M1", EXECUTING, reason="r")
    first, second = request.measures[0].stops
    assert first.until
    assert first.since < first.until < second.since
    assert second.until == request.measures[0].since
    assert (first.ground, second.ground) == ("eio/in use", "")


def test_the_stage_is_that_of_the_least_advanced_living_part() -> None:
    request = begun(sought(1), sought(2))
    assert stage_of(request) == Stage.SUBMISSION
    request = do(request, Act.OPEN_REVIEW, "request", COORDINATOR)
    assert stage_of(request) == Stage.LEGAL_REVIEW
    request = decided(request, "M1", Act.GRANT)
    assert stage_of(request) == Stage.LEGAL_REVIEW
    request = do(request, Act.WITHDRAW, "M2", (EVE, Role.REQUESTING_AUTHORITY))
    assert stage_of(request) == Stage.EXECUTION


def test_evidence_that_is_in_no_package_yet_waits_for_its_transfer() -> None:
    request = do(
        decided(do(begun(), Act.OPEN_REVIEW, "request", COORDINATOR), "M1", Act.GRANT), Act.ASSIGN, "M1", COORDINATOR
    )
    request = do(request, Act.START, "M1", EXECUTING)
    exhibit = Exhibit(id=ulid(), sha256="b" * 64, size=1)
    request = do(do(request, Act.DEPOSIT, "M1", EXECUTING, exhibit=exhibit), Act.COMPLETE, "M1", EXECUTING)
    assert stage_of(request) == Stage.EVIDENCE_TRANSFER
    request = do(request, Act.DRAFT_PACKAGE, "request", OFFICER, exhibits=(exhibit.id,), recipient="pt")
    assert stage_of(do(request, Act.CANCEL, "P1", REVIEWER, reason="asked for no more")) == Stage.CLOSURE


def test_children_known_to_be_safe_end_the_clock_of_the_police_and_no_other() -> None:
    request = begun(sought(urgency=Urgency.P0, one_person=True))
    safe = do(request, Act.RECORD_CHILD_STATE, "request", COORDINATOR, state=ChildIs.SAFE)
    assert owed(request) - owed(safe) == {"request/tell the police"}
    assert owed(do(safe, Act.RECORD_CHILD_STATE, "request", COORDINATOR, state=ChildIs.UNKNOWN)) == owed(request)


def test_a_p0_owes_the_police_and_a_provisional_act_from_the_first_instant() -> None:
    request = begun(sought(urgency=Urgency.P0, one_person=True))
    assert owed(request) >= {"request/tell the police", "M1/provisional act", "request/acknowledge", "M1/decide"}
    request = do(request, Act.ORDER_PROVISIONALLY, "M1", (EVE, Role.DUTY_OFFICER), **SPOKEN)
    told = do(
        request,
        Act.POLICE_TOOK_IT,
        "request",
        (EVE, Role.DUTY_OFFICER),
        name="R. Sato",
        function="desk",
        number="+352 99",
    )
    assert not owed(told) & {"request/tell the police", "M1/provisional act"}


def test_a_change_of_urgency_has_the_duties_reckoned_anew_under_the_other_ladder() -> None:
    request = begun(sought(urgency=Urgency.P3))
    raised = do(request, Act.CLAIM_URGENCY, "M1", COORDINATOR, urgency=Urgency.P1)
    decide = next(duty for duty in raised.duties if duty.duty == Duty.DECIDE)
    assert (decide.urgency, decide.ladder, decide.reckoned) == (Urgency.P1, "P3", False)
    reckoning = Reckoning(duties=(Reckoned(duty="M1/decide"),))
    reckoned = fold(raised, Event(version=3, act=Act.RECKON, person="clock", at=NOW, particulars=reckoning, **CLOCKS))
    assert next(duty.ladder for duty in reckoned.duties if duty.duty == Duty.DECIDE) == "P1"
    assert "request/tell the police" in owed(raised)


def test_a_progress_report_is_owed_again_from_the_report_on() -> None:
    request = do(begun(), Act.OPEN_REVIEW, "request", COORDINATOR)
    first = next(duty for duty in request.duties if duty.duty == Duty.REPORT_PROGRESS)
    reported = do(request, Act.REPORT_PROGRESS, "request", COORDINATOR)
    second = next(duty for duty in reported.duties if duty.duty == Duty.REPORT_PROGRESS)
    assert second.entered > first.entered


def test_a_legal_clock_runs_from_when_it_happened_not_from_when_it_was_entered() -> None:
    request = do(begun(), Act.OPEN_REVIEW, "request", COORDINATOR)
    happened = NOW - timedelta(hours=20)
    late = deed(request, Act.WITHDRAW, "M1", (EVE, Role.REQUESTING_AUTHORITY)).model_copy(
        update={"happened": happened, "on_behalf": on_behalf()}
    )
    withdrawn = fold(request, happen(request, late, NOW))
    assert part_of(withdrawn, "M1").since == happened


def test_the_content_digest_of_a_package_is_these_bytes() -> None:
    exhibit = Exhibit(id="01K9ZZZZZZZZZZZZZZZZZZZZZ1", sha256="a" * 64, size=3)
    manifest = (
        b'{"exhibits":[{"id":"01K9ZZZZZZZZZZZZZZZZZZZZZ1","sha256":"' + b"a" * 64 + b'","size":3}],'
        b'"format":0,"package":"P1","reference":"01K9ZZZZZZZZZZZZZZZZZZZZZZ"}'
    )
    assert content_digest(REFERENCE, "P1", (exhibit,)) == sha256(manifest).hexdigest()


def test_a_deed_is_these_bytes() -> None:
    """What is hashed leaves out what equals its default, so that a field added later alters no digest."""
    written = Deed(id="01K9ZZZZZZZZZZZZZZZZZZZZZ1", act=Act.NOTE, person=ANNA, role=Role.COORDINATOR)
    noted = written.model_copy(update={"particulars": Particulars(words="ξένος")})
    assert (
        canonical(written) == b'{"act":"note","id":"01K9ZZZZZZZZZZZZZZZZZZZZZ1","person":"p-anna","role":"coordinator"}'
    )
    assert (
        canonical(noted)
        == (
            '{"act":"note","id":"01K9ZZZZZZZZZZZZZZZZZZZZZ1","particulars":{"words":"ξένος"},'
            '"person":"p-anna","role":"coordinator"}'
        ).encode()
    )
    assert digest_of(written) == sha256(canonical(written)).hexdigest()


def test_an_event_comes_back_from_its_bytes_as_it_was() -> None:
    event = receive(opening(sought(urgency=Urgency.P0)), NOW)
    assert Event.model_validate_json(canonical(event)) == event


def test_events_come_in_their_order_only() -> None:
    request = begun()
    event = happen(request, deed(request, Act.NOTE, "request", COORDINATOR), NOW)
    with pytest.raises(Fault, match="does not follow"):
        fold(request, event.model_copy(update={"version": 7}))
    with pytest.raises(Fault, match="first event"):
        begin(REFERENCE, event)


# --- random lives -----------------------------------------------------------------------------------------------------

_PEOPLE = [ANNA, BOB, CARLA, DAN, EVE]
_STAMPS = [
    {"version": LAW_KEPT, "may": ["own proceedings"], "deciders": ["decider", "head of unit"]},
    {"version": LAW_KEPT, "must": ["own proceedings"], "deciders": ["head of unit"], "consult_first": False},
]
_NAMED = {Act.RECORD_SAFEGUARD: "S1", Act.RECORD_TASK: "T1"}
_WORDS: dict[str, object] = {"reason": "a reason", "words": "what was said"}


_ANOTHER_CLASS = (Act.CLAIM_URGENCY, Act.ASSESS_URGENCY, Act.PUT_DOWN_CLAIM, Act.CONFIRM_CLASS)
_NO_MORE_ASKED: dict[Duty, tuple[Act, ...]] = {
    Duty.TELL_OUTCOME: (Act.RECORD_LETTER,),
    Duty.TELL_REFUSAL: (Act.RECORD_LETTER,),
    Duty.TELL_POLICE: (Act.RECORD_CHILD_STATE, *_ANOTHER_CLASS),
    Duty.TELL_CHILD_PROTECTION: _ANOTHER_CLASS,
    Duty.PROVISIONAL_ACT: _ANOTHER_CLASS,
    Duty.LOOK_AGAIN: _ANOTHER_CLASS,
    Duty.RELEASE: (Act.RECORD_REMEDY,),
    Duty.SEE_IT_ARRIVE: (Act.REPORT_DELIVERY,),
}
"""By what a duty ends but its own act: a letter that went out, another class, a child that is safe, a court's turn."""


class AnyLife(RuleBasedStateMachine):
    """Random acts by random people never reach a status that the tables do not allow."""

    edition = 0

    def __init__(self) -> None:
        super().__init__()
        sought_ = sought(1, lasts=True), sought(2, urgency=Urgency.P1, one_person=True)
        self.events = [receive(opening(*sought_, edition=self.edition), NOW)]
        self.request = begin(REFERENCE, self.events[0])

    @precondition(lambda self: bool(offers(self.request)))
    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        self.take_up(offers(self.request), data)

    @precondition(lambda self: bool(due_acts(self.request)))
    @rule(data=st.data())
    def due(self, data: st.DataObject) -> None:
        self.take_up(due_acts(self.request), data)

    def take_up(self, offered: tuple[Offer, ...], data: st.DataObject) -> None:
        offer = data.draw(st.sampled_from(offered))
        role = data.draw(st.sampled_from(sorted(offer.roles)))
        self.attempt(offer.act, offer.part, data.draw(st.sampled_from(_PEOPLE)), role, data)

    @rule(data=st.data(), act=st.sampled_from(sorted(STILLS)))
    def still(self, data: st.DataObject, act: Act) -> None:
        parts = ["request", *(part.id for part in parts_of(self.request))]
        role = data.draw(st.sampled_from(sorted(STILLS[act].roles)))
        if role != Role.CLOCK:
            self.attempt(act, data.draw(st.sampled_from(parts)), data.draw(st.sampled_from(_PEOPLE)), role, data)

    def attempt(self, act: Act, part: str, person: str, role: Role, data: st.DataObject) -> None:
        before = self.request
        at = NOW + timedelta(minutes=before.version)
        try:
            done = deed(before, act, part, (person, role), **self.particulars(act, part, data))
            check(before, done, at)
        except ComityError:
            assert self.request is before
            return
        event = happen(before, done, at)
        self.events.append(event)
        self.request = fold(before, event)
        if event.status is not None:
            assert STEPS[part_of(before, part).status, act].leads_to == part_of(self.request, part).status
        else:
            self.what_ends_is_named_by_the_table(before, act)

    def what_ends_is_named_by_the_table(self, before: Request, act: Act) -> None:
        """A duty that is owed no more, though no part has moved, was done by its own act, or is asked no more."""
        for key in owed(before) - owed(self.request):
            duty = Duty(key.partition("/")[2])
            assert act in (*DONE_BY.get(duty, ()), *_NO_MORE_ASKED.get(duty, ())), (duty, act)

    def particulars(self, act: Act, part: str, data: st.DataObject) -> dict[str, object]:
        names = set(particulars_of(act).model_fields)
        known = self.of_the_work(act, part, data) | self.of_the_office(act, part, data)
        if act == Act.CONFIRM_RECEIPT:
            known["exhibits"] = {e.id: e.sha256 for e in getattr(part_of(self.request, part), "exhibits", ())}
        if act == Act.REPORT_DELIVERY:
            known["outcome"] = "delivered"
        if act in (Act.CLAIM_PRIVILEGE, Act.DECIDE_PRIVILEGE):
            known["exhibit"] = data.draw(st.sampled_from([*(exhibit.id for exhibit in self.request.exhibits), ulid()]))
        return _WORDS | {name: value for name, value in known.items() if name in names}

    def of_the_work(self, act: Act, part: str, data: st.DataObject) -> dict[str, object]:
        return {
            "seen": getattr(part_of(self.request, part), "proposal", None)
            or getattr(part_of(self.request, part), "content", "0" * 64),
            "outcome": data.draw(st.sampled_from([Act.GRANT, Act.REFUSE, Act.POSTPONE, Act.OFFER_CONDITIONS])),
            "until": NOW + timedelta(days=data.draw(st.integers(-1, 60))),
            "to": Role.COURT,
            "exhibit": Exhibit(id=ulid(), sha256="b" * 64, size=1),
            "exhibits": tuple(exhibit.id for exhibit in self.request.exhibits) or (ulid(),),
            "recipient": "pt",
            "content": getattr(part_of(self.request, part), "content", "0" * 64),
            "urgency": data.draw(st.sampled_from(list(Urgency))),
            "duty": data.draw(st.sampled_from(sorted(owed(self.request)) or ["request/none"])),
            "name": _NAMED.get(act, "N. Nobody"),
            "safeguard": "referral",
            "task": "translation",
            "protects": "child-1",
            "heard": "child-1",
            "by": NOW + timedelta(days=3),
            "function": "desk",
            "number": "+352 99",
            "measure": sought(len(self.request.measures) + 1),
            "instrument": "eio",
            "state": data.draw(st.sampled_from(list(ChildIs))),
            "ground": "own proceedings",
            "attempt": 1,
            "told_requester_at": NOW,
            "findings": [{"ground": "own proceedings", "applies": data.draw(st.booleans()), "reason": "as it is"}],
            "by_law": data.draw(st.sampled_from(_STAMPS)),
            "law": data.draw(st.sampled_from([LAW_KEPT, "default-ba9876543210"])),
            "upheld": data.draw(st.booleans()),
            "suggested": data.draw(st.sampled_from(list(Urgency))),
            "estimate": NOW + timedelta(days=1),
            "at_once": data.draw(st.booleans()),
            "provider": "another",
            "country": "IE",
            "path": "by a relay",
        }

    def of_the_office(self, act: Act, part: str, data: st.DataObject) -> dict[str, object]:
        return {
            "was": NOW,
            "deed": ulid(),
            "act": act,
            "part": part,
            "instant": NOW - timedelta(hours=data.draw(st.integers(0, 9))),
            "person": data.draw(st.sampled_from(_PEOPLE)),
            "reference": ulid(),
            "kind": data.draw(st.sampled_from(["refusal", "last letter", "ratification refused", "other"])),
            "way": data.draw(st.sampled_from(list(Way))),
            "channel": Channel.COURIER,
            "about": (part,) if part != "request" else (),
            "granted": True,
            "amount": "12.00",
            "currency": "EUR",
            "borne_by": Role.REQUESTING_AUTHORITY,
        }

    @invariant()
    def it_is_what_its_events_say(self) -> None:
        assert self.request.version == len(self.events)

    @invariant()
    def what_is_owed_follows_from_where_it_stands(self) -> None:
        for duty in self.request.duties:
            standing_duties = FACTS[part_of(self.request, duty.part).status].owes
            by_deed = {
                *(Duty.ACKNOWLEDGE, Duty.TELL_POLICE, Duty.REPORT_PROGRESS, Duty.PROVISIONAL_ACT, Duty.RATIFY),
                *(Duty.TELL_OUTCOME, Duty.TELL_REFUSAL, Duty.ANSWER_FURTHER_USE),
                *(Duty.ACKNOWLEDGE_ASSIGNMENT, Duty.LOOK_AGAIN, Duty.DECIDE_PRIVILEGE, Duty.SEE_TO_SAFEGUARDS),
                *(Duty.ANSWER_ON_PROGRESS, Duty.DO_TASKS, Duty.TELL_CHILD_PROTECTION, Duty.DECIDE_REMEDY),
                Duty.TELL_OTHER_PROVIDER,
            }
            assert duty.duty in standing_duties or duty.duty in by_deed

    @invariant()
    def a_closed_request_owes_nothing(self) -> None:
        assert self.request.status != Status.CLOSED or not self.request.duties

    @invariant()
    def nobody_decided_alone(self) -> None:
        for event in self.events:
            if event.act in (Act.GRANT, Act.REFUSE, Act.POSTPONE, Act.OFFER_CONDITIONS):
                proposals = [
                    e
                    for e in self.events
                    if e.act == Act.PROPOSE and e.part == event.part and e.version < event.version
                ]
                assert proposals
                assert proposals[-1].person != event.person

    @invariant()
    def nobody_ratified_what_they_ordered(self) -> None:
        by_one: dict[str, str] = {}
        for event in self.events:
            if event.act == Act.ORDER_PROVISIONALLY:
                by_one[event.part] = event.person
            elif event.act in (Act.RATIFY, Act.REFUSE_RATIFICATION):
                assert by_one[event.part] != event.person

    def teardown(self) -> None:
        again = begin(REFERENCE, Event.model_validate_json(canonical(self.events[0])))
        for event in self.events[1:]:
            again = fold(again, Event.model_validate_json(canonical(event)))
        assert again == self.request


class AnyLifeOfToday(AnyLife):
    """The same of a request that is received today: what is decided follows from findings, and nobody recused acts."""

    edition = EDITION

    @invariant()
    def what_binds_was_looked_at_before_it_was_granted(self) -> None:
        for event in self.events:
            if event.act == Act.GRANT:
                [*_, proposal] = self.before(event, Act.PROPOSE)
                found = {each.ground: each.applies for said in self.before(proposal, Act.RECORD_FINDINGS)
                         for each in said.particulars.findings}  # type: ignore[attr-defined]  # fmt: skip
                assert not any(found[ground] for ground in proposal.particulars.by_law.must)  # type: ignore[attr-defined]

    @invariant()
    def nobody_recused_acts(self) -> None:
        for event in self.events:
            changes = [*self.before(event, Act.RECUSE, "request"), *self.before(event, Act.LIFT_RECUSAL, "request")]
            latest = {said.particulars.person: said.act for said in sorted(changes, key=lambda each: each.version)}  # type: ignore[attr-defined]
            assert latest.get(event.person) != Act.RECUSE

    @invariant()
    def what_is_privileged_is_in_nothing_that_left(self) -> None:
        for event in self.events:
            if event.act in (Act.DISPATCH, Act.DISPATCH_AGAIN, Act.DISCLOSE_AT_ONCE):
                carried = {exhibit.id for exhibit in part_of(self.request, event.part).exhibits}  # type: ignore[union-attr]
                claims = {said.particulars.exhibit: True for said in self.before(event, Act.CLAIM_PRIVILEGE, "request")}  # type: ignore[attr-defined]
                decided = self.before(event, Act.DECIDE_PRIVILEGE, "request")
                claims |= {said.particulars.exhibit: said.particulars.upheld for said in decided}  # type: ignore[attr-defined]
                assert not any(claims.get(exhibit) for exhibit in carried)

    def before(self, event: Event, act: Act, part: str = "") -> list[Event]:
        """The events of an act on its part, or another, that were there before it."""
        earlier = (each for each in self.events if each.version < event.version)
        return [each for each in earlier if each.act == act and each.part == (part or event.part)]


AnyLife.TestCase.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
AnyLifeOfToday.TestCase.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
TestAnyLife = AnyLife.TestCase
TestAnyLifeOfToday = AnyLifeOfToday.TestCase
