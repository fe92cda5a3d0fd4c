"""The list of all exhibits: which request each belongs to, and its seal."""

from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from comity.errors import NotFound, RecordDisagrees
from comity.evidence.seal import Seal
from comity.request.model import Ulid
from comity.store import METADATA, Instant

TABLE = sa.Table(
    "exhibit",
    METADATA,
    sa.Column("id", sa.String(26), primary_key=True),
    sa.Column("reference", sa.String(26), nullable=False),
    sa.Column("particulars", sa.LargeBinary, nullable=False),
    sa.Column("format", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("chunks", sa.BigInteger, nullable=False),
    sa.Column("chunk_size", sa.Integer, nullable=False),
    sa.Column("sealed_at", Instant, nullable=False),
    sa.Index(None, "reference", "sealed_at", "id"),
)


class Sealed(BaseModel):
    """An exhibit in the vault: the request it belongs to, its particulars as the caller encrypted them, its seal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: Ulid
    particulars: bytes
    """File name, description and the like, closed under the request's content key."""
    seal: Seal


def enter(tx: sa.Connection, exhibit: Sealed) -> None:
    """Enter one exhibit. Safe to repeat: keyed by its id; raises RecordDisagrees when it stands there as another."""
    standing = _rows(tx, TABLE.c.id == exhibit.seal.exhibit)
    if not standing:
        tx.execute(TABLE.insert().values(_row(exhibit)))
    elif (standing[0].reference, standing[0].seal) != (exhibit.reference, exhibit.seal):
        raise RecordDisagrees(f"exhibit {exhibit.seal.exhibit} stands in the list with another seal or request")


def find(view: sa.Connection, exhibit: str) -> Sealed:
    """The exhibit of that id. Raises NotFound."""
    for found in _rows(view, TABLE.c.id == exhibit):
        return found
    raise NotFound(f"no exhibit {exhibit} was entered")


def of_request(view: sa.Connection, reference: str) -> list[Sealed]:
    """The exhibits of one request, in the order in which they were sealed."""
    return _rows(view, TABLE.c.reference == reference)


def _rows(view: sa.Connection, which: sa.ColumnElement[bool]) -> list[Sealed]:
    chosen = sa.select(TABLE).where(which).order_by(TABLE.c.sealed_at, TABLE.c.id)
    return [_read(dict(row)) for row in view.execute(chosen).mappings()]


def _read(row: dict[str, Any]) -> Sealed:
    reference, particulars = row.pop("reference"), row.pop("particulars")
    return Sealed(reference=reference, particulars=particulars, seal=Seal(exhibit=row.pop("id"), **row))


def _row(exhibit: Sealed) -> dict[str, Any]:
    seal = exhibit.seal.model_dump()
    return {"id": seal.pop("exhibit"), "reference": exhibit.reference, "particulars": exhibit.particulars, **seal}
