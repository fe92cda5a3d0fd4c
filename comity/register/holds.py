"""Legal holds: while one stands, nothing of its request is destroyed, whatever its dates say."""

from datetime import datetime

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, ConfigDict

from comity.errors import NotFound
from comity.register.tables import LEGAL_HOLD
from comity.request.model import PersonId, Ulid


class Hold(BaseModel):
    """One legal hold; `sealed`: its reason and authorisation, closed under the record key of its request."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Ulid
    reference: Ulid
    placed_by: PersonId
    placed_at: AwareDatetime
    sealed: bytes
    lifted_by: PersonId | None = None
    lifted_at: AwareDatetime | None = None


_STANDS = LEGAL_HOLD.c.lifted_at.is_(None)


def place(tx: sa.Connection, hold: Hold) -> None:
    """Enter a hold: from now on its request is kept."""
    tx.execute(LEGAL_HOLD.insert().values(hold.model_dump()))


def find(view: sa.Connection, reference: str, fragment: str) -> Hold:
    """The hold of a request that a person means by its beginning or end, four characters or more. Raises NotFound."""
    wanted = fragment.strip().upper()
    meant = [hold for hold in of(view, reference) if hold.id.startswith(wanted) or hold.id.endswith(wanted)]
    if len(wanted) < 4 or len(meant) != 1:
        known = ", ".join(hold.id for hold in of(view, reference)) or "none"
        raise NotFound(f"name one hold of this request by its id, or four letters of it; it has: {known}")
    return meant[0]


def lift(tx: sa.Connection, hold: str, person: str, at: datetime) -> None:
    """Enter that a hold stands no more. Safe to repeat: who lifted it first did."""
    tx.execute(LEGAL_HOLD.update().where(LEGAL_HOLD.c.id == hold, _STANDS).values(lifted_by=person, lifted_at=at))


def of(view: sa.Connection, reference: str) -> tuple[Hold, ...]:
    """All holds that were ever placed on a request, the oldest first."""
    rows = view.execute(sa.select(LEGAL_HOLD).where(LEGAL_HOLD.c.reference == reference).order_by(LEGAL_HOLD.c.id))
    return tuple(Hold.model_validate(row._asdict()) for row in rows)


def standing(view: sa.Connection, reference: str) -> int:
    """How many holds stand on a request."""
    return sum(hold.lifted_at is None for hold in of(view, reference))


def held(view: sa.Connection) -> tuple[str, ...]:
    """The requests on which a hold stands, each once."""
    found = view.execute(sa.select(LEGAL_HOLD.c.reference).where(_STANDS).order_by(LEGAL_HOLD.c.reference)).scalars()
    return tuple(dict.fromkeys(found))
