"""The examples, each lived to its closing on a real server: what people do, what the clock does, what leaves."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comity.errors import AlreadyKnown, Objection
from comity.evidence import recipient
from comity.request.lifecycle import Act, Role, Status
from tests.lives.life import EXECUTING, ON_DUTY, begun, left
from tests.office import EXAMPLES, Office, office
from tests.request.lives import SPOKEN, on_behalf


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work, with one recipient of packages."""
    folder = tmp_path_factory.mktemp("examples")
    async with office(folder) as opened:
        opened.home.recipient("requester").write_text(recipient.create(folder / "identity"))
        yield opened


async def test_p0_a_livestream_is_announced(authority: Office, tmp_path: Path) -> None:
    """One officer orders alone at night; the police have it; what finds the child leaves at once."""
    life = await begun(authority, "p0-livestream-announced", tmp_path)
    for measure in ("M1", "M2"):
        assert await life.do("bob", Act.ORDER_PROVISIONALLY, measure, **ON_DUTY, **SPOKEN) == Status.ASSIGNED
    await life.do("bob", Act.POLICE_TOOK_IT, name="R. Sato", function="desk", number="+999 1", **ON_DUTY)
    await life.arrives()
    await authority.forward(life.reference, timedelta(minutes=12))
    await life.is_done("M2")
    exhibit = await life.obtains("M2", b"address,seen\n192.0.2.7,2026-11-22T21:58:00Z\n")
    await life.do("dan", Act.DRAFT_PACKAGE, exhibits=(exhibit,), recipient="requester")
    telling = SPOKEN | ON_DUTY | {"reason": "the address is where the child is"}
    with pytest.raises(Objection, match="verify sender"):
        await life.do("bob", Act.DISCLOSE_AT_ONCE, "P1", **telling)
    await life.do("bob", Act.VERIFY_SENDER, words="called back", number="+999 2", **ON_DUTY)
    assert await life.do("bob", Act.DISCLOSE_AT_ONCE, "P1", **telling) == Status.DISPATCHED
    await life.is_confirmed(life.received(await left(life)))
    await life.do("dan", Act.START, "M1", **EXECUTING)
    until = datetime.now(UTC) + timedelta(days=90)
    await life.do("dan", Act.PUT_IN_FORCE, "M1", until=until, **EXECUTING)
    for measure in ("M1", "M2"):
        await life.do("eve", Act.RATIFY, measure)
    await life.do("eve", Act.RATIFY_DISCLOSURE, "P1")
    assert await life.do("dan", Act.LIFT, "M1", **EXECUTING) == Status.DONE
    await life.tells("closing", "M1")
    await life.closes()


async def test_p1_a_victim_is_not_identified(authority: Office, tmp_path: Path) -> None:
    """A court orders, a remedy suspends, part of it is done; a receipt that was falsified is refused."""
    life = await begun(authority, "p1-victim-unidentified", tmp_path)
    await life.do("anna", Act.POLICE_TOOK_IT, name="R. Sato", function="desk", number="+999 1")
    await life.arrives()
    await life.is_granted("M1", "M2")
    await life.do("dan", Act.APPLY_FOR_ORDER, "M1", **EXECUTING)
    by_court = {"role": Role.COURT, "on_behalf": on_behalf()}
    assert await life.do("anna", Act.ORDER_MADE, "M1", **by_court) == Status.STARTED
    await life.do("dan", Act.COMPLETE, "M1", **EXECUTING)
    await life.do("dan", Act.START, "M2", **EXECUTING)
    await life.do("dan", Act.SUSPEND, "M2", reason="an appeal", **EXECUTING)
    await life.do("dan", Act.CONTINUE, "M2", **EXECUTING)
    await life.do("dan", Act.COMPLETE_IN_PART, "M2", reason="one flat was empty", **EXECUTING)

    await life.approves(await life.obtains("M1", b"a" * 3_000_000), await life.obtains("M2", b"b"))
    receipt = life.received(await life.leaves())
    first, *others = receipt.exhibits
    false = receipt.model_copy(update={"exhibits": (first.model_copy(update={"sha256": "0" * 64}), *others)})
    with pytest.raises(Objection, match="differs"):
        await life.confirms(false)
    assert await life.do("fay", Act.REJECT, "P1", reason="a hash differs") == Status.REJECTED
    again = life.received(await life.leaves())
    assert (life.package().attempts, again.content_digest) == (2, receipt.content_digest)
    await life.is_confirmed(again)
    await life.closes()


