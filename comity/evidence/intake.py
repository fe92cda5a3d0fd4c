"""What investigators hand in, looked at before a byte of it is sealed: one file, or a folder with all that lies below.

Files stand in the order of the bytes of their names, and an error says which one it means by its place in that order: a
name is personal data. What is a link or no file is refused, since what it gives is not what lies there. Nothing is
opened to see what it is: an image of a disk and an archive are bytes.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from comity.errors import NotFound, Refused

MOST_FILES = 2_000
"""How many files become exhibits of one request, all in all. Its run is handed on as one payload, of which Temporal
takes 2 MB: an exhibit has 140 bytes there, and the same again in each package. So there is room for five packages."""

_MEND = "nothing was sealed; put the folder into one archive, as it is, and deposit that file"
_KINDS = {
    stat.S_IFLNK: "is a symbolic link",
    stat.S_IFSOCK: "is a socket",
    stat.S_IFIFO: "is a named pipe",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
}


@dataclass(frozen=True)
class Found:
    """One file as it was found: its place among so many in sorted order, its size in bytes, and which file it was.

    `inside` is its path below the folder, exactly as it came ("" for a file handed in by itself); `sha256`, in hex, is
    what its bytes must be, where somebody has said so before.
    """

    path: Path
    inside: str
    name: str
    number: int
    of: int
    size: int
    node: tuple[int, int]
    sha256: str | None = None

    @property
    def where(self) -> str:
        """Which one it is, without its name."""
        return f"file {self.number} of {self.of} in sorted order"


def look(handed: Path, *, most: int = MOST_FILES) -> tuple[Found, ...]:
    """All files of what is handed in, each seen to be one that can be read. Nothing is followed, nothing is changed.

    Raises NotFound where nothing stands, and Refused for an empty folder, more than `most` files, and each link, device
    and unreadable file in it.
    """
    try:
        status = handed.lstat()
    except (OSError, ValueError):
        raise NotFound("no file or folder stands there to be deposited") from None
    if stat.S_ISDIR(status.st_mode):
        return _tree(handed, most)
    if not stat.S_ISREG(status.st_mode):
        raise Refused(f"what was named {_kind(status)}: name the file or folder that it stands for")
    return (_opens(_found(handed, ("", status), (1, 1))),)


@contextmanager
def opened(file: Found) -> Iterator["Reading"]:
    """The bytes of a file that was looked at. Raises Refused when another stands there by now, or it cannot be read."""
    try:
        descriptor = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(f"{file.where} cannot be read ({_named(error)}); mend that, then do it again") from None
    with os.fdopen(descriptor, "rb") as opening:
        status = os.fstat(descriptor)
        if (_node(status), status.st_size) != (file.node, file.size) or not stat.S_ISREG(status.st_mode):
            raise Refused(f"{file.where} is not what was looked at; deposit what nobody changes meanwhile")
        yield Reading(opening, file)


class Reading:
    """The bytes of one file, from its beginning. Where they must be certain ones, they are compared at their end."""

    def __init__(self, opening: BinaryIO, file: Found) -> None:
        self._opening, self._file, self._digest = opening, file, hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end. Raises Refused when they cannot be read, or are others."""
        try:
            piece = self._opening.read(size)
        except OSError as error:
            raise Refused(f"{self._file.where} cannot be read to its end ({_named(error)}); copy it again") from None
        if self._file.sha256 is not None:
            self._compare(piece, self._file.sha256)
        return piece

    def seek(self, offset: int, /) -> int:
        """Read on from another place: the beginning, where a deposit goes on from nothing after all."""
        self._digest = hashlib.sha256()
        return self._opening.seek(offset)

    def _compare(self, piece: bytes, expected: str) -> None:
        self._digest.update(piece)
        if not piece and self._digest.hexdigest() != expected:
            raise Refused(f"{self._file.where} has changed since its hash was compared; let nobody write there")


def _tree(folder: Path, most: int) -> tuple[Found, ...]:
    walked = _walked(folder)
    entries = list(islice(walked, most + 1))
    if not entries:
        raise Refused("there is no file in that folder; nothing was sealed")
    if len(entries) > most:
        count = len(entries) + sum(1 for _ in walked)
        raise Refused(f"the folder has {count} files, and a request takes {most} at most; {_MEND}")
    entries.sort(key=lambda entry: os.fsencode(entry[0]))
    _refuse_what_is_no_file(entries)
    return tuple(_opens(_found(folder, entry, (number, len(entries)))) for number, entry in enumerate(entries, start=1))


def _walked(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Whatever lies below that is no folder, by its path from here. Links are not followed."""
    below = [""]
    while below:
        inside = below.pop()
        for name, status in _listed(folder, inside):
            path = f"{inside}/{name}" if inside else name
            if stat.S_ISDIR(status.st_mode):
                below.append(path)
            else:
                yield path, status


def _listed(folder: Path, inside: str) -> list[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder / inside) as entries:
            return [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
    except OSError as error:
        raise Refused(
            f"a folder in it cannot be listed ({_named(error)}); nothing was sealed: mend that first"
        ) from None


def _refuse_what_is_no_file(entries: list[tuple[str, os.stat_result]]) -> None:
    odd: dict[str, list[int]] = {}
    for number, (_, status) in enumerate(entries, start=1):
        if not stat.S_ISREG(status.st_mode):
            odd.setdefault(_kind(status), []).append(number)
    faults = [
        f"file {numbers[0]} of {len(entries)} in sorted order {kind}{_more(numbers)}" for kind, numbers in odd.items()
    ]
    if faults:
        raise Refused(f"{'; '.join(faults)}; {_MEND}")


def _more(numbers: list[int]) -> str:
    return f", and so with {len(numbers) - 1} more" if len(numbers) > 1 else ""


def _found(handed: Path, entry: tuple[str, os.stat_result], place: tuple[int, int]) -> Found:
    inside, status = entry
    own = handed.resolve().name if inside else handed.name
    return Found(
        path=handed / inside,
        inside=inside,
        name="/".join(part for part in (own, inside) if part),
        number=place[0],
        of=place[1],
        size=status.st_size,
        node=_node(status),
    )


def _opens(file: Found) -> Found:
    with opened(file):
        return file


def _node(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _kind(status: os.stat_result) -> str:
    return _KINDS.get(stat.S_IFMT(status.st_mode), "is no file")


def _named(error: OSError) -> str:
    """What the system calls the error; its own text would name the file."""
    return errno.errorcode.get(error.errno or 0, "unknown")
