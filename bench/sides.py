"""The two that are compared: comity with everything on, and the plain workflow, each on a server of its own."""

import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from bench.life import LIFE, Lived, live
from bench.plain import Plain, PlainTimer, nothing
from comity.home import make
from comity.people import People
from comity.settings import Settings
from desk.counter import Counter
from temporal import embedded, sandbox, tracing
from temporal.at_hand import at_hand
from temporal.client import connect
from temporal.names import REQUESTS
from worker import working


class Side(Protocol):
    """What is measured."""

    @property
    def client(self) -> Client:
        """Its way to its server."""

    @property
    def server(self) -> embedded.Server:
        """Its server."""

    async def live(self) -> Lived:
        """One life."""


@dataclass(frozen=True)
class Comity:
    """The service as `make up` runs it."""

    client: Client
    server: embedded.Server
    counter: Counter

    async def live(self) -> Lived:
        """The life of life.json, at the counter."""
        return await live(self.counter)


@dataclass(frozen=True)
class Bare:
    """The plain workflow, with as many updates."""

    client: Client
    server: embedded.Server

    async def live(self) -> Lived:
        """Start it with its first update, then send the others one by one."""
        id_ = f"plain/{uuid4()}"
        start: WithStartWorkflowOperation[Plain, None] = WithStartWorkflowOperation(
            Plain.run, id=id_, task_queue=REQUESTS, id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING
        )
        began = time.perf_counter()
        await self.client.execute_update_with_start_workflow("act", 0, start_workflow_operation=start)
        seconds = [time.perf_counter() - began]
        handle = await start.workflow_handle()
        for number in range(1, len(LIFE.acts)):
            began = time.perf_counter()
            await handle.execute_update("act", number)
            seconds.append(time.perf_counter() - began)
        return Lived(id_, tuple(seconds))


@asynccontextmanager
async def comity(folder: Path, spans_to: str, mail_to: int = 1025) -> AsyncIterator[Comity]:
    """Everything on: encryption, ledger, register, spans; mail goes to a port of loopback."""
    settings = _settings(folder, smtp_port=mail_to)
    home = make(settings, datetime.now(UTC))
    people = home.folder / "people.toml"
    people.write_text((Path(__file__).parent / "people.toml").read_text())
    tracing.export_to(spans_to)
    async with embedded.running(settings) as server:
        client = await connect(settings, home.keys)
        async with working(home, client):
            yield Comity(client, server, Counter(home, People.load(people), client))
    home.close()


@asynccontextmanager
async def bare(folder: Path, spans_to: str) -> AsyncIterator[Bare]:  # noqa: ARG001 - it has no spans
    """A server with the same flags, a worker with the same settings, records as JSON and no codec."""
    settings = _settings(folder)
    async with embedded.running(settings) as server:
        client = await Client.connect(
            server.address, namespace=settings.namespace, data_converter=pydantic_data_converter
        )
        async with Worker(
            client,
            task_queue=REQUESTS,
            workflows=[Plain, PlainTimer],
            activities=[nothing],
            workflow_runner=sandbox.runner(),
            graceful_shutdown_timeout=timedelta(seconds=10),
            max_concurrent_workflow_tasks=20,
            max_cached_workflows=at_hand(),
        ):
            yield Bare(client, server)


SIDES: dict[str, Callable[[Path, str], AbstractAsyncContextManager[Side]]] = {"comity": comity, "bare": bare}


def _settings(folder: Path, **more: Any) -> Settings:
    """The embedded, one-machine form, whatever the environment says."""
    return Settings(home=folder, database=None, temporal=None, temporal_port=_free_port(), namespace="comity", **more)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
