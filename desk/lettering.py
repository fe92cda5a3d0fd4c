"""Letters of a request: written from their templates, or kept as they came, each sealed as an exhibit of the file."""

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from ulid import ULID

from comity.errors import NotFound, NotOpen, Unreadable
from comity.faults import faults_of
from comity.home import Home
from comity.letters.choosing import Meant, Wanted, settled
from comity.letters.done import Done, done_of
from comity.letters.kinds import kind_named
from comity.letters.rendering import file_of, render
from comity.letters.viewing import Known, view_of
from comity.request.lifecycle import STILLS, Act, Role
from comity.request.model import Channel, Deed, Exhibit, LetterKept, Receipt, Request, Way
from comity.request.rules import check, part_of
from desk.counter import Counter, Tried
from desk.filing import Paper, file_paper
from desk.leaving import leave, refuse_old_file
from desk.opening import letter_of
from desk.sealing import Handed, sealed_once
from desk.telling import questions
from desk.tracing import events

LARGEST = 1 << 20
"""Bytes that an edited text may have."""

_NOT_YET = Exhibit(id="0" * 26, sha256="0" * 64, size=0)
"""Stands for an exhibit while the deed is checked, before anything is sealed."""


@dataclass(frozen=True)
class Said:
    """The words of one `comity letter`, as typed.

    `text` is an edited text in place of the drafted one, `out` a new file for whoever hands the letter on, `coming`
    a letter that came in.
    """

    kind: str
    about: tuple[str, ...] = ()
    to: str | None = None
    until: datetime | None = None
    channel: str = Channel.LETTER
    text: Path | None = None
    out: Path | None = None
    coming: Paper | None = None
    received: datetime | None = None
    reason: str = ""
    draft: bool = False
    deed: str | None = None


class Lettered(BaseModel):
    """What became of a letter: its text (None where it came in), and what is on record (None for a draft)."""

    model_config = ConfigDict(frozen=True)

    kind: str
    about: tuple[str, ...]
    text: str | None = None
    exhibit: Exhibit | None = None
    receipt: Receipt | None = None
    next: str = ""

    def lines(self) -> Iterator[str]:
        """What is shown: the text, then what is on record and what is to be done with it."""
        if self.text is not None:
            yield self.text.rstrip("\n")
        if self.receipt and self.exhibit:
            about = f" about {', '.join(self.about)}" if self.about else ""
            yield f"\n'{self.kind}'{about} is on record (version {self.receipt.version}), exhibit {self.exhibit.id}"
        if self.next:
            yield self.next


async def lettered(counter: Counter, reference: str, person: str, said: Said) -> Lettered:
    """Draft a letter, write it, or keep one that came in. Nothing is ever sent: a person hands it on.

    Safe to repeat with the same deed id while nothing moves: a letter is dated by it. Raises what is wrong with what
    was said, before anything is sealed, and what the door would raise; but for a draft, after entering the attempt.
    """
    request = counter.request(reference)
    if said.coming is not None:
        return await _keep(counter, request, (person, said.coming, _with_id(said)))
    said = replace(said, kind=said.kind.replace("-", " "))
    if said.draft:
        meant, text = _drafted(counter.home, request, said)
        return Lettered(kind=said.kind, about=meant.about, text=text)
    return await _write(counter, request, (person, _with_id(said)))


def _with_id(said: Said) -> Said:
    return replace(said, deed=said.deed or str(ULID()))


# --- what goes out ----------------------------------------------------------------------------------------------------


async def _write(counter: Counter, request: Request, what: tuple[str, Said]) -> Lettered:
    person, said = what
    with _attempt(counter, request, person):
        meant, text = _drafted(counter.home, request, said)
        settled_on = replace(said, about=meant.about, until=meant.until)
        deed = _checked(counter, request, _deed(counter, person, settled_on, Way.OUT))
        refuse_old_file(said.out)
    seal = sealed_once(counter.home, _handed(request, deed, said), io.BytesIO(text.encode()))
    exhibit = Exhibit(id=deed.id, sha256=seal.sha256, size=seal.size)
    receipt = await _entered(counter, request, deed, exhibit)
    if said.out is not None:
        leave(said.out, [text.encode()])
    return Lettered(
        kind=said.kind, about=meant.about, text=text, exhibit=exhibit, receipt=receipt, next=_handing_on(said)
    )


def _handing_on(said: Said) -> str:
    act = kind_named(said.kind).act
    return f"hand this on by {said.channel}; nothing was sent. It tells of '{act}', which is an act of its own"


def _drafted(home: Home, request: Request, said: Said) -> tuple[Meant, str]:
    """The letter as it is meant, and its text."""
    done = done_of(tuple(events(home, request.reference)))
    meant = settled(request, _wanted(request, said), done)
    if said.text is not None:
        return meant, _edited(said.text)
    return meant, render(view_of(request, meant, _known(home, request, done)))


