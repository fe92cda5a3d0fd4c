"""Until when what closed requests have left is kept; those that are closed already wait for their dates."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_LONG_AGO = "2000-01-01T00:00:00.000000Z"


def upgrade() -> None:
    """Make the table, and let the next sweep begin what the closings before it began nowhere."""
    table = op.create_table(
        "retention",
        sa.Column("reference", sa.String(26), primary_key=True),
        sa.Column("what", sa.String(7), primary_key=True),
        sa.Column("due", sa.String(27), comment="until when; none before it was reckoned"),
        sa.Column("next_at", sa.String(27), nullable=False, comment="when people are told, or it is reckoned"),
        sa.Column("told", sa.Integer, nullable=False, comment="how often, of this date"),
        sa.Column("reckoned", sa.Boolean, nullable=False, comment="since the latest closing"),
        sa.Column("rule", sa.String(200), nullable=False),
        sa.CheckConstraint("what in ('review', 'vault', 'content', 'record')", name="ck_retention_what_known"),
    )
    op.create_index("ix_retention_next_at", "retention", ["next_at"])
    request = sa.table("request", sa.column("reference"), sa.column("status"))
    waiting = [sa.literal(value) for value in ("review", _LONG_AGO)]
    rows = sa.select(request.c.reference, *waiting, sa.literal(0), sa.false(), sa.literal(""))
    columns = ["reference", "what", "next_at", "told", "reckoned", "rule"]
    op.execute(table.insert().from_select(columns, rows.where(request.c.status == "closed")))
