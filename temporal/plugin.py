"""The one plugin that clients, workers, replays and tests share: converter, sandbox, tracing, patience."""

from collections.abc import Awaitable, Callable

from temporalio.contrib.opentelemetry import OpenTelemetryInterceptor
from temporalio.plugin import SimplePlugin
from temporalio.worker import Worker

from temporal import codec, sandbox, tracing
from temporal.codec import Seals

STALLED = 60
"""Seconds that a workflow's code may take at a time. The SDK's own two are fewer than a busy or a halted machine takes.

What goes over them is interrupted wherever it is, and may then never be let go of: the request stands still for as long
as that worker lives (docs/decisions/0016). A task that takes longer than the server waits is given again meanwhile.
"""


class ComityPlugin(SimplePlugin):
    """Give it to the client; workers made from that client have it too. A Replayer takes one of its own."""

    def __init__(self, keys: Seals) -> None:
        tracing.provider()  # the interceptor refuses to work without it
        super().__init__(
            "comity",
            data_converter=codec.converter(keys),
            interceptors=[OpenTelemetryInterceptor()],
            workflow_runner=sandbox.runner(),
        )

    async def run_worker(self, worker: Worker, next: Callable[[Worker], Awaitable[None]]) -> None:  # noqa: A002 - its name there
        """Run a worker that takes no stall of the machine for a deadlock."""
        if worker._workflow_worker is not None:  # the SDK has no setting for it
            worker._workflow_worker._deadlock_timeout_seconds = STALLED
        await super().run_worker(worker, next)
