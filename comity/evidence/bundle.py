"""What a package is made of: exhibits and papers in a bag, the bag in a container, its list signed, then timestamped.

Format 1, in the order in which it is written and read: the manifest, the papers, the exhibits, the bag's tag files,
then what proves who packed it, and when. All but the exhibits, the papers and the two proofs follows from the rest.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509 import Certificate
from pydantic import ValidationError

from comity.errors import Refused, Tampered
from comity.evidence import bag, container, signing
from comity.evidence.bag import Hashes
from comity.evidence.container import Entry, Plain
from comity.evidence.listing import listing
from comity.evidence.manifest import Item, Manifest
from comity.evidence.seal import Seal
from comity.evidence.signing import Ask, Signatory

CONDITIONS, COVER = "conditions.json", "cover.pdf"
_BAG, _DATA = "bag/", "data/"
_MANIFEST = f"{_DATA}manifest.json"
_LIST, _SIGNATURE = "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"
_SECOND_LIST, _TIMESTAMP = "META-INF/ASiCManifest002.xml", "META-INF/timestamp001.tst"
_CMS, _TOKEN = "application/pkcs7-signature", "application/vnd.etsi.timestamp-token"
_LARGEST_HELD = 64 << 20

Keep = Callable[[str], AbstractContextManager[Callable[[bytes], object]]]
"""Opens a place for the file of that path, and gives what takes its bytes."""


def custody_of(exhibit: str) -> str:
    """The name of the paper that tells the custody of an exhibit (CASE/UCO, JSON-LD)."""
    return f"custody/{exhibit}.jsonld"


def papers(manifest: Manifest) -> tuple[str, ...]:
    """The papers that a package brings along, by name: on what conditions, what is in it, who had each exhibit."""
    return CONDITIONS, COVER, *(custody_of(item.id) for item in manifest.exhibits)


@dataclass(frozen=True)
class Enclosure:
    """What goes into a package. `papers` by name; each seal with SHA-512 and CRC-32; `at` is when it is packed."""

    manifest: Manifest
    seals: Mapping[str, Seal]
    papers: Mapping[str, bytes]
    at: datetime


@dataclass(frozen=True)
class Signing:
    """Who signs a package; where a timestamp authority is asked, how, and whose certificates it must have."""

    by: Signatory
    ask: Ask | None = None
    authorities: tuple[Certificate, ...] = ()


@dataclass(frozen=True)
class Trust:
    """By which certificates a package is checked: the sender's, a timestamp authority's; `at` is the day of today."""

    senders: tuple[Certificate, ...]
    authorities: tuple[Certificate, ...]
    at: datetime


# --- packing ----------------------------------------------------------------------------------------------------------


def pack(enclosure: Enclosure, contents: Callable[[str], Iterator[bytes]], signs: Signing) -> Iterator[bytes]:
    """The whole stream. `contents` gives the bytes of an exhibit by its id.

    Raises Tampered when an exhibit is not what its seal says: before anything is signed.
    """
    return container.pack(_files(enclosure, contents, signs))


def _files(
    enclosure: Enclosure, contents: Callable[[str], Iterator[bytes]], signs: Signing
) -> Iterator[tuple[Entry, Iterable[bytes]]]:
    held = _held(enclosure)
    yield from (_whole(_BAG + path, content) for path, content in held.items())
    for item in enclosure.manifest.exhibits:
        yield _entry(enclosure.seals[item.id]), _checked(item, contents(item.id))
    payload = {path: Hashes.of(content) for path, content in held.items()} | {
        _path(seal.exhibit): _hashes(seal) for seal in enclosure.seals.values()
    }
    tags = bag.tag_files(payload, bag.info(_identifier(enclosure.manifest), payload, enclosure.at))
    yield from (_whole(_BAG + path, content) for path, content in tags.items())
    yield from (_whole(path, content) for path, content in _proofs(_signed(payload, tags), signs))


def _held(enclosure: Enclosure) -> dict[str, bytes]:
    """The manifest and the papers, by path of the bag, in their order."""
    papers_in_order = {_DATA + name: enclosure.papers[name] for name in papers(enclosure.manifest)}
    return {_MANIFEST: enclosure.manifest.canonical(), **papers_in_order}


def _whole(path: str, content: bytes) -> tuple[Entry, Iterable[bytes]]:
    return Entry.of(path, content), (content,)


def _entry(seal: Seal) -> Entry:
    assert seal.crc32 is not None  # noqa: S101 - the seals of an enclosure are whole
    return Entry(_BAG + _path(seal.exhibit), seal.size, seal.crc32)


def _hashes(seal: Seal) -> Hashes:
    assert seal.sha512 is not None  # noqa: S101 - as above
    return Hashes(seal.sha256, seal.sha512, seal.size)


def _path(exhibit: str) -> str:
    return f"{_DATA}exhibits/{exhibit}"


def _identifier(manifest: Manifest) -> str:
    return f"{manifest.reference}/{manifest.package}"


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
        raise _not_as_listed(item)


def _not_as_listed(item: Item) -> Tampered:
    return Tampered(f"exhibit {item.id} is not what the manifest says; nothing of the package may be used")


def _signed(payload: Mapping[str, Hashes], tags: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of every file of the bag, by path of the container."""
    hashed = {**payload, **{path: Hashes.of(content) for path, content in tags.items()}}
    return {_BAG + path: hashed[path].sha256 for path in sorted(hashed)}


