"""The night as one story: a call at 02:00, one officer alone, and what becomes of it in the weeks after."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ulid import ULID

from comity.errors import AlreadyKnown, Objection
from comity.evidence import recipient
from comity.request.fold import is_lead
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import Channel, SoughtMeasure, Urgency
from desk.confirming import confirm
from desk.disclosing import Telling, disclose
from desk.joining import join
from desk.oral import Call, open_oral
from desk.submitting import Submission
from tests.lives.life import EXECUTING, ON_DUTY, Life
from tests.office import EXAMPLES, GUS, TOLD, Office, office
from tests.request.lives import SPOKEN

POLICE = "request/tell the police"


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[Office]:
    """A central authority at work, with one recipient of packages and two coordinators."""
    async with office(tmp_path) as opened:
        prepare(opened)
        yield opened


def prepare(authority: Office) -> None:
    """One recipient of packages, and a second coordinator."""
    with (authority.home.folder / "people.toml").open("a") as people:
        people.write(GUS)
    authority.home.recipient("requester").write_text(recipient.create(authority.home.folder.parent / "identity"))


async def test_the_night(authority: Office, tmp_path: Path) -> None:
    """Nothing urgent waits for a form, four eyes come after it, and the record tells all of it."""
    await night(authority, tmp_path)


async def night(authority: Office, folder: Path) -> Life:
    """From the call to the closing."""
    life = await called(authority, folder)
    await ordered_by_one(life)
    await missed_and_climbed(life)
    await told_by_one(life)
    await ratified_in_the_morning(life)
    await confirmed_in_week_three(life)
    await granted_and_sent(life)
    await life.do("dan", Act.LIFT, "M1", **EXECUTING)
    await life.tells("closing", "M1")
    await life.closes()
    return life


async def called(authority: Office, folder: Path) -> Life:
    """Bob takes the call. No rung of a P0 asks whether it is night, or a holiday."""
    request = await open_oral(authority.counter, Call("p-bob", datetime.now(UTC), "P0", TOLD))
    authority.verified()
    return Life(authority, request.reference, folder)


async def ordered_by_one(life: Life) -> None:
    """What must be kept is kept, and what finds the child is asked for, both by phone."""
    facts = {"id": "M2", "kind": "emergency disclosure of data", "instrument": "none", "urgency": Urgency.P0}
    await life.do("bob", Act.ADD_MEASURE, measure=SoughtMeasure.model_validate(facts | {"one_person": True}), **ON_DUTY)
    for measure in ("M1", "M2"):
        assert await life.do("bob", Act.ORDER_PROVISIONALLY, measure, **ON_DUTY, **SPOKEN) == Status.ASSIGNED
    await life.do("dan", Act.START, "M1", **EXECUTING)
    until = datetime.now(UTC) + timedelta(days=90)
    await life.do("dan", Act.PUT_IN_FORCE, "M1", until=until, **EXECUTING)


async def missed_and_climbed(life: Life) -> None:
    """Nobody tells the police in time: the ladder climbs to the head of unit, until somebody there has taken it."""
    await life.authority.reckoned(life.reference)
    owed = life.authority.owed(life.reference, POLICE)
    assert owed
    assert owed.due
    await life.authority.forward_to(life.reference, owed.due + timedelta(minutes=20))
    rung = life.authority.rung(life.reference, POLICE)
    assert rung[-1].overdue
    assert any(Role.HEAD_OF_UNIT in alarm.tell for alarm in rung)
    await life.do("bob", Act.POLICE_TOOK_IT, name="R. Sato", function="desk", number="+999 1", **ON_DUTY)
    assert POLICE not in life.owes()


async def told_by_one(life: Life) -> None:
    """The address is told on the phone, once the caller was called back."""
    telling = Telling(
        str(ULID()), "p-bob", "3 Example Street", "the caller", "+999 2", "the child is there", measure="M2"
    )
    with pytest.raises(Objection, match="call back"):
        await disclose(life.authority.counter, life.reference, telling)
    await life.do("bob", Act.VERIFY_SENDER, words="called back", number="+999 2", **ON_DUTY)
    assert (await disclose(life.authority.counter, life.reference, telling)).status == Status.DISPATCHED
    life.authority.verified()
    await life.is_done("M2")
    assert {"M1/ratify", "M2/ratify", "P1/ratify"} <= life.owes()


async def ratified_in_the_morning(life: Life) -> None:
    """Four eyes come after the act: what was a lead is evidence then. The child is safe, and the pace is another."""
    assert is_lead(life.authority.request(life.reference), life.package())
    with pytest.raises(Objection, match="another person"):
        await life.do("bob", Act.RATIFY, "M2", role=Role.REVIEWER)
    for measure in ("M1", "M2"):
        await life.do("eve", Act.RATIFY, measure)
    assert not is_lead(life.authority.request(life.reference), life.package())
    await life.do("eve", Act.RATIFY_DISCLOSURE, "P1")
    await life.do("anna", Act.ACCEPT_PROOF_OF_DELIVERY, "P1", reason="the caller read it back")
    await life.do("anna", Act.RECORD_CHILD_STATE, state="safe")
    await life.do("eve", Act.ASSESS_URGENCY, "M1", urgency=Urgency.P3)
    await life.arrives()


async def confirmed_in_week_three(life: Life) -> None:
    """The courier's letter was taken for another request. A second person joins it, and it confirms the call."""
    authority, written = life.authority, courier(str(ULID()))
    await authority.forward(life.reference, timedelta(days=18))
    assert authority.rung(life.reference, "request/confirm in writing")
    other = await authority.submit(written)
    came = Submission(written, "p-anna", datetime.now(UTC), Channel.COURIER)
    with pytest.raises(AlreadyKnown, match=other):
        await confirm(authority.counter, came, life.reference)
    await join(authority.counter, other, life.reference, ("p-gus", str(ULID())))
    await confirm(authority.counter, came, life.reference)
    await Life(authority, other, life.folder).ends("anna", Act.CLOSE)
    request = await authority.agreed(life.reference)
    assert (request.confirmed, request.links) == (True, (other,))
    assert [(one.kind, one.instrument) for one in request.measures] == [
        ("expedited preservation", "budapest"),
        ("emergency disclosure of data", "eio"),
        ("production of content data", "eio"),
    ]


def courier(number: str) -> bytes:
    """The written letter, which asks for the content as well, under another instrument than the preservation."""
    told = json.loads((EXAMPLES / "p0-livestream-announced.json").read_bytes())
    content = told["measures"][1] | {"kind": "production of content data", "urgency": "P3"}
    return json.dumps(told | {"own_reference": number, "measures": [*told["measures"], content]}).encode()


async def granted_and_sent(life: Life) -> None:
    """The content is proposed by one, decided by another, executed, sent, and received with the same hashes."""
    await life.is_granted("M3")
    await life.is_done("M3")
    sending = replace(life, sends="P2")
    await sending.approves(await life.obtains("M3", b"what the account holds"))
    await sending.is_confirmed(sending.received(await sending.leaves()))
