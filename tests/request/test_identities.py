"""How the identities of those who must not be named leave a letter."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.request.identities import is_protected, named_in_text, split, texts_of
from comity.request.letter import AgeBand, Identity, Person, PersonRole
from tests.request.letters import NOON, PATHS, example, letter, unhurried

ANA = {"given_names": "Ana Sofia", "family_name": "Inventada", "name_in_own_script": "Ана Выдуманная"}


def of(**fields: Any) -> Person:
    return Person.model_validate(fields)


@pytest.mark.parametrize(
    "person",
    [
        of(role="victim"),
        of(role="undercover officer"),
        of(role="contact officer"),
        of(role="witness", protected=True),
        of(role="suspect", child=True),
        of(role="suspect", age_band="16-17"),
        of(role="suspect", age_disputed=True, age_band="18 or over"),
        of(role="third party", identity={"born_on": "2008-11-21"}),
        of(child=True, protected=False),
    ],
)
def test_who_must_not_be_named_is_protected_whatever_the_letter_says(person: Person) -> None:
    """Who may be a child counts as one: Lanzarote art. 35(3), CETS 197 art. 10(3)."""
    assert is_protected(person, NOON.date())


@pytest.mark.parametrize(
    "person",
    [
        of(role="suspect", age_band="18 or over"),
        of(role="witness"),
        of(role="third party", identity={"born_on": "2008-11-20"}),
        of(role="legal person", identity={"family_name": "Invention S.A."}),
    ],
)
def test_others_stay_in_the_letter(person: Person) -> None:
    assert not is_protected(person, NOON.date())


def test_protected_persons_become_tokens_and_the_rest_stays() -> None:
    persons = [
        {"role": "suspect", "token": "suspect-1", "identity": {"family_name": "Modelo"}},
        {"role": "victim", "identity": ANA},
        {"role": "victim", "token": "victim-1", "identity": {"family_name": "Outra"}},
        {"role": "witness", "child": True, "identity": {"family_name": "Terceira"}},
        {"role": "contact officer", "identity": {"family_name": "Quarta"}},
        {"role": "witness", "protected": True},
    ]
    found, identities = split(letter(persons=persons), NOON)
    assert [person.token for person in found.persons] == [
        "suspect-1", "victim-2", "victim-1", "child-1", "officer-1", "witness-1",
    ]  # fmt: skip
    assert {token: who.family_name for token, who in identities.items()} == {
        "victim-2": "Inventada", "victim-1": "Outra", "child-1": "Terceira", "officer-1": "Quarta",
    }  # fmt: skip
    assert [person.identity is None for person in found.persons] == [False, True, True, True, True, True]


def test_two_persons_with_one_token_keep_both_identities() -> None:
    persons = [{"role": "victim", "token": "victim-1", "identity": {"family_name": name}} for name in ("Um", "Dois")]
    _, identities = split(letter(persons=persons), NOON)
    assert {token: who.family_name for token, who in identities.items()} == {"victim-1": "Um", "victim-2": "Dois"}


PERSONS = st.lists(
    st.builds(
        Person,
        token=st.none() | st.sampled_from(["victim-1", "child-1", "person-1", "suspect-1"]),
        role=st.none() | st.sampled_from(PersonRole),
        protected=st.none() | st.booleans(),
        age_band=st.none() | st.sampled_from(AgeBand),
        identity=st.none() | st.builds(Identity, family_name=st.sampled_from(["Um", "Dois", "Tres"])),
    ),
    max_size=6,
).map(tuple)


@unhurried
@given(PERSONS)
def test_no_identity_is_lost_and_no_protected_one_stays(persons: tuple[Person, ...]) -> None:
    whole = letter().model_copy(update={"persons": persons})
    found, identities = split(whole, NOON)
    hidden = [person for person in found.persons if is_protected(person, NOON.date())]
    assert all(person.identity is None and person.token for person in hidden)
    assert len({person.token for person in hidden}) == len(hidden)
    back = [identities.get(str(who.token)) if who in hidden else who.identity for who in found.persons]
    assert back == [person.identity for person in persons]


@unhurried
@given(PERSONS)
def test_splitting_again_changes_nothing(persons: tuple[Person, ...]) -> None:
    once, _ = split(letter().model_copy(update={"persons": persons}), NOON)
    assert split(once, datetime(2046, 1, 1, tzinfo=UTC)) == (once, {})


@pytest.mark.parametrize(
    "text",
    [
        "Then Ana was seen.",
        "the child (ANA SOFIA INVENTADA)",
        "Inventada's school",
        "by Sófia, aged nine",
        "Ана пришла домой",
        "call +999 66 555 0170",
    ],
)
def test_a_protected_name_in_free_text_is_found(text: str) -> None:
    persons = [{"role": "victim", "identity": {**ANA, "contact": "+999 66 555 0170"}}]
    assert named_in_text(*split(letter(persons=persons, facts_summary=text), NOON)) == ("facts_summary",)


@pytest.mark.parametrize("text", ["Anatomy of a case.", "An invention.", "Неизвестная", "victim-1 was seen", ""])
def test_other_words_are_not(text: str) -> None:
    assert named_in_text(*split(letter(persons=[{"role": "victim", "identity": ANA}], facts_summary=text), NOON)) == ()


def test_a_family_name_that_the_suspect_bears_too_is_not_looked_for() -> None:
    """A suspect is often of the victim's family, and must be named."""
    persons = [
        {"role": "victim", "identity": ANA},
        {"role": "suspect", "identity": {"given_names": "Rui", "family_name": "Inventada"}},
    ]
    told = letter(persons=persons, facts_summary="Rui Inventada was seen.", purpose="To find Ana.")
    assert named_in_text(*split(told, NOON)) == ("purpose",)


def test_names_are_looked_for_wherever_text_may_stand() -> None:
    told = letter(
        persons=[{"role": "victim", "identity": ANA, "special_measures": "Ana needs rest"}],
        measures=[{}, {"testimony": {"questions": ["Where?", "Who knows Ana?"]}}],
    )
    paths = named_in_text(*split(told, NOON))
    assert paths == ("measures[1].testimony.questions[1]", "persons[0].special_measures")


@pytest.mark.parametrize("name", [path.stem for path in PATHS])
def test_no_example_names_a_protected_person_outside_the_vault(name: str) -> None:
    found, identities = split(example(name), NOON)
    assert named_in_text(found, identities) == ()
    whole = " ".join(text for _, text in texts_of(found))
    assert [who.given_names for who in identities.values() if who.given_names and who.given_names in whole] == []
