"""What comes after the end of a request, and what mends one whose workflow was lost."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleHandle,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateHandle,
    WorkflowUpdateStage,
)
from temporalio.testing import ActivityEnvironment
from ulid import ULID

import worker
from activities import standing
from activities.standing import Amiss, compared
from activities.sweep import EVERY, SWEEP, Sweeper, keep_sweeping
from comity.errors import Fault, NotOpen, NotYours
from comity.home import Home
from comity.ledger import log
from comity.ledger.leaf import Kind
from comity.request.lifecycle import Act, Status
from comity.request.model import Deed, Knocked, Particulars, Receipt
from desk import reviving
from desk.doctor import Finding, examine
from desk.remembering import bring_back
from desk.reviving import Revival, revive
from desk.tracing import Line, trace
from temporal.names import REQUESTS
from tests.office import Office, at_work, letter, office, scheduled, waited, waited_for
from tests.serving import time_skipping

POLICE = "request/tell the police"


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("after")) as opened:
        yield opened


async def closed(authority: Office) -> str:
    """A request that was entered by mistake, voided, its workflow over."""
    reference = await authority.submit(letter("P3"))
    await authority.reckoned(reference)
    await authority.do(reference, "p-eve", Act.VOID, reason="entered twice")
    assert await authority.life(reference).result() == Status.CLOSED
    return reference


@asynccontextmanager
async def temporal_lost(authority: Office) -> AsyncIterator[Office]:
    """The same authority with a Temporal server that knows of nothing: its database is gone, the register is not."""
    async with authority.away(), time_skipping(authority.home.keys) as env, at_work(authority.home, env.client):
        yield replace(authority, env=env, counter=replace(authority.counter, client=env.client))


async def test_a_late_letter_to_a_closed_request_starts_its_life_again(authority: Office) -> None:
    reference = await closed(authority)
    receipt = await authority.do(reference, "p-anna", Act.LATE_LETTER, words="it came after all")
    assert receipt.status == Status.WATCHED
    await authority.do(reference, "p-anna", Act.NOTE, words="filed")
    assert (await authority.agreed(reference)).status == Status.WATCHED


async def test_a_reopened_request_owes_again_what_it_owed(authority: Office) -> None:
    reference = await closed(authority)
    receipt = await authority.do(reference, "p-eve", Act.REOPEN, reason="it was no mistake")
    assert receipt.status == Status.OPEN
    await authority.reckoned(reference)
    assert authority.owed(reference, "M1/decide")
    await authority.agreed(reference)


async def test_what_a_closed_request_does_not_take_is_refused_with_what_it_does(authority: Office) -> None:
    """Truth protected: a refusal starts no run, and is on record as an attempt."""
    reference = await closed(authority)
    with pytest.raises(NotOpen, match=r"open now: late letter \(coordinator\); reopen \(head of unit\)"):
        await authority.do(reference, "p-anna", Act.NOTE, words="one more thing")
    described = await authority.life(reference).describe()
    assert described.status == WorkflowExecutionStatus.COMPLETED
    assert [entry.leaf.act for entry in authority.entries(reference) if entry.leaf.kind == Kind.ATTEMPT] == ["note"]


async def test_of_many_who_act_on_a_closed_request_at_one_moment_one_begins_its_life(authority: Office) -> None:
    """Truth protected: one life, each deed once; who comes second acts on what the first has begun."""
    reference = await closed(authority)
    version = authority.request(reference).version
    late = authority.deed(reference, "p-anna", Act.LATE_LETTER)
    others = [authority.deed(reference, "p-anna", Act.LATE_LETTER) for _ in range(4)]
    told = await asyncio.gather(
        *(authority.counter.act(reference, deed) for deed in (late, late, *others)), return_exceptions=True
    )
    receipts = [each for each in told if isinstance(each, Receipt)]
    assert len({receipt.deed for receipt in receipts}) == 1
    assert all(isinstance(each, Receipt | NotOpen) for each in told), told
    on_record = await authority.agreed(reference)
    assert [event.act for event in authority.events(reference)[version:]].count(Act.LATE_LETTER) == 1
    assert on_record.status == Status.WATCHED


async def test_a_life_that_begins_again_knows_the_deeds_of_the_one_before(authority: Office) -> None:
    """Truth protected: the door itself answers a deed that it knows, and refuses its id for another."""
    reference = await authority.submit(letter("P3"))
    noted = authority.deed(reference, "p-anna", Act.NOTE, words="before the end")
    receipt = await authority.counter.act(reference, noted)
    await authority.do(reference, "p-eve", Act.VOID, reason="entered twice")
    await authority.life(reference).result()
    await authority.do(reference, "p-anna", Act.LATE_LETTER)
    again = await authority.life(reference).execute_update("act", noted, result_type=Receipt)
    assert again == receipt
    other = noted.model_copy(update={"particulars": Particulars(words="something else")})
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await authority.life(reference).execute_update("act", other)
    assert "used for another deed" in str(refused.value.cause)


async def test_a_closed_request_of_which_temporal_knows_nothing_is_opened_from_the_record(authority: Office) -> None:
    """Truth protected: a history ends with its retention, years before the questions about a request do."""
    reference = await closed(authority)
    async with temporal_lost(authority) as anew:
        await anew.do(reference, "p-anna", Act.LATE_LETTER, words="two years later")
        await anew.agreed(reference)
    await revived(authority, reference)


# --- a workflow that was lost, ended from outside, or restored --------------------------------------------------------


async def revived(authority: Office, reference: str, person: str = "p-anna") -> Revival:
    """Revive it, and see that record and workflow agree again and nothing is amiss any more."""
    revival = await revive(authority.counter, reference, person)
    await authority.agreed(reference)
    assert await amiss_now(authority, reference) == ""
    return revival


async def swept(authority: Office) -> int:
    """Sweep once. Returns how many findings were told."""
    client, name = authority.env.client, f"sweep-{ULID()}"
    told: int = await client.execute_workflow("Sweep", id=name, task_queue=REQUESTS, result_type=int)
    return told


async def doctor(authority: Office) -> list[Finding]:
    """What `comity doctor` finds."""
    address = authority.env.client.service_client.config.target_host
    told = {"temporal": address, "namespace": authority.env.client.namespace}
    return await examine(authority.home.settings.model_copy(update=told))


def notices(authority: Office, reference: str) -> list[tuple[str, str, str]]:
    """What the ledger has about the carrying of a request: what, in which state it was, by whom."""
    found = [entry.leaf for entry in authority.entries(reference) if entry.leaf.kind == Kind.NOTICE]
    return [(leaf.act, leaf.status, leaf.person) for leaf in found if leaf.id]


@contextmanager
def restored(authority: Office) -> Iterator[None]:
    """At the end of the block the register and the ledger are what they were at its beginning."""
    path = str(authority.home.store.url).removeprefix("sqlite:///")
    with sqlite3.connect(":memory:") as copy:
        with closing(sqlite3.connect(path)) as now:
            now.backup(copy)
        yield
        with closing(sqlite3.connect(path)) as now:
            copy.backup(now)


async def test_a_terminated_request_goes_on_where_its_record_stands(authority: Office) -> None:
    reference = await authority.submit(letter("P3"))
    noted = authority.deed(reference, "p-anna", Act.NOTE, words="before")
    receipt = await authority.counter.act(reference, noted)
    await authority.life(reference).terminate()
    with pytest.raises(Fault, match="comity revive"):
        await authority.do(reference, "p-anna", Act.NOTE, words="meanwhile")
    revival = await revived(authority, reference, "p-eve")
    assert (revival.amiss, revival.brought_back) == (Amiss.ENDED, 0)
    assert notices(authority, reference) == [("revive", Amiss.ENDED, "p-eve")]
    assert await authority.counter.act(reference, noted) == receipt
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    await authority.agreed(reference)


async def test_one_that_was_revived_is_not_asked_by_each_sweep(tmp_path: Path) -> None:
    """Truth protected: after a lost database thousands are younger than their events, and worked on first."""
    async with office(tmp_path, falsified=True) as authority:
        reference = await authority.submit(letter("P3"))
        await authority.reckoned(reference)
        await authority.life(reference).terminate()
        an_hour_passes(authority, reference)
        await revive(authority.counter, reference, "p-anna")
        await authority.now(reference)
        async with authority.away():  # nobody answers
            assert await compared(authority.env.client, authority.home, reference) is None
            an_hour_passes(authority, reference, Kind.NOTICE)
            looking = ActivityEnvironment().run(Sweeper(authority.home, authority.env.client).look)
            said, left_to_the_next = await asyncio.gather(doctor(authority), looking)
            (found,) = [each for each in said if each.what == "requests"]
            assert f"{Amiss.SILENT}: {reference}: a worker must run" in found.detail
            assert left_to_the_next == []


def an_hour_passes(authority: Office, reference: str, *kinds: Kind) -> None:
    """For the ledger, since entries of these kinds (all, when none is named) were made."""
    earlier = datetime.now(UTC) - timedelta(hours=1)
    of = (log.LEAF.c.reference == reference) & log.LEAF.c.kind.in_(kinds or tuple(Kind))
    with authority.home.store.transaction() as tx:
        tx.execute(log.LEAF.update().where(of).values(at=earlier))


async def test_an_act_is_said_again_while_its_request_stumbles(authority: Office) -> None:
    """Truth protected: a worker that was too slow for one task is no reason to send a person away."""
    reference = await authority.submit(letter("P3"))
    authority.faults.stumbles = 3
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    assert authority.faults.stumbles == 0
    await authority.agreed(reference)


async def test_a_climb_goes_on_after_a_revival_and_no_rung_rings_twice(authority: Office) -> None:
    reference = await authority.submit(letter("P0"))
    await authority.reckoned(reference)
    await authority.until(reference, lambda _: bool(authority.rung(reference, POLICE)))
    await authority.life(reference).terminate()
    await revived(authority, reference)
    await authority.forward(reference, timedelta(minutes=30))
    rungs = [alarm.rung for alarm in authority.rung(reference, POLICE)]
    assert rungs == list(range(len(rungs)))
    assert len(rungs) > 2


async def test_a_sweep_tells_of_a_lost_request_once_and_doctor_names_what_mends_it(authority: Office) -> None:
    """Truth protected: open here and absent there is an alarm, told by mail, log and ledger, each finding once."""
    lost = await authority.submit(letter("P1"))
    well = await authority.submit(letter("P3"))
    await authority.reckoned(lost)
    await authority.life(lost).terminate()
    assert await swept(authority) == 1
    assert await swept(authority) == 0
    assert notices(authority, lost) == [("needs revive", Amiss.ENDED, "system")]
    assert notices(authority, well) == []
    for person in ("anna", "eve"):
        mails = [each["Subject"] for each in authority.relay.to(f"{person}@ca.example") if lost in each["Subject"]]
        assert sum("needs revive" in subject for subject in mails) == 1
    (found,) = [each for each in await doctor(authority) if each.what == "requests"]
    assert not found.well
    assert f"`comity revive {lost}`" in found.detail
    await revived(authority, lost)
    assert await swept(authority) == 0
    await authority.life(lost).terminate()
    assert await swept(authority) == 1  # the same again, after it was mended, is another finding
    await revived(authority, lost)


async def test_what_nobody_could_be_told_the_next_sweep_tells(authority: Office) -> None:
    lost = await authority.submit(letter("P3"))
    await authority.reckoned(lost)
    await authority.life(lost).terminate()
    authority.relay.refusing = {"anna@ca.example", "eve@ca.example"}
    assert await swept(authority) == 0
    authority.relay.refusing = set()
    assert await swept(authority) == 1
    await revived(authority, lost)


async def test_the_server_sweeps_by_itself(authority: Office) -> None:
    """Truth protected: the schedule is there after every start of a worker, and what it starts comes to its end."""
    sweeping = authority.env.client.get_schedule_handle(SWEEP)
    described = await sweeping.describe()
    assert [interval.every for interval in described.schedule.spec.intervals] == [EVERY]
    await keep_sweeping(authority.env.client)
    await sweeping.trigger()
    begun = await waited_for(lambda: _begun_by(sweeping))
    assert await authority.env.client.get_workflow_handle(begun).result() == 0


async def test_no_request_waits_for_the_schedule_and_the_server_gets_it_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Truth protected: a server whose schedule was cut off by a kill answers 10 s later, and requests are worked on."""
    monkeypatch.setattr(worker, "SCHEDULE_AGAIN", 0.01)
    async with office(tmp_path) as authority:
        await authority.work.aclose()
        authority.faults.heard.clear()
        authority.faults.unscheduled = 1
        begun = datetime.now(UTC)
        async with worker.working(authority.home, authority.env.client):
            await authority.reckoned(await authority.submit(letter("P3")))
            authority.faults.heard.set()
            assert not (await scheduled(authority.env.client, begun)).schedule.state.paused
        assert authority.faults.unscheduled == 0


