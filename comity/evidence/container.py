"""An ASiC-E container as one stream (ETSI EN 319 162-1): a zip that stores, in which each entry is announced whole.

Size and CRC-32 of an entry stand before its bytes, so it is written without seeking, and read without a disk. Any unzip
opens it. The functions that read here accept only what the ones that write here would have written: of two readers of
one container neither sees what the other does not.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, Self

from comity.errors import Tampered

MIMETYPE = b"application/vnd.etsi.asic-e+zip"
_TYPED = "mimetype"
_PIECE = 1 << 20
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = b"PK\x01\x02"
_BEYOND_32_BITS = 0xFFFFFFFF
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o100444 << 16
_UNIX = 3
_AGAIN = "the container is not laid out as it should be; ask for the package again"


class Plain(Protocol):
    """A stream that is read once, from its beginning."""

    def read(self, size: int, /) -> bytes:
        """Exactly so many bytes, or fewer at the end."""


@dataclass(frozen=True)
class Entry:
    """One file of a container: its path (ASCII), its size in bytes, and its CRC-32."""

    name: str
    size: int
    crc32: int

    @classmethod
    def of(cls, name: str, content: bytes) -> Self:
        """The entry of a file that is small enough to be held."""
        return cls(name, len(content), zlib.crc32(content))


def pack(files: Iterable[tuple[Entry, Iterable[bytes]]]) -> Iterator[bytes]:
    """The whole stream. A file is asked for only when all before it have been written."""
    index = _Index()
    yield index.header(Entry.of(_TYPED, MIMETYPE)) + MIMETYPE
    for entry, content in files:
        yield index.header(entry)
        yield from content
    yield index.end()


def unpack(plain: Plain) -> Iterator[tuple[Entry, Iterator[bytes]]]:
    """The files in the order in which they stand; the bytes of each are taken before the next is asked for.

    Raises Tampered where the stream is not what `pack` writes, its end included.
    """
    index = _Index()
    typed = index.header(Entry.of(_TYPED, MIMETYPE)) + MIMETYPE
    if plain.read(len(typed)) != typed:
        raise Tampered("it does not begin as an ASiC-E container does; ask for the package again")
    while (beginning := plain.read(_LOCAL.size))[: len(_CENTRAL)] != _CENTRAL:
        entry = _announced(plain, beginning, index)
        yield entry, _content(plain, entry)
    end = index.end()
    if beginning + plain.read(len(end) - len(beginning)) != end or plain.read(1):
        raise Tampered("its index is not that of the files that stood in it; ask for the package again")


class _Index:
    """The entries so far, and where the next one begins."""

    def __init__(self) -> None:
        self._infos: dict[str, zipfile.ZipInfo] = {}
        self._at = 0

    def header(self, entry: Entry) -> bytes:
        """How an entry is announced. Raises Tampered for a name that was there before."""
        if entry.name in self._infos:
            raise Tampered(_AGAIN)
        info = zipfile.ZipInfo(entry.name, _EPOCH)
        info.create_system, info.external_attr, info.header_offset = _UNIX, _READABLE, self._at
        info.file_size = info.compress_size = entry.size
        info.CRC = entry.crc32
        header = info.FileHeader()
        self._infos[entry.name] = info
        self._at += len(header) + entry.size
        return header

    def end(self) -> bytes:
        """The central directory and what ends it."""
        end = _End(self._at)
        with zipfile.ZipFile(end, "w") as archive:  # type: ignore[call-overload]  # of a file it needs no more than this
            archive.filelist.extend(self._infos.values())
        return end.written


class _End:
    """What zipfile writes behind the last file."""

    def __init__(self, at: int) -> None:
        self._at, self.written = at, b""

    def tell(self) -> int:
        return self._at + len(self.written)

    def write(self, data: bytes) -> int:
        self.written += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""


def _announced(plain: Plain, beginning: bytes, index: _Index) -> Entry:
    try:
        *_, crc32, _, size, named, more = _LOCAL.unpack(beginning)
        rest = plain.read(named + more)
        if size == _BEYOND_32_BITS:
            (size,) = struct.unpack_from("<Q", rest, named + 4)
        entry = Entry(rest[:named].decode("ascii"), size, crc32)
        if index.header(entry) != beginning + rest:
            raise Tampered(_AGAIN)
    except (struct.error, ValueError):
        raise Tampered(_AGAIN) from None
    return entry


def _content(plain: Plain, entry: Entry) -> Iterator[bytes]:
    left, crc32 = entry.size, 0
    while left and (piece := plain.read(min(left, _PIECE))):
        left, crc32 = left - len(piece), zlib.crc32(piece, crc32)
        yield piece
    if left or crc32 != entry.crc32:
        raise Tampered("a file of the container is cut short or altered; ask for the package again")
