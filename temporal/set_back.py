"""What a server handed out before its clock was set back and lost: it would wait for it until the old time comes again.

Timeouts are instants by the server's clock, and a schedule goes by the latest time that it saw.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.message_factory import GetMessages
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState, PendingWorkflowTaskState, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    GetWorkflowExecutionHistoryReverseRequest,
    RespondWorkflowTaskFailedRequest,
)
from temporalio.client import AsyncActivityHandle, Client, WorkflowExecutionDescription
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

_LOST = "handed out before the clock was set back"


@dataclass
class Recovered:
    """How many activities and steps of workflows are tried again, and how many schedules go by the new time."""

    activities: int = 0
    steps: int = 0
    schedules: int = 0


async def recover(client: Client, now: datetime) -> Recovered:
    """Have tried again all that was handed out after `now`, and begin each schedule anew, at once.

    What a worker is still at counts as lost too: activities and steps of workflows can be repeated. Raises RPCError.
    """
    recovered = Recovered()
    async for found in client.list_workflows("ExecutionStatus = 'Running'"):
        described = await client.get_workflow_handle(found.id, run_id=found.run_id).describe()
        async for lost in _activities_after(client, described, now):
            with suppress(RPCError):  # it has come back in this moment
                await lost.fail(ApplicationError(_LOST, type="Lost"))
                recovered.activities += 1
        if _step_after(described, now):
            with suppress(RPCError):
                await _fail_step(client, WorkflowExecution(workflow_id=found.id, run_id=found.run_id))
                recovered.steps += 1
    async for listed in await client.list_schedules():
        await _begin_anew(client, listed.id)
        recovered.schedules += 1
    return recovered


async def _activities_after(
    client: Client, described: WorkflowExecutionDescription, now: datetime
) -> AsyncIterator[AsyncActivityHandle]:
    for pending in described.raw_description.pending_activities:
        is_out = pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        if is_out and pending.last_started_time.ToDatetime(now.tzinfo) > now:
            yield client.get_async_activity_handle(
                workflow_id=described.id, run_id=described.run_id, activity_id=pending.activity_id
            )


# --- a step of a workflow ---------------------------------------------------------------------------------------------


def _step_after(described: WorkflowExecutionDescription, now: datetime) -> bool:
    """Whether a worker has, or should have got, a step at a time to come. Seen: the server had died on the way.

    That of a later attempt is left: it belongs to a workflow that a fault has parked.
    """
    pending = described.raw_description.pending_workflow_task
    is_out = pending.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED
    return is_out and pending.attempt == 1 and pending.started_time.ToDatetime(now.tzinfo) > now


async def _fail_step(client: Client, execution: WorkflowExecution) -> None:
    """As its worker would. Nobody else can, and the token that the worker has not got is made here."""
    token = _TOKEN(
        namespace_id=await _id_of_namespace(client),
        workflow_id=execution.workflow_id,
        run_id=execution.run_id,
        scheduled_event_id=await _scheduled_last(client, execution),
        attempt=1,
    )
    await client.workflow_service.respond_workflow_task_failed(
        RespondWorkflowTaskFailedRequest(
            namespace=client.namespace,
            task_token=token.SerializeToString(),
            cause=WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_STICKY_TASK_QUEUE,
        )
    )


async def _id_of_namespace(client: Client) -> str:
    asked = DescribeNamespaceRequest(namespace=client.namespace)
    return (await client.workflow_service.describe_namespace(asked)).namespace_info.id


async def _scheduled_last(client: Client, execution: WorkflowExecution) -> int:
    asked = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace, execution=execution, maximum_page_size=100
    )
    newest = await client.workflow_service.get_workflow_execution_history_reverse(asked)
    return next(event.event_id for event in newest.history.events if _is_scheduling(event))


def _is_scheduling(event: HistoryEvent) -> bool:
    return event.HasField("workflow_task_scheduled_event_attributes")


def _token() -> type[Any]:
    """What names a step to the server, as Temporal 1.32 spells it: `temporal.server.api.token.v1.Task`."""
    file = FileDescriptorProto(name="comity/token.proto", package="comity", syntax="proto3")
    task = file.message_type.add(name="Task")
    text, number = FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.TYPE_INT64
    fields = (("namespace_id", text), ("workflow_id", text), ("run_id", text), ("scheduled_event_id", number))
    for place, (name, kind) in enumerate((*fields, ("attempt", FieldDescriptorProto.TYPE_INT32)), start=1):
        task.field.add(name=name, number=place, type=kind, label=FieldDescriptorProto.LABEL_OPTIONAL)
    return GetMessages([file])["comity.Task"]


_TOKEN: Final = _token()


# --- a schedule -------------------------------------------------------------------------------------------------------


async def _begin_anew(client: Client, name: str) -> None:
    """Ended between the two calls, the schedule is missing until a worker starts and says it again."""
    handle = client.get_schedule_handle(name)
    schedule = (await handle.describe()).schedule
    await handle.delete()
    await client.create_schedule(name, schedule, trigger_immediately=True)
