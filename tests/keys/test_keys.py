"""What the keys of requests open, what they refuse to open, and how they come through an outage."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest

from comity.errors import KeyGone, NotFound, Refused, Tampered, Unreachable
from comity.keys import keys as keys_module
from comity.keys.keys import Keys
from comity.keys.request_keys import INDEX, SERVICE, KeyClass
from comity.store import Store

from .conftest import NOW, OTHER, OWNER, Clock

NOBODY = "01JNBXR6K3V8ZD5T0M7QHYWGAE"


def test_what_is_sealed_opens_for_its_owner_class_and_context_alone(keys: Keys) -> None:
    sealed = keys.seal(OWNER, KeyClass.CONTENT, b"a note", "note/1")
    assert keys.open(OWNER, KeyClass.CONTENT, sealed, "note/1") == b"a note"
    for owner, key_class, context in [
        (OTHER, KeyClass.CONTENT, "note/1"),
        (OWNER, KeyClass.RECORD, "note/1"),
        (OWNER, KeyClass.CONTENT, "note/2"),
    ]:
        with pytest.raises(Tampered):
            keys.open(owner, key_class, sealed, context)


def test_an_owner_without_keys_is_not_found(keys: Keys) -> None:
    with pytest.raises(NotFound, match="keys are made when a request is submitted"):
        keys.seal(NOBODY, KeyClass.CONTENT, b"", "")


def test_a_destroyed_key_opens_nothing_and_its_sisters_still_do(store: Store, keys: Keys) -> None:
    content = keys.seal(OWNER, KeyClass.CONTENT, b"a name", "name")
    record = keys.seal(OWNER, KeyClass.RECORD, b"granted", "decision")
    with store.transaction() as tx:
        keys.destroy(tx, OWNER, KeyClass.CONTENT, NOW)
    with pytest.raises(KeyGone):
        keys.open(OWNER, KeyClass.CONTENT, content, "name")
    with pytest.raises(KeyGone):
        keys.seal(OWNER, KeyClass.CONTENT, b"more", "name")
    assert keys.open(OWNER, KeyClass.RECORD, record, "decision") == b"granted"


def test_another_process_forgets_a_destroyed_key_within_a_minute(
    store: Store, keys: Keys, ring_path: Path, clock: Clock
) -> None:
    elsewhere = Keys(store, ring_path)
    keys.raw(OWNER, KeyClass.VAULT)
    with store.transaction() as tx:
        elsewhere.destroy(tx, OWNER, KeyClass.VAULT, NOW)
    clock.seconds = 59.9
    keys.raw(OWNER, KeyClass.VAULT)
    clock.seconds = 60
    with pytest.raises(KeyGone):
        keys.raw(OWNER, KeyClass.VAULT)


def test_a_key_is_at_hand_for_a_minute_after_it_was_asked_for(keys: Keys, clock: Clock) -> None:
    assert not keys.remembers(OWNER, KeyClass.CONTENT)
    keys.raw(OWNER, KeyClass.CONTENT)
    assert keys.remembers(OWNER, KeyClass.CONTENT)
    assert not keys.remembers(OWNER, KeyClass.RECORD)
    clock.seconds = 60
    assert not keys.remembers(OWNER, KeyClass.CONTENT)


def test_an_outage_of_the_ring_ends_without_a_restart(keys: Keys, ring_path: Path) -> None:
    away = ring_path.rename(ring_path.with_suffix(".away"))
    with pytest.raises(Unreachable, match="put its file back"):
        keys.raw(OWNER, KeyClass.CONTENT)
    away.rename(ring_path)
    ring_path.chmod(0o644)
    with pytest.raises(Refused, match="chmod 600"):
        keys.raw(OWNER, KeyClass.CONTENT)
    ring_path.chmod(0o600)
    assert len(keys.raw(OWNER, KeyClass.CONTENT)) == 32


def test_a_key_opened_before_the_outage_works_on_through_it(keys: Keys, ring_path: Path) -> None:
    sealed = keys.seal(OWNER, KeyClass.CONTENT, b"a note", "note/1")
    ring_path.unlink()
    assert keys.open(OWNER, KeyClass.CONTENT, sealed, "note/1") == b"a note"


def test_an_index_is_the_same_for_the_same_reference_and_tells_nothing(keys: Keys, store: Store) -> None:
    found = keys.index("JUST/2026/417 Ποινικό")
    assert found == keys.index("JUST/2026/417 Ποινικό")
    assert len(found) == 64
    assert found != keys.index("JUST/2026/418 Ποινικό")


def test_an_index_is_hmac_sha256(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are found by it for years: these bytes may never change (RFC 4231, test case 2)."""
    monkeypatch.setattr(keys, "raw", lambda owner, key_class: {(INDEX, "record"): b"Jefe"}[owner, key_class])
    assert keys.index("what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_a_keyed_digest_is_the_owners_own(keys: Keys) -> None:
    one = keys.keyed(OWNER, KeyClass.RECORD, "5" * 64)
    assert one == keys.keyed(OWNER, KeyClass.RECORD, "5" * 64)
    assert one != keys.keyed(OTHER, KeyClass.RECORD, "5" * 64)
    assert one != keys.keyed(OWNER, KeyClass.CONTENT, "5" * 64)


def test_the_service_has_a_key_of_its_own(keys: Keys) -> None:
    sealed = keys.seal(SERVICE, KeyClass.RECORD, b"sweep", "payload")
    assert keys.open(SERVICE, KeyClass.RECORD, sealed, "payload") == b"sweep"
    assert keys.raw(SERVICE, KeyClass.RECORD) != keys.raw(INDEX, KeyClass.RECORD)


def test_no_more_keys_are_remembered_than_the_bound(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "_REMEMBERED", 2)
    for key_class in KeyClass:
        keys.raw(OWNER, key_class)
    assert list(keys._remembered._keys) == [(OWNER, KeyClass.RECORD), (OWNER, KeyClass.VAULT)]


def test_many_threads_share_the_keys(keys: Keys, clock: Clock) -> None:
    def there_and_back(number: int) -> bool:
        owner, key_class = (OWNER, OTHER)[number % 2], list(KeyClass)[number % 3]
        clock.seconds += 1  # so that keys are forgotten while others use them
        sealed = keys.seal(owner, key_class, str(number).encode(), "n")
        return keys.open(owner, key_class, sealed, "n") == str(number).encode()

    with ThreadPoolExecutor(8) as many:
        assert all(many.map(there_and_back, range(400)))


def away(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    """The database goes away, as far as those see who read it."""

    def unreachable() -> NoReturn:
        raise Unreachable("the database does not answer")

    monkeypatch.setattr(store, "reading", unreachable)


def test_a_database_that_is_away_takes_no_key_away(
    store: Store, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Truth protected: an alarm rings though the register is down for longer than keys are remembered."""
    key = keys.raw(OWNER, KeyClass.CONTENT)
    with monkeypatch.context() as outage:
        away(outage, store)
        for minute in range(1, 4):
            clock.seconds = 60 * minute
            assert keys.raw(OWNER, KeyClass.CONTENT) == key
            assert keys.remembers(OWNER, KeyClass.CONTENT)
        with pytest.raises(Unreachable):
            keys.raw(OTHER, KeyClass.CONTENT)


def test_a_key_that_was_seen_destroyed_does_not_come_back_when_the_database_goes(
    store: Store, keys: Keys, ring_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.raw(OWNER, KeyClass.VAULT)
    with store.transaction() as tx:
        Keys(store, ring_path).destroy(tx, OWNER, KeyClass.VAULT, NOW)
    clock.seconds = 60
    with pytest.raises(KeyGone):
        keys.raw(OWNER, KeyClass.VAULT)
    away(monkeypatch, store)
    with pytest.raises(Unreachable):
        keys.raw(OWNER, KeyClass.VAULT)
