"""One finished, encrypted package as a channel takes it, with how much of it has gone."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Event, Thread

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from comity.errors import Unreachable
from comity.evidence.recipient import wrapped_beside

PIECE = 1 << 20
_BEAT = 1.0

Sent = Callable[[int], None]
"""Told how many bytes are done by now. Raises Unreachable when this worker stops."""


@dataclass(frozen=True)
class Parcel:
    """A file that no longer changes. `name` is the one that it gets at the far side: another one for each attempt."""

    path: Path
    name: str

    @cached_property
    def size(self) -> int:
        """How many bytes it has."""
        return self.path.stat().st_size

    @cached_property
    def sha256(self) -> str:
        """The hash of its bytes, in hex."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def pieces(self, start: int = 0) -> Iterator[bytes]:
        """Its bytes from `start` on, a mebibyte at a time."""
        with self.path.open("rb") as file:
            file.seek(start)
            while piece := file.read(PIECE):
                yield piece


def parcels(folder: Path, package: str, attempt: int) -> tuple[Parcel, ...]:
    """The files of a package (named `REFERENCE-PACKAGE-…`) in the folder of its attempt, itself last.

    Before it goes the identity that was wrapped for it, where it was made for a certificate.
    """
    path = min(folder.glob(f"{package}-*.age"))
    files = [each for each in (wrapped_beside(path), path) if each.exists()]
    return tuple(Parcel(each, f"{each.stem}-{attempt}{each.suffix}") for each in files)


class Progress(BaseModel):
    """How far a transfer is: what its heartbeat says."""

    model_config = ConfigDict(frozen=True)

    sent: int
    size: int


def adding_up(told: Sent) -> Sent:
    """The same for who knows only how much came to it."""
    gone = [0]

    def more(number: int) -> None:
        gone[0] += number
        told(gone[0])

    return more


@contextmanager
def beating(size: int) -> Iterator[Sent]:
    """Tell the server every second that this activity lives, and how far it is, however long one write takes.

    A channel has time-outs of its own: one that hangs ends by those.
    """
    gone, over = [0], Event()

    def beat() -> None:
        while True:
            activity.heartbeat(Progress(sent=gone[0], size=size))
            if over.wait(_BEAT):
                return

    def sent(number: int) -> None:
        gone[0] = number
        if activity.is_worker_shutdown() or activity.is_cancelled():
            raise Unreachable("this worker stops; the next try goes on where it can")

    thread = Thread(target=copy_context().run, args=(beat,), daemon=True)
    thread.start()
    try:
        yield sent
    finally:
        over.set()
        thread.join()
