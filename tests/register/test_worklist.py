"""Lists of many requests: nothing twice, nothing left out, and no walk through all of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bench.worklist import fill
from comity.register import worklist, writing
from comity.register.reading import Row
from comity.register.tables import REQUEST
from comity.register.worklist import Wanted
from comity.request.fold import begin, fold, happen
from comity.request.lifecycle import Act, Role, Stage
from comity.request.model import Event, Request, Urgency
from comity.store import Store
from tests.register.test_register import CIPHER, life, reckoned, ulid
from tests.request.lives import ANNA, BOB, NOW, deed

FAR = datetime(9999, 12, 31, tzinfo=UTC)


def lived(events: list[Event]) -> Request:
    """A request after its events."""
    request = begin(ulid(), events[0])
    for event in events[1:]:
        request = fold(request, event)
    return request


def done(events: list[Event], act: Act, who: tuple[str, Role], /, **particulars: Any) -> None:
    """One more deed of a request."""
    request = lived(events)
    events.append(happen(request, deed(request, act, "request", who, **particulars), NOW + timedelta(minutes=1)))


def entered(store: Store, events: list[Event]) -> str:
    """A request on record."""
    reference = ulid()
    with store.transaction() as tx:
        writing.enter(tx, CIPHER, reference, events)
    return reference


def request(number: int) -> list[Event]:
    """One of many: due at the same instant as others or at none, in two classes and stages, with people or nobody."""
    events = life(*[Act.OPEN_REVIEW] if number % 2 else [], urgency=Urgency.P2 if number % 3 else Urgency.P3)
    if number % 4 == 0:
        done(events, Act.ALLOCATE, (ANNA, Role.COORDINATOR), person=BOB if number % 8 else ANNA)
    events.append(reckoned(lived(events), NOW + timedelta(days=number // 5) if number % 4 else None))
    if number % 6 == 0:
        key = lived(events).duties[0].key
        done(events, Act.ACKNOWLEDGE_ESCALATION, (ANNA, Role.COORDINATOR), duty=key)
    return events


@pytest.fixture
def many(store: Store) -> Store:
    """Two dozen requests, and one that is void."""
    for number in range(24):
        entered(store, request(number))
    void = life()
    done(void, Act.VOID, (ANNA, Role.COORDINATOR), reason="entered twice")
    entered(store, void)
    return store


def pages(view: sa.Connection, size: int, wanted: Wanted) -> list[Row]:
    """All pages, one after another."""
    rows = page = worklist.page(view, wanted, size=size)
    while page:
        page = worklist.page(view, wanted, size=size, after=(page[-1].next_due, page[-1].reference))
        rows = rows + page
    return rows


LISTS: dict[str, tuple[int, Wanted]] = {
    "open": (24, Wanted()),
    "all": (25, Wanted(watched_and_closed=True)),
    "of a class": (16, Wanted(where={"urgency": "P2"})),
    "of a stage and a class": (4, Wanted(where={"stage": Stage.LEGAL_REVIEW.value, "urgency": "P3"})),
    "of a State": (24, Wanted(where={"requesting": "PT"})),
    "of another State": (0, Wanted(where={"requesting": "XX"})),
    "late": (3, Wanted(due_before=NOW + timedelta(hours=1))),
    "of nobody": (18, Wanted(unallocated=True)),
    "of Anna or Bob": (6, Wanted(people=(ANNA, BOB))),
    "of Anna, or a duty is hers": (6, Wanted(people=(ANNA,), holder=ANNA)),
    "of these": (0, Wanted(references=("0" * 26,))),
}
"""How many requests each list shows."""


@pytest.mark.parametrize("name", LISTS)
def test_pages_show_each_request_once_the_next_due_first(many: Store, name: str) -> None:
    number, wanted = LISTS[name]
    with many.reading() as view:
        for size in (1, 5, 50):
            rows = pages(view, size, wanted)
            keys = [(row.next_due or FAR, row.reference) for row in rows]
            assert keys == sorted(set(keys))
            assert len(rows) == number
            assert all(getattr(row, column) == value for row in rows for column, value in wanted.where.items())


# --- the cost of a page -----------------------------------------------------------------------------------------------

_ALL = ("SCAN request", "SCAN duty", "Seq Scan on request", "Seq Scan on duty")
_SORTED = ("USE TEMP B-TREE", "Sort")


@pytest.fixture
def crowded(store: Store) -> Store:
    """So many requests that a database would rather not walk through all of them."""
    fill(store, 4_000)
    return store


def plan(view: sa.Connection, query: sa.Select[Any]) -> str:
    """How the database goes about it, in its own words."""
    spelt = query.compile(view.engine, compile_kwargs={"literal_binds": True})
    asked = "explain query plan" if view.dialect.name == "sqlite" else "explain"
    return "\n".join(str(row[-1]) for row in view.execute(sa.text(f"{asked} {str(spelt).replace(':', chr(92) + ':')}")))


def walked(wanted: Wanted) -> list[sa.Select[Any]]:
    """The walks of a page that begins well inside the list."""
    return list(worklist.walks(wanted, (NOW, "0" * 26), 50))


WALKS: dict[str, list[sa.Select[Any]]] = {
    name: walked(wanted) for name, (_, wanted) in LISTS.items() if not wanted.holder and wanted.references is None
} | {
    "owed by others": [worklist.debts(Wanted(), by_others=True).limit(50)],
    "P0 on the board": [worklist.debts(Wanted(where={"urgency": "P0"}), by_others=False).limit(50)],
}
"""Lists that grow with the register."""


def test_a_page_goes_along_an_index_and_never_through_all(crowded: Store) -> None:
    """Truth protected: a page costs the same over a million requests as over ten thousand."""
    with crowded.reading() as view:
        plans = {name: plan(view, query) for name, queries in WALKS.items() for query in queries}
    assert {name: told for name, told in plans.items() if any(word in told for word in _ALL)} == {}
    assert all("INDEX" in told.upper() for told in plans.values())
    assert {name for name, told in plans.items() if any(word in told for word in _SORTED)} <= _FEW


_FEW = {"of a stage and a class", "of a State", "of another State"}
"""Of which so few are left here that PostgreSQL fetches them by an index and sorts them."""


def test_what_somebody_has_said_to_have_is_looked_up_one_by_one(crowded: Store) -> None:
    with crowded.reading() as view:
        plans = [plan(view, query) for query in walked(Wanted(people=("p-1",), holder="p-1"))]
    assert [told for told in plans if any(word in told for word in _ALL)] == []


def test_a_scan_is_seen(crowded: Store) -> None:
    """Truth protected: the tests above find what they look for."""
    by_version = sa.select(REQUEST.c.reference).order_by(REQUEST.c.version).limit(50)
    with crowded.reading() as view:
        told = plan(view, by_version)
    assert any(word in told for word in _ALL)
    assert any(word in told for word in _SORTED)
