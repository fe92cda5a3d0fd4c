"""The record of a request: its events written to register and ledger, in one transaction."""

import structlog
from pydantic import BaseModel, ConfigDict
from temporalio import activity
from temporalio.exceptions import ApplicationError

from comity.errors import RecordDisagrees
from comity.keys.keys import Keys
from comity.keys.record_key import RecordCipher, key_class_of
from comity.keys.request_keys import KeyClass
from comity.ledger import log
from comity.ledger.leaf import Entry, Kind
from comity.register import writing
from comity.request.lifecycle import Act
from comity.request.model import Event, canonical
from comity.store import Store
from temporal import tracing

_log = structlog.get_logger()

_NOTICES = frozenset({Act.RECKON, Act.RING, Act.TOLD, Act.NOT_TOLD})


class Batch(BaseModel):
    """Events of one request, in the order of their versions, and the traceparents of the acts that made them."""

    model_config = ConfigDict(frozen=True)

    reference: str
    events: tuple[Event, ...]
    traces: tuple[str, ...] = ()


class Recorder:
    """Writes what requests did where it can be asked for and proved."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    @activity.defn(name="record")
    def record(self, batch: Batch) -> None:
        """Write a batch to register and ledger, in one transaction.

        Safe to repeat: keyed by reference, version and digest. The same version with another digest is a fault:
        nothing is written, and it is not tried again. The ledger is appended last, since its head row is a lock.
        """
        with tracing.step("record", reference=batch.reference, after=batch.traces):
            self.write(batch)
            deeds = [event.deed for event in batch.events if event.deed]
            _log.info("recorded", reference=batch.reference, version=batch.events[-1].version, deeds=deeds)

    def write(self, batch: Batch) -> None:
        """What `record` does, without a word in the log: at a person's desk nobody reads one."""
        cipher = RecordCipher(self._keys, batch.reference)
        self._keys.raw(batch.reference, KeyClass.CONTENT)
        try:
            with self._store.transaction() as tx:
                new = writing.enter(tx, cipher, batch.reference, batch.events)
                if new:
                    log.append(tx, [entry_of(self._keys, batch.reference, event) for event in new])
        except RecordDisagrees as fault:
            raise ApplicationError(str(fault), type="RecordDisagrees", non_retryable=True) from fault


def entry_of(keys: Keys, reference: str, event: Event) -> Entry:
    """The ledger's entry of an event: opaque words in the clear, the whole of it sealed."""
    return Entry(
        kind=Kind.NOTICE if event.act in _NOTICES else Kind.DEED,
        reference=reference,
        version=event.version,
        id=None,
        act=event.act,
        status=event.status or "",
        role=event.role,
        person=event.person,
        at=event.at,
        body=keys.seal(reference, key_class_of(event.act), canonical(event), f"event {event.version}"),
    )
