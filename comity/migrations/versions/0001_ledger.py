"""The ledger's tables."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
