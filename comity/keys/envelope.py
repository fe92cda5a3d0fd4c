"""A sealed envelope: bytes that open only with their key, and only in the place they were sealed for.

Form 1 is one byte 0x01, a random nonce of 96 bits, and AES-256-GCM's ciphertext with its tag (NIST SP 800-38D). The
place (owner, class, context) is authenticated and not written down. The form is a promise to all that was ever sealed.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.errors import Tampered

_FORM = b"\x01"
_NONCE = 12


def seal(key: bytes, plain: bytes, *place: str) -> bytes:
    """Close `plain` under a key of 32 bytes, for one place. 29 bytes longer than what it holds."""
    return _seal_with(key, plain, place, os.urandom(_NONCE))


def unseal(key: bytes, sealed: bytes, *place: str) -> bytes:
    """What `seal` closed. Raises Tampered when a byte, the key or the place is another."""
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], _bound(sealed[:1], place))
    except (InvalidTag, ValueError):
        raise Tampered(
            "sealed bytes do not open here: altered, or sealed for another owner, class or context; restore a copy"
        ) from None


def _seal_with(key: bytes, plain: bytes, place: tuple[str, ...], nonce: bytes) -> bytes:
    return _FORM + nonce + AESGCM(key).encrypt(nonce, plain, _bound(_FORM, place))


def _bound(form: bytes, place: tuple[str, ...]) -> bytes:
    """The place as authenticated data: each part after its length, so that no two places look alike."""
    parts = (part.encode() for part in place)
    return form + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
