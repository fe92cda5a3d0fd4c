"""Legal holds: a person places one, another lifts it, and meanwhile nothing of the request is destroyed."""

import json
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from ulid import ULID

from activities.notices import By, notice
from comity.errors import KeyGone, Objection
from comity.home import Home
from comity.keys.record_key import RecordCipher
from comity.ledger import log
from comity.register import destruction, holds, reading
from comity.register.holds import Hold
from comity.request.keeping import Keeping
from comity.request.lifecycle import OFFICE, Role
from comity.request.model import PersonId, canonical
from desk.counter import Counter
from desk.wording import instant
from temporal import tracing

PLACES = OFFICE
"""Who may place a hold: it only keeps, so any one of the office may, alone."""
LIFTS = frozenset({Role.HEAD_OF_UNIT, Role.DECIDER, Role.REVIEWER})
"""Who may lift one: a second person, as in every decision of two; never who placed it, whatever role they hold."""
PLACE, LIFT = "place legal hold", "lift legal hold"


class Grounds(BaseModel):
    """Why a request is held, and by which order, warrant or instruction."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(min_length=1, max_length=20_000)
    authorisation: str = Field(min_length=1, max_length=2000)


class Tried(BaseModel):
    """What the ledger keeps of a hold, and of a try to place or lift one: who, why, by what."""

    act: str
    person: PersonId
    reason: str
    authorisation: str = ""
    hold: str = ""
    trace: str | None = None


class Told(BaseModel):
    """One hold as a person reads it. Reason and authorisation are empty once the record key is destroyed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    placed_by: PersonId
    placed_at: AwareDatetime
    reason: str
    authorisation: str
    lifted_by: PersonId | None
    lifted_at: AwareDatetime | None

    @property
    def line(self) -> str:
        """The same for a terminal."""
        end = f"lifted by {self.lifted_by}, {instant(self.lifted_at)} UTC" if self.lifted_at else "STANDS"
        why = f"{self.reason} ({self.authorisation})" if self.reason else "its reason was destroyed with the record"
        return f"hold {self.id}  {end}: placed by {self.placed_by}, {instant(self.placed_at)} UTC: {why}"


def place(counter: Counter, reference: str, person: str, grounds: Grounds) -> Told:
    """Hold a request, open or closed: from now on nothing of it is destroyed.

    Raises NotYours, and Objection where its record is destroyed already; a refusal is entered as an attempt.
    """
    tried = Tried(act=PLACE, person=person, trace=tracing.trace_id(), **grounds.model_dump())
    with counter.attempt(reference, tried):
        by = By(person, counter.role_for(person, PLACES, on_behalf=False), datetime.now(UTC))
        return _placed(counter.home, reference, (by, tried), grounds)


def _placed(home: Home, reference: str, by: tuple[By, Tried], grounds: Grounds) -> Told:
    who, tried = by
    name, at = str(ULID()), who.at or datetime.now(UTC)
    try:
        sealed = RecordCipher(home.keys, reference).seal(canonical(grounds), _context(name))
    except KeyGone:
        raise Objection("nothing is left of this request that could be held: its record is destroyed") from None
    hold = Hold(id=name, reference=reference, placed_by=who.person, placed_at=at, sealed=sealed)
    told = tried.model_copy(update={"hold": name})
    entry = notice(home, reference, told, act=PLACE, name=f"hold {name}", by=who)
    with home.store.transaction() as tx:
        destruction.one_at_a_time(tx, reference)
        holds.place(tx, hold)
        log.append(tx, [entry])
    return _told(home, hold)


def lift(counter: Counter, reference: str, named: tuple[str, str], reason: str) -> Told:
    """Lift a hold. `named`: the person who does, and the hold by its id or four letters of it.

    Raises NotFound, NotYours, and Objection for who placed it; a refusal is entered as an attempt.
    """
    person, fragment = named
    tried = Tried(act=LIFT, person=person, reason=reason, hold=fragment, trace=tracing.trace_id())
    with counter.attempt(reference, tried):
        by = By(person, counter.role_for(person, LIFTS, on_behalf=False), datetime.now(UTC))
        with counter.home.store.reading() as view:
            hold = holds.find(view, reference, fragment)
        if hold.placed_by == person:
            raise Objection("who placed a hold does not lift it: another reviewer, decider or head of unit does")
        return _lifted(counter.home, hold, by, tried.model_copy(update={"hold": hold.id}))


def _lifted(home: Home, hold: Hold, by: By, tried: Tried) -> Told:
    name, at = f"end of hold {hold.id}", by.at or datetime.now(UTC)
    entry = notice(home, hold.reference, tried, act=LIFT, name=name, by=by)
    with home.store.transaction() as tx:
        destruction.one_at_a_time(tx, hold.reference)
        holds.lift(tx, hold.id, by.person, at)
        if not log.stands(tx, hold.reference, name):
            log.append(tx, [entry])
        lifted = holds.find(tx, hold.reference, hold.id)
    return _told(home, lifted)


def told(home: Home, reference: str) -> tuple[Told, ...]:
    """All holds of a request, those that were lifted as well, the oldest first."""
    with home.store.reading() as view:
        found = holds.of(view, reference)
    return tuple(_told(home, hold) for hold in found)


def _told(home: Home, hold: Hold) -> Told:
    known = hold.model_dump(exclude={"reference", "sealed"})
    return Told(**known, **_grounds(home, hold))


def _grounds(home: Home, hold: Hold) -> dict[str, str]:
    with home.store.reading() as view:
        gone = Keeping.RECORD in destruction.gone(view, hold.reference)
    if gone:
        return {"reason": "", "authorisation": ""}
    opened: dict[str, str] = json.loads(RecordCipher(home.keys, hold.reference).open(hold.sealed, _context(hold.id)))
    return opened


def held(home: Home) -> tuple[tuple[str, str], ...]:
    """The requests on which a hold stands, each with its status."""
    with home.store.reading() as view:
        return tuple((reference, reading.standing(view, reference).status) for reference in holds.held(view))


def _context(hold: str) -> str:
    return f"hold {hold}"
