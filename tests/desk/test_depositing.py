"""A folder becomes evidence file by file, is told to its request once, and no name of it leaves the seal."""

import json
import os
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path

import bagit
import pytest

from activities.exhibits import Particulars, particulars_of
from comity.errors import NotYours, Refused, Unreachable, Unreadable
from comity.evidence import exhibits
from comity.evidence.exhibits import Sealed
from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Receipt, canonical
from desk import depositing
from desk.counter import Counter
from desk.depositing import Intake, take_in, told, unwatched
from desk.papers import chunks
from desk.tracing import trace
from tests.evidence.conftest import chunked
from tests.office import Office, letter, office

NAMES = ["a", "b/e\u0301", "b/صورة.jpg", "empty"]


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        yield opened


@pytest.fixture
async def reference(authority: Office) -> str:
    return await authority.submit(letter("P3"))


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    """A folder of four files, the last one of 0 bytes."""
    folder = tmp_path / "phone"
    (folder / "b").mkdir(parents=True)
    for name in NAMES:
        (folder / name).write_bytes(b"" if name == "empty" else name.encode() * 1000)
    return folder


def handed(reference: str, path: Path, person: str = "p-dan") -> Intake:
    return Intake(path, reference, "M1", person, Role.EVIDENCE_OFFICER)


def sealed(authority: Office, reference: str) -> list[Sealed]:
    """What stands in the list of exhibits, besides the letter."""
    with authority.home.store.reading() as view:
        listed = exhibits.of_request(view, reference)
    return [each for each in listed if particulars_of(authority.home, each).measure]


def attempts(authority: Office, reference: str) -> list[dict[str, object]]:
    return [line.what for line in trace(authority.home, reference) if line.kind == "attempt"]


def bytes_of(authority: Office, reference: str, exhibit: str) -> bytes:
    """What the vault gives for it."""
    [one] = [each for each in sealed(authority, reference) if each.exhibit == exhibit]
    return b"".join(chunks(authority.home, one))


async def test_each_file_of_a_folder_is_an_exhibit_under_its_path_in_sorted_order(
    authority: Office, reference: str, phone: Path
) -> None:
    heard: list[tuple[int, int]] = []
    taken = await take_in(authority.counter, handed(reference, phone), lambda done, of: heard.append((done, of)))
    ids = [each.seal.exhibit for each in taken]
    names = [particulars_of(authority.home, each).name for each in sealed(authority, reference)]
    assert names == [f"phone/{name}" for name in NAMES]
    assert [bytes_of(authority, reference, each) for each in ids] == [(phone / name).read_bytes() for name in NAMES]
    held = authority.request(reference).exhibits
    assert [(each.id, each.measure, each.size) for each in held] == [
        (each.seal.exhibit, "M1", each.seal.size) for each in taken
    ]
    assert heard[-1] == (sum(each.seal.size for each in taken),) * 2
    assert list(told(taken))[-1] == "4 sealed, 0 stood sealed already; files are counted in sorted order"
    assert not any(name in line for line in told(taken) for name in ("phone", "صورة"))
    authority.verified()


async def test_said_again_nothing_is_sealed_twice_and_what_is_new_is_sealed(
    authority: Office, reference: str, phone: Path
) -> None:
    first = await take_in(authority.counter, handed(reference, phone), unwatched)
    (phone / "new").write_bytes(b"found later")
    (phone / "a").write_bytes(b"?" * 1000)
    again = await take_in(authority.counter, handed(reference, phone), unwatched)
    assert [each.stood for each in again] == [False, True, True, True, False]
    assert [each.seal for each in again[1:4]] == [each.seal for each in first[1:]]
    assert len(authority.request(reference).exhibits) == len(sealed(authority, reference)) == 6


class Dying(Counter):
    """A counter at which the service is gone when the third deed is said."""

    async def act(self, reference: str, deed: Deed) -> Receipt:
        if len(self.request(reference).exhibits) == 2:
            raise Unreachable("gone")
        return await super().act(reference, deed)


