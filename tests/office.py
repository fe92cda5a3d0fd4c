"""A central authority for tests: a home, its people, a real Temporal server, workers, and a mail relay that listens."""

import asyncio
import json
import re
from collections import Counter as Counting
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from functools import reduce
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from aiosmtpd.smtp import SMTP, Envelope, Session
from temporalio.client import Client, ScheduleDescription, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from ulid import ULID

from activities.sweep import SWEEP
from comity.home import Home, make
from comity.keys.record_key import key_class_of
from comity.ledger import log
from comity.ledger.checkpoint import sign_head
from comity.ledger.log import Kept
from comity.ledger.verify import verify_store
from comity.people import People
from comity.request.fold import begin, fold
from comity.request.lifecycle import Act, Role
from comity.request.model import Alarm, Deed, Event, Owed, Receipt, Request, particulars_of
from comity.request.rules import part_of
from comity.settings import Settings
from desk.counter import Counter
from desk.submitting import Submission, submit
from temporal.codec import Seals
from tests.activities.faults import Faults
from tests.reviews import ground_for, grounds, looked_at, stamped
from tests.serving import time_skipping
from worker import working

WHO = {
    "anna": ["coordinator"],
    "bob": ["reviewer", "duty officer"],
    "carla": ["decider", "reviewer"],
    "dan": ["evidence officer", "executing authority"],
    "eve": ["head of unit"],
    "fay": ["requesting authority"],
}
PEOPLE = "\n".join(
    f'[people.p-{name}]\nroles = {roles}\nmail = "{name}@ca.example"\n'
    'unit = "central"\ntime_zone = "Europe/Luxembourg"\n'
    for name, roles in WHO.items()
)
ROLES = {
    "p-anna": Role.COORDINATOR, "p-bob": Role.REVIEWER, "p-carla": Role.DECIDER, "p-dan": Role.EVIDENCE_OFFICER,
    "p-eve": Role.HEAD_OF_UNIT, "p-fay": Role.REQUESTING_AUTHORITY, "p-gus": Role.COORDINATOR,
}  # fmt: skip
TOLD = {
    "caller": "Rui Exemplo Figueira",
    "authority": "PT Polícia Judiciária",
    "number": "+999 21 555 0111",
    "happening": "an offer to stream abuse within the hour",
    "where": "user-77b1@nuage.example",
    "wanted": "expedited preservation",
}
"""What a caller says at night: the six fields."""

GUS = """
[people.p-gus]
roles = ["coordinator"]
mail = "gus@ca.example"
unit = "central"
time_zone = "Europe/Luxembourg"
"""
"""One more coordinator, for tests in which Anna is not enough: alarms are told to both."""
Seen = TypeVar("Seen")
MOMENT = timedelta(seconds=30)
"""How far past an alarm a clock is put: were its target to pass while activities run, the server skips to the next."""
LOOKED_AT_AGAIN = 400.0
"""Seconds that a timer is given which the server skipped past: one was seen to fire 65 s later; the rest is a guess."""
EXAMPLES = Path(__file__).parents[1] / "examples"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+([+-]\d\d:\d\d|Z)")
OF_A_DEED = ("id", "role", "expected", "happened", "received", "on_behalf")


class Relay:
    """A mail relay that keeps what it takes; addresses in `refusing` are refused."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.refusing: set[str] = set()

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take or refuse one recipient."""
        if address in self.refusing:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        parsed = BytesParser(EmailMessage, policy=default).parsebytes(content)
        self.taken.append(parsed)
        return "250 taken"

    def to(self, address: str) -> list[EmailMessage]:
        """What was taken for one address."""
        return [mail for mail in self.taken if mail["To"] == address]


async def waited(look: Callable[[], Seen], holds: Callable[[Seen], bool]) -> Seen:
    """What is seen once something holds of it. Others write it, in processes and databases: it is looked at again."""
    async with asyncio.timeout(30):
        while not holds(seen := look()):  # noqa: ASYNC110 - nobody sets an event here
            await asyncio.sleep(0.05)
        return seen


