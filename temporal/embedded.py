"""The Temporal server on this machine: a child process that cannot outlive us, on loopback, its state in a file."""

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from comity.errors import Refused, Unreachable
from comity.settings import Settings
from temporal.conditions import Conditions

LOOPBACK: Final = "127.0.0.1"
HEALTHY_WITHIN = 60.0
"""Seconds; a cold start on a slow disk was seen to take twelve."""
STARTS: Final = 3
"""How often a server that ends before it is healthy is started: it picks ports for its inner services by chance, and
was seen to pick the very port that it had been given."""
GONE_WITHIN = 30.0
"""Seconds for a server to be gone that was killed; on an idle machine it takes a hundredth of one."""

_LOG = "temporal.log"
_UNHEALTHY = f"the embedded Temporal server does not become healthy; read {_LOG} in COMITY_HOME"
_WATCHER = Path(__file__).parent / "watcher.py"
_ENDINGS = ((0, 3.0), (signal.SIGKILL, 10.0))
_AGAIN = 0.05


@dataclass(frozen=True)
class Server:
    """An embedded server that runs: where it listens, and the process that watches it."""

    address: str
    watcher: subprocess.Popen[bytes]
    log: Path

    def has_ended(self) -> bool:
        """Whether it ended by itself; its last words stand in its log."""
        return self.watcher.poll() is not None


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Server]:
    """A server for as long as the block lasts, healthy, with our namespace. It ends with us, even when we are killed.

    The caller holds the lock on COMITY_HOME, so a server that still stands there was left over: it is ended first.
    Raises Refused when the port is in use, Unreachable when the server is not installed or does not become healthy.
    """
    conditions = Conditions.load()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = _command(settings, conditions)
    (settings.home / _LOG).write_bytes(b"")
    for _ in range(STARTS):
        async with _one(settings, command) as server:
            if await _healthy(server, settings.namespace, conditions):
                yield server
                return
    raise Unreachable(_UNHEALTHY)


@asynccontextmanager
async def _one(settings: Settings, command: list[str]) -> AsyncIterator[Server]:
    """One server, healthy or not, that has ended when the block has."""
    lock = await asyncio.to_thread(_locked, settings.home / "temporal.pid")
    try:
        _refuse_port_in_use(settings.temporal_port)
        server, pipe = _started(settings, command, lock)
    finally:
        os.close(lock)  # from here on the server alone holds it
    try:
        yield server
    finally:
        os.close(pipe)
        await asyncio.to_thread(server.watcher.wait, GONE_WITHIN)


def _command(settings: Settings, conditions: Conditions) -> list[str]:
    """The command line of the server; WAL with full sync is both faster and safer than its own default."""
    return [
        *(_binary(), "server", "start-dev", "--headless", "--log-level=warn", "--log-format=json"),
        *(f"--ip={LOOPBACK}", f"--port={settings.temporal_port}", f"--namespace={settings.namespace}"),
        f"--db-filename={settings.home.absolute() / 'temporal.db'}",
        *("--sqlite-pragma=journal_mode=WAL", "--sqlite-pragma=synchronous=FULL"),
        *conditions.arguments(),
    ]


def _binary() -> str:
    beside_python = Path(sys.executable).parent
    found = shutil.which("temporal", path=beside_python) or shutil.which("temporal")
    if found is None:
        raise Unreachable("no Temporal server is installed; run `make setup`, or name yours in COMITY_TEMPORAL")
    return found


def _locked(pid_file: Path) -> int:
    """The pid file, open, locked and empty: whoever reads a pid from it while it is locked reads the server's."""
    lock = os.open(pid_file, os.O_RDWR | os.O_CREAT, 0o600)
    if not _taken(lock, within=0):
        _end_leftover(lock)
    os.ftruncate(lock, 0)
    return lock


def _end_leftover(lock: int) -> None:
    """End the server that holds the lock: its watcher may be at it already, so it is waited for before it is told."""
    for sign, patience in _ENDINGS:
        with suppress(ProcessLookupError, ValueError):  # gone by now, or its pid not written yet
            os.kill(int(os.pread(lock, 20, 0)), sign)
        if _taken(lock, within=patience):
            return
    raise Refused("a Temporal server of this home cannot be ended; end the process named in temporal.pid")


def _taken(lock: int, *, within: float) -> bool:
    until = time.monotonic() + within
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(_AGAIN)


def _refuse_port_in_use(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            raise Refused(f"port {port} is in use; end what listens there, or set COMITY_TEMPORAL_PORT") from None


def _started(settings: Settings, command: list[str], lock: int) -> tuple[Server, int]:
    """The server under its watcher, and the write end of the pipe that keeps both alive."""
    read_end, write_end = os.pipe()
    log = settings.home / _LOG
    with log.open("ab") as words:
        watcher = subprocess.Popen(  # noqa: S603 - our own command line
            [sys.executable, "-P", "-S", str(_WATCHER), str(read_end), str(lock), *command],
            pass_fds=[read_end, lock],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
        )
    os.close(read_end)
    return Server(f"{LOOPBACK}:{settings.temporal_port}", watcher, log), write_end


async def _healthy(server: Server, namespace: str, conditions: Conditions) -> bool:
    """Wait until it serves our namespace, and see to its retention; false when it has ended. Raises Unreachable."""
    until = time.monotonic() + HEALTHY_WITHIN
    while time.monotonic() < until:
        if server.has_ended():
            return False
        with suppress(RPCError, RuntimeError):
            await _keep_for(await Client.connect(server.address, namespace=namespace), conditions)
            return True
        await asyncio.sleep(_AGAIN)
    raise Unreachable(_UNHEALTHY)


async def _keep_for(client: Client, conditions: Conditions) -> None:
    """Set how long the histories of closed requests stay, where it is not so already."""
    service, namespace = client.workflow_service, client.namespace
    found = await service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    wanted = Duration()
    wanted.FromTimedelta(conditions.namespace.retention)
    if found.config.workflow_execution_retention_ttl != wanted:
        config = NamespaceConfig(workflow_execution_retention_ttl=wanted)
        await service.update_namespace(UpdateNamespaceRequest(namespace=namespace, config=config))
