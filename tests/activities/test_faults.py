"""Every activity fails once, and fails once although it took effect: what it was to do is done once all the same."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from comity.evidence import recipient
from comity.evidence.custody import Action
from comity.ledger.leaf import Kind
from comity.request.lifecycle import Act, Role
from comity.request.model import Delivery, digest_of
from desk.depositing import Intake, take_in, unwatched
from tests.office import Office, letter, office, waited

EVERY = ("reckon", "record", "depart", "deliver", "report", "tell")


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work, with one recipient of packages."""
    folder = tmp_path_factory.mktemp("faults")
    async with office(folder) as opened:
        opened.home.recipient("requester").write_text(recipient.create(folder / "identity"))
        yield opened


@pytest.mark.parametrize("kind", ["failed", "failed, but took effect"])
async def test_what_fails_is_done_once_in_the_end(
    authority: Office, tmp_path: Path, kind: str, *, proving: bool
) -> None:
    """One life, in which each activity meets the fault at its first try (a knock is tried three times)."""
    authority.relay.taken.clear()
    faults, expected = authority.faults, dict.fromkeys(EVERY, 2 if proving else 1)
    (faults.before if kind == "failed" else faults.after).update(expected)
    faults.met.clear()
    reference = await authority.submit(letter("P1"))
    await sent(authority, reference, tmp_path)
    await authority.forward(reference, timedelta(minutes=1))
    assert faults.met == expected
    await each_once(authority, reference)


async def sent(authority: Office, reference: str, folder: Path, **draft: Any) -> None:
    """An exhibit of this request that has left for its recipient, and been reported."""
    await dispatched(authority, reference, folder, **draft)
    await waited(lambda: reports(authority, reference), bool)
    transfer = authority.env.client.get_workflow_handle(f"transfer/{reference}/P1-1")
    await transfer.result()


async def dispatched(authority: Office, reference: str, folder: Path, **draft: Any) -> None:
    """An exhibit of this request in a package that two have released, and one has dispatched."""
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    (folder / "obtained").write_bytes(b"what was obtained")
    handed = Intake(folder / "obtained", reference, "M1", "p-dan", Role.EVIDENCE_OFFICER)
    [taken] = await take_in(authority.counter, handed, unwatched)
    exhibits = (taken.seal.exhibit,)
    await authority.do(reference, "p-dan", Act.DRAFT_PACKAGE, exhibits=exhibits, **({"recipient": "requester"} | draft))
    await authority.do(reference, "p-dan", Act.PROPOSE_RELEASE, "P1")
    content = authority.request(reference).packages[0].content
    await authority.do(reference, "p-bob", Act.APPROVE_RELEASE, "P1", seen=content)
    await authority.do(reference, "p-dan", Act.DISPATCH, "P1")


def reports(authority: Office, reference: str) -> list[Delivery]:
    """What transfers said of the packages of a request."""
    told = [event.particulars for event in authority.events(reference) if event.act == Act.REPORT_DELIVERY]
    return [delivery for delivery in told if isinstance(delivery, Delivery)]


async def each_once(authority: Office, reference: str) -> None:
    """The ledger holds what the workflow did, each deed once; one transfer, one release in custody, one mail each."""
    await authority.agreed(reference)
    deeds = [event for event in authority.events(reference) if event.deed]
    assert len({event.deed for event in deeds}) == len(deeds)
    assert len(reports(authority, reference)) == 1
    custody = [entry.leaf.act for entry in authority.entries(reference) if entry.leaf.kind == Kind.CUSTODY]
    assert Counter(custody) == {Action.SEALED: 1, Action.COPIED: 1, Action.RELEASED: 1}
    packages = list(authority.home.outgoing("requester").rglob(f"{reference}-*"))
    assert len(packages) == 1
    transfers = authority.env.client.list_workflows(f"WorkflowId STARTS_WITH 'transfer/{reference}/'")
    assert len([found async for found in transfers]) == 1
    each_alarm_once(authority, reference)


def each_alarm_once(authority: Office, reference: str) -> None:
    """A mail that was sent again carries the id that it had, so that it is shown once."""
    events = authority.events(reference)
    rung = [event for event in events if event.act == Act.RING]
    told = [event for event in events if event.act == Act.TOLD]
    assert len(told) == len(rung) == len({digest_of(event.particulars) for event in rung})
    shown = {mail["Message-ID"] for mail in authority.relay.taken if reference in mail["Subject"]}
    assert len(shown) == sum(len(getattr(event.particulars, "accepted", ())) for event in told)


async def test_a_knock_that_fails_at_every_try_is_entered_as_such(authority: Office) -> None:
    """Three tries, then the next rung: no alarm waits for a relay's worker."""
    authority.faults.before["tell"] = 3
    reference = await authority.submit(letter("P4"))
    owed = next(owed for owed in (await authority.reckoned(reference)).duties if owed.next_at)
    assert owed.next_at
    await authority.forward_to(reference, owed.next_at)
    acts = [event.act for event in authority.events(reference) if event.act in (Act.RING, Act.TOLD, Act.NOT_TOLD)]
    assert acts[:3] == [Act.RING, Act.NOT_TOLD, Act.RING]
    assert authority.faults.met["tell"] >= 3
    await authority.agreed(reference)
