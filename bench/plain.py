"""The plainest workflows that do as much: one that takes updates, one that waits; an activity that does nothing."""

import time
from datetime import datetime, timedelta

from temporalio import activity, workflow

DONE_AT: list[float] = []
"""When nothing was done, as seconds of the epoch: for the process that measures it."""


@activity.defn(name="nothing")
async def nothing(number: int) -> int:
    """Give back what came."""
    DONE_AT.append(time.time())
    return number


@workflow.defn(name="Plain")
class Plain:
    """Stays open, as a request does, and takes updates."""

    @workflow.run
    async def run(self) -> None:
        """Never end."""
        await workflow.wait_condition(lambda: False)

    @workflow.update(name="act")
    async def act(self, number: int) -> int:
        """Have one activity done, and give its result."""
        return await workflow.execute_activity(nothing, number, start_to_close_timeout=timedelta(seconds=10))


@workflow.defn(name="PlainTimer")
class PlainTimer:
    """Waits for one instant, as the clock of a request does."""

    @workflow.run
    async def run(self, instant: datetime) -> None:
        """Have one activity done then."""
        await workflow.sleep(instant - workflow.now())
        await workflow.execute_activity(nothing, 0, start_to_close_timeout=timedelta(seconds=10))
