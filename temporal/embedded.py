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
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from comity.errors import Refused, Unreachable
from comity.settings import Settings
from temporal.conditions import Conditions
from temporal.set_back import recover

_log = structlog.get_logger()

LOOPBACK: Final = "127.0.0.1"
HEALTHY_WITHIN = 60.0
"""Seconds; a cold start on a slow disk was seen to take twelve."""
STARTS: Final = 3
"""How often a server that ends before it is healthy is started: it picks ports for its inner services by chance, and
was seen to pick the very port that it had been given."""
RECOVERIES: Final = 3
"""How often a server that began anew is asked for what it had handed out."""
GONE_WITHIN = 30.0
"""Seconds for a server to be gone that was killed; on an idle machine it takes a hundredth of one."""

_LOG = "temporal.log"
_UNHEALTHY = f"the embedded Temporal server does not become healthy; read {_LOG} in COMITY_HOME"
_WATCHER = Path(__file__).parent / "watcher.py"
_ENDED_WITHIN = 10.0
_PORT_FREE_WITHIN = 1.0
_AGAIN = 0.05


SET_BACK_BY = 5.0
"""Seconds that a clock may be set back without a new start of the server: so long it hands out no task."""


@dataclass
class Server:
    """An embedded server that runs: where it listens, its watcher, and the pipe that keeps both alive."""

    address: str
    log: Path
    watcher: subprocess.Popen[bytes]
    pipe: int
    begins_anew: bool = False

    def has_ended(self) -> bool:
        """Whether it ended by itself; its last words stand in its log."""
        return not self.begins_anew and self.watcher.poll() is not None

    def end(self) -> None:
        """Let go of the pipe, and wait until the server is gone. Safe to repeat."""
        if self.pipe >= 0:
            os.close(self.pipe)
            self.pipe = -1
        self.watcher.wait(GONE_WITHIN)


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
                clock = asyncio.create_task(_begin_anew_when_set_back(server, settings, command, conditions))
                try:
                    yield server
                finally:
                    clock.cancel()
                    await asyncio.gather(clock, return_exceptions=True)
                return
    raise Unreachable(_UNHEALTHY)


@asynccontextmanager
async def _one(settings: Settings, command: list[str]) -> AsyncIterator[Server]:
    """One server, healthy or not, that has ended when the block has."""
    server = await asyncio.to_thread(_started, settings, command)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.end)


async def _begin_anew_when_set_back(
    server: Server, settings: Settings, command: list[str], conditions: Conditions
) -> None:
    """A server whose clock was set back hands out no task until the old time comes again: it is started anew.

    What was handed out and lost is handed out again; workers connect by themselves. Seen with Temporal Server 1.32.0.
    """
    ahead = _ahead()
    while True:
        await asyncio.sleep(1.0)
        ahead, before = _ahead(), ahead
        if ahead < before - SET_BACK_BY:
            _log.warning("the clock was set back: the Temporal server begins anew", act="begin anew")
            await asyncio.to_thread(_anew, server, settings, command)
            await _recovered(server, settings.namespace, conditions)


async def _recovered(server: Server, namespace: str, conditions: Conditions) -> None:
    """What fails here leaves things to wait until the old time comes again; it is said."""
    for _ in range(RECOVERIES):
        with suppress(RPCError, RuntimeError, Unreachable):
            if not await _healthy(server, namespace, conditions):
                return
            found = await recover(await Client.connect(server.address, namespace=namespace), datetime.now(UTC))
            _log.warning("handed out again", act="begin anew", count=found.activities + found.steps)
            return
    _log.error("not done at this turn", act="hand out again")


def _ahead() -> float:
    """How far the time of day is ahead of a clock that nobody sets."""
    return time.time() - time.monotonic()


def _anew(server: Server, settings: Settings, command: list[str]) -> None:
    server.begins_anew = True
    try:
        server.end()
        began = _started(settings, command)
        server.watcher, server.pipe = began.watcher, began.pipe
    finally:
        server.begins_anew = False


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
    """Kill the server that holds the lock, as its watcher would; again, where its pid was not written yet."""
    until = time.monotonic() + _ENDED_WITHIN
    while time.monotonic() < until:
        with suppress(ProcessLookupError, ValueError):
            os.kill(int(os.pread(lock, 20, 0)), signal.SIGKILL)
        if _taken(lock, within=10 * _AGAIN):
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
    """Raises Refused. A server that has just died lets go of its lock a moment before it lets go of its port."""
    until = time.monotonic() + _PORT_FREE_WITHIN
    while not _is_free(port):
        if time.monotonic() >= until:
            raise Refused(f"port {port} is in use; end what listens there, or set COMITY_TEMPORAL_PORT")
        time.sleep(_AGAIN)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((LOOPBACK, port))
            return True
    return False


def _started(settings: Settings, command: list[str]) -> Server:
    """A server under its watcher. Raises Refused when the port is in use."""
    lock = _locked(settings.home / "temporal.pid")
    try:
        _refuse_port_in_use(settings.temporal_port)
        watcher, pipe = _watched(settings.home / _LOG, command, lock)
    finally:
        os.close(lock)  # from here on the server alone holds it
    return Server(f"{LOOPBACK}:{settings.temporal_port}", settings.home / _LOG, watcher, pipe)


def _watched(log: Path, command: list[str], lock: int) -> tuple[subprocess.Popen[bytes], int]:
    """The watcher that has started the server, and the write end of the pipe that keeps both alive."""
    read_end, write_end = os.pipe()
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
    return watcher, write_end


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
