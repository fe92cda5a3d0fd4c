"""The whole life of one request: acts come in by one door, and its clock rings until what is owed is done.

`run` holds three tasks. The *recorder* drains the outbox in order, by an ordinary activity: an update is durable only
when its workflow task has completed, so a record that a local activity wrote before that could hold a deed that the
request never did. The *reckoner* has deadlines counted where calendars may be read; the recorder waits for the first
try of a count, no longer, so that a deed and its deadlines go on record together. The *clock* waits for the next alarm
of any kind, and for neither of the others: a register that is down delays receipts, never an alarm.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.arrivals import DEEDS_REMEMBERED, Carried, Done, Start
    from activities.correspondence import Correspondence
    from activities.evidence import Departure, EvidenceRoom
    from activities.knocks import Knock
    from activities.law import Lawyer
    from activities.record import Batch, Recorder
    from activities.retention import Archivist
    from comity.errors import Busy, ComityError, DeedReused
    from comity.request.fold import begin, fold, happen, receipt_of, receive
    from comity.request.lifecycle import Act, Role, Status
    from comity.request.model import (
        BY_MACHINE,
        Alarm,
        Deed,
        Event,
        Knocked,
        Owed,
        Package,
        Particulars,
        Receipt,
        Reckoned,
        Reckoning,
        Request,
        digest_of,
        stage_of,
    )
    from comity.request.rules import check, owing
    from comity.request.triage import ladder_name
    from temporal import tracing
    from temporal.names import DIRECTION, NOTICES, REQUESTED, REQUESTING, STAGE, URGENCY

from workflows import escalation

# Recording never gives up: a register that is down delays receipts, and nothing else.
RECORDING: workflow.ActivityConfig = {
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(maximum_interval=timedelta(seconds=30), non_retryable_error_types=["RecordDisagrees"]),
}
RECKONING: workflow.LocalActivityConfig = {
    "start_to_close_timeout": timedelta(seconds=5),
    "retry_policy": RetryPolicy(maximum_interval=timedelta(seconds=10)),
}
RECKONING_ONCE: workflow.LocalActivityConfig = {
    "start_to_close_timeout": timedelta(seconds=5),
    "retry_policy": RetryPolicy(maximum_attempts=1),
}
# A knock that nobody could take within three tries is no knock: the next rung is climbed at once.
KNOCKING: workflow.ActivityConfig = {
    "task_queue": NOTICES,
    "start_to_close_timeout": timedelta(seconds=60),
    "retry_policy": RetryPolicy(maximum_attempts=3),
}
DISPATCHING: workflow.ActivityConfig = {
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(maximum_interval=timedelta(seconds=30)),
}

EVENTS_IN_A_BATCH = 50
ALARMS_AT_ONCE = 100
GIVING_WAY = timedelta(seconds=5)
_PAGE_FIRST = "page first"
"""The change with which a full page is turned before the clock rings on: recorded runs of before it ring first."""
_OWN_INSTANTS = "own instants"
"""The change with which a climb that nobody heard rings again at its ladder's own instants, and after its pause."""
_LEAVING = frozenset({Act.DISPATCH, Act.DISPATCH_AGAIN, Act.DISCLOSE_AT_ONCE})
Changed = TypeVar("Changed")


