"""What may be asked of the register: one request, its receipts, documents and duties."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from comity.errors import NotFound
from comity.register.tables import ARRIVAL, DOCUMENT, DUTY, EVENT, FOREIGN_REFERENCE, IDENTITY, REQUEST
from comity.request.lifecycle import Status
from comity.request.model import Receipt, Request


class Cipher(Protocol):
    """What closes and opens the sealed columns of one request."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """`plain`, closed."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was closed for the same context."""

    def keyed(self, text: str, /) -> str:
        """A digest as it may stand in the clear: under a key, or it would confirm what somebody guesses."""


class Row(BaseModel):
    """One line of a list of requests."""

    model_config = ConfigDict(frozen=True)

    reference: str
    version: int
    status: str
    stage: str
    urgency: str
    direction: str
    requesting: str
    requested: str
    received: datetime
    next_due: datetime | None
    at_work: bool
    allocated: str | None


class DutyRow(BaseModel):
    """One duty of a request, owed or done."""

    model_config = ConfigDict(frozen=True)

    reference: str
    key: str
    entered: datetime
    urgency: str
    due: datetime | None
    rung: int
    done_at: datetime | None
    done_by: int | None
    owed_by: str
    held_by: str | None
    next_at: datetime | None


def snapshot(view: sa.Connection, cipher: Cipher, reference: str) -> Request:
    """A request as it stands on record. Raises NotFound for one that has come in and not begun."""
    sealed = view.execute(_SNAPSHOT, {"of": reference}).scalar()
    if sealed is None:
        raise NotFound(f"{reference} has come in and not begun; it begins as soon as a worker runs (`comity up`)")
    return Request.model_validate_json(cipher.open(sealed, "snapshot"))


_SNAPSHOT = sa.select(REQUEST.c.snapshot).where(REQUEST.c.reference == sa.bindparam("of"))


def find(view: sa.Connection, fragment: str) -> str:
    """The reference that a person means by its beginning or end, four characters or more. Raises NotFound."""
    wanted = fragment.strip().upper()
    if len(wanted) < 4 or not wanted.isalnum() or not wanted.isascii():
        raise NotFound("a reference is 26 letters and digits; four of its beginning or end are enough")
    matching = sa.or_(ARRIVAL.c.reference.startswith(wanted), ARRIVAL.c.reference.endswith(wanted))
    found = view.execute(sa.select(ARRIVAL.c.reference).where(matching).limit(3)).scalars().all()
    if not found:
        raise NotFound(f"no request has a reference like {wanted}; `comity list` shows those that there are")
    if len(found) > 1:
        raise NotFound(f"{wanted} is not one request: {', '.join(found)}; give more of it")
    return str(found[0])


def known_by(view: sa.Connection, index: str, *, since: datetime | None = None) -> tuple[str, ...]:
    """Our references of the requests that are known by this keyed index; `since`: of those received from then on."""
    query = sa.select(FOREIGN_REFERENCE.c.reference).where(FOREIGN_REFERENCE.c.index == index)
    if since:
        query = query.join(ARRIVAL, ARRIVAL.c.reference == FOREIGN_REFERENCE.c.reference).where(ARRIVAL.c.at >= since)
    return tuple(view.execute(query.order_by(FOREIGN_REFERENCE.c.state, FOREIGN_REFERENCE.c.serial)).scalars())


def receipt(view: sa.Connection, reference: str, deed: str) -> tuple[str, Receipt] | None:
    """(keyed digest of the deed, its receipt) when a deed of that id is on record."""
    row = view.execute(_RECEIPT, {"of": reference, "id": deed}).one_or_none()
    return (row.deed_digest, Receipt.model_validate_json(row.receipt)) if row else None


# Built once: it is asked before every act, and building it took longer than asking it.
_RECEIPT = sa.select(EVENT.c.deed_digest, EVENT.c.receipt).where(
    EVENT.c.reference == sa.bindparam("of"), EVENT.c.deed == sa.bindparam("id")
)


