"""Until when what a closed request has left is kept: shown to people, and moved by a head of unit."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from temporalio.service import RPCError
from ulid import ULID

from activities.notices import By, notice
from activities.record import RecordCipher
from activities.retention import looked_at
from comity.errors import Busy, NotOpen, Objection, Refused
from comity.home import Home
from comity.law.calendars import OfficeCalendar
from comity.ledger import log
from comity.ledger.leaf import Entry
from comity.register import reading, retention
from comity.request.deadlines import end_of_period, length_of
from comity.request.keeping import Keeping, KeptRow, prolonged
from comity.request.lifecycle import Role, Status
from comity.request.model import At, PersonId
from desk.counter import Counter
from desk.telling import instant
from temporal import tracing

_MAY = frozenset({Role.HEAD_OF_UNIT})
GIVEN = "date given by a person"


class Prolonging(BaseModel):
    """What is to be kept longer, until when and why, as a head of unit says it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: Keeping
    until: At
    reason: str = Field(min_length=1, max_length=20_000)
    trace: str | None = None


class Wish(Prolonging):
    """What the ledger keeps of a prolonging that was refused: also who wished it."""

    act: str = "prolong"
    person: PersonId


def kept(home: Home, reference: str) -> tuple[KeptRow, ...]:
    """The dates of a closed request. Raises NotFound, NotOpen while it is not closed, Busy until they are reckoned."""
    with home.store.reading() as view:
        return _rows(view, reference)


def _rows(view: sa.Connection, reference: str) -> tuple[KeptRow, ...]:
    status = reading.standing(view, reference).status
    if status != Status.CLOSED:
        raise NotOpen(f"this request is {status}: its dates begin when it is closed; `comity show` says what it owes")
    if not retention.is_reckoned(view, reference):
        raise Busy("the dates of this closing are being reckoned; say the same again in a moment")
    return retention.rows(view, reference)


def lines(rows: tuple[KeptRow, ...]) -> list[str]:
    """The dates as a person reads them."""
    return [f"{row.what:<8} until {instant(row.due)}  told {row.told} times  ({row.rule})" for row in rows]


async def prolong(counter: Counter, reference: str, person: str, said: Prolonging) -> tuple[KeptRow, ...]:
    """Keep something longer, as a head of unit. Returns the dates as they stand then.

    Entry and dates are one transaction. The clock looks again by itself, at the latest when it would have told people.
    Raises Refused, after entering the attempt in the ledger.
    """
    try:
        rows = await asyncio.to_thread(_entered, counter, reference, person, said)
    except Refused as refusal:
        counter.enter_attempt(reference, Wish(**said.model_dump(), person=person), refusal)
        raise
    with suppress(RPCError):
        await looked_at(counter.client, reference)
    return rows


def _entered(counter: Counter, reference: str, person: str, said: Prolonging) -> tuple[KeptRow, ...]:
    role, now = counter.role_for(person, _MAY, on_behalf=False), datetime.now(UTC)
    RecordCipher(counter.home.keys, reference)  # its key is opened before the transaction
    latest = _latest_review(counter.home, now)
    with counter.home.store.transaction() as tx:
        moved = _moved(_rows(tx, reference), said, now, latest)
        retention.prolong(tx, reference, moved, GIVEN)
        rows = retention.rows(tx, reference)
        log.append(tx, [_entry(counter.home, reference, said, By(person, role, now))])
    return rows


def _latest_review(home: Home, now: datetime) -> datetime:
    settings = home.settings
    calendar = OfficeCalendar.of(settings.own_state, settings.zone)
    return end_of_period(now, length_of(home.laws.today.retention.review_again), calendar)


def _moved(
    rows: tuple[KeptRow, ...], said: Prolonging, now: datetime, latest_review: datetime
) -> dict[Keeping, datetime]:
    dates = {row.what: row.due for row in rows if row.due}
    if said.until <= max(now, dates[said.what]):
        after = instant(max(now, dates[said.what]))
        raise Objection(f"{said.what}: no date is brought forward; name one after {after} UTC")
    if said.what == Keeping.REVIEW and said.until > latest_review:
        raise Objection(f"a review is put off until {instant(latest_review)} UTC at the latest; then it is due again")
    return prolonged(dates, said.what, said.until)


def _entry(home: Home, reference: str, said: Prolonging, by: By) -> Entry:
    """A notice, and no deed: the request itself did nothing, and its versions go on as if nothing had been."""
    prolonging = said.model_copy(update={"trace": tracing.trace_id()})
    name = f"prolonging {ULID()}"
    return notice(home, reference, prolonging, act="prolong", name=name, by=by, status=said.what)
