"""Packages to be written and opened in tests: three exhibits, their papers, and who signs and timestamps them."""

import hashlib
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from comity.evidence import signing
from comity.evidence.bundle import CONDITIONS, COVER, Enclosure, Signing, Trust, custody_of
from comity.evidence.manifest import Item, Manifest
from comity.evidence.seal import Seal
from comity.evidence.signing import Signatory
from tests.pki import authority

from .conftest import MIB, NOW, ONE, REFERENCE, THREE, TWO, generated

TODAY = datetime.now(UTC)
CONTENT = {ONE: b"a statement", TWO: b"", THREE: generated(2 * MIB + 7)}


def contents(exhibit: str) -> Iterator[bytes]:
    """The bytes of an exhibit."""
    yield CONTENT[exhibit]


def manifest_of(content: dict[str, bytes], name: str = "P1") -> Manifest:
    """The manifest of some exhibits."""
    items = [Item(id=e, size=len(b), sha256=hashlib.sha256(b).hexdigest()) for e, b in sorted(content.items())]
    return Manifest(reference=REFERENCE, package=name, exhibits=tuple(items))


def sealed(exhibit: str, content: bytes) -> Seal:
    """The seal of an exhibit."""
    return Seal(
        exhibit=exhibit,
        sha256=hashlib.sha256(content).hexdigest(),
        sha512=hashlib.sha512(content).hexdigest(),
        crc32=zlib.crc32(content),
        size=len(content),
        chunks=max(1, -(-len(content) // MIB)),
        chunk_size=MIB,
        sealed_at=NOW,
    )


def enclosure_of(content: dict[str, bytes], name: str = "P1") -> Enclosure:
    """The same as it goes into a package."""
    manifest = manifest_of(content, name)
    papers = {CONDITIONS: b"{}", COVER: b"%PDF-1.7 a cover list"}
    papers |= {custody_of(exhibit): b'{"@graph": []}' for exhibit in content}
    return Enclosure(manifest, {e: sealed(e, b) for e, b in content.items()}, papers, NOW)


ENCLOSURE = enclosure_of(CONTENT)
MANIFEST = ENCLOSURE.manifest


@cache
def sender() -> Signatory:
    """Who signs packages here."""
    folder = Path(mkdtemp())
    signing.create(folder / "key", folder / "crt", "central authority of XA", TODAY)
    return Signatory.open(folder / "key", folder / "crt")


def signs(*, stamped: bool = True) -> Signing:
    """A package signed by them, timestamped or not."""
    stamping = authority()
    return Signing(sender(), stamping.ask, (stamping.root,)) if stamped else Signing(sender())


def trust(*, stamped: bool = True) -> Trust:
    """What their recipient trusts."""
    return Trust(sender().certificates, (authority().root,) if stamped else (), TODAY)
