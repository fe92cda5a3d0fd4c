"""The register on both databases: each event once, nothing on disagreement, projections that are the fold."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ulid import ULID

from comity.errors import AlreadyKnown, NotFound, RecordDisagrees
from comity.register import reading, tables, writing
from comity.request.fold import begin, fold, happen, receipt_of, receive
from comity.request.lifecycle import OUTSIDE, OWED_BY, Act, Duty, Role, Status
from comity.request.model import (
    Alarm,
    Deadline,
    Event,
    Ladder,
    Owed,
    Particulars,
    Reckoned,
    Reckoning,
    Request,
    Rung,
    Urgency,
    digest_of,
    stage_of,
)
from comity.store import Store
from tests.request.lives import ANNA, NOW, deed, opening, sought
from tests.request.test_fold import AnyLife

LADDER = Ladder(
    name="any", from_due=False, pause=timedelta(hours=1), rungs=(Rung(after=timedelta(), tell=(Role.COORDINATOR,)),)
)


class Labelled:
    """A cipher that hides nothing, and opens only what was closed for the same context."""

    def seal(self, plain: bytes, context: str) -> bytes:
        return f"{context}:".encode() + plain

    def open(self, sealed: bytes, context: str) -> bytes:
        label, _, plain = sealed.partition(b":")
        assert label == context.encode()
        return plain

    def keyed(self, text: str) -> str:
        return sha256(f"under a key: {text}".encode()).hexdigest()


CIPHER = Labelled()


def ulid() -> str:
    """A new reference."""
    return str(ULID())


def life(*acts: Act, urgency: Urgency = Urgency.P3) -> list[Event]:
    """The events of a request that comes in and notes as many things."""
    events = [receive(opening(sought(urgency=urgency)), NOW)]
    request = begin(ulid(), events[0])
    for act in acts:
        done = happen(request, deed(request, act, "request", (ANNA, Role.COORDINATOR)), NOW + timedelta(minutes=1))
        events.append(done)
        request = fold(request, done)
    return events


def by_clock(request: Request, act: Act, particulars: Particulars, at: datetime) -> Event:
    """The clock's next event of a request."""
    who: dict[str, Any] = {"person": "clock", "role": Role.CLOCK, "part": "request"}
    return Event(version=request.version + 1, act=act, at=at, particulars=particulars, **who)


def reckoned(request: Request, due: datetime | None, at: datetime = NOW) -> Event:
    """All duties of a request counted, to be due at one instant."""
    found = Deadline(due=due, rule="r", article="a", verified=False, started=NOW, length="l", law="v") if due else None
    rows = tuple(
        Reckoned(duty=owed.key, deadlines=(found,) if found else (), next_at=due)
        for owed in request.duties
        if not owed.reckoned
    )
    names = {owed.ladder for owed in request.duties} | {owed.urgency for owed in request.duties}
    ladders = {str(name): LADDER for name in names}
    return by_clock(request, Act.RECKON, Reckoning(duties=rows, ladders=ladders), at)


def contents(view: sa.Connection, reference: str) -> dict[str, list[tuple[Any, ...]]]:
    """All that the register's tables hold of a request, without its reference and what is sealed."""
    found = {}
    for table in (tables.REQUEST, tables.MEASURE, tables.PACKAGE, tables.QUESTION, tables.DUTY, tables.EVENT):
        shown = [column for column in table.c if column.name not in ("reference", "snapshot", "receipt")]
        rows = view.execute(sa.select(*shown).where(table.c.reference == reference))
        found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found


# --- entering ---------------------------------------------------------------------------------------------------------


def test_entering_twice_enters_once(store: Store) -> None:
    """Also a batch of which only a part is on record."""
    reference, events = ulid(), life(Act.NOTE, Act.OPEN_REVIEW, Act.NOTE)
    with store.transaction() as tx:
        assert writing.enter(tx, CIPHER, reference, events[:2]) == tuple(events[:2])
        before = contents(tx, reference)
        assert writing.enter(tx, CIPHER, reference, events[:2]) == ()
        assert contents(tx, reference) == before
        assert writing.enter(tx, CIPHER, reference, events) == tuple(events[2:])
        assert reading.snapshot(tx, CIPHER, reference).version == 4


