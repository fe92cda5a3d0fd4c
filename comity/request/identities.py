"""How the identities of those who must not be named are split off a letter.

Victims, every child in whatever role, protected witnesses, undercover and contact officers are tokens everywhere but in
their own vault entry (Lanzarote Convention art. 31(1)(e), OPSC art. 8(1)(e), Trafficking Protocol art. 6(1)).
"""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain, count
from typing import Any

from pydantic import BaseModel

from comity.request.letter import AgeBand, Identity, Letter, Person, PersonRole

Identities = Mapping[str, Identity]

_ALWAYS = frozenset({PersonRole.VICTIM, PersonRole.UNDERCOVER_OFFICER, PersonRole.CONTACT_OFFICER})

_TOKEN_WORDS = {
    PersonRole.VICTIM: "victim",
    PersonRole.WITNESS: "witness",
    PersonRole.EXPERT: "expert",
    PersonRole.UNDERCOVER_OFFICER: "officer",
    PersonRole.CONTACT_OFFICER: "officer",
}

SHORTEST_NAME = 3
"""Letters below which a name is not looked for in free text: too many words are that short."""


def is_child(person: Person, on: date) -> bool:
    """Whether a person counts as a child on a day. Who may be one does (Lanzarote art. 35(3), CETS 197 art. 10(3))."""
    born = person.identity.born_on if person.identity else None
    banded = person.age_band is not None and person.age_band != AgeBand.ADULT
    return bool(person.child or person.age_disputed or banded or (born and _years(born, on) < 18))


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def is_protected(person: Person, on: date) -> bool:
    """Whether a person's identity is kept in the vault only."""
    return bool(person.protected) or person.role in _ALWAYS or is_child(person, on)


def split(letter: Letter, now: datetime) -> tuple[Letter, dict[str, Identity]]:
    """The letter with tokens in place of protected persons, and the identity behind each token.

    A token that the letter gives is kept if no person before has it; others get the next free number. The same letter
    and day give the same tokens, and splitting twice changes nothing more. Free text stays as it was written: where it
    names a protected person, `named_in_text` says so and the requesting authority is asked (comity.request.gaps).
    """
    on = now.date()
    persons, identities = [], {}
    for person, token in zip(letter.persons, _tokens(letter.persons, on), strict=True):
        if not is_protected(person, on):
            persons.append(person)
            continue
        persons.append(person.model_copy(update={"token": token, "protected": True, "identity": None}))
        if token and person.identity:
            identities[token] = person.identity
    return letter.model_copy(update={"persons": tuple(persons)}), identities


def _tokens(persons: Sequence[Person], on: date) -> Iterator[str | None]:
    """For each person the token that stands in the letter, or a free one for a protected person who has none."""
    taken = {person.token for person in persons if person.token}
    seen: set[str] = set()
    for person in persons:
        token = person.token
        if is_protected(person, on) and (token is None or token in seen):
            token = _free_token(_token_word(person, on), taken)
        if token:
            taken.add(token)
            seen.add(token)
        yield token


def _token_word(person: Person, on: date) -> str:
    word = _TOKEN_WORDS.get(person.role, "person") if person.role else "person"
    return "child" if word in ("person", "witness") and is_child(person, on) else word


def _free_token(word: str, taken: Container[str]) -> str:
    return next(token for token in (f"{word}-{number}" for number in count(1)) if token not in taken)


# --- names in free text -----------------------------------------------------------------------------------------------


def named_in_text(letter: Letter, identities: Identities) -> tuple[str, ...]:
    """The paths of the texts of a split letter in which a name of a protected person appears as it is written.

    Looked for are given names word by word, family names, nicknames, names in their own script and numbers of documents
    and telephones, whatever their case and accents. A name that somebody else in the letter bears too is not looked for
    (a suspect is often of the victim's family). Inflected and abbreviated names are not found: a person reads as well.
    """
    borne = {name for person in letter.persons if person.identity for name in _names(person.identity)}
    hidden = {name for identity in identities.values() for name in _names(identity)} - borne
    lengths = {len(name.split()) for name in hidden}
    return tuple(path for path, text in texts_of(letter) if _holds_any(_plain(text), hidden, lengths))


def _names(identity: Identity) -> set[str]:
    """What would give a person away, each as plain words."""
    own_script = identity.name_in_own_script or ""
    whole = (identity.family_name, own_script, *identity.also_known_as, identity.document, identity.contact)
    parts = ((identity.given_names or "").split(), own_script.split()[:1], own_script.split()[-1:])
    names = {_plain(name) for name in (*whole, *chain(*parts)) if name}
    return {name for name in names if len(name) >= SHORTEST_NAME}


def _plain(text: str) -> str:
    """A text as lower-case words without accents, one space between them."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join(re.findall(r"\w+", "".join(letter for letter in letters if not unicodedata.combining(letter))))


def _holds_any(text: str, names: Container[str], lengths: Iterable[int]) -> bool:
    """Whether any run of so many words is one of these names."""
    words = text.split()
    runs = (words[start : start + length] for length in lengths for start in range(len(words) - length + 1))
    return any(" ".join(run) in names for run in runs)


def texts_of(record: BaseModel) -> Iterator[tuple[str, str]]:
    """Each text of a record with its path (`measures[1].search.place`), in order."""
    yield from _texts(record.model_dump(), "")


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{index}]")
