"""What a server handed out before its clock was set back and lost: it would wait for it until the old time comes again.

Timeouts are instants by the server's clock, and a schedule goes by the latest time that it saw.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import AsyncActivityHandle, Client
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

_LOST = "handed out before the clock was set back"


@dataclass
class Recovered:
    """How many activities are tried again, and how many schedules go by the new time."""

    activities: int = 0
    schedules: int = 0


async def recover(client: Client, now: datetime) -> Recovered:
    """Have tried again each activity that was handed out after `now`, and begin each schedule anew, at once.

    What a worker is still at counts as lost too: activities can be repeated. Raises RPCError.
    """
    recovered = Recovered()
    async for lost in _handed_out_after(client, now):
        with suppress(RPCError):  # it has come back in this moment
            await lost.fail(ApplicationError(_LOST, type="Lost"))
            recovered.activities += 1
    async for listed in await client.list_schedules():
        await _begin_anew(client, listed.id)
        recovered.schedules += 1
    return recovered


async def _handed_out_after(client: Client, now: datetime) -> AsyncIterator[AsyncActivityHandle]:
    async for found in client.list_workflows("ExecutionStatus = 'Running'"):
        described = await client.get_workflow_handle(found.id, run_id=found.run_id).describe()
        for pending in described.raw_description.pending_activities:
            is_out = pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
            if is_out and pending.last_started_time.ToDatetime(now.tzinfo) > now:
                yield client.get_async_activity_handle(
                    workflow_id=found.id, run_id=found.run_id, activity_id=pending.activity_id
                )


async def _begin_anew(client: Client, name: str) -> None:
    """Ended between the two calls, the schedule is missing until a worker starts and says it again."""
    handle = client.get_schedule_handle(name)
    schedule = (await handle.describe()).schedule
    await handle.delete()
    await client.create_schedule(name, schedule, trigger_immediately=True)
