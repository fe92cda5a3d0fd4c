"""What outlives the closing of a request: the clock of its review and of the dates until which its keys are kept.

The register holds the dates; this only waits for the next one, and tells people of it until one of them has decided.
It decides nothing. What two people have decided to destroy it has destroyed, step by step. What is a duty (a return, a
question about use) keeps its request *watched* instead, and is that request's own to ring.
"""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.correspondence import Correspondence
    from activities.destruction import Ending, Shredder
    from activities.knocks import Knock
    from activities.retention import Archivist, Standing, Telling
    from comity.request.keeping import Keeping, KeptRow
    from comity.request.lifecycle import Role
    from temporal.names import NOTICES

# A register that is away is waited for: nothing is told that it does not say.
ASKING: workflow.ActivityConfig = {
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(maximum_interval=timedelta(minutes=5)),
}
TELLING: workflow.ActivityConfig = {
    "task_queue": NOTICES,
    "start_to_close_timeout": timedelta(seconds=60),
    "retry_policy": RetryPolicy(maximum_attempts=3),
}
# Deciding took years and two people: no try is the last one.
DESTROYING: workflow.ActivityConfig = {
    "start_to_close_timeout": timedelta(hours=1),
    "heartbeat_timeout": timedelta(minutes=10),
    "retry_policy": RetryPolicy(maximum_interval=timedelta(minutes=5)),
}
NOBODY_TOLD = timedelta(hours=1)
"""How long until a relay that took no mail is tried again."""
TOLD = (Role.HEAD_OF_UNIT, Role.EVIDENCE_OFFICER)


@workflow.defn(name="Retention")
class Retention:
    """Waits for the next date of one closed request; id `retention/<ulid>`, its payloads under the service key."""

    def __init__(self) -> None:
        self._called = False

    @workflow.signal(name="look again")
    def look_again(self) -> None:
        """The request was closed anew, or a date was moved."""
        self._called = True

    @workflow.run
    async def run(self, reference: str) -> None:
        """Look, tell, wait, until the request is closed no more. Its next closing begins this anew."""
        while not workflow.info().is_continue_as_new_suggested():
            self._called = False
            standing: Standing | None = await workflow.execute_activity_method(Archivist.kept, reference, **ASKING)
            if standing is not None and standing.decided:
                await self._destroy(reference, standing.decided[0])
            elif standing is not None:
                await self._tell_or_wait(reference, standing)
            elif not self._called:
                return
        workflow.continue_as_new(reference)

    async def _destroy(self, reference: str, what: Keeping) -> None:
        """Keys first, then what they closed, then the proof; the register says how far it came."""
        ending = Ending(reference=reference, what=what, at=workflow.now())
        if await workflow.execute_activity_method(Shredder.destroy, ending, **DESTROYING):
            await workflow.execute_activity_method(Shredder.clear, ending, **DESTROYING)
            await workflow.execute_activity_method(Shredder.certify, ending, **DESTROYING)

    async def _tell_or_wait(self, reference: str, standing: Standing) -> None:
        due = [row for row in standing.rows if row.next_at <= workflow.now()]
        told = [await self._tell(reference, standing, row) for row in due]
        if not due:
            await self._wait(min(row.next_at for row in standing.rows))
        elif not any(told):
            await self._wait(workflow.now() + NOBODY_TOLD)

    async def _tell(self, reference: str, standing: Standing, row: KeptRow) -> bool:
        """Whether anybody could be told: then it is entered."""
        knock = _knock(reference, standing, row)
        try:
            told = await workflow.execute_activity_method(Correspondence.tell, knock, **TELLING)
        except ActivityError:
            return False
        if told.accepted:
            telling = Telling(reference=reference, row=row, people=told.accepted, at=workflow.now())
            await workflow.execute_activity_method(Archivist.told, telling, **ASKING)
        return bool(told.accepted)

    async def _wait(self, until: datetime) -> None:
        """One timer, until the next date or a call."""
        try:
            await workflow.wait_condition(lambda: self._called, timeout=until - workflow.now())
        except TimeoutError:
            return


def _knock(reference: str, standing: Standing, row: KeptRow) -> Knock:
    """A mail of three facts: the request, its class, and what is to be decided. A date that moves is another mail."""
    assert row.due is not None  # noqa: S101 - it was reckoned
    what = "review what is kept" if row.what == Keeping.REVIEW else f"keep {row.what} longer, or not"
    return Knock(
        reference=reference,
        duty=what,
        urgency=standing.urgency,
        due=row.due,
        generation=int(row.due.timestamp()),
        rung=row.told,
        round=0,
        overdue=True,
        roles=TOLD,
    )
