"""What the vault promises of every exhibit, through every fault."""

import hashlib
import io
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import KeyGone, NotFound, Refused, Tampered
from comity.evidence import chunks, putting
from comity.evidence.chunks import CHUNK, PART
from comity.evidence.seal import Seal, compare
from comity.evidence.shelves import Bytes, Folder
from comity.evidence.vault import Vault
from tests.results import Results

from .conftest import MIB, NOW, ONE, THREE, TWO, Generated, Safe, chunked, generated, memory_flat

SEALED_CHUNK = CHUNK + 16
HEADER = 16 + 2 + 48
GOLDEN = (
    "636f6d69747920657868696269740a000030cea6423e49656d690f47cfd8b6fe9317627111d923b33c63c9bbef95691b"
    "2b915ce84de46054e33c0c27f353050931137ad4c7bbd00ce0d534ece8238dd86a3fbd8ed92324ce72fa60b8d48f649b"
    "563ec2b6b768d26ce055958a5e71124b66e5ac184915c065da707f9db13a27a960edba6a35a7fed7"
)


def _kept(vault: Vault, safe: Safe, plain: bytes, exhibit: str = ONE) -> Seal:
    return vault.deposit(io.BytesIO(plain), exhibit, safe.wrapping, at=NOW)


def _read(vault: Vault, safe: Safe, exhibit: str = ONE) -> bytes:
    return b"".join(vault.read(exhibit, safe.unwrap))


def _alter(file: Path, change: Callable[[bytes], bytes]) -> None:
    file.chmod(0o600)
    file.write_bytes(change(file.read_bytes()))


