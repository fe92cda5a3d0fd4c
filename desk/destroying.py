"""The destruction of keys is proposed by one person and decided by a second; the service does it, and certifies it."""

import asyncio
import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from pydantic import BaseModel
from temporalio.service import RPCError
from ulid import ULID

from activities.notices import By, notice
from activities.retention import looked_at
from comity.errors import KeyGone, NotFound, NotOpen, Objection, Stale
from comity.evidence import exhibits
from comity.home import Home
from comity.keys.record_key import RecordCipher
from comity.law.calendars import OfficeCalendar
from comity.ledger import log
from comity.register import destruction, reading, retention
from comity.request.destroying import DECIDES, PROPOSES, Case, Destruction, Standing, objections
from comity.request.keeping import Keeping, KeptRow
from comity.request.lifecycle import Role
from comity.request.model import PersonId
from desk.counter import Counter
from desk.wording import instant
from temporal import tracing

PROPOSE, DECIDE, DECLINE = "propose destruction", "decide destruction", "decline destruction"
_SHORTEST = 8
"""Characters of a digest that are enough to say what was seen."""


class Tried(BaseModel):
    """What the ledger keeps of each step towards a destruction, and of one that was refused."""

    act: str
    person: PersonId
    what: Keeping
    reason: str
    proposal: str = ""
    seen: str = ""
    trace: str | None = None


@dataclass(frozen=True)
class Said:
    """What a person says of the destruction of one class; `seen`: the digest of the proposal, for who decides."""

    what: Keeping
    reason: str
    seen: str = ""


@dataclass(frozen=True)
class _Step:
    """One step of one person, as it is entered."""

    reference: str
    by: By
    tried: Tried


async def propose(counter: Counter, reference: str, person: str, said: Said) -> Destruction:
    """Propose to destroy the keys of one class, whose date has come. A later proposal takes the place of an earlier.

    Raises NotYours, Objection with each reason why it is not possible now; a refusal is entered as an attempt.
    """
    return await asyncio.to_thread(_stepped, counter, reference, (PROPOSE, person, PROPOSES), said)


async def decide(counter: Counter, reference: str, person: str, said: Said) -> Destruction:
    """Decide that what was proposed is done, as a second person who names the digest of what they saw.

    The service destroys from now on, and tells by its certificate. Raises as `propose`, Stale for another digest.
    """
    decided = await asyncio.to_thread(_stepped, counter, reference, (DECIDE, person, DECIDES), said)
    with suppress(RPCError):  # a server that is away is told by the sweep
        await looked_at(counter.client, reference)
    return decided


async def decline(counter: Counter, reference: str, person: str, said: Said) -> Destruction:
    """Take back what was proposed, or decided and not yet done. One person may: it only keeps."""
    return await asyncio.to_thread(_stepped, counter, reference, (DECLINE, person, PROPOSES | DECIDES), said)


def _stepped(counter: Counter, reference: str, act: tuple[str, str, frozenset[Role]], said: Said) -> Destruction:
    name, person, able = act
    told = {"what": said.what, "reason": said.reason, "seen": said.seen, "trace": tracing.trace_id()}
    tried = Tried(act=name, person=person, **told)
    with counter.attempt(reference, tried):
        by = By(person, counter.role_for(person, able, on_behalf=False), datetime.now(UTC))
        return _entered(counter.home, _Step(reference, by, tried))


def _entered(home: Home, step: _Step) -> Destruction:
    joined, article = _known(home, step)
    name = str(ULID())
    entry = notice(home, step.reference, step.tried, act=step.tried.act, name=name, by=step.by, status=step.tried.what)
    with home.store.transaction() as tx:
        destruction.one_at_a_time(tx, step.reference)
        done = _ACTS[step.tried.act](tx, step, joined, article)
        log.append(tx, [entry])
    return done


def _known(home: Home, step: _Step) -> tuple[str | None, str]:
    """The request that it goes on in, and the article of the rules that it keeps. Raises Objection."""
    try:
        cipher = RecordCipher(home.keys, step.reference)
    except KeyGone:
        raise Objection("nothing is left of this request: its record is destroyed") from None
    with home.store.reading() as view:
        request = reading.snapshot(view, cipher, step.reference)
    own, zone = home.settings.own_state, home.settings.zone
    closed = OfficeCalendar.of(own, zone).day_of(request.since)
    return request.joined, home.laws.of(request.law).retention_of(own, closed).told


