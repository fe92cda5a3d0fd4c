"""The tables of the keys and of the evidence room."""

import sqlalchemy as sa
from alembic import op

from comity.store import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create them."""
    _keys()
    _evidence()


def _keys() -> None:
    op.create_table(
        "request_key",
        sa.Column("owner", sa.String(26), nullable=False),
        sa.Column("key_class", sa.String(7), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=True),
        sa.Column("ring_key", sa.String(26), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("destroyed_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("owner", "key_class", name="pk_request_key"),
        sa.CheckConstraint(
            "(wrapped is null) = (destroyed_at is not null)", name="ck_request_key_wrapped_or_destroyed"
        ),
    )
    op.create_index("ix_request_key_ring_key", "request_key", ["ring_key"])


def _evidence() -> None:
    op.create_table(
        "exhibit",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("reference", sa.String(26), nullable=False),
        sa.Column("particulars", sa.LargeBinary, nullable=False),
        sa.Column("seal", sa.LargeBinary, nullable=False),
        sa.Column("sealed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exhibit"),
    )
    op.create_index("ix_exhibit_reference_sealed_at_id", "exhibit", ["reference", "sealed_at", "id"])
