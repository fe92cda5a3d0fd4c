"""What an envelope opens for, to the byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Tampered
from comity.keys import envelope

KEY = bytes(range(32))
PLACE = ("01JNBXR6K3V8ZD5T0M7QHYWGAC", "content", "letter/1")
GOLDEN = "016465666768696a6b6c6d6e6f207ebf141dc937f05a422d8db90a189927a6b475331989c3cc12dd7416f8a6cf7e43"


def test_the_form_of_an_envelope_is_a_promise() -> None:
    """What was sealed by any earlier version must open for ever: these bytes may never change."""
    nonce = bytes(range(100, 112))
    assert envelope._seal_with(KEY, b"heard and recorded", PLACE, nonce).hex() == GOLDEN
    assert envelope.unseal(KEY, bytes.fromhex(GOLDEN), *PLACE) == b"heard and recorded"


@given(plain=st.binary(max_size=2000), place=st.lists(st.text(max_size=40), max_size=4))
def test_what_is_sealed_opens_in_its_place(plain: bytes, place: list[str]) -> None:
    sealed = envelope.seal(KEY, plain, *place)
    assert envelope.unseal(KEY, sealed, *place) == plain
    assert len(sealed) == len(plain) + 29


def test_every_changed_byte_is_refused() -> None:
    sealed = envelope.seal(KEY, b"eleven", *PLACE)
    for at in range(len(sealed)):
        for flip in (0x01, 0x80, 0xFF):
            changed = sealed[:at] + bytes([sealed[at] ^ flip]) + sealed[at + 1 :]
            with pytest.raises(Tampered, match="do not open here"):
                envelope.unseal(KEY, changed, *PLACE)


def test_every_shortened_or_lengthened_envelope_is_refused() -> None:
    sealed = envelope.seal(KEY, b"eleven", *PLACE)
    for length in range(len(sealed)):
        with pytest.raises(Tampered):
            envelope.unseal(KEY, sealed[:length], *PLACE)
    with pytest.raises(Tampered):
        envelope.unseal(KEY, sealed + b"\0", *PLACE)


@given(a=st.lists(st.text(max_size=5), max_size=4), b=st.lists(st.text(max_size=5), max_size=4))
def test_no_two_places_look_alike(a: list[str], b: list[str]) -> None:
    """("ab", "c") and ("a", "bc") must not open each other's envelopes."""
    assert (envelope._bound(b"\x01", tuple(a)) == envelope._bound(b"\x01", tuple(b))) == (a == b)


def test_the_same_words_sealed_twice_look_different() -> None:
    assert envelope.seal(KEY, b"same", *PLACE) != envelope.seal(KEY, b"same", *PLACE)