async def test_what_broke_off_goes_on_where_it_stopped(authority: Office, reference: str, phone: Path) -> None:
    """Truth protected: what was sealed and not told of is told of, under the id that it has."""
    whole = authority.counter
    dying = Dying(whole.home, whole.people, whole.client)
    with pytest.raises(Unreachable, match="2 of 4 files are sealed and told of: deposit the same again"):
        await take_in(dying, handed(reference, phone), unwatched)
    untold = {each.exhibit for each in sealed(authority, reference)}
    assert (len(untold), len(authority.request(reference).exhibits)) == (3, 2)
    taken = await take_in(whole, handed(reference, phone), unwatched)
    assert [each.stood for each in taken] == [True, True, True, False]
    assert untold < {each.id for each in authority.request(reference).exhibits}
    assert len(authority.request(reference).exhibits) == len(sealed(authority, reference)) == 4


async def test_a_refused_folder_leaves_nothing_but_the_attempt(authority: Office, reference: str, phone: Path) -> None:
    os.mkfifo(phone / "pipe")
    with pytest.raises(Refused, match="file 5 of 5 in sorted order is a named pipe"):
        await take_in(authority.counter, handed(reference, phone), unwatched)
    with pytest.raises(NotYours):
        await take_in(authority.counter, handed(reference, phone, "p-carla"), unwatched)
    assert sealed(authority, reference) == []
    tried = {"act": "deposit", "part": "M1", "person": "p-dan", "role": "evidence officer", "exhibit": None}
    first, second = attempts(authority, reference)
    assert (first["tried"], first["refused"]) == (tried, "Refused")
    assert (second["tried"], second["refused"]) == (tried | {"person": "p-carla"}, "NotYours")
    assert "phone" not in json.dumps([first, second])


