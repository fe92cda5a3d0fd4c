"""What a person said on the command line becomes a deed."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ulid import ULID

from comity.errors import NotFound, NotOpen, Stale, Unreadable
from comity.faults import faults_of
from comity.home import Home
from comity.request.lifecycle import Act, Role, step_of, still_of
from comity.request.model import (
    BY_MACHINE,
    BY_WIRE,
    Channel,
    Deed,
    Draft,
    Measure,
    OnBehalf,
    Package,
    Particulars,
    Request,
    particulars_of,
)
from comity.request.rules import check, part_of
from desk.counter import Counter, Tried
from desk.filing import Paper, file_paper
from desk.filling import On, filled, takes
from desk.receipting import of_receipt
from desk.telling import offered
from desk.tracing import before

SHORTEST_DIGEST = 8
_WHOLE = 64


@dataclass(frozen=True)
class Said:
    """The words of one `comity act`, as typed."""

    act: str
    part: str
    role: str | None
    words: str
    reason: str
    particulars: str = "{}"
    receipt: Path | None = None
    on_behalf: Paper | None = None
    happened: datetime | None = None
    received: datetime | None = None
    seen: int | None = None
    deed: str | None = None


def deed_of(counter: Counter, reference: str, person: str, said: Said) -> Deed:
    """The deed that was meant, its proof sealed where it is done on behalf of somebody outside.

    What is said again under the id of a deed on record is read against the request as it stood before: the same deed.
    Raises NotOpen for an unknown act, and, after entering the attempt: NotOpen for an unknown role, Unreadable for
    particulars that are wrong, Stale for a digest of something else than what stands, and what the door would raise.
    """
    request = _as_it_stood(counter, reference, said.deed)
    act = _act(request, said.act)
    receipt = of_receipt(counter, request, (person, said.part), said.receipt)
    with counter.attempt(reference, Tried(act=act, person=person, part=said.part)):
        return _deed(counter, request, (act, person, said), receipt)


def _deed(counter: Counter, request: Request, what: tuple[Act, str, Said], receipt: dict[str, Any]) -> Deed:
    act, person, said = what
    role = role_named(said.role) or counter.role_for(person, _able(request, act, said), on_behalf=bool(said.on_behalf))
    particulars = _bound_to_key(counter.home, _particulars(counter, request, (act, said), receipt))
    deed = Deed(
        id=said.deed or str(ULID()),
        act=act,
        part=said.part,
        person=person,
        role=role,
        expected=_seen(request, said),
        happened=_utc(said.happened),
        received=_utc(said.received),
        particulars=particulars,
    )
    return _proven(counter, request, deed, said.on_behalf) if said.on_behalf else deed


def _as_it_stood(counter: Counter, reference: str, deed: str | None) -> Request:
    request = counter.request(reference)
    if deed and counter.on_record(reference, deed):
        return before(counter.home, request, deed)
    return request


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None


def _proven(counter: Counter, request: Request, deed: Deed, paper: Paper) -> Deed:
    """The deed with the paper that proves it: said again, it is the same paper."""
    counter.people.may_act(deed.person, deed.role, on_behalf=True)
    if not counter.on_record(request.reference, deed.id):
        check(request, deed, datetime.now(UTC))  # before the paper is sealed
    role = counter.people.in_hand(deed.person, deed.role)
    filed = file_paper(counter.home, request.reference, paper, (deed.id, deed.person, role))
    return deed.model_copy(update={"on_behalf": OnBehalf(channel=paper.channel, exhibit=filed)})


def plain(name: str) -> str:
    """The name of an act however it was typed."""
    return name.replace("-", " ").strip().lower()


def _act(request: Request, name: str) -> Act:
    wanted = plain(name)
    if wanted not in list(Act):
        near = get_close_matches(wanted, list(Act), n=1)
        meant = f", perhaps '{near[0]}'" if near else ""
        open_now = ", ".join(sorted({offer["act"] for offer in offered(request)}))
        raise NotOpen(f"there is no act of that name{meant}; open now: {open_now}; all acts: `comity lifecycle`")
    return Act(wanted)


def role_named(name: str | None) -> Role | None:
    """The role of that name, where one was named. Raises NotOpen."""
    if name is None:
        return None
    if name not in list(Role):
        raise NotOpen(f"there is no role of that name; there are {', '.join(Role)}")
    return Role(name)


def _able(request: Request, act: Act, said: Said) -> frozenset[Role]:
    """Who may do the act here; where no row allows it, anybody: the door will say what is open instead."""
    row = step_of(part_of(request, said.part).status, act, request.edition) or still_of(act, request.edition)
    return row.roles if row else frozenset(Role)


def _seen(request: Request, said: Said) -> int:
    return said.seen if said.seen is not None else part_of(request, said.part).revision


def _particulars(counter: Counter, request: Request, what: tuple[Act, Said], receipt: dict[str, Any]) -> Particulars:
    act, said = what
    given = filled(counter, On(request, said.part), act, json_object(said.particulars) | receipt)
    texts = {name: text for name, text in (("words", said.words), ("reason", said.reason)) if text}
    kind = particulars_of(act)
    try:
        return kind.model_validate(_whole_digest(request, said.part, given | texts))
    except ValidationError as error:
        raise Unreadable(f"--with: {'; '.join(faults_of(error, kind, 'it'))}; '{act}' takes {takes(act)}") from None


def _bound_to_key(home: Home, particulars: Particulars) -> Particulars:
    """A draft names the recipient's public key as it stands here: what two people release goes to that key only.

    It goes by the recipient's own channel, unless another was named. What a person carries, or says by phone, may be
    for somebody of whom no key is here. Raises Unreadable for a key to which nothing can be closed today.
    """
    from comity.evidence.recipient import check as check_key

    if not isinstance(particulars, Draft):
        return particulars
    channel = _channel_of(home, particulars)
    try:
        key = home.recipient_key(particulars.recipient)
    except NotFound:
        if channel in BY_MACHINE:
            raise
        return particulars
    check_key(key, datetime.now(UTC))
    return particulars.model_copy(update={"channel": channel, "key": hashlib.sha256(key.encode()).hexdigest()})


def _channel_of(home: Home, draft: Draft) -> Channel:
    """Raises Unreadable for a faulty file of the recipient's, NotFound for a channel that it does not name."""
    named = draft.channel if "channel" in draft.model_fields_set else None
    if named is not None and named not in BY_WIRE:
        return named
    destination = home.recipients.destination(draft.recipient)
    own = destination.by if destination else Channel.FOLDER
    if named not in (None, own):
        raise NotFound(f"that recipient takes no packages by {named}, but by {own}; recipients/NAME.toml says by which")
    return own