async def _begun_by(sweeping: ScheduleHandle) -> str:
    actions = (await sweeping.describe()).info.recent_actions
    started = [each.action for each in actions]
    return started[-1].workflow_id if started and isinstance(started[-1], ScheduleActionExecutionStartWorkflow) else ""


async def test_open_requests_outlive_the_loss_of_temporals_database_and_its_return(authority: Office) -> None:
    """Truth protected: the record is enough, whether Temporal knows nothing or is older than the record."""
    references = [await authority.submit(letter(urgency)) for urgency in ("P0", "P3")]
    for reference in references:
        await authority.reckoned(reference)
    async with temporal_lost(authority) as anew:
        for reference in references:
            assert (await revived(anew, reference)).amiss == Amiss.ABSENT
            await anew.do(reference, "p-anna", Act.ACKNOWLEDGE)
    for reference in references:  # the clock of a P0 may have gone on by itself, to where the record is another
        assert (await revived(authority, reference)).amiss in (Amiss.OLDER, Amiss.DISAGREES)
        await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
        await authority.agreed(reference)


async def test_a_record_restored_from_yesterday_is_brought_up_from_what_temporal_remembers(authority: Office) -> None:
    """Truth protected: a deed that got a receipt after the copy was made is on record again, and counts."""
    reference = await authority.submit(letter("P3"))
    await authority.reckoned(reference)
    with restored(authority):
        await authority.forward(reference, timedelta(days=40))
        await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
        today = await authority.agreed(reference)
    yesterday = authority.request(reference).version
    assert await amiss_now(authority, reference) == Amiss.AHEAD
    revival = await revived(authority, reference)
    assert revival.brought_back == today.version - yesterday > 1
    assert authority.request(reference) == today
    await authority.do(reference, "p-anna", Act.NOTE, words="and on")


