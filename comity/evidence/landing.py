"""How a file comes into a folder: whole, on the disk and read-only under its name, or not at all."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO

from comity.errors import Refused

_UNFINISHED = ".unfinished-"
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_BUFFER = 1 << 20


@contextmanager
def landing(folder: Path, name: str) -> Iterator[BinaryIO]:
    """A file to write in the block; it stands under `name`, mode 0400, once the block ends, and never if it raises.

    Raises FileExistsError when that name is taken (what stands there is left alone), Refused when the disk is full.
    """
    if (folder / name).exists():
        raise FileExistsError(errno.EEXIST, "that name is taken", name)
    with _room(), _shared(folder), _unfinished(folder) as unfinished:
        with unfinished.open("wb", buffering=_BUFFER) as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), 0o400)
            os.fsync(file.fileno())
        (folder / name).hardlink_to(unfinished)  # only now: what has the name is whole; a taken name is refused here


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise Refused("the disk has no room left; nothing was kept: free some, then do it again") from error


@contextmanager
def _shared(folder: Path) -> Iterator[None]:
    """Hold the folder together with all others who land files there; who is alone first clears what a crash left."""
    held = os.open(folder, os.O_RDONLY)
    try:
        with suppress(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _clear(folder)
        fcntl.flock(held, fcntl.LOCK_SH)
        yield
        os.fsync(held)
    finally:
        os.close(held)


def _clear(folder: Path) -> None:
    for left_over in folder.glob(f"{_UNFINISHED}*"):
        left_over.unlink()


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    descriptor, name = mkstemp(dir=folder, prefix=_UNFINISHED)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
