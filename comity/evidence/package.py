"""A package on its way out: exhibits as one encrypted stream, in the clear nowhere on the disk.

Format 0 is an age file (X25519) around the stream of `bundle`; a later format replaces it by a signed container.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pyrage

from comity.evidence import bundle, recipient
from comity.evidence.landing import landing
from comity.evidence.manifest import Manifest


def write(folder: Path, manifest: Manifest, public_key: str, contents: Callable[[str], Iterator[bytes]]) -> Path:
    """Write the package for the holder of `public_key` (`age1…`), and return its file.

    `contents` gives the bytes of an exhibit by its id. Safe to repeat: one content for one recipient has one name,
    and what stands under it is whole and is left alone. Raises Unreadable for a key that is none, Tampered when an
    exhibit is not what its seal says, Refused when the disk is full; then nothing is left.
    """
    to = recipient.public_key(public_key)
    path = folder / _name(manifest, public_key)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with landing(folder, path.name) as file:
            _encrypt(bundle.pack(manifest, contents), file, to)
    except FileExistsError:
        pass  # written before, or by another at this moment: it is the same package
    return path


def _name(manifest: Manifest, public_key: str) -> str:
    """Named by request, package, and a digest of exhibits and recipient: other exhibits or another key, another file.

    The exhibits count by their ids, each sealed once: a digest of their hashes would confirm a guess of one.
    """
    exhibits = " ".join(item.id for item in manifest.exhibits)
    told_apart = hashlib.sha256(f"{exhibits} {public_key}".encode()).hexdigest()[:16]
    return f"{manifest.reference}-{manifest.package}-{told_apart}.age"


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