def test_the_form_of_a_file_is_a_promise(
    vault: Vault, folder: Path, safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exhibits are kept for decades: what this version sealed must open for ever, so these bytes may never change."""
    monkeypatch.setattr(putting, "fresh_key", lambda: bytes(range(32)))
    chunked(monkeypatch, 8)
    _kept(vault, safe, b"three chunks of eight.")
    assert (folder / ONE).read_bytes().hex() == GOLDEN
    assert _read(vault, safe) == b"three chunks of eight."


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1])
def test_what_is_deposited_is_read_again_at_every_edge_of_a_chunk(vault: Vault, safe: Safe, size: int) -> None:
    plain = generated(size)
    seal = _kept(vault, safe, plain)
    assert (seal.sha256, seal.size) == (hashlib.sha256(plain).hexdigest(), size)
    assert seal.chunks == max(1, -(-size // CHUNK))
    assert _read(vault, safe) == plain


@settings(deadline=None)
@given(size=st.integers(0, 70), piece=st.integers(1, 80), chunk=st.integers(1, 24))
def test_no_split_of_the_source_changes_what_is_kept(
    tmp_path_factory: pytest.TempPathFactory, size: int, piece: int, chunk: int
) -> None:
    plain = generated(size)
    with pytest.MonkeyPatch.context() as patch:
        chunked(patch, chunk)
        vault, safe = Vault(Folder(tmp_path_factory.mktemp("vault"))), Safe()
        seal = vault.deposit(Generated(size, piece=piece), ONE, safe.wrapping, at=NOW)
        assert _read(vault, safe) == plain
        assert seal == vault.examine(ONE, safe.unwrap, at=NOW)
        assert seal.sha256 == hashlib.sha256(plain).hexdigest()


def test_only_its_owner_may_read_the_file_and_nobody_write_it(vault: Vault, folder: Path, safe: Safe) -> None:
    _kept(vault, safe, b"a statement")
    assert (folder / ONE).stat().st_mode & 0o777 == 0o400
    assert folder.stat().st_mode & 0o777 == 0o700


def test_nothing_lies_in_the_clear(vault: Vault, folder: Path, safe: Safe) -> None:
    _kept(vault, safe, b"the marker stands here" * 1000)
    assert b"marker" not in (folder / ONE).read_bytes()
    assert safe.handed_out[0] not in (folder / ONE).read_bytes()


def test_every_byte_that_is_changed_is_found(vault: Vault, folder: Path, safe: Safe) -> None:
    _kept(vault, safe, b"eleven")
    whole = (folder / ONE).read_bytes()
    for at in range(len(whole)):
        _alter(folder / ONE, lambda _, at=at: whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])  # type: ignore[misc]
        with pytest.raises(Tampered):
            _read(vault, safe)


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("cut at a chunk", lambda file: file[: HEADER + 2 * SEALED_CHUNK]),
        ("cut to the header", lambda file: file[:HEADER]),
        ("cut inside the last chunk", lambda file: file[:-1]),
        ("cut inside the tag", lambda file: file[: HEADER + 2 * SEALED_CHUNK + 5]),
        ("lengthened by a byte", lambda file: file + b"\0"),
        ("last chunk twice", lambda file: file + file[HEADER + 2 * SEALED_CHUNK :]),
        (
            "two chunks in each other's place",
            lambda file: (
                file[:HEADER]
                + file[HEADER + SEALED_CHUNK : HEADER + 2 * SEALED_CHUNK]
                + file[HEADER : HEADER + SEALED_CHUNK]
                + file[HEADER + 2 * SEALED_CHUNK :]
            ),
        ),
        ("first chunk missing", lambda file: file[:HEADER] + file[HEADER + SEALED_CHUNK :]),
        ("empty", lambda _: b""),
    ],
)
def test_a_file_cut_reordered_or_lengthened_is_found(
    vault: Vault, folder: Path, safe: Safe, fault: str, change: Callable[[bytes], bytes]
) -> None:
    vault.deposit(Generated(2 * CHUNK + 100), ONE, safe.wrapping, at=NOW)
    _alter(folder / ONE, change)
    with pytest.raises(Tampered, match=ONE):
        _read(vault, safe)


def test_a_chunk_is_verified_before_it_is_given(vault: Vault, folder: Path, safe: Safe) -> None:
    vault.deposit(Generated(2 * CHUNK), ONE, safe.wrapping, at=NOW)
    _alter(folder / ONE, lambda file: file[:-1] + bytes([file[-1] ^ 1]))
    chunks = vault.read(ONE, safe.unwrap)
    assert len(next(chunks)) == CHUNK
    with pytest.raises(Tampered, match="from chunk 1 on"):
        next(chunks)


def test_an_exhibit_cannot_stand_in_for_another(vault: Vault, folder: Path, safe: Safe) -> None:
    """Whole files swapped, key and all: each is bound to its own id."""
    _kept(vault, safe, b"one", ONE)
    (folder / ONE).rename(folder / TWO)
    with pytest.raises(Tampered, match=TWO):
        _read(vault, safe, TWO)


def test_an_exhibit_whose_key_is_destroyed_is_gone(vault: Vault, safe: Safe) -> None:
    _kept(vault, safe, b"shredded")
    safe.empty()
    with pytest.raises(KeyGone):
        _read(vault, safe)


def test_a_missing_exhibit_is_not_found(vault: Vault, safe: Safe) -> None:
    with pytest.raises(NotFound, match="restore its file"):
        _read(vault, safe)


@pytest.mark.parametrize("name", ["../escape", "", ".", "a" * 26, ONE + "/x", ONE.lower()])
def test_no_name_but_an_id_reaches_the_folder(vault: Vault, safe: Safe, folder: Path, name: str) -> None:
    with pytest.raises(NotFound, match="ULID"):
        _kept(vault, safe, b"", name)
    with pytest.raises(NotFound, match="ULID"):
        _read(vault, safe, name)
    assert list(folder.iterdir()) == []


def test_what_is_sealed_is_never_written_over(vault: Vault, folder: Path, safe: Safe) -> None:
    _kept(vault, safe, b"the first")
    before = (folder / ONE).read_bytes()
    with pytest.raises(Refused, match="sealed already"):
        _kept(vault, safe, b"the second")
    assert (folder / ONE).read_bytes() == before
    assert [file.name for file in folder.iterdir()] == [ONE]


def test_of_many_deposits_under_one_id_exactly_one_is_kept(vault: Vault, folder: Path, safe: Safe) -> None:
    together = threading.Barrier(6)

    def deposit(number: int) -> Seal | None:
        together.wait()
        try:
            return _kept(vault, safe, bytes([number]) * 100_000)
        except Refused:
            return None

    with ThreadPoolExecutor(6) as many:
        [kept] = [seal for seal in many.map(deposit, range(6)) if seal]
    assert kept == vault.examine(ONE, safe.unwrap, at=NOW)
    assert [file.name for file in folder.iterdir()] == [ONE]


def test_a_deposit_that_breaks_off_in_its_first_part_leaves_nothing(vault: Vault, folder: Path, safe: Safe) -> None:
    with pytest.raises(ConnectionResetError):
        vault.deposit(Generated(3 * CHUNK, breaks_at=2 * CHUNK), ONE, safe.wrapping, at=NOW)
    assert list(folder.iterdir()) == []
    vault.deposit(Generated(3 * CHUNK), ONE, safe.wrapping, at=NOW)


def test_no_two_exhibits_share_a_key(vault: Vault, safe: Safe) -> None:
    for exhibit in (ONE, TWO, THREE):
        _kept(vault, safe, b"same bytes", exhibit)
    assert len(set(safe.handed_out)) == 3


DEPOSIT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from comity.evidence.shelves import Folder
from comity.evidence.putting import Wrapping
from comity.evidence.vault import Vault
class Slow:
    count = 0
    def read(self, size):
        self.count += 1
        if self.count == 4 * 8:
            print("half way", flush=True)
            sys.stdin.read()
        return bytes(size)
same = Wrapping(lambda key: key, lambda key: key)
Vault(Folder(Path(sys.argv[1]))).deposit(Slow(), sys.argv[2], same, at=datetime(2026, 3, 2, tzinfo=UTC))
"""


@pytest.fixture
def half_way(folder: Path, vault: Vault) -> Iterator[subprocess.Popen[bytes]]:
    """Another process in the middle of a deposit under ONE."""
    run = [sys.executable, "-c", DEPOSIT, str(folder), ONE]
    with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603
        assert child.stdout is not None
        assert child.stdout.readline() == b"half way\n"
        yield child
        child.kill()


def test_what_a_killed_deposit_leaves_does_not_stand_in_the_way_of_another(
    vault: Vault, folder: Path, safe: Safe, half_way: subprocess.Popen[bytes]
) -> None:
    """Its key does not open for us: all of it is sealed anew, under a key of ours."""
    half_way.send_signal(signal.SIGKILL)
    half_way.wait()
    left = list((folder / "parts" / ONE).iterdir())
    assert len(left) == 1
    size = (PART + 1) * CHUNK
    seal = vault.deposit(io.BytesIO(generated(size)), ONE, safe.wrapping, at=NOW)
    assert _read(vault, safe) == generated(size)
    assert len(list((folder / "parts" / ONE).iterdir())) == 2
    assert seal.size == size


def test_a_crash_between_the_two_names_of_a_file_costs_nothing(vault: Vault, folder: Path, safe: Safe) -> None:
    """The last step takes the working name away; until then a whole exhibit has two."""
    _kept(vault, safe, b"whole")
    (folder / ".unfinished-abc").hardlink_to(folder / ONE)
    _kept(vault, safe, b"the next", TWO)
    assert sorted(file.name for file in folder.iterdir()) == [ONE, TWO]
    assert _read(vault, safe) == b"whole"


@pytest.mark.parametrize("size", [20 * MIB, 2 * MIB + 4999])
def test_a_full_disk_is_one_clear_refusal_and_leaves_nothing(
    vault: Vault, folder: Path, safe: Safe, little_room: None, size: int
) -> None:
    with pytest.raises(Refused, match="no room left; nothing was kept"):
        vault.deposit(Generated(size), ONE, safe.wrapping, at=NOW)
    assert not (folder / ONE).exists()
    assert [path.name for path in folder.rglob("*") if path.name.startswith(".unfinished")] == []


def test_progress_is_told_in_bytes_and_ends_at_the_size(vault: Vault, safe: Safe) -> None:
    sealed: list[int] = []
    read: list[int] = []
    vault.deposit(Generated(2 * CHUNK + 5), ONE, safe.wrapping, at=NOW, progress=sealed.append)
    vault.examine(ONE, safe.unwrap, at=NOW, progress=read.append)
    assert sealed == read == [CHUNK, 2 * CHUNK, 2 * CHUNK + 5]


def test_memory_does_not_grow_with_the_exhibit(vault: Vault, safe: Safe, proving: bool) -> None:
    size = 2048 * MIB if proving else 64 * MIB
    with memory_flat(64):
        seal = vault.deposit(Generated(size), ONE, safe.wrapping, at=NOW)
        compare(seal, vault.examine(ONE, safe.unwrap, at=NOW))


# --- in parts ---------------------------------------------------------------------------------------------------------

LARGE = 2 * PART * CHUNK + 3 * CHUNK + 17


def _large(vault: Vault, safe: Safe, **source: int) -> Seal:
    return vault.deposit(Generated(LARGE, **source), ONE, safe.wrapping, at=NOW)


def _broken_off(vault: Vault, safe: Safe, breaks_at: int) -> None:
    with pytest.raises(ConnectionResetError):
        _large(vault, safe, breaks_at=breaks_at)


def _parts(folder: Path) -> list[Path]:
    return sorted((folder / "parts" / ONE).glob("*/0*"))


@pytest.fixture
def in_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of eight bytes: parts of 64."""
    chunked(monkeypatch, 8)


def test_what_is_large_lies_in_parts_and_is_headed_last(vault: Vault, folder: Path, safe: Safe) -> None:
    seal = _large(vault, safe)
    assert (seal.chunks, len(_parts(folder))) == (2 * PART + 4, 3)
    assert seal.sha512 == hashlib.sha512(generated(LARGE)).hexdigest()
    assert _read(vault, safe) == generated(LARGE)
    assert vault.examine(ONE, safe.unwrap, at=NOW) == seal


@pytest.mark.parametrize("size", [PART * CHUNK - 1, PART * CHUNK, PART * CHUNK + 1, 2 * PART * CHUNK])
def test_what_is_deposited_is_read_again_at_every_edge_of_a_part(vault: Vault, safe: Safe, size: int) -> None:
    seal = vault.deposit(Generated(size), ONE, safe.wrapping, at=NOW)
    assert seal.size == size
    assert _read(vault, safe) == generated(size)


def test_a_deposit_goes_on_where_it_broke_off(vault: Vault, folder: Path, safe: Safe) -> None:
    _broken_off(vault, safe, 2 * PART * CHUNK + CHUNK)
    before = {path: path.stat().st_mtime_ns for path in _parts(folder)}
    assert len(before) == 2
    seal = _large(vault, safe)
    assert len(safe.handed_out) == 1
    assert {path: path.stat().st_mtime_ns for path in _parts(folder)[:2]} == before
    assert seal.sha256 == hashlib.sha256(generated(LARGE)).hexdigest()
    assert _read(vault, safe) == generated(LARGE)


def test_one_that_broke_off_before_it_was_headed_is_only_compared(
    vault: Vault, folder: Path, safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(ConnectionResetError):
        patch.setattr("comity.evidence.putting.Putting.head", _breaks)
        _large(vault, safe)
    assert len(_parts(folder)) == 3
    _large(vault, safe)
    assert len(safe.handed_out) == 1
    assert _read(vault, safe) == generated(LARGE)


def _breaks(*_: object) -> None:
    raise ConnectionResetError("the line broke")


@pytest.mark.parametrize("changed", [5, PART * CHUNK + 9, LARGE - 1])
def test_a_source_that_changed_between_tries_is_sealed_anew_under_another_key(
    vault: Vault, folder: Path, safe: Safe, changed: int
) -> None:
    """Truth protected: no nonce is used for two texts, and no seal is over bytes that nobody handed in."""
    _broken_off(vault, safe, 2 * PART * CHUNK + CHUNK)
    other = bytearray(generated(LARGE))
    other[changed] ^= 1
    seal = vault.deposit(io.BytesIO(other), ONE, safe.wrapping, at=NOW)
    assert seal.sha256 == hashlib.sha256(other).hexdigest()
    assert _read(vault, safe) == bytes(other)
    assert len(set(safe.handed_out)) == (1 if changed > 2 * PART * CHUNK else 2)


def test_a_source_that_became_shorter_or_longer_is_no_trap(vault: Vault, safe: Safe) -> None:
    """What was the last part is not: its last chunk says so."""
    for number, size in enumerate((PART * CHUNK + 5, PART * CHUNK + 4, 2 * PART * CHUNK + 1)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("comity.evidence.putting.Putting.head", _breaks)
            with pytest.raises(ConnectionResetError):
                vault.deposit(io.BytesIO(generated(size)), ONE, safe.wrapping, at=NOW)
        assert len(safe.handed_out) == number + 1
    vault.deposit(io.BytesIO(generated(2 * PART * CHUNK + 1)), ONE, safe.wrapping, at=NOW)
    assert _read(vault, safe) == generated(2 * PART * CHUNK + 1)


def test_a_source_that_cannot_begin_again_is_refused_when_it_differs(vault: Vault, safe: Safe) -> None:
    _broken_off(vault, safe, 2 * PART * CHUNK + CHUNK)
    with pytest.raises(Refused, match="give it as a file, or as a new exhibit"):
        vault.deposit(Generated(PART * CHUNK + 1), ONE, safe.wrapping, at=NOW)
    assert _large(vault, safe).size == LARGE


@pytest.mark.parametrize("fault", ["altered", "cut"])
def test_a_part_in_doubt_is_not_gone_on_from(vault: Vault, folder: Path, safe: Safe, fault: str) -> None:
    _broken_off(vault, safe, 2 * PART * CHUNK + CHUNK)
    change = {"altered": lambda data: data[:-1] + bytes([data[-1] ^ 1]), "cut": lambda data: data[:-40]}[fault]
    _alter(_parts(folder)[1], change)
    seal = vault.deposit(io.BytesIO(generated(LARGE)), ONE, safe.wrapping, at=NOW)
    assert len(set(safe.handed_out)) == 2
    compare(seal, vault.examine(ONE, safe.unwrap, at=NOW))


def test_every_byte_that_is_changed_in_a_part_or_its_head_is_found(
    vault: Vault, folder: Path, safe: Safe, in_small: None
) -> None:
    vault.deposit(io.BytesIO(generated(150)), ONE, safe.wrapping, at=NOW)
    for file in (folder / ONE, *_parts(folder)):
        whole = file.read_bytes()
        for at in range(len(whole)):
            _alter(file, lambda _, at=at, whole=whole: whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])  # type: ignore[misc]
            with pytest.raises(Tampered):
                _read(vault, safe)
        _alter(file, lambda _, whole=whole: whole)  # type: ignore[misc]
    assert _read(vault, safe) == generated(150)


@pytest.mark.parametrize("fault", ["missing", "swapped", "lengthened", "cut", "head cut", "head lengthened"])
def test_parts_missing_swapped_cut_or_lengthened_are_found(
    vault: Vault, folder: Path, safe: Safe, in_small: None, fault: str
) -> None:
    vault.deposit(io.BytesIO(generated(150)), ONE, safe.wrapping, at=NOW)
    first, second, third = _parts(folder)
    if fault == "missing":
        third.unlink()
    elif fault == "swapped":
        before = first.read_bytes(), second.read_bytes()
        _alter(first, lambda _: before[1])
        _alter(second, lambda _: before[0])
    else:
        change = {"lengthened": lambda data: data + b"x", "cut": lambda data: data[:-24]}[fault.removeprefix("head ")]
        _alter(folder / ONE if fault.startswith("head") else second, change)
    with pytest.raises(Tampered, match=ONE):
        _read(vault, safe)


def test_a_part_of_an_earlier_try_cannot_stand_in_for_one(vault: Vault, folder: Path, safe: Safe) -> None:
    """The same plain bytes under the same number: only the key of its try tells them apart."""
    _broken_off(vault, safe, 2 * PART * CHUNK + CHUNK)
    [earlier, *_] = _parts(folder)
    _alter(_parts(folder)[1], lambda data: data[:-1])
    vault.deposit(io.BytesIO(generated(LARGE)), ONE, safe.wrapping, at=NOW)
    [standing] = [path for path in _parts(folder) if path.name == earlier.name and path.parent != earlier.parent]
    _alter(standing, lambda _: earlier.read_bytes())
    with pytest.raises(Tampered, match="from chunk 0 on"):
        _read(vault, safe)


@settings(deadline=None)
@given(size=st.integers(0, 300), start=st.integers(0, 310), length=st.integers(0, 310))
def test_any_range_is_read_as_it_was_deposited(
    tmp_path_factory: pytest.TempPathFactory, size: int, start: int, length: int
) -> None:
    plain = generated(size)
    with pytest.MonkeyPatch.context() as patch:
        chunked(patch, 8)
        vault, safe = Vault(Folder(tmp_path_factory.mktemp("vault"))), Safe()
        vault.deposit(io.BytesIO(plain), ONE, safe.wrapping, at=NOW)
        given_ = b"".join(vault.read_range(ONE, safe.unwrap, start=start, length=length))
        assert given_ == plain[start : start + length]


def test_a_range_opens_only_the_chunks_that_hold_it(vault: Vault, folder: Path, safe: Safe) -> None:
    _large(vault, safe)
    for path in (_parts(folder)[0], _parts(folder)[2]):
        _alter(path, lambda data: data[:-1])
    start = PART * CHUNK + 100
    assert b"".join(vault.read_range(ONE, safe.unwrap, start=start, length=50)) == generated(LARGE)[start : start + 50]


def test_two_processes_that_deposit_the_same_end_with_one_whole_exhibit(vault: Vault, safe: Safe) -> None:
    together = threading.Barrier(4)

    def deposit(_: int) -> Seal | None:
        together.wait()
        try:
            return vault.deposit(io.BytesIO(generated(LARGE)), ONE, safe.wrapping, at=NOW)
        except Refused:
            return None

    with ThreadPoolExecutor(4) as many:
        [kept] = [seal for seal in many.map(deposit, range(4)) if seal]
    assert vault.examine(ONE, safe.unwrap, at=NOW) == kept


class Forgetting:
    """A shelf that keeps names and sizes, and no byte: there is room for what no disk here has."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}

    def put(self, name: str, pieces: Sequence[Bytes]) -> None:
        assert name not in self.sizes
        self.sizes[name] = sum(len(piece) for piece in pieces)

    def size(self, name: str) -> int:
        if name not in self.sizes:
            raise FileNotFoundError(name)
        return self.sizes[name]

    def get(self, name: str, start: int, length: int) -> bytes:
        raise AssertionError((name, start, length))

    def names(self, folder: str) -> list[str]:
        return sorted(name for name in self.sizes if name.startswith(f"{folder}/"))

    def remove(self, name: str) -> bool:
        raise AssertionError(name)


def test_an_exhibit_of_200_gib_is_possible(tmp_path: Path, safe: Safe, results: Results, *, proving: bool) -> None:
    """From a file of holes, onto a shelf that forgets: what is shown is memory, sizes, and that no number overflows."""
    size = (200 << 30 if proving else 1 << 30) + 5
    with (tmp_path / "hollow").open("wb") as file:
        file.truncate(size)
    shelf = Forgetting()
    must = "memory flat, each part once, the seal of all of it"
    with (
        (tmp_path / "hollow").open("rb", buffering=0) as source,
        results.of("a sparse file of 200 GiB deposited", must, count=size >> 30) as trial,
        memory_flat(64) as more,
    ):
        seal = Vault(shelf).deposit(source, ONE, safe.wrapping, at=NOW)
        trial.note = f"{more():.0f} MiB more at most"
    assert (seal.size, seal.chunks) == (size, (size >> 20) + 1)
    sealed = sum(of for name, of in shelf.sizes.items() if name.rpartition("/")[2].isdigit())
    parts = -(-seal.chunks // PART)
    assert sealed == size + 16 * seal.chunks + parts * (len(chunks.IN_PARTS) + chunks.SALT)


def test_one_bit_flipped_anywhere_in_a_sealed_exhibit_is_found(
    vault: Vault, folder: Path, safe: Safe, results: Results, *, proving: bool
) -> None:
    """In its real size, on the disk: in its head, and in each of its parts."""
    seed, count = random.SystemRandom().randrange(1 << 32), 10_000 if proving else 200
    chance = random.Random(seed)  # noqa: S311 - it chooses places
    vault.deposit(Generated(PART * CHUNK + 40_000), ONE, safe.wrapping, at=NOW)
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "key"]
    assert len(files) == 3
    with results.of("one bit flipped in a sealed exhibit", "found", count=count, seed=seed):
        for _ in range(count):
            path = chance.choice(files)
            place = chance.randrange(path.stat().st_size)
            with _flipped(path, place, 1 << chance.randrange(8)), pytest.raises(Tampered):
                vault.examine(ONE, safe.unwrap, at=NOW)
    vault.examine(ONE, safe.unwrap, at=NOW)


@contextmanager
def _flipped(path: Path, place: int, bit: int) -> Iterator[None]:
    """As long as the block lasts."""
    _flip(path, place, bit)
    yield
    _flip(path, place, bit)


def _flip(path: Path, place: int, bit: int) -> None:
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ bit]))