def _proofs(files: Mapping[str, str], signs: Signing) -> Iterator[tuple[str, bytes]]:
    listed = listing(_SIGNATURE, _CMS, files)
    signature = signing.sign(listed, signs.by, signs.ask)
    yield from ((_LIST, listed), (_SIGNATURE, signature))
    if signs.ask:
        second = _second(listed, signature)
        yield _SECOND_LIST, second
        yield _TIMESTAMP, signing.timestamp(second, signs.ask, signs.authorities)


def _second(listed: bytes, signature: bytes) -> bytes:
    """The list that the timestamp is over: the first list, and its signature."""
    files = {_LIST: Hashes.of(listed).sha256, _SIGNATURE: Hashes.of(signature).sha256}
    return listing(_TIMESTAMP, _TOKEN, files)


# --- opening ----------------------------------------------------------------------------------------------------------


def opened(plain: Plain, keep: Keep, trust: Trust) -> Generator[str, None, Manifest]:
    """The steps in which a package is checked: each is said before it is taken, and the first that fails ends them.

    What is read is handed to `keep`, file by file. Raises Tampered, and Refused where a certificate is another.
    """
    files = _Files(container.unpack(plain), keep)
    yield "it begins as an ASiC-E container does, with the manifest of a package"
    manifest = _manifest(files.held(_BAG + _MANIFEST))
    yield "its papers are there: conditions, cover list, and the custody of each exhibit"
    for name in papers(manifest):
        files.held(_BAG + _DATA + name)
    for item in manifest.exhibits:
        yield f"exhibit {item.id} has the size and the SHA-256 of the manifest"
        _as_listed(item, files.hashed(_BAG + _path(item.id), item))
    yield "its bag is what its manifests say, by SHA-256 and SHA-512 (BagIt 1.0)"
    _bag_holds(files, manifest)
    yield "the signed list names each file of the bag with its SHA-256, and no other"
    proofs = _Proofs.read(files)
    yield "nothing more follows, and the encryption is whole to its last byte"
    files.end()
    yield from _proven(proofs, trust)
    return manifest


