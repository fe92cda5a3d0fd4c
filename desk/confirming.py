"""The letter that confirms an oral request: kept with it, under its own number, and read against what was told."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property

from pydantic import BaseModel, ConfigDict

from comity.errors import AlreadyKnown, NotOpen, Objection
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.law.library import Law
from comity.law.states import known_states
from comity.ledger import log
from comity.register import reading, writing
from comity.request.gaps import gaps
from comity.request.identities import split
from comity.request.letter import Letter, MeasureSought
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import (
    Correction,
    Deed,
    Event,
    Exhibit,
    LegalBasis,
    NewMeasure,
    NewQuestion,
    OnBehalf,
    Particulars,
    Receipt,
    Receive,
    Request,
    UrgencySet,
    canonical,
)
from comity.request.opening import NO_INSTRUMENT, opening
from comity.request.reading import read
from desk.comparing import DATES, Beyond, beyond
from desk.counter import Counter, Tried
from desk.linking import link
from desk.opening import letter_of
from desk.sealing import Handed, sealed_once
from desk.several import do_once, foresee, id_for
from desk.submitting import LATE, Input, Submission, foreign_index
from desk.tracing import trace
from desk.wording import instant, together

NAME = "letter that confirms"
_BY_LETTER = "the letter that confirms the request says it"


@dataclass(frozen=True)
class Confirmation:
    """A written letter beside the oral request that it confirms."""

    counter: Counter
    request: Request
    submission: Submission
    letter: Letter

    @property
    def home(self) -> Home:
        """Where both are kept."""
        return self.counter.home

    @cached_property
    def id(self) -> str:
        """The id of the deed that confirms: of the letter's bytes, so that the same letter confirms once."""
        return id_for(self.request.reference, hashlib.sha256(self.submission.data).hexdigest())

    @cached_property
    def law(self) -> Law:
        """The law that both are read by: the one that the request keeps."""
        return self.home.laws.of(self.request.law)

    @cached_property
    def merged(self) -> Letter:
        """The letter with its measures in the request's order; what was only told keeps its place."""
        told, written, places = self.told.measures, list(self.letter.measures), []
        for number, standing in enumerate(self.request.measures):
            same = next((sought for sought in written if _is(sought, standing.kind)), None)
            if same:
                written.remove(same)
            kept = told[number] if number < len(told) else MeasureSought(kind=standing.kind)
            places.append(same or kept)
        return self.letter.model_copy(update={"measures": (*places, *written)})

    @cached_property
    def told(self) -> Letter:
        """What was told by voice, as the letter that was made of it."""
        return letter_of(self.home, self.request.reference)

    @cached_property
    def beyond(self) -> Beyond:
        """What the letter claims beyond the call."""
        return beyond(self.opened(self.told), self.opened(self.merged), self.request)

    def opened(self, letter: Letter) -> Receive:
        """The request as a letter would have opened it."""
        at, us = self.submission.received, self.home.settings.own_state
        return opening(letter, (), law=self.law, us=us, digest=self.exhibit.sha256, now=at)

    @property
    def exhibit(self) -> Exhibit:
        """The letter as the exhibit that it becomes."""
        data = self.submission.data
        return Exhibit(id=self.id, sha256=hashlib.sha256(data).hexdigest(), size=len(data))

    def deed(
        self, what: str, act: Act, part: str = "request", /, *, particulars: Particulars, expected: int | None = None
    ) -> Deed:
        """One deed of the coordinator who enters the letter."""
        return Deed(
            id=id_for(self.id, what),
            act=act,
            part=part,
            person=self.submission.person,
            role=Role.COORDINATOR,
            expected=expected,
            received=self.submission.received,
            particulars=particulars,
        )


def _is(sought: MeasureSought, kind: str) -> bool:
    return " ".join((sought.kind or "").lower().split()) == kind


class Confirmed(BaseModel):
    """The receipt of `confirm in writing`, and what the letter has brought, a line each."""

    model_config = ConfigDict(frozen=True)

    receipt: Receipt
    by_letter: tuple[str, ...]


async def confirm(counter: Counter, submission: Submission, reference: str) -> Confirmed:
    """Keep the letter with the oral request, enter that it confirms it, and read it against what was told.

    Questions that the letter answers are answered, what it lacks besides is asked, measures that were not told are
    added, a legal basis that was not told is set, a class that is more urgent and a date that is earlier are raised:
    each a deed. Nothing is lowered. Safe to repeat with the same bytes. Raises Unreadable, NotOpen, Objection and
    AlreadyKnown, after entering the attempt.
    """
    with counter.attempt(reference, Tried(act=Act.CONFIRM_IN_WRITING, person=submission.person)):
        counter.people.may_act(submission.person, Role.COORDINATOR, on_behalf=False)
    with counter.attempt(reference, Input.of(submission.data)):
        found = Confirmation(counter, counter.request(reference), submission, read(submission.data, known_states()))
        foreign = _number(found)
    deed = _confirming(found)
    foresee(counter, reference, (deed,))
    following = [*_questions(found), *_measures(found), *_raised(found)]
    by_letter = tuple(_by_letter(found, following))
    handed = Handed(reference, found.id, NAME, submission.person, Role.COORDINATOR, reason="confirms it in writing")
    sealed_once(counter.home, handed, io.BytesIO(submission.data))
    receipt = await do_once(counter, reference, deed)
    for each in following:
        await do_once(counter, reference, each)
    _keep(found, foreign)  # last: as long as the deeds are not done, the letter is compared with what was told
    return Confirmed(receipt=receipt, by_letter=by_letter)


