"""What rings next, found without looking at every duty."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the index."""
    owed = sa.column("done_at").is_(None)
    op.create_index("ix_duty_next_at", "duty", ["next_at"], sqlite_where=owed, postgresql_where=owed)
