"""How a request stands in Temporal beside its record: what is found amiss, and how far a person can mend it.

Visibility lags, so no list is believed: the end of each request's own history is read, in one call without a worker.
An event of a request is never younger than the end of its history, and is on record within moments of it; what history
sent to the record last is as old as the latest event there. Where one of these seems not so (a clock was put back, a
server was restored) the workflow itself is asked for its version.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from comity.errors import NotFound, RecordDisagrees, Unreachable
from comity.home import Home
from comity.ledger import log
from comity.register import reading
from comity.register.reading import Row
from comity.request.lifecycle import Status
from comity.request.model import Request, Urgency

PATIENCE = timedelta(seconds=5)
ANSWERS_WITHIN = timedelta(seconds=15)
"""A question to a worker that has just gone is put to another one after ten seconds."""
QUIET = timedelta(minutes=1)
"""How long after its latest event on record a history may still grow by itself: mails, deadlines, what is recorded."""
REVIVAL = "revival "
"""How the ids of the ledger's entries about revivals begin."""
_FEW, _MANY = 10, 250
"""How far back a history is read: few events show what was sent to the record last, unless many mails ended since."""
_RECORD = "record"
_SAME_INSTANT = timedelta(milliseconds=1)
"""Instants are kept to the microsecond, and come by ways that round them differently."""
_ENDED = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    }
)


class Amiss(StrEnum):
    """What a comparison of record and Temporal may find."""

    ABSENT = "absent in Temporal"
    ENDED = "ended in Temporal"
    OLDER = "older in Temporal than on record"
    AHEAD = "further in Temporal than on record"
    DISAGREES = "stopped, since the record disagrees"
    UNKNOWN = "alive in Temporal and not on record"
    SILENT = "not compared, since it does not answer"


class Finding(BaseModel):
    """One request that does not stand in Temporal as it stands on record."""

    model_config = ConfigDict(frozen=True)

    reference: str
    urgency: Urgency
    version: int
    amiss: Amiss
    revived: int = 0

    @property
    def name(self) -> str:
        """What it is known by: the same until the request has moved on record or was revived."""
        return f"{self.amiss}: {self.reference}, version {self.version}, revived {self.revived} times"


class _Tail(BaseModel):
    """The end of a history: when it was written last, whether it is over, whether the record refused an event.

    `sent`: the workflow's clock when it last sent events to the record; None where it sent none of late.
    """

    at: AwareDatetime
    sent: AwareDatetime | None
    ended: bool
    refused: bool


async def compared(client: Client, home: Home, reference: str, *, asking: bool = False) -> Finding | None:
    """What is amiss with a request, or None. Raises Unreachable.

    `asking`: the workflow is asked for its version in any case; else only where the end of its history gives cause.
    One that is not on record has come in after the copy that the database was restored from; what it was is sealed.
    """
    try:
        row, latest = await asyncio.to_thread(_on_record, home, reference)
    except NotFound:
        return Finding(reference=reference, urgency=Urgency.P0, version=0, amiss=Amiss.UNKNOWN)
    tail = await _tail(client, reference)
    if tail and not asking and (_settled(row, latest, tail) or await _settled_since_revival(home, row, tail)):
        return None
    amiss = await _amiss(client, home, row, tail)
    if amiss is None:
        return None
    revived = await asyncio.to_thread(_revived, home, reference)
    return Finding(reference=reference, urgency=Urgency(row.urgency), version=row.version, amiss=amiss, revived=revived)


def _on_record(home: Home, reference: str) -> tuple[Row, datetime]:
    with home.store.reading() as view:
        row, latest = reading.standing(view, reference), log.latest_event(view, reference)
    return row, latest or row.received


def _revived_at(home: Home, reference: str) -> datetime | None:
    with home.store.reading() as view:
        return log.latest_named(view, reference, REVIVAL)


def _revived(home: Home, reference: str) -> int:
    with home.store.reading() as view:
        return len(log.named(view, reference, REVIVAL))


def _settled(row: Row, latest: datetime, tail: _Tail) -> bool:
    """Nothing gives cause to ask: it ended if it is closed, and its history ends when the record last moved it."""
    as_it_should = tail.ended == (row.status == Status.CLOSED) and not tail.refused
    sent_more = tail.sent is not None and tail.sent > latest + _SAME_INSTANT
    return as_it_should and latest <= tail.at <= latest + QUIET and not sent_more