def _number(found: Confirmation) -> str | None:
    """The keyed index of the letter's own number. Raises what stands in the way of its confirming this request."""
    request, letter = found.request, found.letter
    if not request.oral:
        raise NotOpen("this request was not told by voice: hand the letter in with --supplement")
    if letter.requesting_state != request.requesting:
        raise Objection(f"this request is of {request.requesting}, the letter of {letter.requesting_state}: look again")
    foreign = foreign_index(found.home, letter)
    for other in _others(found, foreign):
        if found.counter.request(other).joined != request.reference:
            raise AlreadyKnown(f"this number came in as {other}: `comity join {other} {request.reference}` first")
    return foreign


def _others(found: Confirmation, foreign: str | None) -> Iterator[str]:
    """Other requests that are known by this number."""
    with found.home.store.reading() as view:
        known = reading.known_by(view, foreign) if foreign else ()
    return (each for each in known if each != found.request.reference)


def _confirming(found: Confirmation) -> Deed:
    proof = OnBehalf(channel=found.submission.channel, exhibit=found.exhibit)
    said = found.deed("", Act.CONFIRM_IN_WRITING, particulars=Particulars(reason=LATE))
    return said.model_copy(update={"id": found.id, "role": Role.REQUESTING_AUTHORITY, "on_behalf": proof})


def _questions(found: Confirmation) -> Iterator[Deed]:
    """What the letter answers is answered; what it lacks besides, and was never asked, is asked."""
    lacks = {lack.field: lack for lack in gaps(found.merged, found.law, found.submission.received)}
    for question in found.request.questions:
        if question.field and question.field not in lacks and question.status == Status.ASKED:
            said = Particulars(words=_BY_LETTER, reason=LATE)
            what = f"answer {question.id}"
            yield found.deed(what, Act.ANSWER, question.id, expected=question.revision, particulars=said)
    asked = {question.field for question in found.request.questions}
    for field, lack in lacks.items():
        if field not in asked:
            wanted = NewQuestion(to=Role.REQUESTING_AUTHORITY, told=lack.asks, field=field, reason=LATE)
            yield found.deed(f"ask {field}", Act.ASK, particulars=wanted)


def _measures(found: Confirmation) -> Iterator[Deed]:
    """What was not told is added, and rests on what the letter names."""
    for standing, sought in zip(found.request.measures, found.opened(found.merged).measures, strict=False):
        if standing.instrument == NO_INSTRUMENT != sought.instrument:
            basis = LegalBasis(instrument=sought.instrument, reason=LATE)
            yield found.deed(f"basis of {standing.id}", Act.SET_LEGAL_BASIS, standing.id, particulars=basis)
    for sought in found.opened(found.merged).measures[len(found.request.measures) :]:
        wanted = NewMeasure(measure=sought, reason=LATE)
        yield found.deed(f"measure {sought.id}", Act.ADD_MEASURE, particulars=wanted)


def _raised(found: Confirmation) -> Iterator[Deed]:
    """A class that is more urgent, a date that is earlier than what was told."""
    for part, urgency in found.beyond.classes.items():
        claim = UrgencySet(urgency=urgency, reason=_BY_LETTER)
        yield found.deed(f"urgency of {part}", Act.CLAIM_URGENCY, part, particulars=claim)
    dates, minutes = found.beyond.dates, found.beyond.minutes
    if dates or minutes:
        first = _first(found)
        right = Correction(
            deed=first.deed or "",
            act=first.act,
            was=first.since,
            execute_at=minutes,
            reason=_BY_LETTER,
            **dates,
        )
        yield found.deed("dates", Act.CORRECT, particulars=right)


def _first(found: Confirmation) -> Event:
    """The event with which the request came in."""
    lines = trace(found.home, found.request.reference)
    return next(Event.model_validate(line.what) for line in lines if line.version == 1)


def _by_letter(found: Confirmation, deeds: Sequence[Deed]) -> Iterator[str]:
    """What the letter has brought, in lines to be read."""
    parts = {act: [deed.part for deed in deeds if deed.act == act] for act in Act}
    if parts[Act.ANSWER]:
        yield f"the letter answers {together(parts[Act.ANSWER])}"
    if parts[Act.ASK]:
        yield f"it is asked for {len(parts[Act.ASK])} more that it lacks"
    for sought in found.opened(found.merged).measures[len(found.request.measures) :]:
        yield f"the letter adds {sought.id}: {sought.kind} ({sought.instrument})"
    for part, urgency in found.beyond.classes.items():
        yield f"the letter raises {part} to {urgency}"
    for name, at in found.beyond.dates.items():
        yield f"the letter says: {DATES[name]} {instant(at.astimezone(UTC))} UTC; deadlines are counted again"
    for part, at in found.beyond.minutes.items():
        minute = f"{instant(at.astimezone(UTC))} UTC"
        yield f"the letter says: {part} is executed in several States at the same minute, {minute}"
    yield from found.beyond.stays


def _keep(found: Confirmation, foreign: str | None) -> None:
    """The letter in the place of what was told, known by its number."""
    home, reference = found.home, found.request.reference
    named, identities = split(found.merged, found.submission.received)
    vault = {token: canonical(identity) for token, identity in identities.items()} | {NAME: found.submission.data}
    sealed = {
        token: home.keys.seal(reference, KeyClass.VAULT, plain, f"identity {token}") for token, plain in vault.items()
    }
    letter = home.keys.seal(reference, KeyClass.CONTENT, canonical(named), "letter")
    with home.store.transaction() as tx:
        writing.confirm(tx, reference, letter, at=found.submission.received, identities=sealed)
        log.append(tx, link(tx, home, reference, found.letter, found.submission.received))
    with home.store.reading() as view:
        known = foreign is None or reference in reading.known_by(view, foreign)
    if foreign and not known:
        with home.store.transaction() as tx:
            writing.know_by(tx, reference, (found.letter.requesting_state, foreign), anew=True)
