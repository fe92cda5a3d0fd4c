"""What was promised with a version is kept by every later one: added to, never altered, never removed."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.house.promises import FOLDER, broken, promised

ALTERATIONS: tuple[Callable[[Any], object], ...] = (
    lambda now: now["acts"].remove("grant"),
    lambda now: now["records"]["Event"]["properties"].pop("trace"),
    lambda now: now["records"]["Event"]["required"].append("mood"),
    lambda now: now["records"]["Event"]["properties"].update(at={"type": "integer", "format": "date-time"}),
    lambda now: now.update(leaf="another"),
    lambda now: now["rows"].__setitem__(0, "open | sing | closed | coordinator | "),
)
VERSIONS = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.stem)
def test_every_row_word_field_and_byte_that_was_promised_still_stands(version: Path) -> None:
    assert [*broken(json.loads(version.read_text()), _as_written())] == []


def _as_written() -> Any:
    return json.loads(json.dumps(promised()))


def test_what_is_added_keeps_the_promise_and_what_is_altered_or_asked_for_anew_does_not() -> None:
    then = _as_written()
    added = deepcopy(then)
    added["acts"].append("sing")
    added["records"]["Event"]["properties"]["mood"] = {"type": "string", "default": ""}
    assert [*broken(then, added)] == []
    for alter in ALTERATIONS:
        altered = deepcopy(then)
        alter(altered)
        assert len([*broken(then, altered)]) == 1
