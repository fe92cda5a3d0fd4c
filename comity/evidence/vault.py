"""The vault: sealed bytes only, each exhibit closed under a key of its own.

An exhibit is sealed in chunks of 1 MiB, each closed with AES-256-GCM and bound to exhibit, number and whether it is the
last. What fits into one part (8 chunks) is one object: header, then chunks (format 0). What is larger lies in parts,
each whole or not there, headed by an object that is put last (format 1): until then a deposit that broke off goes on
where it stopped. The exhibit's key is made anew for every deposit; a part is closed under a key drawn from it and
from a salt of its own, so that a (key, chunk number) pair is used once, ever, whatever was put twice or is given up.
Destroying the key that wraps an exhibit's key shreds the exhibit.
"""

import hashlib
import io
import re
import secrets
import zlib
from collections import deque
from collections.abc import Callable, Container, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import TypeAdapter, ValidationError

from comity.errors import ComityError, NotFound, Refused, Tampered
from comity.evidence.seal import Seal
from comity.evidence.shelves import Shelf
from comity.request.model import Ulid

CHUNK = 1 << 20
PART = 8
"""Chunks in a part."""
_TAG = 16
_SALT = 32
_TRIAL = 16
_KEY = "key"
_PARTS = "parts"
_LONGEST_HEAD = 4096
_UNKNOWN = -1
_PUTTING = 2
_AHEAD = 2 * _PUTTING
_SEALED = "exhibit {} is sealed already; deposit what is new under a new id"
_WHOLE = b"comity exhibit\n\x00"
_IN_PARTS = b"comity exhibit\n\x01"
"""How an object begins; the last byte is the format."""
_ID: TypeAdapter[str] = TypeAdapter(Ulid)

Numbered = tuple[int, bytes, bool]
"""A chunk in the clear: its number, its bytes, whether it is the last."""


