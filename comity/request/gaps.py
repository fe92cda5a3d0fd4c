"""What a letter lacks: each mandatory field that is missing or cannot be right, as a question to those who wrote it.

Mandatory is what UNTOC art. 18(15), the model forms built on it and each kind of measure ask for. A gap never holds a
request back: it is registered and opened as it is, and its gaps are asked.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain, islice
from typing import Protocol

from pydantic import BaseModel, Field

from comity.request.identities import named_in_text, split, texts_of
from comity.request.letter import ElectronicData, Letter, MeasureSought, field_at
from comity.request.model import Kept, Record, Urgency
from comity.request.rules import INFORMATION

MOST_GAPS = 500
"""How many gaps are asked at a time. A letter with more is written anew, not mended."""

URGENT = (Urgency.P0, Urgency.P1, Urgency.P1D)


class SaidOfKind(Protocol):
    """One row of the law data on a kind of measure, and whether it holds under an instrument."""

    @property
    def what(self) -> str: ...
    @property
    def article(self) -> str: ...
    def binds(self, instrument: str | None, /) -> bool:
        """Whether it is so of a measure that rests on that instrument."""
        ...


class Followed(SaidOfKind, Protocol):
    """That a request for one of these kinds must follow."""

    @property
    def kinds(self) -> tuple[str, ...]: ...


class KindOfMeasure(Protocol):
    """What the law data say of a kind of measure. `needs` are paths inside a measure, else inside the letter."""

    @property
    def id(self) -> str: ...
    @property
    def lasts(self) -> bool: ...
    @property
    def one_person(self) -> bool: ...
    @property
    def needs(self) -> tuple[str, ...]: ...
    @property
    def data_class(self) -> str: ...
    @property
    def told(self) -> Sequence[SaidOfKind]: ...
    @property
    def followed_by(self) -> Sequence[Followed]: ...


class Content(Protocol):
    """One thing that a request must say by an instrument: paths in the letter, of these kinds of measure."""

    @property
    def kinds(self) -> tuple[str, ...]: ...
    @property
    def fields(self) -> tuple[str, ...]: ...


class Instrument(Protocol):
    """What the law data say of an instrument."""

    @property
    def contents(self) -> Sequence[Content]: ...


class LawKnown(Protocol):
    """The law that a letter is compared with; comity.law.library.Law is one."""

    @property
    def version(self) -> str: ...
    @property
    def kinds(self) -> Mapping[str, KindOfMeasure]: ...
    @property
    def instruments(self) -> Mapping[str, Instrument]: ...
    def in_force_between(self, instrument: str, one: str, other: str, day: date, /) -> str:
        """Whether an instrument that is known binds two States on a day: `yes`, `no` or `unknown`."""
        ...


class Lack(Record):
    """One gap of a letter, by the path of the field, with the sentence that asks for it. It holds no personal data."""

    field: str = Field(description="path of the field: `measures[1].data.account`")
    asks: str = Field(description="one sentence for a letter")


class Questions(Kept):
    """The gaps of a letter, as sentences: question Qn asks the n-th."""

    lacks: tuple[Lack, ...]


ALWAYS = (
    "requested_state",
    "issuing_authority.name",
    "issuing_authority.contact",
    "conducting_authority.name",
    "conducting_authority.function",
    "own_reference",
    "subject.matter",
    "subject.nature",
    "subject.stage",
    "offences",
    "purpose",
    "measures",
    "languages.written_in",
    "signature.name",
    "signature.signed_at",
    "transmission.channel",
)
"""What every request must say (UNTOC art. 18(15)(a) to (f); language and signature by practice)."""

OF_EACH = {"offences": ("law", "maximum_penalty"), "persons": ("role",)}
"""What each entry of a list must say."""


OF_INFORMATION = (
    "requested_state",
    "issuing_authority.name",
    "issuing_authority.contact",
    "own_reference",
    "facts_summary",
    "languages.written_in",
    "transmission.channel",
)
"""What must be said where information is given without a request (ours to set: no treaty lists it)."""


def gives_information(letter: Letter) -> bool:
    """Whether it asks for nothing, and gives information without a request."""
    kinds = {_plain(measure.kind or "") for measure in letter.measures}
    return kinds == {INFORMATION} or (not kinds and letter.information is not None)


def claimed(letter: Letter) -> Urgency | None:
    """The most urgent class that it claims, as a whole or for one measure."""
    whole = letter.emergency.claimed if letter.emergency else None
    named = [each for each in (whole, *(measure.urgency for measure in letter.measures)) if each]
    return min(named, key=lambda urgency: urgency.rank, default=None)


def is_urgent(letter: Letter) -> bool:
    """Whether it claims to be P0, P1 or P1d."""
    return claimed(letter) in URGENT


def _serves_only(letter: Letter) -> bool:
    return bool(letter.measures) and all(measure.service for measure in letter.measures)


def _lacks_judge(letter: Letter) -> bool:
    """An order of another authority is validated by a judicial one (Directive 2014/41/EU art. 2(c)(ii))."""
    issuer = letter.issuing_authority
    by_eio = any(instrument_of(letter, index) == "eio" for index in range(len(letter.measures)))
    return by_eio and issuer is not None and issuer.judicial is False


SOMETIMES: tuple[tuple[str, Callable[[Letter], object]], ...] = (
    # must be said           when
    ("facts_summary", lambda letter: not _serves_only(letter)),
    ("confidentiality.reason", lambda letter: letter.confidentiality and letter.confidentiality.needed),
    ("procedure.reason", lambda letter: letter.procedure and letter.procedure.to_follow),
    ("deadline.reason", lambda letter: letter.deadline and letter.deadline.by),
    ("languages.certified_by", lambda letter: letter.languages and letter.languages.translation_attached),
    (
        "exposure.assurance",
        lambda letter: letter.exposure and (letter.exposure.death_penalty or letter.exposure.torture),
    ),
    ("validation.authority.name", _lacks_judge),
    ("emergency.facts", is_urgent),
    ("issuing_authority.contact.round_the_clock", is_urgent),
)
"""What a request must say on a condition."""


def gaps(letter: Letter, law: LawKnown, now: datetime) -> tuple[Lack, ...]:
    """What must be asked about a letter as it came in (not split), in the order of the questions, one for a field."""
    first: dict[str, Lack] = {}
    found = (_missing(letter), _legal(letter, law, now.date()), _of_measures(letter, law), _of_persons(letter, now))
    for lack in chain(*found, _past(letter, now)):
        first.setdefault(lack.field, lack)
    return tuple(islice(first.values(), MOST_GAPS))


# --- fields that are missing ------------------------------------------------------------------------------------------


def _missing(letter: Letter) -> Iterator[Lack]:
    always = OF_INFORMATION if gives_information(letter) else ALWAYS
    yield from (_asked(path) for path in always if _is_missing(_at(letter, path)))
    yield from (_asked(path) for path, applies in SOMETIMES if applies(letter) and _is_missing(_at(letter, path)))
    for name, paths in OF_EACH.items():
        for index, entry in enumerate(getattr(letter, name)):
            yield from (_asked(f"{name}[{index}].{path}") for path in paths if _is_missing(_at(entry, path)))


def _at(record: object, path: str) -> object:
    """The value at a path of names inside a record; None where the way there ends."""
    for name in path.split("."):
        record = getattr(record, name, None)
    return record


def _is_missing(value: object) -> bool:
    """Whether nothing is said: no value, a blank text, an empty list, a record of which no field says anything."""
    if isinstance(value, BaseModel):
        return all(_is_missing(inner) for _, inner in value)
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == ()


def _asked(path: str, more: str = "") -> Lack:
    """The question for a field, in the words of its description, and what is to be said behind them."""
    names = re.sub(r"\[\d+\]", "", path)
    field = field_at(names.split("."))
    says = field.description if field else f"what the measure needs ({names})"
    return Lack(field=path, asks=f"Please state{_whose(path)} {says}{more}.")


_ENTRIES = {
    "measures": " for measure M",
    "persons": " for person ",
    "offences": " for offence ",
    "legal_bases": " for legal basis ",
}


def _whose(path: str) -> str:
    """Which entry of a list the question is about: ` for measure M2`."""
    entry = re.match(r"(\w+)\[(\d+)\]\.", path)
    return f"{_ENTRIES[entry[1]]}{int(entry[2]) + 1}" if entry else ""


# --- legal bases ------------------------------------------------------------------------------------------------------


def instrument_of(letter: Letter, index: int) -> str | None:
    """The instrument that a measure rests on, as named: its own, else the letter's where it names just one."""
    own = _at(letter.measures[index], "instrument") if letter.measures else None
    named = [basis.instrument for basis in letter.legal_bases if not _is_missing(basis.instrument)]
    only = named[0] if len(named) == 1 else None
    said = own if isinstance(own, str) and own.strip() else only
    return _plain(said) if said else None


