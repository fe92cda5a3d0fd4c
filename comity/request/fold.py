"""What each event makes of a request: the one place where a request changes.

`happen` turns a deed that was checked into an event; `fold` applies an event. The workflow and the register fold the
same events, so that what the register shows is what the workflow did. A part moves first, then what the act itself
changes, then the duties are settled: what a status no longer owes is done, what it owes anew is entered.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import cast

from comity.errors import Fault
from comity.request.lifecycle import OWED_SINCE, Act, Duty, Role, Status, step_of
from comity.request.model import (
    BY_MACHINE,
    Alarm,
    ChildIs,
    ChildState,
    Correction,
    Dated,
    Decision,
    Deed,
    Delay,
    Delivery,
    Deposit,
    Direction,
    Draft,
    DutyNamed,
    Event,
    Exhibit,
    Extension,
    Findings,
    Found,
    Heard,
    Knocked,
    LawNamed,
    LegalBasis,
    Letter,
    LetterKept,
    Linked,
    Measure,
    NewMeasure,
    NewQuestion,
    Owed,
    Package,
    PersonTold,
    Privilege,
    PrivilegeDecided,
    PrivilegeNamed,
    Proposal,
    PutDown,
    Question,
    Receipt,
    Receive,
    Reckoned,
    Reckoning,
    Recovery,
    RemedyDecided,
    Request,
    Safeguard,
    SafeguardNamed,
    SafeguardPlanned,
    SoughtMeasure,
    Stop,
    Suspension,
    Task,
    TaskNamed,
    TaskSet,
    ToPerson,
    Urgency,
    UrgencySet,
    Way,
    digest_of,
    stage_of,
)
from comity.request.rules import ALONE_AT_NIGHT, INFORMATION, URGENT, AnyPart, is_open, owed_by, part_of, parts_of
from comity.request.triage import ladder_name


def happen(request: Request, deed: Deed, at: datetime) -> Event:
    """The event that a checked deed becomes, recorded at `at`."""
    step = step_of(part_of(request, deed.part).status, deed.act, request.edition)
    return _event(deed, at, version=request.version + 1, status=step.leads_to if step else None)


def receive(deed: Deed, at: datetime) -> Event:
    """The first event of a request, recorded at `at`, from the deed `receive`.

    Nothing is received later than it is recorded: a desk whose clock is ahead would delay the alarms of a P0.
    """
    event = _event(deed, at, version=1, status=Status.RECEIVED)
    return event if deed.received is None else event.model_copy(update={"received": min(deed.received, at)})


def _event(deed: Deed, at: datetime, *, version: int, status: Status | None) -> Event:
    return Event(
        version=version,
        act=deed.act,
        part=deed.part,
        status=status,
        person=deed.person,
        role=deed.role,
        at=at,
        happened=deed.happened,
        received=deed.received,
        deed=deed.id,
        deed_digest=digest_of(deed),
        on_behalf=deed.on_behalf,
        particulars=deed.particulars,
    )


def begin(reference: str, event: Event) -> Request:
    """The request that a `receive` begins. Raises Fault when the first event is anything else."""
    if not isinstance(event.particulars, Receive) or event.version != 1:
        raise Fault("the first event of a request is its `receive`, at version 1")
    opening = event.particulars
    request = Request(
        reference=reference,
        version=1,
        direction=opening.direction,
        requesting=opening.requesting,
        requested=opening.requested,
        received=event.since,
        since=event.since,
        asked_by=opening.asked_by,
        data_lost_at=opening.data_lost_at,
        oral=opening.oral,
        acknowledged=opening.direction == Direction.GIVEN_BY_US,
        adults=opening.adults,
        law=opening.law,
        edition=opening.edition,
        hands=(event.person,),
        measures=tuple(_measure(sought, event) for sought in opening.measures),
        questions=tuple(Question(id=gap.id, to=gap.to, since=event.since, field=gap.field) for gap in opening.gaps),
    )
    return _settle_duties(request, event)


def fold(request: Request, event: Event) -> Request:
    """The request after one more event. Raises Fault when the event is not the next one."""
    if event.version != request.version + 1:
        raise Fault(f"event {event.version} does not follow version {request.version}")
    moved = _move(request, event).model_copy(update={"version": event.version})
    changed = _EFFECTS.get(event.act, _nothing_more)(moved, event)
    return _settle_duties(_with_proof(_with_hand(changed, event), event), event)


def receipt_of(request: Request, event: Event) -> Receipt:
    """The receipt of the deed that made this event, `request` being what it made of the request."""
    part = part_of(request, event.part)
    return Receipt(
        reference=request.reference,
        deed=event.deed or "",
        act=event.act,
        part=event.part,
        status=part.status,
        revision=part.revision,
        version=event.version,
        stage=stage_of(request),
        at=event.at,
    )


# --- parts ------------------------------------------------------------------------------------------------------------


def _measure(sought: SoughtMeasure, event: Event) -> Measure:
    return Measure(**sought.model_dump(), received=event.since, since=event.since, urgency_by=event.person)


def _move(request: Request, event: Event) -> Request:
    if event.status is None:
        return request
    part = part_of(request, event.part)
    update = {"status": event.status, "revision": part.revision + 1, "since": event.since}
    if isinstance(part, Measure):
        update["stops"] = tuple(_ended(stop, event.since) for stop in part.stops)
    return _put(request, part.model_copy(update=update))


def _ended(stop: Stop, at: datetime) -> Stop:
    """A stop ends with the next move of its measure."""
    return stop if stop.until else stop.model_copy(update={"until": at})


def _put(request: Request, part: AnyPart) -> Request:
    """The request with this part in the place of the one of the same name."""
    if isinstance(part, Request):
        return part
    field = {Measure: "measures", Package: "packages", Question: "questions"}[type(part)]
    parts = tuple(part if old.id == part.id else old for old in getattr(request, field))
    return request.model_copy(update={field: parts})


def _change(request: Request, event: Event, **update: object) -> Request:
    return _put(request, part_of(request, event.part).model_copy(update=update))


def _with_hand(request: Request, event: Event) -> Request:
    """Who changes what is approved later, or enters an outsider's act, may not be its second person."""
    part = part_of(request, event.part)
    touches = event.act in _HANDS or event.on_behalf is not None
    if not touches or isinstance(part, Question) or event.person in part.hands:
        return request
    return _change(request, event, hands=(*part.hands, event.person))


