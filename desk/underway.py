"""How far packages are that a machine is bringing to their recipients, as their transfers' heartbeats say."""

from collections.abc import AsyncIterator

from pydantic import BaseModel
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client
from temporalio.converter import WorkflowSerializationContext
from temporalio.service import RPCError

from activities.parcels import Progress
from comity.errors import Unreachable

_MIB = 1 << 20


class UnderWay(BaseModel):
    """One transfer: of which package of which request, on which attempt; which try it is at, and what lies there.

    `waits`: the last try failed, and the next has not begun.
    """

    reference: str
    package: str
    attempt: int
    doing: str
    tries: int
    failed: str = ""
    waits: bool = False
    progress: Progress | None = None

    @property
    def line(self) -> str:
        """As a person reads it."""
        far = f", {_far(self.progress)}" if self.progress else ""
        wrong = f", the last one: {self.failed}" if self.failed else ""
        return f"{self.package} attempt {self.attempt}: {self.doing}{far}, try {self.tries}{wrong}"


def _far(progress: Progress) -> str:
    return f"{progress.sent / _MIB:.1f} of {progress.size / _MIB:.1f} MiB"


async def under_way(client: Client, reference: str | None = None) -> list[UnderWay]:
    """All transfers that run, or those of one request. Raises Unreachable."""
    query = "WorkflowType = 'Transfer' AND ExecutionStatus = 'Running'"
    if reference:
        query += f" AND WorkflowId STARTS_WITH 'transfer/{reference}/'"
    try:
        return [found async for found in _found(client, query)]
    except RPCError:
        raise Unreachable("the Temporal server does not say which transfers run; ask again") from None


async def _found(client: Client, query: str) -> AsyncIterator[UnderWay]:
    async for listed in client.list_workflows(query):
        told = await client.get_workflow_handle(listed.id).describe()
        for pending in told.raw_description.pending_activities:
            yield await _of(client, listed.id, pending)


async def _of(client: Client, workflow: str, pending: PendingActivityInfo) -> UnderWay:
    _, reference, attempt = workflow.split("/")
    package, _, number = attempt.rpartition("-")
    converter = client.data_converter.with_context(WorkflowSerializationContext(client.namespace, workflow))
    failed = await converter.decode_failure(pending.last_failure) if pending.HasField("last_failure") else ""
    beats = pending.heartbeat_details.payloads  # none, as long as it has not begun to send
    beat = await converter.decode(beats, [Progress]) if beats else []
    return UnderWay(
        reference=reference,
        package=package,
        attempt=int(number),
        doing=pending.activity_type.name,
        tries=pending.attempt,
        failed=str(failed),
        waits=bool(failed) and pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED,
        progress=beat[0] if beat else None,
    )
