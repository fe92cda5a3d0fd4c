"""A central authority for tests: a home, its people, a real Temporal server, workers, and a mail relay that listens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from ulid import ULID

from comity.home import Home, make
from comity.ledger.verify import verify_store
from comity.people import People
from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Receipt, Request, particulars_of
from comity.request.rules import part_of
from comity.settings import Settings
from desk.counter import Counter
from desk.submitting import Submission, submit
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
    f'[people.p-{name}]\nroles = {roles}\nunit = "central"\ntime_zone = "Europe/Luxembourg"\nmail = "{name}@ca.example"\n'
    for name, roles in WHO.items()
)
ROLES = {
    "p-anna": Role.COORDINATOR, "p-bob": Role.REVIEWER, "p-carla": Role.DECIDER, "p-dan": Role.EVIDENCE_OFFICER,
    "p-eve": Role.HEAD_OF_UNIT, "p-fay": Role.REQUESTING_AUTHORITY,
}  # fmt: skip


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
        self.taken.append(parsed)  # type: ignore[arg-type]
        return "250 taken"

    def to(self, address: str) -> list[EmailMessage]:
        """What was taken for one address."""
        return [mail for mail in self.taken if mail["To"] == address]


@dataclass
class Office:
    """A central authority at work."""

    home: Home
    env: WorkflowEnvironment
    counter: Counter
    relay: Relay
    deeds: list[Deed] = field(default_factory=list)

    async def submit(self, data: bytes, **more: Any) -> str:
        """Hand in a request as Anna; returns its reference."""
        receipt = await submit(self.counter, Submission(data, "p-anna", datetime.now(UTC), **more))
        return receipt.reference

    def request(self, reference: str) -> Request:
        """A request as the register has it."""
        return self.counter.request(reference)

    async def now(self, reference: str) -> Request:
        """A request as its workflow has it."""
        found: Request = await self.life(reference).query("request", result_type=Request)
        return found

    def life(self, reference: str) -> WorkflowHandle[Any, Any]:
        """The workflow of a request."""
        return self.env.client.get_workflow_handle(f"request/{reference}")

    def deed(self, reference: str, person: str, act: Act, part: str = "request", **more: Any) -> Deed:
        """A deed by a person who has just looked; `role` and `on_behalf` as in a deed, all else particulars."""
        named = {name: more.pop(name) for name in ("role", "on_behalf", "happened", "expected", "id") if name in more}
        standing = part_of(self.request(reference), part)
        seen = {"id": str(ULID()), "role": ROLES[person], "expected": standing.revision} | named
        return Deed(act=act, part=part, person=person, particulars=particulars_of(act)(**more), **seen)

    async def do(self, reference: str, person: str, act: Act, part: str = "request", **more: Any) -> Receipt:
        """Do it, and verify the whole ledger afterwards."""
        deed = self.deed(reference, person, act, part, **more)
        self.deeds.append(deed)
        receipt = await self.counter.act(reference, deed)
        return receipt

    async def forward(self, reference: str, time: timedelta) -> None:
        """Put the clock of one request forward."""
        await self.env.fast_forward(self.life(reference), time)

    async def until(self, reference: str, holds: Any) -> Request:
        """The request on record once something holds of it; the record is written by others, so it is waited for."""
        async with asyncio.timeout(20):
            while not holds(request := self.request(reference)):
                await asyncio.sleep(0.05)
            return request

    def verified(self) -> None:
        """The whole ledger verifies, offline, by its public key."""
        report = verify_store(self.home.store, [self.home.signer().verifier_key])
        assert report.ok, [step for step in report.steps if not step.ok]


@asynccontextmanager
async def office(folder: Path, **more: Any) -> AsyncIterator[Office]:
    """A central authority for as long as the block lasts."""
    relay = Relay()
    post = await asyncio.get_running_loop().create_server(lambda: SMTP(relay), "127.0.0.1", 0)
    port = post.sockets[0].getsockname()[1]
    home = make(Settings(home=folder / "home", smtp_port=port, **more), datetime.now(UTC))
    (home.folder / "people.toml").write_text(PEOPLE)
    people = People.load(home.folder / "people.toml")
    async with post, time_skipping(home.keys) as env, working(home, env.client):
        yield Office(home, env, Counter(home, people, env.client), relay)
    home.close()
