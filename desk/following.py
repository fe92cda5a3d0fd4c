"""The request that must follow a preservation is drawn up for those who write it; who did so is on record first."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from ulid import ULID

from comity.errors import Objection, Unreadable
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.law.library import Law
from comity.ledger import log
from comity.ledger.leaf import Entry, Kind
from comity.request.following import Preserved, follow_up, to_be_filled_in
from comity.request.letter import ElectronicData, Letter
from comity.request.lifecycle import OFFICE, has_ended
from comity.request.model import Measure, Request, canonical
from comity.request.rules import part_of
from desk.counter import Counter
from desk.opening import letter_of


class Wanted(BaseModel):
    """Who asks for the follow-up of which measure, and of which kind it is to be: what the ledger keeps of it."""

    act: str = "draw up a follow-up"
    person: str
    measure: str
    kind: str = ""


def drawn_up(counter: Counter, reference: str, wanted: Wanted) -> dict[str, Any]:
    """The request that must follow a measure, as plain values, for `comity check` and for the requesting authority.

    That it was drawn up is an access in the ledger, before a word of it is given. Raises NotYours for people outside
    the office, NotFound, Unreadable for a kind that is left open, and Objection where nothing must follow, or nothing
    is kept any more. A refusal is entered as an attempt.
    """
    with counter.attempt(reference, wanted):
        return _drawn_up(counter, reference, wanted)


def _drawn_up(counter: Counter, reference: str, wanted: Wanted) -> dict[str, Any]:
    role = counter.role_for(wanted.person, OFFICE, on_behalf=False)
    request = counter.request(reference)
    measure, law = _kept_by(request, wanted.measure), counter.home.laws.of(request.law)
    possible = _following(measure, law)
    letter = letter_of(counter.home, reference)
    kind = _kind(wanted.kind, possible, _class_of(letter, measure), law)
    _enter(counter.home, reference, wanted.model_copy(update={"kind": kind}), role)
    preserved = Preserved(reference, measure.id, measure.instrument, measure.until)
    return to_be_filled_in(follow_up(letter, preserved, kind))


def _kept_by(request: Request, name: str) -> Measure:
    """The measure of that name, as long as something may be kept by it."""
    found = part_of(request, name)
    if not isinstance(found, Measure):
        raise Objection(f"{name} is no measure; a request follows a measure: M1, M2 …")
    if has_ended(found.status):
        raise Objection(f"{name} is '{found.status}': nothing is kept by it any more")
    return found


def _following(measure: Measure, law: Law) -> list[str]:
    """The kinds of which one must follow a measure."""
    known = law.kinds.get(measure.kind)
    possible = [kind for row in known.followed_by for kind in row.kinds] if known else []
    if not possible:
        followed = ", ".join(kind.id for kind in law.kinds.values() if kind.followed_by)
        raise Objection(f"nothing must follow '{measure.kind}'; something must follow: {followed}")
    return possible


def _class_of(letter: Letter, measure: Measure) -> str | None:
    index = int(measure.id[1:]) - 1
    sought = letter.measures[index] if index < len(letter.measures) else None
    return ((sought and sought.data) or ElectronicData()).data_class


def _kind(wanted: str, possible: list[str], data_class: str | None, law: Law) -> str:
    """The kind that was asked for, else the one that yields the class of data which the letter names."""
    named = " ".join(wanted.lower().split())
    of_class = (kind for kind in possible if law.kinds[kind].data_class == data_class)
    kind = named or next(of_class, None)
    if kind not in possible:
        raise Unreadable(f"--kind: say which of these is to follow: {', '.join(possible)}")
    return kind


def _enter(home: Home, reference: str, wanted: Wanted, role: str) -> None:
    """The access, in a transaction of its own; its words are sealed under the record key."""
    name = str(ULID())
    entry = Entry(
        kind=Kind.ACCESS,
        reference=reference,
        id=name,
        act=wanted.act,
        status="",
        role=role,
        person=wanted.person,
        at=datetime.now(UTC),
        body=home.keys.seal(reference, KeyClass.RECORD, canonical(wanted), f"{Kind.ACCESS} {name}"),
    )
    with home.store.transaction() as tx:
        log.append(tx, [entry])
