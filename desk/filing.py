"""Letters, slips and call notes become exhibits, so that what was done on their strength can be shown."""

import io
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from comity.errors import NotFound, Unreadable
from comity.home import Home
from comity.request.lifecycle import Role
from comity.request.model import Channel, Exhibit
from desk.sealing import Handed, sealed_once

CALL_NOTE = "call note"


@dataclass(frozen=True)
class Paper:
    """A letter or slip in a file, or a note of a call as typed; and by which way it came or goes."""

    channel: Channel
    file: Path | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """The file's name, as its giver has it."""
        return self.file.name if self.file else CALL_NOTE

    def opened(self) -> AbstractContextManager[BinaryIO]:
        """Its bytes. Raises NotFound for a file that is not there, Unreadable for a note that says nothing."""
        if self.file is None:
            if not self.note.strip():
                raise Unreadable("a paper is needed that proves it: give the file of a letter or slip, or a note")
            return io.BytesIO(self.note.encode())
        if not self.file.is_file():
            raise NotFound("no file stands there that could prove it")
        return self.file.open("rb")


def file_paper(home: Home, reference: str, paper: Paper, filed: tuple[str, str, Role]) -> Exhibit:
    """Seal a paper for a request. `filed`: under which id, by whom, in which role. Safe to repeat under the same id."""
    name, person, role = filed
    handed = Handed(reference, name, paper.name, person, role, reason=f"paper of the file, by {paper.channel}")
    with paper.opened() as source:
        seal = sealed_once(home, handed, source)
    return Exhibit(id=name, sha256=seal.sha256, size=seal.size)
