"""What the ring's file promises: its mode, its outages, and no key ever lost to a second writer."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from comity.errors import Refused, Tampered, Unreachable
from comity.keys import ring
from comity.keys.ring import Ring

GOLDEN = '{\n "format": 0,\n "wraps": "a",\n "keys": {\n  "a": "' + "00" * 32 + '"\n }\n}'


def test_a_new_ring_may_be_read_by_its_owner_alone(ring_path: Path) -> None:
    assert ring_path.stat().st_mode & 0o777 == 0o600
    assert len(ring.load(ring_path).keys) == 1


def test_the_form_of_the_file_is_a_promise(tmp_path: Path) -> None:
    held = Ring(wraps="a", keys={"a": "00" * 32})
    assert held.model_dump_json(indent=1) == GOLDEN
    path = tmp_path / "ring.json"
    path.write_text(GOLDEN)
    path.chmod(0o600)
    assert ring.load(path) == held


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o777])
def test_a_ring_that_others_may_touch_is_refused_with_the_cure(ring_path: Path, mode: int) -> None:
    ring_path.chmod(mode)
    with pytest.raises(Refused, match=f"mode {mode:04o}.*chmod 600 .*ring.json"):
        ring.load(ring_path)


def test_a_ring_is_never_written_over_by_a_new_one(ring_path: Path) -> None:
    before = ring_path.read_bytes()
    with pytest.raises(Refused, match="stands there already"):
        ring.create(ring_path)
    assert ring_path.read_bytes() == before
    assert [p.name for p in ring_path.parent.glob("*ring*")] == ["ring.json"]


def test_a_missing_ring_is_an_outage(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="put its file back"):
        ring.load(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    "text", ["", "{", "{}", GOLDEN.replace('"wraps": "a"', '"wraps": "b"'), GOLDEN.replace("00", "zz")]
)
def test_a_damaged_ring_is_an_outage_and_its_error_shows_no_key(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ring.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(Unreachable, match="damaged") as caught:
        ring.load(path)
    assert caught.value.__cause__ is None
    assert "0000" not in str(caught.value)


def test_no_key_shows_when_a_ring_is_printed(ring_path: Path) -> None:
    held = ring.load(ring_path)
    assert held.keys[held.wraps] not in repr(held) + str(held)


def test_an_added_key_wraps_and_the_old_one_goes_on_unwrapping(ring_path: Path) -> None:
    old = ring.load(ring_path)
    closed = old.wrap(b"k" * 32, "owner", "content")
    new = ring.add_key(ring_path)
    assert new.wraps != old.wraps
    assert new == ring.load(ring_path)
    assert new.unwrap(old.wraps, closed, "owner", "content") == b"k" * 32
    assert ring_path.stat().st_mode & 0o777 == 0o600


def test_a_wrapped_key_opens_for_its_owner_and_class_alone(ring_path: Path) -> None:
    held = ring.load(ring_path)
    closed = held.wrap(b"k" * 32, "owner", "content")
    with pytest.raises(Tampered):
        held.unwrap(held.wraps, closed, "owner", "record")
    with pytest.raises(Tampered):
        held.unwrap(held.wraps, closed, "other", "content")


def test_a_ring_that_lacks_the_key_says_which(ring_path: Path) -> None:
    with pytest.raises(Unreachable, match="does not hold key 01ABC"):
        ring.load(ring_path).unwrap("01ABC", b"", "owner", "content")


def test_writers_at_the_same_time_lose_no_key_of_each_other(ring_path: Path) -> None:
    """A key lost from the ring would take every key that it wraps with it."""
    with ThreadPoolExecutor(8) as many:
        added = [made.wraps for made in many.map(lambda _: ring.add_key(ring_path), range(24))]
    assert set(added) < set(ring.load(ring_path).keys)
    assert len(ring.load(ring_path).keys) == 25


def test_only_what_is_in_use_or_wraps_stays(ring_path: Path) -> None:
    first, second = ring.load(ring_path).wraps, ring.add_key(ring_path).wraps
    third = ring.add_key(ring_path).wraps
    assert set(ring.keep_only(ring_path, {first}).keys) == {first, third}
    assert second not in ring.load(ring_path).keys
