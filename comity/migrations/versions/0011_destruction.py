"""Legal holds, and the destruction of keys as far as it has come."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables."""
    _holds()
    _destructions()


def _holds() -> None:
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("reference", sa.String(26), nullable=False),
        sa.Column("placed_by", sa.String(32), nullable=False, comment="an opaque id"),
        sa.Column("placed_at", sa.String(27), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False, comment="reason and authorisation, under the record key"),
        sa.Column("lifted_by", sa.String(32), comment="an opaque id, never that of who placed it"),
        sa.Column("lifted_at", sa.String(27)),
    )
    op.create_index("ix_legal_hold_reference_lifted_at", "legal_hold", ["reference", "lifted_at"])


def _destructions() -> None:
    op.create_table(
        "destruction",
        sa.Column("reference", sa.String(26), primary_key=True),
        sa.Column("what", sa.String(7), primary_key=True),
        sa.Column("id", sa.String(26), nullable=False, comment="of the proposal"),
        sa.Column("due", sa.String(27), nullable=False, comment="the date that had come"),
        sa.Column("rule", sa.String(200), nullable=False),
        sa.Column("article", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, comment="of what was proposed: ids and dates"),
        sa.Column("proposed_by", sa.String(32), nullable=False, comment="an opaque id"),
        sa.Column("proposed_at", sa.String(27), nullable=False),
        sa.Column("decided_by", sa.String(32), comment="an opaque id, never that of who proposed it"),
        sa.Column("decided_role", sa.String(32)),
        sa.Column("decided_at", sa.String(27)),
        sa.Column("shredded_at", sa.String(27), comment="when the keys were destroyed"),
        sa.Column("ring_keys", sa.Text, nullable=False, comment="under which keys of the ring they were wrapped"),
        sa.Column("given_up", sa.Text, nullable=False, comment="exhibits whose deposit was never finished"),
        sa.Column("certificate", sa.Text, comment="the signed note"),
        sa.Column("certified_at", sa.String(27)),
        sa.CheckConstraint("what in ('review', 'vault', 'content', 'record')", name="ck_destruction_what_known"),
    )
    unfinished = sa.column("certified_at").is_(None)
    op.create_index(
        "ix_destruction_unfinished", "destruction", ["decided_at"], sqlite_where=unfinished, postgresql_where=unfinished
    )
