"""A small workflow to try the wire with: it takes deeds, and lets an activity record each."""

from datetime import timedelta

from temporalio import activity, workflow

from comity.request.model import Deed


@activity.defn
async def record(deed: Deed) -> str:
    return deed.particulars.words


@workflow.defn
class Steps:
    def __init__(self) -> None:
        self.done: list[str] = []
        self.rung = False

    @workflow.run
    async def run(self, wanted: int) -> list[str]:
        try:
            await workflow.wait_condition(lambda: len(self.done) == wanted, timeout=timedelta(days=6))
        except TimeoutError:
            self.rung = True
        return self.done

    @workflow.update
    async def act(self, deed: Deed) -> str:
        words = await workflow.execute_activity(record, deed, start_to_close_timeout=timedelta(seconds=10))
        self.done.append(words)
        return words

    @workflow.query
    def rang(self) -> bool:
        return self.rung
