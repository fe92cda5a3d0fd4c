"""Sealing an exhibit beside openssl, which hashes it in one run and encrypts it in another."""

import argparse
import os
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from ulid import ULID

from bench.apart import apart, most_memory
from bench.report import Found, Row
from comity.evidence.putting import Wrapping
from comity.evidence.shelves import Bucket, Folder, Shelf, Where
from comity.evidence.vault import Vault
from tests.buckets import serving

_ROUNDS = 3
_LARGER = 4
"""So many times the size tells whether memory is flat."""


@dataclass(frozen=True)
class Sealed:
    """Seconds until it was on the disk; the most memory that the process had meanwhile, in bytes."""

    seconds: float
    memory: int


@dataclass(frozen=True)
class Plain:
    """Seconds of openssl: the digest, the encryption, then until that was on the disk, as a seal ends."""

    digest: float
    encrypt: float
    sync: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.digest + self.encrypt + self.sync


def measure(asked: argparse.Namespace) -> Found:
    """In turns, `asked.mib` each, from a file of holes: no disk is read."""
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as name:
        folder, size = Path(name), asked.mib << 20
        exhibit = _hollow(folder / "exhibit", size)
        _plain(exhibit), apart(seal, exhibit, folder)
        pairs = [(_plain(exhibit), apart(seal, exhibit, folder)) for _ in range(_ROUNDS)]
        large = _hollow(folder / "larger", size * _LARGER)
        larger = apart(seal, large, folder)
        with serving(_made(folder / "s3")) as server:
            small, great = (apart(seal_in_bucket, each, server.bucket()) for each in (exhibit, large))
    return Found((_row(size, pairs, (larger, small, great)),))


def seal(exhibit: Path, folder: Path) -> Sealed:
    """Deposit it in a vault of its own, which is then removed."""
    with tempfile.TemporaryDirectory(dir=folder) as room:
        return _sealed(exhibit, Folder(Path(room)))


def seal_in_bucket(exhibit: Path, place: Where) -> Sealed:
    """Deposit it in a bucket with a default retention (SeaweedFS on this machine)."""
    return _sealed(exhibit, Bucket(place))


def _sealed(exhibit: Path, shelf: Shelf) -> Sealed:
    wrapping = secrets.token_bytes(32)
    keys = Wrapping(lambda key: aes_key_wrap(wrapping, key), lambda key: aes_key_unwrap(wrapping, key))
    with exhibit.open("rb", buffering=0) as source:
        began = time.perf_counter()
        Vault(shelf).deposit(source, str(ULID()), keys, at=datetime.now(UTC))
        return Sealed(time.perf_counter() - began, most_memory())


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _hollow(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def _plain(exhibit: Path) -> Plain:
    sealed = exhibit.with_suffix(".cms")
    digest = _took("openssl", "dgst", "-sha256", str(exhibit))
    encrypt = _took(
        *("openssl", "cms", "-encrypt", "-aes-256-gcm", "-stream", "-binary", "-outform", "DER"),
        *("-secretkey", secrets.token_hex(32), "-secretkeyid", secrets.token_hex(8)),
        *("-in", str(exhibit), "-out", str(sealed)),
    )
    sync = _synced(sealed)
    sealed.unlink()
    return Plain(digest, encrypt, sync)


def _took(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command line
    return time.perf_counter() - began


def _synced(path: Path) -> float:
    began = time.perf_counter()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return time.perf_counter() - began


def _row(size: int, pairs: Sequence[tuple[Plain, Sealed]], others: tuple[Sealed, Sealed, Sealed]) -> Row:
    larger, in_bucket, larger_in_bucket = others
    rates = [plain.seconds / sealed.seconds for plain, sealed in pairs]
    unsynced = statistics.median((plain.digest + plain.encrypt) / sealed.seconds for plain, sealed in pairs)
    memory = max(sealed.memory for _, sealed in pairs)
    ratio = statistics.median(rates)
    return Row(
        "evidence",
        f"**{ratio:.2f} ×** (rounds {' '.join(f'{rate:.2f}' for rate in rates)}): {_rate(size, pairs, 1)} against "
        f"{_rate(size, pairs, 0)} MiB/s, both on the disk; {unsynced:.2f} × when openssl's is not waited for there; "
        f"openssl took {_parts([plain for plain, _ in pairs])}; memory at most **{memory >> 20} MiB**, and "
        f"{larger.memory >> 20} MiB for {_LARGER} times the size ({_speed(size * _LARGER, larger)} MiB/s); "
        f"into a bucket {_told(size, in_bucket)}, {_told(size * _LARGER, larger_in_bucket)} for {_LARGER} times of it",
        "≥ 1.2 × the rate, memory ≤ 150 MiB and flat",
        ratio >= 1.2 and max(memory, larger.memory) <= 150 << 20 and larger.memory < memory * 1.1,
        f"{_ROUNDS} rounds of {size / 2**30:.2g} GiB of zeros from a file of holes, in turns; {_openssl()}",
    )


def _told(size: int, sealed: Sealed) -> str:
    return f"{_speed(size, sealed)} MiB/s with {sealed.memory >> 20} MiB"


def _speed(size: int, sealed: Sealed) -> str:
    return f"{size / 2**20 / sealed.seconds:.0f}"


def _rate(size: int, pairs: Sequence[tuple[Plain, Sealed]], side: int) -> str:
    return f"{size / 2**20 / statistics.median(pair[side].seconds for pair in pairs):.0f}"


def _parts(plains: Sequence[Plain]) -> str:
    parts = {"digest": 0.0, "encrypt": 0.0, "sync": 0.0}
    medians = [f"{statistics.median(getattr(plain, part) for plain in plains):.1f} s to {part}" for part in parts]
    return ", ".join(medians)


def _openssl() -> str:
    said = subprocess.run(("openssl", "version"), check=True, capture_output=True, text=True)  # noqa: S607 - any
    return said.stdout.partition(" (")[0].strip()
