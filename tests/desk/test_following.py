"""The follow-up of a preservation: drawn up for people of the office, on record first, and read by the check."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from comity.errors import NotFound, NotYours, Objection, Refused, Unreadable
from comity.law.checking import checked
from comity.law.library import Law
from comity.law.states import known_states
from comity.ledger.leaf import Kind
from comity.request.lifecycle import Act, Role
from comity.request.reading import read
from desk.following import Wanted, drawn_up
from desk.tracing import trace
from tests.office import Office, letter, office
from tests.request.lives import SPOKEN

ACT = "draw up a follow-up"
NAME = "Yassine"
"""A name that stands in the example's letter."""


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("following")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def reference(authority: Office) -> str:
    """A request of which M1 preserves traffic data, and M2 asks for them."""
    return await authority.submit(letter("P1d", "P1d", like="p1d-preservation-lapsing"))


def follow_up(authority: Office, reference: str, person: str = "p-anna", measure: str = "M1", **more: Any) -> Any:
    """What is drawn up; the whole ledger is verified afterwards."""
    try:
        return drawn_up(authority.counter, reference, Wanted(person=person, measure=measure, **more))
    finally:
        authority.verified()


async def test_it_is_prefilled_from_the_letter_and_the_record_and_can_be_checked(
    authority: Office, reference: str
) -> None:
    """The end is that on record: until when the order stands, not what the letter said of an earlier one."""
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=60)
    await authority.do(reference, "p-bob", Act.ORDER_PROVISIONALLY, "M1", role=Role.DUTY_OFFICER, **SPOKEN)
    done = {"role": Role.EXECUTING_AUTHORITY}
    await authority.do(reference, "p-dan", Act.START, "M1", **done)
    await authority.do(reference, "p-dan", Act.PUT_IN_FORCE, "M1", until=until, **done)
    plain = follow_up(authority, reference)
    told = read(json.dumps(plain).encode(), known_states())
    [asked] = told.measures
    assert asked.data
    assert asked.data.preservation
    assert (asked.kind, asked.data.preservation.expires_at) == ("production of traffic data", until)
    assert told.foreign_references[0] == reference
    assert (plain["own_reference"], plain["signature"]) == (None, None)
    missing = {each.field for each in checked(told, Law.load(), datetime.now(UTC)).missing}
    assert {"own_reference", "measures[0].necessity"} <= missing
    assert not [field for field in missing if field.startswith("measures[0].data")]


async def test_who_drew_it_up_is_an_access_on_record_that_holds_no_word_of_the_letter(
    authority: Office, reference: str
) -> None:
    plain = follow_up(authority, reference, "p-bob", kind="Search and  seizure")
    assert plain["measures"][0]["kind"] == "search and seizure"
    last = list(trace(authority.home, reference))[-1]
    assert (last.kind, last.act, last.person, last.role) == (Kind.ACCESS, ACT, "p-bob", Role.REVIEWER)
    assert (last.what["measure"], last.what["kind"]) == ("M1", "search and seizure")
    assert NAME in json.dumps(plain)
    assert NAME not in last.model_dump_json()


@pytest.mark.parametrize(
    ("wanted", "refusal", "instead"),
    [
        ({"person": "p-fay"}, NotYours, "p-fay"),
        ({"measure": "M2"}, Objection, "something must follow: expedited preservation"),
        ({"measure": "M9"}, NotFound, "M9"),
        ({"measure": "request"}, Objection, "is no measure"),
        ({"kind": "bank records"}, Unreadable, "say which of these is to follow: production of subscriber data, "),
    ],
    ids=["outside the office", "nothing must follow", "no such measure", "no measure", "another kind"],
)
async def test_what_cannot_be_drawn_up_is_refused_with_what_can_and_entered(
    authority: Office, reference: str, wanted: dict[str, str], refusal: type[Refused], instead: str
) -> None:
    before = len(authority.entries(reference))
    with pytest.raises(refusal, match=instead):
        follow_up(authority, reference, **wanted)
    told = list(trace(authority.home, reference))[before:]
    assert [(line.kind, line.act) for line in told] == [(Kind.ATTEMPT, ACT)]


async def test_where_the_letter_names_no_class_of_data_the_kind_is_asked_for(authority: Office) -> None:
    preserved = json.loads(letter("P1d", like="p1d-preservation-lapsing"))
    del preserved["measures"][0]["data"]["data_class"]
    reference = await authority.submit(json.dumps(preserved).encode())
    with pytest.raises(Unreadable, match="--kind: say which"):
        follow_up(authority, reference)
    content = follow_up(authority, reference, kind="production of content data")
    assert content["measures"][0]["kind"] == "production of content data"


async def test_of_what_has_ended_nothing_follows(authority: Office) -> None:
    reference = await authority.submit(letter("P1d", like="p1d-preservation-lapsing"))
    await authority.do(reference, "p-fay", Act.WITHDRAW, "M1")
    with pytest.raises(Objection, match="nothing is kept by it any more"):
        follow_up(authority, reference)
