"""The vault: sealed bytes only, each exhibit closed under a key of its own.

A deposit in parts that broke off goes on where it stopped (putting.py). The exhibit's key is made anew for every
deposit; a part is closed under a key drawn from it and from a salt of its own, so that a (key, chunk number) pair is
used once, ever, whatever was put twice or is given up (chunks.py). Destroying the key that wraps an exhibit's key
shreds the exhibit.
"""

from collections import deque
from collections.abc import Callable, Container, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from comity.errors import NotFound, Refused, Tampered
from comity.evidence.chunks import CHUNK, IN_PARTS, KEY, LONGEST_HEAD, PARTS, TAG, below, read_header, read_trial
from comity.evidence.opened import InParts, Opened, Whole
from comity.evidence.putting import Differs, Hashed, Putting, Source, Wrapping, from_its_beginning, parts_of
from comity.evidence.seal import Seal
from comity.evidence.shelves import Shelf
from comity.request.model import Ulid

_PUTTING = 2
_AHEAD = 2 * _PUTTING
_SEALED = "exhibit {} is sealed already; deposit what is new under a new id"
_ID: TypeAdapter[str] = TypeAdapter(Ulid)
_UNDER_PARTS = f"{PARTS}/"


def _silent(_done: int) -> None:
    """Nobody asked how far it is."""


class Standing(NamedTuple):
    """The exhibits of which something stands in a vault, by their ids. `begun`: being deposited, or given up."""

    whole: frozenset[str]
    begun: frozenset[str]


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
            return self._hashed(source, Putting(self._shelf, name, wrapping), progress).seal(exhibit, at)
        except FileExistsError:
            raise Refused(_SEALED.format(exhibit)) from None

    def _hashed(self, source: Source, putting: Putting, progress: Callable[[int], None]) -> Hashed:
        try:
            return self._sealed(source, putting, progress)
        except Differs:
            return self._sealed(from_its_beginning(source), putting.anew(), progress)

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
        hashed = Hashed()
        for chunk in self.read(exhibit, unwrap, progress=progress):
            hashed.take(chunk)
        return hashed.seal(exhibit, at)

    def remove(self, exhibit: str) -> bool:
        """Take away all that stands of an exhibit, finished or given up, once its key is destroyed. Safe to repeat.

        Returns whether it is gone: a shelf that locks its objects lets none go.
        """
        name = _name(exhibit)
        return all(self._shelf.remove(each) for each in (name, *self._shelf.names(below(name))))

    def standing(self) -> Standing:
        """What stands here, by the names of objects alone: nothing is read. Raises Unreachable."""
        names = self._shelf.names("")
        whole = frozenset(name for name in names if "/" not in name)
        in_parts = frozenset(name.split("/")[1] for name in names if name.startswith(_UNDER_PARTS))
        return Standing(whole, in_parts - whole)

    def stray(self, known: Container[str], unwrap: Callable[[str, bytes], bytes]) -> Iterator[str]:
        """Exhibits that stand here, finished or given up, and that no list knows, whose key `unwrap` opens.

        `unwrap` takes the exhibit and its wrapped key. Raises Unreachable.
        """
        names = self._shelf.names("")
        keys = [name for name in names if name.startswith(_UNDER_PARTS) and name.endswith(f"/{KEY}")]
        heads = {name: name for name in names if "/" not in name} | {name.split("/")[1]: name for name in keys}
        for exhibit, head in sorted(heads.items()):
            if exhibit not in known and self._opens(exhibit, head, unwrap):
                yield exhibit

    def _opens(self, exhibit: str, head: str, unwrap: Callable[[str, bytes], bytes]) -> bool:
        try:
            _, wrapped, _ = read_header(self._shelf.get(head, 0, LONGEST_HEAD), exhibit)
            return bool(unwrap(exhibit, wrapped))
        except (Tampered, FileNotFoundError):
            return False

    def _sealed(self, source: Source, putting: Putting, progress: Callable[[int], None]) -> Hashed:
        """All of the source put and hashed. One thread reads and hashes, one hashes, two close and put.

        While the disk takes one part, the next is closed. The first is waited for: with it the try is begun.
        """
        hashed, under_way = Hashed(), deque[Future[None]]()
        with ThreadPoolExecutor(_PUTTING) as working, ThreadPoolExecutor(1) as hashing:
            for number, part in enumerate(parts_of(source)):
                under_way += working.submit(putting.part, number, part), hashing.submit(hashed.take_longer, part)
                for _, chunk, _ in part:
                    hashed.take_shorter(chunk)
                    progress(hashed.size)
                while len(under_way) > (_AHEAD if number else 0):
                    under_way.popleft().result()
            for each in under_way:
                each.result()
        putting.head(hashed.chunks)
        return hashed

    def _opened(self, exhibit: str, unwrap: Callable[[bytes], bytes]) -> "Opened":
        name = _name(exhibit)
        try:
            head = self._shelf.get(name, 0, LONGEST_HEAD)
            whole = self._shelf.size(name)
        except FileNotFoundError:
            raise NotFound(f"the vault holds no exhibit {exhibit}; restore its file from a copy") from None
        magic, wrapped, rest = read_header(head, exhibit)
        key = unwrap(wrapped)
        if magic == IN_PARTS:
            trial, count = read_trial(rest, exhibit)
            return InParts(self._shelf, exhibit, key, count, f"{below(exhibit)}/{trial}")
        start = len(head) - len(rest)
        return Whole(self._shelf, exhibit, key, max(1, -(-(whole - start) // (CHUNK + TAG))), start)


def _name(exhibit: str) -> str:
    """The object's name: the id, once it is seen to be one, so that no path is smuggled in."""
    try:
        return _ID.validate_python(exhibit)
    except ValidationError:
        raise NotFound("no exhibit has such an id; its id is the ULID that it was given when sealed") from None