async def waited_for(look: Callable[[], Awaitable[Seen]], within: float = 30) -> Seen:
    """What is seen once there is something, within so many seconds. Another process does it: it is asked again."""
    async with asyncio.timeout(within):
        while not (seen := await look()):  # noqa: ASYNC110 - nobody sets an event here
            await asyncio.sleep(0.05)
        return seen


def letter(*urgencies: str, like: str = "p3-bank-records-three-measures", **fields: Any) -> bytes:
    """A letter under a number of its own: a measure for each class named, no date asked for, no emergency told."""
    told = of_today(like)
    kinds = told.pop("measures")
    for dated in ("deadline", "emergency"):
        told.pop(dated, None)
    measures = [kinds[number % len(kinds)] | {"urgency": urgency} for number, urgency in enumerate(urgencies)]
    own = str(ULID())
    return json.dumps(apart(told | {"measures": measures, "own_reference": own}, own) | fields).encode()


def of_today(example: str) -> dict[str, Any]:
    """An example as if it had come now: all its instants moved by as much, so that none is past which was to come."""
    told: dict[str, Any] = json.loads((EXAMPLES / f"{example}.json").read_bytes())
    since = datetime.now(UTC) - datetime.fromisoformat(told["transmission"]["received_at"])
    moved: dict[str, Any] = _moved(told, since)
    return moved


def _moved(told: Any, by: timedelta) -> Any:
    if isinstance(told, list):
        return [_moved(each, by) for each in told]
    if isinstance(told, dict):
        return {field: _moved(value, by) for field, value in told.items()}
    if isinstance(told, str) and _INSTANT.fullmatch(told):
        return (datetime.fromisoformat(told) + by).isoformat(timespec="seconds")
    return told


def apart(told: Any, own: str) -> Any:
    """The same letter, about accounts, documents and files of its own: two of them are not linked."""
    if isinstance(told, list):
        return [apart(each, own) for each in told]
    if not isinstance(told, dict):
        return told
    return {field: _own(field, value, own) for field, value in told.items()}


def _own(field: str, value: Any, own: str) -> Any:
    if field == "sha256":
        return sha256(f"{own} {value}".encode()).hexdigest()
    if field in ("account", "contact", "document") and isinstance(value, str):
        return f"{value}-{own}"
    return apart(value, own)


