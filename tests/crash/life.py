"""A short life of one urgent request as its client does it, and what must be true of it afterwards."""

import asyncio
import json
import random
from collections import Counter as Tally
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import default
from functools import reduce
from hashlib import sha256
from typing import Any

from temporalio.api.history.v1 import HistoryEvent

from comity.errors import Unreachable
from comity.ledger.checkpoint import sign_head
from comity.ledger.verify import verify_store
from comity.request.fold import begin, fold
from comity.request.lifecycle import Act, Role
from comity.request.model import Alarm, Deed, Event, Knocked, Request, canonical, digest_of
from desk.counter import Counter
from desk.submitting import Submission, submit
from desk.tracing import Line, trace
from tests.processes import ROOT, deed, insist
from tests.request.lives import SPOKEN, gone_out

LETTER = (ROOT / "examples" / "p0-livestream-announced.json").read_bytes()
OTHER_LETTER = (ROOT / "examples" / "p3-bank-records-three-measures.json").read_bytes()
NOTES = 4
"""After each act so many notes: what is done without moving anything must survive as well."""

BINDING = [
    {"ground": ground, "applies": False, "reason": "looked at"}
    for ground in ("eio/no issuing authority", "eio/not available", "eio/fundamental rights", "eio/ne bis in idem")
]
"""The grounds that bind us, of which an urgent request waits for the findings."""

Words = Callable[[Request], dict[str, Any]]


def _nothing(_request: Request) -> dict[str, Any]:
    return {}


def _in_a_month(_request: Request) -> dict[str, Any]:
    return {"until": datetime.now(UTC) + timedelta(days=30)}


def _told(_request: Request) -> dict[str, Any]:
    return gone_out("closing", "M1", "M2")


def _police(_request: Request) -> dict[str, Any]:
    return {"name": "N. Example", "function": "duty desk", "number": "+352 000"}


# fmt: off
ACTS: tuple[tuple[str, Act, str, Role, Words], ...] = (
    ("p-anna",  Act.POLICE_TOOK_IT,      "request", Role.COORDINATOR,         _police),
    ("p-anna",  Act.ACKNOWLEDGE,         "request", Role.COORDINATOR,         _nothing),
    ("p-bob",   Act.ORDER_PROVISIONALLY, "M1",      Role.DUTY_OFFICER,        lambda _: SPOKEN),
    ("p-anna",  Act.OPEN_REVIEW,         "request", Role.COORDINATOR,         _nothing),
    ("p-bob",   Act.RECORD_FINDINGS,     "M2",      Role.REVIEWER,            lambda _: {"findings": BINDING}),
    ("p-bob",   Act.PROPOSE,             "M2",      Role.REVIEWER,            lambda _: {"outcome": Act.GRANT}),
    ("p-carla", Act.GRANT,               "M2",      Role.DECIDER,             lambda request: {"seen": request.measures[1].proposal}),  # noqa: E501
    ("p-dan",   Act.START,               "M1",      Role.EXECUTING_AUTHORITY, _nothing),
    ("p-dan",   Act.PUT_IN_FORCE,        "M1",      Role.EXECUTING_AUTHORITY, _in_a_month),
    ("p-anna",  Act.ASSIGN,              "M2",      Role.COORDINATOR,         _nothing),
    ("p-dan",   Act.START,               "M2",      Role.EXECUTING_AUTHORITY, _nothing),
    ("p-anna",  Act.RECORD_CHILD_STATE,  "request", Role.COORDINATOR,         lambda _: {"state": "safe"}),
    ("p-dan",   Act.COMPLETE,            "M2",      Role.EXECUTING_AUTHORITY, _nothing),
    ("p-dan",   Act.LIFT,                "M1",      Role.EXECUTING_AUTHORITY, _nothing),
    ("p-carla", Act.RATIFY,              "M1",      Role.DECIDER,             _nothing),
    ("p-anna",  Act.RECORD_LETTER,       "request", Role.COORDINATOR,         _told),
    ("p-anna",  Act.CONCLUDE,            "request", Role.COORDINATOR,         _nothing),
)
# fmt: on


@dataclass
class Client:
    """Somebody who does acts all the while, and says the same again when nobody answers."""

    counter: Counter
    reference: str = ""
    done: list[Deed] = field(default_factory=list)
    patience: float = 300.0
    notes: int = NOTES

    async def begin(self, data: bytes = LETTER) -> str:
        """Hand in a request."""
        receipt = await submit(self.counter, Submission(data, "p-anna", datetime.now(UTC)))
        self.reference = receipt.reference
        return receipt.reference

    async def live(self, may_end: asyncio.Event) -> None:
        """The whole life; it is closed only when nobody else is to be killed."""
        for row in ACTS:
            await self._do(*row)
            for _ in range(self.notes):
                await self._do("p-anna", Act.NOTE, "request", Role.COORDINATOR, _nothing)
        while not may_end.is_set():
            await self._do("p-anna", Act.NOTE, "request", Role.COORDINATOR, _nothing)
        await self._do("p-anna", Act.CLOSE, "request", Role.COORDINATOR, _nothing)

    async def go_on(self, may_end: asyncio.Event) -> None:
        """A request that is taken up, noted on all the while, and open at the end: its clocks run on."""
        await self._do("p-anna", Act.ACKNOWLEDGE, "request", Role.COORDINATOR, _nothing)
        await self._do("p-anna", Act.OPEN_REVIEW, "request", Role.COORDINATOR, _nothing)
        while not may_end.is_set():
            await self._do("p-anna", Act.NOTE, "request", Role.COORDINATOR, _nothing)
            await asyncio.sleep(random.uniform(0.05, 0.5))  # noqa: S311 - it chooses instants

    async def _do(self, person: str, act: Act, part: str, role: Role, words: Words) -> None:
        looked = self.counter.request(self.reference)
        wanted = deed(self.counter, self.reference, person, act, part, role=role, **words(looked))
        await insisted(self, wanted)


