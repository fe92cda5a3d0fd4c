"""Post that belongs to no request yet."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "post",
        sa.Column("id", sa.String(26), primary_key=True, comment="also whose keys its paper is sealed under"),
        sa.Column("exhibit", sa.String(26), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("urgency", sa.String(4), nullable=False),
        sa.Column("state", sa.String(2)),
        sa.Column("known", sa.String(64), comment="keyed HMAC of the other State's number"),
        sa.Column("told", sa.Integer, nullable=False, comment="how often people were told that it waits"),
        sa.Column("next_at", sa.String(27), nullable=False, comment="when they are told next"),
        sa.Column("ended", sa.String(27), comment="when it was filed or set aside"),
        sa.Column("reference", sa.String(26), comment="the request that it is filed in; none when it was set aside"),
        sa.CheckConstraint("urgency in ('P0', 'P1', 'P1d', 'P2', 'P3', 'P4')", name="ck_post_urgency_known"),
    )
    op.create_index("ix_post_ended_next_at", "post", ["ended", "next_at"])
