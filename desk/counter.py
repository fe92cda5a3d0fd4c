"""The counter at which people do acts: who they are is checked, refusals are entered as attempts, receipts given."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from ulid import ULID

from activities.arrivals import PATIENCE, answered
from activities.snapshots import act_on_closed
from activities.standing import compared
from comity.errors import BY_NAME, Busy, ComityError, DeedReused, Fault, KeyGone, Objection, Refused, Unreachable
from comity.evidence.custody import OUR_OFFICE
from comity.home import Home
from comity.keys.record_key import RecordCipher
from comity.keys.request_keys import SERVICE, KeyClass
from comity.ledger import log
from comity.ledger.leaf import Entry, Kind
from comity.people import People
from comity.register import reading
from comity.request.lifecycle import OUTSIDE, Role, Status
from comity.request.model import Deed, Receipt, Request, canonical, digest_of
from comity.request.rules import check
from desk.recorded import on_record
from temporal import tracing

AGAIN_AFTER = 0.05


class Tried(BaseModel):
    """An act that was refused before it was a deed."""

    act: str
    person: str
    part: str = "request"


class Attempt(BaseModel):
    """An act that was refused, or an input that could not be read: what was tried, in which trace, and why not."""

    tried: dict[str, Any]
    refused: str
    why: str
    trace: str | None = None


@dataclass(frozen=True)
class Counter:
    """One person's way to the requests: the home, the people, and the wire to Temporal."""

    home: Home
    people: People
    client: Client

    async def act(self, reference: str, deed: Deed) -> Receipt:
        """Do a deed and give its receipt. A deed that is on record already gives the same receipt again.

        Raises Refused, after entering the attempt in the ledger, and Unreachable: then the same deed may be sent again.
        """
        with tracing.act(deed.act, reference=reference, deed=deed.id):
            return await self._act(reference, deed)

    async def _act(self, reference: str, deed: Deed) -> Receipt:
        with self.attempt(reference, deed):
            self.people.may_act(deed.person, deed.role, on_behalf=deed.on_behalf is not None)
            return self._receipt_on_record(reference, deed) or await self._through_the_door(reference, deed)

    def on_record(self, reference: str, deed: str) -> bool:
        """Whether a deed of that id is on record."""
        with self.home.store.reading() as view:
            return reading.receipt(view, reference, deed) is not None

    def _receipt_on_record(self, reference: str, deed: Deed) -> Receipt | None:
        with self.home.store.reading() as view:
            known = reading.receipt(view, reference, deed.id)
        if known is None:
            return None
        digest, receipt = known
        if digest != RecordCipher(self.home.keys, reference).keyed(digest_of(deed)):
            raise DeedReused("this id was used for another deed; give the deed an id of its own")
        return receipt

    async def _through_the_door(self, reference: str, deed: Deed) -> Receipt:
        """Say it again while the request stumbles, or turns a page: that takes as long as recording what it took."""
        until = asyncio.get_running_loop().time() + PATIENCE.total_seconds()
        while True:
            try:
                return await self._at_the_door(reference, deed)
            except Busy:
                if asyncio.get_running_loop().time() > until:
                    raise
                await asyncio.sleep(AGAIN_AFTER)

    async def _at_the_door(self, reference: str, deed: Deed) -> Receipt:
        handle = self.client.get_workflow_handle(f"request/{reference}")
        try:
            async with answered(_again(deed)):
                receipt: Receipt = await handle.execute_update(
                    "act", deed, id=self._update_id(reference, deed), result_type=Receipt, rpc_timeout=PATIENCE
                )
            return receipt
        except KeyGone as error:  # what is said to it travels under its content key
            raise Objection(
                "its keys were destroyed, so it goes on no more; what comes now is a new request"
            ) from error
        except WorkflowUpdateFailedError as failure:
            raise _as_ours(failure) from failure
        except RPCError as error:
            if (
                error.status == RPCStatusCode.FAILED_PRECONDITION
            ):  # its worker was too slow for a task: it has another try
                raise Busy(_again(deed)) from error
            if error.status != RPCStatusCode.NOT_FOUND:
                raise Unreachable(_again(deed)) from error
        return await self._act_on_closed(reference, deed)

    async def _act_on_closed(self, reference: str, deed: Deed) -> Receipt:
        """A closed request has no workflow: what may still be done starts it again, from the record."""
        request = self.request(reference)
        if request.status != Status.CLOSED or await compared(self.client, self.home, reference):
            raise Fault(f"this request does not stand in Temporal as on record; `comity revive {reference}` mends it")
        check(request, deed, datetime.now(UTC))  # a run that only refuses would be started for nothing
        try:
            async with answered(_again(deed)):
                return await act_on_closed(self.client, self.home, (reference, self._update_id(reference, deed), deed))
        except WorkflowUpdateFailedError as failure:
            raise _as_ours(failure) from failure
        except RPCError as error:
            raise Unreachable(_again(deed)) from error

    def _update_id(self, reference: str, deed: Deed) -> str:
        """Temporal gives all updates of one id the same answer: another deed of the same id must come to the door."""
        return f"{deed.id}-{RecordCipher(self.home.keys, reference).keyed(digest_of(deed))[:32]}"

    @contextmanager
    def attempt(self, reference: str, tried: BaseModel) -> Iterator[None]:
        """What is refused within is entered in the ledger as an attempt, as `enter_attempt` does."""
        try:
            yield
        except Refused as refusal:
            self.enter_attempt(reference, tried, refusal)
            raise

    def enter_attempt(self, reference: str, tried: BaseModel, refusal: ComityError) -> None:
        """Enter a refusal in the ledger, in a transaction of its own. `reference` is "" where there is no request.

        What was tried is a deed, or says like one its act and person; an input that says neither was handed in.
        """
        told = tried.model_dump(mode="json")
        attempt = Attempt(
            tried=told,
            refused=type(refusal).__name__,
            why=str(refusal),
            trace=tracing.trace_id(),
        )
        name = str(ULID())
        owner = reference or SERVICE
        entry = Entry(
            kind=Kind.ATTEMPT,
            reference=reference,
            id=name,
            act=told.get("act", "submit"),
            status="refused",
            role=told.get("role", ""),
            person=told.get("person", ""),
            at=datetime.now(UTC),
            body=self.home.keys.seal(owner, KeyClass.RECORD, canonical(attempt), f"attempt {name}"),
        )
        with self.home.store.transaction() as tx:
            log.append(tx, [entry])

    def request(self, reference: str) -> Request:
        """A request as it stands on record. Raises NotFound."""
        return on_record(self.home, reference)

    def role_for(self, person: str, able: frozenset[Role], *, on_behalf: bool) -> Role:
        """The role in which a person does an act, where they name none: the first of theirs that the row allows.

        Raises NotYours when they hold none of them.
        """
        held = [role for role in self.people.roles_of(person) if role in able]
        if held:
            return held[0]
        if on_behalf and min(able) in OUTSIDE:
            self.people.may_act(person, min(able), on_behalf=True)
            return min(able)
        raise self.people.none_of(person, able)

    def organisation_of(self, person: str, role: Role) -> str:
        """The organisation of somebody in custody: ours; of who executes, their unit. Raises NotYours."""
        return self.people.of(person).unit if role is Role.EXECUTING_AUTHORITY else OUR_OFFICE


def _as_ours(failure: WorkflowUpdateFailedError) -> ComityError:
    """The error that was raised on the other side of the wire."""
    cause = failure.cause
    if isinstance(cause, ApplicationError) and cause.type in BY_NAME:
        return BY_NAME[cause.type](cause.message)
    return Fault("the request could not take this act; `comity doctor` says more")


def _again(deed: Deed) -> str:
    return f"the service did not answer in time; say the same again with --id {deed.id}: it is done once, never twice"
