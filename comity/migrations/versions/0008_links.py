"""What requests name, as keyed digests, and which of them name the same."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "mark",
        sa.Column(
            "index", sa.String(64), primary_key=True, comment="keyed HMAC of an account, number, document or file"
        ),
        sa.Column("reference", sa.String(26), primary_key=True),
    )
    op.create_table(
        "link",
        sa.Column("reference", sa.String(26), primary_key=True),
        sa.Column("other", sa.String(26), primary_key=True, comment="the request that names the same"),
        sa.Column("kinds", sa.String(64), nullable=False, comment="what both name: account, telephone"),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("told_at", sa.String(27), comment="when people were told"),
    )
    untold = sa.column("told_at").is_(None)
    op.create_index(
        "ix_link_told_at_reference", "link", ["told_at", "reference"], sqlite_where=untold, postgresql_where=untold
    )