def _plain(words: str) -> str:
    return " ".join(words.lower().split())


def _legal(letter: Letter, law: LawKnown, day: date) -> Iterator[Lack]:
    if not letter.legal_bases and not gives_information(letter):
        yield _other_basis("legal_bases", letter, law, day=day)
    for index, basis in enumerate(letter.legal_bases):
        path = f"legal_bases[{index}]"
        if _is_missing(basis.instrument):
            yield from () if basis.reciprocity else (_asked(f"{path}.instrument"),)
        elif not may_bind(_plain(basis.instrument or ""), letter, law, day=day):
            yield _other_basis(f"{path}.instrument", letter, law, day=day)
        elif _is_missing(basis.article):
            yield _asked(f"{path}.article")
    for index in range(len(letter.measures)):
        if _rests_on_nothing(letter, index, law, day=day):
            yield _other_basis(f"measures[{index}].instrument", letter, law, day=day)


def _rests_on_nothing(letter: Letter, index: int, law: LawKnown, *, day: date) -> bool:
    """Whether a measure names an instrument that does not bind, or none where the letter leaves it open which."""
    own = letter.measures[index].instrument
    if own and own.strip():
        return not may_bind(_plain(own), letter, law, day=day)
    reciprocal = any(basis.reciprocity for basis in letter.legal_bases)
    return bool(letter.legal_bases) and not reciprocal and instrument_of(letter, index) is None


