"""The courier's letter confirms what was told at night: kept under its own number, read against what was told."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from ulid import ULID

from comity.errors import AlreadyKnown, NotOpen, Objection
from comity.keys.request_keys import KeyClass
from comity.register import reading
from comity.request.lifecycle import Act, Duty, Status
from comity.request.model import Channel, NewQuestion, Request
from desk.confirming import confirm
from desk.joining import join
from desk.oral import CALLER, Call, open_oral
from desk.submitting import Submission, foreign_text
from tests.office import EXAMPLES, GUS, Office, letter, office

TOLD = {
    "caller": "Rui Exemplo Figueira",
    "authority": "PT Polícia Judiciária",
    "number": "+999 21 555 0111",
    "happening": "an offer to stream abuse within the hour",
    "where": "user-77b1@nuage.example",
    "wanted": "expedited preservation",
}


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work, with two coordinators."""
    async with office(tmp_path_factory.mktemp("confirming")) as opened:
        with (opened.home.folder / "people.toml").open("a") as people:
            people.write(GUS)
        yield opened


async def opened(authority: Office) -> Request:
    """What Bob took down at night."""
    return await open_oral(authority.counter, Call("p-bob", datetime.now(UTC), "P0", TOLD, anew=True))


def written(number: str, **more: Any) -> bytes:
    """The letter that comes later: its two measures stand in another order, and one was never told."""
    told = json.loads((EXAMPLES / "p0-livestream-announced.json").read_bytes())
    return json.dumps(told | {"own_reference": number, "measures": told["measures"][::-1]} | more).encode()


async def confirmed(authority: Office, request: Request, data: bytes) -> Request:
    """The request after the letter has come by courier."""
    await confirm(authority.counter, Submission(data, "p-anna", datetime.now(UTC), Channel.COURIER), request.reference)
    return await authority.agreed(request.reference)


async def test_it_is_confirmed_on_behalf_and_what_it_answers_is_answered(authority: Office) -> None:
    request = await opened(authority)
    after = await confirmed(authority, request, written(str(ULID())))
    assert after.confirmed
    assert Duty.CONFIRM_IN_WRITING not in {owed.duty for owed in after.duties}
    standing = {question.field: question.status for question in after.questions}
    for field in ("own_reference", "signature.name", "measures[0].data.provider", "legal_bases"):
        assert standing[field] == Status.ANSWERED
    proof = after.letters[-1]
    assert (proof.kind, proof.channel) == ("confirm in writing", Channel.COURIER)


async def test_what_was_not_told_is_added_and_rests_on_what_the_letter_names(authority: Office) -> None:
    after = await confirmed(authority, await opened(authority), written(str(ULID())))
    assert [(measure.id, measure.kind, measure.instrument) for measure in after.measures] == [
        ("M1", "expedited preservation", "budapest"), ("M2", "emergency disclosure of data", "eio"),
    ]  # fmt: skip


async def test_what_the_letter_lacks_besides_is_asked(authority: Office) -> None:
    """A restraint is a new one: the letter says that a procedure is to be followed, and not why."""
    request = await opened(authority)
    after = await confirmed(authority, request, written(str(ULID()), procedure={"to_follow": "on oath"}))
    asked = [event.particulars for event in authority.events(request.reference) if event.act == Act.ASK]
    assert [(each.told, each.field) for each in asked if isinstance(each, NewQuestion)] == [
        ("Please state why that procedure is to be followed.", "procedure.reason")
    ]
    assert [question.status for question in after.questions][-1] == Status.ASKED


async def test_it_is_found_by_its_own_number_and_read_in_place_of_what_was_told(authority: Office) -> None:
    number = str(ULID())
    request = await opened(authority)
    await confirmed(authority, request, written(number))
    home, reference = authority.home, request.reference
    with home.store.reading() as view:
        assert reading.known_by(view, home.keys.index(foreign_text("PT", number))) == (reference,)
        kept = home.keys.open(reference, KeyClass.CONTENT, reading.document(view, reference, "letter"), "letter")
        assert reading.identity(view, reference, CALLER)
        assert reading.identity(view, reference, "officer-1")
        assert reading.identity(view, reference, "as received")
    assert json.loads(kept)["own_reference"] == number
    with pytest.raises(AlreadyKnown, match=reference):
        await authority.submit(written(number))


async def test_the_same_letter_confirms_once(authority: Office) -> None:
    request, data = await opened(authority), written(str(ULID()))
    once, again = [await confirmed(authority, request, data) for _ in range(2)]
    for told in ("measures", "questions", "letters"):
        assert getattr(again, told) == getattr(once, told), "the clock alone goes on meanwhile"


async def test_what_came_as_another_request_is_joined_first(authority: Office) -> None:
    request, data = await opened(authority), written(str(ULID()))
    other = await authority.submit(data)
    with pytest.raises(AlreadyKnown, match=f"join {other} {request.reference}"):
        await confirmed(authority, request, data)
    await join(authority.counter, other, request.reference, ("p-gus", str(ULID())))
    after = await confirmed(authority, request, data)
    assert (after.confirmed, after.links) == (True, (other,))


async def test_a_letter_of_another_state_or_for_another_request_confirms_nothing(authority: Office) -> None:
    request = await opened(authority)
    with pytest.raises(Objection, match="this request is of PT, the letter of FR"):
        await confirmed(authority, request, written(str(ULID()), requesting_state="FR"))
    by_post = authority.request(await authority.submit(letter("P3")))
    with pytest.raises(NotOpen, match="was not told by voice"):
        await confirmed(authority, by_post, written(str(ULID())))
