"""A ring in a folder of its own, and keys over it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from comity.keys import ring
from comity.keys.keys import Keys
from comity.store import Store

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OWNER = "01JNBXR6K3V8ZD5T0M7QHYWGAC"
OTHER = "01JNBXR6K3V8ZD5T0M7QHYWGAD"


@pytest.fixture
def ring_path(tmp_path: Path) -> Path:
    """The file of a fresh ring of one key."""
    path = tmp_path / "ring.json"
    ring.create(path)
    return path


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """The clock by which keys are remembered."""
    return Clock()


@pytest.fixture
def keys(store: Store, ring_path: Path, clock: Clock) -> Keys:
    """Keys of OWNER and OTHER, of the service and of the index, on each database in turn."""
    made = Keys(store, ring_path, now=clock)
    with store.transaction() as tx:
        made.create(tx, OWNER, NOW)
        made.create(tx, OTHER, NOW)
        made.create_service(tx, NOW)
    return made
