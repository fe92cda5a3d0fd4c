"""Every way in which a request honestly ends, lived on a real server: nothing is pretended, and nothing left owed."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from comity.errors import Objection
from comity.evidence import recipient
from comity.request.lifecycle import Act, Status
from desk.joining import join
from tests.lives.life import EXECUTING, Life
from tests.office import GUS, Office, letter, office
from tests.request.lives import gone_out


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work, with one recipient of packages and two coordinators."""
    folder = tmp_path_factory.mktemp("endings")
    async with office(folder) as opened:
        with (opened.home.folder / "people.toml").open("a") as people:
            people.write(GUS)
        opened.home.recipient("requester").write_text(recipient.create(folder / "identity"))
        yield opened


async def begun(authority: Office, folder: Path, data: bytes | None = None) -> Life:
    """A request for two measures, or another letter."""
    return Life(authority, await authority.submit(data or letter("P3", "P3")), folder)


async def opened(authority: Office, folder: Path) -> Life:
    """The same, acknowledged and in review."""
    life = await begun(authority, folder)
    await life.arrives()
    return life


async def sent(authority: Office, folder: Path) -> Life:
    """One measure carried out, the other withdrawn, and what was obtained is under way."""
    life = await opened(authority, folder)
    await life.do("fay", Act.WITHDRAW, "M2")
    await life.is_granted("M1")
    await life.is_done("M1")
    await life.approves(await life.obtains("M1", b"account;amount\n"))
    await life.leaves()
    return life


async def test_all_refused(authority: Office, tmp_path: Path) -> None:
    """Each refusal is told before the file is closed."""
    life = await opened(authority, tmp_path)
    for measure in ("M1", "M2"):
        await life.do("bob", Act.CONSULT, measure, until=datetime.now(UTC) + timedelta(days=5))
        await life.do("fay", Act.ANSWER_CONSULTATION, measure)
        await authority.decide(life.reference, measure, Act.REFUSE)
    await life.do("anna", Act.CONCLUDE)
    with pytest.raises(Objection, match="M1/tell the outcome, M2/tell the outcome"):
        await life.do("anna", Act.CLOSE)
    await life.tells("refusal", "M1", "M2")
    await life.ends("anna", Act.CLOSE)


async def test_all_withdrawn(authority: Office, tmp_path: Path) -> None:
    """Who withdrew knows it: nothing is owed to them."""
    life = await opened(authority, tmp_path)
    for measure in ("M1", "M2"):
        assert await life.do("fay", Act.WITHDRAW, measure) == Status.WITHDRAWN
    await life.closes()


async def test_one_of_two_withdrawn_while_it_runs(authority: Office, tmp_path: Path) -> None:
    """What runs must be stopped, by those who run it; the other goes on meanwhile."""
    life = await opened(authority, tmp_path)
    await life.is_granted("M1", "M2")
    await life.do("dan", Act.START, "M1", **EXECUTING)
    assert await life.do("fay", Act.WITHDRAW, "M1") == Status.STOPPING
    assert "M1/stop" in life.owes()
    await life.is_done("M2")
    with pytest.raises(Objection, match="M1 have not ended"):
        await life.do("anna", Act.CONCLUDE)
    with pytest.raises(Objection, match="needs a reason"):
        await life.do("dan", Act.STOPPED, "M1", **EXECUTING)
    await life.do("dan", Act.STOPPED, "M1", reason="two statements were taken, and destroyed", **EXECUTING)
    assert life.statuses() == [Status.WITHDRAWN, Status.DONE]
    await life.tells("nil report", "M2")
    await life.closes()


async def test_nothing_found(authority: Office, tmp_path: Path) -> None:
    """A nil report goes out: silence is no answer."""
    life = await opened(authority, tmp_path)
    await life.is_granted("M1", "M2")
    await life.is_done("M1", "M2")
    assert {"M1/tell the outcome", "M2/tell the outcome"} <= life.owes()
    await life.tells("nil report", "M1", "M2")
    await life.closes()


async def test_documents_served(authority: Office, tmp_path: Path) -> None:
    """The proof of service goes out, and no package is needed."""
    service = [{"kind": "service of documents", "service": {"documents": "a summons", "addressee": "suspect-1"}}]
    life = await begun(authority, tmp_path, letter("P3", measures=service))
    await life.arrives()
    await life.is_granted("M1")
    await life.is_done("M1")
    await life.tells("proof of service", "M1")
    await life.closes()


async def test_no_receipt_ever_comes(authority: Office, tmp_path: Path) -> None:
    """Two people: who sent it is not who accepts the courier's slip; that no receipt came is shown for ever."""
    life = await sent(authority, tmp_path)
    key = "P1/confirm receipt"
    due = (await authority.reckoned(life.reference)).duties
    await authority.forward_to(life.reference, next(owed.due for owed in due if owed.key == key and owed.due))
    assert authority.rung(life.reference, key)
    with pytest.raises(Objection, match="needs a reason"):
        await life.do("anna", Act.ACCEPT_PROOF_OF_DELIVERY, "P1")
    slip = {"reason": "the courier's slip, signed at the gate"}
    assert await life.do("anna", Act.ACCEPT_PROOF_OF_DELIVERY, "P1", **slip) == Status.DELIVERED
    await life.closes()
    assert life.package().status == Status.DELIVERED