class Source(Protocol):
    """What exhibits come from: a file, a pipe, an upload."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""


def _silent(_done: int) -> None:
    """Nobody asked how far it is."""


@dataclass(frozen=True)
class Wrapping:
    """How an exhibit's key is closed under the request's content key, and opened again (raises KeyGone, Tampered)."""

    wrap: Callable[[bytes], bytes]
    unwrap: Callable[[bytes], bytes]


class Vault:
    """The exhibits on one shelf. Threads and processes may share it."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def deposit(
        self,
        source: Source,
        exhibit: str,
        wrapping: Wrapping,
        *,
        at: datetime,
        progress: Callable[[int], None] = _silent,
    ) -> Seal:
        """Seal all that `source` gives as a new exhibit, in one pass; durable when this returns.

        What an earlier deposit of the same exhibit left is opened, compared with the source and gone on from; where
        they differ, or anything is in doubt, all of it is sealed anew under another key. `progress` hears the bytes
        done so far. Raises Refused when the exhibit stands there already, the disk is full, or what differs cannot be
        read from its beginning again; Unreachable when the shelf is away.
        """
        name = _name(exhibit)
        if self.holds(name):
            raise Refused(_SEALED.format(exhibit))
        try:
            return self._hashed(source, _Deposit(self._shelf, name, wrapping), progress).seal(exhibit, at)
        except FileExistsError:
            raise Refused(_SEALED.format(exhibit)) from None

    def _hashed(self, source: Source, deposit: "_Deposit", progress: Callable[[int], None]) -> "_Hashed":
        try:
            return self._sealed(source, deposit, progress)
        except _Differs:
            return self._sealed(_from_its_beginning(source), deposit.anew(), progress)

    def holds(self, exhibit: str) -> bool:
        """Whether an exhibit is here, whole. Raises Unreachable."""
        with suppress(FileNotFoundError):
            return self._shelf.size(_name(exhibit)) > 0
        return False

    def read(
        self, exhibit: str, unwrap: Callable[[bytes], bytes], *, progress: Callable[[int], None] = _silent
    ) -> Iterator[bytes]:
        """What was deposited, chunk by chunk, each verified before it is given; whole only when the iterator ends.

        `unwrap` undoes `wrap`, and raises KeyGone once the key is destroyed. Raises NotFound, and Tampered at the
        first chunk that is changed, missing or elsewhere.
        """
        sealed, done = self._opened(exhibit, unwrap), 0
        for chunk in sealed.chunks(0, sealed.count):
            yield chunk
            progress(done := done + len(chunk))

    def read_range(self, exhibit: str, unwrap: Callable[[bytes], bytes], *, start: int, length: int) -> Iterator[bytes]:
        """So many bytes from `start` on; only the chunks that hold them are opened. Raises as `read`."""
        sealed, first = self._opened(exhibit, unwrap), start // CHUNK
        skip, left = start - first * CHUNK, length
        for chunk in sealed.chunks(first, -(-(start + length) // CHUNK)):
            given = chunk[skip : skip + left]
            skip, left = 0, left - len(given)
            yield given

    def examine(
        self, exhibit: str, unwrap: Callable[[bytes], bytes], *, at: datetime, progress: Callable[[int], None] = _silent
    ) -> Seal:
        """The seal that the bytes give today, to compare with the one that was kept. Raises as `read`."""
        hashed = _Hashed()
        for chunk in self.read(exhibit, unwrap, progress=progress):
            hashed.take(chunk)
        return hashed.seal(exhibit, at)

    def remove(self, exhibit: str) -> bool:
        """Take away all that stands of an exhibit, finished or given up, once its key is destroyed. Safe to repeat.

        Returns whether it is gone: a shelf that locks its objects lets none go.
        """
        name = _name(exhibit)
        return all(self._shelf.remove(each) for each in (name, *self._shelf.names(_below(name))))

    def stray(self, known: Container[str], unwrap: Callable[[str, bytes], bytes]) -> Iterator[str]:
        """Exhibits that stand here, finished or given up, and that no list knows, whose key `unwrap` opens.

        `unwrap` takes the exhibit and its wrapped key. Raises Unreachable.
        """
        heads = {name: name for name in self._shelf.names("") if "/" not in name}
        heads |= {name.split("/")[1]: name for name in self._shelf.names(_PARTS) if name.endswith(f"/{_KEY}")}
        for exhibit, head in sorted(heads.items()):
            if exhibit not in known and self._opens(exhibit, head, unwrap):
                yield exhibit

    def _opens(self, exhibit: str, head: str, unwrap: Callable[[str, bytes], bytes]) -> bool:
        try:
            _, wrapped, _ = _read_header(self._shelf.get(head, 0, _LONGEST_HEAD), exhibit)
            return bool(unwrap(exhibit, wrapped))
        except (Tampered, FileNotFoundError):
            return False

    def _sealed(self, source: Source, deposit: "_Deposit", progress: Callable[[int], None]) -> "_Hashed":
        """All of the source put and hashed. One thread reads and hashes, one hashes, two close and put.

        While the disk takes one part, the next is closed. The first is waited for: with it the try is begun.
        """
        hashed, under_way = _Hashed(), deque[Future[None]]()
        with ThreadPoolExecutor(_PUTTING) as putting, ThreadPoolExecutor(1) as hashing:
            for number, part in enumerate(_parts(source)):
                under_way += putting.submit(deposit.part, number, part), hashing.submit(hashed.take_longer, part)
                for _, chunk, _ in part:
                    hashed.take_shorter(chunk)
                    progress(hashed.size)
                while len(under_way) > (_AHEAD if number else 0):
                    under_way.popleft().result()
            for each in under_way:
                each.result()
        deposit.head(hashed.chunks)
        return hashed

    def _opened(self, exhibit: str, unwrap: Callable[[bytes], bytes]) -> "_Opened":
        name = _name(exhibit)
        try:
            head = self._shelf.get(name, 0, _LONGEST_HEAD)
            whole = self._shelf.size(name)
        except FileNotFoundError:
            raise NotFound(f"the vault holds no exhibit {exhibit}; restore its file from a copy") from None
        magic, wrapped, rest = _read_header(head, exhibit)
        key = unwrap(wrapped)
        if magic == _IN_PARTS:
            trial, count = _read_trial(rest, exhibit)
            return _InParts(self._shelf, exhibit, key, count, f"{_below(exhibit)}/{trial}")
        start = len(head) - len(rest)
        return _Whole(self._shelf, exhibit, key, max(1, -(-(whole - start) // (CHUNK + _TAG))), start)


# --- going in ---------------------------------------------------------------------------------------------------------


class _Differs(Exception):
    """What stands of an earlier deposit is not what the source gives, or cannot be opened."""


@dataclass(frozen=True)
class _Trial:
    """One try to deposit an exhibit in parts: where, under which key, and how many parts stand."""

    folder: str
    wrapped: bytes
    key: bytes
    standing: int = 0


class _Deposit:
    """Puts one exhibit: whole, or in parts, and what heads them last."""

    def __init__(self, shelf: Shelf, exhibit: str, wrapping: Wrapping, *, goes_on: bool = True) -> None:
        self._shelf, self._exhibit, self._wrapping, self._goes_on = shelf, exhibit, wrapping, goes_on
        self._trial: _Trial | None = None

    def anew(self) -> "_Deposit":
        """The same, which goes on from nothing."""
        return _Deposit(self._shelf, self._exhibit, self._wrapping, goes_on=False)

    def part(self, number: int, chunks: list[Numbered]) -> None:
        """Put one part, or compare it with the one that stands. What fits into one part is put whole, at once."""
        if number == 0 and chunks[-1][2]:
            return self._whole(chunks)
        self._trial = trial = self._trial or (self._earlier() if self._goes_on else None) or self._begun()
        if number < trial.standing:
            return self._compared(trial, number, chunks)
        salt = secrets.token_bytes(_SALT)
        sealing = _Cipher(_part_key(trial.key, salt, self._exhibit, number), _IN_PARTS, self._exhibit)
        try:
            self._shelf.put(_part_name(trial.folder, number), [_IN_PARTS, salt, *map(sealing.close, chunks)])
        except FileExistsError:  # behind one that was not put before a crash, or put by another process beside this one
            return self._compared(trial, number, chunks)
        return None

    def head(self, count: int) -> None:
        """Put what makes the parts one exhibit; of one that is whole there is nothing to head."""
        if self._trial is not None:
            trial = self._trial.folder.rpartition("/")[2].encode()
            head = _header(_IN_PARTS, self._trial.wrapped) + trial + count.to_bytes(8, "big")
            self._shelf.put(self._exhibit, [head])

    def _whole(self, chunks: list[Numbered]) -> None:
        key = _fresh_key()
        sealing = _Cipher(key, _WHOLE, self._exhibit)
        self._shelf.put(self._exhibit, [_header(_WHOLE, self._wrapping.wrap(key)), *map(sealing.close, chunks)])

    def _begun(self) -> _Trial:
        folder, key = f"{_below(self._exhibit)}/{secrets.token_hex(_TRIAL // 2)}", _fresh_key()
        wrapped = self._wrapping.wrap(key)
        self._shelf.put(f"{folder}/{_KEY}", [_header(_IN_PARTS, wrapped)])
        return _Trial(folder, wrapped, key)

    def _earlier(self) -> _Trial | None:
        """The earlier try that came farthest, if its key can be opened."""
        names = set(self._shelf.names(_below(self._exhibit)))
        folders = {name.rpartition("/")[0] for name in names if name.endswith(f"/{_KEY}")}
        farthest = max(sorted(folders), key=lambda folder: _reached(names, folder), default=None)
        if farthest is None:
            return None
        try:
            _, wrapped, _ = _read_header(self._shelf.get(f"{farthest}/{_KEY}", 0, _LONGEST_HEAD), self._exhibit)
            return _Trial(farthest, wrapped, self._wrapping.unwrap(wrapped), _reached(names, farthest))
        except ComityError:
            return None

    def _compared(self, trial: _Trial, number: int, chunks: list[Numbered]) -> None:
        first, (ending, _, last) = number * PART, chunks[-1]
        standing = _InParts(self._shelf, self._exhibit, trial.key, ending + 1 if last else _UNKNOWN, trial.folder)
        try:
            same = list(standing.chunks(first, first + len(chunks))) == [chunk for _, chunk, _ in chunks]
        except Tampered:
            same = False
        if not same:
            raise _Differs


def _reached(names: set[str], folder: str) -> int:
    """How many parts stand from the first one on without a gap."""
    number = 0
    while _part_name(folder, number) in names:
        number += 1
    return number


def _from_its_beginning(source: Source) -> Source:
    try:
        source.seek(0)  # type: ignore[attr-defined]
    except (AttributeError, io.UnsupportedOperation, OSError):
        raise Refused(
            "this is not what an earlier deposit of the same exhibit began with, and it cannot be read from its "
            "beginning again; give it as a file, or as a new exhibit"
        ) from None
    return source


def _parts(source: Source) -> Iterator[list[Numbered]]:
    """The source in parts of so many numbered chunks, the last one shorter."""
    chunks = _numbered(_chunks(source, CHUNK))
    while part := list(islice(chunks, PART)):
        yield part


def _chunks(source: Source, size: int) -> Iterator[bytes]:
    """The source in pieces of exactly `size` bytes, the last one shorter: a pipe gives less than it is asked for."""
    while chunk := source.read(size):
        while len(chunk) < size and (more := source.read(size - len(chunk))):
            chunk += more
        yield chunk


def _numbered(chunks: Iterator[bytes]) -> Iterator[Numbered]:
    """Each chunk with its number, and whether it is the last; where there is none, one that is empty."""
    number, held = 0, next(chunks, b"")
    for following in chunks:
        yield number, held, False
        number, held = number + 1, following
    yield number, held, True


class _Hashed:
    """SHA-256, SHA-512, CRC-32, size and chunks of all that went through."""

    def __init__(self) -> None:
        self._shorter, self._longer = hashlib.sha256(), hashlib.sha512()
        self.size = self.chunks = self._crc32 = 0

    def take(self, chunk: bytes) -> None:
        """One chunk, by both."""
        self.take_shorter(chunk)
        self._longer.update(chunk)

    def take_shorter(self, chunk: bytes) -> None:
        """One chunk, by SHA-256 and CRC-32, and counted."""
        self._shorter.update(chunk)
        self._crc32 = zlib.crc32(chunk, self._crc32)
        self.size += len(chunk)
        self.chunks += 1

    def take_longer(self, part: list[Numbered]) -> None:
        """The chunks of a part, by SHA-512."""
        for _, chunk, _ in part:
            self._longer.update(chunk)

    def seal(self, exhibit: str, at: datetime) -> Seal:
        """The seal of it all."""
        chunks = max(1, self.chunks)
        return Seal(
            exhibit=exhibit,
            sha256=self._shorter.hexdigest(),
            sha512=self._longer.hexdigest(),
            crc32=self._crc32,
            size=self.size,
            chunks=chunks,
            chunk_size=CHUNK,
            sealed_at=at,
        )


# --- coming out -------------------------------------------------------------------------------------------------------


class _Opened(Protocol):
    """An exhibit whose key has been opened: how many chunks it has, and any of them, verified."""

    @property
    def count(self) -> int:
        """Its chunks."""

    def chunks(self, first: int, end: int) -> Iterator[bytes]:
        """The chunks from `first` on and before `end`. Raises Tampered."""


@dataclass(frozen=True)
class _Whole:
    """An exhibit that is one object; its chunks begin at `start`."""

    shelf: Shelf
    exhibit: str
    key: bytes
    count: int
    start: int

    def chunks(self, first: int, end: int) -> Iterator[bytes]:
        cipher, width = _Cipher(self.key, _WHOLE, self.exhibit), CHUNK + _TAG
        for at in range(first, min(end, self.count), PART):
            numbers = range(at, min(at + PART, end, self.count))
            data = self.shelf.get(self.exhibit, self.start + at * width, len(numbers) * width)
            yield from cipher.open_all(numbers, data, self.count)


@dataclass(frozen=True)
class _InParts:
    """An exhibit in parts; until all of it was given, it is not known how many chunks there are."""

    shelf: Shelf
    exhibit: str
    key: bytes
    count: int
    folder: str

    def chunks(self, first: int, end: int) -> Iterator[bytes]:
        end = end if self.count == _UNKNOWN else min(end, self.count)
        for part in range(first // PART, -(-end // PART)):
            numbers = range(max(first, part * PART), min(end, (part + 1) * PART))
            yield from self._of_part(part, numbers)

    def _of_part(self, part: int, numbers: range) -> Iterator[bytes]:
        name, begin = _part_name(self.folder, part), len(_IN_PARTS)
        try:
            head = self.shelf.get(name, 0, begin + _SALT)
            offset = begin + _SALT + (numbers.start - part * PART) * (CHUNK + _TAG)
            data = self.shelf.get(name, offset, len(numbers) * (CHUNK + _TAG) + self._beyond(numbers))
        except FileNotFoundError:
            raise _tampered(self.exhibit, numbers.start) from None
        if head[:begin] != _IN_PARTS:
            raise _tampered(self.exhibit, numbers.start)
        cipher = _Cipher(_part_key(self.key, head[begin:], self.exhibit, part), _IN_PARTS, self.exhibit)
        return cipher.open_all(numbers, data, self.count)

    def _beyond(self, numbers: range) -> int:
        """One byte more than there should be is asked for where a part ends: it must not come."""
        return int(numbers.stop % PART == 0 or numbers.stop == self.count)


# --- the form of the bytes --------------------------------------------------------------------------------------------


class _Cipher:
    """Closes and opens chunks of one exhibit under one key."""

    def __init__(self, key: bytes, magic: bytes, exhibit: str) -> None:
        self._cipher, self._magic, self._exhibit = AESGCM(key), magic, exhibit

    def close(self, chunk: Numbered) -> bytes:
        """One chunk, closed, with its tag."""
        number, plain, last = chunk
        return self._cipher.encrypt(_nonce(number), plain, self._bound(number, last=last))

    def open_all(self, numbers: range, data: bytes, count: int) -> Iterator[bytes]:
        """The chunks of these numbers, which lie one behind the other. Raises Tampered."""
        width = CHUNK + _TAG
        for place, number in enumerate(numbers):
            ending = number == numbers.stop - 1
            closed = data[place * width :] if ending else data[place * width : (place + 1) * width]
            yield self._open(number, closed, last=number == count - 1)

    def _open(self, number: int, closed: bytes, *, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(number), closed, self._bound(number, last=last))
        except (InvalidTag, ValueError):
            raise _tampered(self._exhibit, number) from None

    def _bound(self, number: int, *, last: bool) -> bytes:
        """What a chunk is bound to; every part has a fixed width."""
        return self._magic + self._exhibit.encode() + number.to_bytes(8, "big") + bytes([last])


def _tampered(exhibit: str, number: int) -> Tampered:
    return Tampered(f"exhibit {exhibit} is not what was sealed, from chunk {number} on; restore its file from a copy")


def _part_key(key: bytes, salt: bytes, exhibit: str, part: int) -> bytes:
    """The key of one part, as it was put once (HKDF, RFC 5869, SHA-256)."""
    bound = _IN_PARTS + exhibit.encode() + part.to_bytes(8, "big")
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=bound).derive(key)


def _fresh_key() -> bytes:
    return secrets.token_bytes(32)


def _header(magic: bytes, wrapped: bytes) -> bytes:
    return magic + len(wrapped).to_bytes(2, "big") + wrapped


def _read_header(head: bytes, exhibit: str) -> tuple[bytes, bytes, bytes]:
    """The format, the wrapped key, and what follows."""
    begin = len(_WHOLE)
    magic, width = head[:begin], int.from_bytes(head[begin : begin + 2], "big")
    if magic not in (_WHOLE, _IN_PARTS):
        raise Tampered(f"the file of exhibit {exhibit} does not begin as one of format 0 or 1; restore it from a copy")
    return magic, head[begin + 2 : begin + 2 + width], head[begin + 2 + width :]


def _read_trial(rest: bytes, exhibit: str) -> tuple[str, int]:
    """Which try the parts are of, and how many chunks they hold: more than one part has."""
    trial, count = rest[:_TRIAL].decode(errors="replace"), int.from_bytes(rest[_TRIAL:], "big")
    if len(rest) != _TRIAL + 8 or not re.fullmatch(r"[0-9a-f]+", trial) or count <= PART:
        raise _tampered(exhibit, 0)
    return trial, count


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _below(exhibit: str) -> str:
    return f"{_PARTS}/{exhibit}"


def _part_name(folder: str, number: int) -> str:
    return f"{folder}/{number:08}"


def _name(exhibit: str) -> str:
    """The object's name: the id, once it is seen to be one, so that no path is smuggled in."""
    try:
        return _ID.validate_python(exhibit)
    except ValidationError:
        raise NotFound("no exhibit has such an id; its id is the ULID that it was given when sealed") from None
