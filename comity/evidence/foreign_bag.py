"""A BagIt bag of somebody else's making (RFC 8493): whether it is what its manifests say, before any of it is sealed.

The library `bagit` reads manifests and judges the layout. The bytes are hashed here, in one pass for all manifests, and
only of files that were looked at (comity.evidence.intake): no path that a manifest names is ever opened. Faults are
told by kind and number, never by name.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import bagit

from comity.errors import Unreadable
from comity.evidence.intake import Found, opened

DECLARATION = "bagit.txt"
_PAYLOAD = "data/"
_LARGEST_TAG_FILE = 64 << 20
_READ_BY_BAGIT = re.compile(r"(bagit|bag-info|package-info|fetch|(tag)?manifest-[^/]*)\.txt")
_LISTS = re.compile(r"(fetch|(tag)?manifest-[^/]*)\.txt")
_DECLARED = re.compile(
    r"BagIt-Version *: *([0-9]{1,3})\.([0-9]{1,3})\s*\nTag-File-Character-Encoding *: *([A-Za-z0-9-]+)\s*"
)
_ENCODINGS = frozenset({"utf-8", "utf-16", "us-ascii", "iso-8859-1"})
_AT_ONCE = 1 << 20
_DIFFERS = ("file differs", "files differ")
_MISSING = ("is missing", "are missing")
_UNLISTED = ("is not listed", "are not listed")


def is_bag(files: Sequence[Found]) -> bool:
    """Whether a folder declares that it is one."""
    return any(file.inside == DECLARATION for file in files)


def compared(folder: Path, files: Sequence[Found]) -> tuple[Found, ...]:
    """The files of a bag, each with its SHA-256, once all that its manifests say has been found true.

    Tag files are among them: the original manifests are evidence, too. Raises Unreadable, naming every fault by its
    kind and how often it was found, and Refused when a file changes meanwhile.
    """
    for fault in _before_it_is_read(folder, files):
        raise _no_bag(fault)
    bag = _read(folder)
    digests = {file.inside: _digests(file, bag.algorithms) for file in files}
    faults = list(_Comparison(bag, files, digests).faults()) or list(_by_the_library(bag))
    if faults:
        raise _no_bag("; ".join(faults))
    return tuple(replace(file, sha256=digests[file.inside]["sha256"]) for file in files)


def _no_bag(faults: str) -> Unreadable:
    return Unreadable(
        f"the bag is not what it says (RFC 8493): {faults}; nothing was sealed: ask whoever made it for another copy,"
        " or put it into one archive, as it is, and deposit that file"
    )


def _before_it_is_read(folder: Path, files: Sequence[Found]) -> Iterator[str]:
    """What would mislead the library, or exhaust it."""
    tags = [file for file in files if _READ_BY_BAGIT.fullmatch(file.inside)]
    large = sum(file.size > _LARGEST_TAG_FILE for file in tags)
    if large:
        yield f"{large} of its manifests and tag files have more than {_LARGEST_TAG_FILE >> 20} MiB"
        return
    declared = _DECLARED.fullmatch(_text(folder / DECLARATION, "utf-8") or "")
    if not declared or declared[3].lower() not in _ENCODINGS:
        yield f"{DECLARATION} is not the two lines that it should be, in one of {', '.join(sorted(_ENCODINGS))}"
        return
    yield from _unread_or_climbing([file for file in tags if _LISTS.fullmatch(file.inside)], declared[3])


def _unread_or_climbing(lists: Sequence[Found], encoding: str) -> Iterator[str]:
    texts = {file.inside: _text(file.path, encoding) for file in lists}
    unread = sum(text is None for text in texts.values())
    if unread:
        yield f"{unread} of its manifests are not written in the encoding that {DECLARATION} names"
    climbing = sum(_climbs(name, line) for name, text in texts.items() for line in (text or "").splitlines())
    if climbing:
        yield f"{climbing} of the paths in its manifests lead out of the bag"


def _text(path: Path, encoding: str) -> str | None:
    try:
        return path.read_text(encoding)
    except (UnicodeError, OSError):
        return None


def _climbs(name: str, line: str) -> bool:
    """Whether the path at the end of a line is absolute, or goes up: the library lets some of these pass."""
    path = (line.strip().split(None, 2 if name.startswith("fetch") else 1) or [""])[-1].lstrip("*")
    return path.startswith("/") or ".." in re.split(r"[\\/]", path)


def _read(folder: Path) -> bagit.Bag:
    """Raises Unreadable in place of whatever the library raises for a bag that it cannot read: its texts hold names."""
    bagit.LOGGER.disabled = True  # its lines name files
    try:
        return bagit.Bag(str(folder))
    except (bagit.BagError, ValueError, LookupError, TypeError, AttributeError, OSError):
        raise _no_bag("its bag-info.txt or a manifest is not written as it should be") from None


def _by_the_library(bag: bagit.Bag) -> Iterator[str]:
    """Whatever else the library finds: the layout, Payload-Oxum, fetch.txt."""
    try:
        bag.validate(completeness_only=True)
    except (bagit.BagError, ValueError, LookupError, TypeError, AttributeError, OSError):
        yield "its layout, Payload-Oxum or fetch.txt is wrong"


def _digests(file: Found, algorithms: Sequence[str]) -> dict[str, str]:
    """In hex, by algorithm. One without a length of its own (shake) has none, and so differs from what was said."""
    hashers = {name: hasher for name in {"sha256", *algorithms} if (hasher := hashlib.new(name)).digest_size}
    with opened(file) as source:
        while piece := source.read(_AT_ONCE):
            for hasher in hashers.values():
                hasher.update(piece)
    return {name: hasher.hexdigest() for name, hasher in hashers.items()}


@dataclass(frozen=True)
class _Comparison:
    """What manifests say, beside what was found: of each file, all its digests."""

    bag: bagit.Bag
    files: Sequence[Found]
    digests: Mapping[str, Mapping[str, str]]

    def faults(self) -> Iterator[str]:
        """Each fault of each manifest with its number."""
        if not self._manifests:
            yield "it has no manifest"
        counted = Counter((*self._differing(), *self._unlisted()))
        for manifest in sorted({manifest for manifest, _ in counted}):
            yield f"{manifest}: {', '.join(_told(counted, manifest))}"

    @cached_property
    def _manifests(self) -> list[str]:
        """The algorithms of which it has a manifest."""
        return [Path(path).name.removeprefix("manifest-").removesuffix(".txt") for path in self.bag.manifest_files()]

    def _differing(self) -> Iterator[tuple[str, tuple[str, str]]]:
        for path, hashes in self.bag.entries.items():
            found = self._inside(path)
            for algorithm, said in hashes.items():
                manifest = f"{'' if path.startswith(_PAYLOAD) else 'tag'}manifest-{algorithm}"
                if found is None:
                    yield manifest, _MISSING
                elif self.digests[found].get(algorithm) != said.lower():
                    yield manifest, _DIFFERS

    def _unlisted(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """Up to version 0.97 one manifest of several is enough for a file; from 1.0 on each names every file."""
        listed = {name: self._listed_by({name}) for name in self._manifests}
        if self.bag.version_info < (1, 0):
            listed = dict.fromkeys(self._manifests, self._listed_by(set(self._manifests)))
        for name, paths in listed.items():
            for file in self.files:
                if file.inside.startswith(_PAYLOAD) and file.inside not in paths:
                    yield f"manifest-{name}", _UNLISTED

    def _listed_by(self, algorithms: set[str]) -> set[str | None]:
        return {self._inside(path) for path, hashes in self.bag.entries.items() if hashes.keys() & algorithms}

    def _inside(self, path: str) -> str | None:
        """The file that a manifest means: of that very name, or else the one whose name is the same in NFC."""
        return path if path in self.digests else self._normal.get(unicodedata.normalize("NFC", path))

    @cached_property
    def _normal(self) -> dict[str, str]:
        return {unicodedata.normalize("NFC", file.inside): file.inside for file in self.files}


def _told(counted: Counter[tuple[str, tuple[str, str]]], manifest: str) -> Iterator[str]:
    for words in (_DIFFERS, _MISSING, _UNLISTED):
        if count := counted[manifest, words]:
            yield f"{count} {words[count > 1]}"
