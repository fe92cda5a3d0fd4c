"""How the register comes to say what a request did: events folded, projections written, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from comity.errors import AlreadyKnown, NotFound, RecordDisagrees
from comity.register import retention
from comity.register.reading import Cipher, known_by, snapshot
from comity.register.tables import (
    ARRIVAL,
    DOCUMENT,
    DUTY,
    EVENT,
    FOREIGN_REFERENCE,
    IDENTITY,
    MEASURE,
    PACKAGE,
    QUESTION,
    REQUEST,
)
from comity.request.fold import begin, fold, receipt_of
from comity.request.lifecycle import OUTSIDE, OWED_BY, Duty, Role, Status
from comity.request.model import Event, Owed, Request, canonical, digest_of, stage_of
from comity.store import alone, insert

_KNOWING = 61727
"""Where other States' numbers and calls are looked for and entered, by one at a time."""


def enter(tx: sa.Connection, cipher: Cipher, reference: str, events: Sequence[Event]) -> tuple[Event, ...]:
    """Fold a batch of events into the register. Returns those that were not there yet.

    Safe to repeat: an event of a known version and the same digest is done already. Raises RecordDisagrees, before
    anything is written, when a known version comes with another digest or a version is missing.
    """
    digests = {event.version: cipher.keyed(digest_of(event)) for event in events}
    known = _known(tx, reference, digests)
    new = tuple(event for event in events if event.version not in known)
    if not new:
        return ()
    before = after = _standing(tx, cipher, reference, new[0])
    rows, duties = [], dict[_DutyKey, dict[str, Any]]()
    for event in new:
        earlier, after = after, _folded(reference, after, event)
        duties |= _duty_rows(earlier, after, event)
        rows.append(_event_row(cipher, after, event) | {"digest": digests[event.version]})
    assert after is not None  # noqa: S101 - `new` is not empty
    tx.execute(_ENTER, rows)
    _project(tx, cipher, before, after)
    _upsert(tx, DUTY, list(duties.values()))
    if any(event.status == Status.CLOSED for event in new):
        retention.closed(tx, reference, after.since)
    return new


_DutyKey = tuple[str, datetime]


def _standing(tx: sa.Connection, cipher: Cipher, reference: str, first: Event) -> Request | None:
    """The request before its first new event; None before its `receive`."""
    if first.version == 1:
        return None
    try:
        return snapshot(tx, cipher, reference)
    except NotFound:
        raise RecordDisagrees(f"{reference} is not on record, and event {first.version} came") from None


# Statements are built once: building one anew for each row cost several times what running it does.
_ENTER = EVENT.insert()
_KNOWN = sa.select(EVENT.c.version, EVENT.c.digest).where(
    EVENT.c.reference == sa.bindparam("of"), EVENT.c.version.in_(sa.bindparam("versions", expanding=True))
)


def _known(tx: sa.Connection, reference: str, digests: Mapping[int, str]) -> set[int]:
    """Those of the versions that are on record. Raises RecordDisagrees when one is under another digest."""
    rows = tx.execute(_KNOWN, {"of": reference, "versions": list(digests)}).all()
    for version, digest in rows:
        if digests[version] != digest:
            raise RecordDisagrees(f"{reference} has another event {version} on record; `comity doctor` names it")
    return {version for version, _ in rows}


def _folded(reference: str, request: Request | None, event: Event) -> Request:
    if request is None:
        return begin(reference, event)
    if event.version != request.version + 1:
        raise RecordDisagrees(f"{reference} stands at {request.version} on record, and event {event.version} came")
    return fold(request, event)


def _event_row(cipher: Cipher, request: Request, event: Event) -> dict[str, Any]:
    return {
        "reference": request.reference,
        "version": event.version,
        "deed": event.deed,
        "deed_digest": cipher.keyed(event.deed_digest) if event.deed_digest else None,
        "receipt": receipt_of(request, event).model_dump_json() if event.deed else None,
    }


def _project(tx: sa.Connection, cipher: Cipher, before: Request | None, after: Request) -> None:
    _upsert(tx, REQUEST, [_row_of(cipher, after)])
    standing = _parts(before) if before else {}
    for table, rows in _parts(after).items():
        _upsert(tx, table, [row for row in rows if row not in standing.get(table, ())])


def _row_of(cipher: Cipher, request: Request) -> dict[str, Any]:
    return {
        "reference": request.reference,
        "version": request.version,
        "status": request.status,
        "stage": stage_of(request),
        "urgency": request.urgency,
        "direction": request.direction,
        "requesting": request.requesting,
        "requested": request.requested,
        "received": request.received,
        "next_due": min((owed.due for owed in request.duties if owed.due), default=None),
        "at_work": request.status not in (Status.WATCHED, Status.CLOSED),
        "allocated": request.allocated,
        "snapshot": cipher.seal(canonical(request), "snapshot"),
    }


def _parts(request: Request) -> dict[sa.Table, list[dict[str, Any]]]:
    def base(part: Any) -> dict[str, Any]:
        return {"reference": request.reference, "id": part.id, "status": part.status, "since": part.since}

    measures = [base(m) | {"urgency": m.urgency} for m in request.measures]
    questions = [base(question) | {"addressee": question.to} for question in request.questions]
    return {MEASURE: measures, PACKAGE: [base(package) for package in request.packages], QUESTION: questions}