def may_bind(instrument: str, letter: Letter, law: LawKnown, *, day: date) -> bool:
    """Whether an instrument is known, and not known to be out of force on the day when the letter came.

    What is unknown, a reviewer finds out.
    """
    return instrument in law.instruments and _in_force(instrument, letter, law, day=day) != "no"


def _in_force(instrument: str, letter: Letter, law: LawKnown, *, day: date) -> str:
    if letter.requested_state is None:
        return "unknown"
    return law.in_force_between(instrument, letter.requesting_state, letter.requested_state, day)


def _other_basis(path: str, letter: Letter, law: LawKnown, *, day: date) -> Lack:
    states = f"{letter.requesting_state} and {letter.requested_state or 'us'}"
    binding = [instrument for instrument in law.instruments if _in_force(instrument, letter, law, day=day) == "yes"]
    which = f"known here to be: {', '.join(binding)}" if binding else "none is known here; reciprocity may be assured"
    return Lack(field=path, asks=f"Please name{_whose(path)} an instrument in force between {states} ({which}).")


# --- measures ---------------------------------------------------------------------------------------------------------


def kind_of(measure: MeasureSought, law: LawKnown) -> KindOfMeasure | None:
    """The kind of a measure, whatever its case and spaces; None where the law knows none of that name."""
    return law.kinds.get(_plain(measure.kind or ""))


def _of_measures(letter: Letter, law: LawKnown) -> Iterator[Lack]:
    for index, measure in enumerate(letter.measures):
        kind = kind_of(measure, law)
        if kind is None:
            known = ", ".join(law.kinds)
            path = f"measures[{index}].kind"
            yield Lack(field=path, asks=f"Please state{_whose(path)} which kind it is; known here are: {known}.")
        else:
            yield from _needed(letter, index, kind.needs)
            yield from _needed(letter, index, _by_instrument(letter, index, kind, law))
            yield from _against_its_kind(letter, index, kind)


_INSIDE = "measures."


def _by_instrument(letter: Letter, index: int, kind: KindOfMeasure, law: LawKnown) -> Iterator[str]:
    """What the instrument that a measure rests on wants each measure of its kind to say."""
    basis = law.instruments.get(instrument_of(letter, index) or "")
    for content in basis.contents if basis else ():
        if kind.id in content.kinds:
            yield from (field.removeprefix(_INSIDE) for field in content.fields if field.startswith(_INSIDE))


def _needed(letter: Letter, index: int, needs: Iterable[str]) -> Iterator[Lack]:
    """What a measure needs. A need that names no field is asked for in any case: that shows the fault."""
    for need in needs:
        inside = field_at(need.split("."), MeasureSought) is not None
        holder = letter.measures[index] if inside else letter
        if _is_missing(_at(holder, need)):
            is_letters = not inside and field_at(need.split(".")) is not None
            yield _asked(need if is_letters else f"measures[{index}].{need}")