_HANDS = frozenset({
    Act.PROPOSE, Act.SET_LEGAL_BASIS, Act.ORDER_PROVISIONALLY, Act.GIVE_AT_ONCE, Act.PROPOSE_RELEASE,
    Act.DISCLOSE_AT_ONCE, Act.DISPATCH,
})  # fmt: skip


def _with_proof(request: Request, event: Event) -> Request:
    """What proves an outsider's act is a letter of the file."""
    proof = event.on_behalf
    if proof is None:
        return request
    about = () if event.part == "request" else (event.part,)
    letter = Letter(
        exhibit=proof.exhibit, kind=event.act, way=Way.IN, channel=proof.channel, at=event.since, about=about
    )
    return request.model_copy(update={"letters": (*request.letters, letter)})


# --- what an act changes besides the status of its part ---------------------------------------------------------------


def _nothing_more(request: Request, event: Event) -> Request:  # noqa: ARG001
    return request


def _law_applied(request: Request, event: Event) -> Request:
    """A newer law is applied: every duty is counted by it anew."""
    duties = tuple(_anew(owed) for owed in request.duties)
    return request.model_copy(update={"law": cast("LawNamed", event.particulars).law, "duties": duties})


def _found(request: Request, event: Event) -> Request:
    """What is found anew takes the place of what was found before."""
    new = {finding.ground: finding for finding in cast("Findings", event.particulars).findings}
    standing = tuple(found for found in _measure_of(request, event).findings if found.ground not in new)
    found = (Found(ground=each.ground, applies=each.applies, by=event.person) for each in new.values())
    return _change(request, event, findings=(*standing, *found))


def _measure_of(request: Request, event: Event) -> Measure:
    return cast("Measure", part_of(request, event.part))


def _proposed(request: Request, event: Event) -> Request:
    proposal = cast("Proposal", event.particulars)
    law = proposal.by_law
    stamped: dict[str, object] = {"consult_first": law.consult_first, "deciders": law.deciders} if law else {}
    stamped |= {"conditions": proposal.conditions or _given_on(request, event)} if request.edition else {}
    proposed = {"proposer": event.person, "proposal": digest_of(proposal), "proposed": proposal.outcome}
    return _change(request, event, **proposed, **stamped)


def _given_on(request: Request, event: Event) -> tuple[str, ...]:
    """The conditions on which whoever gives information without a request gives it."""
    measure = _measure_of(request, event)
    return measure.conditions if measure.kind == INFORMATION else ()


def _taken_back(request: Request, event: Event) -> Request:
    return _change(request, event, proposal=None, proposed=None)


def _decided(request: Request, event: Event) -> Request:
    review_at = getattr(event.particulars, "review_at", None)
    return _change(request, event, decided=event.since, until=review_at, proposal=None, proposed=None)


def _offered_on_conditions(request: Request, event: Event) -> Request:
    standing, named = _measure_of(request, event).conditions, cast("Decision", event.particulars).conditions
    conditions = (named or standing) if request.edition else ()
    return _change(_decided(request, event), event, conditions=conditions)


def _granted(request: Request, event: Event) -> Request:
    return _change(_decided(request, event), event, granted=True)


def _accepted(request: Request, event: Event) -> Request:
    return _change(request, event, granted=True)


def _ordered_provisionally(request: Request, event: Event) -> Request:
    return _change(_decided(request, event), event, provisional=True)


def _ratified(request: Request, event: Event) -> Request:
    return _change(request, event, provisional=False, granted=True)


def _disclosure_ratified(request: Request, event: Event) -> Request:
    return _change(request, event, provisional=False)


def _not_ratified(request: Request, event: Event) -> Request:
    """What one person did is undone; who was told of it is told of that, too."""
    return _change(request, event, provisional=False, refusal_untold=True)


def _begun_again(request: Request, event: Event) -> Request:
    return _change(request, event, told=False)


def _dated(request: Request, event: Event) -> Request:
    return _change(request, event, until=cast("Dated", event.particulars).until)


def _suspended(request: Request, event: Event) -> Request:
    stop = Stop(ground=cast("Suspension", event.particulars).ground, since=event.since)
    return _change(request, event, stops=(*_measure_of(request, event).stops, stop))


def _concerned_told(request: Request, event: Event) -> Request:
    """Each of several who were told has a remedy of their own: the last to end holds what was obtained."""
    until, standing = cast("PersonTold", event.particulars).until, _measure_of(request, event).remedy_until
    return _dated_anew(_change(request, event, remedy_until=max(until, standing or until)), Duty.RELEASE)


