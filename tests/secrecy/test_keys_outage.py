"""Keys that are away hold a request up and lose nothing of it; keys of one request open nothing of another."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile

import pytest
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.update.v1 import Input, Meta, Request
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionRequest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from comity.errors import KeyGone, Unreachable
from comity.home import Home, make
from comity.keys.keys import Keys
from comity.keys.request_keys import SERVICE, KeyClass
from comity.keys.rotation import retire, rotate
from comity.ledger import log
from comity.ledger.checkpoint import sign_head
from comity.ledger.leaf import Entry, Kind
from comity.ledger.verify import verify_store
from comity.people import People
from comity.request.lifecycle import Act, Status
from comity.settings import Settings
from desk.counter import Counter
from desk.submitting import Submission, submit
from desk.tracing import trace
from temporal.plugin import ComityPlugin
from tests.office import PEOPLE
from tests.processes import ROOT, deed, insist, until
from tests.results import Results
from tests.serving import another_client, time_skipping
from worker import working
from workflows.request import RequestLife

LETTER = json.loads((ROOT / "examples" / "p0-livestream-announced.json").read_bytes())
A_MINUTE = 61.0
_SHORT = timedelta(seconds=3)


class Clock:
    """Seconds that pass only when told: how long keys are remembered."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Authority:
    """A counter with keys of its own, and workers whose ring can go away and whose memory of keys can pass."""

    counter: Counter
    workers: Home
    env: WorkflowEnvironment
    clock: Clock

    async def submit(self, number: str) -> str:
        """Hand in a request under that number; returns its reference."""
        data = json.dumps(LETTER | {"own_reference": number}).encode()
        return (await submit(self.counter, Submission(data, "p-anna", datetime.now(UTC)))).reference

    def ring_goes(self) -> Path:
        """The workers' ring is away, and they remember no key. Returns where it went."""
        self.clock.seconds += A_MINUTE
        return self.workers.ring_path.rename(self.workers.ring_path.with_suffix(".away"))

    def life(self, reference: str) -> WorkflowHandle[RequestLife, str]:
        """The workflow of a request."""
        return self.env.client.get_workflow_handle_for(RequestLife.run, f"request/{reference}")

    def acts(self, reference: str) -> list[str]:
        """What stands in the ledger of a request, in order."""
        return [line.act for line in trace(self.counter.home, reference)]

    def verified(self) -> None:
        """The whole ledger verifies."""
        report = verify_store(self.workers.store, [self.workers.signer().verifier_key])
        assert report.ok, [step for step in report.steps if not step.ok]


@asynccontextmanager
async def open_authority(folder: Path, clock: Clock) -> AsyncIterator[Authority]:
    """Two processes' worth of keys over one database: the counter's ring is another file than the workers'."""
    made = make(Settings(home=folder / "demo", law="demo", smtp_port=9), datetime.now(UTC))
    (made.folder / "people.toml").write_text(PEOPLE)
    copyfile(made.ring_path, folder / "ring of the counter")
    (folder / "ring of the counter").chmod(0o600)
    workers = replace(made, keys=Keys(made.store, made.ring_path, now=clock))
    desk = replace(made, keys=Keys(made.store, folder / "ring of the counter"))
    people = People.load(made.folder / "people.toml")
    async with time_skipping(workers.keys) as env, working(workers, env.client):
        yield Authority(Counter(desk, people, await another_client(env, desk.keys)), workers, env, clock)
    made.close()


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[Authority]:
    """The authority for one test."""
    async with open_authority(tmp_path, Clock()) as opened:
        yield opened


async def test_acts_wait_while_the_workers_have_no_ring_and_are_done_once_when_it_is_back(authority: Authority) -> None:
    reference = await authority.submit("1")
    away = authority.ring_goes()
    opened = deed(authority.counter, reference, "p-anna", Act.OPEN_REVIEW)
    waiting = asyncio.ensure_future(insist(authority.counter, reference, opened))
    done, _ = await asyncio.wait([waiting], timeout=3)
    assert not done
    away.rename(authority.workers.ring_path)
    assert (await waiting).status == Status.OPEN
    assert authority.acts(reference).count(Act.OPEN_REVIEW) == 1
    authority.verified()


async def test_alarms_that_fell_due_meanwhile_ring_when_the_ring_is_back_each_once(
    authority: Authority, results: Results, *, proving: bool
) -> None:
    """The set `demo` rings every few seconds; what the outage crossed is rung at once, in order."""
    seconds = A_MINUTE if proving else 3.0
    with results.of(f"the key ring absent for {seconds:.0f} s", "what it held up rings when it is back, each once"):
        await _ring_absent(authority, timedelta(seconds=seconds))


async def _ring_absent(authority: Authority, time: timedelta) -> None:
    reference = await authority.submit("2")
    await _rung(authority, reference, 1)
    away = authority.ring_goes()
    heard = len(_alarms(authority, reference))
    await _crossed(authority, reference, time)
    assert len(_alarms(authority, reference)) <= heard + 1  # the one whose keys were still in the air
    away.rename(authority.workers.ring_path)
    await _rung(authority, reference, heard + 2)
    rung = _alarms(authority, reference)
    assert len(set(rung)) == len(rung)
    authority.verified()


async def _crossed(authority: Authority, reference: str, time: timedelta) -> None:
    """Until alarms that are on record as coming have been due for so long."""
    coming = [owed.next_at for owed in authority.counter.request(reference).duties if owed.next_at]
    due = min(coming) + time
    await asyncio.to_thread(until, lambda: datetime.now(UTC) > due, 120)


