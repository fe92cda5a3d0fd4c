"""Letters, slips and call notes become exhibits, so that what was done on their strength can be shown."""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from comity.errors import NotFound, Unreadable
from comity.evidence.putting import Source
from comity.home import Home
from comity.request.lifecycle import Role
from comity.request.model import Channel, Exhibit
from desk.sealing import Handed, sealed_once

CALL_NOTE = "call note"


@dataclass(frozen=True)
class Posted:
    """A paper that lies sealed in the post room: its id there, its name as its giver had it, its bytes by chunks."""

    piece: str
    name: str
    chunks: Callable[[], Iterator[bytes]]


class _Reading:
    """Chunks of any size as a source that is read by size."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def read(self, size: int, /) -> bytes:
        while len(self._left) < size and (chunk := next(self._chunks, b"")):
            self._left += chunk
        given, self._left = self._left[:size], self._left[size:]
        return given


@dataclass(frozen=True)
class Paper:
    """A letter or slip in a file, one that waits in the post room, or a note of a call; and by which way it came."""

    channel: Channel
    file: Path | None = None
    note: str = ""
    posted: Posted | None = None

    @property
    def name(self) -> str:
        """The file's name, as its giver has it."""
        if self.posted:
            return self.posted.name
        return self.file.name if self.file else CALL_NOTE

    def opened(self) -> AbstractContextManager[Source]:
        """Its bytes. Raises NotFound for a file that is not there, Unreadable for a note that says nothing."""
        if self.posted:
            return nullcontext(_Reading(self.posted.chunks()))
        if self.file is None:
            if not self.note.strip():
                raise Unreadable("a paper is needed that proves it: give the file of a letter or slip, or a note")
            return io.BytesIO(self.note.encode())
        if not self.file.is_file():
            raise NotFound("no file stands there that could prove it")
        return self.file.open("rb")


def file_paper(home: Home, reference: str, paper: Paper, filed: tuple[str, str, Role]) -> Exhibit:
    """Seal a paper for a request. `filed`: for which deed, by whom, in which role. Safe to repeat for the same deed.

    It has its deed's id; what lay in the post room keeps the one that it had there, however many deeds it proves.
    """
    deed, person, role = filed
    name = paper.posted.piece if paper.posted else deed
    handed = Handed(reference, name, paper.name, person, role, reason=f"paper of the file, by {paper.channel}")
    with paper.opened() as source:
        seal = sealed_once(home, handed, source)
    return Exhibit(id=name, sha256=seal.sha256, size=seal.size)
