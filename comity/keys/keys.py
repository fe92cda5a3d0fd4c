"""The one way to a request's keys: opens them when they are needed, remembers them for a minute.

The ring's file is read whenever a key is opened, so that a new ring key, or a file that is back after an outage, is
seen without a restart. A database that is away cannot be asked for a key, nor destroy one: the key that it gave last
is then used for another minute, so that alarms ring. Call before opening a transaction: opening a key takes a database
connection of its own.
"""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from threading import Lock

import sqlalchemy as sa

from comity.errors import KeyGone, Unreachable
from comity.keys import envelope, request_keys, ring
from comity.keys.request_keys import INDEX, KeyClass
from comity.store import Store

_REMEMBERED = 3000
_SECONDS = 60.0


class Keys:
    """What closes and opens under the keys of each request. One for a process; its threads may share it."""

    def __init__(self, store: Store, ring_path: Path, *, now: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._ring_path = ring_path
        self._remembered = _Remembered(now)

    def create(self, tx: sa.Connection, owner: str, at: datetime) -> None:
        """Make the owner's keys of all classes; they can be used once `tx` is committed. Safe to repeat."""
        request_keys.create(tx, request_keys.ring_for_wrapping(tx, self._ring_path), owner, at=at)

    def create_service(self, tx: sa.Connection, at: datetime) -> None:
        """Make the keys that belong to no request. Safe to repeat."""
        request_keys.create_service(tx, request_keys.ring_for_wrapping(tx, self._ring_path), at=at)

    def destroy(self, tx: sa.Connection, owner: str, key_class: KeyClass, at: datetime) -> None:
        """Destroy one key when `tx` is committed. Other processes may remember it for a minute more."""
        request_keys.destroy(tx, owner, key_class, at=at)
        self._remembered.forget((owner, key_class))

    def forget(self, owners: Iterable[str], key_class: KeyClass) -> None:
        """Let go of keys that a transaction has destroyed: another thread may have read one meanwhile."""
        for owner in owners:
            self._remembered.forget((owner, key_class))

    def forget_destroyed(self) -> None:
        """Let go of each key that another process has destroyed. Raises Unreachable."""
        known = self._remembered.names()
        with self._store.reading() as view:
            gone = request_keys.destroyed_among(view, known)
        for name in gone:
            self._remembered.forget(name)

    def seal(self, owner: str, key_class: KeyClass, plain: bytes, context: str) -> bytes:
        """`plain`, closed for this owner, class and context. Raises NotFound, KeyGone, Unreachable, Refused."""
        return envelope.seal(self.raw(owner, key_class), plain, owner, key_class, context)

    def open(self, owner: str, key_class: KeyClass, sealed: bytes, context: str) -> bytes:
        """What `seal` closed for them. Raises Tampered, NotFound, KeyGone, Unreachable, Refused."""
        return envelope.unseal(self.raw(owner, key_class), sealed, owner, key_class, context)

    def index(self, text: str) -> str:
        """By what a foreign reference is found without being read: HMAC-SHA256 in hex of exactly this text in UTF-8."""
        return self.keyed(INDEX, KeyClass.RECORD, text)

    def keyed(self, owner: str, key_class: KeyClass, text: str) -> str:
        """A digest that confirms no guess: HMAC-SHA256 in hex, under the key of that owner. Raises as `raw`."""
        return hmac.digest(self.raw(owner, key_class), text.encode(), "sha256").hex()

    def remembers(self, owner: str, key_class: KeyClass) -> bool:
        """Whether the key is at hand now, so that nothing has to be asked for it."""
        return self._remembered.get((owner, key_class)) is not None

    def raw(self, owner: str, key_class: KeyClass) -> bytes:
        """The key itself, 32 bytes, never to be kept. Raises NotFound, KeyGone, Unreachable, Refused."""
        known = self._remembered.get((owner, key_class))
        return known if known is not None else self._opened(owner, key_class)

    def _opened(self, owner: str, key_class: KeyClass) -> bytes:
        try:
            ring_key, wrapped = self._wrapped(owner, key_class)
        except Unreachable:
            key = self._remembered.last((owner, key_class))
            if key is None:
                raise
        else:
            key = ring.load(self._ring_path).unwrap(ring_key, wrapped, owner, key_class)
        self._remembered.put((owner, key_class), key)
        return key

    def _wrapped(self, owner: str, key_class: KeyClass) -> tuple[str, bytes]:
        try:
            with self._store.reading() as view:
                return request_keys.wrapped(view, owner, key_class)
        except KeyGone:
            self._remembered.forget((owner, key_class))
            raise


class _Remembered:
    """The keys opened last, each for a minute at most: one destroyed by another process must not live on here."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = Lock()
        self._keys: OrderedDict[tuple[str, KeyClass], tuple[bytes, float]] = OrderedDict()

    def get(self, name: tuple[str, KeyClass]) -> bytes | None:
        with self._lock:
            key, until = self._keys.get(name, (None, 0.0))
            if key is None or self._now() >= until:
                return None
            self._keys.move_to_end(name)
            return key

    def last(self, name: tuple[str, KeyClass]) -> bytes | None:
        """The key, though its minute has passed."""
        with self._lock:
            key, _ = self._keys.get(name, (None, 0.0))
            return key

    def names(self) -> tuple[tuple[str, KeyClass], ...]:
        with self._lock:
            return tuple(self._keys)

    def put(self, name: tuple[str, KeyClass], key: bytes) -> None:
        with self._lock:
            self._keys[name] = key, self._now() + _SECONDS
            self._keys.move_to_end(name)
            if len(self._keys) > _REMEMBERED:
                self._keys.popitem(last=False)

    def forget(self, name: tuple[str, KeyClass]) -> None:
        with self._lock:
            self._keys.pop(name, None)