def test_another_event_of_a_known_version_is_refused_and_nothing_is_written(store: Store) -> None:
    reference, events = ulid(), life(Act.NOTE, Act.NOTE)
    other = events[1].model_copy(update={"particulars": Particulars(words="never said")})
    with store.transaction() as tx:
        writing.enter(tx, CIPHER, reference, events[:2])
    with store.transaction() as tx:  # which commits what was written before the refusal: nothing
        before = contents(tx, reference)
        with pytest.raises(RecordDisagrees, match="another event 2"):
            writing.enter(tx, CIPHER, reference, [other, events[2]])
    with store.reading() as view:
        assert contents(view, reference) == before


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_gap_is_refused_and_nothing_is_written(store: Store, missing: int) -> None:
    """Also where the register knows nothing of the request: it was restored older than the request is."""
    reference, events = ulid(), life(Act.NOTE, Act.OPEN_REVIEW, Act.NOTE)
    with store.transaction() as tx:
        writing.enter(tx, CIPHER, reference, events[:missing])
    with store.transaction() as tx:
        before = contents(tx, reference)
        with pytest.raises(RecordDisagrees, match="event"):
            writing.enter(tx, CIPHER, reference, events[missing + 1 :])
    with store.reading() as view:
        assert contents(view, reference) == before


def test_a_deed_on_record_gives_its_receipt(store: Store) -> None:
    reference, events = ulid(), life(Act.NOTE)
    with store.transaction() as tx:
        writing.enter(tx, CIPHER, reference, events)
        request = reading.snapshot(tx, CIPHER, reference)
        assert events[1].deed
        digest = CIPHER.keyed(events[1].deed_digest or "")
        assert reading.receipt(tx, reference, events[1].deed) == (digest, receipt_of(request, events[1]))
        assert reading.receipt(tx, reference, ulid()) is None
        assert reading.digests(tx, reference) == {event.version: CIPHER.keyed(digest_of(event)) for event in events}


# --- projections ------------------------------------------------------------------------------------------------------


def any_life(data: st.DataObject) -> list[Event]:
    """The events of a random life, in which the clock reckons and rings between the acts of people."""
    machine = AnyLife()
    for number in range(data.draw(st.integers(1, 25))):
        machine.step(data) if data.draw(st.booleans()) else machine.still(
            data, data.draw(st.sampled_from([Act.NOTE, Act.REPORT_PROGRESS, Act.CLAIM_URGENCY, Act.ASK, Act.DEPOSIT]))
        )
        if data.draw(st.booleans()):
            add(machine, reckoned(machine.request, NOW + timedelta(days=number), machine.events[-1].at))
        owed = next((owed for owed in machine.request.duties if owed.next_at), None)
        if owed and data.draw(st.booleans()):
            alarm = Alarm(
                duty=owed.key,
                generation=owed.generation,
                rung=owed.rung,
                planned=NOW,
                next_at=NOW,
                tell=(),
                overdue=False,
            )
            add(machine, by_clock(machine.request, Act.RING, alarm, machine.events[-1].at))
    return machine.events


def add(machine: AnyLife, event: Event) -> None:
    """One more event of the clock."""
    machine.events.append(event)
    machine.request = fold(machine.request, event)


def duties_of(states: Sequence[Request], events: Sequence[Event]) -> list[tuple[Any, ...]]:
    """Every duty that ever was, as the register should have it: its last state, and what ended it."""
    rows: dict[tuple[str, datetime], tuple[Any, ...]] = {}
    before: set[tuple[str, datetime]] = set()
    for request, event in zip(states, events, strict=True):
        living = {(owed.key, owed.entered): owed for owed in request.duties}
        for name in before - living.keys():
            rows[name] = (*rows[name][:5], event.since, event.version, *rows[name][7:])
        rows |= {name: duty_of(request, owed) for name, owed in living.items()}
        before = set(living)
    return sorted(rows.values(), key=repr)


def duty_of(request: Request, owed: Owed) -> tuple[Any, ...]:
    """A duty that is owed, as the register should have it."""
    asked = {question.id: (question.to,) for question in request.questions}
    owing = asked[owed.part] if owed.duty == Duty.ANSWER else OWED_BY[owed.duty]
    outside = any(role in OUTSIDE for role in owing)
    here = (owed.key, owed.entered, owed.urgency, owed.due, owed.rung, None, None)
    return (*here, ", ".join(owing), outside, owed.held_by, owed.next_at)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_the_projections_are_the_fold_however_the_events_were_batched(store: Store, data: st.DataObject) -> None:
    events, reference = any_life(data), ulid()
    states = [begin(reference, events[0])]
    for event in events[1:]:
        states.append(fold(states[-1], event))
    with store.transaction() as tx:
        start = 0
        while start < len(events):
            size = data.draw(st.integers(1, 8))
            writing.enter(tx, CIPHER, reference, events[max(0, start - 2) : start + size])
            start += size
        assert reading.snapshot(tx, CIPHER, reference) == states[-1]
        found = contents(tx, reference)
    last = states[-1]
    assert found["duty"] == [tuple(map(plain, row)) for row in duties_of(states, events)]
    assert [(row[0], row[1], row[2]) for row in found["measure"]] == [(m.id, m.status, m.since) for m in last.measures]
    assert sorted(row[:3] for row in found["package"]) == sorted((p.id, p.status, p.since) for p in last.packages)
    assert sorted(row[:3] for row in found["question"]) == sorted((q.id, q.status, q.since) for q in last.questions)
    ((version, status, stage, urgency, *_, due, at_work, allocated),) = found["request"]
    assert (version, status, stage, urgency) == (last.version, last.status, stage_of(last), last.urgency)
    assert due == min((owed.due for owed in last.duties if owed.due), default=None)
    assert (at_work, allocated) == (last.status not in (Status.WATCHED, Status.CLOSED), last.allocated)


