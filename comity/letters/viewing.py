"""What may be told of a request in one letter: its record and its letter, cut down to a view."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from babel import Locale

from comity.errors import Objection
from comity.law.library import Law
from comity.letters.choosing import Meant
from comity.letters.done import Done
from comity.letters.kinds import KindOfLetter, kind_named
from comity.letters.view import (
    Account,
    MeasureTold,
    PackageTold,
    PersonTold,
    ProviderTold,
    QuestionTold,
    SafeguardTold,
    View,
)
from comity.request import letter as writing
from comity.request.fold import is_lead
from comity.request.identities import is_child
from comity.request.lifecycle import FACTS, Role, has_ended
from comity.request.model import Country, Direction, Measure, Package, Question, Request
from comity.request.rules import AnyPart, part_of

LANGUAGE = "en"


@dataclass(frozen=True)
class Known:
    """What is known of a request besides its record: its letter, the questions it raised in words, what was done."""

    law: Law
    us: Country
    letter: writing.Letter
    sentences: Mapping[str, str] = field(default_factory=dict)
    done: Done = field(default_factory=Done)


def view_of(request: Request, meant: Meant, known: Known) -> View:
    """What a settled letter (comity.letters.choosing) may know. Raises Objection for a question without a sentence."""
    about = [part_of(request, name) for name in meant.about]
    return View(
        kind=meant.kind,
        written=meant.written,
        to=meant.to,
        our_state=_state(known.us),
        our_reference=request.reference,
        their_state=_state(request.other_state),
        received=request.received,
        urgency=request.urgency,
        until=meant.until,
        measures=tuple(_measure(part, meant, known) for part in about if isinstance(part, Measure)),
        packages=tuple(_package(request, part) for part in about if isinstance(part, Package)),
        questions=_questions(about, kind_named(meant.kind), known),
        persons=_persons(request, known.letter) if kind_named(meant.kind).protects else (),
        information=request.direction in (Direction.GIVEN_TO_US, Direction.GIVEN_BY_US),
        **(_their_own(request, known.letter) if meant.to == Role.REQUESTING_AUTHORITY else {}),
    )


def _state(code: Country) -> str:
    return str(Locale(LANGUAGE).territories.get(code, code))


def _their_own(request: Request, letter: writing.Letter) -> dict[str, object]:
    """What belongs to the other authority's own file, and is told to nobody else: its number may hold a name."""
    given_by_us = request.direction == Direction.GIVEN_BY_US
    recipient = letter.information.recipient if letter.information else None
    authority = (recipient if given_by_us else letter.issuing_authority) or writing.Authority()
    address = tuple(line.strip() for line in (authority.address or "").split("\n") if line.strip())
    number = None if given_by_us else letter.own_reference
    return {"authority": authority.name, "address": address, "their_reference": number}


def _persons(request: Request, letter: writing.Letter) -> tuple[PersonTold, ...]:
    """Those of whom there is something to heed: a child, special measures, an interview, what was planned."""
    told = (_person(request, person) for person in letter.persons if person.token)
    return tuple(each for each in told if each.child or each.needs or each.heard or each.safeguards)


def _person(request: Request, person: writing.Person) -> PersonTold:
    token = person.token or ""
    planned = (each for each in request.safeguards if each.protects == token and not each.done)
    return PersonTold(
        token=token,
        child=is_child(person, request.received.date()),
        needs=person.special_measures,
        heard=(person.interviews_so_far or 0) + request.interviews.get(token, 0),
        recovery_until=request.recoveries.get(token),
        safeguards=tuple(SafeguardTold(what=each.what, by=each.by) for each in planned),
    )


def _measure(measure: Measure, meant: Meant, known: Known) -> MeasureTold:
    read = known.law.instruments.get(measure.instrument)
    return MeasureTold(
        id=measure.id,
        kind=measure.kind,
        instrument=read.name if read else None,
        article=_article(known.letter, measure) if meant.to == Role.REQUESTING_AUTHORITY else None,
        stage=FACTS[measure.status].stage,
        ended=measure.status if has_ended(measure.status) else None,
        since=measure.since,
        until=measure.until,
        outcome=known.done.outcomes.get(measure.id),
        account=_account(known.letter, measure) if kind_named(meant.kind).account else None,
        execute_at=measure.execute_at,
        providers=_providers(measure, known) if kind_named(meant.kind).path else (),
        conditions=measure.conditions,
    )


def _article(letter: writing.Letter, measure: Measure) -> str | None:
    """The article that the letter relies on, of the instrument that the measure rests on now."""
    bases = {basis.instrument: basis.article for basis in letter.legal_bases}
    return bases.get(measure.instrument)


def _account(letter: writing.Letter, measure: Measure) -> Account | None:
    """The data that the letter names for the measure; one that was added later stands in no letter."""
    number = int(measure.id[1:]) - 1
    data = letter.measures[number].data if number < len(letter.measures) else None
    if data is None:
        return None
    return Account(provider=data.provider, account=data.account, starts_at=data.starts_at, ends_at=data.ends_at)


def _providers(measure: Measure, known: Known) -> tuple[ProviderTold, ...]:
    """All that were found for the measure: a later letter says the earlier ones again."""
    found = known.done.providers.get(measure.id, ())
    return tuple(ProviderTold(provider=each.provider, state=_state(each.country), path=each.path) for each in found)


def _package(request: Request, package: Package) -> PackageTold:
    return PackageTold(
        id=package.id,
        exhibits=len(package.exhibits),
        content=package.content,
        since=package.since,
        channel=package.channel,
        lead=is_lead(request, package),
        return_by=package.return_by,
    )


def _questions(about: list[AnyPart], kind: KindOfLetter, known: Known) -> tuple[QuestionTold, ...]:
    questions = [part for part in about if isinstance(part, Question)]
    sentences = {**known.sentences, **known.done.sentences}
    mute = [question.id for question in questions if question.id not in sentences]
    if mute and kind.sentences:
        raise Objection(f"{', '.join(mute)}: asked in words for the file only; write the letter, and give it by --text")
    return tuple(_question(question, sentences.get(question.id)) for question in questions)


def _question(question: Question, sentence: str | None) -> QuestionTold:
    return QuestionTold(
        id=question.id,
        asks=sentence,
        since=question.since,
        answer_by=question.answer_by,
    )
