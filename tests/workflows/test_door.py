"""The door: each deed once, one winner of many, refusals that cost nothing, and a record that may be away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.converter import WorkflowSerializationContext
from ulid import ULID

from activities.arrivals import DEEDS_REMEMBERED, Carried, Done, Start
from activities.record import Batch, Recorder
from comity.errors import DeedReused, NotOpen, NotYours, Objection, Stale
from comity.ledger.leaf import Kind
from comity.request.fold import happen
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import Deed, Particulars, Receipt
from desk.doctor import Finding, examine
from temporal.names import REQUESTS, STAGE, URGENCY
from tests.office import Office, letter, office, waited


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work, whose server suggests early to continue as new."""
    async with office(tmp_path_factory.mktemp("door"), continue_after=30) as opened:
        yield opened


def note(person: str = "p-anna", **more: str) -> Deed:
    """A deed that moves nothing."""
    return Deed(id=str(ULID()), act=Act.NOTE, person=person, role=Role.COORDINATOR, particulars=Particulars(**more))


async def runs(authority: Office, reference: str) -> int:
    """How many runs the workflow of a request has had."""
    query = f"WorkflowId = 'request/{reference}'"
    return len([found async for found in authority.env.client.list_workflows(query)])


async def notes(authority: Office, reference: str, number: int) -> list[tuple[Deed, Receipt]]:
    """So many notes one after another, with their receipts."""
    deeds = [note() for _ in range(number)]
    return [(deed, await authority.counter.act(reference, deed)) for deed in deeds]


async def test_two_deeds_of_one_id_at_one_moment_are_told_apart(authority: Office) -> None:
    """Temporal takes two updates of one id for one, so an update is named by its deed and the digest of it."""
    reference = await authority.submit(letter("P3"))
    one = note(words="one")
    other = one.model_copy(update={"particulars": Particulars(words="other")})
    both = (authority.counter.act(reference, deed) for deed in (one, other))
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["DeedReused", "Receipt"]


async def test_a_deed_is_done_once_in_its_run_and_after_it(authority: Office) -> None:
    """The same deed gets the same receipt, from the door and from the counter, whatever run did it."""
    reference = await authority.submit(letter("P3"))
    (first, receipt), *_ = await notes(authority, reference, 1)
    assert await authority.counter.act(reference, first) == receipt
    assert await through_the_door(authority, reference, first) == receipt
    done = await notes(authority, reference, 12)
    assert await runs(authority, reference) > 1
    for deed, given in [(first, receipt), *done]:
        assert await authority.counter.act(reference, deed) == given
        assert await through_the_door(authority, reference, deed) == given
    on_record = await authority.agreed(reference)
    deeds = [event.deed for event in authority.events(reference) if event.deed]
    assert len(deeds) == len(set(deeds)) == 14
    assert on_record.version == len(authority.events(reference))


async def through_the_door(authority: Office, reference: str, deed: Deed) -> Receipt:
    """Past the counter: what a transfer does, and what a counter does that looked too early."""
    door = authority.life(reference)
    receipt: Receipt = await door.execute_update("act", deed, id=str(ULID()), result_type=Receipt)
    return receipt


async def test_an_id_is_good_for_one_deed_only(authority: Office) -> None:
    reference = await authority.submit(letter("P3"))
    ((done, _),) = await notes(authority, reference, 1)
    other = done.model_copy(update={"particulars": Particulars(words="something else")})
    with pytest.raises(DeedReused):
        await authority.counter.act(reference, other)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await through_the_door(authority, reference, other)
    assert getattr(refused.value.cause, "type", None) == "DeedReused"
    assert (await authority.agreed(reference)).version == len(authority.events(reference))


async def test_a_deed_that_the_request_has_forgotten_is_answered_from_the_register(authority: Office) -> None:
    """Only the last 500 are carried over: here a run that carries none of them over stands for the 501st."""
    reference = await authority.submit(letter("P3"))
    ((done, receipt),) = await notes(authority, reference, 1)
    request = await authority.agreed(reference)
    await authority.life(reference).terminate()
    await begun_again(authority, reference, Carried(request=request, done={}))
    assert await authority.counter.act(reference, done) == receipt
    with pytest.raises(DeedReused):
        await authority.counter.act(reference, done.model_copy(update={"person": "p-eve", "role": Role.HEAD_OF_UNIT}))
    assert (await authority.agreed(reference)).version >= request.version


