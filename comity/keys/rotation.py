"""Changing the master key, while everything runs: only the small wrapped keys change, nothing that they closed."""

from pathlib import Path

from comity.keys import request_keys, ring
from comity.keys.ring import Ring
from comity.store import Store

_BATCH = 200


def rotate(store: Store, path: Path) -> int:
    """Add a key that wraps from now on, then wrap all request keys anew under it. Returns how many were.

    Safe to repeat, and to be killed anywhere: `finish` goes on where it stopped. The old keys stay on the ring
    until `retire`. Raises Unreachable, Refused.
    """
    ring.add_key(path)
    return finish(store, path)


def finish(store: Store, path: Path) -> int:
    """Wrap anew, in batches, all request keys that stand under an older ring key. Returns how many. Safe to repeat."""
    done = 0
    while count := _batch(store, path):
        done += count
    return done


def retire(store: Store, path: Path) -> Ring:
    """Take off the ring every key under which nothing is wrapped any more. Returns the ring that is left.

    Copies of the database that are older than the rotation cannot be opened without them: keep a copy of the ring
    for as long as such a copy is kept.
    """
    with store.transaction() as tx:
        return ring.keep_only(path, request_keys.in_use(tx))


def _batch(store: Store, path: Path) -> int:
    with store.transaction() as tx:  # the ring is read anew each time: two rotations must not undo each other
        return request_keys.rewrap(tx, request_keys.ring_for_wrapping(tx, path), at_most=_BATCH)