def _whole_digest(request: Request, part: str, given: dict[str, Any]) -> dict[str, Any]:
    """The digest that stands before the person may be given by its beginning, as `comity show` prints it.

    A whole one is the door's to compare. Raises Stale for the beginning of another.
    """
    seen = given.get("seen")
    if not isinstance(seen, str) or len(seen) >= _WHOLE:
        return given
    standing = _standing(request, part)
    if standing is None:
        raise Stale(
            f"--with: seen: nothing stands on {part} that has a digest to be seen; `comity show` says what is open"
        )
    if len(seen) < SHORTEST_DIGEST or not standing.startswith(seen):
        raise Stale(
            f"--with: seen: what stands on {part} now has the digest {standing[:12]}, not the one named;"
            " look at it again (`comity show`) before you decide"
        )
    return given | {"seen": standing}


def _standing(request: Request, part: str) -> str | None:
    found = part_of(request, part)
    if isinstance(found, Measure):
        return found.proposal
    return found.content if isinstance(found, Package) else None


def json_object(text: str) -> dict[str, Any]:
    """What was given as a JSON object on the command line. Raises Unreadable."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"--with: no JSON at character {error.pos}; an object is needed: {_EXAMPLE}") from None
    if not isinstance(value, dict):
        raise Unreadable(f"--with: an object is needed: {_EXAMPLE}")
    return value


_EXAMPLE = '\'{"until": "2026-12-01T12:00:00Z"}\''
