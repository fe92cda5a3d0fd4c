"""The examples are whole letters that a central authority would recognise, and together they use every field."""

import copy
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from comity.law.library import Law
from comity.request.gaps import gaps
from comity.request.identities import is_protected, split, texts_of
from comity.request.letter import Letter, MeasureSought, field_at
from comity.request.model import Record, Urgency, canonical, digest_of, record_in
from comity.request.opening import opening
from comity.request.reading import read
from tests.request.letters import DIGEST, NOON, PATHS, STATES, example, read_or_refuse, unhurried

NAMES = [path.stem for path in PATHS]
TREES = [json.loads(path.read_bytes()) for path in PATHS]
LAW = Law.load()


def _paths(within: type[BaseModel] = Letter, above: str = "") -> Iterator[str]:
    """Every path of a letter, without indices."""
    for name, field in within.model_fields.items():
        yield above + name
        inner = record_in(field)
        yield from _paths(inner, f"{above}{name}.") if inner else ()


def _used(record: Record, above: str = "") -> Iterator[str]:
    """The paths at which a letter says something."""
    for name, value in record:
        if value is not None and value != ():
            yield above + name
        for entry in value if isinstance(value, tuple) else (value,):
            yield from _used(entry, f"{above}{name}.") if isinstance(entry, Record) else ()


def test_the_examples_are_these() -> None:
    assert NAMES == [
        "advance-copy-by-courier",
        "advance-copy-by-mail",
        "information-of-a-child-at-risk",
        "p0-livestream-announced",
        "p1-victim-unidentified",
        "p1d-preservation-lapsing",
        "p2-suspect-about-to-flee",
        "p3-bank-records-three-measures",
    ]


def test_every_field_is_in_use_somewhere_among_the_examples() -> None:
    used = {path for name in NAMES for path in _used(example(name))}
    assert sorted(set(_paths()) - used) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_example_lacks_nothing_under_the_law_that_ships(name: str) -> None:
    told = example(name)
    arrived = told.transmission.received_at if told.transmission else None
    assert arrived is not None
    assert gaps(told, LAW, arrived) == ()


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("information-of-a-child-at-risk", ["P1"]),
        ("p0-livestream-announced", ["P0", "P0"]),
        ("p1-victim-unidentified", ["P1", "P1"]),
        ("p1d-preservation-lapsing", ["P1d", "P1d"]),
        ("p2-suspect-about-to-flee", ["P2", "P2", "P2"]),
        ("p3-bank-records-three-measures", ["P3", "P3", "P3"]),
        ("advance-copy-by-mail", ["P3", "P3"]),
    ],
)
def test_an_example_opens_in_the_class_that_it_is_named_after(name: str, classes: list[str]) -> None:
    told = example(name)
    found = opening(told, (), law=LAW, us="LU", digest=DIGEST, now=NOON)
    assert [measure.urgency for measure in found.measures] == [Urgency(each) for each in classes]
    assert all(measure.kind in LAW.kinds and measure.instrument in LAW.instruments for measure in found.measures)
    assert (found.requested, found.asked_by) == ("LU", told.deadline and told.deadline.by)


def test_the_advance_copy_and_the_original_are_one_request() -> None:
    """The same State and the same own reference: only the way that they came differs."""
    mail, courier = example("advance-copy-by-mail"), example("advance-copy-by-courier")
    assert (mail.requesting_state, mail.own_reference) == (courier.requesting_state, courier.own_reference)
    assert mail.model_copy(update={"transmission": courier.transmission}) == courier
    assert mail.transmission != courier.transmission


def test_no_two_other_examples_are_one_request() -> None:
    marks = {(tree["requesting_state"], tree["own_reference"]) for tree in TREES}
    assert len(marks) == len(TREES) - 1


