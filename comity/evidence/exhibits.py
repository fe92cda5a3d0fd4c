"""The list of all exhibits: which request each belongs to, and its seal, closed.

A hash in the clear could be matched against lists of known material, so the seal is ciphertext here: the caller closes
it under the request's record key, which outlives the content, and opens it again.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, ConfigDict

from comity.errors import NotFound, RecordDisagrees
from comity.request.model import Ulid
from comity.store import METADATA, Instant

TABLE = sa.Table(
    "exhibit",
    METADATA,
    sa.Column("id", sa.String(26), primary_key=True),
    sa.Column("reference", sa.String(26), nullable=False),
    sa.Column("particulars", sa.LargeBinary, nullable=False),
    sa.Column("seal", sa.LargeBinary, nullable=False),
    sa.Column("sealed_at", Instant, nullable=False),
    sa.Index(None, "reference", "sealed_at", "id"),
)


class Sealed(BaseModel):
    """An exhibit in the vault: its id, the request it belongs to, and what the caller closed about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exhibit: Ulid
    reference: Ulid
    sealed_at: AwareDatetime
    particulars: bytes
    """File name, description and the like, closed under the request's content key."""
    seal: bytes
    """Its hash and size (comity.evidence.seal), closed under the request's record key."""


def enter(tx: sa.Connection, exhibit: Sealed) -> None:
    """Enter one exhibit. Safe to repeat: keyed by its id, what stands there stays.

    Raises RecordDisagrees when it stands there for another request, or sealed at another instant.
    """
    standing = _rows(tx, TABLE.c.id == exhibit.exhibit)
    if not standing:
        tx.execute(TABLE.insert().values(_row(exhibit)))
    elif _which(standing[0]) != _which(exhibit):
        raise RecordDisagrees(f"exhibit {exhibit.exhibit} stands in the list for another request or instant")


def describe(tx: sa.Connection, exhibit: str, particulars: bytes) -> None:
    """Put other particulars, closed as before, in the place of those that stand. The seal is never altered."""
    tx.execute(TABLE.update().where(TABLE.c.id == exhibit).values(particulars=particulars))


def _which(exhibit: Sealed) -> tuple[str, datetime]:
    """What tells two exhibits of one id apart; what is closed is another ciphertext each time."""
    return exhibit.reference, exhibit.sealed_at


def find(view: sa.Connection, exhibit: str) -> Sealed:
    """The exhibit of that id. Raises NotFound."""
    for found in _rows(view, TABLE.c.id == exhibit):
        return found
    raise NotFound(f"no exhibit {exhibit} was entered")


def of_request(view: sa.Connection, reference: str) -> list[Sealed]:
    """The exhibits of one request, in the order in which they were sealed."""
    return _rows(view, TABLE.c.reference == reference)


def ids(view: sa.Connection) -> frozenset[str]:
    """The ids of all exhibits of this installation."""
    return frozenset(view.execute(sa.select(TABLE.c.id)).scalars())


def _rows(view: sa.Connection, which: sa.ColumnElement[bool]) -> list[Sealed]:
    chosen = sa.select(TABLE).where(which).order_by(TABLE.c.sealed_at, TABLE.c.id)
    return [_read(dict(row)) for row in view.execute(chosen).mappings()]


def _read(row: dict[str, Any]) -> Sealed:
    return Sealed(exhibit=row.pop("id"), **row)


def _row(exhibit: Sealed) -> dict[str, Any]:
    row = exhibit.model_dump()
    return {"id": row.pop("exhibit"), **row}
