"""The post room: what came in and belongs to no request yet is sealed, read, filed where it belongs, or set aside."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from pydantic import BaseModel
from ulid import ULID

from activities.exhibits import custody_entry, opened_seal
from activities.post import first_told
from comity.errors import Doubtful, Refused, Unreadable
from comity.evidence import exhibits
from comity.evidence.custody import OUR_OFFICE, Action, CustodyEntry
from comity.evidence.exhibits import Sealed
from comity.home import Home
from comity.law.states import known_states
from comity.ledger import log
from comity.register import post, reading
from comity.register.post import Piece
from comity.request.lifecycle import OFFICE, STILLS, Act, Role
from comity.request.model import Deed, Receipt, Urgency
from comity.request.rules import URGENT
from desk import acting, lettering, papers
from desk.counter import Counter
from desk.filing import Paper, Posted
from desk.receipting import doubt
from desk.sealing import Handed, seal_in
from desk.submitting import foreign_text, make_keys

_MAY_FILE = STILLS[Act.RECORD_LETTER].roles
_PLACE = "the post room"


@dataclass(frozen=True)
class Came:
    """What came in: the paper, its class, and what can be seen of whose it is."""

    paper: Paper
    person: str
    at: datetime
    urgency: Urgency
    state: str | None = None
    their_reference: str | None = None


class Taken(BaseModel):
    """A piece that was taken in: its id, its seal, and the requests that are known by the number on it."""

    piece: str
    sha256: str
    size: int
    known: tuple[str, ...]


class Tried(BaseModel):
    """That somebody wanted to do something with a piece: what the ledger keeps of it when it was refused."""

    act: str
    person: str
    piece: str
    reason: str = ""


def lines(taken: Taken, came: Came) -> Iterator[str]:
    """What is said of a piece that was taken in, and what may be done with it."""
    yield f"{taken.piece}: sealed, {taken.size} bytes, SHA-256 {taken.sha256}; it waits"
    if came.their_reference:
        yield f"its number is that of: {', '.join(taken.known) or 'no request of ours'}"
    if came.urgency in URGENT:
        yield "nobody acts on it while it waits: where a child may be in danger, `comity oral` opens a request at once"
    yield f"read it: comity post read {taken.piece} --reason WHY"
    yield f"file it: comity letter REFERENCE KIND --post {taken.piece}; or as an act of theirs: comity act … --post …"


# --- taken in ---------------------------------------------------------------------------------------------------------


def take(counter: Counter, came: Came) -> Taken:
    """Seal what came in, and have it wait. Raises NotYours, NotFound, Unreadable, after entering the attempt."""
    with counter.attempt("", Tried(act="take post", person=came.person, piece="")):
        return _take(counter, came)


def _take(counter: Counter, came: Came) -> Taken:
    home, piece, exhibit = counter.home, str(ULID()), str(ULID())
    role = counter.role_for(came.person, _MAY_FILE, on_behalf=False)
    index = _index(home, came)
    make_keys(home, piece, (came.person, role))
    handed = Handed(piece, exhibit, came.paper.name, came.person, role, reason=f"post, by {came.paper.channel}")
    with came.paper.opened() as source:
        seal = seal_in(home, handed, source)
    with home.store.transaction() as tx:
        post.come(tx, _piece(home, came, (piece, exhibit, index)))
    with home.store.reading() as view:
        known = reading.known_by(view, index) if index else ()
    return Taken(piece=piece, sha256=seal.sha256, size=seal.size, known=known)


def _index(home: Home, came: Came) -> str | None:
    """The keyed index of the number on it. Raises Unreadable for a State that is none, or a number without one."""
    if came.state and came.state not in known_states():
        raise Unreadable("--from: two letters of ISO 3166-1 are needed, as in PT")
    if not came.their_reference:
        return None
    if not came.state:
        raise Unreadable("--number: say whose number it is, --from STATE")
    return home.keys.index(foreign_text(came.state, came.their_reference))


def _piece(home: Home, came: Came, named: tuple[str, str, str | None]) -> Piece:
    name, exhibit, index = named
    law = home.laws.today
    return Piece(
        id=name,
        exhibit=exhibit,
        at=came.at,
        channel=came.paper.channel,
        urgency=came.urgency,
        state=came.state,
        known=index,
        next_at=first_told(law, came.urgency, datetime.now(UTC)),
    )


# --- read, filed, set aside -------------------------------------------------------------------------------------------


def found(home: Home, fragment: str) -> Piece:
    """A piece of post by the beginning or end of its id. Raises NotFound."""
    with home.store.reading() as view:
        return post.find(view, fragment)


def read(counter: Counter, piece: Piece, wanted: papers.Wanted) -> str | None:
    """The text of a piece, or None when it was left in a new file; its custody says who read it, first.

    Raises NotYours for people outside the office, and Unreadable for what is no text and was asked for without a file.
    """
    tried = Tried(act="read a paper", person=wanted.person, piece=piece.id, reason=wanted.reason)
    with counter.attempt(piece.id, tried):
        role = counter.role_for(wanted.person, OFFICE, on_behalf=False)
        return papers.opened(counter.home, _sealed(counter.home, piece), wanted, role)


def set_aside(counter: Counter, piece: Piece, person: str, reason: str) -> None:
    """Let a piece wait no longer that belongs to no request of ours; its paper stays. Raises NotYours, Refused."""
    tried = Tried(act=str(Action.MOVED), person=person, piece=piece.id, reason=reason)
    with counter.attempt(piece.id, tried):
        role = counter.role_for(person, _MAY_FILE, on_behalf=False)
        post.refuse_ended(piece, None)
        _end(counter.home, piece, None, (person, role, reason))


async def acted(
    counter: Counter, reference: str, by: tuple[str, acting.Said], posted: str | None
) -> tuple[Deed, Receipt]:
    """Do an act: on the strength of a piece of post where one is named (by its id or a fragment).

    A receipt that is not the recipient's is refused, and doubted on record. Raises what the door would raise.
    """
    try:
        if posted:
            return await act_by(counter, reference, found(counter.home, posted), by)
        deed = acting.deed_of(counter, reference, *by)
        return deed, await counter.act(reference, deed)
    except Doubtful as fault:
        with suppress(Refused):  # that it was tried is on record
            await doubt(counter, reference, (by[0], by[1].part), fault)
        raise


async def lettered(
    counter: Counter, reference: str, by: tuple[str, lettering.Said], posted: str | None
) -> lettering.Lettered:
    """Write or keep a letter: the one that a piece of post is, where one is named."""
    if posted:
        return await keep_by(counter, reference, found(counter.home, posted), by)
    return await lettering.lettered(counter, reference, *by)


async def act_by(counter: Counter, reference: str, piece: Piece, by: tuple[str, acting.Said]) -> tuple[Deed, Receipt]:
    """Do an act of somebody outside that a piece of post proves, and let the piece wait no longer.

    Said again it is the same deed, of the instant at which the piece came: unless the person says otherwise. One letter
    may prove several acts, or the same on several parts. Raises Refused for a piece that was filed elsewhere or set
    aside, and what the door would raise.
    """
    person, said = by
    deed_id = said.deed or _proving(piece, acting.plain(said.act), said.part)
    paper, received = _paper(counter, piece, reference, person), said.received or piece.at
    proven = replace(said, on_behalf=paper, received=received, deed=deed_id)
    deed = acting.deed_of(counter, reference, person, proven)
    receipt = await counter.act(reference, deed)
    _file(counter, piece, reference, person)
    return deed, receipt


async def keep_by(counter: Counter, reference: str, piece: Piece, by: tuple[str, lettering.Said]) -> lettering.Lettered:
    """Keep a piece of post as a letter of a request, and let it wait no longer. Raises as `act_by` does."""
    person, said = by
    paper, received = _paper(counter, piece, reference, person), said.received or piece.at
    kept = replace(said, coming=paper, channel=piece.channel, received=received, deed=said.deed or piece.id)
    told = await lettering.lettered(counter, reference, person, kept)
    _file(counter, piece, reference, person)
    return told


def _proving(piece: Piece, act: str, part: str) -> str:
    """The id of the deed that a piece proves: the same for the same act on the same part."""
    told = hashlib.sha256(f"{piece.id} {act} {part}".encode()).digest()
    return str(ULID.from_bytes(ULID.from_str(piece.id).bytes[:6] + told[:10]))


def _paper(counter: Counter, piece: Piece, reference: str, person: str) -> Paper:
    post.refuse_ended(piece, reference)
    sealed = _sealed(counter.home, piece)
    chunks = partial(_copied_into, counter, sealed, reference, person)
    return Paper(piece.channel, posted=Posted(piece.id, papers.name_of(counter.home, sealed), chunks))


def _copied_into(counter: Counter, sealed: Sealed, reference: str, person: str) -> Iterator[bytes]:
    """The bytes of a piece, to be sealed again for a request: that is entered before the first one is given, once."""
    home, role = counter.home, counter.role_for(person, OFFICE, on_behalf=False)
    copied = _touched(home, sealed, Action.COPIED, (person, role, f"to be filed in request {reference}"))
    entry = custody_entry(home, sealed.reference, copied, f"copied into {reference}")
    with home.store.transaction() as tx:
        if not log.stands(tx, sealed.reference, str(entry.id)):
            log.append(tx, [entry])
    yield from papers.chunks(home, sealed)


def _file(counter: Counter, piece: Piece, reference: str, person: str) -> None:
    """The deed is on record: a piece that proves a second one is filed already."""
    role = counter.role_for(person, OFFICE, on_behalf=False)
    _end(counter.home, piece, reference, (person, role, "filed where it belongs"))


def _end(home: Home, piece: Piece, reference: str | None, by: tuple[str, Role, str]) -> None:
    moved = _moved(home, _sealed(home, piece), reference, by)
    entry = custody_entry(home, piece.id, moved, str(ULID()))
    with home.store.transaction() as tx:
        if post.end(tx, piece.id, moved.at, reference):
            log.append(tx, [entry])


def _moved(home: Home, sealed: Sealed, reference: str | None, by: tuple[str, Role, str]) -> CustodyEntry:
    hands = {"handed_by": _PLACE, "handed_to": f"request {reference}" if reference else "set aside"}
    return _touched(home, sealed, Action.MOVED, by, **hands)


def _touched(home: Home, sealed: Sealed, action: Action, by: tuple[str, Role, str], **hands: str) -> CustodyEntry:
    person, role, reason = by
    sha256 = opened_seal(home, sealed).sha256
    return CustodyEntry(
        exhibit=sealed.exhibit,
        action=action,
        person=person,
        role=role,
        organisation=OUR_OFFICE,
        reason=reason,
        at=datetime.now(UTC),
        zone=home.settings.zone,
        hash_before=sha256,
        hash_after=sha256,
        tool="comity",
        **hands,
    )


def _sealed(home: Home, piece: Piece) -> Sealed:
    with home.store.reading() as view:
        return exhibits.find(view, piece.exhibit)
