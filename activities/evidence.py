"""Evidence on its way out: packages written for their recipient, and what became of them told to their request."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.exhibits import custody_entry
from activities.parcels import Sent, adding_up, beating
from comity.errors import Tampered
from comity.evidence.custody import OUR_OFFICE, Action, CustodyEntry
from comity.evidence.seal import Seal, compare
from comity.home import Home
from comity.keys.record_key import RecordCipher
from comity.keys.request_keys import KeyClass
from comity.ledger import log
from comity.register import reading
from comity.request.lifecycle import Act, Role
from comity.request.model import Channel, Deed, Delivery, Exhibit, Package, Request
from comity.request.rules import part_of
from temporal import tracing
from temporal.names import TRANSFERS

DELIVERED = "left in the folder of the recipient"
_MACHINE = "system"


class Departure(BaseModel):
    """One package leaving, on one attempt."""

    model_config = ConfigDict(frozen=True)

    reference: str
    package: str
    attempt: int
    channel: Channel = Channel.FOLDER

    @property
    def workflow_id(self) -> str:
        """One transfer for each attempt, ever."""
        return f"transfer/{self.reference}/{self.package}-{self.attempt}"


class Report(BaseModel):
    """What became of a departure, as a deed with an id of its own."""

    model_config = ConfigDict(frozen=True)

    departure: Departure
    deed: str
    outcome: str


_Done = Callable[[Departure, Package, Exhibit, datetime], CustodyEntry]


class EvidenceRoom:
    """Sends packages off and reports what became of them."""

    def __init__(self, home: Home, client: Client) -> None:
        self._home = home
        self._client = client

    @activity.defn(name="depart")
    async def depart(self, departure: Departure) -> None:
        """Start the transfer of a package. Safe to repeat: its id is taken once."""
        try:
            await self._client.start_workflow(
                "Transfer",
                departure,
                id=departure.workflow_id,
                task_queue=TRANSFERS,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )
        except WorkflowAlreadyStartedError:
            activity.logger.debug("the transfer has been started before")

    @activity.defn(name="deliver")
    def deliver(self, departure: Departure) -> str:
        """Write the package, encrypted, into its recipient's folder. Returns the outcome.

        What goes by another channel lies there until it is sent, and has not left. Safe to repeat: the same attempt
        has the same file, and each custody entry an id that is entered once.
        """
        sent = self.leaving(departure)
        with (
            tracing.step("deliver", reference=departure.reference),
            beating(sum(exhibit.size for exhibit in sent.exhibits)) as told,
        ):
            self.write(departure, told)
        if departure.channel == Channel.FOLDER:
            self.leave(departure, sent)
        return DELIVERED

    def write(self, departure: Departure, told: Sent) -> tuple[Path, ...]:
        """Write the package, encrypted, into the folder of its attempt. Returns its files, itself last.

        Safe to repeat. Raises Tampered, and NotFound where no key of its recipient is here.
        """
        from activities import packing  # what signs and prints takes a second to load: only whoever packs waits for it
        from comity.evidence import package

        request = self._request(departure)
        sent = _package(request, departure)
        key, signing, at = self._key(sent), packing.signs(self._home), datetime.now(UTC)
        folder = self._home.outgoing(sent.recipient) / str(departure.attempt)
        self._enter_custody(departure, sent, _copied)  # before the first byte is read
        seals = {name: self._whole(request, seal) for name, seal in packing.seals_of(self._home, sent).items()}
        enclosure = packing.enclosure(self._home, request, sent.id, seals, at)
        contents = partial(self._bytes, departure.reference, adding_up(told))
        return package.write(folder, enclosure, key, contents, signing)

    @activity.defn(name="report")
    async def report(self, report: Report) -> None:
        """Tell the request, through its door. Safe to repeat: the deed has an id. A closed request needs no telling."""
        departure = report.departure
        deed = Deed(
            id=report.deed,
            act=Act.REPORT_DELIVERY,
            part=departure.package,
            person=_MACHINE,
            role=Role.SYSTEM,
            particulars=Delivery(attempt=departure.attempt, outcome=report.outcome),
        )
        try:
            handle = self._client.get_workflow_handle(f"request/{departure.reference}")
            await handle.execute_update("act", deed, id=deed.id)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise

    def leave(self, departure: Departure, sent: Package) -> None:
        """Enter that its exhibits have left for their recipient. Safe to repeat."""
        self._enter_custody(departure, sent, _released)

    def has_left(self, departure: Departure, sent: Package) -> bool:
        """Whether custody says so."""
        named = [_name(departure, _released(departure, sent, exhibit, datetime.now(UTC))) for exhibit in sent.exhibits]
        with self._home.store.reading() as view:
            return all(log.stands(view, departure.reference, name) for name in named)

    def leaving(self, departure: Departure) -> Package:
        """The package of a departure, as it stands on record."""
        return _package(self._request(departure), departure)

    def _request(self, departure: Departure) -> Request:
        cipher = RecordCipher(self._home.keys, departure.reference)
        with self._home.store.reading() as view:
            return reading.snapshot(view, cipher, departure.reference)

    def _key(self, sent: Package) -> str:
        """The recipient's public key, which must be the one that the package was drafted and approved for."""
        key = self._home.recipient_key(sent.recipient)
        if sent.key is not None and hashlib.sha256(key.encode()).hexdigest() != sent.key:
            raise Tampered(
                "the recipient's key is not the one that was approved; recall the package and draft it again"
            )
        return key

    def _whole(self, request: Request, kept: Seal) -> Seal:
        """The seal with all that a container asks for; of one that lacks it, its exhibit is read for that."""
        if kept.sha512 is not None and kept.crc32 is not None:
            return kept
        unwrap = partial(self._unwrap, request.reference, kept.exhibit)
        found = self._home.vault.examine(kept.exhibit, unwrap, at=kept.sealed_at)
        compare(kept, found)
        return found

    def _bytes(self, reference: str, more: Sent, exhibit: str) -> Iterator[bytes]:
        unwrap = partial(self._unwrap, reference, exhibit)
        for chunk in self._home.vault.read(exhibit, unwrap):
            more(len(chunk))
            yield chunk

    def _unwrap(self, reference: str, exhibit: str, wrapped: bytes) -> bytes:
        return self._home.keys.open(reference, KeyClass.CONTENT, wrapped, f"exhibit {exhibit}")

    def _enter_custody(self, departure: Departure, sent: Package, done: _Done) -> None:
        """Enter the same of each exhibit of a package. Safe to repeat: keyed by departure, exhibit and action."""
        now = datetime.now(UTC)
        rows = [done(departure, sent, exhibit, now) for exhibit in sent.exhibits]
        entries = [custody_entry(self._home, departure.reference, row, _name(departure, row)) for row in rows]
        with self._home.store.transaction() as tx:
            log.append(tx, [entry for entry in entries if not log.stands(tx, entry.reference, str(entry.id))])


