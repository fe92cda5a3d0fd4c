"""What outlives the closing of a request: looked at a year later, kept longer by a person, and never forgotten."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from ulid import ULID

from comity.errors import Busy, NotOpen, NotYours, Objection
from comity.ledger.leaf import Kind, Leaf
from comity.ledger.log import Kept
from comity.register import retention, tables
from comity.request.keeping import Keeping, KeptRow
from comity.request.lifecycle import Act
from desk.keeping import GIVEN, Prolonging, kept, prolong
from desk.tracing import trace
from temporal.names import REQUESTS
from tests.lives.test_after import closed, temporal_lost
from tests.office import Office, letter, office, waited

YEAR, MONTH = timedelta(days=366), timedelta(days=32)


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("retention")) as opened:
        yield opened


def clock(authority: Office, reference: str) -> WorkflowHandle[object, object]:
    """The workflow that waits for the dates of a closed request."""
    return authority.env.client.get_workflow_handle(f"retention/{reference}")


async def rows(authority: Office, reference: str) -> dict[Keeping, KeptRow]:
    """The dates of a closed request, once they are reckoned."""
    standing = await waited(lambda: _standing(authority, reference), bool)
    return {row.what: row for row in standing}


def _standing(authority: Office, reference: str) -> Sequence[KeptRow]:
    with authority.home.store.reading() as view:
        return retention.rows(view, reference) if retention.is_reckoned(view, reference) else ()


async def later(authority: Office, reference: str, time: timedelta) -> None:
    """Put the clock of what is kept forward."""
    await authority.env.fast_forward(clock(authority, reference), time)


def mails(authority: Office, person: str, reference: str, duty: str = "review what is kept") -> list[EmailMessage]:
    """The mails to a person about a date of a request."""
    return [mail for mail in authority.relay.to(f"{person}@ca.example") if f"{reference}: {duty}" in mail["Subject"]]


def notices(authority: Office, reference: str, act: str = "tell of what is kept") -> list[Leaf]:
    """What the ledger has about what is kept."""
    found: list[Kept] = [entry for entry in authority.entries(reference) if entry.leaf.kind == Kind.NOTICE]
    return [entry.leaf for entry in found if entry.leaf.act == act]


async def told(authority: Office, reference: str, times: int) -> list[Leaf]:
    """The entries about tellings, once there are so many."""
    return await waited(lambda: notices(authority, reference), lambda found: len(found) >= times)


def longer(what: Keeping, until: datetime) -> Prolonging:
    """What a head of unit says."""
    return Prolonging(what=what, until=until, reason="an appeal is pending")


def in_(time: timedelta) -> datetime:
    """That long from now."""
    return datetime.now(UTC) + time


async def test_a_year_after_closing_people_are_told_each_month_until_one_has_decided(authority: Office) -> None:
    reference = await closed(authority)
    await rows(authority, reference)
    await later(authority, reference, YEAR)
    [first] = await told(authority, reference, 1)
    assert (first.status, first.person, first.version) == ("review", "system", None)
    assert [len(mails(authority, person, reference)) for person in ("eve", "dan", "anna")] == [1, 1, 0]
    await later(authority, reference, MONTH)
    assert len(await told(authority, reference, 2)) == 2
    assert len({mail["Message-ID"] for mail in mails(authority, "eve", reference)}) == 2
    assert (await rows(authority, reference))[Keeping.REVIEW].told == 2
    authority.verified()


async def test_what_is_kept_longer_is_told_of_at_its_new_date_and_not_before(authority: Office) -> None:
    reference = await closed(authority)
    await rows(authority, reference)
    await later(authority, reference, YEAR)
    await told(authority, reference, 1)
    await prolong(authority.counter, reference, "p-eve", longer(Keeping.VAULT, in_(timedelta(days=800))))
    await later(authority, reference, timedelta(days=760) - YEAR)
    assert mails(authority, "eve", reference, "keep vault longer") == []
    await later(authority, reference, timedelta(days=45))
    [mail] = mails(authority, "eve", reference, "keep vault longer")
    assert reference in mail["Subject"]
    assert "vault" in {entry.status for entry in await told(authority, reference, 2)}


async def test_who_kept_what_longer_and_why_is_in_the_story(authority: Office) -> None:
    reference = await closed(authority)
    before = await rows(authority, reference)
    until = in_(timedelta(days=4000))
    await prolong(authority.counter, reference, "p-eve", longer(Keeping.CONTENT, until))
    after = await rows(authority, reference)
    assert after[Keeping.CONTENT] == before[Keeping.CONTENT].model_copy(
        update={"due": until, "next_at": until, "rule": GIVEN}
    )
    assert {what: row for what, row in after.items() if what != Keeping.CONTENT} == {
        what: row for what, row in before.items() if what != Keeping.CONTENT
    }
    [entry] = notices(authority, reference, "prolong")
    assert (entry.status, entry.person, entry.role) == ("content", "p-eve", "head of unit")
    [line] = [line for line in trace(authority.home, reference) if line.act == "prolong"]
    assert line.what["reason"] == "an appeal is pending"
    authority.verified()


async def test_keeping_the_first_to_end_longer_than_the_last_keeps_all_of_them(authority: Office) -> None:
    """Truth protected: the record of what became of the others is never gone before them."""
    reference = await closed(authority)
    await rows(authority, reference)
    until = in_(timedelta(days=365 * 40))
    await prolong(authority.counter, reference, "p-eve", longer(Keeping.VAULT, until))
    after = await rows(authority, reference)
    assert {after[what].due for what in (Keeping.VAULT, Keeping.CONTENT, Keeping.RECORD)} == {until}


async def test_what_may_not_be_kept_so_is_refused_and_entered_as_an_attempt(authority: Office) -> None:
    reference = await closed(authority)
    before = await rows(authority, reference)
    for person, said, error, words in (
        ("p-dan", longer(Keeping.CONTENT, in_(timedelta(days=9000))), NotYours, "head of unit"),
        ("p-eve", longer(Keeping.CONTENT, in_(timedelta(days=9))), Objection, "no date is brought forward"),
        ("p-eve", longer(Keeping.REVIEW, in_(timedelta(days=900))), Objection, "at the latest"),
    ):
        with pytest.raises(error, match=words):
            await prolong(authority.counter, reference, person, said)
    assert await rows(authority, reference) == before
    attempts = [entry.leaf for entry in authority.entries(reference) if entry.leaf.kind == Kind.ATTEMPT]
    assert [(leaf.act, leaf.person) for leaf in attempts] == [("prolong", who) for who in ("p-dan", "p-eve", "p-eve")]


async def test_a_reopened_request_is_looked_after_by_its_own_clock_until_it_is_closed_again(authority: Office) -> None:
    """Truth protected: the date that a person gave stands after the next closing, too."""
    reference = await closed(authority)
    await rows(authority, reference)
    far = in_(timedelta(days=4000))
    await prolong(authority.counter, reference, "p-eve", longer(Keeping.CONTENT, far))
    await authority.do(reference, "p-eve", Act.REOPEN, reason="it was no mistake")
    with pytest.raises(NotOpen, match="its dates begin when it is closed"):
        kept(authority.home, reference)
    await later(authority, reference, YEAR)
    await clock(authority, reference).result()
    assert mails(authority, "eve", reference) == []
    await authority.reckoned(reference)
    await authority.do(reference, "p-eve", Act.VOID, reason="entered twice after all")
    await authority.life(reference).result()
    again = await rows(authority, reference)
    assert (again[Keeping.CONTENT].due, again[Keeping.CONTENT].rule) == (far, GIVEN)
    assert (await clock(authority, reference).describe()).status == WorkflowExecutionStatus.RUNNING


async def test_with_temporals_database_gone_the_sweep_begins_again_what_was_due(authority: Office) -> None:
    """Truth protected: the register is enough; what is not due yet is not begun for nothing."""
    reference, other = await closed(authority), await closed(authority)
    await rows(authority, reference)
    await rows(authority, other)
    async with temporal_lost(authority) as anew:
        a_year_passes(anew, reference)
        await sweep(anew)
        [entry] = await told(anew, reference, 1)
        assert entry.status == "review"
        begun = [found.id async for found in anew.env.client.list_workflows("WorkflowType = 'Retention'")]
        assert begun == [f"retention/{reference}"]


async def test_a_closing_after_which_nothing_was_begun_is_found_by_the_sweep(authority: Office) -> None:
    """Truth protected: the closing itself enters that its dates are due, in one transaction with its event."""
    authority.faults.down.add("keep")
    reference = await authority.submit(letter("P3"))
    await authority.do(reference, "p-eve", Act.VOID, reason="entered twice")
    await authority.life(reference).terminate()
    authority.faults.down.clear()
    with pytest.raises(Busy, match="say the same again"):
        kept(authority.home, reference)
    a_year_passes(authority, reference)
    await sweep(authority)
    assert set(await rows(authority, reference)) == set(Keeping)


async def test_what_nobody_could_be_told_is_told_when_the_relay_is_back(authority: Office) -> None:
    reference = await closed(authority)
    await rows(authority, reference)
    authority.relay.refusing = {"eve@ca.example", "dan@ca.example"}
    await later(authority, reference, YEAR)
    assert notices(authority, reference) == []
    authority.relay.refusing = set()
    await later(authority, reference, timedelta(hours=2))
    assert len(await told(authority, reference, 1)) == 1


async def test_what_is_kept_stands_under_the_services_key(authority: Office) -> None:
    """Truth protected: the request's own keys may be destroyed while its dates are waited for."""
    reference = await closed(authority)
    await rows(authority, reference)
    history = await clock(authority, reference).fetch_history()
    payloads = history.events[0].workflow_execution_started_event_attributes.input.payloads
    assert {payload.metadata["key"] for payload in payloads} == {b"service"}


def a_year_passes(authority: Office, reference: str) -> None:
    """For the register: Temporal's clock is another."""
    long_ago = datetime.now(UTC) - timedelta(days=1)
    table = tables.RETENTION
    review = (table.c.reference == reference) & (table.c.what == Keeping.REVIEW)
    with authority.home.store.transaction() as tx:
        tx.execute(table.update().where(review).values(due=long_ago, next_at=long_ago))


async def sweep(authority: Office) -> None:
    """Sweep once."""
    await authority.env.client.execute_workflow("Sweep", id=f"sweep-{ULID()}", task_queue=REQUESTS, result_type=int)
