"""Sealed bytes come out: an exhibit whose key has been opened gives any of its chunks, each verified."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from comity.evidence.chunks import CHUNK, IN_PARTS, PART, SALT, TAG, WHOLE, Cipher, part_key, part_name, tampered
from comity.evidence.shelves import Shelf

UNKNOWN = -1
"""How many chunks there are of what is not yet whole."""


class Opened(Protocol):
    """An exhibit whose key has been opened: how many chunks it has, and any of them, verified."""

    @property
    def count(self) -> int:
        """Its chunks."""

    def chunks(self, first: int, end: int) -> Iterator[bytes]:
        """The chunks from `first` on and before `end`. Raises Tampered."""


@dataclass(frozen=True)
class Whole:
    """An exhibit that is one object; its chunks begin at `start`."""

    shelf: Shelf
    exhibit: str
    key: bytes
    count: int
    start: int

    def chunks(self, first: int, end: int) -> Iterator[bytes]:
        """Read by so many as a part has. Raises Tampered."""
        cipher, width = Cipher(self.key, WHOLE, self.exhibit), CHUNK + TAG
        for at in range(first, min(end, self.count), PART):
            numbers = range(at, min(at + PART, end, self.count))
            data = self.shelf.get(self.exhibit, self.start + at * width, len(numbers) * width)
            yield from cipher.open_all(numbers, data, self.count)


@dataclass(frozen=True)
class InParts:
    """An exhibit in parts; until all of it was given, it is not known how many chunks there are."""

    shelf: Shelf
    exhibit: str
    key: bytes
    count: int
    folder: str

    def chunks(self, first: int, end: int) -> Iterator[bytes]:
        """Read part by part. Raises Tampered, for a part that is missing too."""
        end = end if self.count == UNKNOWN else min(end, self.count)
        for part in range(first // PART, -(-end // PART)):
            numbers = range(max(first, part * PART), min(end, (part + 1) * PART))
            yield from self._of_part(part, numbers)

    def _of_part(self, part: int, numbers: range) -> Iterator[bytes]:
        name, begin = part_name(self.folder, part), len(IN_PARTS)
        try:
            head = self.shelf.get(name, 0, begin + SALT)
            offset = begin + SALT + (numbers.start - part * PART) * (CHUNK + TAG)
            data = self.shelf.get(name, offset, len(numbers) * (CHUNK + TAG) + self._beyond(numbers))
        except FileNotFoundError:
            raise tampered(self.exhibit, numbers.start) from None
        if head[:begin] != IN_PARTS:
            raise tampered(self.exhibit, numbers.start)
        cipher = Cipher(part_key(self.key, head[begin:], self.exhibit, part), IN_PARTS, self.exhibit)
        return cipher.open_all(numbers, data, self.count)

    def _beyond(self, numbers: range) -> int:
        """One byte more than there should be is asked for where a part ends: it must not come."""
        return int(numbers.stop % PART == 0 or numbers.stop == self.count)