async def _settled_since_revival(home: Home, row: Row, tail: _Tail) -> bool:
    """The same of one that was revived, and whose workflow is younger than all that it did."""
    revived = await asyncio.to_thread(_revived_at, home, row.reference)
    return revived is not None and _settled(row, revived, tail)


async def _amiss(client: Client, home: Home, row: Row, tail: _Tail | None) -> Amiss | None:
    if tail is None or tail.ended:
        return await _of_an_end(client, home, row, tail)
    if tail.refused:
        return Amiss.DISAGREES
    try:
        return await _by_version(client, home, row)
    except Unreachable:  # it stops at this very moment, perhaps: then its history says so by now
        again = await _tail(client, row.reference)
        if again is None or not again.refused:
            raise
        return Amiss.DISAGREES


async def _of_an_end(client: Client, home: Home, row: Row, tail: _Tail | None) -> Amiss | None:
    """An end is well when the request is closed, perhaps while we looked, and Temporal knows no more of it."""
    if row.status == Status.CLOSED:
        found = await _by_version(client, home, row) if tail else None
        return found if found == Amiss.AHEAD else None
    again, _ = await asyncio.to_thread(_on_record, home, row.reference)
    if again.status == Status.CLOSED:
        return None
    return Amiss.ABSENT if tail is None else Amiss.ENDED


async def _by_version(client: Client, home: Home, row: Row) -> Amiss | None:
    """The two versions compared; a record that is being written is waited for."""
    version = await _version(client, row.reference)
    if version < row.version:
        return Amiss.OLDER
    return None if await _caught_up(home, row.reference, version) else Amiss.AHEAD


async def _version(client: Client, reference: str) -> int:
    """The workflow's version. Raises Unreachable when nobody answers: no worker runs, or a fault has parked it."""
    handle = client.get_workflow_handle(f"request/{reference}")
    try:
        found: Request = await handle.query("request", result_type=Request, rpc_timeout=ANSWERS_WITHIN)
    except (RPCError, WorkflowQueryFailedError) as error:
        raise Unreachable(
            f"{reference} does not say its version; a worker must run, and no fault have parked it (`comity doctor`)"
        ) from error
    return found.version


async def _caught_up(home: Home, reference: str, version: int) -> bool:
    for _ in range(_LOOKS):
        row, _latest = await asyncio.to_thread(_on_record, home, reference)
        if row.version >= version:
            return True
        await asyncio.sleep(_PAUSE)
    return False


_LOOKS, _PAUSE = 10, 0.3


# --- the end of a history ---------------------------------------------------------------------------------------------


async def _tail(client: Client, reference: str) -> _Tail | None:
    """The end of the history of a request's newest run; None where Temporal knows of none. Raises Unreachable."""
    events, older = await _page(client, reference, b"")
    while older and _sent(events) is None and len(events) < _MANY:
        more, older = await _page(client, reference, older)
        events = [*events, *more]
    if not events:
        return None
    return _Tail(
        at=events[0].event_time.ToDatetime(UTC),
        sent=_sent(events),
        ended=events[0].event_type in _ENDED,
        refused=any(map(_refused, events)),
    )


async def _page(client: Client, reference: str, older: bytes) -> tuple[Sequence[HistoryEvent], bytes]:
    """Some events, the latest first, and where older ones follow; none where Temporal knows of no such request.

    How many come is the server's to say: it may be fewer than were asked for, though older ones follow.
    """
    asked = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=f"request/{reference}"),
        maximum_page_size=_MANY if older else _FEW,
        next_page_token=older,
    )
    try:
        found = await client.workflow_service.get_workflow_execution_history_reverse(asked, timeout=PATIENCE)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return (), b""
        raise Unreachable("Temporal did not say how a request stands there; try again") from error
    return found.history.events, found.next_page_token


def _sent(events: Sequence[HistoryEvent]) -> datetime | None:
    """When the workflow task began that sent the latest batch to the record: the instant of the batch's last event."""
    by_id = {event.event_id: event for event in events}
    for event in events:
        batch = event.activity_task_scheduled_event_attributes
        if batch.activity_type.name == _RECORD:
            ended = by_id.get(batch.workflow_task_completed_event_id, HistoryEvent())
            began = by_id.get(ended.workflow_task_completed_event_attributes.started_event_id)
            return began.event_time.ToDatetime(UTC) if began else None
    return None


def _refused(event: HistoryEvent) -> bool:
    failure = event.activity_task_failed_event_attributes.failure
    return failure.application_failure_info.type == RecordDisagrees.__name__
