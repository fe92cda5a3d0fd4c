"""Custody that a person saw to is entered: who had an exhibit, when, where and why, in the ledger of its request.

What the service sees itself, it enters itself: sealed, released, and each access to bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import category

from pydantic import BaseModel, ConfigDict, ValidationError
from ulid import ULID

from activities.exhibits import custody_entry, custody_links, particulars_of
from comity.errors import DeedReused, NotYours, Objection, Refused, Unreadable
from comity.evidence import exhibits
from comity.evidence.custody import Action, CustodyEntry
from comity.evidence.exhibits import Sealed
from comity.faults import faults_of
from comity.home import Home
from comity.ledger import log
from comity.request.lifecycle import Role
from desk.counter import Counter

MAY = frozenset({Role.EVIDENCE_OFFICER, Role.EXECUTING_AUTHORITY, Role.COORDINATOR})
"""Who has exhibits in hand, and so may enter what was done with them."""
BY_HAND = (
    Action.COLLECTED, Action.RECEIVED, Action.MOVED, Action.ACCESSED, Action.ANALYSED, Action.COPIED, Action.RETURNED,
)  # fmt: skip
DERIVES = frozenset({Action.COLLECTED, Action.COPIED, Action.ANALYSED})
"""What makes an exhibit out of another: a part is taken, a copy made, something extracted."""
CLOCKS_DIFFER, LATE = timedelta(minutes=2), timedelta(hours=24)
"""As with deeds: how far ahead another clock may be, and after how long a delay needs its reason."""


@dataclass(frozen=True)
class Said:
    """What a person says was done with an exhibit; `more` are other fields of a custody entry, None where not said.

    `name`: the id of what is said, so that it is entered once however often it is said.
    """

    exhibit: str
    action: str
    reason: str
    role: str | None = None
    happened: datetime | None = None
    name: str | None = None
    more: Mapping[str, str | None] = field(default_factory=dict)


class Tried(BaseModel):
    """What the ledger keeps of custody whose entry was refused."""

    act: str = "enter custody"
    person: str
    exhibit: str
    action: str
    reason: str


class Entered(BaseModel):
    """What stands in the ledger now: under which id and index, and what it says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    index: int
    custody: CustodyEntry


def enter(counter: Counter, person: str, said: Said) -> Entered:
    """Enter what was done with an exhibit. Said again under its id it is the entry that stands.

    Raises NotFound, NotYours, Unreadable for a field that is wrong, Objection for what cannot be entered so, DeedReused
    when the id was used for something else. A refusal is entered as an attempt.
    """
    reference = ""
    try:
        with counter.home.store.reading() as view:
            sealed = exhibits.find(view, said.exhibit)
        reference = sealed.reference
        return entered(counter.home, reference, _checked(counter, sealed, (person, said)), said)
    except Refused as refusal:
        tried = Tried(person=person, exhibit=said.exhibit, action=said.action, reason=said.reason)
        counter.enter_attempt(reference, tried, refusal)
        raise


def _checked(counter: Counter, sealed: Sealed, by: tuple[str, Said]) -> CustodyEntry:
    entry = composed(counter, sealed.reference, *by)
    _refuse_hash_of_thing(counter.home, sealed, entry)
    refuse_stranger(counter.home, sealed.reference, entry)
    return entry


def composed(counter: Counter, reference: str, person: str, said: Said) -> CustodyEntry:
    """What a person said as a custody entry. Raises NotYours, Unreadable, Objection; nothing is entered yet."""
    role, now = _role(counter, person, said.role), _said_at(counter.home, reference, said.name)
    plain = {name: text for name, text in said.more.items() if text is not None}
    entry = _read(
        {"zone": counter.home.settings.zone, "organisation": counter.organisation_of(person, role)}
        | plain
        | {"exhibit": said.exhibit, "action": _action(said.action), "person": person, "role": role}
        | {"reason": said.reason.strip(), "at": said.happened or now}
    )
    _check_instant(entry, now)
    return entry


def is_entered(home: Home, reference: str, name: str) -> bool:
    """Whether something stands under that id in the custody of a request."""
    with home.store.reading() as view:
        return log.stands(view, reference, keyed(name))


def _said_at(home: Home, reference: str, name: str | None) -> datetime:
    """Now; of what stands under that id, when it was entered: said again later, it is no later."""
    with home.store.reading() as view:
        index = log.index_of(view, reference, keyed(said_as(name)))
        standing = None if index is None else log.entry(view, reference, index=index)
    return standing.leaf.at if standing else datetime.now(UTC)


