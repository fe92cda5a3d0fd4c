"""Bytes handed in become an exhibit: streamed into the vault, with their custody entered."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from ulid import ULID

from activities.exhibits import Particulars, closed_seal, custody_entry, opened_seal, particulars_of
from comity.errors import DeedReused, NotFound, Objection
from comity.evidence import exhibits
from comity.evidence.custody import OUR_OFFICE, Action, CustodyEntry
from comity.evidence.exhibits import Sealed
from comity.evidence.putting import Source, Wrapping
from comity.evidence.seal import Seal
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.ledger import log
from comity.request.lifecycle import Role
from comity.request.model import canonical

_AT_ONCE = 1 << 20
NEVER_OPENED = (
    "this exhibit is marked as never to be opened: its bytes leave in a package, closed to their recipient,"
    " and no other way"
)


@dataclass(frozen=True)
class Handed:
    """What is handed in for a request, by whom, in which role, as which exhibit, why; `name` as its giver has it.

    `measure`: the one by which it was obtained, where it is evidence. `item`: what is handed in describes a thing.
    `never_open`: it is marked so (`Particulars`).
    """

    reference: str
    exhibit: str
    name: str
    person: str
    role: Role
    reason: str
    measure: str | None = None
    item: bool = False
    never_open: bool = False
    organisation: str = OUR_OFFICE


def silent(_done: int) -> None:
    """Nobody asked how far it is."""


def seal_in(home: Home, handed: Handed, source: Source, progress: Callable[[int], None] = silent) -> Seal:
    """Seal all that `source` gives; `progress` hears the bytes done. What broke off goes on where it stopped.

    What is never to be opened is sealed anew from its beginning instead: going on would open what stands.
    Raises Refused when the exhibit is sealed already, or the disk is full.
    """
    unwrap = _refuse_to_open if handed.never_open else partial(_unwrap, home, handed)
    wrapping = Wrapping(partial(_wrap, home, handed), unwrap)
    seal = home.vault.deposit(source, handed.exhibit, wrapping, at=datetime.now(UTC), progress=progress)
    _enter(home, handed, seal)
    return seal


def _refuse_to_open(_wrapped: bytes) -> bytes:
    raise Objection(NEVER_OPENED)


def refuse_never_open(home: Home, sealed: Sealed) -> None:
    """Raises Objection for an exhibit whose bytes are opened for nobody here."""
    if particulars_of(home, sealed).never_open:
        raise Objection(NEVER_OPENED)


def marked_never_open(home: Home, sealed: Sealed) -> bytes:
    """The particulars of an exhibit with that mark, closed as before."""
    marked = particulars_of(home, sealed).model_copy(update={"never_open": True})
    context = f"exhibit particulars {sealed.exhibit}"
    return home.keys.seal(sealed.reference, KeyClass.CONTENT, canonical(marked), context)


def sealed_once(home: Home, handed: Handed, source: Source) -> Seal:
    """The same, for what may be said again: bytes that are sealed already under this id give the same seal.

    Raises DeedReused when other bytes are, or for another request.
    """
    try:
        with home.store.reading() as view:
            sealed = exhibits.find(view, handed.exhibit)
    except NotFound:
        return seal_in(home, handed, source)
    seal = opened_seal(home, sealed)
    if sealed.reference != handed.reference or sha256_of(source) != seal.sha256:
        raise DeedReused("this id was used with another paper; give the deed an id of its own")
    return seal


def sha256_of(source: Source) -> str:
    """SHA-256, in hex, of all that `source` gives."""
    digest = hashlib.sha256()
    while chunk := source.read(_AT_ONCE):
        digest.update(chunk)
    return digest.hexdigest()


def _wrap(home: Home, handed: Handed, key: bytes) -> bytes:
    return home.keys.seal(handed.reference, KeyClass.CONTENT, key, f"exhibit {handed.exhibit}")


def _unwrap(home: Home, handed: Handed, wrapped: bytes) -> bytes:
    return home.keys.open(handed.reference, KeyClass.CONTENT, wrapped, f"exhibit {handed.exhibit}")


def _enter(home: Home, handed: Handed, seal: Seal) -> None:
    """The exhibit in the list of exhibits and its custody in the ledger, in one transaction."""
    listed = _listed(home, handed, seal)
    entry = custody_entry(home, handed.reference, _custody(home, handed, seal), str(ULID()))
    with home.store.transaction() as tx:
        exhibits.enter(tx, listed)
        log.append(tx, [entry])


def _listed(home: Home, handed: Handed, seal: Seal) -> Sealed:
    named = canonical(Particulars.of(handed.name, handed.measure, item=handed.item, never_open=handed.never_open))
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
        organisation=handed.organisation,
        reason=handed.reason,
        at=seal.sealed_at,
        zone=home.settings.zone,
        hash_after=seal.sha256,
        tool="comity",
        tool_version=f"format {seal.format}",
    )
