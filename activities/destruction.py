"""The end of what closed requests have left: keys destroyed, what they closed cleared away, and a certificate of it.

Each step finds what the one before has done in the register, so that all of them are safe to repeat, in this order.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict
from temporalio import activity

from activities.exhibits import custody_entry, opened_seal
from activities.notices import By, notice
from comity.errors import Fault, KeyGone, NotFound, Tampered
from comity.evidence import exhibits
from comity.evidence.custody import OUR_OFFICE, Action, CustodyEntry
from comity.evidence.exhibits import Sealed
from comity.home import Home
from comity.keys import request_keys
from comity.keys.record_key import RecordCipher
from comity.keys.request_keys import KeyClass
from comity.ledger import log
from comity.ledger.certificate import Certificate
from comity.ledger.leaf import Entry, Kind
from comity.register import destruction, reading
from comity.request.destroying import CERTIFY, LAPSED, Destruction, objections
from comity.request.keeping import Keeping
from comity.request.lifecycle import Role
from temporal import tracing

_log = structlog.get_logger()

COPIES = (
    "wrapped keys in copies of the database and in PostgreSQL's write-ahead log, until no copy of the key ring holds "
    "the ring keys named above"
)
LOCKED = "ciphertext of the exhibits, in a bucket that locks it until its time; no key that is left opens it"
_MACHINE = "system"


class Ending(BaseModel):
    """One class of keys of one request that is to end, and what time it is."""

    model_config = ConfigDict(frozen=True)

    reference: str
    what: Keeping
    at: AwareDatetime


class Lapse(BaseModel):
    """What the ledger keeps of a destruction that was decided and did not happen."""

    proposal: str
    why: tuple[str, ...]
    trace: str | None = None


@dataclass(frozen=True)
class _Prepared:
    """What is read before the transaction opens: the request that it goes on in, entries of custody, strays."""

    joined: str | None
    custody: tuple[Entry, ...]
    given_up: tuple[str, ...]


class Shredder:
    """Ends what two people have decided to end. Decides nothing."""

    def __init__(self, home: Home) -> None:
        self._home = home

    @activity.defn(name="destroy keys")
    def destroy(self, ending: Ending) -> bool:
        """Destroy the keys of one class, with the custody of each exhibit, in one transaction. Returns whether.

        Looked at once more in that transaction: what is held, owed or kept longer by now is not destroyed, and the
        decision lapses. Safe to repeat: what was destroyed stays so, by the instant of the first time.
        """
        with tracing.step("destroy keys", reference=ending.reference):
            standing = self._standing(ending)
            if standing is None or standing.shredded_at:
                return standing is not None
            return self._destroyed(ending, self._prepared(ending, standing))

    @activity.defn(name="clear away")
    def clear(self, ending: Ending) -> None:
        """Take wrapped keys out of the database's own files, and the exhibits' files from a vault that lets them go.

        Safe to repeat.
        """
        with tracing.step("clear away", reference=ending.reference):
            self._home.store.scrub(request_keys.TABLE.name, "mark", "link")
            standing = self._standing(ending)
            if standing is not None and ending.what == Keeping.CONTENT:
                for exhibit in (*self._ids(ending.reference), *standing.given_up):
                    activity.heartbeat()
                    self._home.vault.remove(exhibit)

    @activity.defn(name="certify")
    def certify(self, ending: Ending) -> None:
        """Sign a certificate of what was destroyed and enter it in the ledger, in the clear: it names ids and dates.

        Safe to repeat: one certificate for each class of a request.
        """
        standing = self._standing(ending)
        if standing is None or standing.shredded_at is None:
            raise Fault(f"{ending.reference}: nothing of it was destroyed, so nothing can be certified")
        note = self._certificate(standing).signed(self._home.signer())
        done = standing.model_copy(update={"certificate": note, "certified_at": ending.at})
        entry = _of_certificate(standing, note, ending.at)
        with self._home.store.transaction() as tx:
            if not log.stands(tx, entry.reference, str(entry.id)):
                destruction.put(tx, done)
                log.append(tx, [entry])
        _log.info("destruction certified", reference=ending.reference)

    def _standing(self, ending: Ending) -> Destruction | None:
        """What was decided, as far as it has come; None where it was taken back."""
        with self._home.store.reading() as view:
            standing = destruction.find(view, ending.reference, ending.what)
        return standing if standing and standing.decided_at else None

    # --- destroying ---------------------------------------------------------------------------------------------------

    def _prepared(self, ending: Ending, standing: Destruction) -> _Prepared:
        cipher = RecordCipher(self._home.keys, ending.reference)
        with self._home.store.reading() as view:
            joined = reading.snapshot(view, cipher, ending.reference).joined
        if ending.what != Keeping.CONTENT:
            return _Prepared(joined, (), ())
        return _Prepared(joined, tuple(self._custody(ending, standing)), tuple(self._strays(ending.reference)))

    def _destroyed(self, ending: Ending, prepared: _Prepared) -> bool:
        reference, what = ending.reference, ending.what
        with self._home.store.transaction() as tx:
            destruction.one_at_a_time(tx, reference)
            standing = destruction.find(tx, reference, what)
            if standing is None or standing.shredded_at:
                return standing is not None
            case = destruction.case(tx, reference, prepared.joined, ending.at)
            why = tuple(objections(case, what, ending.at))
            if why:
                destruction.withdraw(tx, reference, what)
                log.append(tx, [self._lapse(ending, standing, why)])
                return False
            owners = destruction.owners(tx, reference)
            done = {"shredded_at": ending.at, "given_up": prepared.given_up, "ring_keys": _wrapped_by(tx, owners, what)}
            for owner in owners:
                self._home.keys.destroy(tx, owner, KeyClass(what), ending.at)
            destruction.ended(tx, standing.model_copy(update=done))
            log.append(tx, prepared.custody)
        self._home.keys.forget(owners, KeyClass(what))
        _log.info("keys destroyed", reference=reference)
        return True

    def _lapse(self, ending: Ending, standing: Destruction, why: tuple[str, ...]) -> Entry:
        lapse = Lapse(proposal=standing.id, why=why, trace=tracing.trace_id())
        name = f"lapse of {standing.id}"
        by = By(at=ending.at)
        return notice(self._home, ending.reference, lapse, act=LAPSED, name=name, by=by, status=ending.what)

    def _custody(self, ending: Ending, standing: Destruction) -> Iterator[Entry]:
        """That each exhibit was destroyed. A thing was not: only its description was."""
        for sealed in self._exhibits(ending.reference):
            if not self._is_thing(sealed):
                yield custody_entry(
                    self._home, sealed.reference, self._gone(sealed, ending, standing), _destroyed_as(sealed.exhibit)
                )

    def _gone(self, sealed: Sealed, ending: Ending, standing: Destruction) -> CustodyEntry:
        return CustodyEntry(
            exhibit=sealed.exhibit,
            action=Action.DESTROYED,
            person=_MACHINE,
            role=Role.SYSTEM,
            organisation=OUR_OFFICE,
            reason=f"its keys are destroyed: proposed by {standing.proposed_by}, decided by {standing.decided_by}",
            at=ending.at,
            zone="UTC",
            hash_before=opened_seal(self._home, sealed).sha256,
            tool="comity",
            authorisation=standing.id,
        )

    def _is_thing(self, sealed: Sealed) -> bool:
        context = f"exhibit particulars {sealed.exhibit}"
        known = self._home.keys.open(sealed.reference, KeyClass.CONTENT, sealed.particulars, context)
        return bool(json.loads(known).get("item"))

    def _strays(self, reference: str) -> Iterator[str]:
        """What stands in the vault under the request's content key and in no list: deposits that were given up."""
        with self._home.store.reading() as view:
            known = exhibits.ids(view)
        return self._home.vault.stray(known, lambda exhibit, wrapped: self._unwrapped(reference, exhibit, wrapped))

    def _unwrapped(self, reference: str, exhibit: str, wrapped: bytes) -> bytes:
        activity.heartbeat()
        try:
            return self._home.keys.open(reference, KeyClass.CONTENT, wrapped, f"exhibit {exhibit}")
        except KeyGone as error:
            raise Tampered("its key is gone") from error

    def _exhibits(self, reference: str) -> list[Sealed]:
        with self._home.store.reading() as view:
            owners = destruction.owners(view, reference)
            return [sealed for owner in owners for sealed in exhibits.of_request(view, owner)]

    def _ids(self, reference: str) -> list[str]:
        return [sealed.exhibit for sealed in self._exhibits(reference)]

    # --- certifying ---------------------------------------------------------------------------------------------------

    def _certificate(self, done: Destruction) -> Certificate:
        assert done.decided_at  # noqa: S101 - seen by the caller
        assert done.shredded_at  # noqa: S101
        gone, things, left = self._became(done) if done.what == Keeping.CONTENT else ((), (), ())
        return Certificate(
            ledger=self._home.signer().origin,
            request=done.reference,
            kind=done.what,
            proposal=done.id,
            rule=done.rule,
            article=done.article,
            due=done.due,
            proposed=f"{done.proposed_by} {_second(done.proposed_at)}",
            decided=f"{done.decided_by} as {done.decided_role} {_second(done.decided_at)}",
            destroyed=done.shredded_at,
            keys=done.ring_keys,
            exhibits=gone,
            things=things,
            left=(*left, COPIES),
        )

    def _became(self, done: Destruction) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """The exhibits that are gone, each with its file; the things that are not; what of them stays."""
        listed = self._exhibits(done.reference)
        with self._home.store.reading() as view:
            gone = [each.exhibit for each in listed if log.stands(view, each.reference, _destroyed_as(each.exhibit))]
        things = tuple(each.exhibit for each in listed if each.exhibit not in gone)
        files = {exhibit: self._home.vault.holds(exhibit) for exhibit in (*gone, *done.given_up)}
        told = tuple(f"{exhibit}, file {'stays' if stays else 'removed'}" for exhibit, stays in files.items())
        return told, things, (LOCKED,) if any(files.values()) else ()


def _wrapped_by(tx: sa.Connection, owners: tuple[str, ...], what: Keeping) -> tuple[str, ...]:
    """Each key that is to be destroyed, by its owner and the ring key it was wrapped under."""
    found = []
    for owner in owners:
        try:
            found.append(f"{owner}/{request_keys.wrapped(tx, owner, KeyClass(what))[0]}")
        except (KeyGone, NotFound):
            continue
    return tuple(found)


def _destroyed_as(exhibit: str) -> str:
    """The id of the custody entry by which an exhibit was destroyed: once."""
    return f"destroyed {exhibit}"


def _of_certificate(done: Destruction, note: str, at: datetime) -> Entry:
    return Entry(
        kind=Kind.KEY,
        reference=done.reference,
        id=f"certificate of {done.what}",
        act=CERTIFY,
        status=done.what,
        role=Role.SYSTEM,
        person=_MACHINE,
        at=at,
        body=note.encode(),
    )


def _second(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