async def begun_again(authority: Office, reference: str, carried: Carried) -> None:
    """A new run of a request from what is carried over."""
    start = Start(reference=reference, carried=carried)
    await authority.env.client.start_workflow("Request", start, id=f"request/{reference}", task_queue=REQUESTS)


async def test_of_twenty_acts_that_saw_the_same_revision_one_wins(authority: Office) -> None:
    reference = await authority.submit(letter("P3"))
    deeds = [authority.deed(reference, "p-anna", Act.OPEN_REVIEW) for _ in range(20)]
    results = await asyncio.gather(*(authority.counter.act(reference, deed) for deed in deeds), return_exceptions=True)
    won = [result for result in results if isinstance(result, Receipt)]
    assert len(won) == 1
    assert {type(result) for result in results} <= {Receipt, NotOpen, Stale}
    attempts = [entry for entry in authority.entries(reference) if entry.leaf.kind == Kind.ATTEMPT]
    assert len(attempts) == 19
    await authority.agreed(reference)


async def test_four_clients_without_pause_over_ten_continuations(authority: Office, *, proving: bool) -> None:
    """Every deed is on record exactly once, and again sent five later it gets its first receipt."""
    reference = await authority.submit(letter("P3"))
    number = 130 if proving else 40

    async def one_client() -> list[tuple[Deed, Receipt]]:
        done: list[tuple[Deed, Receipt]] = []
        for _ in range(number):
            done += await notes(authority, reference, 1)
            deed, receipt = done[-min(5, len(done))]
            assert await through_the_door(authority, reference, deed) == receipt
        return done

    done = [pair for pairs in await asyncio.gather(*(one_client() for _ in range(4))) for pair in pairs]
    assert await runs(authority, reference) > 10
    await authority.agreed(reference)
    on_record = [event.deed for event in authority.events(reference) if event.act == Act.NOTE]
    assert sorted(filter(None, on_record)) == sorted(deed.id for deed, _ in done)
    assert len({receipt.version for _, receipt in done}) == 4 * number
    assert len(await carried_over(authority, reference)) <= DEEDS_REMEMBERED


async def carried_over(authority: Office, reference: str) -> dict[str, Done]:
    """The deeds that the present run of a request was given."""
    history = await authority.life(reference).fetch_history()
    given = history.events[0].workflow_execution_started_event_attributes.input.payloads
    converter = authority.env.client.data_converter.with_context(
        WorkflowSerializationContext(namespace=authority.env.client.namespace, workflow_id=f"request/{reference}")
    )
    (start,) = await converter.decode(given, [Start])
    return dict(start.carried.done) if start.carried else {}


async def test_a_refused_act_leaves_no_trace_in_history_and_one_in_the_ledger(authority: Office) -> None:
    reference = await authority.submit(letter("P3"))
    await authority.reckoned(reference)
    with pytest.raises(NotOpen):  # answered in a workflow task of its own: whatever was under way is in history then
        await authority.do(reference, "p-anna", Act.CONCLUDE)
    before, events = await authority.life(reference).describe(), authority.events(reference)
    refused = {
        NotOpen: authority.deed(reference, "p-anna", Act.CLOSE),
        Stale: authority.deed(reference, "p-anna", Act.OPEN_REVIEW, expected=7),
        Objection: authority.deed(reference, "p-eve", Act.VOID),
        NotYours: authority.deed(reference, "p-anna", Act.OPEN_REVIEW, role=Role.DUTY_OFFICER),
    }
    for error, deed in refused.items():
        with pytest.raises(error):
            await authority.counter.act(reference, deed)
    assert (await authority.life(reference).describe()).history_length == before.history_length
    assert authority.events(reference) == events
    attempts = [entry.leaf for entry in authority.entries(reference) if entry.leaf.kind == Kind.ATTEMPT]
    assert [leaf.act for leaf in attempts] == [Act.CONCLUDE, *(deed.act for deed in refused.values())]
    authority.verified()


