"""The one plugin that clients, workers, replays and tests share: converter, sandbox and tracing."""

from temporalio.contrib.opentelemetry import OpenTelemetryInterceptor
from temporalio.plugin import SimplePlugin

from temporal import codec, sandbox, tracing
from temporal.codec import Seals


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
