"""A package is written for a person to carry: encrypted to its recipient, into the folder from which it is taken."""

import asyncio
from pathlib import Path

from activities.evidence import Departure, EvidenceRoom
from comity.errors import NotOpen
from comity.request.lifecycle import Role, Status
from comity.request.model import BY_MACHINE, Package, Request
from comity.request.rules import part_of
from desk.counter import Counter, Tried
from desk.sealing import silent

_READY = frozenset({Status.APPROVED, Status.REJECTED, Status.RECALLED})


async def pack(counter: Counter, reference: str, package: tuple[str, str]) -> tuple[Path, ...]:
    """Write an approved package (its name, and who asks) for whoever carries it. Returns its files, itself last.

    Safe to repeat: the next attempt has one file. Custody says that its exhibits were copied, before the first byte is
    read. Raises NotOpen for one that is not approved, or goes by machine, NotYours, and NotFound where no key of the
    recipient is here; a refusal is entered as an attempt.
    """
    name, person = package
    with counter.attempt(reference, Tried(act="write for carriage", person=person, part=name)):
        counter.people.may_act(person, Role.EVIDENCE_OFFICER, on_behalf=False)
        departure = _departure(counter.request(reference), name)
    return await asyncio.to_thread(EvidenceRoom(counter.home, counter.client).write, departure, silent)


def _departure(request: Request, name: str) -> Departure:
    sent = part_of(request, name)
    if not isinstance(sent, Package):
        raise NotOpen(f"{name} is no package; name one like P1")
    if sent.channel in BY_MACHINE:
        raise NotOpen(f"{name} goes by {sent.channel}, and nobody carries it: `comity evidence release` sends it")
    if sent.status not in _READY:
        raise NotOpen(f"{name} is {sent.status}: it is written once its release is approved")
    return Departure(reference=request.reference, package=name, attempt=sent.attempts + 1, channel=sent.channel)