def plain(value: Any) -> Any:
    """As it comes back from a database."""
    return str(value) if isinstance(value, Urgency) else value


def test_a_duty_that_came_and_went_in_one_batch_is_on_record_with_what_ended_it(store: Store) -> None:
    reference, events = ulid(), life(Act.REPORT_PROGRESS, Act.OPEN_REVIEW, Act.REPORT_PROGRESS, Act.NOTE)
    with store.transaction() as tx:
        writing.enter(tx, CIPHER, reference, events)
        done = {row.key: row.done_by for row in reading.duties(tx, reference) if row.done_by}
    assert done == {"request/open review": 3}


# --- finding ----------------------------------------------------------------------------------------------------------


def arrived(tx: sa.Connection, *references: str) -> None:
    """Requests that came in."""
    for reference in references:
        writing.arrive(tx, writing.Arriving(reference, NOW, b"deed", {"letter": b"sealed"}, {"token": b"closed"}))


def test_of_two_who_enter_the_same_call_or_letter_at_once_one_is_registered(store: Store) -> None:
    """Truth protected: a call that two officers took, or an e-mail that two opened, is one request."""

    def entered(know: Callable[[sa.Connection, str], None]) -> str | None:
        together.wait()
        reference = ulid()
        try:
            with store.transaction() as tx:
                know(tx, reference)
                arrived(tx, reference)
        except AlreadyKnown:
            return None
        return reference

    def by_call(tx: sa.Connection, reference: str) -> None:
        writing.know_by_calls(tx, reference, ("PT", ("a" * 64, ulid() * 2)), since=NOW - timedelta(hours=1))

    def by_number(tx: sa.Connection, reference: str) -> None:
        writing.know_by(tx, reference, ("PT", "b" * 64))

    together = Barrier(4)
    with ThreadPoolExecutor(4) as officers:
        for know in (by_call, by_number):
            registered = [reference for reference in officers.map(entered, [know] * 4) if reference]
            assert len(registered) == 1
    with store.reading() as view:
        assert reading.known_by(view, "b" * 64) == tuple(registered)


def test_a_request_is_found_by_four_letters_of_its_beginning_or_end(store: Store) -> None:
    one, two = "01K9AAAAAAAAAAAAAAAAAAVVVV", "01K9BBBBBBBBBBBBBBBBBBWWWW"
    with store.transaction() as tx:
        arrived(tx, one, two)
        assert reading.find(tx, "vvvv") == one
        assert reading.find(tx, f" {two[:8]} ") == two
        assert reading.find(tx, one) == one
        with pytest.raises(NotFound, match="is not one request"):
            reading.find(tx, "01K9")
        for fragment in ("VVV", "%%%%", "____", "XXXX", "ÄÖÜß"):
            with pytest.raises(NotFound):
                reading.find(tx, fragment)


def test_what_came_in_and_has_not_begun_is_named(store: Store) -> None:
    reference, waiting = ulid(), ulid()
    with store.transaction() as tx:
        arrived(tx, reference, waiting)
        writing.enter(tx, CIPHER, reference, life())
        assert list(reading.not_begun(tx)) == [waiting]
        assert list(reading.living(tx)) == [reference]
        assert reading.document(tx, waiting, "letter") == b"sealed"
        assert reading.identity(tx, waiting, "token") == b"closed"
        with pytest.raises(NotFound):
            reading.document(tx, waiting, "other")


def test_a_number_of_the_other_state_is_known_once_unless_it_is_entered_anew(store: Store) -> None:
    first, second, third = ulid(), ulid(), ulid()
    with store.transaction() as tx:
        writing.know_by(tx, first, ("PT", "index"))
        with pytest.raises(AlreadyKnown, match=first):
            writing.know_by(tx, second, ("PT", "index"))
        assert reading.known_by(tx, "index") == (first,)
        writing.know_by(tx, second, ("PT", "index"), anew=True)
        assert reading.known_by(tx, "index") == (first, second)
        with pytest.raises(AlreadyKnown, match=second):
            writing.know_by(tx, third, ("PT", "index"))
        assert reading.known_by(tx, "another") == ()
