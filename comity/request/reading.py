"""How bytes become a letter, or a list of what is wrong with them.

A fault names the path of a field and what belongs there. It never repeats what stands there, nor the name of a field
that we do not know: either may be the name of a person.
"""

import json
import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain, islice
from typing import Any

from pydantic import ValidationError

from comity.errors import Unreadable
from comity.request import letter
from comity.request.letter import Letter
from comity.request.model import TOKEN_PATTERN, record_at

LARGEST = 256 * 1024
"""Bytes that a letter may have. Attachments travel beside it."""

DEEPEST = 16
"""How many objects and lists may stand inside one another; a letter needs seven."""

MOST_FAULTS = 100
"""How many faults are told at a time."""

_AS_WRITTEN = "as `comity schema request` says"

_EXPECTED = {
    "missing": "must be there",
    "string_type": "must be a text",
    "string_unicode": "must be a text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "tuple_type": "must be a list",
    "enum": "must be one of {expected}",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "year_out_of_range": "must lie in the years 1900 to 2199",
    "timezone_aware": "must carry its time zone, as in 2026-11-20T09:30:00+01:00",
    "datetime_type": "must be a date and time with its time zone, as in 2026-11-20T09:30:00+01:00",
    "datetime_parsing": "must be a real date and time with its time zone, as in 2026-11-20T09:30:00+01:00",
    "datetime_from_date_parsing": "must be a real date and time with its time zone, as in 2026-11-20T09:30:00+01:00",
    "date_type": "must be a date, as in 2026-11-20",
    "date_parsing": "must be a real date, as in 2026-11-20",
    "date_from_datetime_parsing": "must be a real date, as in 2026-11-20",
}

_PATTERNS = {
    letter.REFERENCE_PATTERN: "must be one line without control characters or invisible ones",
    letter.LINE_PATTERN: "must be one line without control characters",
    letter.TEXT_PATTERN: "must have no control characters but line breaks and tabs",
    TOKEN_PATTERN: "must be a token such as victim-1, witness-2 or person-3",
    letter.LANGUAGE_PATTERN: "must be an ISO 639 code in lower case, such as fr",
    letter.ZONE_PATTERN: "must be the IANA name of a time zone, such as Europe/Luxembourg",
    letter.CURRENCY_PATTERN: "must be an ISO 4217 code, such as EUR",
    r"^[A-Z]{2}$": "must be an ISO 3166-1 alpha-2 code, such as LU",
    r"^[0-9a-f]{64}$": "must be a SHA-256 in lower-case hex, 64 characters",
}

_HALF = re.compile("[\ud800-\udfff]")

_NO_NUMBER = object()
"""Stands for NaN, Infinity and numbers too long to count with."""


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys were written more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        times = Counter(key for key, _ in pairs)
        self.repeats = frozenset(key for key in times if times[key] > 1)


def _field_names() -> frozenset[str]:
    plan = letter.schema()
    return frozenset(name for shape in (plan, *plan["$defs"].values()) for name in shape.get("properties", {}))


_OURS = _field_names()


def read(data: bytes, known_states: Container[str]) -> Letter:
    """The letter that these bytes are: UTF-8 JSON, at most 256 KiB, as `schema` describes it.

    Raises Unreadable with one line for each fault: `path: what belongs there`. A letter that can be read may still be
    deficient: see comity.request.gaps.
    """
    text = _decoded(data)
    tree = _parsed(text)
    _refuse(_plain_faults(tree, "", DEEPEST))
    _refuse(chain(_faults_of_state(tree, known_states), _faults_of_form(text, tree)))
    return Letter.model_validate_json(text, strict=True)


def _refuse(faults: Iterator[str]) -> None:
    """Raise Unreadable if there is any fault. Only so many are worded: wording them is the costly part."""
    told = list(islice(faults, MOST_FAULTS))
    if told:
        more = ["letter: there are more faults; these come first"] if next(faults, None) else []
        raise Unreadable("\n".join(told + more))