@workflow.defn(name="Request", failure_exception_types=[ComityError])
class RequestLife:
    """One request for mutual legal assistance, from its receipt to its closing."""

    @workflow.init
    def __init__(self, start: Start) -> None:
        """Take up what was carried over, or begin with the deed `receive`."""
        self._reference = start.reference
        self._outbox: list[Event] = []
        self._traces: dict[int, str | None] = {}
        self._causes: dict[str, str] = dict(start.carried.causes) if start.carried else {}
        self._act_before = start.carried.act_before if start.carried else None
        self._recording = False
        self._suggested_at: int | None = None
        self._law_is_away = False
        self._flying: set[asyncio.Task[None]] = set()
        self._gives_way = False
        self._stall: tuple[int, frozenset[asyncio.Task[None]]] = (0, frozenset())
        self._done: dict[str, Done] = dict(start.carried.done) if start.carried else {}
        self._published: tuple[str, ...] | None = None
        if start.carried:
            self._request = start.carried.request
        elif start.opening:
            with tracing.within(start.trace):
                self._begin(start.opening)
        self._recorded = self._request.version - len(self._outbox)
        self._publish()

    def _begin(self, opening: Deed) -> None:
        event = receive(opening, workflow.now())
        self._request = begin(self._reference, event)
        self._trace_duties(())
        self._enter(event)

    @workflow.run
    async def run(self, start: Start) -> str:
        """Live until closed. Returns the status in which the request ended."""
        with tracing.within(None):  # they outlive the act that has started this run
            if start.carried:
                self._take_up(start.carried)
            tasks = [asyncio.create_task(task()) for task in (self._recorder, self._reckoner, self._clock)]
        while not self._may_leave():
            await workflow.wait_condition(lambda: self._may_leave() or any(task.done() for task in self._all(tasks)))
            _park_if_stopped(tasks)
            self._let_land()
        # No await between the test above and this line: what arrives now is for the next run.
        if self._request.status != Status.CLOSED:
            workflow.continue_as_new(Start(reference=self._reference, carried=self._carried()))
        return self._request.status

    def _take_up(self, carried: Carried) -> None:
        """Do again what a run that was lost had under way: whoever was told, and what had left, notices nothing."""
        owed = {duty.key: duty for duty in carried.request.duties}
        for alarm in carried.unanswered:
            if alarm.duty in owed:
                self._fly(self._knock(owed[alarm.duty], alarm))
        for package in carried.leaving:
            self._fly(self._dispatch(package))

    def _may_leave(self) -> bool:
        drained = not self._outbox and not self._recording and not self._flying and workflow.all_handlers_finished()
        return drained and (self._request.status == Status.CLOSED or self._is_full())

    def _carried(self) -> Carried:
        latest = list(self._done.items())[-DEEDS_REMEMBERED:]
        return Carried(request=self._request, done=dict(latest), causes=self._causes, act_before=self._act_before)

    # --- the door -----------------------------------------------------------------------------------------------------

    @workflow.update(name="act")
    async def act(self, deed: Deed) -> Receipt:
        """Do one deed, and give its receipt when it is on record. The same deed again gets the same receipt."""
        with tracing.step(f"door {deed.act}", reference=self._reference, after=[self._act_before]):
            receipt = self._apply_once(deed)  # synchronous, and before any await
            self._act_before = tracing.traceparent()
        await workflow.wait_condition(lambda: self._recorded >= receipt.version)
        return receipt

    @act.validator
    def _may_act(self, deed: Deed) -> None:
        done = self._done.get(deed.id)
        if done is None:
            self._check_page()
            check(self._request, deed, workflow.now())
        elif done.digest != digest_of(deed):
            raise DeedReused("this id was used for another deed; give the deed an id of its own")

    def _check_page(self) -> None:
        """Acts that never pause would keep the run from ever draining: its history would grow to the server's limit.

        So from twice the suggested length on, and while the clock gives way, new deeds wait outside until the run has
        left: the counter says them again (docs/decisions/0011).
        """
        length, suggested_at = workflow.info().get_current_history_length(), self._suggested_at
        if self._gives_way or (suggested_at and length > 2 * suggested_at):
            raise Busy("the request is turning a page; say the same again in a moment")

    def _apply_once(self, deed: Deed) -> Receipt:
        if deed.id not in self._done:
            now = workflow.now()
            check(self._request, deed, now)  # again: another act may have been applied since the validator looked
            self._apply(happen(self._request, deed, now))
        return self._done[deed.id].receipt

    def _apply(self, event: Event) -> None:
        before = self._request.duties
        self._request = fold(self._request, event)
        self._trace_duties(before)
        self._enter(event)
        self._publish()

    def _trace_duties(self, before: Iterable[Owed]) -> None:
        """Remember which act opened a duty: to its trace belongs what the clock does about it."""
        known = {(owed.key, owed.entered) for owed in before}
        opened = {owed.key for owed in self._request.duties if (owed.key, owed.entered) not in known}
        here = tracing.traceparent()
        causes = {owed.key: here if owed.key in opened else self._causes.get(owed.key) for owed in self._request.duties}
        self._causes = {duty: cause for duty, cause in causes.items() if cause}

    def _enter(self, event: Event) -> None:
        if self._suggested_at is None and workflow.info().is_continue_as_new_suggested():
            self._suggested_at = workflow.info().get_current_history_length()
        parent = tracing.traceparent()
        self._outbox.append(event.model_copy(update={"trace": parent.split("-")[1]}) if parent else event)
        self._traces[event.version] = parent
        if event.deed and event.deed_digest:
            self._done[event.deed] = Done(digest=event.deed_digest, receipt=receipt_of(self._request, event))

    def _publish(self) -> None:
        """Tell the server what it may search for, when it has changed."""
        request = self._request
        keys = (STAGE, URGENCY, DIRECTION, REQUESTING, REQUESTED)
        values = (stage_of(request), request.urgency, request.direction, request.requesting, request.requested)
        before = self._published or _published_before()
        changed = [key.value_set(str(new)) for key, new, old in zip(keys, values, before, strict=True) if new != old]
        if changed:
            workflow.upsert_search_attributes(changed)
        self._published = tuple(map(str, values))

    @workflow.query(name="request")
    def request_now(self) -> Request:
        """The request as the workflow has it: for tests and `doctor`; people read the register."""
        return self._request

    # --- the recorder -------------------------------------------------------------------------------------------------

    async def _recorder(self) -> None:
        while True:
            await workflow.wait_condition(lambda: bool(self._outbox) and not self._being_reckoned())
            events, self._outbox = self._outbox[:EVENTS_IN_A_BATCH], self._outbox[EVENTS_IN_A_BATCH:]
            self._recording = True
            batch = self._batch(events)
            cause = batch.traces[0] if batch.traces else None
            with tracing.within(cause):  # no await in such a block: a run that is put aside would not leave it well
                recorded = workflow.start_activity_method(Recorder.record, batch, **RECORDING)
            await recorded
            self._recorded = events[-1].version
            with tracing.within(cause):
                self._send_off(events)
            self._recording = False

    def _being_reckoned(self) -> bool:
        """Whether deadlines are being counted: that takes milliseconds, and they go on record with what set them."""
        return not self._law_is_away and any(not owed.reckoned for owed in self._request.duties)

    def _batch(self, events: list[Event]) -> Batch:
        traces = tuple(trace for event in events if (trace := self._traces.pop(event.version, None)))
        return Batch(reference=self._reference, events=tuple(events), traces=traces)

    def _send_off(self, batch: Iterable[Event]) -> None:
        """A package leaves when its dispatch is on record, not before; what goes by another way a person carries.

        What a closing leaves behind is looked after from the instant that it is on record.
        """
        for event in batch:
            if event.status == Status.CLOSED:
                self._fly(self._keep())
            if event.act in _LEAVING and self._package(event.part).channel in BY_MACHINE:
                self._fly(self._dispatch(event.part))

    def _package(self, name: str) -> Package:
        return next(part for part in self._request.packages if part.id == name)

    async def _dispatch(self, package: str) -> None:
        leaving = self._package(package)
        named = {"reference": self._reference, "package": package, "attempt": leaving.attempts}
        departure = Departure(**named, channel=leaving.channel)
        await workflow.execute_activity_method(EvidenceRoom.depart, departure, **DISPATCHING)

    async def _keep(self) -> None:
        await workflow.execute_activity_method(Archivist.keep, self._reference, **DISPATCHING)

    # --- the reckoner -------------------------------------------------------------------------------------------------

    async def _reckoner(self) -> None:
        while True:
            await workflow.wait_condition(lambda: any(not owed.reckoned for owed in self._request.duties))
            asked, bases = {owed.key: owed for owed in self._request.duties}, self._bases()
            found = await self._reckoned()
            standing = {owed.key: owed for owed in self._request.duties} if bases == self._bases() else {}
            fresh = [row for row in found.duties if _same_question(asked[row.duty], standing.get(row.duty))]
            if fresh:
                with tracing.within(self._causes.get(fresh[0].duty)):
                    self._apply_clock(Act.RECKON, self._climbing(found, fresh))

    def _bases(self) -> tuple[str, ...]:
        """The instruments by which deadlines are counted: what was counted by others is counted again."""
        return tuple(measure.instrument for measure in self._request.measures)

    async def _reckoned(self) -> Reckoning:
        """The record waits for the first try alone: law data that cannot be read delays no receipt."""
        try:
            return await workflow.execute_local_activity_method(Lawyer.reckon, self._request, **RECKONING_ONCE)
        except ActivityError:
            self._law_is_away = True
        found = await workflow.execute_local_activity_method(Lawyer.reckon, self._request, **RECKONING)
        self._law_is_away = False
        return found

    def _climbing(self, found: Reckoning, fresh: list[Reckoned]) -> Reckoning:
        ladders = {**self._request.ladders, **found.ladders}
        duties = {owed.key: owed for owed in self._request.duties}
        standing = [(duties[row.duty], row) for row in fresh]
        rows = [escalation.begin(owed, row, ladders[ladder_name(owed.duty, owed.urgency)]) for owed, row in standing]
        return Reckoning(duties=tuple(rows), ladders=found.ladders)

    # --- the clock ----------------------------------------------------------------------------------------------------

    async def _clock(self) -> None:
        """Ring what is due. One timer, held as long as the next instant stays the same; it waits for no record.

        But alarms that come faster than they are answered would keep a full page from ever being turned: it goes first.
        """
        while True:
            instant = self._next_instant()
            left = max(instant - workflow.now(), timedelta(0)) if instant else None
            try:
                await workflow.wait_condition(_changed(self._next_instant, instant), timeout=left)
            except TimeoutError:
                await self._turn_and_ring()

    async def _turn_and_ring(self) -> None:
        turning = self._is_full() and workflow.patched(_PAGE_FIRST) and not self._stalls()
        if turning:
            await self._give_way()
            self._stall = self._under_way()
        await self._expire_or_ring(workflow.now())
        if turning:
            self._stall = self._under_way()

    def _is_full(self) -> bool:
        return workflow.info().is_continue_as_new_suggested()

    def _under_way(self) -> tuple[int, frozenset["asyncio.Task[None]"]]:
        """What was done by now and is not on record, and what flies: a run leaves when there is none of either."""
        return self._request.version, frozenset(self._flying)

    def _stalls(self) -> bool:
        """Whether what the clock gave way for in vain, or what it rang then, is still under way: once is enough."""
        version, flying = self._stall
        return self._recorded < version or not flying.isdisjoint(self._flying)

    def _next_instant(self) -> datetime | None:
        next_alarm = escalation.soonest(self._request.duties)
        alarms = [next_alarm.next_at] if next_alarm else []
        expiries = [instant for _, _, instant in self._expiries()]
        return min((instant for instant in [*alarms, *expiries] if instant), default=None)

    def _expiries(self) -> list[tuple[str, Act, datetime]]:
        """What runs out by itself: measures in force, and questions with a date."""
        measures = [(m.id, Act.RECORD_EXPIRY, m.until) for m in self._request.measures if m.status == Status.IN_FORCE]
        asked = [q for q in self._request.questions if q.status == Status.ASKED]
        questions = [(q.id, Act.RECORD_QUESTION_EXPIRY, q.answer_by) for q in asked]
        return [(part, act, instant) for part, act, instant in [*measures, *questions] if instant]

    async def _expire_or_ring(self, now: datetime) -> None:
        """All that has come due, in the order of its instants; what lapses rings before its lapse is recorded."""
        while True:
            for _ in range(ALARMS_AT_ONCE):
                instant = self._next_instant()
                if instant is None or instant > now:
                    return
                self._ring_or_expire(instant)
            # An outage may have crossed more alarms than the server holds activities, or a history events.
            await workflow.wait_condition(lambda: len(self._flying) < ALARMS_AT_ONCE)
            if not self._stalls():
                await self._give_way()

    def _ring_or_expire(self, instant: datetime) -> None:
        owed = escalation.soonest(self._request.duties)
        if owed and owed.next_at == instant:
            self._ring(owed, instant)
        else:
            self._expire(instant)

    def _expire(self, instant: datetime) -> None:
        for part, act, at in self._expiries():
            if at == instant:
                status = Status.DONE if act == Act.RECORD_EXPIRY else Status.EXPIRED
                self._apply_clock(act, Particulars(), part=part, status=status, happened=instant)

    async def _give_way(self) -> None:
        """Let a run whose page is full leave as soon as all is on record; new deeds wait, so that it soon is.

        It comes back where nothing more came on record for a while.
        """
        self._gives_way = True
        while self._is_full() and await self._record_goes_on():
            pass
        self._gives_way = False

    async def _record_goes_on(self) -> bool:
        """Whether more came on record within a while: a slow record is waited for, one that is down holds no alarm."""
        before = self._recorded
        try:
            await workflow.wait_condition(lambda: self._recorded > before, timeout=GIVING_WAY)
        except TimeoutError:
            return False
        return True

    def _ring(self, owed: Owed, planned: datetime) -> None:
        ladder = self._request.ladders[owed.ladder]
        alarm = escalation.alarm(owed, planned, ladder, owing=owing(self._request, owed))
        alarm = _as_this_run(alarm, escalation.as_before(alarm, ladder))
        with tracing.within(self._causes.get(owed.key)), tracing.step("ring", reference=self._reference):
            self._apply_clock(Act.RING, alarm)
            self._fly(self._knock(owed, alarm))

    async def _knock(self, owed: Owed, alarm: Alarm) -> None:
        told = await self._told(owed, alarm)
        if told.accepted:
            self._apply_clock(Act.TOLD, told)
            return
        ladder = self._request.ladders[owed.ladder]
        again = escalation.after_nobody_was_told(alarm, ladder, workflow.now())
        next_at = _as_this_run(again, escalation.after_nobody_was_told_before(alarm, ladder, workflow.now()))
        self._apply_clock(Act.NOT_TOLD, told.model_copy(update={"next_at": next_at}))

    async def _told(self, owed: Owed, alarm: Alarm) -> Knocked:
        named = {"duty": alarm.duty, "generation": alarm.generation, "rung": alarm.rung}
        knock = Knock.of(self._reference, owed, alarm)
        try:
            told = await workflow.execute_activity_method(Correspondence.tell, knock, **KNOCKING)
        except ActivityError:
            return Knocked(**named, tries=3)
        return Knocked(**named, accepted=told.accepted, failed=told.failed, tries=told.tries)

    # --- what all of them use -----------------------------------------------------------------------------------------

    def _apply_clock(self, act: Act, particulars: Particulars, **more: Any) -> None:
        event = Event(
            version=self._request.version + 1,
            act=act,
            part=more.pop("part", "request"),
            status=more.pop("status", None),
            person="clock",
            role=Role.CLOCK,
            at=workflow.now(),
            particulars=particulars,
            **more,
        )
        self._apply(event)

    def _fly(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside everything else; the run does not end before it has landed."""
        self._flying.add(asyncio.create_task(work))

    def _let_land(self) -> None:
        landed = {task for task in self._flying if task.done()}
        for task in landed:
            if task.exception():
                raise RuntimeError("what was under way has stopped") from task.exception()
        self._flying -= landed

    def _all(self, tasks: list["asyncio.Task[None]"]) -> list["asyncio.Task[None]"]:
        return [*tasks, *self._flying]


def _park_if_stopped(tasks: list["asyncio.Task[None]"]) -> None:
    """None of them ends by itself. A plain error parks the workflow task: an alert is raised, and nothing is lost."""
    for task in tasks:
        if task.done():
            raise RuntimeError("recorder, reckoner or clock has stopped") from task.exception()


def _published_before() -> tuple[str, ...]:
    """What the run before has told the server: search attributes outlive a continuation."""
    known = workflow.info().typed_search_attributes
    return tuple(str(known.get(key, "")) for key in (STAGE, URGENCY, DIRECTION, REQUESTING, REQUESTED))


def _as_this_run(now: Changed, before: Changed) -> Changed:
    """What this run makes of a climb that nobody heard: one from before the change goes on as it began."""
    return now if now == before or workflow.patched(_OWN_INSTANTS) else before


def _same_question(asked: Owed, standing: Owed | None) -> bool:
    """Whether a duty waited for this answer, and still is the one that was reckoned.

    A duty that was reckoned before keeps its deadlines: to apply a newer law to an open request is a deed.
    """
    if standing is None or asked.reckoned:
        return False
    return (asked.entered, asked.urgency, asked.extended) == (standing.entered, standing.urgency, standing.extended)


def _changed(now: Callable[[], datetime | None], then: datetime | None) -> Callable[[], bool]:
    return lambda: now() != then