def _remedy_sought(request: Request, event: Event) -> Request:
    """In a request of an edition before, whose law may know no clock for it, it is a note."""
    if not _knows(request, Duty.DECIDE_REMEDY):
        return request
    return _change(request, event, remedies=_measure_of(request, event).remedies + 1)


def _provider_found(request: Request, event: Event) -> Request:
    return _change(request, event, providers=_measure_of(request, event).providers + 1)


def _providers_told(request: Request, event: Event) -> Request:
    return _change(request, event, providers=0)


def _remedy_decided(request: Request, event: Event) -> Request:
    measure, upheld = _measure_of(request, event), cast("RemedyDecided", event.particulars).upheld
    return _change(request, event, remedies=measure.remedies - 1, remedy_upheld=measure.remedy_upheld or upheld)


def _renewed(request: Request, event: Event) -> Request:
    return _without_duty(_dated(request, event), f"{event.part}/{Duty.RENEW_OR_LET_GO}")


def _consulted(request: Request, event: Event) -> Request:
    return _change(_dated(request, event), event, consulted=True)


def _drafted(request: Request, event: Event) -> Request:
    draft = cast("Draft", event.particulars)
    name = f"P{len(request.packages) + 1}"
    held = {exhibit.id: exhibit for exhibit in request.exhibits}
    exhibits = tuple(held[key] for key in sorted(set(draft.exhibits)))
    package = Package(
        id=name,
        since=event.since,
        exhibits=exhibits,
        recipient=draft.recipient,
        key=draft.key,
        channel=draft.channel,
        return_by=draft.return_by,
        content=content_digest(request.reference, name, exhibits),
        hands=(event.person,),
    )
    return request.model_copy(update={"packages": (*request.packages, package)})


