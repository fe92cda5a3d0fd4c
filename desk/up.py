"""Everything on one machine: embedded Temporal server, worker and signer, until somebody says stop."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime

import structlog

from comity.cli import say
from comity.errors import Refused, Unreachable
from comity.home import Home, make
from comity.settings import Settings
from desk.ending import Ending
from temporal import client, embedded, logs, tracing
from worker import working

_log = structlog.get_logger()


async def up(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM. Raises Refused when another `up` has this home, or the server ended by itself."""
    logs.configure()
    ending = Ending()
    ending.listen()
    with _alone(settings):
        home = make(settings, datetime.now(UTC))
        try:
            async with embedded.running(settings) as server:
                await _serve(home, ending, server)
                ending.at = "end the Temporal server"
        finally:
            home.close()


async def work(settings: Settings) -> None:
    """Run one more worker until SIGINT or SIGTERM, against the server that the settings name."""
    logs.configure()
    ending = Ending()
    ending.listen()
    home = make(settings, datetime.now(UTC))
    try:
        await _serve(home, ending, None)
    finally:
        home.close()


async def _serve(home: Home, ending: Ending, server: embedded.Server | None) -> None:
    if home.settings.otlp:
        tracing.export_to(home.settings.otlp)
    wire = await client.connect(home.settings, home.keys)
    async with _answered(server), working(home, wire):
        _log.info("ready", pid=os.getpid())
        say(f"comity is up: home {home.folder}, Temporal at {home.settings.temporal_address}. Ctrl-C stops it.")
        with ending.follows():
            await _until(ending, server)
            ending.at = "finish what the worker is at"
    if not ending.asked.is_set() and server:
        raise Refused(f"the Temporal server has ended; its last words are in {server.log}")
    _log.info("stopped", pid=os.getpid())


@asynccontextmanager
async def _answered(server: embedded.Server | None) -> AsyncIterator[None]:
    """Workers that have just begun ask the server about itself; one that is gone by then is no fault of ours.

    Raises Unreachable, but for an embedded server that has ended: of that the caller tells.
    """
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith("Worker validation failed"):
            raise
        if server is None or not server.has_ended():
            raise Unreachable("the Temporal server went before the workers had begun; start again") from error


async def _until(ending: Ending, server: embedded.Server | None) -> None:
    """Until somebody says stop, or the embedded server has ended by itself: that is said before anything is ended."""
    while not ending.asked.is_set() and not (server and server.has_ended()):
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.asked.wait(), 1.0)
    if not ending.asked.is_set():
        _log.error("the Temporal server has ended; its last words are in temporal.log")


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """The lock on COMITY_HOME: the kernel lets go of it when this process ends, however it ends."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (settings.home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                f"another `comity up` has {settings.home}; stop that one, or choose another COMITY_HOME"
            ) from None
        yield
