"""A package goes by machine to where its recipient takes it: one delivery, one report, whatever fails in between."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from comity.evidence import recipient
from comity.evidence.custody import Action
from comity.evidence.shelves import Where
from comity.ledger.leaf import Kind
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import Channel, Draft
from desk.acting import Said, deed_of
from desk.depositing import Intake, take_in, unwatched
from desk.recorded import is_under_way
from desk.releasing import release
from desk.underway import UnderWay, under_way
from tests.activities.test_faults import dispatched, reports, sent
from tests.addresses import Addresses, addresses
from tests.buckets import Server, put_into
from tests.office import Office, letter, office, waited, waited_for
from tests.sshd import Sshd, sshd

SFTP = {"channel": Channel.SFTP}
OUTCOMES = {
    Channel.SFTP: "left on the sftp server of the recipient",
    Channel.HTTPS: "put to the address that the recipient signed",
    Channel.S3: "put into the bucket of the recipient",
}


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """Where another recipient signs addresses."""
    with addresses(tmp_path_factory.mktemp("https") / "server") as listening:
        yield listening


@pytest.fixture(scope="module")
def place(s3: Server) -> Where:
    """The bucket of a third."""
    return s3.bucket(None)


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


@dataclass(frozen=True)
class Far:
    """The three places that packages are brought to."""

    server: Sshd
    signed: Addresses
    place: Where
    s3: Server

    def known_to(self, recipients: Path, channel: Channel) -> str:
        """Write the files of a recipient who takes the next package there. Returns its name."""
        name = f"by-{channel}"
        match channel:
            case Channel.SFTP:
                self.server.known_to(recipients, name)
            case Channel.HTTPS:
                self.signed.known_to(recipients, name)
            case _:
                put_into(self.place, recipients, name)
        return name

    def contents(self, channel: Channel) -> list[bytes]:
        """All that lies there."""
        match channel:
            case Channel.SFTP:
                return list(self.server.files().values())
            case Channel.HTTPS:
                return list(self.signed.put.values())
            case _:
                found = self.s3.client().list_objects_v2(Bucket=self.place.bucket).get("Contents", [])
                return [self._object(each["Key"]) for each in found]

    def _object(self, key: str) -> bytes:
        got: bytes = self.s3.client().get_object(Bucket=self.place.bucket, Key=key)["Body"].read()
        return got


@pytest.fixture
def far(server: Sshd, signed: Addresses, place: Where, s3: Server) -> Far:
    """The three places."""
    return Far(server, signed, place, s3)


@pytest.mark.parametrize("channel", list(OUTCOMES))
@pytest.mark.parametrize("kind", ["failed", "failed, but took effect"])
async def test_what_fails_is_sent_once_in_the_end(
    authority: Office, far: Far, tmp_path: Path, kind: str, channel: Channel
) -> None:
    """Each activity of a transfer meets the fault at its first try."""
    name = far.known_to(authority.home.folder / "recipients", channel)
    authority.home.recipient(name).write_text(recipient.create(tmp_path / "identity"))
    before = far.contents(channel)
    expected = dict.fromkeys(("depart", "deliver", "send", "report"), 1)
    (authority.faults.before if kind == "failed" else authority.faults.after).update(expected)
    authority.faults.met.clear()
    reference = await authority.submit(letter("P3"))
    await sent(authority, reference, tmp_path, channel=channel, recipient=name)
    assert await waited(lambda: authority.faults.met, lambda met: met == expected)
    (written,) = authority.home.outgoing(name).rglob(f"{reference}-*")
    assert sorted(far.contents(channel)) == sorted([*before, written.read_bytes()])
    assert [report.outcome for report in reports(authority, reference)] == [OUTCOMES[channel]]
    assert custody(authority, reference) == ONCE
    await authority.agreed(reference)


async def failing(authority: Office, reference: str) -> UnderWay | None:
    """What is told of a transfer, once a try of it has failed."""
    found = await under_way(authority.env.client, reference)
    return found[0] if found and found[0].failed else None


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
    told = await waited_for(lambda: failing(authority, reference), 60)
    assert told
    assert (told.package, told.attempt, told.doing) == ("P1", 1, "send")
    assert "the SFTP server does not answer" in told.line
    assert is_under_way(authority.request(reference))
    server.start()
    await waited(lambda: reports(authority, reference), bool)
    assert len(left(server, reference)) == 1
    assert custody(authority, reference) == ONCE
    assert not is_under_way(authority.request(reference))


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
