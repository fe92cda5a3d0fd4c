"""What comes after the end of a request, and what mends one whose workflow was lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowUpdateFailedError

from comity.errors import NotOpen
from comity.ledger.leaf import Kind
from comity.request.lifecycle import Act, Status
from comity.request.model import Particulars, Receipt
from tests.office import Office, letter, office
from tests.serving import time_skipping
from worker import working


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("after")) as opened:
        yield opened


async def closed(authority: Office, *urgencies: str) -> str:
    """A request that was entered by mistake, voided, its workflow over."""
    reference = await authority.submit(letter(*(urgencies or ("P3",))))
    await authority.reckoned(reference)
    await authority.do(reference, "p-eve", Act.VOID, reason="entered twice")
    assert await authority.life(reference).result() == Status.CLOSED
    return reference


@asynccontextmanager
async def temporal_lost(authority: Office) -> AsyncIterator[Office]:
    """The same authority with a Temporal server that knows of nothing: its database is gone, the register is not."""
    async with authority.away(), time_skipping(authority.home.keys) as env, working(authority.home, env.client):
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
