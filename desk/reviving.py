"""A request whose workflow was lost, ended from outside or restored is carried forward again, from its record."""

import asyncio
from functools import partial

from pydantic import BaseModel
from temporalio.service import RPCError, RPCStatusCode
from ulid import ULID

from activities.notices import By, notice
from activities.snapshots import start_again
from activities.standing import PATIENCE, REVIVAL, Amiss, Finding, compared
from comity.errors import Fault, NotOpen, Refused, Unreachable
from comity.home import Home
from comity.ledger import log
from comity.register import reading
from comity.request.lifecycle import Role, Status
from desk.counter import Counter
from desk.remembering import bring_back

MAY_REVIVE = frozenset({Role.COORDINATOR, Role.HEAD_OF_UNIT})
_NEWER_COPY = "restore a newer copy of the database, its keys are in it"
_REASON = "its record is newer"
_TRIES = 15
"""Each lasts some seconds; in all of them a batch that failed is recorded again, and what waited behind it."""


class Revival(BaseModel):
    """What was amiss with a request, how many events came back from Temporal, and at which version it goes on."""

    reference: str
    amiss: Amiss
    brought_back: int
    version: int
    status: str


class Wish(BaseModel):
    """That somebody asked for a revival: what the ledger keeps of one that was refused."""

    act: str = "revive"
    person: str


async def revive(counter: Counter, reference: str, person: str) -> Revival:
    """Carry a request forward again as its record has it, and enter who did so. Alarms that were crossed ring at once.

    What the record lacks and Temporal still knows is recorded first, so that no deed is lost that got a receipt. The
    entry comes before the change: a crash in between is mended by saying it again. What is refused is entered as well.
    Raises NotYours, NotOpen when nothing is amiss, Fault when only a newer copy of the database helps, Unreachable.
    """
    try:
        return await _carried_forward(counter, reference, person)
    except (Refused, Fault) as refusal:
        counter.enter_attempt(reference, Wish(person=person), refusal)
        raise


async def refuse_unrecorded(counter: Counter, reference: str) -> None:
    """Raises Fault when Temporal has a request that is on no record: it came after the copy of the database."""
    try:
        await counter.client.get_workflow_handle(f"request/{reference}").describe(rpc_timeout=PATIENCE)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return
        raise Unreachable("Temporal did not say whether it has this request; try again") from error
    raise Fault(f"{Amiss.UNKNOWN}: it came in after the copy of the database; {_NEWER_COPY}")


async def _carried_forward(counter: Counter, reference: str, person: str) -> Revival:
    role = counter.role_for(person, MAY_REVIVE, on_behalf=False)
    finding = await _found(counter, reference)
    brought, left = await _brought_up(counter, finding)
    revival = _as_it_goes_on(counter.home, finding, brought)
    await asyncio.to_thread(partial(_enter, counter.home, revival, person=person, role=role))
    if left:
        await _begin_again(counter, reference)
    return revival


async def _brought_up(counter: Counter, finding: Finding) -> tuple[int, Finding | None]:
    """How many events came back from Temporal, and what is amiss then; None: it lives, and is on record again.

    One that lives goes on meanwhile: it may stop at a record that is not brought up yet, and what it did last is told
    by no history before it was sent to the record.
    """
    brought, left = 0, finding
    for _ in range(_TRIES):
        if left.amiss != Amiss.ABSENT:
            brought += await bring_back(counter.client, counter.home, left.reference)
        if left.amiss != Amiss.AHEAD:
            return brought, left
        found = await compared(counter.client, counter.home, left.reference, asking=True)
        if found is None:
            return brought, None
        left = found
    raise Fault(f"Temporal knows more of this request than it can tell; {_NEWER_COPY}")


async def _found(counter: Counter, reference: str) -> Finding:
    with counter.home.store.reading() as view:
        waiting = set(reading.not_begun(view))
    if reference in waiting:
        raise NotOpen("this request came in and was not begun yet; `comity up` begins it")
    finding = await compared(counter.client, counter.home, reference, asking=True)
    if finding is None:
        raise NotOpen("nothing is amiss: Temporal has this request as it stands on record; `comity show` tells how")
    return finding


def _as_it_goes_on(home: Home, finding: Finding, brought: int) -> Revival:
    with home.store.reading() as view:
        row = reading.standing(view, finding.reference)
    return Revival(
        reference=row.reference, amiss=finding.amiss, brought_back=brought, version=row.version, status=row.status
    )


def _enter(home: Home, revival: Revival, *, person: str, role: Role) -> None:
    """A notice, and no deed: the request itself did nothing, and its versions go on as if nothing had been."""
    name, by = f"{REVIVAL}{ULID()}", By(person, role)
    entry = notice(home, revival.reference, revival, act="revive", name=name, by=by, status=revival.amiss)
    with home.store.transaction() as tx:
        log.append(tx, [entry])


async def _begin_again(counter: Counter, reference: str) -> None:
    try:
        await _end_what_is_left(counter, reference)
        if counter.request(reference).status != Status.CLOSED:
            await start_again(counter.client, counter.home, reference)
    except RPCError as error:
        raise Unreachable("Temporal did not answer in time; say the same again") from error


async def _end_what_is_left(counter: Counter, reference: str) -> None:
    """Terminate the run that was looked at, and no other: somebody may have revived the request meanwhile."""
    try:
        found = await counter.client.get_workflow_handle(f"request/{reference}").describe()
        if await compared(counter.client, counter.home, reference, asking=True):
            await counter.client.get_workflow_handle(found.id, run_id=found.run_id).terminate(reason=_REASON)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
