"""The tables of the register: what may be asked of all requests, and, sealed, what only their keys open.

In the clear stand opaque references and ids of people, stages, statuses, urgency classes, roles, dates, country codes
and counts. Each list of many is a walk along one index, so that a page costs the same however many there are.
"""

from datetime import UTC, datetime

import sqlalchemy as sa

from comity.request.keeping import Keeping
from comity.request.lifecycle import Kind, Stage, statuses_of
from comity.request.model import Direction, Urgency
from comity.store import METADATA, Instant


class Due(Instant):
    """The instant by which something is due; without one it is kept as the last instant there is, and sorts there."""

    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> str | None:
        return super().process_bind_param(value or _NEVER, dialect)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> datetime | None:
        found = super().process_result_value(value, dialect)
        return None if found == _NEVER else found


_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


def _one_of(column: str, values: type[Stage | Urgency | Direction | Keeping] | tuple[str, ...]) -> sa.CheckConstraint:
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
    sa.Column("next_due", Due),
    sa.Column("at_work", sa.Boolean, nullable=False, comment="neither watched nor closed"),
    sa.Column("allocated", sa.String(32), comment="who has it; an opaque id"),
    sa.Column("snapshot", sa.LargeBinary, nullable=False),
    _one_of("status", statuses_of(Kind.REQUEST)),
    _one_of("stage", Stage),
    _one_of("urgency", Urgency),
    _one_of("direction", Direction),
    sa.Index(None, "at_work", "next_due", "reference"),
    *(
        sa.Index(None, "at_work", column, "next_due", "reference")
        for column in ("urgency", "stage", "requesting", "allocated")
    ),
)
sa.Index(
    "ix_request_unallocated",
    REQUEST.c.at_work,
    REQUEST.c.next_due,
    REQUEST.c.reference,
    sqlite_where=REQUEST.c.allocated.is_(None),
    postgresql_where=REQUEST.c.allocated.is_(None),
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
    sa.Column("due", Due),
    sa.Column("rung", sa.Integer, nullable=False),
    sa.Column("done_at", Instant),
    sa.Column("done_by", sa.Integer, comment="version of the event that ended it"),
    sa.Column("owed_by", sa.String(64), nullable=False, comment="one role, or several"),
    sa.Column("outside", sa.Boolean, nullable=False, comment="owed by somebody outside"),
    sa.Column("held_by", sa.String(32), comment="who said that they have it; an opaque id"),
    sa.Column("next_at", Instant, comment="when its next rung is climbed"),
)
for _columns in (
    ("outside", "due", "reference", "key"),
    ("urgency", "due", "reference", "key"),
    ("held_by", "reference"),
    ("next_at",),
):
    sa.Index(
        None,
        *(DUTY.c[name] for name in _columns),
        sqlite_where=DUTY.c.done_at.is_(None),
        postgresql_where=DUTY.c.done_at.is_(None),
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

MARK = sa.Table(
    "mark",
    METADATA,
    sa.Column("index", sa.String(64), primary_key=True, comment="keyed HMAC of an account, number, document or file"),
    _of_request(),
)

LINK = sa.Table(
    "link",
    METADATA,
    _of_request(),
    sa.Column("other", sa.String(26), primary_key=True, comment="the request that names the same"),
    sa.Column("kinds", sa.String(64), nullable=False, comment="what both name: account, telephone"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("told_at", Instant, comment="when people were told"),
)
sa.Index(
    None,
    LINK.c.told_at,
    LINK.c.reference,
    sqlite_where=LINK.c.told_at.is_(None),
    postgresql_where=LINK.c.told_at.is_(None),
)

ARRIVAL = sa.Table(
    "arrival",
    METADATA,
    _of_request(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False, comment="the deed `receive`, under the record key"),
)

POST = sa.Table(
    "post",
    METADATA,
    sa.Column("id", sa.String(26), primary_key=True, comment="also whose keys its paper is sealed under"),
    sa.Column("exhibit", sa.String(26), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("urgency", sa.String(4), nullable=False),
    sa.Column("state", sa.String(2)),
    sa.Column("known", sa.String(64), comment="keyed HMAC of the other State's number"),
    sa.Column("told", sa.Integer, nullable=False, comment="how often people were told that it waits"),
    sa.Column("next_at", Instant, nullable=False, comment="when they are told next"),
    sa.Column("ended", Instant, comment="when it was filed or set aside"),
    sa.Column("reference", sa.String(26), comment="the request that it is filed in; none when it was set aside"),
    sa.Index(None, "ended", "next_at"),
    _one_of("urgency", Urgency),
)

RETENTION = sa.Table(
    "retention",
    METADATA,
    _of_request(),
    sa.Column("what", sa.String(7), primary_key=True),
    sa.Column("due", Instant, comment="until when; none before it was reckoned"),
    sa.Column("next_at", Instant, nullable=False, index=True, comment="when people are told, or it is reckoned"),
    sa.Column("told", sa.Integer, nullable=False, comment="how often, of this date"),
    sa.Column("reckoned", sa.Boolean, nullable=False, comment="since the latest closing"),
    sa.Column("rule", sa.String(200), nullable=False),
    _one_of("what", Keeping),
)

LEGAL_HOLD = sa.Table(
    "legal_hold",
    METADATA,
    sa.Column("id", sa.String(26), primary_key=True),
    sa.Column("reference", sa.String(26), nullable=False),
    sa.Column("placed_by", sa.String(32), nullable=False, comment="an opaque id"),
    sa.Column("placed_at", Instant, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False, comment="reason and authorisation, under the record key"),
    sa.Column("lifted_by", sa.String(32), comment="an opaque id, never that of who placed it"),
    sa.Column("lifted_at", Instant),
    sa.Index(None, "reference", "lifted_at"),
)

DESTRUCTION = sa.Table(
    "destruction",
    METADATA,
    _of_request(),
    sa.Column("what", sa.String(7), primary_key=True),
    sa.Column("id", sa.String(26), nullable=False, comment="of the proposal"),
    sa.Column("due", Instant, nullable=False, comment="the date that had come"),
    sa.Column("rule", sa.String(200), nullable=False),
    sa.Column("article", sa.String(200), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, comment="of what was proposed: ids and dates"),
    sa.Column("proposed_by", sa.String(32), nullable=False, comment="an opaque id"),
    sa.Column("proposed_at", Instant, nullable=False),
    sa.Column("decided_by", sa.String(32), comment="an opaque id, never that of who proposed it"),
    sa.Column("decided_role", sa.String(32)),
    sa.Column("decided_at", Instant),
    sa.Column("shredded_at", Instant, comment="when the keys were destroyed"),
    sa.Column("ring_keys", sa.Text, nullable=False, comment="under which keys of the ring they were wrapped"),
    sa.Column("given_up", sa.Text, nullable=False, comment="exhibits whose deposit was never finished"),
    sa.Column("certificate", sa.Text, comment="the signed note"),
    sa.Column("certified_at", Instant),
    _one_of("what", Keeping),
)
sa.Index(
    "ix_destruction_unfinished",
    DESTRUCTION.c.decided_at,
    sqlite_where=DESTRUCTION.c.certified_at.is_(None),
    postgresql_where=DESTRUCTION.c.certified_at.is_(None),
)

LAW = sa.Table(
    "law",
    METADATA,
    sa.Column("version", sa.String(32), primary_key=True, comment="as requests keep it"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("files", sa.LargeBinary, nullable=False, comment="its data files, as JSON, compressed"),
)
