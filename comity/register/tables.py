"""The tables of the register: what may be asked of all requests, and, sealed, what only their keys open.

In the clear stand opaque references, stages, statuses, urgency classes, dates, country codes and counts.
"""

import sqlalchemy as sa

from comity.request.lifecycle import Kind, Stage, statuses_of
from comity.request.model import Direction, Urgency
from comity.store import METADATA, Instant


def _one_of(column: str, values: type[Stage | Urgency | Direction] | tuple[str, ...]) -> sa.CheckConstraint:
    """The constraint that a column holds one of the lifecycle's words."""
    words = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} in ({words})", name=f"{column}_known")


def _of_request() -> sa.Column[str]:
    return sa.Column("reference", sa.String(26), primary_key=True)


REQUEST = sa.Table(
    "request",
    METADATA,
    _of_request(),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("stage", sa.String(32), nullable=False),
    sa.Column("urgency", sa.String(4), nullable=False),
    sa.Column("direction", sa.String(16), nullable=False),
    sa.Column("requesting", sa.String(2), nullable=False),
    sa.Column("requested", sa.String(2), nullable=False),
    sa.Column("received", Instant, nullable=False),
    sa.Column("next_due", Instant),
    sa.Column("snapshot", sa.LargeBinary, nullable=False),
    _one_of("status", statuses_of(Kind.REQUEST)),
    _one_of("stage", Stage),
    _one_of("urgency", Urgency),
    _one_of("direction", Direction),
    sa.Index(None, "urgency", "next_due", "reference"),
    sa.Index(None, "stage", "next_due", "reference"),
)


def _part_table(kind: Kind, *columns: sa.Column[str]) -> sa.Table:
    return sa.Table(
        kind.value,
        METADATA,
        _of_request(),
        sa.Column("id", sa.String(5), primary_key=True),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("since", Instant, nullable=False),
        *columns,
        _one_of("status", statuses_of(kind)),
    )


MEASURE = _part_table(
    Kind.MEASURE,
    sa.Column("urgency", sa.String(4), nullable=False),
)
PACKAGE = _part_table(Kind.PACKAGE)
QUESTION = _part_table(Kind.QUESTION, sa.Column("addressee", sa.String(32), nullable=False))

DUTY = sa.Table(
    "duty",
    METADATA,
    _of_request(),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("entered", Instant, primary_key=True),
    sa.Column("urgency", sa.String(4), nullable=False),
    sa.Column("due", Instant),
    sa.Column("rung", sa.Integer, nullable=False),
    sa.Column("done_at", Instant),
    sa.Column("done_by", sa.Integer, comment="version of the event that ended it"),
    sa.Index(None, "done_at", "due"),
)

EVENT = sa.Table(
    "event",
    METADATA,
    _of_request(),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, comment="keyed: a plain one would confirm a guess"),
    sa.Column("deed", sa.String(26)),
    sa.Column("deed_digest", sa.String(64), comment="keyed, too"),
    sa.Column("receipt", sa.Text),
    sa.UniqueConstraint("reference", "deed"),
)

DOCUMENT = sa.Table(
    "document",
    METADATA,
    _of_request(),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False, comment="under the content key"),
)

IDENTITY = sa.Table(
    "identity",
    METADATA,
    _of_request(),
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False, comment="under the vault key"),
)

FOREIGN_REFERENCE = sa.Table(
    "foreign_reference",
    METADATA,
    sa.Column("state", sa.String(2), primary_key=True),
    sa.Column("index", sa.String(64), primary_key=True, comment="keyed HMAC of the other State's number"),
    sa.Column("serial", sa.Integer, primary_key=True, comment="0; more where it was entered anew on purpose"),
    sa.Column("reference", sa.String(26), nullable=False, index=True),
)

ARRIVAL = sa.Table(
    "arrival",
    METADATA,
    _of_request(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False, comment="the deed `receive`, under the record key"),
)