@dataclass
class Office:
    """A central authority at work."""

    home: Home
    env: WorkflowEnvironment
    counter: Counter
    relay: Relay
    faults: Faults
    work: AsyncExitStack

    async def submit(self, data: bytes, received: datetime | None = None, **more: Any) -> str:
        """Hand in a request as Anna, which came just now if nothing is said; returns its reference."""
        receipt = await submit(self.counter, Submission(data, "p-anna", received or datetime.now(UTC), **more))
        return receipt.reference

    def request(self, reference: str) -> Request:
        """A request as the register has it."""
        return self.counter.request(reference)

    async def now(self, reference: str) -> Request:
        """A request as its workflow has it; a run that has only just begun has no answer yet."""
        async with asyncio.timeout(30):
            while True:
                try:
                    found: Request = await self.life(reference).query("request", result_type=Request)
                except RPCError as error:
                    if error.status != RPCStatusCode.FAILED_PRECONDITION:
                        raise
                    await asyncio.sleep(0.05)
                else:
                    return found

    def life(self, reference: str) -> WorkflowHandle[Any, Any]:
        """The workflow of a request."""
        return self.env.client.get_workflow_handle(f"request/{reference}")

    # --- acts ---------------------------------------------------------------------------------------------------------

    def deed(self, reference: str, person: str, act: Act, part: str = "request", **more: Any) -> Deed:
        """A deed by a person who has just looked; what names a field of a deed is that, all else particulars."""
        named = {name: more.pop(name) for name in OF_A_DEED if name in more}
        standing = part_of(self.request(reference), part)
        seen = {"id": str(ULID()), "role": ROLES[person], "expected": standing.revision} | named
        given = stamped(self.counter, self.request(reference), part, more) if act == Act.PROPOSE else more
        return Deed(act=act, part=part, person=person, particulars=particulars_of(act)(**given), **seen)

    async def do(self, reference: str, person: str, act: Act, part: str = "request", **more: Any) -> Receipt:
        """Do it."""
        return await self.counter.act(reference, self.deed(reference, person, act, part, **more))

    async def decide(self, reference: str, part: str, outcome: Act, **more: Any) -> Receipt:
        """Bob looks at each ground and proposes, Carla decides so."""
        ground = more.pop("ground", None) or ground_for(self.counter, self.request(reference), part, outcome)
        await self.review(reference, part, ground)
        await self.do(reference, "p-bob", Act.PROPOSE, part, outcome=outcome, ground=ground)
        seen = getattr(part_of(self.request(reference), part), "proposal", None)
        return await self.do(reference, "p-carla", outcome, part, seen=seen, ground=ground, **more)

    async def review(self, reference: str, part: str, applies: str = "") -> None:
        """Bob finds that no ground applies, but for one."""
        request = self.request(reference)
        if grounds(self.counter, request, part):
            found = looked_at(self.counter, request, part, applies)
            await self.do(reference, "p-bob", Act.RECORD_FINDINGS, part, role=Role.REVIEWER, **found)

    # --- time ---------------------------------------------------------------------------------------------------------

    async def forward(self, reference: str, time: timedelta) -> None:
        """Put the clock of one request forward, and wait until all that came due by then is on record."""
        life = self.life(reference)
        by = await self.env.get_current_time(life)
        goal = by + time
        while by < goal:  # on a busy machine the server may say that it is there when it is not
            await self.env.fast_forward(life, goal - by)
            by = await self.env.get_current_time(life)
        try:
            await waited_for(lambda: self.all_rung(reference, by), LOOKED_AT_AGAIN + time / timedelta(minutes=10))
        except TimeoutError:
            raise AssertionError(await self._standing(reference, by)) from None

    async def _standing(self, reference: str, by: datetime) -> str:
        """What is told of a request that did not ring all that came due by an instant: alarms, clock, last events."""
        life, duties = self.life(reference), self.request(reference).duties
        waiting = [f"{owed.key} at {owed.next_at}" for owed in duties if owed.next_at and owed.next_at <= by]
        events = (await life.fetch_history()).events[-20:]
        told = [f"{each.event_id} {each.event_time.ToJsonString()} {each.WhichOneof('attributes')}" for each in events]
        pending = str((await life.describe()).raw_description.pending_workflow_task).replace("\n", " ")
        clock = await self.env.get_current_time(life)
        return "\n".join((f"{reference} by {by}, its clock at {clock}", *waiting, *told, f"step: {pending}"))

    async def all_rung(self, reference: str, by: datetime) -> bool:
        """Nothing waits to be rung, all of it is on record, and every alarm has its answer.

        The record is looked at first: to ask a workflow costs more than to read.
        """
        on_record = self.request(reference)
        if any(owed.next_at and owed.next_at <= by for owed in on_record.duties):
            return False
        acts = Counting(entry.leaf.act for entry in self.entries(reference))
        answered = acts[Act.RING] == acts[Act.TOLD] + acts[Act.NOT_TOLD]
        try:
            return answered and (await self.now(reference)).version == on_record.version
        except TimeoutError:  # a busy worker has not answered: who waits says for how long it is asked again
            return False

    async def forward_to(self, reference: str, instant: datetime) -> None:
        """Put the clock of one request to an instant, and a moment on."""
        now = await self.env.get_current_time(self.life(reference))
        await self.forward(reference, max(instant - now, timedelta()) + MOMENT)

    async def until(self, reference: str, holds: Callable[[Request], bool]) -> Request:
        """The request on record once something holds of it; the record is written by others, so it is waited for."""
        return await waited(lambda: self.request(reference), holds)

    async def reckoned(self, reference: str) -> Request:
        """The request on record once all its deadlines are."""
        return await self.until(reference, lambda request: all(owed.reckoned for owed in request.duties))

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """No worker as long as the block lasts."""
        await self.work.aclose()
        try:
            yield
        finally:
            await self.work.enter_async_context(at_work(self.home, self.env.client))

    # --- the auditor --------------------------------------------------------------------------------------------------

    def verified(self) -> None:
        """The whole ledger, signed to its end, verifies offline by its public key."""
        sign_head(self.home.store, self.home.signer())
        report = verify_store(self.home.store, [self.home.signer().verifier_key])
        assert report.ok, [step for step in report.steps if not step.ok]

    def entries(self, reference: str) -> list[Kept]:
        """All that the ledger has of a request, in order."""
        found: list[Kept] = []
        while True:
            since = found[-1].index + 1 if found else 0
            with self.home.store.reading() as view:
                page = list(log.entries(view, reference, since=since))
            if not page:
                return found
            found += page

    def events(self, reference: str) -> list[Event]:
        """What the ledger says that a request did: its deeds and notices, opened by its keys."""
        kept = [entry for entry in self.entries(reference) if entry.leaf.version is not None]
        return [self._opened(reference, entry) for entry in kept]

    def _opened(self, reference: str, kept: Kept) -> Event:
        key_class = key_class_of(Act(kept.leaf.act))
        plain = self.home.keys.open(reference, key_class, kept.body, f"event {kept.leaf.version}")
        return Event.model_validate_json(plain)

    def retold(self, reference: str) -> Request:
        """The request as the ledger's events make it, folded anew."""
        first, *rest = self.events(reference)
        return reduce(fold, rest, begin(reference, first))

    async def agreed(self, reference: str) -> Request:
        """The request, once all is on record: ledger, register and workflow say the same of it, and each event once."""
        now = await self.now(reference)
        on_record = await self.until(reference, lambda request: request.version >= now.version)
        self.verified()
        events = self.events(reference)[: on_record.version]
        assert [event.version for event in events] == list(range(1, on_record.version + 1))
        assert reduce(fold, events[1:], begin(reference, events[0])) == on_record
        assert now == on_record or now.version < on_record.version
        return on_record

    def owed(self, reference: str, duty: str) -> Owed | None:
        """A duty as it stands on record; None when it is owed no more."""
        return next((owed for owed in self.request(reference).duties if owed.key == duty), None)

    def rung(self, reference: str, duty: str) -> list[Alarm]:
        """The alarms of a duty that the ledger has, in its order."""
        rung = [event.particulars for event in self.events(reference) if event.act == Act.RING]
        return [alarm for alarm in rung if isinstance(alarm, Alarm) and alarm.duty == duty]


