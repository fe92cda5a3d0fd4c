"""A package goes by machine to where its recipient takes it: one delivery, one report, whatever fails in between."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from comity.evidence import recipient
from comity.evidence.custody import Action
from comity.ledger.leaf import Kind
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import Channel, Draft
from desk.acting import Said, deed_of
from desk.depositing import Intake, take_in, unwatched
from desk.releasing import release
from tests.activities.test_faults import dispatched, reports, sent
from tests.office import Office, letter, office, waited
from tests.sshd import Sshd, sshd

SFTP = {"channel": Channel.SFTP}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """Where the recipient takes its packages."""
    with sshd(tmp_path_factory.mktemp("sftp")) as listening:
        yield listening


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory, server: Sshd) -> AsyncIterator[Office]:
    """A central authority at work, with one recipient who takes packages by SFTP."""
    folder = tmp_path_factory.mktemp("sending")
    async with office(folder) as opened:
        opened.home.recipient("requester").write_text(recipient.create(folder / "identity"))
        server.known_to(opened.home.folder / "recipients", "requester")
        yield opened


def left(server: Sshd, reference: str) -> dict[str, bytes]:
    """What lies with the recipient of this request, by name."""
    return {name: content for name, content in server.files().items() if name.startswith(reference)}


def custody(authority: Office, reference: str) -> Counter[str]:
    """The custody entries of a request, by action."""
    return Counter(entry.leaf.act for entry in authority.entries(reference) if entry.leaf.kind == Kind.CUSTODY)


ONCE = {Action.SEALED: 1, Action.COPIED: 1, Action.RELEASED: 1}


@pytest.mark.parametrize("kind", ["failed", "failed, but took effect"])
async def test_what_fails_is_sent_once_in_the_end(authority: Office, server: Sshd, tmp_path: Path, kind: str) -> None:
    """Each activity of a transfer meets the fault at its first try."""
    expected = dict.fromkeys(("depart", "deliver", "send", "report"), 1)
    (authority.faults.before if kind == "failed" else authority.faults.after).update(expected)
    authority.faults.met.clear()
    reference = await authority.submit(letter("P3"))
    await sent(authority, reference, tmp_path, **SFTP)
    assert authority.faults.met == expected
    [(name, content)] = left(server, reference).items()
    (written,) = authority.home.outgoing("requester").rglob(f"{reference}-*")
    assert (name, content) == (f"{written.stem}-1.age", written.read_bytes())
    assert [report.outcome for report in reports(authority, reference)] == ["left on the sftp server of the recipient"]
    assert custody(authority, reference) == ONCE
    await authority.agreed(reference)


async def test_it_leaves_custody_when_it_has_arrived_and_not_before(
    authority: Office, server: Sshd, tmp_path: Path
) -> None:
    """A server that is away is waited for; then it arrives, and a second try by another worker sends nothing more."""
    server.stop()
    reference = await authority.submit(letter("P3"))
    await dispatched(authority, reference, tmp_path, **SFTP)
    await waited(lambda: custody(authority, reference), lambda seen: seen[Action.COPIED] == 1)
    assert custody(authority, reference)[Action.RELEASED] == 0
    assert reports(authority, reference) == []
    server.start()
    await waited(lambda: reports(authority, reference), bool)
    assert len(left(server, reference)) == 1
    assert custody(authority, reference) == ONCE


async def test_what_was_called_back_before_it_left_is_not_sent(authority: Office, server: Sshd, tmp_path: Path) -> None:
    authority.faults.down.add("send")
    reference = await authority.submit(letter("P3"))
    await dispatched(authority, reference, tmp_path, **SFTP)
    await authority.do(reference, "p-anna", Act.RECALL, "P1", reason="the wrong exhibit")
    authority.faults.down.clear()
    told = await waited(lambda: reports(authority, reference), bool)
    assert [report.outcome for report in told] == ["called back before it was sent"]
    assert left(server, reference) == {}
    assert custody(authority, reference)[Action.RELEASED] == 0
    content = authority.request(reference).packages[0].content
    await authority.do(reference, "p-dan", Act.DISPATCH_AGAIN, "P1", seen=content)
    await waited(lambda: reports(authority, reference), lambda told: len(told) == 2)
    assert [name.partition(".")[0][-2:] for name in left(server, reference)] == ["-2"]


async def test_a_draft_goes_by_the_channel_that_its_recipient_names(
    authority: Office, server: Sshd, tmp_path: Path
) -> None:
    """From the words on the command line to the server: `comity act … "draft package"`, `comity evidence release`."""
    reference = await authority.submit(letter("P3"))
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    (tmp_path / "obtained").write_bytes(b"what was obtained")
    handed = Intake(tmp_path / "obtained", reference, "M1", "p-dan", Role.EVIDENCE_OFFICER)
    [taken] = await take_in(authority.counter, handed, unwatched)
    words = f'{{"exhibits": ["{taken.seal.exhibit}"], "recipient": "requester"}}'
    said = Said("draft package", "request", "evidence officer", "", "", particulars=words)
    draft = deed_of(authority.counter, reference, "p-dan", said)
    assert isinstance(draft.particulars, Draft)
    assert draft.particulars.channel == Channel.SFTP
    await authority.counter.act(reference, draft)
    await authority.do(reference, "p-dan", Act.PROPOSE_RELEASE, "P1")
    content = authority.request(reference).packages[0].content
    await authority.do(reference, "p-bob", Act.APPROVE_RELEASE, "P1", seen=content)
    gone = await release(authority.counter, reference, "P1", "p-dan")
    assert gone.outcome == "left on the sftp server of the recipient"
    (written,) = authority.home.outgoing("requester").rglob(f"{reference}-*")
    assert (gone.path, list(left(server, reference).values())) == (str(written), [written.read_bytes()])
    assert authority.request(reference).packages[0].status == Status.DISPATCHED
