"""A receipt that comes back: the recipient's own is entered, any other is refused, told on record, and climbs."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from comity.errors import Doubtful, NotFound, Objection, Refused, Unreadable
from comity.evidence import receipts, recipient
from comity.ledger.leaf import Kind
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import Channel
from desk.acting import Said
from desk.custody import custody_of
from desk.filing import Paper
from desk.posting import acted
from desk.tracing import trace
from tests.lives.life import Life, with_evidence
from tests.office import Office, office

OWED = "P1/clear up the receipt"


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority, and one recipient that signs its receipts."""
    folder = tmp_path_factory.mktemp("receipting")
    async with office(folder) as opened:
        opened.home.recipient("requester").write_text(recipient.create(folder / "identity"))
        certificate = receipts.create_signatory(folder / "identity", "central authority of XB", datetime.now(UTC))
        opened.home.recipient_certificate("requester").write_bytes(certificate.read_bytes())
        yield opened


@pytest.fixture
async def life(authority: Office, tmp_path: Path) -> Life:
    """A request whose package has left."""
    life, exhibit = await with_evidence(authority, "P2", tmp_path)
    await life.approves(exhibit)
    return life


async def _received(life: Life) -> Path:
    """The recipient has opened the package. Returns its receipt.json."""
    life.received(await life.leaves())
    [receipt] = life.folder.rglob("receipt.json")
    return receipt


async def _entered(life: Life, receipt: Path) -> Status:
    """Anna enters it for them, as it came."""
    paper = Paper(Channel.E_MAIL, receipt)
    said = Said(act="confirm receipt", part="P1", role=None, words="", reason="", receipt=receipt, on_behalf=paper)
    _, done = await acted(life.authority.counter, life.reference, ("p-anna", said), None)
    return done.status


def _instead(receipt: Path, **other: Any) -> Path:
    """The same with something else in it, its old signature beside it."""
    told = json.loads(receipt.read_text()) | other
    forged = receipt.with_name("forged.json")
    forged.write_text(json.dumps(told))
    forged.with_name("forged.json.p7s").write_bytes(receipt.with_name("receipt.json.p7s").read_bytes())
    return forged


def _refusals(life: Life) -> list[str]:
    told = [line for line in trace(life.authority.home, life.reference) if line.kind == Kind.ATTEMPT]
    return [line.what["refused"] for line in told]


async def test_the_recipients_own_receipt_is_entered_with_the_certificate_that_signed_it(life: Life) -> None:
    assert await _entered(life, await _received(life)) == Status.PACKAGE_RECEIVED
    [event] = [event for event in life.authority.events(life.reference) if event.act == Act.CONFIRM_RECEIPT]
    [certificate] = life.authority.home.folder.parent.glob("*.signer.crt")
    assert event.particulars.model_dump()["signed_by"] == _fingerprint(certificate)
    assert event.on_behalf
    [sealed] = custody_of(life.authority.home, event.on_behalf.exhibit.id).entries
    assert (event.role, sealed.custody.role) == (Role.REQUESTING_AUTHORITY, Role.COORDINATOR)
    assert _refusals(life) == []


def _fingerprint(certificate: Path) -> str:
    from comity.evidence.signing import fingerprint, read_certificates

    return fingerprint(read_certificates(certificate)[0])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"content_digest": "0" * 64}, "altered or forged"),
        ({"package": "P2"}, "of another package"),
    ],
)
async def test_a_receipt_that_is_not_theirs_is_refused_told_and_climbs_until_it_is_cleared_up(
    life: Life, other: dict[str, Any], said: str
) -> None:
    receipt = await _received(life)
    with pytest.raises(Doubtful, match=said):
        await _entered(life, _instead(receipt, **other))
    assert _refusals(life) == ["Tampered"]
    owed = next(owed for owed in (await life.authority.reckoned(life.reference)).duties if owed.key == OWED)
    await life.authority.forward_to(life.reference, owed.deadlines[0].due)
    rung = [event.particulars for event in life.authority.events(life.reference) if event.act == Act.RING]
    assert OWED in {alarm.model_dump()["duty"] for alarm in rung}
    assert await _entered(life, receipt) == Status.PACKAGE_RECEIVED
    assert OWED not in life.owes()


async def test_a_receipt_of_other_hashes_is_doubted_though_they_signed_it(life: Life) -> None:
    receipt = await _received(life)
    told = receipts.read(receipt)
    false = told.model_copy(update={"content_digest": "0" * 64})
    other = life.folder / "false"
    other.mkdir()
    receipts.write(other, false, receipts.signatory_of(life.authority.home.folder.parent / "identity"))
    with pytest.raises(Doubtful, match="the receipt differs for content"):
        await _entered(life, other / "receipt.json")
    assert OWED in life.owes()
    with pytest.raises(Refused, match="reason"):
        await life.do("dan", Act.SETTLE_DOUBT, "P1")
    await life.do("dan", Act.SETTLE_DOUBT, "P1", reason="they had opened a copy of a draft; they say so by telephone")
    assert OWED not in life.owes()
    with pytest.raises(Objection, match="no receipt of it is in doubt"):
        await life.do("dan", Act.SETTLE_DOUBT, "P1", reason="again")


async def test_what_is_no_receipt_or_not_signed_is_refused_and_nothing_is_doubted(life: Life) -> None:
    receipt = await _received(life)
    alone = life.folder / "alone.json"
    alone.write_bytes(receipt.read_bytes())
    with pytest.raises(NotFound, match="no signature lies beside this one"):
        await _entered(life, alone)
    alone.write_text("no receipt")
    with pytest.raises(Unreadable, match="cannot be read"):
        await _entered(life, alone)
    assert _refusals(life) == ["NotFound", "Unreadable"]
    assert OWED not in life.owes()


async def test_before_a_package_has_left_there_is_no_receipt_to_doubt(life: Life) -> None:
    with pytest.raises(Objection, match="only a package that has left"):
        await life.do("dan", Act.DOUBT_RECEIPT, "P1", reason="by mistake")
