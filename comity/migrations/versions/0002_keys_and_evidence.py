"""The tables of the keys and of the evidence room."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create them."""