def test_addresses_and_numbers_in_the_examples_belong_to_nobody() -> None:
    """Domains under .example (RFC 2606), telephone numbers under +999 (unassigned), IBANs with check digits 00."""
    texts = [text for name in NAMES for _, text in texts_of(example(name))]
    assert [text for text in texts if re.search(r"@(?!\S+\.example\b)|www\.|https?:", text)] == []
    assert [text for text in texts if re.search(r"\+(?!999 )\d", text)] == []
    assert [text for text in texts if re.search(r"\b[A-Z]{2}(?!00)\d\d(?: \d{4}){2}", text)] == []


def test_names_stand_in_several_scripts() -> None:
    names = " ".join(
        person.identity.name_in_own_script or ""
        for name in NAMES
        for person in example(name).persons
        if person.identity and not is_protected(person, NOON.date())
    )
    assert all(re.search(f"[{script}]", names) for script in ("\u0621-\u064a", "\u0391-\u03c9", "\u0410-\u044f"))


def test_every_need_in_the_law_names_a_field() -> None:
    needs = {need for kind in LAW.kinds.values() for need in kind.needs}
    lost = [need for need in needs if not (field_at(need.split("."), MeasureSought) or field_at(need.split(".")))]
    assert lost == []


def test_the_digest_of_a_letter_stays_what_it_is() -> None:
    """Golden: what the register compares when a letter comes a second time."""
    told = example("p3-bank-records-three-measures")
    assert digest_of(told) == "1c571d6968865d36c221873176894da180a97b9c12a36e8b7059b26a3a9cbf05"
    start = b'{"attachments":[{"classification":"restricted","description":"Freezing order of '
    assert canonical(told)[:80] == start
    apart, _ = split(example("p1d-preservation-lapsing"), NOON)
    assert digest_of(apart) == "4e633f9d2dc87dc363ca83919cdf8bf956135cb5cca15e4e1236a203326214ec"


# --- examples that were damaged on the way ----------------------------------------------------------------------------


def _places(tree: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = enumerate(tree) if isinstance(tree, list) else tree.items() if isinstance(tree, dict) else ()
    for step, value in inner:
        yield (*here, step)
        yield from _places(value, (*here, step))


PLACES = [(index, place) for index, tree in enumerate(TREES) for place in _places(tree)]
DAMAGE = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([[], {}, "", "P0", "LU", [{}]])
)


def _damaged(hits: list[tuple[tuple[int, tuple[Any, ...]], Any]]) -> dict[str, Any]:
    """An example in which some values were replaced."""
    tree: dict[str, Any] = copy.deepcopy(TREES[hits[0][0][0]])
    for (_, place), value in hits:
        holder: Any = tree
        try:
            for step in place[:-1]:
                holder = holder[step]
            holder[place[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier hit took it away
    return tree


@unhurried
@given(st.lists(st.tuples(st.sampled_from(PLACES), DAMAGE), min_size=1, max_size=4))
def test_a_damaged_example_is_unreadable_or_opens_with_its_gaps(hits: list[Any]) -> None:
    data = json.dumps(_damaged(hits)).encode()
    told = read_or_refuse(data)
    if told:
        found = gaps(told, LAW, NOON)
        opened = opening(told, found, law=LAW, us="LU", digest=hashlib.sha256(data).hexdigest(), now=NOON)
        assert [gap.field for gap in opened.gaps] == [lack.field for lack in found]
        assert len(opened.measures) == max(1, len(told.measures))
        assert len({lack.field for lack in found}) == len(found)


FIELDS = [hit for hit in PLACES if isinstance(hit[1][-1], str) and hit[1] != ("requesting_state",)]


@unhurried
@given(st.sampled_from(FIELDS))
def test_an_example_from_which_any_field_is_missing_still_opens(hit: tuple[int, tuple[Any, ...]]) -> None:
    """A readable but deficient letter is registered; only without the State that asks it cannot be."""
    index, (*above, name) = hit
    tree = copy.deepcopy(TREES[index])
    holder: Any = tree
    for step in above:
        holder = holder[step]
    del holder[name]
    told = read(json.dumps(tree).encode(), STATES)
    assert (
        opening(told, gaps(told, LAW, NOON), law=LAW, us="LU", digest=DIGEST, now=NOON).requesting
        == tree["requesting_state"]
    )
