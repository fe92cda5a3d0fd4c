"""What a letter can say, and the schema that other systems write it by."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from comity.request.letter import Letter, field_at, schema
from comity.request.model import record_in


def _records(within: type[BaseModel] = Letter) -> Iterator[type[BaseModel]]:
    yield within
    for field in within.model_fields.values():
        inner = record_in(field)
        if inner:
            yield from _records(inner)


def _properties() -> Iterator[tuple[str, dict[str, Any]]]:
    plan = schema()
    for name, shape in {"Letter": plan, **plan["$defs"]}.items():
        yield from ((f"{name}.{field}", told) for field, told in shape.get("properties", {}).items())


def test_every_field_of_the_schema_says_what_belongs_there() -> None:
    silent = [name for name, told in _properties() if not told.get("description")]
    assert silent == []


def test_every_description_completes_the_sentence_please_state() -> None:
    """The questions that we send back are made of these words, so they begin small and end without a stop."""
    wrong = [name for name, told in _properties() if told["description"].endswith(".") or told["description"][0] == "T"]
    assert wrong == []


def test_the_schema_names_its_dialect_and_closes_every_object() -> None:
    plan = schema()
    assert plan["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    shapes = [plan, *(shape for shape in plan["$defs"].values() if shape["type"] == "object")]
    assert [shape["title"] for shape in shapes if shape["additionalProperties"] is not False] == []
    assert json.loads(json.dumps(plan)) == plan


def test_other_systems_can_read_the_patterns_of_the_schema() -> None:
    """Not every regular-expression engine knows Unicode classes; Python's does not."""
    patterns = set(re.findall(r'"pattern": ("[^"]+")', json.dumps(schema())))
    assert len(patterns) == 9
    for pattern in patterns:
        re.compile(json.loads(pattern))


def test_only_the_requesting_state_is_required() -> None:
    """A deficient letter is registered: what it lacks is asked for, not refused."""
    required = {
        record.__name__: [n for n, f in record.model_fields.items() if f.is_required()] for record in _records()
    }
    assert {name: fields for name, fields in required.items() if fields} == {"Letter": ["requesting_state"]}


def test_a_letter_is_frozen() -> None:
    assert all(record.model_config.get("frozen") for record in _records())


@pytest.mark.parametrize("path", ["measures.data.preservation.expires_at", "own_reference", "persons.identity.born_on"])
def test_a_path_of_names_leads_to_its_field(path: str) -> None:
    field = field_at(path.split("."))
    assert field is not None
    assert field.description


@pytest.mark.parametrize("path", ["", "measure", "own_reference.more", "measures.data.data"])
def test_a_path_that_leads_nowhere_has_no_field(path: str) -> None:
    assert field_at(path.split(".")) is None
