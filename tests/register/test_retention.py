"""The dates of closed requests on both databases: entered with the closing, never shortened, found when late."""

import importlib
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from comity.register import retention, tables, writing
from comity.request.fold import begin, fold, happen
from comity.request.keeping import Keeping, KeptRow
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import Event
from comity.store import Store
from tests.register.test_register import CIPHER, life, ulid
from tests.register.test_worklist import plan
from tests.request.lives import EVE, NOW, deed

DATES = {what: NOW + timedelta(days=365 * years) for what, years in zip(Keeping, (1, 2, 5, 30), strict=True)}
HOUR = timedelta(hours=1)
RULES = {what: f"the rule on {what}" for what in Keeping}
HEAD = (EVE, Role.HEAD_OF_UNIT)


def voided() -> list[Event]:
    """The events of a request that is closed."""
    return _and(life(), Act.VOID)


def _and(events: list[Event], act: Act) -> list[Event]:
    """One more act, an hour later than the one before."""
    request = begin(ulid(), events[0])
    for event in events[1:]:
        request = fold(request, event)
    at = events[-1].at + timedelta(hours=1)
    return [*events, happen(request, deed(request, act, "request", HEAD, reason="a mistake"), at)]


def entered(tx: sa.Connection, events: list[Event], reference: str | None = None) -> str:
    """A request on record; its reference."""
    reference = reference or ulid()
    writing.enter(tx, CIPHER, reference, events)
    return reference


def dated(tx: sa.Connection, reference: str) -> dict[Keeping, KeptRow]:
    """The dates that stand, by what they are of."""
    return {row.what: row for row in retention.rows(tx, reference)}


def test_a_closing_enters_with_its_event_that_dates_are_due(store: Store) -> None:
    with store.transaction() as tx:
        open_, closed = entered(tx, life()), entered(tx, voided())
        assert retention.rows(tx, open_) == ()
        [waiting] = retention.rows(tx, closed)
        assert (waiting.what, waiting.due, waiting.next_at) == (Keeping.REVIEW, None, voided()[-1].at)
        assert not retention.is_reckoned(tx, closed)


def test_dates_are_entered_in_their_order_with_their_rules(store: Store) -> None:
    with store.transaction() as tx:
        reference = entered(tx, voided())
        retention.reckon(tx, reference, DATES, RULES)
        assert [(row.what, row.due, row.next_at, row.rule) for row in retention.rows(tx, reference)] == [
            (what, due, due, RULES[what]) for what, due in DATES.items()
        ]
        assert retention.is_reckoned(tx, reference)


def test_a_closing_entered_again_changes_nothing_and_a_new_one_shortens_nothing(store: Store) -> None:
    """Truth protected: dates that a person gave stand after a reopening, whatever the rules say by then."""
    events, far = voided(), NOW + timedelta(days=9000)
    reopened = _and(events, Act.REOPEN)
    with store.transaction() as tx:
        reference = entered(tx, events)
        retention.reckon(tx, reference, DATES, RULES)
        retention.prolong(tx, reference, {Keeping.CONTENT: far}, "by a person")
        before = retention.rows(tx, reference)
        entered(tx, events, reference)
        assert retention.rows(tx, reference) == before
        entered(tx, _and(reopened, Act.VOID), reference)
        assert not retention.is_reckoned(tx, reference)
        retention.reckon(tx, reference, {what: due + timedelta(days=1) for what, due in DATES.items()}, RULES)
        after = dated(tx, reference)
    assert (after[Keeping.CONTENT].due, after[Keeping.CONTENT].rule) == (far, "by a person")
    assert after[Keeping.REVIEW].due == DATES[Keeping.REVIEW] + timedelta(days=1)


def test_a_telling_is_counted_once_and_none_of_a_date_that_has_moved(store: Store) -> None:
    again = NOW + timedelta(days=400)
    with store.transaction() as tx:
        reference = entered(tx, voided())
        retention.reckon(tx, reference, DATES, RULES)
        review = dated(tx, reference)[Keeping.REVIEW]
        retention.told(tx, reference, review, again)
        retention.told(tx, reference, review, again)
        told = dated(tx, reference)[Keeping.REVIEW]
        assert (told.told, told.next_at, told.due) == (1, again, review.due)
        retention.prolong(tx, reference, {Keeping.REVIEW: NOW + timedelta(days=700)}, "by a person")
        retention.told(tx, reference, told, again)
        assert dated(tx, reference)[Keeping.REVIEW].told == 0


def late(store: Store, before: datetime) -> tuple[str, ...]:
    """What is late by then."""
    with store.reading() as view:
        return retention.late(view, before, 10)


def test_what_is_late_is_found_the_longest_late_first_and_only_while_it_is_closed(store: Store) -> None:
    with store.transaction() as tx:
        first, second, _reopened = (entered(tx, events) for events in (voided(), voided(), _and(voided(), Act.REOPEN)))
        retention.reckon(tx, second, DATES, RULES)
    assert late(store, NOW) == ()
    assert late(store, NOW + timedelta(days=300)) == (first,)
    assert late(store, NOW + timedelta(days=365 * 40)) == (first, second)


def test_finding_what_is_late_walks_along_an_index(store: Store) -> None:
    """Truth protected: a sweep every five minutes costs the same however many requests were ever closed."""
    row = KeptRow(what=Keeping.REVIEW, due=None, next_at=NOW, told=0, reckoned=False, rule="").model_dump()
    filling = [row | {"reference": f"{number:026}", "next_at": NOW + number * HOUR} for number in range(5000)]
    with store.transaction() as tx:
        tx.execute(tables.RETENTION.insert(), filling)
        tx.execute(sa.text("analyze"))
        assert "ix_retention_next_at" in plan(tx, retention.waiting(NOW + 3 * HOUR).limit(100))


@pytest.mark.parametrize("status", [Status.CLOSED, Status.OPEN])
def test_a_database_of_before_has_what_is_closed_looked_at_by_the_next_sweep(store: Store, status: Status) -> None:
    migration = importlib.import_module("comity.migrations.versions.0005_retention")
    with store.transaction() as tx:
        reference = entered(tx, life())
        tx.execute(tables.REQUEST.update().values(status=status))
        tables.RETENTION.drop(tx)
        with Operations.context(MigrationContext.configure(tx)):
            migration.upgrade()
    assert late(store, NOW) == ((reference,) if status == Status.CLOSED else ())