def receipts(view: sa.Connection, reference: str, latest: int) -> dict[str, Receipt]:
    """The receipts of the latest deeds of a request, by deed, in the order in which they were done."""
    query = sa.select(EVENT.c.deed, EVENT.c.receipt).where(EVENT.c.reference == reference, EVENT.c.deed.is_not(None))
    rows = view.execute(query.order_by(EVENT.c.version.desc()).limit(latest)).all()
    return {row.deed: Receipt.model_validate_json(row.receipt) for row in reversed(rows)}


def unrung(view: sa.Connection, before: datetime, limit: int) -> list[tuple[str, str]]:
    """(reference, duty) of what should have rung by an instant and has not, the most urgent and oldest first."""
    waiting = sa.select(DUTY.c.reference, DUTY.c.key).where(DUTY.c.done_at.is_(None), DUTY.c.next_at <= before)
    rows = view.execute(waiting.order_by(DUTY.c.urgency, DUTY.c.next_at).limit(limit)).all()
    return [(row.reference, row.key) for row in rows]


def standing(view: sa.Connection, reference: str) -> Row:
    """One request as a list shows it: without a key. Raises NotFound."""
    row = view.execute(_STANDING, {"of": reference}).one_or_none()
    if row is None:
        raise NotFound(f"no request {reference} on record; `comity list` shows those that there are")
    return Row.model_validate(row._asdict())


_STANDING = sa.select(*(REQUEST.c[name] for name in Row.model_fields)).where(REQUEST.c.reference == sa.bindparam("of"))


def digests(view: sa.Connection, reference: str) -> dict[int, str]:
    """The keyed digest of each event of a request, by version."""
    query = sa.select(EVENT.c.version, EVENT.c.digest).where(EVENT.c.reference == reference)
    return {row.version: row.digest for row in view.execute(query)}


def document(view: sa.Connection, reference: str, name: str) -> bytes:
    """A sealed document of a request. Raises NotFound."""
    query = sa.select(DOCUMENT.c.sealed).where(DOCUMENT.c.reference == reference, DOCUMENT.c.name == name)
    sealed = view.execute(query).scalar()
    if sealed is None:
        raise NotFound(f"request {reference} has no document '{name}'")
    return bytes(sealed)


def identity(view: sa.Connection, reference: str, token: str) -> bytes:
    """The sealed identity behind a token. Raises NotFound."""
    query = sa.select(IDENTITY.c.sealed).where(IDENTITY.c.reference == reference, IDENTITY.c.token == token)
    sealed = view.execute(query).scalar()
    if sealed is None:
        raise NotFound(f"request {reference} keeps no identity for that token")
    return bytes(sealed)


def duties(view: sa.Connection, reference: str) -> list[DutyRow]:
    """Every duty of a request, in the order in which they came on record."""
    columns = [DUTY.c[name] for name in DutyRow.model_fields]
    query = sa.select(*columns).where(DUTY.c.reference == reference).order_by(DUTY.c.entered, DUTY.c.key)
    return [DutyRow.model_validate(row._asdict()) for row in view.execute(query)]


def arrival(view: sa.Connection, reference: str) -> bytes:
    """The sealed deed with which a request came in. Raises NotFound."""
    sealed = view.execute(sa.select(ARRIVAL.c.sealed).where(ARRIVAL.c.reference == reference)).scalar()
    if sealed is None:
        raise NotFound(f"no request {reference} has come in")
    return bytes(sealed)


def not_begun(view: sa.Connection) -> Iterator[str]:
    """The references that came in and of which nothing is on record: their workflow has yet to start."""
    begun = sa.select(REQUEST.c.reference)
    yield from view.execute(sa.select(ARRIVAL.c.reference).where(ARRIVAL.c.reference.not_in(begun))).scalars()


def living(view: sa.Connection) -> Iterator[str]:
    """The references of all requests that are not closed on record."""
    yield from view.execute(sa.select(REQUEST.c.reference).where(REQUEST.c.status != Status.CLOSED)).scalars()
