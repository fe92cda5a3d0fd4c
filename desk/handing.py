"""A package is handed to who carries it: dispatched, with the number that it has there and the slip for it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from activities.evidence import Departure, EvidenceRoom
from comity.errors import NotOpen
from comity.request.lifecycle import Role
from comity.request.model import BY_MACHINE, Channel, Deed, Exhibit, Package, Receipt, Request
from comity.request.rules import check, part_of
from desk.counter import Counter
from desk.filing import Paper, file_paper
from desk.releasing import dispatching
from desk.tracing import before


@dataclass(frozen=True)
class Handed:
    """What is known of a package that somebody carries: its number there, what proves it, the id of the deed."""

    number: str
    slip: Path | None = None
    note: str = ""
    deed: str | None = None


async def hand_over(counter: Counter, reference: str, package: tuple[str, str], handed: Handed) -> Receipt:
    """Record that a package (its name, and who says it) was handed to who carries it; the slip is sealed for the file.

    Raises NotOpen for a package that goes by machine, Refused as the door does: then nothing was sealed.
    """
    name, person = package
    request = _as_it_stood(counter, reference, handed.deed)
    sent = part_of(request, name)
    if not isinstance(sent, Package):
        raise NotOpen(f"{name} is no package; name one like P1")
    if sent.channel in BY_MACHINE:
        raise NotOpen(f"{name} goes by {sent.channel}, and nobody carries it; leave --number, --slip and --note out")
    paper, deed = Paper(sent.channel, handed.slip, handed.note), dispatching(sent, person, handed.deed)
    with paper.opened():  # it is there
        check(request, _carried(deed, handed, _UNSEALED), datetime.now(UTC))
    filed = file_paper(counter.home, reference, paper, (deed.id, person, Role.EVIDENCE_OFFICER))
    receipt = await counter.act(reference, _carried(deed, handed, filed))
    if sent.channel != Channel.PHONE:  # what is said leaves no exhibit in other hands
        _released(counter, request, sent)
    return receipt


def _released(counter: Counter, request: Request, sent: Package) -> None:
    """Custody says that its exhibits have left for their recipient. Safe to repeat."""
    departure = Departure(reference=request.reference, package=sent.id, attempt=sent.attempts + 1, channel=sent.channel)
    EvidenceRoom(counter.home, counter.client).leave(departure, sent)


def _as_it_stood(counter: Counter, reference: str, deed: str | None) -> Request:
    """What is said again under the id of a deed on record is the same deed."""
    request = counter.request(reference)
    return before(counter.home, request, deed) if deed and counter.on_record(reference, deed) else request


_UNSEALED = Exhibit(id="0" * 26, sha256="0" * 64, size=0)
"""Stands for a slip while it is asked whether the door would take it."""


def _carried(deed: Deed, handed: Handed, slip: Exhibit) -> Deed:
    said = deed.particulars.model_copy(update={"number": handed.number, "slip": slip})
    return deed.model_copy(update={"particulars": said})
