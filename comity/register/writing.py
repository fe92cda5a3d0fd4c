"""How the register comes to say what a request did: events folded, projections written, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from comity.errors import AlreadyKnown, RecordDisagrees
from comity.register.reading import Cipher, snapshot
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
from comity.request.model import Event, Owed, Request, canonical, digest_of, stage_of


def enter(tx: sa.Connection, cipher: Cipher, reference: str, events: Sequence[Event]) -> tuple[Event, ...]:
    """Fold a batch of events into the register. Returns those that were not there yet.

    Safe to repeat: an event of a known version and the same digest is done already. Raises RecordDisagrees, before
    anything is written, when a known version comes with another digest or a version is missing.
    """
    new = _not_yet_there(tx, reference, events)
    if not new:
        return ()
    before = None if new[0].version == 1 else snapshot(tx, cipher, reference)
    after = before
    for event in new:
        after = _folded(reference, after, event)
        _enter_event(tx, after, event)
    assert after is not None  # noqa: S101 - `new` is not empty
    _project(tx, cipher, before, after, new[-1])
    return new


def _not_yet_there(tx: sa.Connection, reference: str, events: Sequence[Event]) -> tuple[Event, ...]:
    query = sa.select(EVENT.c.version, EVENT.c.digest).where(
        EVENT.c.reference == reference, EVENT.c.version.in_([event.version for event in events])
    )
    known = {row.version: row.digest for row in tx.execute(query)}
    for event in events:
        if known.get(event.version, digest_of(event)) != digest_of(event):
            raise RecordDisagrees(f"{reference} has another event {event.version} on record; `comity doctor` names it")
    return tuple(event for event in events if event.version not in known)


def _folded(reference: str, request: Request | None, event: Event) -> Request:
    if request is None:
        return begin(reference, event)
    if event.version != request.version + 1:
        raise RecordDisagrees(f"{reference} stands at {request.version} on record, and event {event.version} came")
    return fold(request, event)


def _enter_event(tx: sa.Connection, request: Request, event: Event) -> None:
    receipt = receipt_of(request, event).model_dump_json() if event.deed else None
    tx.execute(
        EVENT.insert().values(
            reference=request.reference,
            version=event.version,
            digest=digest_of(event),
            deed=event.deed,
            deed_digest=event.deed_digest,
            receipt=receipt,
        )
    )


def _project(tx: sa.Connection, cipher: Cipher, before: Request | None, after: Request, last: Event) -> None:
    _upsert(tx, REQUEST, _row_of(cipher, after))
    for table, parts in _parts(after):
        for row in parts:
            if before is None or row not in dict(_parts(before))[table]:
                _upsert(tx, table, row)
    _project_duties(tx, before, after, last)


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
        "snapshot": cipher.seal(canonical(request), "snapshot"),
    }


def _parts(request: Request) -> list[tuple[sa.Table, list[dict[str, Any]]]]:
    def base(part: Any) -> dict[str, Any]:
        return {"reference": request.reference, "id": part.id, "status": part.status, "since": part.since}

    measures = [base(m) | {"urgency": m.urgency} for m in request.measures]
    questions = [base(question) | {"addressee": question.to} for question in request.questions]
    return [(MEASURE, measures), (PACKAGE, [base(package) for package in request.packages]), (QUESTION, questions)]


def _project_duties(tx: sa.Connection, before: Request | None, after: Request, last: Event) -> None:
    standing = {(owed.key, owed.entered): owed for owed in before.duties} if before else {}
    living = {(owed.key, owed.entered): owed for owed in after.duties}
    for name, owed in living.items():
        if standing.get(name) != owed:
            _upsert(tx, DUTY, _duty_row(after.reference, owed))
    for name, owed in standing.items():
        if name not in living:
            ended = {"done_at": last.since, "done_by": last.version}
            _upsert(tx, DUTY, _duty_row(after.reference, owed) | ended)


def _duty_row(reference: str, owed: Owed) -> dict[str, Any]:
    return {
        "reference": reference,
        "key": owed.key,
        "entered": owed.entered,
        "urgency": owed.urgency,
        "due": owed.due,
        "rung": owed.rung,
    }


def _upsert(tx: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> None:
    insert = (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(table).values(row)
    keys = [column.name for column in table.primary_key]
    tx.execute(insert.on_conflict_do_update(index_elements=keys, set_={k: v for k, v in row.items() if k not in keys}))


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


def know_by(tx: sa.Connection, reference: str, foreign: tuple[str, str], *, anew: bool = False) -> None:
    """Let a request be found by (State, keyed index of that State's number).

    Raises AlreadyKnown, naming our reference, when that State has sent that number before and `anew` is not said.
    """
    state, index = foreign
    query = sa.select(FOREIGN_REFERENCE.c.reference).where(
        FOREIGN_REFERENCE.c.state == state, FOREIGN_REFERENCE.c.index == index
    )
    known = tx.execute(query.order_by(FOREIGN_REFERENCE.c.serial)).scalars().all()
    if known and not anew:
        raise AlreadyKnown(known_already(state, known[-1]))
    row = {"state": state, "index": index, "serial": len(known), "reference": reference}
    tx.execute(FOREIGN_REFERENCE.insert().values(row))


def known_already(state: str, reference: str) -> str:
    """What to say to somebody who hands in a reference again."""
    return (
        f"{state} has sent this reference before: it is {reference}; "
        "say --supplement to add to that one, or --anew to open another"
    )


def keep_identity(tx: sa.Connection, reference: str, token: str, sealed: bytes) -> None:
    """Keep what only a deed may open, under the vault key."""
    tx.execute(IDENTITY.insert().values(reference=reference, token=token, sealed=sealed))
