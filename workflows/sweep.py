"""The sweep, begun by a schedule: what is amiss between record and Temporal is told to people, each finding once.

Where only the clock of what a closed request has left was lost, it is begun again without a word. What should have rung
and did not rings here.
"""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.correspondence import Correspondence
    from activities.knocks import Knock, Told
    from activities.links import LOOK_AT_LINKS, LinkDesk, Linked, ToldOfLinks
    from activities.post import FILE_IT, PostRoom, ToldOfPost, Waiting
    from activities.retention import Archivist
    from activities.standing import Finding
    from activities.sweep import Notified, Sweeper
    from activities.unrung import RungInstead, Unrung, Watchman
    from comity.request.lifecycle import OWED_BY, Role
    from comity.request.model import Alarm
    from temporal.names import NOTICES
    from workflows import escalation

# What fails is left to the next sweep, minutes later. A worker that died while it looked is missed by its heartbeat.
COMPARING: workflow.ActivityConfig = {
    "start_to_close_timeout": timedelta(minutes=10),
    "heartbeat_timeout": timedelta(seconds=60),
    "retry_policy": RetryPolicy(maximum_attempts=2),
}
LOOKING: workflow.ActivityConfig = {
    "start_to_close_timeout": timedelta(seconds=60),
    "retry_policy": RetryPolicy(maximum_attempts=2),
}
TELLING: workflow.ActivityConfig = {
    "task_queue": NOTICES,
    "start_to_close_timeout": timedelta(seconds=60),
    "retry_policy": RetryPolicy(maximum_attempts=2),
}
ENTERING: workflow.ActivityConfig = {
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(maximum_attempts=5),
}
LATE = timedelta(minutes=10)
"""How long after it was due a closed request is taken for one that nobody looks after any more."""
MOMENT = timedelta(seconds=30)
"""How long a request that should have rung has to do so by itself, when it begins to move again."""
TOLD = (Role.HEAD_OF_UNIT, Role.COORDINATOR)


@workflow.defn(name="Sweep")
class Sweep:
    """One sweep; its id is `sweep` with the instant that it was planned for, its payloads are under the service key."""

    @workflow.run
    async def run(self, now: datetime | None = None) -> int:
        """Ring, look, tell, enter. Returns how many findings were told: what reached nobody is told by the next sweep.

        `now`: the instant by which alarms should have rung, if not the present one.
        """
        if workflow.patched("unrung"):
            await self._ring_instead(now or workflow.now())
        new: list[Finding] = await workflow.execute_activity_method(Sweeper.look, **COMPARING)
        told = sum([await self._told(finding) for finding in new])
        await self._look_after_what_is_kept()
        if workflow.patched("post"):
            await self._tell_of_post()
        if workflow.patched("links"):
            await self._tell_of_links()
        return told

    async def _look_after_what_is_kept(self) -> None:
        """A closed request that nobody has looked at when it was due is looked at: nothing was lost but its clock."""
        late = await workflow.execute_activity_method(Archivist.unkept, workflow.now() - LATE, **LOOKING)
        for reference in late:
            await workflow.execute_activity_method(Archivist.keep, reference, **ENTERING)

    async def _tell_of_post(self) -> None:
        """Post that belongs to no request yet climbs the ladder of its class until a person has filed it."""
        for waiting in await workflow.execute_activity_method(PostRoom.waiting, **LOOKING):
            told: Told = await workflow.execute_activity_method(Correspondence.tell, _of_post(waiting), **TELLING)
            if told.accepted:
                entry = ToldOfPost(waiting=waiting, people=told.accepted, at=workflow.now())
                await workflow.execute_activity_method(PostRoom.told, entry, **ENTERING)

    async def _tell_of_links(self) -> None:
        """Requests that name the same as others: the coordinators of each look at it."""
        for linked in await workflow.execute_activity_method(LinkDesk.untold, **LOOKING):
            told: Told = await workflow.execute_activity_method(Correspondence.tell, _of_links(linked), **TELLING)
            if told.accepted:
                entry = ToldOfLinks(linked=linked, people=told.accepted, at=workflow.now())
                await workflow.execute_activity_method(LinkDesk.told, entry, **ENTERING)

    async def _ring_instead(self, now: datetime) -> None:
        """What should have rung and did not, since its request stands still, rings here.

        Looked at twice: after an outage a request rings by itself within moments.
        """
        if await self._unrung(now):
            await workflow.sleep(MOMENT)
            for unrung in await self._unrung(now):
                owing = unrung.owing or OWED_BY[unrung.owed.duty]
                await self._ring(unrung, escalation.latest(unrung.owed, unrung.ladder, now, owing=owing))

    async def _unrung(self, now: datetime) -> list[Unrung]:
        return await workflow.execute_activity_method(Watchman.unrung, now, **LOOKING)

    async def _ring(self, unrung: Unrung, alarm: Alarm) -> None:
        rung = RungInstead(reference=unrung.reference, alarm=alarm)
        if rung.name in unrung.rung_before:
            return
        knock = Knock.of(unrung.reference, unrung.owed, alarm)
        told: Told = await workflow.execute_activity_method(Correspondence.tell, knock, **TELLING)
        if told.accepted:
            entry = rung.model_copy(update={"people": told.accepted})
            await workflow.execute_activity_method(Watchman.enter, entry, **ENTERING)

    async def _told(self, finding: Finding) -> bool:
        told = await workflow.execute_activity_method(Correspondence.tell, _knock(finding), **TELLING)
        if told.accepted:
            notified = Notified(finding=finding, told=told.accepted)
            await workflow.execute_activity_method(Sweeper.enter, notified, **ENTERING)
        return bool(told.accepted)


def _knock(finding: Finding) -> Knock:
    """A mail of three facts: the request, its class, and that it needs `revive`."""
    return Knock(
        reference=finding.reference,
        duty="needs revive",
        urgency=finding.urgency,
        due=None,
        generation=finding.version,
        rung=finding.revived,
        round=0,
        overdue=True,
        roles=TOLD,
    )


def _of_post(waiting: Waiting) -> Knock:
    """The same of a piece of post: its id, its class, and that it waits to be filed."""
    return Knock(
        reference=waiting.piece.id,
        duty=FILE_IT,
        urgency=waiting.piece.urgency,
        due=None,
        generation=waiting.round,
        rung=waiting.rung,
        round=waiting.round,
        overdue=True,
        roles=waiting.roles,
    )


def _of_links(linked: Linked) -> Knock:
    """The same of a request with new links: its reference and class, and nothing of the others."""
    return Knock(
        reference=linked.reference,
        duty=LOOK_AT_LINKS,
        urgency=linked.urgency,
        due=None,
        generation=linked.links,
        rung=0,
        round=0,
        overdue=False,
        roles=(Role.COORDINATOR,),
    )