def _proposed(tx: sa.Connection, step: _Step, joined: str | None, article: str) -> Destruction:
    at, what = step.by.at or datetime.now(UTC), step.tried.what
    _refuse(destruction.case(tx, step.reference, joined, at), what, at)
    standing = destruction.find(tx, step.reference, what)
    if standing and standing.decided_at:
        raise NotOpen(
            f"the destruction of {what} is {standing.standing} already; decline it first, while it is not done"
        )
    row = _row(tx, step.reference, what)
    proposal = Destruction(
        reference=step.reference,
        what=what,
        id=str(ULID()),
        due=row.due or at,
        rule=row.rule,
        article=article,
        digest=_digest(tx, step, row),
        proposed_by=step.by.person,
        proposed_at=at,
    )
    destruction.put(tx, proposal)
    return proposal


def _decided(tx: sa.Connection, step: _Step, joined: str | None, _article: str) -> Destruction:
    at, what = step.by.at or datetime.now(UTC), step.tried.what
    standing = _open(tx, step)
    if standing.decided_at:
        raise NotOpen(f"the destruction of {what} is {standing.standing} already")
    if standing.proposed_by == step.by.person:
        raise Objection("who proposed it does not decide it: another head of unit or decider does")
    if len(step.tried.seen) < _SHORTEST or not standing.digest.startswith(step.tried.seen):
        raise Stale(f"name the proposal that you saw by its digest: --seen {standing.digest[:_SHORTEST]}")
    _refuse(destruction.case(tx, step.reference, joined, at), what, at)
    if standing.digest != _digest(tx, step, _row(tx, step.reference, what)):
        raise Stale("what the request has left has changed since it was proposed; propose it again")
    decided = {"decided_by": step.by.person, "decided_role": step.by.role, "decided_at": at}
    done = standing.model_copy(update=decided)
    destruction.put(tx, done)
    return done


def _declined(tx: sa.Connection, step: _Step, _joined: str | None, _article: str) -> Destruction:
    standing = _open(tx, step)
    if standing.shredded_at:
        raise NotOpen(f"the keys of {step.tried.what} are destroyed: nothing can be taken back")
    destruction.withdraw(tx, step.reference, step.tried.what)
    return standing


_ACTS = {PROPOSE: _proposed, DECIDE: _decided, DECLINE: _declined}


def _open(tx: sa.Connection, step: _Step) -> Destruction:
    standing = destruction.find(tx, step.reference, step.tried.what)
    if standing is None:
        raise NotOpen(f"nobody has proposed to destroy {step.tried.what}: `comity destroy propose` does")
    return standing


def _refuse(case: Case, what: Keeping, at: datetime) -> None:
    if why := tuple(objections(case, what, at)):
        raise Objection("; ".join(why))


def _row(tx: sa.Connection, reference: str, what: Keeping) -> KeptRow:
    return next(row for row in retention.rows(tx, reference) if row.what == what)


def _digest(tx: sa.Connection, step: _Step, row: KeptRow) -> str:
    """SHA-256 of what is proposed: the request, the class, its date, rule and exhibits. Opaque ids and dates only."""
    owners = destruction.owners(tx, step.reference)
    listed = sorted(sealed.exhibit for owner in owners for sealed in exhibits.of_request(tx, owner))
    told = [step.reference, row.what, str(row.due), row.rule, owners, listed]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


# --- as a person reads it ---------------------------------------------------------------------------------------------


def told(home: Home, reference: str) -> tuple[Destruction, ...]:
    """What was proposed, decided and done, in the order in which classes may end."""
    with home.store.reading() as view:
        return destruction.of(view, reference)


def line(each: Destruction) -> str:
    """How far one has come, and what is next."""
    proposed = f"proposed by {each.proposed_by}, {instant(each.proposed_at)} UTC"
    if each.standing is Standing.PROPOSED:
        what = f"comity destroy decide {each.reference} {each.what} --seen {each.digest[:_SHORTEST]}"
        return f"{each.what:<8} {each.standing}: {proposed}; another person decides: {what}"
    decided = f"{proposed}, decided by {each.decided_by}, {instant(each.decided_at)} UTC"
    done = f", keys destroyed {instant(each.shredded_at)} UTC" if each.shredded_at else ""
    return f"{each.what:<8} {each.standing}: {decided}{done}"


def certificate(home: Home, reference: str, what: Keeping) -> str:
    """The certificate of one class, as it was signed. Raises NotFound until there is one."""
    with home.store.reading() as view:
        found = destruction.find(view, reference, what)
    if found is None or found.certificate is None:
        raise NotFound(f"nothing certifies that {what} is destroyed; `comity retention {reference}` says how far it is")
    return found.certificate