class _Files:
    """The files of a container as they come, each of which must be the one that comes next."""

    def __init__(self, coming: Iterator[tuple[Entry, Iterator[bytes]]], keep: Keep) -> None:
        self._coming, self._keep = coming, keep
        self.hashes: dict[str, Hashes] = {}

    def hashed(self, path: str, item: Item) -> Hashes:
        """Keep the next file, and hash it. One of another size than the manifest says is not begun with."""
        entry, content = self._next(path)
        if entry.size != item.size:
            raise _not_as_listed(item)
        return self._kept(entry, content)

    def held(self, path: str) -> bytes:
        """The same of a small one, which is given whole."""
        entry, content = self._next(path)
        if entry.size > _LARGEST_HELD:
            raise Tampered("a file in it is larger than any of its kind may be; ask for the package again")
        held = b"".join(content)
        self._kept(entry, iter((held,)))
        return held

    def more(self) -> bool:
        """Whether another file follows."""
        following = next(self._coming, None)
        if following:
            self._coming = _before(following, self._coming)
        return following is not None

    def end(self) -> None:
        """Nothing more. Raises Tampered."""
        if self.more():
            raise Tampered("more follows than a package holds; ask for it again")

    def _next(self, path: str) -> tuple[Entry, Iterator[bytes]]:
        entry, content = next(self._coming, (None, iter(())))
        if entry is None or entry.name != path:
            raise Tampered("a file is missing, or another stands in its place; ask for the package again")
        return entry, content

    def _kept(self, entry: Entry, content: Iterator[bytes]) -> Hashes:
        shorter, longer = hashlib.sha256(), hashlib.sha512()
        with self._keep(entry.name) as keep:
            for piece in content:
                shorter.update(piece)
                longer.update(piece)
                keep(piece)
        self.hashes[entry.name] = found = Hashes(shorter.hexdigest(), longer.hexdigest(), entry.size)
        return found


def _before(
    first: tuple[Entry, Iterator[bytes]], rest: Iterator[tuple[Entry, Iterator[bytes]]]
) -> Iterator[tuple[Entry, Iterator[bytes]]]:
    yield first
    yield from rest


def _manifest(text: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(text)
        if manifest.canonical() != text:
            raise ValueError
    except (ValidationError, ValueError):
        raise Tampered("its manifest cannot be read; ask for the package again") from None
    return manifest


def _as_listed(item: Item, found: Hashes) -> None:
    if (found.size, found.sha256) != (item.size, item.sha256):
        raise _not_as_listed(item)


def _bag_holds(files: _Files, manifest: Manifest) -> None:
    """Every tag file is the one that what was read makes it; only bag-info.txt has a day of its own."""
    payload = {path.removeprefix(_BAG): hashes for path, hashes in files.hashes.items()}
    there = {path: files.held(_BAG + path) for path in bag.tag_files(payload, b"")}
    if f"External-Identifier: {_identifier(manifest)}\n".encode() not in there[bag.INFO]:
        raise Tampered("the bag is of another package than its manifest says; ask for the package again")
    if there != bag.tag_files(payload, there[bag.INFO]):
        raise Tampered("the bag's manifests are not those of what lies in it; ask for the package again")


@dataclass(frozen=True)
class _Proofs:
    """What proves who packed it and when."""

    listed: bytes
    signature: bytes
    second: bytes = b""
    token: bytes | None = None

    @classmethod
    def read(cls, files: _Files) -> "_Proofs":
        hashes = {path: files.hashes[path].sha256 for path in sorted(files.hashes)}
        listed, signature = files.held(_LIST), files.held(_SIGNATURE)
        if listed != listing(_SIGNATURE, _CMS, hashes):
            raise Tampered("the signed list is not one of what lies in the package; ask for it again")
        if not files.more():
            return cls(listed, signature)
        second, token = files.held(_SECOND_LIST), files.held(_TIMESTAMP)
        if second != _second(listed, signature):
            raise Tampered("the timestamped list is not one of this signature; ask for the package again")
        return cls(listed, signature, second, token)


def _proven(proofs: _Proofs, trust: Trust) -> Iterator[str]:
    """Who signed, on the day that the timestamp names; without one, a certificate must be valid today."""
    at = trust.at
    if trust.authorities:
        yield "the timestamp is of that signature, by the authority that was named"
        if proofs.token is None:
            raise Refused("there is no timestamp in it; leave the authority out, or ask the sender for a timestamp")
        at = signing.check_timestamp(proofs.second, proofs.token, trust.authorities)
    yield "the signature is of that list, by a certificate that was named"
    if not trust.senders:
        raise Refused("no certificate of the sender was named, so nothing says who packed it; name it by --certificate")
    signing.check(proofs.listed, proofs.signature, trust.senders, at)
