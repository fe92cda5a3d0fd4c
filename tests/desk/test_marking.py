"""What harms whoever sees it is opened for nobody: only closed again, in one stream, to a recipient."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from ulid import ULID

from activities.exhibits import particulars_of
from comity.errors import NotYours, Objection, Unreadable
from comity.evidence import exhibits, recipient
from comity.evidence.putting import Wrapping
from comity.keys.request_keys import KeyClass
from comity.ledger.leaf import Kind
from comity.request.lifecycle import Act, Role
from desk import sealing
from desk.custody import custody_of, listed
from desk.depositing import Intake, take_in, unwatched
from desk.itemising import Collected, register
from desk.marking import DESCRIBED, mark
from desk.papers import Wanted, opened
from tests.activities.test_faults import reports
from tests.house.sources import calls, house, spelt
from tests.office import Office, letter, office, waited

DATA = b"harmless bytes that stand for what must not be seen"
HASH = "ab" * 32


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work, with one recipient of packages."""
    folder = tmp_path_factory.mktemp("marking")
    async with office(folder) as here:
        here.home.recipient("requester").write_text(recipient.create(folder / "identity"))
        yield here


async def deposited(authority: Office, folder: Path, *, never_open: bool) -> tuple[str, str]:
    """A request with one exhibit."""
    reference = await authority.submit(letter("P1"))
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    return reference, await again(authority, reference, folder, never_open=never_open)


async def again(authority: Office, reference: str, folder: Path, *, never_open: bool) -> str:
    """The same file, deposited."""
    (folder / "found.bin").write_bytes(DATA)
    handed = Intake(folder / "found.bin", reference, "M1", "p-dan", Role.EVIDENCE_OFFICER, never_open)
    [taken] = await take_in(authority.counter, handed, unwatched)
    return taken.seal.exhibit


def refused(authority: Office, exhibit: str) -> None:
    """Nobody reads it here."""
    with authority.home.store.reading() as view:
        sealed = exhibits.find(view, exhibit)
    with pytest.raises(Objection, match="never to be opened"):
        opened(authority.home, sealed, Wanted(exhibit, "p-anna", "to see it"), Role.COORDINATOR)
    assert [
        link.custody.action for link in custody_of(authority.home, exhibit).entries if link.custody.action == "accessed"
    ] == []


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_marked_exhibit_is_opened_for_nobody_and_leaves_closed_to_its_recipient(
    authority: Office, tmp_path: Path, *, at_once: bool
) -> None:
    reference, exhibit = await deposited(authority, tmp_path, never_open=at_once)
    if not at_once:
        mark(authority.counter, "p-dan", exhibit, "so the police say")
    refused(authority, exhibit)
    assert custody_of(authority.home, exhibit).never_open
    assert [each.what for each in listed(authority.home, reference)] == ["bytes, never to be opened"]
    await authority.do(reference, "p-dan", Act.DRAFT_PACKAGE, exhibits=(exhibit,), recipient="requester")
    await authority.do(reference, "p-dan", Act.PROPOSE_RELEASE, "P1")
    seen = authority.request(reference).packages[0].content
    await authority.do(reference, "p-bob", Act.APPROVE_RELEASE, "P1", seen=seen)
    await authority.do(reference, "p-dan", Act.DISPATCH, "P1")
    await waited(lambda: reports(authority, reference), bool)
    [package] = authority.home.outgoing("requester").rglob(f"{reference}-*")
    assert DATA not in package.read_bytes()


async def test_the_mark_is_sealed_and_its_entry_says_in_the_clear_what_any_other_may(
    authority: Office, tmp_path: Path
) -> None:
    reference, exhibit = await deposited(authority, tmp_path, never_open=False)
    for _ in range(2):
        mark(authority.counter, "p-dan", exhibit, "so the police say")
    [entry] = [entry for entry in authority.entries(reference) if entry.leaf.act == DESCRIBED]
    assert (entry.leaf.kind, entry.leaf.status, exhibit in entry.spelt.decode()) == (Kind.NOTICE, "", False)
    for path in (path for path in authority.home.folder.rglob("*") if path.is_file()):
        assert b"never_open" not in path.read_bytes()
    with pytest.raises(NotYours):
        mark(authority.counter, "p-fay", exhibit, "curious")