def _duty_rows(before: Request | None, after: Request, event: Event) -> dict[_DutyKey, dict[str, Any]]:
    """The duties that an event made, changed or ended: one that comes and goes within a batch is on record, too."""
    standing = {(owed.key, owed.entered): owed for owed in before.duties} if before else {}
    living = {(owed.key, owed.entered): owed for owed in after.duties}
    changed = {name: _duty_row(after, owed) for name, owed in living.items() if standing.get(name) != owed}
    gone = {name: owed for name, owed in standing.items() if name not in living}
    return changed | {name: _duty_row(after, owed, event) for name, owed in gone.items()}


def _duty_row(request: Request, owed: Owed, ended: Event | None = None) -> dict[str, Any]:
    roles = _owing(request, owed)
    return {
        "reference": request.reference,
        "key": owed.key,
        "entered": owed.entered,
        "urgency": owed.urgency,
        "due": owed.due,
        "rung": owed.rung,
        "done_at": ended.since if ended else None,
        "done_by": ended.version if ended else None,
        "owed_by": ", ".join(roles),
        "outside": bool(OUTSIDE.intersection(roles)),
        "held_by": owed.held_by,
        "next_at": owed.next_at,
    }


def _owing(request: Request, owed: Owed) -> tuple[Role, ...]:
    """Who owes a duty from its opening on: an answer, whoever was asked."""
    asked = tuple(question.to for question in request.questions if question.id == owed.part)
    return asked if owed.duty == Duty.ANSWER else OWED_BY[owed.duty]


def _upsert(tx: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Enter whole rows, each in the place of the one of the same key."""
    if rows:
        tx.execute(_upserting(table, tx.dialect.name), rows)


@cache
def _upserting(table: sa.Table, dialect: str) -> sa.Executable:
    entering = insert(dialect, table)
    keys = [column.name for column in table.primary_key]
    others = {column.name: column for column in entering.excluded if column.name not in keys}
    return entering.on_conflict_do_update(index_elements=keys, set_=others)


# --- arrival: what is kept before a request's workflow begins ---------------------------------------------------------


@dataclass(frozen=True)
class Arriving:
    """What is kept of a request as it comes in: everything sealed but its own number."""

    reference: str
    at: datetime
    deed: bytes
    documents: Mapping[str, bytes]
    identities: Mapping[str, bytes]


def arrive(tx: sa.Connection, arriving: Arriving) -> None:
    """Keep what came in, so that nothing is lost between here and the start of its workflow."""
    tx.execute(ARRIVAL.insert().values(reference=arriving.reference, at=arriving.at, sealed=arriving.deed))
    for name, sealed in arriving.documents.items():
        tx.execute(DOCUMENT.insert().values(reference=arriving.reference, name=name, at=arriving.at, sealed=sealed))
    for token, sealed in arriving.identities.items():
        tx.execute(IDENTITY.insert().values(reference=arriving.reference, token=token, sealed=sealed))


def confirm(tx: sa.Connection, reference: str, letter: bytes, *, at: datetime, identities: Mapping[str, bytes]) -> None:
    """Put the letter that confirms an oral request in the place of what was told, and keep who its tokens stand for.

    What was told stays as it was received, among the identities. Safe to repeat.
    """
    _upsert(tx, DOCUMENT, [{"reference": reference, "name": "letter", "at": at, "sealed": letter}])
    kept = identities.items()
    _upsert(tx, IDENTITY, [{"reference": reference, "token": token, "sealed": sealed} for token, sealed in kept])


def know_by(tx: sa.Connection, reference: str, foreign: tuple[str, str], *, anew: bool = False) -> None:
    """Let a request be found by (State, keyed index of that State's number).

    Raises AlreadyKnown, naming our reference, when that State has sent that number before and `anew` is not said.
    """
    alone(tx, _KNOWING)
    state, index = foreign
    query = sa.select(FOREIGN_REFERENCE.c.reference).where(
        FOREIGN_REFERENCE.c.state == state, FOREIGN_REFERENCE.c.index == index
    )
    known = tx.execute(query.order_by(FOREIGN_REFERENCE.c.serial)).scalars().all()
    if known and not anew:
        raise AlreadyKnown(known_already(state, known[-1]))
    row = {"state": state, "index": index, "serial": len(known), "reference": reference}
    tx.execute(FOREIGN_REFERENCE.insert().values(row))


def know_by_calls(
    tx: sa.Connection, reference: str, told: tuple[str, Sequence[str]], *, since: datetime | None
) -> None:
    """Let a request be found by what (State, keyed indexes) was told by voice.

    Raises AlreadyKnown, naming our reference, when some of it was told from `since` on (None: it is another case).
    """
    alone(tx, _KNOWING)
    state, calls = told
    if since is not None:
        refuse_told(tx, told, since)
    for call in calls:
        know_by(tx, reference, (state, call), anew=True)  # one of another day is no reason to refuse


def refuse_told(view: sa.Connection, told: tuple[str, Sequence[str]], since: datetime) -> None:
    """Raises AlreadyKnown when some of what (State, keyed indexes) was told by voice had been told from then on."""
    state, calls = told
    known = [reference for call in calls for reference in known_by(view, call, since=since)]
    if known:
        raise AlreadyKnown(
            f"{state} told this by voice within the last 24 hours: it is {known[-1]}, and goes on there; "
            "say --anew where it is another case"
        )


def known_already(state: str, reference: str) -> str:
    """What to say to somebody who hands in a reference again."""
    return (
        f"{state} has sent this reference before: it is {reference}; "
        "say --supplement to add to that one, or --anew to open another"
    )


def keep_identity(tx: sa.Connection, reference: str, token: str, sealed: bytes) -> None:
    """Keep what only a deed may open, under the vault key."""
    tx.execute(IDENTITY.insert().values(reference=reference, token=token, sealed=sealed))