async def _rung(authority: Authority, reference: str, count: int) -> None:
    await asyncio.to_thread(until, lambda: len(_alarms(authority, reference)) >= count, 60)


def _alarms(authority: Authority, reference: str) -> list[tuple[str, int, int]]:
    told = [line.what["particulars"] for line in trace(authority.counter.home, reference) if line.act == Act.RING]
    return [(alarm["duty"], alarm["generation"], alarm.get("rung", 0)) for alarm in told]


async def test_without_a_ring_the_counter_says_so_and_the_same_deed_can_be_said_again(authority: Authority) -> None:
    reference = await authority.submit("3")
    noted = deed(authority.counter, reference, "p-anna", Act.NOTE)
    ring = authority.workers.folder.parent / "ring of the counter"
    blind = replace(authority.counter.home, keys=Keys(authority.workers.store, ring.with_suffix(".away")))
    wire = await another_client(authority.env, blind.keys)
    with pytest.raises(Unreachable, match="put its file back"):
        await Counter(blind, authority.counter.people, wire).act(reference, noted)
    await authority.counter.act(reference, noted)
    assert authority.acts(reference).count(Act.NOTE) == 1


async def test_an_act_copied_from_one_request_into_another_is_not_done_there(
    authority: Authority, proving: bool
) -> None:
    """Whoever can write to Temporal, but has no keys, can repeat what he saw: it opens in its own request only."""
    one, other = await authority.submit("4"), await authority.submit("5")
    noted = deed(authority.counter, one, "p-anna", Act.NOTE)
    await authority.counter.act(one, noted)
    with pytest.raises(RPCError):
        await _smuggle(authority, other, await _sealed_deed(authority, one, noted.id))
    assert Act.NOTE not in authority.acts(other)
    if proving:  # it takes Temporal some 30 s to let go of what cannot be opened; then the other goes on as before
        await insist(authority.counter, other, deed(authority.counter, other, "p-anna", Act.OPEN_REVIEW))


async def _sealed_deed(authority: Authority, reference: str, update: str) -> Payload:
    """The payload of an update as it stands in history."""
    async for event in authority.life(reference).fetch_history_events():
        request = event.workflow_execution_update_accepted_event_attributes.accepted_request
        if request.meta.update_id.startswith(update):
            return request.input.args.payloads[0]
    raise AssertionError("no such update in history")


async def _smuggle(authority: Authority, reference: str, payload: Payload) -> None:
    """Send a payload as an act, past every codec."""
    client = authority.env.client
    await client.workflow_service.update_workflow_execution(
        UpdateWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=f"request/{reference}"),
            request=Request(
                meta=Meta(update_id="smuggled", identity="x"),
                input=Input(name="act", args=Payloads(payloads=[payload])),
            ),
        ),
        timeout=_SHORT,
    )


async def test_the_ring_is_rotated_while_requests_are_open(authority: Authority) -> None:
    """Old histories replay, acts go on, and the old key can be taken off."""
    reference = await authority.submit("6")
    await authority.counter.act(reference, deed(authority.counter, reference, "p-anna", Act.OPEN_REVIEW))
    assert rotate(authority.workers.store, authority.workers.ring_path) >= 3
    assert len(retire(authority.workers.store, authority.workers.ring_path).keys) == 1
    authority.clock.seconds += A_MINUTE
    await insist(authority.counter, reference, deed(authority.counter, reference, "p-anna", Act.NOTE))
    history = await authority.life(reference).fetch_history()
    await Replayer(workflows=[RequestLife], plugins=[ComityPlugin(authority.workers.keys)]).replay_workflow(history)
    authority.verified()


async def test_a_destroyed_content_key_leaves_the_story_and_its_proof(authority: Authority) -> None:
    reference = await authority.submit("7")
    noted = deed(authority.counter, reference, "p-anna", Act.NOTE, words="a name")
    await authority.counter.act(reference, noted)
    with authority.workers.store.transaction() as tx:
        authority.counter.home.keys.destroy(tx, reference, KeyClass.CONTENT, datetime.now(UTC))
    with pytest.raises(KeyGone):
        authority.counter.home.keys.raw(reference, KeyClass.CONTENT)
    [told] = [line for line in trace(authority.counter.home, reference) if line.act == Act.NOTE]
    assert "gone" in told.what
    authority.verified()


@pytest.mark.parametrize("key", ["master-keys.toml", "ledger-signer.key"])
def test_a_home_whose_key_file_is_away_is_not_given_another(tmp_path: Path, key: str) -> None:
    """A new ring would be wrapped under from then on, and lost when the old file is put back over it."""
    settings = Settings(home=tmp_path / "home")
    made = make(settings, datetime.now(UTC))
    with made.store.transaction() as tx:
        log.append(tx, [_entry(made)])
    sign_head(made.store, made.signer())
    made.close()
    away = (settings.home / key).rename(tmp_path / "away")
    with pytest.raises(Unreachable, match=f"{key} is away"):
        make(settings, datetime.now(UTC))
    assert not (settings.home / key).exists()
    away.rename(settings.home / key)
    make(settings, datetime.now(UTC)).close()


def _entry(home: Home) -> Entry:
    body = home.keys.seal(SERVICE, KeyClass.RECORD, b"{}", "attempt x")
    empty = {"status": "", "role": "", "person": ""}
    return Entry(kind=Kind.ATTEMPT, reference="", id="x", act="submit", at=datetime.now(UTC), body=body, **empty)
