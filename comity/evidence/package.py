"""A package on its way out: exhibits as one encrypted stream, in the clear nowhere on the disk.

It is an age file around the stream of `bundle`: for the recipient's own age key, or for an identity that is made for
this package alone and lies beside it, wrapped (CMS) for the recipient's X.509 certificate.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pyrage

from comity.evidence import bundle, recipient
from comity.evidence.bundle import Enclosure, Signing
from comity.evidence.landing import landing
from comity.evidence.manifest import Manifest
from comity.evidence.recipient import wrapped_beside


def write(
    folder: Path, enclosure: Enclosure, key: str, contents: Callable[[str], Iterator[bytes]], signs: Signing
) -> tuple[Path, ...]:
    """Write the package for the holder of `key` (`age1…`, or a PEM certificate), and return its files, itself last.

    `contents` gives the bytes of an exhibit by its id. Safe to repeat: one content for one recipient has one name,
    and what stands under it is whole and is left alone. Raises Unreadable for a key that is none, Tampered when an
    exhibit is not what its seal says, Refused when the disk is full; then nothing is left.
    """
    certificate, pieces = recipient.certificate_of(key), partial(bundle.pack, enclosure, contents, signs)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = _name(enclosure.manifest, key)
    if certificate is None:
        return _written(
            folder, f"{name}.age", recipient.public_key(key), lambda: bundle.pack(enclosure, contents, signs)
        )
    standing = sorted(folder.glob(f"{name}-*.age"))
    if standing:
        return wrapped_beside(standing[0]), standing[0]
    once = pyrage.x25519.Identity.generate()
    path = folder / f"{name}-{secrets.token_hex(4)}.age"  # another identity each time, so another name
    with landing(folder, wrapped_beside(path).name) as file:
        file.write(recipient.wrapped(once, certificate))
    written = _written(folder, path.name, once.to_public(), pieces)
    return wrapped_beside(path), *written


def _written(
    folder: Path, name: str, to: pyrage.x25519.Recipient, pieces: Callable[[], Iterator[bytes]]
) -> tuple[Path, ...]:
    try:
        with landing(folder, name) as file:
            _encrypt(pieces(), file, to)
    except FileExistsError:
        pass  # written before, or by another at this moment: it is the same package
    return (folder / name,)


def _name(manifest: Manifest, public_key: str) -> str:
    """Named by request, package, and a digest of exhibits and recipient: other exhibits or another key, another file.

    The exhibits count by their ids, each sealed once: a digest of their hashes would confirm a guess of one.
    """
    exhibits = " ".join(item.id for item in manifest.exhibits)
    told_apart = hashlib.sha256(f"{exhibits} {public_key}".encode()).hexdigest()[:16]
    return f"{manifest.reference}-{manifest.package}-{told_apart}"


def _encrypt(pieces: Iterator[bytes], file: BinaryIO, to: pyrage.x25519.Recipient) -> None:
    reading, writing = _Reading(pieces), _Writing(file)
    try:
        pyrage.encrypt_io(reading, writing, [to])
    except (pyrage.EncryptError, OSError) as error:
        raise reading.error or writing.error or error from None


class _Reading:
    """Pieces as age reads them; keeps the error of whoever makes them, of which age passes on only the text."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._piece, self._at = pieces, b"", 0
        self.error: Exception | None = None

    def read(self, size: int) -> bytes:
        while self._at == len(self._piece):
            if not self._next():
                return b""
        start, self._at = self._at, min(self._at + size, len(self._piece))
        return self._piece[start : self._at]

    def _next(self) -> bool:
        try:
            self._piece, self._at = next(self._pieces), 0
        except StopIteration:
            return False
        except Exception as error:
            self.error = error
            raise
        return True


class _Writing:
    """The file as age writes it; keeps the error, as above."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: Exception | None = None

    def write(self, piece: bytes) -> int:
        try:
            return self._file.write(piece)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        """The file is flushed when it lands."""
