"""What is wrong with a file that a person wrote is told in words that say what may stand there instead."""

import pytest
from pydantic import BaseModel, ValidationError

from comity.faults import faults_of
from comity.law.models import Instrument, Ladders, Profile
from comity.request.model import record_at


def _told(model: type[BaseModel], tree: object) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(tree)
    return list(faults_of(refused.value, model, "all of it"))


RUNG = {"when": "at once", "tell": ["head of unit"]}
LADDER = {"counted_from": "opening", "pause": "1 hour"}


@pytest.mark.parametrize(("rung", "fault"), [
    (RUNG | {"tel": ["decider"]}, "ladders.P1.rungs.0.tel: is no key here; did you mean tell?"),
    (RUNG | {"colour": "red"}, "ladders.P1.rungs.0.colour: is no key here; known here: when, tell"),
    ({"when": "at once"}, "ladders.P1.rungs.0.tell: is missing"),
    (RUNG | {"when": "soon"}, "ladders.P1.rungs.0.when: 'soon' is no "),
])  # fmt: skip
def test_a_fault_says_what_may_stand_there_instead(rung: dict[str, object], fault: str) -> None:
    told = _told(Ladders, {"ladders": {"P1": LADDER | {"rungs": [rung]}}})
    assert [line for line in told if line.startswith(fault)], told


def test_a_key_is_meant_in_its_own_table_and_not_in_the_one_around_it() -> None:
    """Truth protected: what is proposed may really stand there."""
    assert record_at(Instrument, ["rules", 3]).model_fields.keys() >= {"duty", "starts", "length", "stopped_by"}
    assert "valid_from" in record_at(Profile, []).model_fields
    assert "valid_from" not in record_at(Profile, ["languages", 0]).model_fields


def test_no_value_is_quoted_where_a_key_is_unknown() -> None:
    told = _told(Profile, {"contact": "Zyxwina Geheim"})
    assert told
    assert not [line for line in told if "Zyxwina" in line]