@asynccontextmanager
async def at_work(home: Home, client: Client) -> AsyncIterator[None]:
    """Workers, with the server's own sweep at rest: it comes by the clock, whatever a test is at."""
    begun = datetime.now(UTC)
    async with working(home, client):
        await scheduled(client, begun)
        await client.get_schedule_handle(SWEEP).pause()
        yield


async def scheduled(client: Client, begun: datetime) -> ScheduleDescription:
    """The schedule of the sweep, once the worker that began then has said it to the server."""
    async with asyncio.timeout(30):
        while True:
            with suppress(RPCError):
                found = await client.get_schedule_handle(SWEEP).describe()
                if (found.info.last_updated_at or found.info.created_at) >= begun:
                    return found
            await asyncio.sleep(0.01)


@asynccontextmanager
async def office(
    folder: Path,
    *,
    continue_after: int | None = None,
    keys: Seals | None = None,
    falsified: bool = False,
    **more: Any,
) -> AsyncIterator[Office]:
    """A central authority for as long as the block lasts, whose whole ledger verifies at its end.

    `more` is for its settings; `keys`: what seals its payloads in Temporal, if not its own keys; `falsified`: the test
    alters the ledger, which then does not verify.
    """
    relay, faults = Relay(), Faults()
    post = await asyncio.get_running_loop().create_server(lambda: SMTP(relay), "127.0.0.1", 0)
    port = post.sockets[0].getsockname()[1]
    ours = {"home": folder / "home", "smtp_port": port, "digest_seconds": 0} | more
    home = make(Settings(**ours), datetime.now(UTC))
    (home.folder / "people.toml").write_text(PEOPLE)
    people = People.load(home.folder / "people.toml")
    async with (
        post,
        time_skipping(keys or home.keys, interceptors=[faults], continue_after=continue_after) as env,
        AsyncExitStack() as work,
    ):
        await work.enter_async_context(at_work(home, env.client))
        opened = Office(home, env, Counter(home, people, env.client), relay, faults, work)
        yield opened
        if not falsified:
            opened.verified()
    home.close()
