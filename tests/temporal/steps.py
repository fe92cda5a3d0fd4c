"""A small workflow to try the wire with: it takes deeds, and lets an activity record each."""

import logging
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError

from comity.request.model import Deed

with workflow.unsafe.imports_passed_through():
    from temporal import tracing


@activity.defn
async def record(deed: Deed) -> str:
    with tracing.step("record", reference=deed.id):
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
        with tracing.step("apply", reference=deed.id):
            logging.getLogger("steps").warning("applied")
            words = await workflow.execute_activity(record, deed, start_to_close_timeout=timedelta(seconds=10))
        self.done.append(words)
        if deed.particulars.reason:
            raise ApplicationError(deed.particulars.reason)
        return words

    @workflow.query
    def rang(self) -> bool:
        return self.rung
