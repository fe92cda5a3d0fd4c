"""When the keys of what a closed request has left may be destroyed: pure conditions over what the register says of it.

The order is that of `IN_ORDER`: whoever is protected first, the record last, since it says what became of the others.
"""

from collections.abc import Iterator
from enum import StrEnum

from pydantic import AwareDatetime, Field

from comity.request.keeping import IN_ORDER, Keeping
from comity.request.lifecycle import Role, Status
from comity.request.model import Digest, Kept, PersonId, Ulid

PROPOSES = frozenset({Role.EVIDENCE_OFFICER, Role.COORDINATOR, Role.HEAD_OF_UNIT})
DECIDES = frozenset({Role.HEAD_OF_UNIT, Role.DECIDER})
"""Who may decide on a destruction; never the person who proposed it, whatever role they hold besides."""

CERTIFY = "certify destruction"
LAPSED = "destruction lapsed"
"""How the ledger calls the two ends of a decision to destroy."""


class Standing(StrEnum):
    """How far the destruction of one class of keys has come."""

    PROPOSED = "proposed"
    DECIDED = "decided"
    SHREDDED = "keys destroyed"
    CERTIFIED = "certified"


class Destruction(Kept):
    """The destruction of one class of keys of one request, as far as it has come.

    `due` and `rule` are those of the date that had come. `digest` is of all that was proposed. `ring_keys`: under which
    keys of the ring the destroyed ones were wrapped. `given_up`: exhibits whose deposit was never finished.
    """

    reference: Ulid
    what: Keeping
    id: Ulid
    due: AwareDatetime
    rule: str
    article: str
    digest: Digest
    proposed_by: PersonId
    proposed_at: AwareDatetime
    decided_by: PersonId | None = None
    decided_role: Role | None = None
    decided_at: AwareDatetime | None = None
    shredded_at: AwareDatetime | None = None
    ring_keys: tuple[str, ...] = ()
    given_up: tuple[Ulid, ...] = ()
    certificate: str | None = Field(None, description="the signed note, once it is entered")
    certified_at: AwareDatetime | None = None

    @property
    def standing(self) -> Standing:
        """How far it has come."""
        if self.certified_at:
            return Standing.CERTIFIED
        if self.shredded_at:
            return Standing.SHREDDED
        return Standing.DECIDED if self.decided_at else Standing.PROPOSED


class Case(Kept):
    """What the register says of a request whose keys are to be destroyed.

    `dates`: until when each class is kept. `holds`: legal holds that stand. `owed`: duties that are not done.
    `gone`: classes whose keys are destroyed. `bound_to`: requests that need the same exhibits still.
    """

    status: Status
    dates: dict[Keeping, AwareDatetime]
    holds: int
    owed: int
    gone: tuple[Keeping, ...]
    bound_to: tuple[Ulid, ...]


def objections(case: Case, what: Keeping, now: AwareDatetime) -> Iterator[str]:
    """Each reason why the keys of that class are not to be destroyed now, and what is possible instead."""
    if case.status != Status.CLOSED:
        yield f"this request is {case.status}: nothing of it is destroyed before it is closed"
    if case.holds:
        yield "a legal hold stands: nothing is destroyed until another person has lifted it (`comity hold lift`)"
    if case.owed:
        yield f"{case.owed} duties are open: `comity show` names them"
    if what in case.gone:
        yield f"its {what} keys are destroyed already"
    yield from _of_time(case, what, now)
    if case.bound_to:
        yield f"the same exhibits are needed by {', '.join(case.bound_to)}: it comes after them"


def _of_time(case: Case, what: Keeping, now: AwareDatetime) -> Iterator[str]:
    if what not in IN_ORDER:
        yield f"{what} has no keys; these have, in this order: {', '.join(IN_ORDER)}"
        return
    earlier = [each for each in IN_ORDER[: IN_ORDER.index(what)] if each not in case.gone]
    if earlier:
        yield f"{', '.join(earlier)} must be destroyed before {what}: the order is {', '.join(IN_ORDER)}"
    due = case.dates.get(what)
    if what not in case.gone and (due is None or due > now):
        yield f"{what} is kept until {due:%Y-%m-%d %H:%M} UTC" if due else "its dates are being reckoned"
