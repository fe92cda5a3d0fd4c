"""The papers of a file are read: who read one, and why, is in its custody before the first byte is given."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import category

from pydantic import AwareDatetime, BaseModel
from ulid import ULID

from activities.exhibits import custody_entry, opened_seal, particulars_of
from comity.errors import Objection, Unreadable
from comity.evidence import exhibits
from comity.evidence.custody import OUR_OFFICE, Action, CustodyEntry
from comity.evidence.exhibits import Sealed
from comity.evidence.naming import visible
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.ledger import log
from comity.request.lifecycle import OFFICE, Role
from comity.request.model import Request
from desk.counter import Counter
from desk.leaving import leave, refuse_old_file
from desk.sealing import refuse_never_open


@dataclass(frozen=True)
class Wanted:
    """One paper that somebody asks for: which, who, why, and the new file for it (None: it is shown as text)."""

    exhibit: str
    person: str
    reason: str
    out: Path | None = None


class Asked(BaseModel):
    """That somebody asked for a paper: what the ledger keeps of a reading that was refused."""

    act: str = "read a paper"
    person: str
    exhibit: str
    reason: str


class Listed(BaseModel):
    """One paper of a file: its id, its name as its giver had it, what it is, its size in bytes, when it was sealed."""

    exhibit: str
    name: str
    what: str
    size: int
    at: AwareDatetime

    @property
    def line(self) -> str:
        """The same for a terminal."""
        return f"{self.exhibit}  {self.at:%Y-%m-%d %H:%M}  {self.size:>9} bytes  {self.what}: {visible(self.name)}"


def papers(counter: Counter, reference: str) -> Iterator[Listed]:
    """The letters, slips, notes and annexes of a request, in the order in which they were sealed."""
    request = counter.request(reference)
    kinds = {letter.exhibit.id: f"{letter.kind} ({letter.way})" for letter in request.letters}
    with counter.home.store.reading() as view:
        sealed = exhibits.of_request(view, reference)
    for each in sealed:
        if not _is_evidence(request, each.exhibit):
            yield _listed(counter.home, each, kinds.get(each.exhibit))


def _is_evidence(request: Request, exhibit: str) -> bool:
    return exhibit in {held.id for held in request.exhibits}


def _listed(home: Home, each: Sealed, letter: str | None) -> Listed:
    seal, known = opened_seal(home, each), particulars_of(home, each)
    what = letter or ("description of a thing" if known.item else "paper of the file")
    return Listed(exhibit=each.exhibit, name=known.name, what=what, size=seal.size, at=each.sealed_at)


def name_of(home: Home, each: Sealed) -> str:
    """The name of a paper as its giver had it."""
    return particulars_of(home, each).name


def read(counter: Counter, reference: str, wanted: Wanted) -> str | None:
    """The text of a paper, or None when it was left in a new file. Whoever reads it stands in its custody first.

    Raises NotYours for people outside the office, NotFound, Objection for evidence, which leaves in packages only, and
    Unreadable for what is no text and was asked for without a file. A refusal is entered as an attempt.
    """
    asked = Asked(person=wanted.person, exhibit=wanted.exhibit, reason=wanted.reason)
    with counter.attempt(reference, asked):
        return _read(counter, reference, wanted)


def _read(counter: Counter, reference: str, wanted: Wanted) -> str | None:
    role = counter.role_for(wanted.person, OFFICE, on_behalf=False)
    return opened(counter.home, _paper(counter, reference, wanted.exhibit), wanted, role)


def opened(home: Home, sealed: Sealed, wanted: Wanted, role: Role) -> str | None:
    """What `read` gives, of a paper that was found for somebody who may read it."""
    refuse_never_open(home, sealed)
    refuse_old_file(wanted.out)
    _enter(home, sealed, _custody(home, sealed, wanted, role))
    if wanted.out is None:
        return _text(b"".join(chunks(home, sealed)))
    leave(wanted.out, chunks(home, sealed))
    return None


def chunks(home: Home, sealed: Sealed) -> Iterator[bytes]:
    """The bytes of a paper, piece by piece; whoever asks has entered why."""
    context = f"exhibit {sealed.exhibit}"
    return home.vault.read(
        sealed.exhibit, lambda wrapped: home.keys.open(sealed.reference, KeyClass.CONTENT, wrapped, context)
    )


def _paper(counter: Counter, reference: str, exhibit: str) -> Sealed:
    known = {each.exhibit for each in papers(counter, reference)}
    if _is_evidence(counter.request(reference), exhibit):
        raise Objection("this is evidence: it leaves in a package, and is not opened here")
    if exhibit not in known:
        raise Objection(f"this request has no such paper; it has: {', '.join(sorted(known)) or 'none'}")
    with counter.home.store.reading() as view:
        return exhibits.find(view, exhibit)


def _custody(home: Home, sealed: Sealed, wanted: Wanted, role: Role) -> CustodyEntry:
    sha256 = opened_seal(home, sealed).sha256
    return CustodyEntry(
        exhibit=sealed.exhibit,
        action=Action.ACCESSED,
        person=wanted.person,
        role=role,
        organisation=OUR_OFFICE,
        reason=wanted.reason,
        at=datetime.now(UTC),
        zone=home.settings.zone,
        hash_before=sha256,
        tool="comity",
    )


def _enter(home: Home, sealed: Sealed, custody: CustodyEntry) -> None:
    entry = custody_entry(home, sealed.reference, custody, str(ULID()))
    with home.store.transaction() as tx:
        log.append(tx, [entry])


def _text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if any(category(char) == "Cc" and char not in "\n\r\t" for char in text):
        raise Unreadable("this paper is no plain text: say where to leave it, --out FILE")
    return text
