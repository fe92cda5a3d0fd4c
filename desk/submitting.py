"""A written request comes in: read, its gaps found, identities split off, everything sealed, its life begun."""

import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel
from ulid import ULID

from activities.arrivals import begin_request
from comity.errors import AlreadyKnown
from comity.home import Home
from comity.keys.record_key import RecordCipher
from comity.keys.request_keys import KeyClass
from comity.law.checking import Missing, checked
from comity.law.library import Law
from comity.law.states import known_states
from comity.ledger import log
from comity.ledger.leaf import Entry, Kind
from comity.register import laws, reading, writing
from comity.request.gaps import Lack, Questions, gaps
from comity.request.identities import split
from comity.request.letter import Letter
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import (
    Channel,
    Deed,
    Exhibit,
    LetterKept,
    OnBehalf,
    Particulars,
    Receipt,
    Request,
    Way,
    canonical,
)
from comity.request.opening import opening
from comity.request.reading import read
from desk.counter import Counter, Tried
from desk.linking import link
from desk.sealing import Handed, seal_in

AS_RECEIVED = "as received"
LATE = "entered when it was registered"

TOLD_AGAIN_WITHIN = timedelta(hours=24)
"""How long a call is taken for the one that came before from the same number, or about the same place."""


class Input(BaseModel):
    """What was handed in, for the ledger's attempt: its digest and size, never its content."""

    sha256: str
    size: int

    @classmethod
    def of(cls, data: bytes) -> "Input":
        """Digest and size of what was handed in."""
        return cls(sha256=hashlib.sha256(data).hexdigest(), size=len(data))


@dataclass(frozen=True)
class Submission:
    """Bytes handed in by a person in a role, and how a known reference is to be taken.

    `told`: by what a call is known again. Of these texts only keyed digests are kept.
    """

    data: bytes
    person: str
    received: datetime
    channel: Channel = Channel.E_MAIL
    supplement: bool = False
    anew: bool = False
    role: Role = Role.COORDINATOR
    told: tuple[str, ...] = ()


async def submit(counter: Counter, submission: Submission) -> Receipt:
    """Register what came in and begin its life. Returns the receipt of `receive` (or of the supplement).

    Raises NotYours, Unreadable and AlreadyKnown, after entering the attempt; nothing has started then. A request that
    is readable but deficient is registered, with a question for each gap.
    """
    with counter.attempt("", Tried(act="submit", person=submission.person)):
        counter.people.may_act(submission.person, submission.role, on_behalf=False)
    with counter.attempt("", Input.of(submission.data)):
        letter = read(submission.data, known_states())
        return await _register(counter, submission, letter)


def missed(home: Home, submission: Submission) -> tuple[Missing, ...]:
    """What will be missed in what was handed in, and was registered: as `comity check` tells it beforehand."""
    return checked(read(submission.data, known_states()), home.laws.today, submission.received).missing


async def _register(counter: Counter, submission: Submission, letter: Letter) -> Receipt:
    home, state = counter.home, letter.requesting_state
    foreign = foreign_index(home, letter)
    known = _known(home, foreign)
    if known and submission.supplement:
        _link(home, known[-1], letter, submission.received)
        return await _supplement(counter, submission, known[-1])
    unbegun = _not_begun(home, known)
    if unbegun:
        return await begin_request(counter.client, home, unbegun)
    if known and not submission.anew:
        raise AlreadyKnown(writing.known_already(state, known[-1]))
    told = state, tuple(map(home.keys.index, submission.told))
    since = None if submission.anew else submission.received - TOLD_AGAIN_WITHIN
    _refuse_told(home, told, since)  # before keys are made
    reference = str(ULID())
    make_keys(home, reference, (submission.person, submission.role))
    with home.store.transaction() as tx:
        if foreign:
            writing.know_by(tx, reference, (state, foreign), anew=submission.anew)
        writing.know_by_calls(tx, reference, told, since=since)
        writing.arrive(tx, _sealed(home, reference, submission, letter))
        laws.keep(tx, home.laws.today, submission.received)
        log.append(tx, link(tx, home, reference, letter, submission.received))
    return await begin_request(counter.client, home, reference)


def _link(home: Home, reference: str, letter: Letter, at: datetime) -> None:
    with home.store.transaction() as tx:
        log.append(tx, link(tx, home, reference, letter, at))


def foreign_index(home: Home, letter: Letter) -> str | None:
    """The keyed index of the other State's number, with the State in it."""
    if not letter.own_reference:
        return None
    return home.keys.index(foreign_text(letter.requesting_state, letter.own_reference))


def foreign_text(state: str, own_reference: str) -> str:
    """What is indexed: the State, and its number without the white space and case in which copies differ."""
    return f"{state} {' '.join(own_reference.split()).casefold()}"


def _known(home: Home, foreign: str | None) -> tuple[str, ...]:
    if foreign is None:
        return ()
    with home.store.reading() as view:
        return reading.known_by(view, foreign)


