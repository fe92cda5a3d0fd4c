"""What was dispatched arrives, or people are told after 12 hours, and after 24: by hand as by machine."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.exhibits import custody_links
from comity.errors import NotOpen, NotYours, Objection
from comity.evidence import receiving, recipient
from comity.evidence.bundle import Trust
from comity.evidence.custody import Action
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import Channel, Package
from comity.request.rules import part_of
from desk.carrying import pack
from desk.depositing import Intake, take_in, unwatched
from desk.handing import Handed, hand_over
from desk.papers import papers
from tests.activities.test_faults import dispatched, reports
from tests.office import MOMENT, Office, letter, office, waited

DUTY = "P1/see that it arrives"
HALF, WHOLE = timedelta(hours=12), timedelta(hours=24)


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work, with one recipient."""
    folder = tmp_path_factory.mktemp("delivery")
    async with office(folder) as opened:
        opened.home.recipient("requester").write_text(recipient.create(folder / "identity"))
        yield opened


async def test_what_a_machine_cannot_bring_is_told_after_12_and_24_hours(authority: Office, tmp_path: Path) -> None:
    authority.faults.down.add("deliver")
    reference = await authority.submit(letter("P3"))
    await dispatched(authority, reference, tmp_path)
    await authority.reckoned(reference)
    owed = authority.owed(reference, DUTY)
    assert owed
    assert owed.due == owed.opened + WHOLE
    assert [deadline.verified for deadline in owed.deadlines] == [False]
    await authority.forward_to(reference, owed.opened + HALF)
    assert [(alarm.tell, alarm.overdue) for alarm in authority.rung(reference, DUTY)] == [
        (("evidence officer",), False)
    ]
    await authority.forward_to(reference, owed.opened + WHOLE)
    assert [alarm.overdue for alarm in authority.rung(reference, DUTY)] == [False, True]
    assert authority.rung(reference, DUTY)[1].tell == ("evidence officer", "coordinator", "head of unit")
    authority.faults.down.clear()
    transfer = authority.env.client.get_workflow_handle(f"transfer/{reference}/P1-1")
    await authority.env.fast_forward(transfer, timedelta(hours=1))
    await waited(lambda: reports(authority, reference), bool)
    assert authority.owed(reference, DUTY) is None
    assert authority.owed(reference, "P1/confirm receipt")
    await authority.agreed(reference)


async def test_what_arrives_is_owed_no_more(authority: Office, tmp_path: Path) -> None:
    reference = await authority.submit(letter("P3"))
    await dispatched(authority, reference, tmp_path)
    await waited(lambda: reports(authority, reference), bool)
    assert authority.owed(reference, DUTY) is None
    assert authority.request(reference).packages[0].arrived == 1


async def approved(authority: Office, folder: Path, channel: Channel) -> str:
    """A request with a package that somebody is to carry."""
    reference = await authority.submit(letter("P3"))
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    (folder / "obtained").write_bytes(b"what was obtained")
    handed = Intake(folder / "obtained", reference, "M1", "p-dan", Role.EVIDENCE_OFFICER)
    [taken] = await take_in(authority.counter, handed, unwatched)
    put_together = {"recipient": "requester", "channel": channel}
    await authority.do(reference, "p-dan", Act.DRAFT_PACKAGE, exhibits=(taken.seal.exhibit,), **put_together)
    await authority.do(reference, "p-dan", Act.PROPOSE_RELEASE, "P1")
    await authority.do(reference, "p-bob", Act.APPROVE_RELEASE, "P1", seen=package(authority, reference).content)
    return reference


def package(authority: Office, reference: str) -> Package:
    """The package as it stands."""
    found = part_of(authority.request(reference), "P1")
    assert isinstance(found, Package)
    return found


