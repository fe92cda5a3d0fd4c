"""The sweep: every request that is open on record is looked for in Temporal, and people are told of what is amiss."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog
from pydantic import BaseModel, ConfigDict
from temporalio import activity
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
)
from temporalio.service import RPCError

from activities.notices import notice
from activities.standing import Amiss, Finding, compared
from comity.errors import Unreachable
from comity.home import Home
from comity.ledger import log
from comity.register import reading
from comity.request.model import Urgency
from temporal.names import REQUESTS

_log = structlog.get_logger()

SWEEP = "sweep"
EVERY = timedelta(minutes=5)
AT_MOST = timedelta(minutes=30)
TOLD_AT_ONCE = 20
"""Of how many requests people are told in one sweep, the most urgent first: a lost database is no flood of mail."""
_LOOKING_AT_ONCE = 10
_MACHINE = "system"


class Notified(BaseModel):
    """A finding, and who was told of it."""

    model_config = ConfigDict(frozen=True)

    finding: Finding
    told: tuple[str, ...]


class Sweeper:
    """Compares record and Temporal, request by request."""

    def __init__(self, home: Home, client: Client) -> None:
        self._home = home
        self._client = client

    @activity.defn(name="look")
    async def look(self) -> list[Finding]:
        """What is amiss and was not told before, the most urgent first. Changes nothing, so safe to repeat.

        One that does not answer may be well: it is left to the next sweep. A heartbeat for each that was looked at.
        """
        sure: list[Finding] = []
        async for finding in compared_all(self._client, self._home):
            activity.heartbeat()
            if finding and finding.amiss == Amiss.SILENT:
                _log.warning("not compared", reference=finding.reference)
            elif finding:
                _log.error("needs revive", reference=finding.reference, version=finding.version, why=str(finding.amiss))
                sure.append(finding)
        new = [finding for finding in sure if not await asyncio.to_thread(self._stands, finding)]
        return sorted(new, key=lambda finding: finding.urgency.rank)[:TOLD_AT_ONCE]

    @activity.defn(name="enter")
    def enter(self, notified: Notified) -> None:
        """Enter in the ledger what was found and who was told. Safe to repeat: each finding has one id."""
        finding = notified.finding
        entry = notice(
            self._home, _file(finding), notified, act="needs revive", name=finding.name, status=finding.amiss
        )
        with self._home.store.transaction() as tx:
            if not log.stands(tx, entry.reference, finding.name):
                log.append(tx, [entry])

    def _stands(self, finding: Finding) -> bool:
        with self._home.store.reading() as view:
            return log.stands(view, _file(finding), finding.name)


def _file(finding: Finding) -> str:
    """Under whose reference it is entered: what has no record has no keys either, and is the service's own."""
    return "" if finding.amiss == Amiss.UNKNOWN else finding.reference


async def amiss(client: Client, home: Home) -> list[Finding]:
    """Every request that does not stand in Temporal as it stands on record. Raises Unreachable."""
    return [finding async for finding in compared_all(client, home) if finding]


async def compared_all(client: Client, home: Home) -> AsyncIterator[Finding | None]:
    """Each request that is open on record or alive in Temporal, and what is amiss with it. Raises Unreachable.

    What has come in and was not begun is not looked at: the worker begins it.
    """
    alive = await _alive(client)
    with home.store.reading() as view:
        living, waiting = set(reading.living(view)), set(reading.not_begun(view))
    gate = asyncio.Semaphore(_LOOKING_AT_ONCE)

    async def one(reference: str) -> Finding | None:
        async with gate:
            try:
                return await compared(client, home, reference)
            except Unreachable:  # one that does not answer hides no other
                return Finding(reference=reference, urgency=Urgency.P0, version=0, amiss=Amiss.SILENT)

    for looked_at in asyncio.as_completed([one(reference) for reference in sorted(living | (alive - waiting))]):
        yield await looked_at


async def _alive(client: Client) -> set[str]:
    query = "WorkflowType = 'Request' AND ExecutionStatus = 'Running'"
    try:
        return {found.id.removeprefix("request/") async for found in client.list_workflows(query)}
    except RPCError as error:
        raise Unreachable("Temporal did not say which requests live there; try again") from error


async def keep_sweeping(client: Client) -> None:
    """Have the server sweep every few minutes. Safe to repeat: the schedule has one id. Raises Unreachable.

    A server that knows of no schedule may have lost all else as well: it sweeps at once. The schedule holds no payload,
    so nothing is sealed in it. A sweep that takes longer than the pause is not begun twice.
    """
    action = ScheduleActionStartWorkflow("Sweep", id=SWEEP, task_queue=REQUESTS, execution_timeout=AT_MOST)
    schedule = Schedule(
        action=action,
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=EVERY),
    )
    try:
        try:
            await client.create_schedule(SWEEP, schedule, trigger_immediately=True)
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(SWEEP).update(lambda _: ScheduleUpdate(schedule=schedule))
    except RPCError as error:
        raise Unreachable("Temporal did not take the schedule of the sweep") from error