async def test_p1d_a_preservation_is_about_to_lapse(authority: Office, tmp_path: Path) -> None:
    """It lapses by itself, and the clock records it; the other measure was sent back once."""
    life = await begun(authority, "p1d-preservation-lapsing", tmp_path)
    await life.arrives()
    await authority.review(life.reference, "M2")
    await life.do("bob", Act.PROPOSE, "M2", outcome=Act.GRANT)
    await life.do("carla", Act.RETURN, "M2", reason="name the account")
    await life.is_granted("M1", "M2")
    await life.do("dan", Act.START, "M1", **EXECUTING)
    until = datetime.now(UTC) + timedelta(hours=30)
    assert await life.do("dan", Act.PUT_IN_FORCE, "M1", until=until, **EXECUTING) == Status.IN_FORCE
    await life.is_done("M2")
    await authority.reckoned(life.reference)
    await authority.forward_to(life.reference, until)
    assert life.statuses() == [Status.DONE, Status.DONE]
    await life.tells("closing", "M1", "M2")
    await life.closes()


async def test_p2_a_suspect_is_about_to_flee(authority: Office, tmp_path: Path) -> None:
    """Conditions accepted, one measure withdrawn while it runs, one found impossible."""
    life = await begun(authority, "p2-suspect-about-to-flee", tmp_path)
    await life.arrives()
    await authority.decide(life.reference, "M1", Act.OFFER_CONDITIONS, conditions=("use for this case only",))
    assert await life.do("fay", Act.ACCEPT, "M1") == Status.GRANTED
    await life.do("anna", Act.ASSIGN, "M1")
    await life.is_done("M1")
    await life.is_granted("M2", "M3")
    assert await life.do("fay", Act.WITHDRAW, "M2") == Status.STOPPING
    await life.do("dan", Act.STOPPED, "M2", reason="nothing had been done", **EXECUTING)
    await life.do("dan", Act.REPORT_IMPOSSIBLE, "M3", reason="he has left", **EXECUTING)
    await life.approves(await life.obtains("M1", b"minutes"))
    await life.leaves()
    assert await life.do("anna", Act.ACCEPT_PROOF_OF_DELIVERY, "P1", reason="the courier's slip") == Status.DELIVERED
    assert life.statuses() == [Status.DONE, Status.WITHDRAWN, Status.IMPOSSIBLE]
    await life.tells("impossibility", "M3")
    await life.closes()


async def test_p3_bank_records_under_three_measures(authority: Office, tmp_path: Path) -> None:
    """One done, one refused after consulting, one frozen and let go: none holds up the others."""
    life = await begun(authority, "p3-bank-records-three-measures", tmp_path)
    await life.arrives()
    await life.is_granted("M1", "M3")
    await life.do("bob", Act.CONSULT, "M2", until=datetime.now(UTC) + timedelta(days=5))
    await authority.forward(life.reference, timedelta(days=2))
    await life.do("fay", Act.ANSWER_CONSULTATION, "M2")
    await authority.decide(life.reference, "M2", Act.REFUSE)
    await life.is_done("M1")
    await life.do("dan", Act.START, "M3", **EXECUTING)
    await life.do("dan", Act.PUT_IN_FORCE, "M3", until=datetime.now(UTC) + timedelta(days=200), **EXECUTING)
    assert life.statuses() == [Status.DONE, Status.REFUSED, Status.IN_FORCE]
    await life.approves(await life.obtains("M1", b"account;amount\nLU00 0000;12.00\n"))
    await life.is_confirmed(life.received(await life.leaves()))
    await life.do("dan", Act.LIFT, "M3", **EXECUTING)
    await life.tells("refusal", "M2")
    await life.tells("closing", "M3")
    await life.closes()


async def test_an_advance_copy_by_mail_and_its_original_by_courier(authority: Office, tmp_path: Path) -> None:
    """The original is known already; it adds to the request that the copy began."""
    life = await begun(authority, "advance-copy-by-mail", tmp_path)
    original = (EXAMPLES / "advance-copy-by-courier.json").read_bytes()
    with pytest.raises(AlreadyKnown, match=life.reference):
        await authority.submit(original)
    assert await authority.submit(original, supplement=True) == life.reference
    assert life.acts().count(Act.RECORD_LETTER) == 1
    await life.arrives()
    await life.is_granted("M1", "M2")
    await life.is_done("M1", "M2")
    await life.tells("nil report", "M1", "M2")
    await life.closes()
