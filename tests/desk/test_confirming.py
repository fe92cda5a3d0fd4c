"""The courier's letter confirms what was told at night: kept under its own number, read against what was told."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ulid import ULID

from comity.errors import AlreadyKnown, NotOpen, Objection
from comity.keys.request_keys import KeyClass
from comity.register import reading
from comity.request.deadlines import ASKED, DATA_LOST, SAME_MINUTE
from comity.request.lifecycle import Act, Duty, Status
from comity.request.model import Channel, NewQuestion, Request, Urgency
from desk.confirming import Confirmed, confirm
from desk.joining import join
from desk.oral import CALLER, Call, open_oral
from desk.submitting import Submission, foreign_text
from tests.office import GUS, TOLD, Office, letter, of_today, office


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work, with two coordinators."""
    async with office(tmp_path_factory.mktemp("confirming")) as opened:
        with (opened.home.folder / "people.toml").open("a") as people:
            people.write(GUS)
        yield opened


async def opened(authority: Office, urgency: str = "P0") -> Request:
    """What Bob took down at night."""
    return await open_oral(authority.counter, Call("p-bob", datetime.now(UTC), urgency, TOLD, anew=True))


def written(number: str, **more: Any) -> bytes:
    """The letter that comes later: its two measures stand in another order, and one was never told."""
    told = of_today("p0-livestream-announced")
    return json.dumps(told | {"own_reference": number, "measures": told["measures"][::-1]} | more).encode()


async def answer(authority: Office, request: Request, data: bytes) -> Confirmed:
    """What is said to who enters the letter that has come by courier."""
    came = Submission(data, "p-anna", datetime.now(UTC), Channel.COURIER)
    return await confirm(authority.counter, came, request.reference)


async def confirmed(authority: Office, request: Request, data: bytes) -> Request:
    """The request after the letter has come by courier."""
    await answer(authority, request, data)
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


# --- what the letter claims beyond the call ---------------------------------------------------------------------------


def claiming(urgency: str, **more: Any) -> bytes:
    """A letter that claims this class for all that it seeks, and names no date unless said otherwise."""
    told = of_today("p0-livestream-announced")
    measures = [measure | {"urgency": urgency} for measure in told["measures"]]
    quiet = {name: value for name, value in told.items() if name not in ("emergency", "deadline")}
    return json.dumps(quiet | {"own_reference": str(ULID()), "measures": measures} | more).encode()


async def test_a_class_that_is_more_urgent_than_what_was_told_is_raised_with_its_clocks(authority: Office) -> None:
    request, data = await opened(authority, "P3"), claiming("P0")
    said = (await answer(authority, request, data)).by_letter
    await authority.reckoned(request.reference)
    after = await authority.agreed(request.reference)
    assert "the letter raises M1 to P0" in said
    assert (after.measures[0].urgency, after.urgency) == (Urgency.P0, Urgency.P0)
    assert {owed.urgency for owed in after.duties} == {Urgency.P0}
    assert "request/tell the police" in {owed.key for owed in after.duties}


async def test_a_lower_class_lowers_nothing_and_says_so(authority: Office) -> None:
    request = await opened(authority)
    said = (await answer(authority, request, claiming("P3"))).by_letter
    assert (await authority.agreed(request.reference)).measures[0].urgency == Urgency.P0
    assert [line for line in said if "M1 stays P0; by the letter alone it would be P3" in line]


async def test_what_was_assessed_since_the_call_stands_where_the_letter_repeats_it(authority: Office) -> None:
    """The child is safe; the courier's letter was written before that."""
    request = await opened(authority)
    await authority.do(request.reference, "p-eve", Act.ASSESS_URGENCY, "M1", urgency=Urgency.P3)
    after = await confirmed(authority, request, claiming("P0"))
    assert after.measures[0].urgency == Urgency.P3


async def test_dates_that_were_not_told_bind_what_is_owed(authority: Office) -> None:
    request = await opened(authority)
    by, lost = (datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours) for hours in (1, 2))
    deadline = {"by": by.isoformat(), "reason_code": "life or safety", "reason": "announced"}
    data = claiming("P0", deadline=deadline, emergency={"claimed": "P0", "data_lost_at": lost.isoformat()})
    said = (await answer(authority, request, data)).by_letter
    await authority.reckoned(request.reference)
    after = await authority.agreed(request.reference)
    assert (after.asked_by, after.data_lost_at) == (by, lost)
    assert len([line for line in said if "deadlines are counted again" in line]) == 2
    rules = {deadline.rule: deadline.due for owed in after.duties if owed.part == "M1" for deadline in owed.deadlines}
    assert (rules[ASKED], rules[DATA_LOST]) == (by, lost)


async def test_the_minute_that_the_letter_names_is_a_deadline_of_the_measure_that_was_told(authority: Office) -> None:
    request = await opened(authority)
    minute = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    told = json.loads(claiming("P0"))
    told["measures"][0]["execute_at"] = minute.isoformat()
    said = (await answer(authority, request, json.dumps(told).encode())).by_letter
    await authority.reckoned(request.reference)
    after = await authority.agreed(request.reference)
    assert after.measures[0].execute_at == minute
    assert [line for line in said if line.startswith("the letter says: M1 is executed in several States")]
    rules = {deadline.rule: deadline.due for owed in after.duties if owed.part == "M1" for deadline in owed.deadlines}
    assert rules[SAME_MINUTE] == minute


async def test_what_the_letter_raises_is_raised_once(authority: Office) -> None:
    request = await opened(authority, "P3")
    lost = {"claimed": "P1", "data_lost_at": (datetime.now(UTC) + timedelta(days=9)).isoformat()}
    data = claiming("P1", emergency=lost)
    for _ in range(2):
        await confirmed(authority, request, data)
    acts = [event.act for event in authority.events(request.reference)]
    assert (acts.count(Act.CLAIM_URGENCY), acts.count(Act.CORRECT)) == (1, 1)