async def test_the_same_clock_runs_for_what_a_person_carries(authority: Office, tmp_path: Path) -> None:
    """Until somebody there has it, or two people accept the proof; the slip of the hand-over is a paper of the file."""
    reference = await approved(authority, tmp_path, Channel.COURIER)
    (tmp_path / "slip.pdf").write_bytes(b"%PDF the courier's slip")
    handed = Handed("WB 4711", tmp_path / "slip.pdf", deed="01KADVJ6Q8M4Z0W2T5R7Y9X1C3")
    receipt = await hand_over(authority.counter, reference, ("P1", "p-dan"), handed)
    assert receipt.status == Status.DISPATCHED
    assert await hand_over(authority.counter, reference, ("P1", "p-dan"), handed) == receipt
    (slip,) = (letter for letter in authority.request(reference).letters if letter.kind == "slip")
    assert (slip.channel, slip.about, slip.exhibit.size) == (Channel.COURIER, ("P1",), 23)
    filed = {paper.exhibit: paper.what for paper in papers(authority.counter, reference)}
    assert filed[slip.exhibit.id] == "slip (out)"
    await authority.reckoned(reference)
    owed = authority.owed(reference, DUTY)
    assert owed
    await authority.forward_to(reference, owed.opened + HALF)
    await authority.forward_to(reference, owed.opened + WHOLE + MOMENT)
    assert [alarm.overdue for alarm in authority.rung(reference, DUTY)] == [False, True]
    await authority.do(reference, "p-anna", Act.ACCEPT_PROOF_OF_DELIVERY, "P1", reason="signed at the gate")
    assert authority.owed(reference, DUTY) is None
    await authority.agreed(reference)


async def test_what_a_person_carries_is_written_for_them_and_custody_says_that_it_left(
    authority: Office, tmp_path: Path
) -> None:
    reference = await approved(authority, tmp_path, Channel.COURIER)
    [path] = await pack(authority.counter, reference, ("P1", "p-dan"))
    assert await pack(authority.counter, reference, ("P1", "p-dan")) == (path,)
    identity = authority.home.folder.parent / "identity"
    trust = Trust(authority.home.signatory().certificates, (), datetime.now(UTC))
    assert receiving.verify(path, identity, trust)[-1].holds
    assert [link.custody.action for link in custody_links(authority.home, reference)][-1] == Action.COPIED
    handed = Handed("WB 4712", note="taken at the gate", deed="01KADVJ6Q8M4Z0W2T5R7Y9X1C4")
    for _ in ("said", "said again"):
        await hand_over(authority.counter, reference, ("P1", "p-dan"), handed)
    actions = [link.custody.action for link in custody_links(authority.home, reference)]
    assert (actions.count(Action.COPIED), actions.count(Action.RELEASED)) == (1, 1)
    with pytest.raises(NotOpen, match="once its release is approved"):
        await pack(authority.counter, reference, ("P1", "p-dan"))
    with pytest.raises(NotYours):
        await pack(authority.counter, reference, ("P1", "p-anna"))


@pytest.mark.parametrize("channel", [Channel.DIPLOMATIC_BAG, Channel.INTERPOL, Channel.JUDEX, Channel.IBER])
async def test_by_hand_a_note_is_proof_and_without_number_or_proof_nothing_is_recorded(
    authority: Office, tmp_path: Path, channel: Channel
) -> None:
    reference = await approved(authority, tmp_path, channel)
    with pytest.raises(Objection, match="name the number"):
        await authority.do(reference, "p-dan", Act.DISPATCH, "P1")
    with pytest.raises(Objection, match="name the number"):
        await hand_over(authority.counter, reference, ("P1", "p-dan"), Handed("", note="the bag was closed"))
    assert not authority.request(reference).letters
    done = await hand_over(authority.counter, reference, ("P1", "p-dan"), Handed("7", note="the bag was closed"))
    assert done.status == Status.DISPATCHED
    await authority.do(reference, "p-anna", Act.REPORT_LOST, "P1")
    again = await hand_over(authority.counter, reference, ("P1", "p-dan"), Handed("8", note="the second bag"))
    assert (again.act, package(authority, reference).attempts) == (Act.DISPATCH_AGAIN, 2)
    assert authority.owed(reference, DUTY)


async def test_what_goes_by_machine_is_handed_to_nobody(authority: Office, tmp_path: Path) -> None:
    reference = await approved(authority, tmp_path, Channel.FOLDER)
    with pytest.raises(NotOpen, match="nobody carries it"):
        await hand_over(authority.counter, reference, ("P1", "p-dan"), Handed("7", note="the bag was closed"))