async def test_a_register_that_is_down_delays_receipts_but_no_alarm(authority: Office) -> None:
    authority.relay.taken.clear()
    authority.faults.down.add("record")
    receipt = asyncio.create_task(authority.submit(letter("P0")))
    await waited(lambda: len(authority.relay.to("bob@ca.example")), lambda mails: mails >= 3)
    assert authority.faults.met["record"]
    assert not receipt.done()
    authority.faults.down.clear()
    reference = await receipt
    await authority.agreed(reference)
    assert authority.rung(reference, "request/tell the police")


async def test_a_record_that_disagrees_parks_the_request_and_writes_nothing(authority: Office) -> None:
    """`doctor` names the request; what stood in ledger and register stays as it was."""
    reference = await authority.submit(letter("P3"))
    await authority.reckoned(reference)
    request = await authority.agreed(reference)
    forged = happen(request, note(words="never done"), datetime.now(UTC))
    Recorder(authority.home.store, authority.home.keys).record(Batch(reference=reference, events=(forged,)))
    entries = authority.entries(reference)
    unanswered = asyncio.create_task(through_the_door(authority, reference, note()))
    found = await named_by_doctor(authority, reference)
    assert "parked by a fault" in found.detail
    assert not unanswered.done()
    assert authority.entries(reference) == entries
    authority.verified()
    unanswered.cancel()
    await authority.life(reference).terminate()


async def named_by_doctor(authority: Office, reference: str) -> Finding:
    """What `comity doctor` finds, once it finds this request stuck."""
    wire = authority.env.client
    settings = authority.home.settings.model_copy(
        update={"temporal": wire.service_client.config.target_host, "namespace": wire.namespace}
    )
    async with asyncio.timeout(60):
        while True:
            found = {finding.what: finding for finding in await examine(settings)}
            if reference in found["stuck"].detail:
                return found["stuck"]
            await asyncio.sleep(0.5)


async def test_the_server_is_told_what_it_may_search_for_when_it_changes(authority: Office) -> None:
    reference = await authority.submit(letter("P3"))
    assert await told_to_the_server(authority, reference) == ("submission", "P3")
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    assert await told_to_the_server(authority, reference) == ("legal review", "P3")
    await authority.do(reference, "p-bob", Act.CLAIM_URGENCY, "M1", urgency="P2")
    assert await told_to_the_server(authority, reference) == ("legal review", "P2")
    await notes(authority, reference, 8)
    assert await upserts(authority, reference) == 0  # in the run that the notes have led to
    assert await told_to_the_server(authority, reference) == ("legal review", "P2")


async def told_to_the_server(authority: Office, reference: str) -> tuple[str | None, str | None]:
    """Stage and urgency as search attributes."""
    known = (await authority.life(reference).describe()).typed_search_attributes
    return known.get(STAGE), known.get(URGENCY)


async def upserts(authority: Office, reference: str) -> int:
    """How often the present run has changed its search attributes."""
    history = await authority.life(reference).fetch_history()
    return sum(event.HasField("upsert_workflow_search_attributes_event_attributes") for event in history.events)


async def test_closing_ends_the_workflow(authority: Office) -> None:
    reference = await authority.submit(letter("P3"))
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    await authority.do(reference, "p-fay", Act.WITHDRAW, "M1")
    await authority.do(reference, "p-anna", Act.CONCLUDE)
    last = authority.deed(reference, "p-anna", Act.CLOSE)
    receipt = await authority.counter.act(reference, last)
    assert await authority.life(reference).result() == Status.CLOSED
    assert (await authority.life(reference).describe()).status == WorkflowExecutionStatus.COMPLETED
    assert authority.request(reference).status == Status.CLOSED
    assert authority.retold(reference) == authority.request(reference)
    assert await authority.counter.act(reference, last) == receipt
    with pytest.raises(NotOpen, match="closed"):
        await authority.do(reference, "p-anna", Act.NOTE)
