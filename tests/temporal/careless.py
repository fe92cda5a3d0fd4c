"""A workflow that asks the machine for the time."""

import time

from temporalio import workflow


@workflow.defn
class Careless:
    @workflow.run
    async def run(self) -> float:
        return time.time()