def content_digest(reference: str, package: str, exhibits: tuple[Exhibit, ...]) -> str:
    """SHA-256 (hex) of a package's manifest, as comity.evidence.manifest writes it: canonical JSON, ids in order."""
    listed = [{"id": exhibit.id, "sha256": exhibit.sha256, "size": exhibit.size} for exhibit in exhibits]
    manifest = {"exhibits": listed, "format": 0, "package": package, "reference": reference}
    return hashlib.sha256(json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _dispatched(request: Request, event: Event) -> Request:
    package = cast("Package", part_of(request, event.part))
    return _with_slip(_change(request, event, attempts=package.attempts + 1, doubted=False), event)


def _with_slip(request: Request, event: Event) -> Request:
    """What proves that a package was handed over is a letter of the file."""
    slip = getattr(event.particulars, "slip", None)
    if slip is None:
        return request
    channel = cast("Package", part_of(request, event.part)).channel
    letter = Letter(exhibit=slip, kind="slip", way=Way.OUT, channel=channel, at=event.since, about=(event.part,))
    return request.model_copy(update={"letters": (*request.letters, letter)})


def _disclosed(request: Request, event: Event) -> Request:
    """What a person said, or handed over, has arrived by that."""
    sent = _change(_dispatched(request, event), event, provisional=True)
    package = cast("Package", part_of(sent, event.part))
    said = package.channel not in BY_MACHINE
    return _at_its_recipient(sent, event, package.attempts) if said else sent


def _brought(request: Request, event: Event) -> Request:
    """A machine of ours says that it lies with its recipient; of an attempt before the last one that counts no more."""
    return _at_its_recipient(request, event, cast("Delivery", event.particulars).attempt)


def _at_its_recipient(request: Request, event: Event, attempt: int) -> Request:
    """Known since the edition that asks for it: what an earlier one has become stays as it was."""
    return _change(request, event, arrived=attempt) if _knows(request, Duty.SEE_IT_ARRIVE) else request


def _doubted(request: Request, event: Event) -> Request:
    return _change(request, event, doubted=event.act == Act.DOUBT_RECEIPT)


def is_lead(request: Request, package: Package) -> bool:
    """Whether it holds what no formal grant covers yet: something to act on, not yet evidence."""
    granted = {measure.id for measure in request.measures if measure.granted}
    return any(exhibit.measure not in granted for exhibit in package.exhibits)


def _arrived(request: Request, event: Event) -> Request:
    """The requesting authority has what was obtained, and so knows how those measures ended."""
    package = cast("Package", part_of(request, event.part))
    carried = {exhibit.measure for exhibit in package.exhibits}
    measures = tuple(m.model_copy(update={"told": True}) if m.id in carried else m for m in request.measures)
    return request.model_copy(update={"measures": measures})


def _returned(request: Request, event: Event) -> Request:
    return _change(request, event, returned=True)


def _asked(request: Request, event: Event) -> Request:
    asked = cast("NewQuestion", event.particulars)
    question = Question(
        id=f"Q{len(request.questions) + 1}",
        to=asked.to,
        since=event.since,
        about=asked.about,
        field=asked.field,
        answer_by=asked.answer_by,
    )
    return request.model_copy(update={"questions": (*request.questions, question)})


def _deposited(request: Request, event: Event) -> Request:
    exhibit = cast("Deposit", event.particulars).exhibit.model_copy(update={"measure": event.part})
    return request.model_copy(update={"exhibits": (*request.exhibits, exhibit)})


def _measure_added(request: Request, event: Event) -> Request:
    sought = cast("NewMeasure", event.particulars).measure
    added = request.model_copy(update={"measures": (*request.measures, _measure(sought, event))})
    return _counted_anew(added, sought.id)


def _urgency_set(request: Request, event: Event) -> Request:
    urgency = cast("UrgencySet", event.particulars).urgency
    return _change(request, event, urgency=urgency, urgency_by=event.person, put_down=False)


def _put_down(request: Request, event: Event) -> Request:
    urgency = cast("PutDown", event.particulars).urgency
    return _change(request, event, urgency=urgency, urgency_by=event.person, put_down=True)


def _class_confirmed(request: Request, event: Event) -> Request:
    return _change(request, event, put_down=False)


def _basis_set(request: Request, event: Event) -> Request:
    changed = _change(request, event, instrument=cast("LegalBasis", event.particulars).instrument)
    return _counted_anew(changed, event.part)


def _counted_anew(request: Request, part: str) -> Request:
    """Let the duties of a part be counted anew, with those that rest on the law of all measures."""
    duties = tuple(_anew(owed) if owed.part == part or owed.part[0] != "M" else owed for owed in request.duties)
    return request.model_copy(update={"duties": duties})


def _acknowledged(request: Request, event: Event) -> Request:
    """The receiver acknowledges, and again whoever executes: by that alone the other State knows nothing of us."""
    if event.role == Role.EXECUTING_AUTHORITY and request.edition:
        return _taken_up(request)
    return request.model_copy(update={"acknowledged": True})


def _taken_up(request: Request) -> Request:
    taken = (m.model_copy(update={"taken_up": True}) if m.status == Status.ASSIGNED else m for m in request.measures)
    return request.model_copy(update={"measures": tuple(taken)})


def _assigned(request: Request, event: Event) -> Request:
    return _change(request, event, taken_up=False)


def _recused(request: Request, event: Event) -> Request:
    person = cast("ToPerson", event.particulars).person
    recused = tuple(dict.fromkeys((*request.recused, person)))
    left = None if request.allocated == person else request.allocated
    return request.model_copy(update={"recused": recused, "allocated": left})


def _recusal_lifted(request: Request, event: Event) -> Request:
    person = cast("ToPerson", event.particulars).person
    return request.model_copy(update={"recused": tuple(each for each in request.recused if each != person)})


def _privilege_claimed(request: Request, event: Event) -> Request:
    exhibit = cast("PrivilegeNamed", event.particulars).exhibit
    return _with_privilege(request, Privilege(exhibit=exhibit))


def _privilege_decided(request: Request, event: Event) -> Request:
    decided = cast("PrivilegeDecided", event.particulars)
    return _with_privilege(request, Privilege(exhibit=decided.exhibit, upheld=decided.upheld))


def _with_privilege(request: Request, privilege: Privilege) -> Request:
    others = tuple(each for each in request.privileges if each.exhibit != privilege.exhibit)
    return request.model_copy(update={"privileges": (*others, privilege)})


def _safeguard_planned(request: Request, event: Event) -> Request:
    said = cast("SafeguardPlanned", event.particulars)
    name = f"S{len(request.safeguards) + 1}"
    planned = Safeguard(name=name, what=said.safeguard, protects=said.protects, by=said.by)
    return _safeguarded(request, (*request.safeguards, planned))


def _safeguard_done(request: Request, event: Event) -> Request:
    name = cast("SafeguardNamed", event.particulars).name
    done = (each.model_copy(update={"done": True}) if each.name == name else each for each in request.safeguards)
    return _safeguarded(request, tuple(done))


def _safeguarded(request: Request, safeguards: tuple[Safeguard, ...]) -> Request:
    return _dated_anew(request.model_copy(update={"safeguards": safeguards}), Duty.SEE_TO_SAFEGUARDS)


def _dated_anew(request: Request, duty: Duty) -> Request:
    """Of many dates the earliest that is left is the one that counts: the duty is counted anew."""
    duties = tuple(_anew(owed) if owed.duty == duty else owed for owed in request.duties)
    return request.model_copy(update={"duties": duties})


def _task_set(request: Request, event: Event) -> Request:
    said = cast("TaskSet", event.particulars)
    task = Task(name=f"T{len(request.tasks) + 1}", what=said.task, by=said.by, about=said.about)
    return _dated_anew(request.model_copy(update={"tasks": (*request.tasks, task)}), Duty.DO_TASKS)


def _task_done(request: Request, event: Event) -> Request:
    name = cast("TaskNamed", event.particulars).name
    tasks = (each.model_copy(update={"done": True}) if each.name == name else each for each in request.tasks)
    return _dated_anew(request.model_copy(update={"tasks": tuple(tasks)}), Duty.DO_TASKS)


def _progress_asked(request: Request, event: Event) -> Request:  # noqa: ARG001
    return request.model_copy(update={"queries": request.queries + 1})


def _interviewed(request: Request, event: Event) -> Request:
    person = cast("Heard", event.particulars).heard
    counted = request.interviews | {person: request.interviews.get(person, 0) + 1}
    return request.model_copy(update={"interviews": counted})


def _recovering(request: Request, event: Event) -> Request:
    said = cast("Recovery", event.particulars)
    return request.model_copy(update={"recoveries": request.recoveries | {said.protects: said.until}})


def _delayed(request: Request, event: Event) -> Request:
    delay = cast("Delay", event.particulars)
    return _on_duty(request, delay.duty, lambda owed: owed.model_copy(update={"estimate": delay.estimate}))


def _reminded(request: Request, event: Event) -> Request:  # noqa: ARG001
    return request.model_copy(update={"reminders": request.reminders + 1})


def _police_took_it(request: Request, event: Event) -> Request:  # noqa: ARG001
    return request.model_copy(update={"police_have_it": True})


def _child_protection_took_it(request: Request, event: Event) -> Request:  # noqa: ARG001
    return request.model_copy(update={"child_protection_has_it": True})


def _sender_verified(request: Request, event: Event) -> Request:  # noqa: ARG001
    return request.model_copy(update={"sender_verified": True})


def _child_state(request: Request, event: Event) -> Request:
    return request.model_copy(update={"child": cast("ChildState", event.particulars).state})


def _progress_reported(request: Request, event: Event) -> Request:  # noqa: ARG001
    told = request.model_copy(update={"queries": 0})
    return _without_duty(told, f"request/{Duty.REPORT_PROGRESS}")  # the next report is owed from now on


def _confirmed(request: Request, event: Event) -> Request:  # noqa: ARG001
    return request.model_copy(update={"confirmed": True})


def _allocated(request: Request, event: Event) -> Request:
    return request.model_copy(update={"allocated": cast("ToPerson", event.particulars).person, "offered_to": None})


def _offered(request: Request, event: Event) -> Request:
    return request.model_copy(update={"offered_to": cast("ToPerson", event.particulars).person})


def _taken_over(request: Request, event: Event) -> Request:
    return request.model_copy(update={"allocated": event.person, "offered_to": None})


def _joined(request: Request, event: Event) -> Request:
    return request.model_copy(update={"joined": cast("Linked", event.particulars).reference})


def _linked(request: Request, event: Event) -> Request:
    other = cast("Linked", event.particulars).reference
    return request.model_copy(update={"links": (*request.links, *({other} - set(request.links)))})


def _further_use_asked(request: Request, event: Event) -> Request:  # noqa: ARG001
    return request.model_copy(update={"further_uses": request.further_uses + 1})


def _further_use_answered(request: Request, event: Event) -> Request:  # noqa: ARG001
    return request.model_copy(update={"further_uses": request.further_uses - 1})


# --- letters ----------------------------------------------------------------------------------------------------------

LAST_LETTER = "last letter"
NOT_RATIFIED = "ratification refused"
TELLS_OUTCOME = frozenset({
    "refusal", "impossibility", "nil report", "proof of service", "transmission", "closing", "information declined",
})  # fmt: skip
"""The letters by which the requesting authority learns how a measure ended."""


def _letter_kept(request: Request, event: Event) -> Request:
    kept = cast("LetterKept", event.particulars)
    letter = Letter(
        exhibit=kept.exhibit, kind=kept.kind, way=kept.way, channel=kept.channel, at=event.since, about=kept.about
    )
    filed = request.model_copy(update={"letters": (*request.letters, letter)})
    return _told_by(filed, kept) if kept.way == Way.OUT else filed


def _told_by(request: Request, letter: LetterKept) -> Request:
    """What a letter that goes out settles: a measure's end told, a refusal told, a last date set."""
    if letter.kind == LAST_LETTER and letter.until:
        return request.model_copy(update={"last_letter_until": letter.until})
    if letter.kind in TELLS_OUTCOME:
        return _each_about(request, letter, told=True)
    return _each_about(request, letter, refusal_untold=False) if letter.kind == NOT_RATIFIED else request


def _each_about(request: Request, letter: LetterKept, **update: object) -> Request:
    for name in letter.about:
        part = part_of(request, name)
        if isinstance(part, Measure) or (isinstance(part, Package) and "told" not in update):
            request = _put(request, part.model_copy(update=update))
    return request


# --- what is corrected ------------------------------------------------------------------------------------------------


def _corrected(request: Request, event: Event) -> Request:
    """The request as it stands with what is right: instants and dates exchanged, and clocks counted from them."""
    right = cast("Correction", event.particulars)
    dated = _at_their_minutes(request.model_copy(update=_dates_of(right)), right)
    parts: tuple[AnyPart, ...] = (dated, *dated.measures) if right.act == Act.RECEIVE else (part_of(dated, right.part),)
    for part in parts:
        dated = _put_right(dated, part, right)
    named = {right.part, *right.execute_at}
    whole = right.act == Act.RECEIVE
    duties = tuple(_owed_right(owed, right) if whole or owed.part in named else owed for owed in dated.duties)
    return dated.model_copy(update={"duties": duties})


def _at_their_minutes(request: Request, right: Correction) -> Request:
    for name, at in right.execute_at.items():
        request = _put(request, part_of(request, name).model_copy(update={"execute_at": at}))
    return request


def _dates_of(right: Correction) -> dict[str, object]:
    return {name: at for name in ("asked_by", "data_lost_at") if (at := getattr(right, name)) is not None}


def _put_right(request: Request, part: AnyPart, right: Correction) -> Request:
    standing = request if isinstance(part, Request) else part
    named = ("received", "since", "decided", "answer_by")
    update: dict[str, object] = {
        name: right.instant for name in named if right.instant and getattr(standing, name, None) == right.was
    }
    if right.until and isinstance(part, Measure):
        update["until"] = right.until
    return _put(request, standing.model_copy(update=update))


def _owed_right(owed: Owed, right: Correction) -> Owed:
    opened = right.instant if right.instant and owed.opened == right.was else owed.opened
    return _anew(owed).model_copy(update={"opened": opened})


# --- the clock's events -----------------------------------------------------------------------------------------------


def _reckoned(request: Request, event: Event) -> Request:
    found = cast("Reckoning", event.particulars)
    counted = {row.duty: row for row in found.duties}
    duties = tuple(_with_deadlines(owed, counted.get(owed.key), event) for owed in request.duties)
    return request.model_copy(update={"duties": duties, "ladders": {**request.ladders, **found.ladders}})


def _with_deadlines(owed: Owed, row: Reckoned | None, event: Event) -> Owed:
    if row is None:
        return owed
    goes_on = (row.rung, row.next_at) == (owed.rung, owed.next_at)
    return owed.model_copy(
        update={
            "reckoned": True,
            "ladder": ladder_name(owed.duty, owed.urgency),
            "deadlines": row.deadlines,
            "generation": event.version,
            "rung": row.rung,
            "next_at": row.next_at,
            "held_by": owed.held_by if goes_on else None,
        }
    )


def _on_duty(request: Request, key: str, change: Callable[[Owed], Owed]) -> Request:
    duties = tuple(change(owed) if owed.key == key else owed for owed in request.duties)
    return request.model_copy(update={"duties": duties})


def _rung(request: Request, event: Event) -> Request:
    alarm = cast("Alarm", event.particulars)
    climbed = {"rung": alarm.rung + 1, "next_at": alarm.next_at, "held_by": None}
    return _on_duty(request, alarm.duty, lambda owed: owed.model_copy(update=climbed))


def _not_told(request: Request, event: Event) -> Request:
    knocked = cast("Knocked", event.particulars)

    def climb_on(owed: Owed) -> Owed:
        stands = owed.generation == knocked.generation and owed.rung == knocked.rung + 1
        stands = stands and owed.held_by is None  # somebody who had it from elsewhere has taken it meanwhile
        return owed.model_copy(update={"next_at": knocked.next_at}) if stands else owed

    return _on_duty(request, knocked.duty, climb_on)


def _held(request: Request, event: Event) -> Request:
    """An acknowledgement names who has it, and holds the climb for the ladder's pause."""

    def hold(owed: Owed) -> Owed:
        until = event.at + request.ladders[owed.ladder].pause
        later = max(owed.next_at, until) if owed.next_at else until
        return owed.model_copy(update={"held_by": event.person, "next_at": later})

    return _on_duty(request, cast("DutyNamed", event.particulars).duty, hold)


def _extended(request: Request, event: Event) -> Request:
    extension = cast("Extension", event.particulars)
    return _on_duty(request, extension.duty, lambda owed: _anew(owed).model_copy(update={"extended": extension.until}))


_EFFECTS: dict[Act, Callable[[Request, Event], Request]] = {
    Act.PROPOSE: _proposed,
    Act.RETRACT: _taken_back,
    Act.RETURN: lambda request, event: _taken_back(request, event) if event.part.startswith("M") else request,
    Act.GRANT: _granted,
    Act.GRANT_ANOTHER_MEASURE: _granted,
    Act.OFFER_CONDITIONS: _offered_on_conditions,
    Act.POSTPONE: _decided,
    Act.REFUSE: _decided,
    Act.ACCEPT: _accepted,
    Act.ORDER_PROVISIONALLY: _ordered_provisionally,
    Act.GIVE_AT_ONCE: _ordered_provisionally,
    Act.SUSPEND: _suspended,
    Act.RATIFY: _ratified,
    Act.REFUSE_RATIFICATION: _not_ratified,
    Act.DO_AGAIN: _begun_again,
    Act.RECONSIDER: _begun_again,
    Act.CONSULT: _consulted,
    Act.PUT_IN_FORCE: _dated,
    Act.RENEW: _renewed,
    Act.DRAFT_PACKAGE: _drafted,
    Act.DISPATCH: _dispatched,
    Act.DISPATCH_AGAIN: _dispatched,
    Act.DISCLOSE_AT_ONCE: _disclosed,
    Act.REPORT_DELIVERY: _brought,
    Act.DOUBT_RECEIPT: _doubted,
    Act.SETTLE_DOUBT: _doubted,
    Act.RATIFY_DISCLOSURE: _disclosure_ratified,
    Act.REFUSE_DISCLOSURE: _not_ratified,
    Act.CONFIRM_RECEIPT: _arrived,
    Act.ACCEPT_PROOF_OF_DELIVERY: _arrived,
    Act.RECEIVE_RETURN: _returned,
    Act.ASK: _asked,
    Act.DEPOSIT: _deposited,
    Act.ADD_MEASURE: _measure_added,
    Act.CLAIM_URGENCY: _urgency_set,
    Act.ASSESS_URGENCY: _urgency_set,
    Act.SET_LEGAL_BASIS: _basis_set,
    Act.ACKNOWLEDGE: _acknowledged,
    Act.REMIND: _reminded,
    Act.POLICE_TOOK_IT: _police_took_it,
    Act.CHILD_PROTECTION_TOOK_IT: _child_protection_took_it,
    Act.RECORD_REMEDY: _remedy_sought,
    Act.DECIDE_REMEDY: _remedy_decided,
    Act.FIND_OTHER_PROVIDER: _provider_found,
    Act.TELL_OTHER_PROVIDER: _providers_told,
    Act.VERIFY_SENDER: _sender_verified,
    Act.RECORD_CHILD_STATE: _child_state,
    Act.REPORT_PROGRESS: _progress_reported,
    Act.CONFIRM_IN_WRITING: _confirmed,
    Act.ALLOCATE: _allocated,
    Act.HAND_OVER: _offered,
    Act.TAKE_OVER: _taken_over,
    Act.JOIN: _joined,
    Act.LINK: _linked,
    Act.ASK_FURTHER_USE: _further_use_asked,
    Act.ANSWER_FURTHER_USE: _further_use_answered,
    Act.RECORD_LETTER: _letter_kept,
    Act.CORRECT: _corrected,
    Act.APPLY_LAW: _law_applied,
    Act.RECORD_FINDINGS: _found,
    Act.RECUSE: _recused,
    Act.LIFT_RECUSAL: _recusal_lifted,
    Act.TELL_CONCERNED: _concerned_told,
    Act.CLAIM_PRIVILEGE: _privilege_claimed,
    Act.DECIDE_PRIVILEGE: _privilege_decided,
    Act.PUT_DOWN_CLAIM: _put_down,
    Act.CONFIRM_CLASS: _class_confirmed,
    Act.REPORT_DELAY: _delayed,
    Act.PLAN_SAFEGUARD: _safeguard_planned,
    Act.RECORD_SAFEGUARD: _safeguard_done,
    Act.RECORD_INTERVIEW: _interviewed,
    Act.RECORD_RECOVERY: _recovering,
    Act.SET_TASK: _task_set,
    Act.RECORD_TASK: _task_done,
    Act.ASK_ABOUT_PROGRESS: _progress_asked,
    Act.ASSIGN: _assigned,
    Act.RECKON: _reckoned,
    Act.RING: _rung,
    Act.NOT_TOLD: _not_told,
    Act.ACKNOWLEDGE_ESCALATION: _held,
    Act.EXTEND_DEADLINE: _extended,
}


# --- duties -----------------------------------------------------------------------------------------------------------


def duties_of(request: Request) -> tuple[tuple[str, Duty], ...]:
    """What is owed now, as (part, duty): what each status owes, and what stands until a deed has been done."""
    own = [("request", duty) for duty in owed_by(request.status)]
    standing = [
        (part.id, duty)
        for part in parts_of(request)
        if _owes(request, part)
        for duty in owed_by(part.status)
        if not (duty == Duty.RELEASE and _before_a_court(request, part))
    ]
    alone = [(measure.id, Duty.PROVISIONAL_ACT) for measure in request.measures if _provisional(request, measure)]
    alone += [(measure.id, Duty.ACKNOWLEDGE_ASSIGNMENT) for measure in request.measures if _untaken(request, measure)]
    alone += [(package.id, Duty.SEE_IT_ARRIVE) for package in request.packages if _on_its_way(request, package)]
    alone += [(package.id, Duty.CLEAR_UP_RECEIPT) for package in request.packages if _in_doubt(request, package)]
    later = _until_told(request) if request.status != Status.CLOSED else []
    return (*own, *((("request", duty)) for duty in _until_done(request)), *standing, *alone, *later)


def _owes(request: Request, part: AnyPart) -> bool:
    """A measure owes while work on the request goes on, and so does a question that was asked for that work.

    A package owes until the file is closed, and so does what is asked after the work.
    """
    if isinstance(part, Measure) or (isinstance(part, Question) and part.since < request.since):
        return is_open(request.status)
    return request.status != Status.CLOSED


def _until_told(request: Request) -> list[tuple[str, Duty]]:
    """What outlives the work: to ratify, to tell how it ended, to have back what was lent."""
    ended = [measure for measure in request.measures if _is_to_be_told(request, measure) and not request.joined]
    acted: tuple[Measure | Package, ...] = (*request.measures, *request.packages)
    return [
        *((part.id, Duty.RATIFY) for part in acted if part.provisional),
        *((part.id, Duty.TELL_REFUSAL) for part in acted if part.refusal_untold),
        *((measure.id, Duty.LOOK_AGAIN) for measure in request.measures if measure.put_down),
        *((measure.id, Duty.DECIDE_REMEDY) for measure in request.measures if measure.remedies),
        *((measure.id, Duty.TELL_OTHER_PROVIDER) for measure in request.measures if _is_untold(request, measure)),
        *((measure.id, Duty.TELL_OUTCOME) for measure in ended if not measure.told),
        *((package.id, Duty.RETURN) for package in request.packages if _is_lent(package)),
        *(("request", Duty.ANSWER_FURTHER_USE) for _ in range(min(request.further_uses, 1))),
        *(("request", Duty.DECIDE_PRIVILEGE) for _ in _undecided(request)[:1]),
        *(("request", duty) for duty, stands in _left(request) if stands),
    ]


def _is_untold(request: Request, measure: Measure) -> bool:
    """The data lead to another provider, and the requesting authority does not know it yet (Budapest 30)."""
    return _knows(request, Duty.TELL_OTHER_PROVIDER) and measure.providers > 0


def _knows(request: Request, duty: Duty) -> bool:
    """Whether the edition that the request lives by has this duty."""
    return request.edition >= OWED_SINCE.get(duty, 0)


def _before_a_court(request: Request, part: AnyPart) -> bool:
    """What a court may yet keep from leaving is not owed meanwhile."""
    carried = {exhibit.measure for exhibit in part.exhibits} if isinstance(part, Package) else set()
    return any(measure.remedies and measure.id in carried for measure in request.measures)


def _undecided(request: Request) -> list[Privilege]:
    return [each for each in request.privileges if each.upheld is None]


def _left(request: Request) -> tuple[tuple[Duty, bool], ...]:
    """What stands until the last of several was seen to, done, or answered."""
    return (
        (Duty.SEE_TO_SAFEGUARDS, any(not each.done for each in request.safeguards)),
        (Duty.DO_TASKS, any(not each.done for each in request.tasks)),
        (Duty.ANSWER_ON_PROGRESS, request.queries > 0),
    )


def _police_must_know(request: Request) -> bool:
    """A child who is known to be safe ends this clock, and no other."""
    return request.urgency in URGENT and not request.police_have_it and request.child != ChildIs.SAFE


def _child_protection_must_know(request: Request) -> bool:
    """Also of a child who is safe by now; not where every victim is an adult."""
    concerned = request.urgency in URGENT and not request.adults and _knows(request, Duty.TELL_CHILD_PROTECTION)
    return concerned and not request.child_protection_has_it


_TO_BE_TOLD = frozenset({Status.DONE, Status.PARTLY_DONE, Status.IMPOSSIBLE, Status.REFUSED})


def _is_to_be_told(request: Request, measure: Measure) -> bool:
    """Who gives information without a request is told only that we cannot take it on its conditions."""
    if measure.kind == INFORMATION:
        return measure.status == Status.REFUSED and request.direction != Direction.GIVEN_BY_US
    return measure.status in _TO_BE_TOLD


def _is_lent(package: Package) -> bool:
    there = package.status in (Status.PACKAGE_RECEIVED, Status.DELIVERED)
    return there and package.return_by is not None and not package.returned


def _until_done(request: Request) -> list[Duty]:
    if not is_open(request.status):
        return []
    writing = [Duty.CONFIRM_IN_WRITING] if request.oral and not request.confirmed else []
    acknowledge = [] if request.acknowledged else [Duty.ACKNOWLEDGE]
    police = [Duty.TELL_POLICE] if _police_must_know(request) else []
    protection = [Duty.TELL_CHILD_PROTECTION] if _child_protection_must_know(request) else []
    asked = request.direction in (Direction.ASKED_OF_US, Direction.ASKED_BY_US)
    progress = [Duty.REPORT_PROGRESS] if asked and request.status == Status.OPEN else []
    return [*acknowledge, *police, *protection, *progress, *writing]


def _provisional(request: Request, measure: Measure) -> bool:
    waiting = measure.status in (Status.SOUGHT, Status.CONSULTING, Status.PROPOSED)
    return is_open(request.status) and waiting and measure.one_person and measure.urgency in ALONE_AT_NIGHT


def _untaken(request: Request, measure: Measure) -> bool:
    """Assigned, and nobody there has said that they have it; whoever goes on with it has."""
    waiting = measure.status == Status.ASSIGNED and not measure.taken_up
    return _knows(request, Duty.ACKNOWLEDGE_ASSIGNMENT) and is_open(request.status) and waiting


def _on_its_way(request: Request, package: Package) -> bool:
    """Dispatched, and nothing says that it lies with its recipient: no machine of ours, nobody there, no proof."""
    under_way = package.status == Status.DISPATCHED and package.arrived != package.attempts
    return _knows(request, Duty.SEE_IT_ARRIVE) and request.status != Status.CLOSED and under_way


def _in_doubt(request: Request, package: Package) -> bool:
    """A receipt came that is not the recipient's, and no true one has ended it."""
    standing = package.status in (Status.DISPATCHED, Status.DELIVERED)
    return _knows(request, Duty.CLEAR_UP_RECEIPT) and request.status != Status.CLOSED and standing and package.doubted


def _settle_duties(request: Request, event: Event) -> Request:
    """Drop what is no longer owed, enter what is owed anew, and count anew what has changed its urgency."""
    standing = {owed.key: owed for owed in request.duties}
    duties = tuple(
        _owed(request, standing.get(f"{part}/{duty}"), (part, duty), event) for part, duty in duties_of(request)
    )
    return request if duties == request.duties else request.model_copy(update={"duties": duties})


def _owed(request: Request, standing: Owed | None, what: tuple[str, Duty], event: Event) -> Owed:
    part, duty = what
    urgency = _urgency_of(request, part)
    if standing is None:
        return Owed(
            key=f"{part}/{duty}",
            part=part,
            duty=duty,
            urgency=urgency,
            opened=event.since,
            entered=event.at,
            ladder=ladder_name(duty, urgency),
        )
    if standing.urgency == urgency:
        return standing
    changed = {"urgency": urgency}  # the ladder changes when the deadline is reckoned, and it is known by then
    raised = {"opened": event.since} if urgency.rank < standing.urgency.rank else {}  # the time before was not late
    return _anew(standing).model_copy(update=changed | raised)


def _urgency_of(request: Request, part: str) -> Urgency:
    found = part_of(request, part)
    return found.urgency if isinstance(found, Measure) else request.urgency


def _anew(owed: Owed) -> Owed:
    """The duty with its clock to be reckoned again; it goes on ringing up the old ladder until then."""
    return owed.model_copy(update={"reckoned": False})


def _without_duty(request: Request, key: str) -> Request:
    """Let a recurring duty end here, so that settling enters it anew from this instant."""
    return request.model_copy(update={"duties": tuple(owed for owed in request.duties if owed.key != key)})
