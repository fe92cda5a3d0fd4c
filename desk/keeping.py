"""Until when what a closed request has left is kept: shown to people, and moved by a head of unit."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from temporalio.service import RPCError
from ulid import ULID

from activities.notices import By, notice
from activities.retention import looked_at
from comity.errors import Busy, NotOpen, Objection
from comity.home import Home
from comity.keys.record_key import RecordCipher
from comity.law.calendars import OfficeCalendar
from comity.ledger import log
from comity.ledger.leaf import Entry
from comity.register import destruction, holds, reading, retention
from comity.request.deadlines import end_of_period, length_of
from comity.request.destroying import Destruction
from comity.request.keeping import Keeping, KeptRow, prolonged
from comity.request.lifecycle import Role, Status
from comity.request.model import At, PersonId
from desk import destroying
from desk.counter import Counter
from desk.wording import instant
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
    if Keeping.RECORD in destruction.gone(view, reference):
        return ()
    if not retention.is_reckoned(view, reference):
        raise Busy("the dates of this closing are being reckoned; say the same again in a moment")
    return retention.rows(view, reference)


class Fate(KeptRow):
    """One date, how many holds stand before it, and how far its destruction has come."""

    holds: int
    destruction: Destruction | None


def fates(home: Home, rows: tuple[KeptRow, ...], reference: str) -> tuple[Fate, ...]:
    """Each date of a request with what stands before it; of what is destroyed, the date that had come."""
    with home.store.reading() as view:
        standing, ends = holds.standing(view, reference), {each.what: each for each in destruction.of(view, reference)}
    gone = tuple(_gone(each) for each in ends.values() if each.what not in {row.what for row in rows})
    ordered = sorted((*rows, *gone), key=lambda row: list(Keeping).index(row.what))
    return tuple(Fate(**row.model_dump(), holds=standing, destruction=ends.get(row.what)) for row in ordered)


def _gone(end: Destruction) -> KeptRow:
    return KeptRow(what=end.what, due=end.due, next_at=end.due, told=0, reckoned=True, rule=end.rule)


def lines(rows: tuple[Fate, ...]) -> list[str]:
    """The dates as a person reads them, each with how far its destruction has come."""
    return [line for row in rows for line in _lines(row)]


def _lines(row: Fate) -> Iterator[str]:
    if not (row.destruction and row.destruction.shredded_at):
        held = "  HELD" if row.holds else ""
        yield f"{row.what:<8} until {instant(row.due)} UTC  told {row.told} times  ({row.rule}){held}"
    if row.destruction:
        yield destroying.line(row.destruction)


async def prolong(counter: Counter, reference: str, person: str, said: Prolonging) -> tuple[KeptRow, ...]:
    """Keep something longer, as a head of unit. Returns the dates as they stand then.

    Entry and dates are one transaction. The clock looks again by itself, at the latest when it would have told people.
    Raises Refused, after entering the attempt in the ledger.
    """
    with counter.attempt(reference, Wish(**said.model_dump(), person=person)):
        rows = await asyncio.to_thread(_entered, counter, reference, person, said)
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
    rules = home.laws.today.retention_of(settings.own_state, calendar.day_of(now))
    return end_of_period(now, length_of(rules.review_again), calendar)


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