def _decoded(data: bytes) -> str:
    if len(data) > LARGEST:
        raise Unreadable(f"letter: must have at most {LARGEST // 1024} KiB; send documents as attachments")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"letter: must be UTF-8; it is not from byte {error.start} on") from None


def _parsed(text: str) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_Object, parse_constant=lambda _: _NO_NUMBER, parse_int=_counted, parse_float=float
        )
    except json.JSONDecodeError as error:
        raise Unreadable(f"letter: must be JSON; it is not from line {error.lineno}, column {error.colno} on") from None
    except RecursionError:
        raise Unreadable(f"letter: must not be nested deeper than {DEEPEST}") from None


def _counted(digits: str) -> Any:
    return int(digits) if len(digits) < 19 else _NO_NUMBER


def _plain_faults(value: Any, path: str, depth: int) -> Iterator[str]:
    """What no JSON from another system may hold, whatever it is about."""
    if depth < 0:
        yield f"{path}: must not be nested deeper than {DEEPEST}"
    elif isinstance(value, _Object):
        yield from _plain_faults_of_object(value, path, depth)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _plain_faults(entry, f"{path}[{index}]", depth - 1)
    elif value is _NO_NUMBER:
        yield f"{path or 'letter'}: must be a finite number of at most 18 digits"
    elif isinstance(value, str) and _has_surrogate(value):
        yield f"{path or 'letter'}: must be whole characters; it holds half of a pair"


def _plain_faults_of_object(value: _Object, path: str, depth: int) -> Iterator[str]:
    for place, (key, inner) in enumerate(value.items(), 1):
        here = _below(path, key if key in _OURS else f"(field {place})")
        if key in value.repeats:
            yield f"{here}: must be there once only"
        if _has_surrogate(key):
            yield f"{here}: its name must be whole characters; it holds half of a pair"
        yield from _plain_faults(inner, here, depth - 1)


def _has_surrogate(text: str) -> bool:
    return _HALF.search(text) is not None


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _faults_of_state(tree: Any, known_states: Container[str]) -> Iterator[str]:
    """A State that is written as one, and is none. What is not written as one is a fault of form."""
    state = tree.get("requesting_state") if isinstance(tree, dict) else None
    if isinstance(state, str) and re.fullmatch("[A-Z]{2}", state) and state not in known_states:
        yield "requesting_state: must be the code of a State that is known here"


def _faults_of_form(text: str, tree: Any) -> Iterator[str]:
    """What is not as a letter's fields must be."""
    if not isinstance(tree, dict):
        yield "letter: must be an object"
        return
    try:
        Letter.model_validate_json(text, strict=True)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            yield _worded(fault, tree)


def _worded(fault: Mapping[str, Any], tree: Any) -> str:
    where: Sequence[str | int] = fault["loc"]
    if fault["type"] == "extra_forbidden":
        return _unknown_field(where, tree)
    context = fault.get("ctx", {})
    if fault["type"] == "string_pattern_mismatch":
        return f"{_path(where)}: {_PATTERNS.get(context['pattern'], f'must be {_AS_WRITTEN}')}"
    return f"{_path(where)}: {_EXPECTED.get(fault['type'], f'must be {_AS_WRITTEN}').format_map(context)}"


def _unknown_field(where: Sequence[str | int], tree: Any) -> str:
    """Names the field by its place, since its name may be anything, and what was perhaps meant."""
    holder = tree
    for step in where[:-1]:
        holder = holder[step]
    place = list(holder).index(where[-1]) + 1
    known = list(record_at(Letter, where[:-1]).model_fields)
    near = get_close_matches(str(where[-1])[:40].lower(), known, n=1)
    meant = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
    return f"{_path(where[:-1])}: field {place} is not known here; {meant}"


def _path(where: Sequence[str | int]) -> str:
    """`measures[1].kind`: names with dots, places in lists in brackets, counted from 0."""
    path = ""
    for step in where:
        path = f"{path}[{step}]" if isinstance(step, int) else _below(path, step)
    return path or "letter"
