"""The ledger's tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_INDEX = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create them, with the head of the empty ledger."""
    _create_leaf()
    op.create_table(
        "ledger_node",
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("index", _INDEX, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("level", "index", name="pk_ledger_node"),
    )
    op.create_table(
        "ledger_checkpoint",
        sa.Column("size", _INDEX, autoincrement=False, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_ledger_checkpoint"),
    )
    _create_head()


def _create_leaf() -> None:
    op.create_table(
        "ledger_leaf",
        sa.Column("index", _INDEX, autoincrement=False, nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("id", sa.String),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("index", name="pk_ledger_leaf"),
    )
    op.create_index("ix_ledger_leaf_reference_index", "ledger_leaf", ["reference", "index"])


def _create_head() -> None:
    head = op.create_table(
        "ledger_head",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("size", _INDEX, nullable=False),
        sa.Column("frontier", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_head"),
    )
    op.bulk_insert(head, [{"id": 0, "size": 0, "frontier": b""}])