async def insisted(client: Client, wanted: Deed) -> None:
    """Do a deed, and say the same again for as long as nobody answers; it counts as done."""
    client.done.append(wanted)
    await insist(client.counter, client.reference, wanted, client.patience)


async def answered(ask: Callable[[], Awaitable[Any]]) -> Any:
    """What is answered once somebody answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await ask()
            except Unreachable:
                await asyncio.sleep(0.1)


# --- what must be true ------------------------------------------------------------------------------------------------


async def examine(client: Client) -> None:
    """Ledger, register and workflow say the same, and it is what the client was told; alarms may ring meanwhile."""
    now, on_record = await _standing(client)
    story = list(trace(client.counter.home, client.reference))
    events = [Event.model_validate(line.what) for line in story if line.version is not None]
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    _every_deed_once(client, events)
    for standing in (now, on_record):
        assert canonical(standing) == canonical(_folded(client, events[: standing.version]))
    assert await _accepted(client) == {event.deed for event in events if event.deed}
    every_alarm_once(story)
    home = client.counter.home
    sign_head(home.store, home.signer())  # as its signer may not have done within the last second
    report = verify_store(home.store, [home.signer().verifier_key])
    assert report.ok, [step for step in report.steps if not step.ok]


async def _standing(client: Client) -> tuple[Request, Request]:
    """The request as its workflow has it, then as the register does, once that has come as far."""
    handle = client.counter.client.get_workflow_handle(f"request/{client.reference}")
    now: Request = await handle.query("request", result_type=Request, rpc_timeout=timedelta(seconds=60))
    async with asyncio.timeout(60):
        while (on_record := client.counter.request(client.reference)).version < now.version:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return now, on_record


def _folded(client: Client, events: list[Event]) -> Request:
    return reduce(fold, events[1:], begin(client.reference, events[0]))


def _every_deed_once(client: Client, events: list[Event]) -> None:
    """By id and digest, in the order in which the client did them; beside them only the opening."""
    recorded = [(event.deed, event.deed_digest) for event in events if event.deed]
    assert recorded[1:] == [(one.id, digest_of(one)) for one in client.done]


async def _accepted(client: Client) -> set[str]:
    """The deeds that the histories of all runs have taken; an update is named by its deed's id and digest."""
    taken, run = set[str](), await _newest_run(client)
    while run:
        handle = client.counter.client.get_workflow_handle(f"request/{client.reference}", run_id=run)
        events = [event async for event in handle.fetch_history_events()]
        taken |= {_update_id(event).partition("-")[0] for event in events if _update_id(event)}
        run = events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    return taken


async def _newest_run(client: Client) -> str:
    described = await client.counter.client.get_workflow_handle(f"request/{client.reference}").describe()
    return described.run_id


def _update_id(event: HistoryEvent) -> str:
    """Which update an event of a history accepts; "" for any other."""
    return event.workflow_execution_update_accepted_event_attributes.accepted_request.meta.update_id


def second_copies(client: Client, mails: list[bytes]) -> int:
    """Whoever was told has a mail. Returns how many came twice, as a crash may have it: they carry the same id."""
    copies = Tally(_id_of(mail) for mail in mails)
    told = [line.what["particulars"] for line in trace(client.counter.home, client.reference) if line.act == Act.TOLD]
    ids = [name for knock in told for name in _message_ids(client.reference, Knocked.model_validate(knock))]
    assert [name for name in ids if not copies[name]] == []
    return sum(copies[name] - 1 for name in ids)


def _id_of(mail: bytes) -> str:
    found = BytesParser(policy=default).parsebytes(mail, headersonly=True)["Message-ID"]
    return str(found).strip("<>").partition("@")[0]


def _message_ids(reference: str, knock: Knocked) -> list[str]:
    """The alarm's key and the person, as SHA-256 in hex: for each who was told."""
    keys = [[reference, knock.duty, knock.generation, knock.rung, person] for person in knock.accepted]
    return [sha256(json.dumps(key).encode()).hexdigest() for key in keys]


def every_alarm_once(story: list[Line]) -> None:
    """Each rung of each duty once, none left out, none before its time."""
    alarms = [(line.at, Alarm.model_validate(line.what["particulars"])) for line in story if line.act == Act.RING]
    tally = Tally((alarm.duty, alarm.generation, alarm.rung) for _, alarm in alarms)
    assert [key for key, times in tally.items() if times > 1] == []
    assert all(at >= alarm.planned for at, alarm in alarms)
    for name in {(duty, generation) for duty, generation, _ in tally}:
        rungs = sorted(rung for duty, generation, rung in tally if (duty, generation) == name)
        assert rungs == list(range(rungs[0], rungs[0] + len(rungs))), name