async def test_what_stands_without_the_mark_has_it_once_it_is_deposited_with_it(
    authority: Office, tmp_path: Path
) -> None:
    reference, exhibit = await deposited(authority, tmp_path, never_open=False)
    assert await again(authority, reference, tmp_path, never_open=True) == exhibit
    refused(authority, exhibit)
    assert await again(authority, reference, tmp_path, never_open=False) == exhibit
    refused(authority, exhibit)


async def test_a_deposit_that_broke_off_begins_anew_and_opens_nothing(authority: Office, tmp_path: Path) -> None:
    reference = await authority.submit(letter("P1"))
    home, exhibit, asked = authority.home, str(ULID()), list[bytes]()
    wrap = partial(home.keys.seal, reference, KeyClass.CONTENT, context=f"exhibit {exhibit}")
    with (tmp_path / "long").open("wb") as file:
        file.truncate(20 << 20)
    with (tmp_path / "long").open("rb") as source, pytest.raises(ConnectionError):
        home.vault.deposit(_Broken(source), exhibit, Wrapping(wrap, asked.append), at=datetime.now(UTC))  # type: ignore[arg-type]
    handed = sealing.Handed(reference, exhibit, "long", "p-dan", Role.EVIDENCE_OFFICER, "test", never_open=True)
    with (tmp_path / "long").open("rb") as source:
        seal = sealing.seal_in(home, handed, source)
    assert (seal.size, asked) == (20 << 20, [])
    assert len({name.split("/")[2] for name in home.vault._shelf.names(f"parts/{exhibit}")}) == 2


class _Broken:
    """A source whose line is cut after its first part."""

    def __init__(self, source: object) -> None:
        self._source, self._left = source, 12

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        self._left -= 1
        if self._left < 0:
            raise ConnectionError("cut")
        return self._source.read(size)  # type: ignore[attr-defined,no-any-return]


async def test_an_object_that_is_held_elsewhere_is_known_by_hash_and_description_only(authority: Office) -> None:
    reference = await authority.submit(letter("P1"))
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    what = {"description": "file 3 of 12", "sha256": HASH, "held_by": "the police", "held_as": "KT-77"}
    more = {"handed_by": "its owner", "handed_to": "the police", "seal_number_after": "KT-77", "place": "Lisbon"}
    done = register(authority.counter, "p-dan", Collected(reference, what, "ordered", more=more))
    assert (done.custody.handed_to, done.custody.seal_number_after) == ("the police", "KT-77")
    with pytest.raises(Objection, match="was not deposited in this request"):
        await authority.do(
            reference, "p-dan", Act.DRAFT_PACKAGE, exhibits=(done.custody.exhibit,), recipient="requester"
        )
    with authority.home.store.reading() as view:
        sealed = exhibits.find(view, done.custody.exhibit)
    described = opened(authority.home, sealed, Wanted(sealed.exhibit, "p-anna", "to order it"), Role.COORDINATOR)
    assert described is not None
    assert HASH in described
    assert particulars_of(authority.home, sealed).item
    for path in (path for path in authority.home.folder.rglob("*") if path.is_file()):
        assert HASH.encode() not in path.read_bytes()


async def test_what_is_wrong_in_its_description_is_named_as_the_option_is_called(authority: Office) -> None:
    reference = await authority.submit(letter("P1"))
    what = {"description": "file 3 of 12", "sha256": "e51e", "held_by": "the police", "held_as": ""}
    with pytest.raises(Unreadable, match=r"--hash: a SHA-256 is 64 digits, 0 to 9 and a to f; --held-as: "):
        register(authority.counter, "p-dan", Collected(reference, what, "ordered", more={}))


def test_bytes_of_the_vault_are_opened_in_two_places_and_ranges_in_none() -> None:
    """Truth protected: to close them to a recipient, and where a mark is looked at first or they are sealed again.

    A seal of before lacks what a container says first, so its bytes are hashed once more on their way to a recipient.
    """
    found = {
        (source.name, spelt(call.func).rpartition(".")[2])
        for source in house()
        for call in calls(source.tree)
        if spelt(call.func).rpartition(".")[0].endswith("vault")
    }
    opening = {(where, what) for where, what in found if what in ("read", "read_range", "examine")}
    assert opening == {
        ("desk.papers", "read"),
        ("activities.evidence", "examine"),
        ("activities.evidence", "read"),
    }
