"""The one process that carries requests forward: its workers, its signer, and the requests that wait to begin."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import Any, Final

import structlog
from temporalio.client import Client
from temporalio.worker import Worker

from activities.arrivals import begin_request
from activities.correspondence import Correspondence
from activities.destruction import Shredder
from activities.evidence import EvidenceRoom
from activities.law import Lawyer
from activities.links import LinkDesk
from activities.post import PostRoom
from activities.record import Recorder
from activities.retention import Archivist
from activities.sending import Sender
from activities.sweep import Sweeper, keep_sweeping
from activities.unrung import Watchman
from comity.errors import ComityError
from comity.home import Home, bucket_of
from comity.law.calendars import OfficeCalendar
from comity.ledger import checkpoint
from comity.people import People
from comity.register import reading
from comity.rotas import Rotas
from comity.webhook_secrets import WebhookSecrets
from temporal.at_hand import at_hand
from temporal.names import NOTICES, REQUESTS, TRANSFERS
from workflows.request import RequestLife
from workflows.retention import Retention
from workflows.sweep import Sweep
from workflows.transfer import Transfer

_log = structlog.get_logger()

GRACE = timedelta(seconds=10)
PROGRESS_EVERY = timedelta(seconds=5)
"""How old what the server knows of a transfer's progress may be."""
SIGN_EVERY = 0.5
DAILY_EVERY = 3600.0
ARRIVALS_EVERY = 30.0
FORGET_EVERY = 30.0
SCHEDULE_AGAIN = 30.0
BUILD: Final = f"comity {metadata.version('comity')}"
"""What a worker says to the server that it is; left unsaid, every start hashes all loaded code: 0.7 s of processor."""
KNOCKS_AT_ONCE = 1000
"""How many alarms may wait at once to be told in one mail; waiting costs next to nothing."""


@asynccontextmanager
async def working(home: Home, client: Client) -> AsyncIterator[None]:
    """Carry requests forward as long as the block lasts: queues served, arrivals begun, checkpoints signed."""
    async with AsyncExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(20, "activity"))
        workers = _workers(home, client, threads)
        for worker in workers:
            await stack.enter_async_context(worker)
        stack.push_async_callback(_end_together, workers)
        async with asyncio.TaskGroup() as beside:
            turns = _sign(home), _write_daily(home), _begin_arrivals(home, client), _have_swept(client), _forget(home)
            tasks = [beside.create_task(turn) for turn in turns]
            yield
            for task in tasks:
                task.cancel()
    await _tried("sign", asyncio.to_thread(_sign_once, home))
    await _tried("write checkpoints", asyncio.to_thread(_write_checkpoints, home))


def _workers(home: Home, client: Client, threads: ThreadPoolExecutor) -> Sequence[Worker]:
    settings = home.settings
    _keeps(home)
    recorder = Recorder(home.store, home.keys)
    calendar = OfficeCalendar.of(settings.own_state, settings.zone)
    lawyer, archivist = Lawyer(home.laws, calendar), Archivist(home, client, calendar)
    evidence, shredder = EvidenceRoom(home, client), Shredder(home)
    sweeper, post_room = Sweeper(home, client), PostRoom(home)
    watchman, link_desk = Watchman(home), LinkDesk(home)
    people = People.load(settings.home / "people.toml")
    WebhookSecrets(home.folder).check(people)
    mail = Correspondence(settings, people, _rotas(home, people))

    def serving(queue: str, workflows: Sequence[type], *activities: Any) -> Worker:
        return Worker(
            client,
            build_id=BUILD,
            task_queue=queue,
            workflows=workflows,
            activities=activities,
            activity_executor=threads,
            graceful_shutdown_timeout=GRACE,
            max_concurrent_workflow_tasks=20,
            max_cached_workflows=at_hand(),
            max_heartbeat_throttle_interval=PROGRESS_EVERY,
        )

    return (
        serving(
            REQUESTS,
            [RequestLife, Retention, Sweep],
            *(recorder.record, lawyer.reckon, evidence.depart, sweeper.look, sweeper.enter),
            *(archivist.keep, archivist.kept, archivist.told, archivist.unkept, post_room.waiting, post_room.told),
            *(shredder.destroy, shredder.clear, shredder.certify),
            *(watchman.unrung, watchman.enter, link_desk.untold, link_desk.told),
        ),
        _teller(client, mail),
        serving(TRANSFERS, [Transfer], evidence.deliver, Sender(home, evidence).send, evidence.report),
    )


