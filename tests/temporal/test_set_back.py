"""What was handed out before the clock was set back is handed out again, on a real server."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio import activity, workflow
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleSpec,
)
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from temporal.set_back import Recovered, recover
from tests.office import waited_for
from tests.serving import time_skipping

AN_HOUR = timedelta(hours=1)
QUEUE = "lost"


@workflow.defn(name="Lost")
class Lost:
    """Waits for an activity whose first attempt never comes back."""

    @workflow.run
    async def run(self) -> int:
        """Returns the attempt that came back."""
        return int(await workflow.execute_activity("come back", start_to_close_timeout=AN_HOUR, result_type=int))


@workflow.defn(name="Ran")
class Ran:
    """What the schedule begins."""

    @workflow.run
    async def run(self) -> None:
        """Does nothing."""


class Hands:
    """Takes an activity, and is not heard of again until it is handed out once more."""

    def __init__(self) -> None:
        self.taken = asyncio.Event()

    @activity.defn(name="come back")
    async def come_back(self) -> int:
        """Returns which attempt it is."""
        self.taken.set()
        if activity.info().attempt == 1:
            activity.raise_complete_async()
        return activity.info().attempt


async def recovers(client: Client, wanted: Recovered, now: datetime) -> None:
    """What lists workflows and schedules is told of them a moment after they began."""
    async with asyncio.timeout(30):
        while (found := await recover(client, now)) == Recovered():  # noqa: ASYNC110 - nobody sets an event here
            await asyncio.sleep(0.05)
    assert found == wanted


async def test_what_was_handed_out_at_a_time_to_come_is_handed_out_again() -> None:
    """The hour that a clock was set back is taken from the time that `recover` is told."""
    hands = Hands()
    async with time_skipping() as env:
        worker = Worker(
            env.client,
            task_queue=QUEUE,
            workflows=[Lost, Ran],
            activities=[hands.come_back],
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        async with worker:
            lost = await env.client.start_workflow(Lost.run, id="request/lost", task_queue=QUEUE)
            await hands.taken.wait()
            assert await recover(env.client, datetime.now(UTC) + AN_HOUR) == Recovered()
            await recovers(env.client, Recovered(activities=1), datetime.now(UTC) - AN_HOUR)
            assert await lost.result() == 2


async def test_a_step_that_no_worker_got_is_handed_out_again() -> None:
    """Seen: the server was ended between writing down that a step is with a worker, and telling that worker."""
    async with time_skipping() as env:
        minutes = timedelta(minutes=2)
        lost = await env.client.start_workflow("Ran", id="request/step", task_queue=QUEUE, task_timeout=minutes)
        asked = PollWorkflowTaskQueueRequest(
            namespace=env.client.namespace, task_queue=TaskQueue(name=QUEUE), identity="a worker that dies"
        )
        taken = await env.client.workflow_service.poll_workflow_task_queue(asked)
        assert taken.task_token
        assert await recover(env.client, datetime.now(UTC) + AN_HOUR) == Recovered()
        await recovers(env.client, Recovered(steps=1), datetime.now(UTC) - AN_HOUR)
        async with Worker(env.client, task_queue=QUEUE, workflows=[Ran]), asyncio.timeout(60):
            await lost.result()


async def begun_again(handle: ScheduleHandle) -> ScheduleDescription | None:
    """A schedule, once it has begun something."""
    found = await handle.describe()
    return found if found.info.recent_actions else None


async def test_a_schedule_begins_anew_at_once() -> None:
    """It would go by the latest time that it saw."""
    async with time_skipping() as env, Worker(env.client, task_queue=QUEUE, workflows=[Ran]):
        action = ScheduleActionStartWorkflow("Ran", id="ran", task_queue=QUEUE)
        hourly = Schedule(action=action, spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=AN_HOUR)]))
        handle = await env.client.create_schedule("hourly", hourly)
        before = await handle.describe()
        await recovers(env.client, Recovered(schedules=1), datetime.now(UTC))
        after = await waited_for(lambda: begun_again(handle))
        assert after
        assert after.info.created_at > before.info.created_at
        assert after.schedule.spec == before.schedule.spec
        assert after.schedule.policy == before.schedule.policy
