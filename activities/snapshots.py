"""A request as its record keeps it, made ready for a workflow that takes it up where another one ended."""

from collections.abc import Iterable, Iterator

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.arrivals import DEEDS_REMEMBERED, PATIENCE, Carried, Done, Start, awaited, searchable
from comity.errors import KeyGone
from comity.home import Home
from comity.keys.record_key import RecordCipher, key_class_of
from comity.ledger import log
from comity.ledger.log import Kept
from comity.register import reading
from comity.request.lifecycle import Act, Status
from comity.request.model import BY_MACHINE, Alarm, Deed, Event, Knocked, Package, Receipt
from temporal.names import REQUESTS

_ALL = 2**31 - 1


def carried(home: Home, reference: str) -> Carried:
    """What a run takes up from the record: the register's snapshot, and the deeds that the door must know again.

    The register keeps a deed's digest under a key, and the door compares plain ones: those stand in the events, sealed
    in the ledger. An event whose key was destroyed is left out; its deed is answered from the register before the door.
    Raises NotFound, KeyGone.
    """
    cipher = RecordCipher(home.keys, reference)
    with home.store.reading() as view:
        request = reading.snapshot(view, cipher, reference)
        receipts = reading.receipts(view, reference, DEEDS_REMEMBERED)
        kept = [entry for entry in log.entries(view, reference, limit=_ALL) if entry.leaf.version is not None]
    events = list(_opened(home, reference, kept))
    return Carried(
        request=request,
        done=_done(events, receipts),
        unanswered=_unanswered(events),
        leaving=tuple(part.id for part in request.packages if _is_leaving(part)),
    )


def _is_leaving(package: Package) -> bool:
    """Whether a transfer carries it, and no person."""
    return package.status == Status.DISPATCHED and package.channel in BY_MACHINE


def _opened(home: Home, reference: str, entries: Iterable[Kept]) -> Iterator[Event]:
    for entry in entries:
        try:
            key_class = key_class_of(Act(entry.leaf.act))
            plain = home.keys.open(reference, key_class, entry.body, f"event {entry.leaf.version}")
        except KeyGone:
            continue
        yield Event.model_validate_json(plain)


def _done(events: Iterable[Event], receipts: dict[str, Receipt]) -> dict[str, Done]:
    return {
        event.deed: Done(digest=event.deed_digest, receipt=receipts[event.deed])
        for event in events
        if event.deed in receipts and event.deed_digest
    }


def _unanswered(events: Iterable[Event]) -> tuple[Alarm, ...]:
    """The alarms that rang without a word of who was told: a second copy of a mail is shown once by what reads it."""
    waiting: dict[tuple[str, int, int], Alarm] = {}
    for event in events:
        told = event.particulars
        if isinstance(told, Alarm):
            waiting[told.duty, told.generation, told.rung] = told
        elif isinstance(told, Knocked):
            waiting.pop((told.duty, told.generation, told.rung), None)
    return tuple(waiting.values())


async def act_on_closed(client: Client, home: Home, deed: tuple[str, str, Deed]) -> Receipt:
    """Start a closed request again from its record by a deed (reference, update id, deed), and give its receipt.

    The update reaches the new run before `run` looks whether it may end. Of two people at one moment one starts it,
    and the other acts on what the first has started. Raises what the client raises.
    """
    reference, name, said = deed
    taken_up = carried(home, reference)
    start: WithStartWorkflowOperation[object, object] = WithStartWorkflowOperation(
        "Request",
        Start(reference=reference, carried=taken_up),
        id=f"request/{reference}",
        task_queue=REQUESTS,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        search_attributes=searchable(taken_up.request),
    )
    try:
        receipt: Receipt = await client.execute_update_with_start_workflow(
            "act", said, id=name, start_workflow_operation=start, result_type=Receipt, rpc_timeout=PATIENCE
        )
        return receipt
    finally:
        await awaited(start)


async def start_again(client: Client, home: Home, reference: str) -> None:
    """Start a request again from its record. Safe to repeat: one that lives is left alone. Raises RPCError."""
    taken_up = carried(home, reference)
    try:
        await client.start_workflow(
            "Request",
            Start(reference=reference, carried=taken_up),
            id=f"request/{reference}",
            task_queue=REQUESTS,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            search_attributes=searchable(taken_up.request),
        )
    except WorkflowAlreadyStartedError:
        return
