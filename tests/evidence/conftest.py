"""A vault in a folder of its own, a safe for the keys of its exhibits, and sources that are made as they are read."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.errors import KeyGone, Tampered
from comity.evidence import chunks, opened, putting
from comity.evidence import vault as vaults
from comity.evidence.putting import Wrapping
from comity.evidence.shelves import Folder
from comity.evidence.vault import Vault

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
REFERENCE = "01JNBXR6K3V8ZD5T0M7QHYWGAC"
ONE = "01JNBXS0000000000000000001"
TWO = "01JNBXS0000000000000000002"
THREE = "01JNBXS0000000000000000003"
MIB = 1 << 20


class Safe:
    """Wraps the keys of exhibits as a request's content key does, and can be emptied."""

    def __init__(self) -> None:
        self._key: AESGCM | None = AESGCM(bytes(32))
        self.handed_out: list[bytes] = []

    @property
    def wrapping(self) -> Wrapping:
        """As a deposit takes it."""
        return Wrapping(self.wrap, self.unwrap)

    def wrap(self, key: bytes) -> bytes:
        assert self._key is not None
        self.handed_out.append(key)
        return self._key.encrypt(bytes(12), key, None)

    def unwrap(self, wrapped: bytes) -> bytes:
        if self._key is None:
            raise KeyGone("the content key was destroyed")
        try:
            return self._key.decrypt(bytes(12), wrapped, None)
        except (InvalidTag, ValueError):
            raise Tampered("the wrapped key does not open") from None

    def empty(self) -> None:
        self._key = None


_PATTERN = bytes(range(251)) * 5000  # a prime: no two chunks are alike


class Generated:
    """So many bytes, the same each time and never all in memory, in pieces as small as a network gives them."""

    def __init__(self, size: int, *, piece: int = 300_000, breaks_at: int | None = None) -> None:
        self._size, self._piece, self._breaks_at = size, min(piece, MIB), breaks_at
        self._at = 0

    def read(self, size: int, /) -> bytes:
        if self._breaks_at is not None and self._at >= self._breaks_at:
            raise ConnectionResetError("the line broke")
        start, given = self._at % 251, min(self._size - self._at, self._piece, size)
        self._at += given
        return _PATTERN[start : start + given]


def generated(size: int) -> bytes:
    """The same bytes at once."""
    return (_PATTERN * (size // len(_PATTERN) + 1))[:size]


@pytest.fixture
def safe() -> Safe:
    """A safe that holds the content key of the request."""
    return Safe()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the vault."""
    return tmp_path / "vault"


@pytest.fixture
def vault(folder: Path) -> Vault:
    """A vault that holds nothing yet."""
    return Vault(Folder(folder))


@pytest.fixture
def little_room() -> Iterator[None]:
    """A disk on which no file can grow beyond 2 MiB and some (a real limit of the kernel: EFBIG)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB + 5000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def resident_mib() -> float:
    """The memory that this process holds now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def most_mib() -> float:
    """The most memory that this process held since `forgotten`, in MiB, however short."""
    told = Path("/proc/self/status").read_text()
    return int(told.split("VmHWM:")[1].split()[0]) / 1024


@contextmanager
def memory_flat(within: float) -> Iterator[Callable[[], float]]:
    """In the block this process holds less than so many MiB more than before, at each instant. Gives how many more."""
    Path("/proc/self/clear_refs").write_text("5")  # the most that it held is forgotten: proc(5)
    before = resident_mib()
    yield lambda: most_mib() - before
    assert most_mib() - before < within


def chunked(patch: pytest.MonkeyPatch, size: int) -> None:
    """Chunks of another size, everywhere."""
    for module in (chunks, opened, putting, vaults):
        patch.setattr(module, "CHUNK", size)