async def test_redirected_and_taken_over(authority: Office, tmp_path: Path) -> None:
    """It is ours until the other authority has said that it is theirs."""
    life = await opened(authority, tmp_path)
    assert await life.do("anna", Act.REDIRECT, reason="the bank is in another State") == Status.REDIRECTED
    assert "request/confirm taking over" in life.owes()
    with pytest.raises(Objection, match="needs a reason"):
        await life.do("anna", Act.TAKEN_OVER)
    assert await life.do("anna", Act.TAKEN_OVER, reason="confirmed by letter of their central authority")
    await life.ends("anna", Act.CLOSE)


async def test_given_up_after_silence(authority: Office, tmp_path: Path) -> None:
    """Two reminders, a last letter with a date, and its date passed: then the head of unit may."""
    life = await begun(
        authority, tmp_path, json.dumps({"requesting_state": "PT", "own_reference": str(ULID())}).encode()
    )
    assert await life.do("anna", Act.ASK_FOR_MISSING) == Status.INCOMPLETE
    for _ in range(2):
        await life.do("anna", Act.REMIND)
    until = datetime.now(UTC) + timedelta(days=3)
    await life.do("anna", Act.RECORD_LETTER, **gone_out("last letter"), until=until)
    with pytest.raises(Objection, match="its date must have passed"):
        await life.do("eve", Act.GIVE_UP)
    await authority.reckoned(life.reference)
    await authority.forward_to(life.reference, until)
    assert await life.do("eve", Act.GIVE_UP) == Status.SETTLING
    await life.ends("anna", Act.CLOSE)


async def test_joined(authority: Office, tmp_path: Path) -> None:
    """It came twice: a second person joins it, and owes nothing of its own; the other goes on."""
    life, other = await opened(authority, tmp_path), await begun(authority, tmp_path)
    with pytest.raises(Objection, match="another person"):
        await join(authority.counter, life.reference, other.reference, ("p-anna", str(ULID())))
    command = ("p-gus", str(ULID()))
    first, again = [await join(authority.counter, life.reference, other.reference, command) for _ in range(2)]
    assert (first.status, first) == (Status.SETTLING, again)
    request = await life.ends("anna", Act.CLOSE)
    assert request.joined == other.reference
    standing = await authority.agreed(other.reference)
    assert (standing.status, standing.links) == (Status.RECEIVED, (life.reference,))


async def test_voided(authority: Office, tmp_path: Path) -> None:
    """Entered by mistake: closed at once, with the reason, by the head of unit."""
    life = await begun(authority, tmp_path)
    with pytest.raises(Objection, match="needs a reason"):
        await life.do("eve", Act.VOID)
    await life.ends("eve", Act.VOID, reason="entered twice")


async def test_watched_for_years_and_then_closed(authority: Office, tmp_path: Path) -> None:
    """What was lent is owed back for as long as it takes; its clock goes on ringing, and the file closes after it."""
    life = await opened(authority, tmp_path)
    await life.do("fay", Act.WITHDRAW, "M2")
    await life.is_granted("M1")
    await life.is_done("M1")
    original, back = await life.obtains("M1", b"a ledger, lent"), datetime.now(UTC) + timedelta(days=730)
    lent: dict[str, Any] = {"exhibits": (original,), "recipient": "requester", "return_by": back}
    await life.do("dan", Act.DRAFT_PACKAGE, **lent)
    await life.do("dan", Act.PROPOSE_RELEASE, "P1")
    await life.do("bob", Act.APPROVE_RELEASE, "P1", seen=life.package().content)
    await life.is_confirmed(life.received(await life.leaves()))
    await life.do("anna", Act.CONCLUDE)
    with pytest.raises(Objection, match="P1/return what was lent"):
        await life.do("anna", Act.CLOSE)
    assert await life.do("anna", Act.CLOSE_DUTIES_CONTINUE) == Status.WATCHED
    await authority.reckoned(life.reference)
    await authority.forward_to(life.reference, back)
    with pytest.raises(Objection, match="P1/return what was lent"):
        await life.do("anna", Act.END_WATCH)
    await life.do("anna", Act.RECEIVE_RETURN, "P1")
    await life.ends("anna", Act.END_WATCH)


async def test_withdrawn_in_transit_and_recalled(authority: Office, tmp_path: Path) -> None:
    """They want it no more, and it has left: it is called back, and never sent again."""
    life = await sent(authority, tmp_path)
    assert await life.do("anna", Act.RECALL, "P1", reason="withdrawn by letter of today") == Status.RECALLED
    assert "P1/send again" in life.owes()
    assert await life.do("bob", Act.CANCEL, "P1", reason="they want it no more") == Status.CANCELLED
    await life.tells("closing", "M1")
    await life.closes()