async def stopped(authority: Office) -> tuple[str, Deed, asyncio.Task[Receipt]]:
    """A request that stops at a restored record, the deed at which it does, and who waits for its receipt."""
    reference = await authority.submit(letter("P3"))
    await authority.reckoned(reference)
    with restored(authority):
        await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    noted = authority.deed(reference, "p-anna", Act.NOTE, words="it stops here")
    speaking = asyncio.create_task(authority.counter.act(reference, noted))
    await waited_for(lambda: amiss_now(authority, reference))
    return reference, noted, speaking


async def test_a_request_that_stopped_at_a_restored_record_is_brought_up_and_takes_the_deed(authority: Office) -> None:
    reference, noted, speaking = await stopped(authority)
    revival = await revived(authority, reference)
    assert revival.amiss == Amiss.DISAGREES
    await asyncio.gather(speaking, return_exceptions=True)
    receipt = await authority.counter.act(reference, noted)
    assert receipt.deed == noted.id
    assert [event.act for event in authority.events(reference)].count(Act.NOTE) == 1


async def test_a_request_that_stops_while_it_is_asked_is_found_all_the_same(
    authority: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Truth protected: who looked just before the record refused it is not told that nobody answers."""
    reference, _, speaking = await stopped(authority)
    end_of_history, before = standing._tail, iter([False])

    async def looked_at_before(client: Client, reference: str) -> standing._Tail | None:
        tail = await end_of_history(client, reference)
        return tail and tail.model_copy(update={"refused": next(before, tail.refused)})

    monkeypatch.setattr(standing, "_tail", looked_at_before)
    monkeypatch.setattr(standing, "ANSWERS_WITHIN", timedelta(seconds=0.5))
    assert await amiss_now(authority, reference) == Amiss.DISAGREES
    monkeypatch.undo()
    await revived(authority, reference)
    await asyncio.gather(speaking, return_exceptions=True)


async def ahead(authority: Office) -> str:
    """A request that lives, and did something after the copy from which its record was restored."""
    reference = await authority.submit(letter("P3"))
    await authority.reckoned(reference)
    with restored(authority):
        await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    return reference


@pytest.fixture
def before_it_is_brought_up(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], Awaitable[None]]]:
    """What happens in the midst of a revival: one thing each time before histories are read. Looks are short."""
    happening: list[Callable[[], Awaitable[None]]] = []

    async def late(client: Client, home: Home, reference: str) -> int:
        if happening:
            await happening.pop(0)()
        return await bring_back(client, home, reference)

    monkeypatch.setattr(reviving, "bring_back", late)
    monkeypatch.setattr(standing, "_LOOKS", 1)
    return happening


async def test_a_request_that_stops_while_it_is_brought_up_begins_again(
    authority: Office, before_it_is_brought_up: list[Callable[[], Awaitable[None]]]
) -> None:
    """Truth protected: what it did between two looks is brought up as well, and no newer copy is asked for."""
    reference = await ahead(authority)

    async def stops() -> None:
        await started(authority, reference, "it stops here")
        await waited_for(lambda: refused(authority, reference))

    before_it_is_brought_up.append(stops)
    assert (await revived(authority, reference)).amiss == Amiss.AHEAD
    assert [event.act for event in authority.events(reference)].count(Act.NOTE) == 1


async def test_what_waits_behind_a_batch_that_failed_is_waited_for(
    authority: Office, before_it_is_brought_up: list[Callable[[], Awaitable[None]]]
) -> None:
    """Truth protected: what no history tells yet is not taken for lost, and whoever did it gets their receipt."""
    reference = await ahead(authority)
    version = (await authority.now(reference)).version
    authority.faults.down.add("record")
    speaking = [await started(authority, reference, "it is sent to the record, which fails")]
    await waited(lambda: authority.faults.met["record"], lambda met: met > 0)
    speaking.append(await started(authority, reference, "it waits behind that one"))
    assert (await authority.now(reference)).version == version + len(speaking)

    async def nothing() -> None:
        return None

    async def recorded_again() -> None:
        authority.faults.down.clear()

    before_it_is_brought_up += [nothing, recorded_again]
    assert (await revived(authority, reference)).amiss == Amiss.AHEAD
    assert before_it_is_brought_up == []
    receipts = [await update.result() for update in speaking]
    assert [receipt.version for receipt in receipts] == [version + 1, version + 2]


async def started(authority: Office, reference: str, words: str) -> WorkflowUpdateHandle[Receipt]:
    """A note that the request has taken, and whose receipt is still to come."""
    noted = authority.deed(reference, "p-anna", Act.NOTE, words=words)
    return await authority.life(reference).start_update(
        "act", noted, result_type=Receipt, wait_for_stage=WorkflowUpdateStage.ACCEPTED
    )


async def test_a_record_that_lacks_what_no_history_tells_any_more_is_left_as_it_is(authority: Office) -> None:
    """Truth protected: no gap is recorded over; the refusal names the way out, and is on record itself."""
    reference = await authority.submit(letter("P3"))
    await authority.reckoned(reference)
    async with AsyncExitStack() as later:
        with restored(authority):
            await authority.do(reference, "p-anna", Act.NOTE, words="its history is lost with its server")
            anew = await later.enter_async_context(temporal_lost(authority))
            await revived(anew, reference)
            await anew.do(reference, "p-anna", Act.NOTE, words="a history tells of this one")
        yesterday = authority.request(reference)
        with pytest.raises(Fault, match="restore a newer copy of the database"):
            await revive(anew.counter, reference, "p-anna")
        assert authority.request(reference) == yesterday
        assert [(line.act, line.what["refused"]) for line in attempts(authority, reference)] == [("revive", "Fault")]
    assert (await revived(authority, reference)).brought_back >= 1  # the lost server is found: it tells the missing one


async def amiss_now(authority: Office, reference: str) -> str:
    """What is amiss with a request, in words."""
    finding = await compared(authority.env.client, authority.home, reference, asking=True)
    return str(finding.amiss) if finding else ""


async def refused(authority: Office, reference: str) -> str:
    """That its history ends with a batch which the record did not take; nothing before that."""
    tail = await standing._tail(authority.env.client, reference)
    return Amiss.DISAGREES if tail and tail.refused else ""


async def test_what_stands_well_is_not_revived(authority: Office) -> None:
    """Truth protected: a revival that is refused is on record as an attempt, by whom, and why."""
    reference = await authority.submit(letter("P3"))
    await authority.reckoned(reference)
    with pytest.raises(NotOpen, match="nothing is amiss"):
        await revive(authority.counter, reference, "p-anna")
    with pytest.raises(NotYours):
        await revive(authority.counter, reference, "p-dan")
    assert [(line.act, line.person, line.what["refused"]) for line in attempts(authority, reference)] == [
        ("revive", "p-anna", "NotOpen"),
        ("revive", "p-dan", "NotYours"),
    ]
    ended = await closed(authority)
    with pytest.raises(NotOpen, match="nothing is amiss"):
        await revive(authority.counter, ended, "p-anna")


def attempts(authority: Office, reference: str) -> list[Line]:
    """What was refused, opened."""
    return [line for line in trace(authority.home, reference) if line.kind == Kind.ATTEMPT]


async def test_two_who_revive_at_one_moment_begin_one_life(authority: Office) -> None:
    reference = await authority.submit(letter("P3"))
    await authority.reckoned(reference)
    await authority.life(reference).terminate()
    told = await asyncio.gather(
        *(revive(authority.counter, reference, person) for person in ("p-anna", "p-eve") * 2), return_exceptions=True
    )
    assert all(isinstance(each, Revival | NotOpen) for each in told), told
    await authority.agreed(reference)
    assert await amiss_now(authority, reference) == ""


async def test_a_knock_under_way_when_its_workflow_was_lost_is_made_again(authority: Office) -> None:
    """Truth protected: what rang and was answered by nobody's word rings no second time, but somebody is told."""
    held, taking = asyncio.Event(), authority.relay.handle_DATA

    async def slow(*arrived: Any) -> str:
        await held.wait()
        return await taking(*arrived)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(authority.relay, "handle_DATA", slow)
        reference = await authority.submit(letter("P0"))
        await authority.until(reference, lambda _: bool(authority.rung(reference, POLICE)))
        await authority.life(reference).terminate()
        held.set()
    assert POLICE not in {each.duty for each in told(authority, reference)}
    await revived(authority, reference)
    await waited(lambda: {each.duty for each in told(authority, reference)}, lambda duties: POLICE in duties)
    assert [alarm.rung for alarm in authority.rung(reference, POLICE)] == [0]


def told(authority: Office, reference: str) -> list[Knocked]:
    """What became of the alarms of a request, as far as it is on record."""
    answered = [event.particulars for event in authority.events(reference) if event.act == Act.TOLD]
    return [each for each in answered if isinstance(each, Knocked)]
