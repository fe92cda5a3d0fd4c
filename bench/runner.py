"""A side in a process of its own, which lives lives when it is told to."""

import asyncio
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn, cast

from temporalio.api.enums.v1 import EventType

from bench.life import Lived
from bench.sides import SIDES, Side
from temporal import logs

_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Lives:
    """The order to live so many lives, so many at a time."""

    count: int
    at_a_time: int


@dataclass(frozen=True)
class Use:
    """Of one process: resident memory at the end, in bytes, and processor time, in seconds."""

    memory: int
    processor: float


@dataclass(frozen=True)
class Took:
    """What they took: seconds for all, each life, and what worker and server used meanwhile."""

    seconds: float
    lives: tuple[Lived, ...]
    worker: Use
    server: Use

    @property
    def rate(self) -> float:
        """Lives a second."""
        return len(self.lives) / self.seconds

    @property
    def waits(self) -> list[float]:
        """Seconds from act to receipt, of all acts but the receiving ones."""
        return [wait for life in self.lives for wait in life.acts[1:]]


@dataclass(frozen=True)
class History:
    """What one life left on the server: events by type, bytes, and which search attributes were told in order."""

    events: Counter[str]
    size: int
    told: tuple[tuple[tuple[str, bytes], ...], ...]


Order = Lives | str
"""Lives to live, or the id of a workflow whose history is wanted."""


@dataclass(frozen=True)
class Running:
    """A side that runs."""

    name: str
    orders: Connection

    def lives(self, count: int, at_a_time: int) -> Took:
        """Have it live, and wait."""
        self.orders.send(Lives(count, at_a_time))
        return cast("Took", answer(self.orders))

    def history(self, workflow_id: str) -> History:
        """The history of one of its workflows."""
        self.orders.send(workflow_id)
        return cast("History", answer(self.orders))


def answer(orders: Connection) -> object:
    """What the other process answers. Raises what it raised."""
    answered = orders.recv()
    if isinstance(answered, BaseException):
        raise answered
    return answered


@contextmanager
def running(name: str, folder: Path, spans_to: str) -> Iterator[Running]:
    """A side for as long as the block lasts."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_work, args=(name, folder, spans_to, theirs))
    process.start()
    theirs.close()
    try:
        ours.recv()
        yield Running(name, ours)
    finally:
        ours.close()
        process.join()


@contextmanager
def beside(work: Callable[[Connection], None]) -> Iterator[Connection]:
    """A process that works as long as the block lasts: it is sent None at the end."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=work, args=(theirs,))
    process.start()
    try:
        yield ours
    finally:
        ours.send(None)
        process.join()


def _work(name: str, folder: Path, spans_to: str, orders: Connection) -> None:
    until_done(folder.with_suffix(".log"), _serve(name, folder, spans_to, orders))


def until_done(log: Path, work: Coroutine[Any, Any, None]) -> NoReturn:
    """The whole of a process: what it does, with what it logs in a file; then its end."""
    with log.open("w") as file:
        logs.configure(file)
        asyncio.run(work)
    os._exit(0)  # the SDK may crash at the exit of the interpreter (sdk-python#300)


async def _serve(name: str, folder: Path, spans_to: str, orders: Connection) -> None:
    async with SIDES[name](folder, spans_to) as side:
        orders.send("ready")
        while order := await _next(orders):
            try:
                orders.send(await _obey(side, order))
            except Exception as error:  # told to the one who asked, who stops
                orders.send(RuntimeError(f"{name}: {type(error).__name__}: {error}"))


async def _next(orders: Connection) -> Order | None:
    try:
        order: Order = await asyncio.to_thread(orders.recv)
    except EOFError:
        return None
    return order


async def _obey(side: Side, order: Order) -> Took | History:
    return await _lived(side, order) if isinstance(order, Lives) else await _history(side, order)


async def _lived(side: Side, order: Lives) -> Took:
    lives: list[Lived] = []
    left = iter(range(order.count))

    async def one_after_the_other() -> None:
        for _ in left:
            lived = await side.live()
            lives.append(lived)

    processes = os.getpid(), server_pid(side)
    before = [_processor(pid) for pid in processes]
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(order.at_a_time):
            group.create_task(one_after_the_other())
    took = time.perf_counter() - began
    worker, server = (Use(resident(pid), _processor(pid) - used) for pid, used in zip(processes, before, strict=True))
    return Took(took, tuple(lives), worker, server)


def server_pid(side: Side) -> int:
    """The process id of its server."""
    return int((side.server.log.parent / "temporal.pid").read_text())


def resident(pid: int) -> int:
    """Bytes that a process has in memory now (proc(5), statm)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _processor(pid: int) -> float:
    """User and system time (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _history(side: Side, workflow_id: str) -> History:
    handle = side.client.get_workflow_handle(workflow_id)
    described = await handle.describe()
    events = (await handle.fetch_history()).events
    told = [
        tuple((name, payload.data) for name, payload in sorted(fields.search_attributes.indexed_fields.items()))
        for event in events
        if (fields := event.upsert_workflow_search_attributes_event_attributes).workflow_task_completed_event_id
    ]
    return History(
        events=Counter(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in events),
        size=described.raw_description.workflow_execution_info.history_size_bytes,
        told=tuple(told),
    )
