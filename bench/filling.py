"""Many open requests at once: the record of one, written again under other numbers, each taken up by a workflow.

One request comes in by the real door. Its events, under keys of their own, are recorded by the activity that records
all events, and each copy's workflow starts as `comity revive` starts one: from its record. So what is open on the
server, in the register and in the ledger is what there would be had each come in by itself; the entry of a revival says
why its workflow is younger than its events, else the sweep would ask each for its version.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ulid import ULID

from activities.record import Batch, Recorder
from activities.snapshots import start_again
from activities.standing import REVIVAL
from bench.life import LIFE, letter
from comity.home import Home
from comity.keys.record_key import RecordCipher, key_class_of
from comity.keys.request_keys import KeyClass
from comity.ledger import log
from comity.ledger.leaf import Entry, Kind
from comity.register import writing
from comity.register.writing import Arriving
from comity.request.lifecycle import Act, Role
from comity.request.model import Event, Reckoning
from desk.counter import Counter
from desk.submitting import Submission, submit

_AT_A_TIME = 10
_A_MONTH = timedelta(days=30)


async def pattern(counter: Counter) -> tuple[Event, ...]:
    """The first events of a request: its receipt, and the deadlines that were counted."""
    receipt = await submit(counter, Submission(letter(), LIFE.acts[0].person, datetime.now(UTC)))
    while True:
        events = tuple(_events(counter.home, receipt.reference))
        for number, event in enumerate(events, 1):
            if event.act == Act.RECKON:
                return events[:number]
        await asyncio.sleep(0.1)


def _events(home: Home, reference: str) -> Iterator[Event]:
    with home.store.reading() as view:
        kept = [entry for entry in log.entries(view, reference) if entry.leaf.version is not None]
    for entry in kept:
        plain = home.keys.open(reference, key_class_of(Act(entry.leaf.act)), entry.body, f"event {entry.leaf.version}")
        yield Event.model_validate_json(plain)


async def fill(counter: Counter, events: tuple[Event, ...], count: int) -> list[str]:
    """The references of so many more open requests, each with its timer on the server."""
    references = [str(ULID()) for _ in range(count)]
    left = iter(references)

    async def one_after_the_other() -> None:
        for reference in left:
            await asyncio.to_thread(_record, counter.home, reference, events)
            await start_again(counter.client, counter.home, reference)

    await asyncio.gather(*(one_after_the_other() for _ in range(_AT_A_TIME)))
    return references


def _record(home: Home, reference: str, events: tuple[Event, ...]) -> None:
    at = datetime.now(UTC)
    with home.store.transaction() as tx:
        home.keys.create(tx, reference, at)
    deed = RecordCipher(home.keys, reference).seal(b"{}", "arrival")  # never read again: the life has begun
    Recorder(home.store, home.keys).record(Batch(reference=reference, events=events))
    revived = f"{REVIVAL}{ULID()}"
    entry = Entry(
        kind=Kind.NOTICE,
        reference=reference,
        id=revived,
        act="revive",
        status="",
        role=Role.SYSTEM,
        person="system",
        at=datetime.now(UTC),
        body=home.keys.seal(reference, KeyClass.RECORD, b"{}", f"{Kind.NOTICE} {revived}"),
    )
    with home.store.transaction() as tx:  # only now: what came in and has no event is begun by the worker
        log.append(tx, [entry])
        writing.arrive(tx, Arriving(reference=reference, at=at, deed=deed, documents={}, identities={}))


def ringing_at(events: tuple[Event, ...], instant: datetime) -> tuple[Event, ...]:
    """The same events, but that the first duty which they reckon rings at this instant, and all others a month on."""
    return tuple(_moved(event, instant) if event.act == Act.RECKON else event for event in events)


def _moved(event: Event, instant: datetime) -> Event:
    assert isinstance(event.particulars, Reckoning)
    first, *others = event.particulars.duties
    at_once, later = {"next_at": instant}, {"next_at": instant + _A_MONTH}
    rows = (first.model_copy(update=at_once), *(row.model_copy(update=later) for row in others))
    return event.model_copy(update={"particulars": event.particulars.model_copy(update={"duties": rows})})
