"""The plain form of a package, never on a disk: a tar in which all but the exhibits follows from the manifest.

`manifest.json` comes first, then `exhibits/<id>` in the manifest's order, then the two empty blocks of POSIX. Any tar
reads it; the functions that read here accept nothing else.
"""

import hashlib
import tarfile
from collections.abc import Callable, Iterator
from typing import Protocol

from pydantic import ValidationError

from comity.errors import Tampered
from comity.evidence.manifest import Item, Manifest

_MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 64 << 20
_BLOCK = 512
_END = bytes(2 * _BLOCK)
_PIECE = 1 << 20


class Plain(Protocol):
    """The stream that comes out of a package."""

    def read(self, size: int, /) -> bytes:
        """Exactly so many bytes, or fewer at the end."""


def pack(manifest: Manifest, contents: Callable[[str], Iterator[bytes]]) -> Iterator[bytes]:
    """The whole stream. `contents` gives the bytes of an exhibit by its id; raises Tampered when they are others."""
    text = manifest.canonical()
    yield _header(_MANIFEST, len(text)) + text + _padding(len(text))
    for item in manifest.exhibits:
        yield _header(f"exhibits/{item.id}", item.size)
        yield from _checked(item, contents(item.id))
        yield _padding(item.size)
    yield _END


def read_manifest(plain: Plain) -> Manifest:
    """The manifest, with which every package begins. Raises Tampered."""
    try:
        size = tarfile.TarInfo.frombuf(header := plain.read(_BLOCK), "utf-8", "strict").size
        text = plain.read(min(size, _LARGEST_MANIFEST))
        manifest = Manifest.model_validate_json(text)
        if (header, text) != (_header(_MANIFEST, size), manifest.canonical()):
            raise ValueError
        _follows(plain, _padding(size))
    except (tarfile.HeaderError, ValidationError, ValueError):
        raise Tampered("the package does not begin with a manifest of format 0; ask for it again") from None
    return manifest


def read_exhibit(plain: Plain, item: Item, keep: Callable[[bytes], object]) -> None:
    """Hand the bytes of the exhibit that comes next to `keep`, and hash them. Raises Tampered, naming the exhibit."""
    _follows(plain, _header(f"exhibits/{item.id}", item.size))
    for piece in _checked(item, _pieces(plain, item.size)):
        keep(piece)
    _follows(plain, _padding(item.size))


def read_end(plain: Plain) -> None:
    """Nothing more. Raises Tampered."""
    _follows(plain, _END)
    if plain.read(1):
        raise Tampered("more follows the last exhibit than the manifest says; ask for the package again")


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o400
    return entry.tobuf(tarfile.GNU_FORMAT)  # one block whatever the size, unlike POSIX's extended headers


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _pieces(plain: Plain, size: int) -> Iterator[bytes]:
    while size and (piece := plain.read(min(size, _PIECE))):
        size -= len(piece)
        yield piece


def _checked(item: Item, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, as long as they stay within the exhibit's size; at their end, its hash must be the manifest's."""
    digest, left = hashlib.sha256(), item.size
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            break
        digest.update(piece)
        yield piece
    if left or digest.hexdigest() != item.sha256:
        raise Tampered(f"exhibit {item.id} is not what the manifest says; nothing of the package may be used")


def _follows(plain: Plain, expected: bytes) -> None:
    if plain.read(len(expected)) != expected:
        raise Tampered("the package is not laid out as its manifest says; ask for it again")
