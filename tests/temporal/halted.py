"""A workflow during which the machine comes to a halt, for longer than the SDK's own patience."""

import threading

from temporalio import workflow

HALT = 2.5


@workflow.defn(sandboxed=False)
class Halted:
    @workflow.run
    async def run(self) -> str:
        threading.Event().wait(HALT)
        return "went on"
