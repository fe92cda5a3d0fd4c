"""What Temporal remembers of a request and its record has lost: a database that was restored from an older copy.

Each event went to the record as the input of an activity, which stands in the history of its run, sealed under the
request's key. What is found there is recorded again, as it was the first time.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from itertools import count

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError

from activities.record import Batch, Recorder
from comity.errors import Fault, Unreachable
from comity.home import Home
from comity.keys.record_key import RecordCipher
from comity.register import reading
from comity.request.model import Event, digest_of

_RECORD = "record"


async def bring_back(client: Client, home: Home, reference: str) -> int:
    """Record again what the histories of a request tell beyond its record. Returns how many events that were.

    None is taken from a history that tells another story than the record: there the record is right, since whoever
    got a receipt got it from the record. Raises Fault, having written nothing, when there is a gap between the two,
    and Unreachable.
    """
    try:
        told = {event.version: event async for event in _events(client, reference)}
    except RPCError as error:
        raise Unreachable("Temporal did not tell the history of this request; try again") from error
    missing = await asyncio.to_thread(_missing, home, reference, told)
    if missing:
        batch = Batch(reference=reference, events=tuple(missing))
        await asyncio.to_thread(Recorder(home.store, home.keys).write, batch)
    return len(missing)


def _missing(home: Home, reference: str, told: Mapping[int, Event]) -> list[Event]:
    cipher = RecordCipher(home.keys, reference)
    with home.store.reading() as view:
        known = reading.digests(view, reference)
    if any(cipher.keyed(digest_of(event)) != known.get(event.version, "") for event in _within(told, known)):
        return []
    newest = max(known, default=0)
    missing = list(_run_from(told, newest + 1))
    if max(told, default=0) > newest + len(missing):
        raise Fault("Temporal knows more of this request than can be recorded; restore a newer copy of the database")
    return missing


def _within(told: Mapping[int, Event], known: Iterable[int]) -> Iterator[Event]:
    return (told[version] for version in known if version in told)


def _run_from(told: Mapping[int, Event], first: int) -> Iterator[Event]:
    """The events from one version on, up to the first that is missing."""
    for version in count(first):
        if version not in told:
            return
        yield told[version]


async def _events(client: Client, reference: str) -> AsyncIterator[Event]:
    """What all runs of a request sent to its record, the oldest run first: of two that differ the newer one counts."""
    runs = [run async for run in client.list_workflows(f"WorkflowId = 'request/{reference}'")]
    for run in sorted(runs, key=lambda run: run.start_time):
        async for event in _of_run(client, run):
            yield event


async def _of_run(client: Client, run: WorkflowExecution) -> AsyncIterator[Event]:
    handle = client.get_workflow_handle(run.id, run_id=run.run_id)
    async for entry in handle.fetch_history_events():
        if entry.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            scheduled = entry.activity_task_scheduled_event_attributes
            if scheduled.activity_type.name == _RECORD:
                (batch,) = await client.data_converter.decode(scheduled.input.payloads, [Batch])
                for event in batch.events:
                    yield event
