"""A package that a person carries, lived once to be recorded: told of when it does not arrive, its receipt in doubt."""

from datetime import timedelta
from pathlib import Path

from comity.evidence import recipient
from comity.request.lifecycle import Act
from comity.request.model import Channel, Owed
from desk.carrying import pack
from desk.handing import Handed, hand_over
from tests.lives.life import Life, with_evidence
from tests.office import Office


async def carried(authority: Office, folder: Path) -> str:
    """From its receipt to its closing. Returns the reference."""
    authority.home.recipient("requester").write_text(recipient.create(folder / "identity"))
    life, exhibit = await with_evidence(authority, "P2", folder)
    await life.do("dan", Act.DRAFT_PACKAGE, exhibits=(exhibit,), recipient="requester", channel=Channel.COURIER)
    await life.do("dan", Act.PROPOSE_RELEASE, "P1")
    await life.do("bob", Act.APPROVE_RELEASE, "P1", seen=life.package().content)
    [path] = await pack(authority.counter, life.reference, ("P1", "p-dan"))
    await hand_over(authority.counter, life.reference, ("P1", "p-dan"), Handed("WB 4711", note="taken at the gate"))
    await authority.forward_to(life.reference, (await _owed(life, "see that it arrives")).opened + timedelta(hours=12))
    await life.do("dan", Act.DOUBT_RECEIPT, "P1", reason="it names other hashes")
    await authority.forward_to(life.reference, (await _owed(life, "clear up the receipt")).deadlines[0].due)
    await life.do("dan", Act.SETTLE_DOUBT, "P1", reason="they had opened a draft")
    await life.is_confirmed(life.received(path))
    await life.tells("closing", "M1")
    await life.closes()
    return life.reference


async def _owed(life: Life, what: str) -> Owed:
    request = await life.authority.reckoned(life.reference)
    return next(owed for owed in request.duties if owed.key == f"P1/{what}")