def _package(request: Request, departure: Departure) -> Package:
    part = part_of(request, departure.package)
    assert isinstance(part, Package)  # noqa: S101 - a departure names a package
    return part


def _name(departure: Departure, row: CustodyEntry) -> str:
    """The id of an entry; that of a release has no action in it, as in what 0.1.0 entered."""
    action = "" if row.action is Action.RELEASED else f"{row.action}/"
    return f"{departure.workflow_id}/{action}{row.exhibit}"


def _copied(departure: Departure, sent: Package, exhibit: Exhibit, at: datetime) -> CustodyEntry:
    """Its bytes are read, to be closed to the recipient; it stays where it was."""
    released = _released(departure, sent, exhibit, at)
    return released.model_copy(update={"action": Action.COPIED, "handed_by": None, "handed_to": None})


def _released(departure: Departure, sent: Package, exhibit: Exhibit, at: datetime) -> CustodyEntry:
    return CustodyEntry(
        exhibit=exhibit.id,
        action=Action.RELEASED,
        person=_MACHINE,
        role=Role.SYSTEM,
        organisation=OUR_OFFICE,
        reason=f"package {departure.package}, attempt {departure.attempt}",
        at=at,
        zone="UTC",
        handed_by=OUR_OFFICE,
        handed_to=sent.recipient,
        hash_before=exhibit.sha256,
        hash_after=exhibit.sha256,
        tool="comity",
        tool_version="format 1",
    )
