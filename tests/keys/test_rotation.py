"""What changing the master key promises while everything runs."""

import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa

from comity.errors import KeyGone
from comity.keys import request_keys, ring, rotation
from comity.keys.keys import Keys
from comity.keys.request_keys import KeyClass
from comity.store import Store

from .conftest import NOW, OTHER, OWNER, Clock

ROTATE = """
import sys
from pathlib import Path
from comity.keys import rotation
from comity.store import Store
rotation._BATCH = 1
print("ready", flush=True)
rotation.rotate(Store(sys.argv[1]), Path(sys.argv[2]))
"""


def _under(store: Store) -> set[str]:
    with store.reading() as view:
        return set(view.scalars(sa.select(request_keys.TABLE.c.ring_key).distinct()))


def test_all_keys_stand_under_the_new_one_and_open_what_they_closed(store: Store, keys: Keys, ring_path: Path) -> None:
    old = ring.load(ring_path).wraps
    sealed = keys.seal(OWNER, KeyClass.RECORD, b"granted", "decision/1")
    assert rotation.rotate(store, ring_path) == 8
    assert _under(store) == {ring.load(ring_path).wraps} != {old}
    assert Keys(store, ring_path).open(OWNER, KeyClass.RECORD, sealed, "decision/1") == b"granted"


def test_a_process_that_runs_on_reads_keys_under_the_new_one(
    store: Store, keys: Keys, ring_path: Path, clock: Clock
) -> None:
    sealed = keys.seal(OWNER, KeyClass.RECORD, b"granted", "decision/1")
    rotation.rotate(store, ring_path)
    rotation.retire(store, ring_path)
    clock.seconds = 61
    assert keys.open(OWNER, KeyClass.RECORD, sealed, "decision/1") == b"granted"


def test_a_destroyed_key_is_not_brought_back(store: Store, keys: Keys, ring_path: Path) -> None:
    with store.transaction() as tx:
        keys.destroy(tx, OWNER, KeyClass.VAULT, NOW)
    assert rotation.rotate(store, ring_path) == 7
    with pytest.raises(KeyGone):
        keys.raw(OWNER, KeyClass.VAULT)


def test_what_is_left_over_is_finished_later(store: Store, keys: Keys, ring_path: Path) -> None:
    old = ring.load(ring_path).wraps
    new = ring.add_key(ring_path)
    with store.transaction() as tx:
        assert request_keys.rewrap(tx, new, at_most=3) == 3
    assert _under(store) == {old, new.wraps}
    assert set(rotation.retire(store, ring_path).keys) == {old, new.wraps}
    assert rotation.finish(store, ring_path) == 5
    assert rotation.finish(store, ring_path) == 0
    assert set(rotation.retire(store, ring_path).keys) == {new.wraps}


def test_two_rotations_at_once_end_under_one_key(store: Store, keys: Keys, ring_path: Path) -> None:
    both = [Thread(target=rotation.rotate, args=(store, ring_path)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert _under(store) == {ring.load(ring_path).wraps}
    assert keys.raw(OTHER, KeyClass.CONTENT) == Keys(store, ring_path).raw(OTHER, KeyClass.CONTENT)


def test_a_rotation_killed_anywhere_loses_no_key(store: Store, keys: Keys, ring_path: Path, proving: bool) -> None:
    """Killed by SIGKILL at a later instant each time, while it takes one key a transaction; then all keys open."""
    before = {key_class: keys.raw(OWNER, key_class) for key_class in KeyClass}
    for kill_after in [*range(8)] * 2 if proving else [3]:
        run = [sys.executable, "-c", ROTATE, store.url, str(ring_path)]
        with subprocess.Popen(run, stdout=subprocess.PIPE) as child:  # noqa: S603
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            _until_some_moved(store, ring_path, kill_after)
            child.kill()
        anew = Keys(store, ring_path)
        assert {key_class: anew.raw(OWNER, key_class) for key_class in KeyClass} == before
    rotation.finish(store, ring_path)
    assert set(rotation.retire(store, ring_path).keys) == _under(store)


def _until_some_moved(store: Store, ring_path: Path, count: int) -> None:
    column = request_keys.TABLE.c.ring_key
    moved = -1
    while moved < count:
        with store.reading() as view:
            moved = len(view.scalars(sa.select(column).where(column == ring.load(ring_path).wraps)).all())
