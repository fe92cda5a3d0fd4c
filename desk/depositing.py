"""A file becomes an exhibit: streamed into the vault, its custody entered, then told to its request."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import BaseModel
from ulid import ULID

from activities.evidence import closed_seal, custody_entry
from comity.errors import NotFound
from comity.evidence import exhibits
from comity.evidence.custody import Action, CustodyEntry
from comity.evidence.exhibits import Sealed
from comity.evidence.seal import Seal
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.ledger import log
from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Deposit, Exhibit, Receipt, canonical
from comity.request.rules import check
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


class Particulars(BaseModel):
    """What is known of an exhibit besides its bytes: sealed, since a file name is personal data."""

    name: str


async def deposit(counter: Counter, handed: Handed, progress: Callable[[int], None]) -> tuple[Seal, Receipt]:
    """Seal a file as an exhibit and enter it in its request. `progress` hears the bytes done.

    The act is checked before the first byte is read. A deposit that breaks off leaves nothing; say it again. When
    this process dies after sealing, the exhibit and its custody stay, though its request never heard: say it again too.
    """
    if not handed.file.is_file():
        raise NotFound("no file stands there to be deposited")
    counter.people.may_act(handed.person, handed.role, on_behalf=False)
    _checked_first(counter, handed)
    seal = _sealed(counter.home, handed, progress)
    _enter(counter.home, handed, seal)
    return seal, await counter.act(handed.reference, _deed(handed, seal.sha256, seal.size))


def _checked_first(counter: Counter, handed: Handed) -> None:
    check(counter.request(handed.reference), _deed(handed, "0" * 64, 0), datetime.now(UTC))


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


def _sealed(home: Home, handed: Handed, progress: Callable[[int], None]) -> Seal:
    wrap = partial(_wrap, home, handed)
    with handed.file.open("rb") as source:
        return home.vault.deposit(source, handed.exhibit, wrap, at=datetime.now(UTC), progress=progress)


def _wrap(home: Home, handed: Handed, key: bytes) -> bytes:
    return home.keys.seal(handed.reference, KeyClass.CONTENT, key, f"exhibit {handed.exhibit}")


def _enter(home: Home, handed: Handed, seal: Seal) -> None:
    """The exhibit in the list of exhibits and its custody in the ledger, in one transaction."""
    listed = _listed(home, handed, seal)
    entry = custody_entry(home, handed.reference, _custody(home, handed, seal), str(ULID()))
    with home.store.transaction() as tx:
        exhibits.enter(tx, listed)
        log.append(tx, [entry])


def _listed(home: Home, handed: Handed, seal: Seal) -> Sealed:
    named = canonical(Particulars(name=handed.file.name))
    return Sealed(
        exhibit=handed.exhibit,
        reference=handed.reference,
        sealed_at=seal.sealed_at,
        particulars=home.keys.seal(handed.reference, KeyClass.CONTENT, named, f"exhibit particulars {handed.exhibit}"),
        seal=closed_seal(home, handed.reference, seal),
    )


def _custody(home: Home, handed: Handed, seal: Seal) -> CustodyEntry:
    return CustodyEntry(
        exhibit=handed.exhibit,
        action=Action.SEALED,
        person=handed.person,
        role=handed.role,
        organisation="central authority",
        reason=f"deposited for {handed.measure}",
        at=seal.sealed_at,
        zone=home.settings.zone,
        hash_after=seal.sha256,
        tool="comity",
        tool_version=f"format {seal.format}",
    )
