"""How bytes become a letter, or a list of faults that repeats nothing of what was sent."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Unreadable
from comity.request.letter import Letter
from comity.request.model import canonical
from comity.request.reading import DEEPEST, LARGEST, MOST_FAULTS, read
from tests.request.letters import PATHS, STATES, letter, read_or_refuse, unhurried

EXAMPLE = "as in 2026-11-20T09:30:00+01:00"
DATE = f"must be a real date and time with its time zone, {EXAMPLE}"


def faults_of(data: bytes) -> list[str]:
    with pytest.raises(Unreadable) as caught:
        read(data, STATES)
    return str(caught.value).splitlines()


def faults_in(**fields: Any) -> list[str]:
    return faults_of(json.dumps({"requesting_state": "PT", **fields}).encode())


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "letter: must be JSON; it is not from line 1, column 1 on"),
        (b'{"requesting_state": "PT",\n x}', "letter: must be JSON; it is not from line 2, column 2 on"),
        (b"\xff\xfe", "letter: must be UTF-8; it is not from byte 0 on"),
        (b" " * (LARGEST + 1), "letter: must have at most 256 KiB; send documents as attachments"),
        (b"[]", "letter: must be an object"),
        (b'"PT"', "letter: must be an object"),
        (b"NaN", "letter: must be a finite number of at most 18 digits"),
        (b"{}", "requesting_state: must be there"),
        (b'{"requesting_state": null}', "requesting_state: must be a text"),
        (b'{"requesting_state": "XX"}', "requesting_state: must be the code of a State that is known here"),
        (b'{"requesting_state": "pt"}', "requesting_state: must be an ISO 3166-1 alpha-2 code, such as LU"),
        (b'{"requesting_state": "PT", "requesting_state": "LU"}', "requesting_state: must be there once only"),
        (b"[" * 100_000, f"letter: must not be nested deeper than {DEEPEST}"),
    ],
)
def test_what_is_no_letter_is_refused_with_the_reason(data: bytes, fault: str) -> None:
    assert faults_of(data) == [fault]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"facts_summary": 3}, "facts_summary: must be a text"),
        ({"facts_summary": "a\u0000b"}, "facts_summary: must have no control characters but line breaks and tabs"),
        ({"facts_summary": "x" * 20_001}, "facts_summary: must have at most 20000 characters"),
        ({"measures": {}}, "measures: must be a list"),
        ({"measures": [{}] * 101}, "measures: must have at most 100 entries"),
        ({"measures": [{}, {"kind": 7}]}, "measures[1].kind: must be a text"),
        ({"measures": ["x"]}, "measures[0]: must be an object"),
        (
            {"measures": [{"urgency": "P9"}]},
            "measures[0].urgency: must be one of 'P0', 'P1', 'P1d', 'P2', 'P3' or 'P4'",
        ),
        ({"own_reference": "a\u0007"}, "own_reference: must be one line without control characters or invisible ones"),
        ({"own_reference": "a\u202eb"}, "own_reference: must be one line without control characters or invisible ones"),
        ({"purpose": "\ud800"}, "purpose: must be whole characters; it holds half of a pair"),
        ({"purpose": float("nan")}, "purpose: must be a finite number of at most 18 digits"),
        ({"purpose": float("-inf")}, "purpose: must be a finite number of at most 18 digits"),
        ({"purpose": 10**30}, "purpose: must be a finite number of at most 18 digits"),
        ({"deadline": {"by": "2026-11-20T09:30:00"}}, f"deadline.by: must carry its time zone, {EXAMPLE}"),
        (
            {"measures": [{"execute_at": "2026-12-02T06:00:00"}]},
            f"measures[0].execute_at: must carry its time zone, {EXAMPLE}",
        ),
        ({"deadline": {"by": "2026-11-31T09:30:00Z"}}, f"deadline.by: {DATE}"),
        ({"deadline": {"by": "tomorrow"}}, f"deadline.by: {DATE}"),
        ({"deadline": {"by": 1_790_000_000}}, f"deadline.by: {DATE.replace('real ', '')}"),
        ({"deadline": {"by": "0001-01-01T00:00:00+14:00"}}, "deadline.by: must lie in the years 1900 to 2199"),
        (
            {"persons": [{"identity": {"born_on": "2010-02-30"}}]},
            "persons[0].identity.born_on: must be a real date, as in 2026-11-20",
        ),
        (
            {"persons": [{"token": "Ana-1"}]},
            "persons[0].token: must be a token such as victim-1, witness-2 or person-3",
        ),
        ({"persons": [{"protected": "yes"}]}, "persons[0].protected: must be true or false"),
        ({"persons": [{"interviews_so_far": 1.5}]}, "persons[0].interviews_so_far: must be a whole number"),
        ({"persons": [{"interviews_so_far": -1}]}, "persons[0].interviews_so_far: must be at least 0"),
        (
            {"languages": {"written_in": "fra."}},
            "languages.written_in: must be an ISO 639 code in lower case, such as fr",
        ),
        (
            {"attachments": [{"sha256": "AB"}]},
            "attachments[0].sha256: must be a SHA-256 in lower-case hex, 64 characters",
        ),
        ({"measure": []}, "letter: field 2 is not known here; did you mean measures?"),
        ({"persons": [{"rol": "x"}]}, "persons[0]: field 1 is not known here; did you mean role?"),
        ({"deadline": {"zzz": 1}}, "deadline: field 1 is not known here; known here: by, reason_code, reason"),
    ],
)
def test_each_fault_names_its_path_and_what_belongs_there(fields: dict[str, Any], fault: str) -> None:
    assert faults_in(**fields) == [fault]


def test_all_faults_are_told_at_once() -> None:
    assert len(faults_in(requesting_state="XX", purpose=1, subject=[], deadline={"by": "x"}, more=1)) == 5


def test_a_key_written_twice_is_found_however_deep() -> None:
    data = b'{"requesting_state": "PT", "measures": [{}, {"data": {"account": "a", "account": "b"}}]}'
    assert faults_of(data) == ["measures[1].data.account: must be there once only"]


def test_what_is_nested_too_deep_is_refused_at_its_place() -> None:
    nested: Any = 1
    for _ in range(40):
        nested = [nested]
    assert faults_in(purpose=nested) == [f"purpose{'[0]' * DEEPEST}: must not be nested deeper than {DEEPEST}"]


def test_thousands_of_faults_are_told_as_the_first_hundred() -> None:
    """Wording a fault is the costly part: a hostile letter must not buy much of it."""
    told = faults_in(**{f"x{number}": 1 for number in range(12_000)})
    assert len(told) == MOST_FAULTS + 1
    assert told[-1] == "letter: there are more faults; these come first"


def test_a_byte_order_mark_is_no_fault() -> None:
    assert read("\ufeff".encode() + b'{"requesting_state": "PT"}', STATES) == Letter(requesting_state="PT")


def test_names_keep_their_script_and_joiners() -> None:
    name = "می‌نا Ó Σταύρος Боян"
    assert (
        letter(signature={"name": name}).signature
        == Letter.model_validate({"requesting_state": "PT", "signature": {"name": name}}).signature
    )


# --- whatever comes in ------------------------------------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(), max_size=12)
ANY_KEY = ANY_TEXT | st.sampled_from(list(Letter.model_fields))
ANY_LEAF = (
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.sampled_from(["PT", "P0", "2026-11-20"])
)
ANY_JSON = st.recursive(
    ANY_LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_KEY, inner, max_size=4),
    max_leaves=12,
)
OTHERS = [name for name in Letter.model_fields if name != "requesting_state"]


@unhurried
@given(st.binary(max_size=200))
def test_any_bytes_are_a_letter_or_unreadable(data: bytes) -> None:
    found = read_or_refuse(data)
    assert found is None or isinstance(found, Letter)


@unhurried
@given(ANY_JSON)
def test_any_json_is_a_letter_or_unreadable(value: Any) -> None:
    found = read_or_refuse(json.dumps(value).encode())
    assert found is None or value["requesting_state"] in STATES


@unhurried
@given(st.dictionaries(st.sampled_from(OTHERS), ANY_JSON, max_size=3))
def test_any_values_of_known_fields_are_a_letter_or_unreadable(fields: dict[str, Any]) -> None:
    found = read_or_refuse(json.dumps({"requesting_state": "PT", **fields}).encode())
    assert found is None or found.requesting_state == "PT"


@unhurried
@given(ANY_JSON, ANY_TEXT)
def test_no_fault_repeats_what_was_sent(value: Any, key: str) -> None:
    """A value may be a name, and so may the name of a field that we do not know."""
    marker = "Quibbleton"
    planted = {
        "requesting_state": marker,
        marker: value,
        "facts_summary": {marker: marker},
        "persons": [{"role": marker}],
    }
    assert marker not in "\n".join(faults_of(json.dumps(planted).encode()))
    twice = f'{{"{marker}": 1, "{marker}": {json.dumps(key)}}}'
    assert marker not in "\n".join(faults_of(twice.encode()))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_letter_written_again_is_the_same_letter(path: Any) -> None:
    found = read(path.read_bytes(), STATES)
    assert read(canonical(found), STATES) == found