def _teller(client: Client, mail: Correspondence) -> Worker:
    """Many knocks may wait to share a mail: each is a coroutine that does nothing meanwhile."""
    return Worker(
        client,
        build_id=BUILD,
        task_queue=NOTICES,
        activities=[mail.tell],
        graceful_shutdown_timeout=GRACE,
        max_concurrent_activities=KNOCKS_AT_ONCE,
    )


def _keeps(home: Home) -> None:
    """Raise Refused for a vault in a bucket that lets anybody take an exhibit away."""
    if place := bucket_of(home.settings):
        from activities import locking  # boto3 takes a third of a second, and whoever has a folder needs none of it

        locking.check(place)


def _rotas(home: Home, people: People) -> Rotas:
    """The rotas of this home. Raises Unreadable where one is faulty, or has a hole in the days to come."""
    rotas = Rotas(home.rotas, people, home.settings.zone)
    rotas.check(datetime.now(UTC))
    return rotas


async def _end_together(workers: Sequence[Worker]) -> None:
    """One after another each would take its own grace, and a stop thrice as long."""
    await asyncio.gather(*(worker.shutdown() for worker in workers))


async def _tried(what: str, work: Awaitable[object]) -> bool:
    """What must not stop the requests when it fails: it is said, and tried again at its next turn."""
    try:
        await work
    except ComityError as error:
        _log.error("not done at this turn", act=what, error=type(error).__name__, why=str(error))
        return False
    return True


async def _sign(home: Home) -> None:
    """A checkpoint within a second of an entry; a database that is away is waited for."""
    while True:
        await _tried("sign", asyncio.to_thread(_sign_once, home))
        await asyncio.sleep(SIGN_EVERY)


def _sign_once(home: Home) -> None:
    checkpoint.sign_head(home.store, home.signer())


async def _forget(home: Home) -> None:
    """A key that another process has destroyed is let go of within a minute, used or not."""
    while True:
        await _tried("forget keys", asyncio.to_thread(home.keys.forget_destroyed))
        await asyncio.sleep(FORGET_EVERY)


async def _write_daily(home: Home) -> None:
    while True:
        await _tried("write checkpoints", asyncio.to_thread(_write_checkpoints, home))
        await asyncio.sleep(DAILY_EVERY)


def _write_checkpoints(home: Home) -> None:
    with home.store.reading() as view:
        checkpoint.write_daily(view, home.checkpoints)


async def _have_swept(client: Client) -> None:
    """Say the schedule of the sweep until the server has it; after a kill its answer may take 10 s."""
    while not await _tried("schedule the sweep", keep_sweeping(client)):  # noqa: ASYNC110 - nobody sets an event here
        await asyncio.sleep(SCHEDULE_AGAIN)


async def _begin_arrivals(home: Home, client: Client) -> None:
    """Begin what came in while nobody could begin it, and look again: nothing that came in is ever lost."""
    while True:
        await _tried("look for arrivals", _begin_once(home, client))
        await asyncio.sleep(ARRIVALS_EVERY)


async def _begin_once(home: Home, client: Client) -> None:
    for reference in await asyncio.to_thread(_not_begun, home):
        _log.info("begin late", reference=reference)
        await _tried("begin", begin_request(client, home, reference))


def _not_begun(home: Home) -> list[str]:
    with home.store.reading() as view:
        return list(reading.not_begun(view))
