"""The versions of the law that requests keep."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "law",
        sa.Column("version", sa.String(32), primary_key=True, comment="as requests keep it"),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("files", sa.LargeBinary, nullable=False, comment="its data files, as JSON, compressed"),
    )