async def test_a_request_holds_so_many_exhibits_and_no_more(
    authority: Office, reference: str, phone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(depositing, "MOST_FILES", 6)
    await take_in(authority.counter, handed(reference, phone), unwatched)
    await take_in(authority.counter, handed(reference, phone), unwatched)
    for name in ("new", "newer", "newest"):
        (phone / name).touch()
    with pytest.raises(Refused, match="would hold 7 exhibits, and 6 are the most; nothing was sealed"):
        await take_in(authority.counter, handed(reference, phone), unwatched)
    assert len(sealed(authority, reference)) == 4


@pytest.mark.parametrize("exact", [b"caf\xe9", b"\xff/\xfe", b"\\xe9"])
def test_a_name_is_kept_byte_by_byte_whatever_its_bytes(exact: bytes) -> None:
    """Truth protected: a name is not made another one for not being UTF-8, nor are two names made one."""
    kept = Particulars.model_validate_json(canonical(Particulars.of(os.fsdecode(exact), "M1")))
    assert (b64decode(kept.raw) if kept.raw else kept.name.encode()) == exact
    assert kept == Particulars.of(os.fsdecode(exact), "M1") != Particulars.of(kept.name, "M2")


# --- a bag ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def bag(phone: Path) -> Path:
    bagit.make_bag(str(phone), {"Contact-Name": "Aurelia Inventata"}, checksums=["sha256"])
    return phone


async def test_a_bag_is_sealed_with_its_manifests_and_every_hash_is_the_one_in_them(
    authority: Office, reference: str, bag: Path
) -> None:
    taken = await take_in(authority.counter, handed(reference, bag), unwatched)
    by_name = {particulars_of(authority.home, each).name: each.exhibit for each in sealed(authority, reference)}
    tags = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"]
    assert by_name.keys() == {f"phone/{name}" for name in (*tags, *(f"data/{name}" for name in NAMES))}
    hashes = {each.seal.exhibit: each.seal.sha256 for each in taken}
    manifest = bytes_of(authority, reference, by_name["phone/manifest-sha256.txt"]).decode()
    for line in manifest.splitlines():
        said, name = line.split(None, 1)
        assert hashes[by_name[f"phone/{name}"]] == said


async def test_a_bag_that_is_not_what_it_says_is_refused_whole(authority: Office, reference: str, bag: Path) -> None:
    (bag / "data" / "a").write_bytes(b"?")
    (bag / "data" / "new").touch()
    with pytest.raises(Unreadable, match="manifest-sha256: 1 file differs, 1 is not listed"):
        await take_in(authority.counter, handed(reference, bag), unwatched)
    assert sealed(authority, reference) == []


async def test_a_file_that_changes_under_way_is_refused_by_its_exhibit_and_nothing_of_it_is_kept(
    authority: Office, reference: str, bag: Path
) -> None:
    """The last payload file is written to as soon as the first file is sealed."""

    def meddle(_done: int, _of: int) -> None:
        (bag / "data" / "b" / "صورة.jpg").write_bytes(b"?" * (bag / "data" / "b" / "صورة.jpg").stat().st_size)

    with pytest.raises(Refused, match=r"file 5 of 8 .* has changed .*; 4 of 8 files were sealed before"):
        await take_in(authority.counter, handed(reference, bag), meddle)
    assert len(sealed(authority, reference)) == len(authority.request(reference).exhibits) == 4
    [attempt] = attempts(authority, reference)
    tried = attempt["tried"]
    assert isinstance(tried, dict)
    assert tried["exhibit"] not in {path.name for path in (authority.home.folder / "vault").iterdir()}
    acts = [line.act for line in trace(authority.home, reference) if line.kind == "deed"]
    assert acts.count(Act.DEPOSIT) == 4


async def test_a_large_file_whose_deposit_broke_off_goes_on_where_it_stopped(
    authority: Office, reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Truth protected: 200 GiB over a bad line arrive in the end, and are one exhibit."""
    chunked(monkeypatch, 1000)
    image, whole = tmp_path / "phone.E01", os.urandom(60_000)
    image.write_bytes(whole)

    def broken(done: int, _of: int) -> None:
        if done > 40_000:
            raise ConnectionResetError("the line broke")

    with pytest.raises(ConnectionResetError):
        await take_in(authority.counter, handed(reference, image), broken)
    parts = authority.home.folder / "vault" / "parts"
    before = {path: path.stat().st_ino for path in parts.rglob("0*")}
    assert len(before) >= 4
    [taken] = await take_in(authority.counter, handed(reference, image), unwatched)
    assert {path: path.stat().st_ino for path in before} == before
    assert [path.name for path in parts.iterdir()] == [taken.seal.exhibit]
    assert bytes_of(authority, reference, taken.seal.exhibit) == whole


async def test_a_large_file_that_changed_after_its_deposit_broke_off_is_sealed_as_it_is_now(
    authority: Office, reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Truth protected: no seal is over a mixture of two states of a file."""
    chunked(monkeypatch, 1000)
    image, whole = tmp_path / "phone.E01", bytearray(os.urandom(60_000))
    image.write_bytes(whole)

    def broken(done: int, _of: int) -> None:
        if done > 40_000:
            raise ConnectionResetError("the line broke")

    with pytest.raises(ConnectionResetError):
        await take_in(authority.counter, handed(reference, image), broken)
    whole[10_000] ^= 1
    image.write_bytes(whole)
    [taken] = await take_in(authority.counter, handed(reference, image), unwatched)
    assert len(list((authority.home.folder / "vault" / "parts" / taken.seal.exhibit).iterdir())) == 2
    assert bytes_of(authority, reference, taken.seal.exhibit) == bytes(whole)


async def test_another_file_of_the_same_name_is_another_exhibit(
    authority: Office, reference: str, tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    taken = []
    for folder in ("one", "two"):
        (tmp_path / folder / "found.bin").write_bytes(folder.encode())
        taken += await take_in(authority.counter, handed(reference, tmp_path / folder / "found.bin"), unwatched)
    assert taken[0].seal.exhibit != taken[1].seal.exhibit
    assert [bytes_of(authority, reference, each.seal.exhibit) for each in taken] == [b"one", b"two"]
