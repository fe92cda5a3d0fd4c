"""A package is sent: dispatched by a deed, then waited for until it lies with its recipient."""

import asyncio
from pathlib import Path

from pydantic import BaseModel
from ulid import ULID

from comity.errors import NotOpen, Unreachable
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import BY_MACHINE, BY_WIRE, Deed, Departing, Package, SeenDigest
from comity.request.rules import part_of
from desk.counter import Counter
from desk.tracing import trace

PATIENCE = 120.0
_LOOK_EVERY = 0.2


class Left(BaseModel):
    """Where a package was left for its recipient, on which attempt; `path` is the file as it was left, or sent."""

    reference: str
    package: str
    attempt: int
    path: str
    outcome: str


async def release(counter: Counter, reference: str, package: str, person: str) -> Left:
    """Dispatch an approved package, or one that came back, and wait until it has been left for its recipient.

    Raises NotOpen for a package that a person carries, Refused as the door does or when what says where it goes is not
    in order, and Unreachable when nothing was left within two minutes: it goes on by itself.
    """
    sent = _package(counter, reference, package)
    if sent.channel not in BY_MACHINE:
        said = f"comity evidence release {reference} {package} --number N --slip FILE"
        raise NotOpen(
            f"{package} goes by {sent.channel}: hand it over, then record that, with the number that it has there and"
            f" the slip, or a --note of who took it: {said}"
        )
    if sent.channel in BY_WIRE:
        counter.home.recipients.check(sent.recipient)
    await counter.act(reference, dispatching(sent, person))
    attempt = sent.attempts + 1
    outcome = await _left(counter, reference, package, attempt)
    path = str(_file(counter, reference, sent, attempt))
    return Left(reference=reference, package=package, attempt=attempt, path=path, outcome=outcome)


def dispatching(sent: Package, person: str, deed: str | None = None) -> Deed:
    """The deed by which an approved package, or one that came back, leaves."""
    again = sent.status in (Status.REJECTED, Status.RECALLED)
    return Deed(
        id=deed or str(ULID()),
        act=Act.DISPATCH_AGAIN if again else Act.DISPATCH,
        part=sent.id,
        person=person,
        role=Role.EVIDENCE_OFFICER,
        expected=sent.revision,
        particulars=SeenDigest(seen=sent.content) if again else Departing(),
    )


def _package(counter: Counter, reference: str, name: str) -> Package:
    found = part_of(counter.request(reference), name)
    if not isinstance(found, Package):
        raise NotOpen(f"{name} is no package; name one like P1")
    return found


async def _left(counter: Counter, reference: str, package: str, attempt: int) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                if outcome := _reported(counter, reference, package, attempt):
                    return outcome
                await asyncio.sleep(_LOOK_EVERY)
    except TimeoutError:
        raise Unreachable("dispatched, but not yet left for the recipient; it goes on, see `comity doctor`") from None


def _reported(counter: Counter, reference: str, package: str, attempt: int) -> str | None:
    reports = (line.what for line in trace(counter.home, reference) if line.act == Act.REPORT_DELIVERY)
    mine = (told["particulars"] for told in reports if told["part"] == package)
    return next((str(told["outcome"]) for told in mine if told["attempt"] == attempt), None)


def _file(counter: Counter, reference: str, sent: Package, attempt: int) -> Path:
    folder = counter.home.outgoing(sent.recipient) / str(attempt)
    return next(folder.glob(f"{reference}-{sent.id}-*.age"))
