"""Files that people change while the service runs: read again when they have changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from comity.errors import Unreadable

What = TypeVar("What")


class Watched(Generic[What]):
    """One file, and what it was read into."""

    def __init__(self, path: Path, read: Callable[[Path], What], nothing: What) -> None:
        """`nothing`: what `latest` is before the file was first read."""
        self._path = path
        self._read = read
        self._seen: tuple[int, int, int] | None = None
        self.latest = nothing

    def now(self) -> What:
        """What the file says at this moment. Raises Unreadable; `latest` stays what was last readable."""
        stamp = _stamp(self._path)
        if stamp != self._seen:
            self.latest = self._read(self._path)
            self._seen = stamp  # only now: a file that cannot be read is tried again, and refused again
        return self.latest


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise Unreadable(f"{path.name}: cannot be read ({error.strerror}); put it into COMITY_HOME") from None
    return found.st_mtime_ns, found.st_size, found.st_ino
