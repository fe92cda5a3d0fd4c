"""Requests that have come in, begun: from what the register kept of their arrival to a workflow that lives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, ValidationError
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.service import RPCError

from comity.errors import Fault, Unreachable
from comity.home import Home
from comity.keys.record_key import RecordCipher
from comity.register import reading
from comity.request.fold import begin, receive
from comity.request.model import Alarm, Deed, Receipt, Request, stage_of
from temporal import tracing
from temporal.names import DIRECTION, REQUESTED, REQUESTING, REQUESTS, STAGE, URGENCY


class Done(BaseModel):
    """A deed that was done: its digest, and the receipt that it got."""

    model_config = ConfigDict(frozen=True)

    digest: str
    receipt: Receipt


DEEDS_REMEMBERED = 500


class Carried(BaseModel):
    """What one run of a request hands to the next: bounded, since older deeds are answered from the register.

    `unanswered` and `leaving` are what was under way when a run was lost: it is taken up again. A run that hands over
    by itself has waited for both. `causes` are the traceparents of the acts that opened the duties, by duty;
    `act_before` is that of the newest act.
    """

    model_config = ConfigDict(frozen=True)

    request: Request
    done: dict[str, Done]
    unanswered: tuple[Alarm, ...] = ()
    leaving: tuple[str, ...] = ()
    causes: dict[str, str] = {}
    act_before: str | None = None


class Start(BaseModel):
    """What a request starts from: the deed `receive` with its traceparent, or what the run before carried over."""

    model_config = ConfigDict(frozen=True)

    reference: str
    opening: Deed | None = None
    trace: str | None = None
    carried: Carried | None = None


async def begin_request(client: Client, home: Home, reference: str) -> Receipt:
    """Start the workflow of a request that has come in, and give the receipt of its `receive`.

    Safe to repeat, by several processes at once: the workflow id is taken once, and the deed has an id.
    Raises Unreachable when nobody took it up in time: it is begun by the next worker that starts. Raises Fault for an
    arrival that this version cannot read: one of them must not keep the others waiting.
    """
    cipher = RecordCipher(home.keys, reference)
    with home.store.reading() as view:
        sealed = reading.arrival(view, reference)
    try:
        deed = Deed.model_validate_json(cipher.open(sealed, "arrival"))
    except ValidationError:
        raise Fault(
            f"what came in as {reference} cannot be read by this version; restore the one that took it"
        ) from None
    with tracing.act(deed.act, reference=reference, deed=deed.id):
        return await _begun(client, reference, deed)


async def _begun(client: Client, reference: str, deed: Deed) -> Receipt:
    start: WithStartWorkflowOperation[object, object] = WithStartWorkflowOperation(
        "Request",
        Start(reference=reference, opening=deed, trace=tracing.traceparent()),
        id=f"request/{reference}",
        task_queue=REQUESTS,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        search_attributes=searchable(begin(reference, receive(deed, _NO_MATTER_WHEN))),
    )
    told = f"registered as {reference}; its life begins as soon as a worker runs (`comity up`)"
    try:
        async with answered(told):
            receipt: Receipt = await client.execute_update_with_start_workflow(
                "act", deed, id=deed.id, start_workflow_operation=start, result_type=Receipt, rpc_timeout=PATIENCE
            )
        return receipt
    except RPCError as error:
        raise Unreachable(told) from error
    finally:
        await awaited(start)


@asynccontextmanager
async def answered(otherwise: str) -> AsyncIterator[None]:
    """Wait for the answer to an update as long as anybody may wait. Raises Unreachable, in these words.

    A server that answers, and has no worker to hand the update to, is asked by the client again for ever.
    """
    try:
        async with asyncio.timeout(UNANSWERED.total_seconds()):
            yield
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise Unreachable(otherwise) from error


async def awaited(start: WithStartWorkflowOperation[object, object]) -> WorkflowHandle[object, object] | None:
    """The handle is awaited also after a failure, which the update has told already (facts of the SDK)."""
    try:
        return await start.workflow_handle()
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) and task.cancelling():
            raise
        return None  # it is the call that was given up, and not us
    except Exception:
        return None


def searchable(request: Request) -> TypedSearchAttributes:
    """What the server may search for when a request's workflow starts."""
    values = {
        STAGE: stage_of(request),
        URGENCY: request.urgency,
        DIRECTION: request.direction,
        REQUESTING: request.requesting,
        REQUESTED: request.requested,
    }
    return TypedSearchAttributes([SearchAttributePair(key, str(value)) for key, value in values.items()])


PATIENCE = timedelta(seconds=30)
UNANSWERED = timedelta(minutes=2)
_NO_MATTER_WHEN = datetime(2000, 1, 1, tzinfo=UTC)