# --- what a kind of measure brings with it ----------------------------------------------------------------------------

NO_CLASS = "none"
"""The class of data of a kind that yields none, or data of any class."""


def goes_on_field(part: str) -> str:
    """The field that says whether a measure (`M1`) goes on although somebody whom it concerns will learn of it."""
    return f"measures[{int(part[1:]) - 1}].goes_on_if_told"


def wants_secrecy(letter: Letter) -> bool:
    """Whether it asks that it be kept secret, or that a user be not told."""
    asked = letter.confidentiality
    return asked is not None and bool(asked.needed or asked.do_not_notify_user)


def _against_its_kind(letter: Letter, index: int, kind: KindOfMeasure) -> Iterator[Lack]:
    """What a measure says, or asks for, that its kind does not bear; `more` says why, behind the question."""
    measure, instrument = letter.measures[index], instrument_of(letter, index)
    data = measure.data or ElectronicData()
    if data.data_class and kind.data_class not in (NO_CLASS, data.data_class):
        yield _asked(f"measures[{index}].data.data_class", f": '{kind.id}' yields {kind.data_class} data")
    here = {_plain(each.kind or "") for each in letter.measures}
    unfollowed = [row for row in kind.followed_by if row.binds(instrument) and not here & {*row.kinds}]
    if data.intends_request is False and unfollowed:
        yield _asked(f"measures[{index}].data.intends_request", f": {_said(unfollowed)}")
    told = [row for row in kind.told if row.binds(instrument)]
    if told and wants_secrecy(letter) and not measure.goes_on_if_told:
        yield _asked(goes_on_field(f"M{index + 1}"), f", or is withdrawn: {_said(told)}")


def _said(rows: Sequence[SaidOfKind]) -> str:
    return "; ".join(f"{row.what} ({row.article})" for row in rows)


# --- instants ---------------------------------------------------------------------------------------------------------


def instants_of(letter: Letter) -> Iterator[tuple[str, datetime]]:
    """The instants by which something must be done, with their paths."""
    paths = ["deadline.by", "emergency.data_lost_at"]
    for path in paths:
        instant = _at(letter, path)
        if isinstance(instant, datetime):
            yield path, instant
    for index, measure in enumerate(letter.measures):
        expires = _at(measure, "data.preservation.expires_at")
        if isinstance(expires, datetime):
            yield f"measures[{index}].data.preservation.expires_at", expires


def _past(letter: Letter, now: datetime) -> Iterator[Lack]:
    for path, instant in chain(instants_of(letter), _minutes_of(letter)):
        if instant <= now:
            yield _asked(path, ": the instant given was past when the request arrived")


def _minutes_of(letter: Letter) -> Iterator[tuple[str, datetime]]:
    """The instants at which something is done, neither before nor after, with their paths."""
    for index, measure in enumerate(letter.measures):
        if measure.execute_at:
            yield f"measures[{index}].execute_at", measure.execute_at


# --- persons ----------------------------------------------------------------------------------------------------------

_POINTERS = ("person", "addressee", "witness", "owner", "holder")
"""The fields of a measure that hold the token of a person."""


def _of_persons(letter: Letter, now: datetime) -> Iterator[Lack]:
    yield from _doubled(letter)
    yield from _pointing_nowhere(letter)
    for path in named_in_text(*split(letter, now)):
        asks = "Please write this field again with the token in place of the name: it names a protected person."
        yield Lack(field=path, asks=asks)


def _doubled(letter: Letter) -> Iterator[Lack]:
    times = Counter(person.token for person in letter.persons if person.token)
    for index, person in enumerate(letter.persons):
        if person.token and times[person.token] > 1:
            path = f"persons[{index}].token"
            yield Lack(field=path, asks=f"Please state{_whose(path)} a token that no other person has.")


def _pointing_nowhere(letter: Letter) -> Iterator[Lack]:
    known = {person.token for person in letter.persons}
    for path, text in texts_of(letter):
        if path.startswith("measures[") and path.split(".")[-1] in _POINTERS and text not in known:
            yield Lack(field=path, asks=f"Please state{_whose(path)} who is meant: no person has this token.")
