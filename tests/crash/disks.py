"""A disk that is full when a test says so."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Protocol

_BLOCK = 1 << 16
_SIZE = 64 << 20


class Disk(Protocol):
    """A folder on a disk of its own, or what stands in for one."""

    folder: Path
    name: str

    def fill(self, *pids: int) -> None:
        """Leave no room: for anybody, or where that cannot be had, for these processes."""

    def free(self) -> None:
        """There is room again."""


class SmallDisk:
    """A file system of 64 MiB, in memory; its ballast fills it to the last byte."""

    name = "tmpfs"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, *_pids: int) -> None:
        """Write ballast until there is no room, at last byte by byte."""
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (_BLOCK, 1):
                _pour(ballast, bytes(size))

    def free(self) -> None:
        """Throw the ballast overboard."""
        self._ballast.unlink()


def _pour(ballast: FileIO, piece: bytes) -> None:
    with suppress(OSError):
        while True:
            ballast.write(piece)


class Quota:
    """Where nobody may mount: no file of these processes may grow beyond a few bytes, as under a quota."""

    name = "RLIMIT_FSIZE"
    _ENOUGH = 20_000

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._before: dict[int, tuple[int, int]] = {}

    def fill(self, *pids: int) -> None:
        """From now on, for these processes; for this one when none is named."""
        for pid in pids or (0,):
            before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            self._before.setdefault(pid, before)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (self._ENOUGH, before[1]))

    def free(self) -> None:
        """As it was before."""
        for pid, before in self._before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        self._before.clear()


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """A small disk mounted at `folder` where this machine lets us, else a quota."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: S603 - our own words
        yield Quota(folder)
        return
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607
