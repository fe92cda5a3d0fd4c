"""An exhibit is marked as never to be opened: abuse material, or what may be.

The mark is part of what is known of the exhibit, and sealed with it: outside, nothing says that a request has any.
"""

from pydantic import BaseModel
from ulid import ULID

from activities.exhibits import particulars_of
from activities.notices import By, notice
from comity.errors import Refused
from comity.evidence import exhibits
from comity.ledger import log
from comity.request.lifecycle import OFFICE, Role
from comity.request.model import PersonId, Ulid
from desk.counter import Counter
from desk.sealing import marked_never_open
from temporal import tracing

MAY = OFFICE | {Role.EXECUTING_AUTHORITY}
DESCRIBED = "add to a description"
"""What the ledger says in the clear: any word about an exhibit may be added to what is known of it."""


class Marked(BaseModel):
    """What was added, to which exhibit, by whom and why: sealed in its entry."""

    act: str = DESCRIBED
    person: PersonId
    exhibit: Ulid
    never_open: bool = True
    reason: str
    trace: str | None = None


def mark(counter: Counter, person: str, exhibit: str, reason: str) -> None:
    """Mark an exhibit as never to be opened, by anybody of the office or who executes. Nobody takes a mark off.

    Safe to repeat: what is marked stays so. Raises NotFound, NotYours, after entering the attempt, and KeyGone.
    """
    reference, home = "", counter.home
    try:
        with home.store.reading() as view:
            sealed = exhibits.find(view, exhibit)
        reference = sealed.reference
        role = counter.role_for(person, MAY, on_behalf=False)
    except Refused as refusal:
        tried = Marked(person=person, exhibit=exhibit, reason=reason, trace=tracing.trace_id())
        counter.enter_attempt(reference, tried, refusal)
        raise
    if particulars_of(home, sealed).never_open:
        return
    said = Marked(person=person, exhibit=exhibit, reason=reason, trace=tracing.trace_id())
    entry = notice(home, reference, said, act=DESCRIBED, name=f"description {ULID()}", by=By(person, role))
    particulars = marked_never_open(home, sealed)
    with home.store.transaction() as tx:
        exhibits.describe(tx, exhibit, particulars)
        log.append(tx, [entry])
