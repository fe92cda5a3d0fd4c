"""What finds the child is told at once, by word of mouth: sealed, drafted, disclosed, all by one officer."""

import hashlib
import io
from dataclasses import dataclass

from comity.errors import NotOpen, Unreadable
from comity.request.lifecycle import Act, Role
from comity.request.model import BY_MACHINE, Channel, Deed, Deposit, Draft, Exhibit, Receipt, Request, Spoken
from desk.counter import Counter, Tried
from desk.sealing import Handed, sealed_once
from desk.several import foresee, id_for

NAME = "what was said"


@dataclass(frozen=True)
class Telling:
    """What was said to whom, on which number, why it finds or protects the child; `id` is the ULID of the command."""

    id: str
    person: str
    said: str
    to: str
    number: str
    reason: str
    measure: str | None = None
    channel: Channel = Channel.PHONE

    @property
    def exhibit(self) -> Exhibit:
        """What was said, as the exhibit that it becomes."""
        said = self.said.encode()
        return Exhibit(id=id_for(self.id, NAME), sha256=hashlib.sha256(said).hexdigest(), size=len(said))


async def disclose(counter: Counter, reference: str, telling: Telling) -> Receipt:
    """Seal what was said, draft it as a package of its channel, disclose it at once. Returns the receipt of the last.

    Safe to repeat with the same id. All three are checked before anything is sealed. Raises Refused as the door does,
    Unreadable when nothing was said, or not by a person, and NotOpen where it is open which measure obtained it. A
    refusal is entered as an attempt.
    """
    with counter.attempt(reference, Tried(act=Act.DISCLOSE_AT_ONCE, person=telling.person)):
        _refuse_unsaid(telling)
        request = counter.request(reference)
        first = (_deposit(telling, _measure(request, telling)), _draft(telling))
    foresee(counter, reference, (*first, _disclosure(telling, _package(request, telling))))
    handed = Handed(reference, telling.exhibit.id, NAME, telling.person, Role.DUTY_OFFICER, reason="told at once")
    sealed_once(counter.home, handed, io.BytesIO(telling.said.encode()))
    for deed in first:
        await counter.act(reference, deed)
    # Read again: somebody else may have drafted a package meanwhile, and that one is not to be disclosed.
    return await counter.act(reference, _disclosure(telling, _package(counter.request(reference), telling)))


def _refuse_unsaid(telling: Telling) -> None:
    if not telling.said.strip():
        raise Unreadable("--said: give what was said; it becomes an exhibit, and is read when this is ratified")
    if telling.channel in BY_MACHINE:
        raise Unreadable("--channel: what goes by machine is released by two; what is said at once goes by phone")


def _measure(request: Request, telling: Telling) -> str:
    """The measure that obtained it: the one named, else the only one that one person may order."""
    if telling.measure:
        return telling.measure
    alone = [measure.id for measure in request.measures if measure.one_person]
    if len(alone) != 1:
        raise NotOpen(
            f"name the measure that obtained it with --measure; one person may order: {', '.join(alone) or 'none here'}"
        )
    return alone[0]


def _package(request: Request, telling: Telling) -> str:
    """The package that holds what was said, or the next one as long as there is none."""
    mine = telling.exhibit.id
    holding = (package.id for package in request.packages if mine in (item.id for item in package.exhibits))
    return next(holding, f"P{len(request.packages) + 1}")


def _deposit(telling: Telling, measure: str) -> Deed:
    return Deed(
        id=id_for(telling.id, "deposit"),
        act=Act.DEPOSIT,
        part=measure,
        person=telling.person,
        role=Role.DUTY_OFFICER,
        particulars=Deposit(exhibit=telling.exhibit),
    )


def _draft(telling: Telling) -> Deed:
    """The recipient is a role: whose voice it was stands in the disclosure."""
    recipient = Role.REQUESTING_AUTHORITY.value
    return Deed(
        id=id_for(telling.id, "draft"),
        act=Act.DRAFT_PACKAGE,
        person=telling.person,
        role=Role.DUTY_OFFICER,
        particulars=Draft(exhibits=(telling.exhibit.id,), recipient=recipient, channel=telling.channel),
    )


def _disclosure(telling: Telling, package: str) -> Deed:
    """The words point at the exhibit: the record outlives the content, and must not repeat it."""
    spoken = Spoken(
        to=telling.to,
        number=telling.number,
        channel=telling.channel,
        words=f"what was said is exhibit {telling.exhibit.id}",
        reason=telling.reason,
    )
    return Deed(
        id=telling.id,
        act=Act.DISCLOSE_AT_ONCE,
        part=package,
        person=telling.person,
        role=Role.DUTY_OFFICER,
        expected=0,
        particulars=spoken,
    )