def _wanted(request: Request, said: Said) -> Wanted:
    for name in said.about:
        part_of(request, name)  # NotFound, naming the parts that there are
    try:
        return Wanted(
            kind=said.kind,
            written=_written(said.deed),
            to=_role(said.to),
            about=said.about or _about_before(request, said.deed),
            until=_utc(said.until),
        )
    except ValidationError as error:
        raise Unreadable("; ".join(faults_of(error, Wanted, "letter"))) from None


def _about_before(request: Request, deed: str | None) -> tuple[str, ...]:
    """What the letter is about that this deed has entered already: said again, it speaks of the same."""
    return next((kept.about for kept in request.letters if kept.exhibit.id == deed), ())


def _written(deed: str | None) -> datetime:
    """When a letter is dated: by its deed's id, so that the same said again is the same letter."""
    try:
        return ULID.from_str(deed).datetime if deed else datetime.now(UTC)
    except ValueError:
        raise Unreadable("--id: an id is needed as we give them: 26 letters and digits") from None


def _role(name: str | None) -> Role | None:
    if name is not None and name not in list(Role):
        raise NotOpen(f"--to: there is no role of that name; there are {', '.join(Role)}")
    return Role(name) if name else None


def _edited(path: Path) -> str:
    """An edited text. Raises NotFound, or Unreadable for what is empty, too large or no UTF-8."""
    if not path.is_file():
        raise NotFound("--text: no file stands there")
    with path.open("rb") as source:
        data = source.read(LARGEST + 1)
    if not data.strip() or len(data) > LARGEST:
        raise Unreadable(f"--text: a text is needed, of at most {LARGEST >> 10} KiB")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"--text: it must be UTF-8; it is not from byte {error.start} on") from None


# --- what is known of a request ---------------------------------------------------------------------------------------


def _known(home: Home, request: Request, done: Done) -> Known:
    asked = questions(home, request.reference)
    return Known(
        law=home.laws.of(request.law),
        us=home.settings.own_state,
        letter=letter_of(home, request.reference),
        sentences={f"Q{number}": lack.asks for number, lack in enumerate(asked, 1)},
        done=done,
    )


# --- what came in -----------------------------------------------------------------------------------------------------


async def _keep(counter: Counter, request: Request, what: tuple[str, Paper, Said]) -> Lettered:
    """Any kind of letter, as it came."""
    person, paper, said = what
    with _attempt(counter, request, person):
        _refuse_edited(said)
        for name in said.about:
            part_of(request, name)
        deed = _checked(counter, request, _deed(counter, person, said, Way.IN))
        exhibit = file_paper(counter.home, request.reference, paper, (deed.id, deed.person, deed.role))
    receipt = await _entered(counter, request, deed, exhibit)
    return Lettered(kind=said.kind, about=said.about, exhibit=exhibit, receipt=receipt)


def _refuse_edited(said: Said) -> None:
    if said.text or said.to or said.out or said.draft:
        raise Unreadable("--in and --post keep a letter as it came: leave out --text, --to, --out and --draft")


# --- the deed ---------------------------------------------------------------------------------------------------------


def _channel(name: str) -> Channel:
    if name not in list(Channel):
        raise Unreadable(f"--channel: there is no channel of that name; there are {', '.join(Channel)}")
    return Channel(name)


def _utc(at: datetime | None) -> datetime | None:
    """An instant as typed, without its zone; one of the record has it."""
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _deed(counter: Counter, person: str, said: Said, way: Way) -> Deed:
    channel, role = _channel(said.channel), counter.role_for(person, STILLS[Act.RECORD_LETTER].roles, on_behalf=False)
    until, received = _utc(said.until), _utc(said.received)
    try:
        kept = LetterKept(
            kind=said.kind,
            way=way,
            channel=channel,
            exhibit=_NOT_YET,
            about=said.about,
            until=until,
            reason=said.reason,
        )
        return Deed(
            id=said.deed or "", act=Act.RECORD_LETTER, person=person, role=role, received=received, particulars=kept
        )
    except ValidationError as error:
        raise Unreadable("; ".join(faults_of(error, Deed, "letter"))) from None


def _attempt(counter: Counter, request: Request, person: str) -> AbstractContextManager[None]:
    return counter.attempt(request.reference, Tried(act=Act.RECORD_LETTER, person=person))


def _checked(counter: Counter, request: Request, deed: Deed) -> Deed:
    """The deed, of which the door would have nothing to say; nothing is sealed for one that it refuses."""
    if not counter.on_record(request.reference, deed.id):
        check(request, deed, datetime.now(UTC))
    return deed


def _handed(request: Request, deed: Deed, said: Said) -> Handed:
    reason = f"letter of the file, by {said.channel}"
    return Handed(request.reference, deed.id, file_of(said.kind), deed.person, deed.role, reason)


async def _entered(counter: Counter, request: Request, deed: Deed, exhibit: Exhibit) -> Receipt:
    kept = deed.particulars.model_copy(update={"exhibit": exhibit})
    return await counter.act(request.reference, deed.model_copy(update={"particulars": kept}))
