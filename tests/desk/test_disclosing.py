"""What finds the child is told by phone at night: three deeds from one command, done once however often it is said."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from ulid import ULID

from comity.errors import DeedReused, NotOpen, Objection, Unreadable
from comity.ledger.leaf import Kind
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import Channel, Deed, Receipt, Spoken
from desk.counter import Counter
from desk.disclosing import Telling, disclose
from desk.releasing import release
from tests.office import EXAMPLES, Office, office

SAID = "the line is that of 3 Example Street, second floor"


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("disclosing")) as opened:
        yield opened


@pytest.fixture
async def reference(authority: Office) -> str:
    """A P0 of which the sender is verified."""
    number = str(ULID())
    example = (EXAMPLES / "p0-livestream-announced.json").read_bytes()
    opened = await authority.submit(example.replace(b"NUIPC 4711/26.0EXMPL", number.encode()))
    await authority.do(opened, "p-bob", Act.VERIFY_SENDER, number="+999 2", role=Role.DUTY_OFFICER)
    return opened


def telling(**more: str) -> Telling:
    """What Bob says on the phone."""
    told = Telling(
        id=str(ULID()), person="p-bob", said=SAID, to="the caller", number="+999 2",
        reason="the address is where the child is", measure="M2",
    )  # fmt: skip
    return replace(told, **more)  # type: ignore[arg-type]


def acts(authority: Office, reference: str) -> list[Act]:
    """What one person did."""
    three = (Act.DEPOSIT, Act.DRAFT_PACKAGE, Act.DISCLOSE_AT_ONCE)
    return [event.act for event in authority.events(reference) if event.act in three]


class Dying(Counter):
    """A counter whose process ends before the disclosure."""

    async def act(self, reference: str, deed: Deed) -> Receipt:
        """As ever, but for the last of the three."""
        if deed.act == Act.DISCLOSE_AT_ONCE:
            raise ConnectionError
        return await super().act(reference, deed)


async def test_three_deeds_from_one_command_and_once_however_often_it_is_said(
    authority: Office, reference: str
) -> None:
    told = telling()
    first, again = [await disclose(authority.counter, reference, told) for _ in range(2)]
    assert first == again
    assert acts(authority, reference) == [Act.DEPOSIT, Act.DRAFT_PACKAGE, Act.DISCLOSE_AT_ONCE]
    request = await authority.agreed(reference)
    (package,) = request.packages
    assert (package.status, package.channel, package.key) == (Status.DISPATCHED, Channel.PHONE, None)
    assert package.exhibits[0].measure == "M2"
    assert authority.owed(reference, "P1/ratify")
    with pytest.raises(DeedReused):
        await disclose(authority.counter, reference, replace(told, said="another address"))


async def test_it_goes_on_where_a_crash_left_it(authority: Office, reference: str) -> None:
    """Truth protected: a command that died after its first deeds discloses its own package, not one drafted since."""
    told, other = telling(), telling(said="another lead")
    await disclose(authority.counter, reference, other)
    counter = Dying(authority.home, authority.counter.people, authority.counter.client)
    with pytest.raises(ConnectionError):
        await disclose(counter, reference, told)
    assert acts(authority, reference)[-1] == Act.DRAFT_PACKAGE
    await disclose(authority.counter, reference, told)
    request = await authority.agreed(reference)
    assert [package.status for package in request.packages] == [Status.DISPATCHED] * 2
    assert request.packages[1].exhibits[0].id == told.exhibit.id


async def test_what_a_person_carries_starts_no_transfer(authority: Office, reference: str) -> None:
    """Its dispatch is the hand-over as a person recorded it; nothing lies in any folder."""
    await disclose(authority.counter, reference, telling())
    transfers = authority.env.client.list_workflows(f"WorkflowId STARTS_WITH 'transfer/{reference}'")
    assert [found.id async for found in transfers] == []
    assert not authority.home.outgoing("requesting authority").exists()


async def test_what_goes_by_courier_is_not_released_but_handed_over(authority: Office, reference: str) -> None:
    with pytest.raises(Unreadable, match="released by two"):
        await disclose(authority.counter, reference, replace(telling(), channel=Channel.FOLDER))
    exhibit = telling()
    await disclose(authority.counter, reference, exhibit)
    by_courier: dict[str, Any] = {"exhibits": (exhibit.exhibit.id,), "recipient": "lisbon", "channel": Channel.COURIER}
    await authority.do(reference, "p-dan", Act.DRAFT_PACKAGE, **by_courier)
    with pytest.raises(NotOpen, match=r"goes by courier: hand it over.*P2 --number N --slip FILE"):
        await release(authority.counter, reference, "P2", "p-dan")


async def test_what_cannot_be_done_whole_is_not_begun(authority: Office) -> None:
    """Nobody called back: nothing is sealed, nothing drafted, and each attempt is on record."""
    example = (EXAMPLES / "p0-livestream-announced.json").read_bytes()
    reference = await authority.submit(example.replace(b"NUIPC 4711/26.0EXMPL", str(ULID()).encode()))
    with pytest.raises(Objection, match="call back"):
        await disclose(authority.counter, reference, telling())
    with pytest.raises(NotOpen, match="--measure; one person may order: M1, M2"):
        await disclose(authority.counter, reference, replace(telling(), measure=None))
    with pytest.raises(Unreadable, match="give what was said"):
        await disclose(authority.counter, reference, telling(said=" "))
    assert acts(authority, reference) == []
    assert [entry.leaf.kind for entry in authority.entries(reference)].count(Kind.ATTEMPT) == 3
    assert Kind.CUSTODY not in {entry.leaf.kind for entry in authority.entries(reference)}


async def test_the_record_points_at_what_was_said_and_does_not_repeat_it(authority: Office, reference: str) -> None:
    told = telling()
    await disclose(authority.counter, reference, told)
    (spoken,) = [event.particulars for event in authority.events(reference) if event.act == Act.DISCLOSE_AT_ONCE]
    assert isinstance(spoken, Spoken)
    assert (spoken.to, spoken.number) == ("the caller", "+999 2")
    assert told.exhibit.id in spoken.words
    assert SAID not in spoken.words
