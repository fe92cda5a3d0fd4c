"""Faults: an activity that fails, or fails although it took effect; a request that stumbles as it is spoken to."""

import asyncio
from collections import Counter
from typing import Any

from temporalio import activity
from temporalio.client import (
    CreateScheduleInput,
    OutboundInterceptor,
    ScheduleHandle,
    StartWorkflowUpdateInput,
    WorkflowUpdateHandle,
)
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput
from temporalio.worker import Interceptor as WorkerInterceptor


class Faults(ClientInterceptor, WorkerInterceptor):
    """Which activities fail, by name: `down` every time, `before` so many times, `after` their effect so many times.
    Those that are `silent` say nothing before `spoken` is set.

    `stumbles`: how often the server says of an update that the request's task has failed. `unscheduled`: how often it
    takes no schedule; it says nothing of schedules before `heard` is set.
    """

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.before: Counter[str] = Counter()
        self.after: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        self.silent: set[str] = set()
        self.spoken = asyncio.Event()
        self.stumbles = 0
        self.unscheduled = 0
        self.heard = asyncio.Event()
        self.heard.set()

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - theirs
        """Stand before every call of this client."""
        return _OnTheWire(next, self)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - theirs
        """Stand before every activity of the workers that are made from this client."""
        return _AtTheDoor(next, self)

    def fails(self, name: str, when: Counter[str]) -> bool:
        """Whether this try fails: then it is counted as met."""
        if name not in self.down and not when[name]:
            return False
        when[name] -= name not in self.down
        self.met[name] += 1
        return True


class _OnTheWire(OutboundInterceptor):
    def __init__(self, inner: OutboundInterceptor, faults: Faults) -> None:
        super().__init__(inner)
        self._faults = faults

    async def start_workflow_update(self, input: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:  # noqa: A002
        if self._faults.stumbles:
            self._faults.stumbles -= 1
            raise RPCError("Workflow Task in failed state.", RPCStatusCode.FAILED_PRECONDITION, b"")
        return await super().start_workflow_update(input)

    async def create_schedule(self, input: CreateScheduleInput) -> ScheduleHandle:  # noqa: A002 - their name
        await self._faults.heard.wait()
        if self._faults.unscheduled:
            self._faults.unscheduled -= 1
            raise RPCError("not now", RPCStatusCode.UNAVAILABLE, b"")
        return await super().create_schedule(input)


class _AtTheDoor(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, faults: Faults) -> None:
        super().__init__(inner)
        self._faults = faults

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - their name
        name = activity.info().activity_type
        if name in self._faults.silent:
            await self._faults.spoken.wait()
        if self._faults.fails(name, self._faults.before):
            raise ConnectionError("failed")
        result = await super().execute_activity(input)
        if self._faults.fails(name, self._faults.after):
            raise ConnectionError("failed, but took effect")
        return result
