"""A file becomes evidence of a measure: sealed into the vault, then told to its request."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from comity.errors import NotFound
from comity.evidence.seal import Seal
from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Deposit, Exhibit, Receipt
from comity.request.rules import check
from desk import sealing
from desk.counter import Counter


@dataclass(frozen=True)
class Handed:
    """A file handed in for a measure of a request, by a person in a role."""

    file: Path
    reference: str
    measure: str
    person: str
    role: Role
    exhibit: str
    deed: str


async def deposit(counter: Counter, handed: Handed, progress: Callable[[int], None]) -> tuple[Seal, Receipt]:
    """Seal a file as an exhibit and enter it in its request. `progress` hears the bytes done.

    The act is checked before the first byte is read. A deposit that breaks off leaves nothing; say it again. When
    this process dies after sealing, the exhibit and its custody stay, though its request never heard: say it again too.
    """
    if not handed.file.is_file():
        raise NotFound("no file stands there to be deposited")
    counter.people.may_act(handed.person, handed.role, on_behalf=False)
    check(counter.request(handed.reference), _deed(handed, "0" * 64, 0), datetime.now(UTC))
    with handed.file.open("rb") as source:
        seal = sealing.seal_in(counter.home, _sealed_as(handed), source, progress)
    return seal, await counter.act(handed.reference, _deed(handed, seal.sha256, seal.size))


def _sealed_as(handed: Handed) -> sealing.Handed:
    reason = f"deposited for {handed.measure}"
    return sealing.Handed(handed.reference, handed.exhibit, handed.file.name, handed.person, handed.role, reason)


def _deed(handed: Handed, sha256: str, size: int) -> Deed:
    exhibit = Exhibit(id=handed.exhibit, sha256=sha256, size=size)
    return Deed(
        id=handed.deed,
        act=Act.DEPOSIT,
        part=handed.measure,
        person=handed.person,
        role=handed.role,
        particulars=Deposit(exhibit=exhibit),
    )
