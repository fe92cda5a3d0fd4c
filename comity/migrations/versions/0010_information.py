"""Information that is given without a request, to us or by us."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_KNOWN = "direction in ('asked of us', 'asked by us', 'given to us', 'given by us')"


def upgrade() -> None:
    """Let a record of the register be one of information."""
    with op.batch_alter_table("request") as table:
        table.drop_constraint(op.f("ck_request_direction_known"), type_="check")
        table.create_check_constraint(op.f("ck_request_direction_known"), sa.text(_KNOWN))