def _refuse_told(home: Home, told: tuple[str, tuple[str, ...]], since: datetime | None) -> None:
    if since is not None:
        with home.store.reading() as view:
            writing.refuse_told(view, told, since)


def _not_begun(home: Home, known: tuple[str, ...]) -> str | None:
    """A request of this number that came in and whose life was never begun: a crash came between."""
    with home.store.reading() as view:
        waiting = set(reading.not_begun(view))
    return next((reference for reference in known if reference in waiting), None)


def make_keys(home: Home, owner: str, by: tuple[str, Role]) -> None:
    """Make the keys of a request or a piece of post in a transaction of their own, and enter by whom, in which role."""
    person, role = by
    at, name = datetime.now(UTC), str(ULID())
    with home.store.transaction() as tx:
        home.keys.create(tx, owner, at)
    entry = Entry(
        kind=Kind.KEY,
        reference=owner,
        id=name,
        act="make keys",
        status="",
        role=role,
        person=person,
        at=at,
        body=home.keys.seal(owner, KeyClass.RECORD, b'{"classes":["content","record","vault"]}', f"key {name}"),
    )
    with home.store.transaction() as tx:
        log.append(tx, [entry])


def _sealed(home: Home, reference: str, submission: Submission, letter: Letter) -> writing.Arriving:
    law = home.laws.today
    lacks = gaps(letter, law, submission.received)
    named, identities = split(letter, submission.received)
    deed = _deed(home, submission, letter, (law, lacks))
    vault = {token: canonical(identity) for token, identity in identities.items()} | {AS_RECEIVED: submission.data}
    return writing.Arriving(
        reference=reference,
        at=submission.received,
        deed=RecordCipher(home.keys, reference).seal(canonical(deed), "arrival"),
        documents={
            "letter": _closed(home, reference, KeyClass.CONTENT, (canonical(named), "letter")),
            "questions": _closed(home, reference, KeyClass.CONTENT, (_questions(lacks), "questions")),
        },
        identities={
            token: _closed(home, reference, KeyClass.VAULT, (plain, f"identity {token}"))
            for token, plain in vault.items()
        },
    )


def _deed(home: Home, submission: Submission, letter: Letter, read_by: tuple[Law, tuple[Lack, ...]]) -> Deed:
    law, lacks = read_by
    digest = hashlib.sha256(submission.data).hexdigest()
    return Deed(
        id=str(ULID()),
        act=Act.RECEIVE,
        person=submission.person,
        role=submission.role,
        received=submission.received,
        particulars=opening(letter, lacks, law=law, us=home.settings.own_state, digest=digest, now=submission.received),
    )


def _questions(lacks: tuple[Lack, ...]) -> bytes:
    return canonical(Questions(lacks=lacks))


def _closed(home: Home, reference: str, key_class: KeyClass, what: tuple[bytes, str]) -> bytes:
    plain, context = what
    return home.keys.seal(reference, key_class, plain, context)


async def _supplement(counter: Counter, submission: Submission, reference: str) -> Receipt:
    """Keep what came in with the request that it adds to, and enter it as a deed of the requesting authority."""
    request = counter.request(reference)
    id_ = str(ULID())
    name = f"supplement {id_}"
    with counter.home.store.transaction() as tx:
        kept = _closed(counter.home, reference, KeyClass.VAULT, (submission.data, f"identity {name}"))
        writing.keep_identity(tx, reference, name, kept)
    incomplete = request.status == Status.INCOMPLETE
    paper = Handed(reference, id_, name, submission.person, Role.COORDINATOR, reason="supplement")
    seal = seal_in(counter.home, paper, io.BytesIO(submission.data))
    exhibit = Exhibit(id=id_, sha256=seal.sha256, size=seal.size)
    return await counter.act(
        reference, _supplementing(request, submission, exhibit) if incomplete else _kept(request, submission, exhibit)
    )


def _supplementing(request: Request, submission: Submission, exhibit: Exhibit) -> Deed:
    """What an incomplete request waited for, entered for the requesting authority."""
    return Deed(
        id=exhibit.id,
        act=Act.SUPPLEMENT,
        person=submission.person,
        role=Role.REQUESTING_AUTHORITY,
        expected=request.revision,
        received=submission.received,
        on_behalf=OnBehalf(channel=submission.channel, exhibit=exhibit),
        particulars=Particulars(reason=LATE),
    )


def _kept(request: Request, submission: Submission, exhibit: Exhibit) -> Deed:
    """A letter for the file."""
    letter = LetterKept(kind="supplement", way=Way.IN, channel=submission.channel, exhibit=exhibit, reason=LATE)
    return Deed(
        id=exhibit.id,
        act=Act.RECORD_LETTER,
        person=submission.person,
        role=Role.COORDINATOR,
        expected=request.revision,
        received=submission.received,
        particulars=letter,
    )
