"""The vault: a folder that holds sealed bytes only, one file an exhibit.

A file is a header (magic, format, the exhibit's own key as the caller wrapped it) and chunks of 1 MiB, each closed
with AES-256-GCM and bound to exhibit, number and whether it is the last. The key is made anew for every deposit, also
after one that broke off, so that a (key, chunk number) pair is used once, ever; destroying the key that wraps it
shreds the exhibit. A folder is no write-once store: whoever rules the machine can delete.
"""

import hashlib
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import TypeAdapter, ValidationError

from comity.errors import NotFound, Refused, Tampered
from comity.evidence.landing import landing
from comity.evidence.seal import Seal
from comity.request.model import Ulid

CHUNK = 1 << 20
_TAG = 16
_MAGIC = b"comity exhibit\n\x00"  # its last byte is the format
_AHEAD = 4
_ID: TypeAdapter[str] = TypeAdapter(Ulid)


class Source(Protocol):
    """What exhibits come from: a file, a pipe, an upload."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""


def _silent(_done: int) -> None:
    """Nobody asked how far it is."""


class Vault:
    """The exhibits in one folder. Threads and processes may share it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder

    def deposit(
        self,
        source: Source,
        exhibit: str,
        wrap: Callable[[bytes], bytes],
        *,
        at: datetime,
        progress: Callable[[int], None] = _silent,
    ) -> Seal:
        """Seal all that `source` gives as a new exhibit, in one pass; on the disk when this returns.

        `wrap` closes the exhibit's key under the request's content key; `progress` hears the bytes done so far.
        Raises Refused when the exhibit stands there already or the disk is full. Breaks off without a trace.
        """
        key = _fresh_key()
        try:
            with landing(self._folder, _name(exhibit)) as file:
                file.write(_header(wrap(key)))
                sha256, size = _pour(source, _Sealing(file, key, exhibit), progress)
        except FileExistsError:
            raise Refused(f"exhibit {exhibit} is sealed already; deposit what is new under a new id") from None
        return _seal(exhibit, sha256, size, at)

    def read(
        self, exhibit: str, unwrap: Callable[[bytes], bytes], *, progress: Callable[[int], None] = _silent
    ) -> Iterator[bytes]:
        """What was deposited, chunk by chunk, each verified before it is given; whole only when the iterator ends.

        `unwrap` undoes `wrap`, and raises KeyGone once the key is destroyed. Raises NotFound, and Tampered at the
        first chunk that is changed, missing or elsewhere.
        """
        with self._file(exhibit) as file:
            opening, done = _Opening(unwrap(_wrapped_key(file, exhibit)), exhibit), 0
            for number, chunk, last in _numbered(_chunks(file, CHUNK + _TAG)):
                yield (plain := opening.read(number, chunk, last))
                progress(done := done + len(plain))

    def examine(
        self, exhibit: str, unwrap: Callable[[bytes], bytes], *, at: datetime, progress: Callable[[int], None] = _silent
    ) -> Seal:
        """The seal that the bytes give today, to compare with the one that was kept. Raises as `read`."""
        digest, size = hashlib.sha256(), 0
        for chunk in self.read(exhibit, unwrap, progress=progress):
            digest.update(chunk)
            size += len(chunk)
        return _seal(exhibit, digest.hexdigest(), size, at)

    def _file(self, exhibit: str) -> BinaryIO:
        try:
            return (self._folder / _name(exhibit)).open("rb")
        except FileNotFoundError:
            raise NotFound(f"the vault holds no exhibit {exhibit}; restore its file from a copy") from None


class _Sealing:
    """Closes the chunks of one exhibit into its file, all through one buffer."""

    def __init__(self, file: BinaryIO, key: bytes, exhibit: str) -> None:
        self._file, self._cipher, self._exhibit = file, AESGCM(key), exhibit
        self._buffer = memoryview(bytearray(CHUNK + _TAG))

    def write(self, number: int, chunk: bytes, last: bool) -> None:
        room = self._buffer[: len(chunk) + _TAG]
        self._cipher.encrypt_into(_nonce(number), chunk, _bound(self._exhibit, number, last=last), room)
        self._file.write(room)


class _Opening:
    """Opens the chunks of one exhibit."""

    def __init__(self, key: bytes, exhibit: str) -> None:
        self._cipher, self._exhibit = AESGCM(key), exhibit

    def read(self, number: int, chunk: bytes, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(number), chunk, _bound(self._exhibit, number, last=last))
        except (InvalidTag, ValueError):
            raise Tampered(
                f"exhibit {self._exhibit} is not what was sealed, from chunk {number} on; restore its file from a copy"
            ) from None


def _pour(source: Source, sealing: _Sealing, progress: Callable[[int], None]) -> tuple[str, int]:
    """SHA-256 in hex and size of all that went through. One thread hashes while another closes and writes."""
    digest, size = hashlib.sha256(), 0
    with ThreadPoolExecutor(1) as beside:
        under_way: deque[Future[None]] = deque()
        for number, chunk, last in _numbered(_chunks(source, CHUNK)):
            under_way.append(beside.submit(sealing.write, number, chunk, last))
            digest.update(chunk)
            size += len(chunk)
            if len(under_way) > _AHEAD:
                under_way.popleft().result()
            progress(size)
        for each in under_way:
            each.result()
    return digest.hexdigest(), size


def _chunks(source: Source, size: int) -> Iterator[bytes]:
    """The source in pieces of exactly `size` bytes, the last one shorter: a pipe gives less than it is asked for."""
    while chunk := source.read(size):
        while len(chunk) < size and (more := source.read(size - len(chunk))):
            chunk += more
        yield chunk


def _numbered(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """Each chunk with its number, and whether it is the last; where there is none, one that is empty."""
    number, held = 0, next(chunks, b"")
    for following in chunks:
        yield number, held, False
        number, held = number + 1, following
    yield number, held, True


def _fresh_key() -> bytes:
    return secrets.token_bytes(32)


def _header(wrapped: bytes) -> bytes:
    return _MAGIC + len(wrapped).to_bytes(2, "big") + wrapped


def _wrapped_key(file: BinaryIO, exhibit: str) -> bytes:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise Tampered(f"the file of exhibit {exhibit} does not begin as one of format 0; restore it from a copy")
    return file.read(int.from_bytes(file.read(2), "big"))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound(exhibit: str, number: int, *, last: bool) -> bytes:
    """What a chunk is bound to; every part has a fixed width."""
    return _MAGIC + exhibit.encode() + number.to_bytes(8, "big") + bytes([last])


def _seal(exhibit: str, sha256: str, size: int, at: datetime) -> Seal:
    chunks = max(1, -(-size // CHUNK))
    return Seal(exhibit=exhibit, sha256=sha256, size=size, chunks=chunks, chunk_size=CHUNK, sealed_at=at)


def _name(exhibit: str) -> str:
    """The file's name: the id, once it is seen to be one, so that no path is smuggled in."""
    try:
        return _ID.validate_python(exhibit)
    except ValidationError:
        raise NotFound("no exhibit has such an id; its id is the ULID that it was given when sealed") from None
