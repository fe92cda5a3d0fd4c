"""The server that other tests use: real, with a clock that can be put forward."""

from datetime import timedelta
from uuid import uuid4

from temporalio.worker import Worker

from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Particulars
from tests.serving import time_skipping
from tests.temporal.steps import Steps, record

ULID = "01JA0000000000000000000001"


async def test_a_workflow_acts_and_its_clock_is_put_forward() -> None:
    async with time_skipping() as env:
        queue = uuid4().hex
        async with Worker(env.client, task_queue=queue, workflows=[Steps], activities=[record]):
            handle = await env.client.start_workflow(Steps.run, 2, id=f"request/{ULID}", task_queue=queue)
            deed = Deed(id=ULID, act=Act.NOTE, person="anna", role=Role.COORDINATOR, particulars=Particulars(words="x"))
            assert await handle.execute_update(Steps.act, deed) == "x"
            assert not await handle.query(Steps.rang)
            await env.fast_forward(handle, timedelta(days=6))
            assert await handle.result() == ["x"]