def said_as(name: str | None) -> str:
    """The id of what is said, an ULID: one that was given, or a new one. Raises Unreadable for one that is none."""
    try:
        return str(ULID.from_str(name)) if name else str(ULID())
    except ValueError:
        raise Unreadable("--id: it must be the 26 letters of an ULID, as an entry prints its own") from None


def _role(counter: Counter, person: str, named: str | None) -> Role:
    if named is None:
        return counter.role_for(person, MAY, on_behalf=False)
    if named not in MAY:
        raise NotYours(f"custody is entered as one of: {', '.join(sorted(MAY))}")
    counter.people.may_act(person, Role(named), on_behalf=False)
    return Role(named)


def _action(named: str) -> Action:
    if named not in BY_HAND:
        able = ", ".join(BY_HAND)
        raise Objection(f"this is not entered by hand: what is, is {able}; sealed, released and destroyed the service")
    return Action(named)


def _read(told: dict[str, Any]) -> CustodyEntry:
    unprintable = [name for name, text in told.items() if isinstance(text, str) and not is_printable(text)]
    if unprintable:
        raise Unreadable(f"these have characters that no page can show: {', '.join(unprintable)}; write them without")
    try:
        return CustodyEntry.model_validate(told)
    except ValidationError as error:
        raise Unreadable(f"this is no custody entry: {'; '.join(faults_of(error, CustodyEntry, 'entry'))}") from None


def is_printable(text: str) -> bool:
    """Whether it can stand on a line: it holds no control characters, line ends among them, and no half characters."""
    return not any(category(char) in ("Cc", "Cs") for char in text)


def _check_instant(entry: CustodyEntry, now: datetime) -> None:
    if entry.at > now + CLOCKS_DIFFER:
        raise Objection("what happened cannot lie in the future; give the instant it happened: --happened")
    if entry.at < now - LATE and not entry.late:
        raise Objection("it happened more than 24 hours ago; give the reason for the delay: --late")


def _refuse_hash_of_thing(home: Home, sealed: Sealed, entry: CustodyEntry) -> None:
    if (entry.hash_before or entry.hash_after) and particulars_of(home, sealed).item:
        raise Objection("a thing has no hash: deposit the image that was made of it, and enter that as copied --parent")


def refuse_stranger(home: Home, reference: str, entry: CustodyEntry) -> None:
    """Raises Objection for a parent or signed sheet that is no exhibit of this request, or a parent that cannot be."""
    with home.store.reading() as view:
        known = {each.exhibit for each in exhibits.of_request(view, reference)}
    if {entry.parent, entry.signed} - known - {None}:
        raise Objection(f"this request has no such exhibit; `comity evidence custody {reference}` names those it has")
    if entry.parent and entry.action not in DERIVES:
        raise Objection(f"--parent says from what an exhibit was {', '.join(sorted(DERIVES))}; leave it out here")
    if entry.parent and entry.exhibit in _ancestry(home, reference, entry.parent):
        raise Objection("--parent: that exhibit is, or came of, this one; an exhibit cannot come of itself")


def _ancestry(home: Home, reference: str, exhibit: str) -> set[str]:
    """An exhibit, and all those that it came of."""
    came_of = [(link.custody.exhibit, link.custody.parent) for link in custody_links(home, reference)]
    found, ahead = set[str](), {exhibit}
    while ahead:
        found |= ahead
        ahead = {parent for child, parent in came_of if parent and child in ahead} - found
    return found


def entered(home: Home, reference: str, entry: CustodyEntry, said: Said) -> Entered:
    """The entry in the ledger, in a transaction of its own. Safe to repeat: keyed by what is said, entered once.

    Raises DeedReused when another entry stands under that id.
    """
    name = said_as(said.name)
    kept = custody_entry(home, reference, entry, keyed(name)).model_copy(update={"at": datetime.now(UTC)})
    with home.store.transaction() as tx:
        standing = log.index_of(tx, reference, keyed(name))
        index = log.append(tx, [kept])[0] if standing is None else standing
    stands = next(link.custody for link in custody_links(home, reference) if link.index == index)
    if standing is not None and not _says_the_same(stands, entry, said):
        raise DeedReused("this id was used for another entry; give this one an id of its own")
    return Entered(id=name, index=index, custody=stands)


def keyed(name: str) -> str:
    """The id in the ledger of what was said under a name."""
    return f"said {name}"


def _says_the_same(stands: CustodyEntry, entry: CustodyEntry, said: Said) -> bool:
    """An instant that was not said again is the one that stands; the trace is that of the saying."""
    unsaid = {"trace": stands.trace} | ({} if said.happened else {"at": stands.at})
    return entry.model_copy(update=unsaid) == stands
