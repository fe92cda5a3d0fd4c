"""The plainest workflow that does as much: each update awaits one ordinary activity, which does nothing."""

from datetime import timedelta

from temporalio import activity, workflow


@activity.defn(name="nothing")
async def nothing(number: int) -> int:
    """Give back what came."""
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
