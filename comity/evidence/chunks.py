"""The form of sealed bytes: chunks closed one by one, objects that begin with their format, parts by their names.

A chunk is 1 MiB, closed with AES-256-GCM and bound to exhibit, number and whether it is the last. What fits into one
part (8 chunks) is one object: header, then chunks (format 0). What is larger lies in parts, each closed under a key
drawn from the exhibit's own and from a salt, headed by an object that is put last (format 1).
"""

import re
import secrets
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from comity.errors import Tampered

CHUNK = 1 << 20
PART = 8
"""Chunks in a part."""
TAG = 16
SALT = 32
TRIAL = 16
KEY = "key"
PARTS = "parts"
LONGEST_HEAD = 4096
WHOLE = b"comity exhibit\n\x00"
IN_PARTS = b"comity exhibit\n\x01"
"""How an object begins; the last byte is the format."""

Numbered = tuple[int, bytes, bool]
"""A chunk in the clear: its number, its bytes, whether it is the last."""


class Cipher:
    """Closes and opens chunks of one exhibit under one key."""

    def __init__(self, key: bytes, magic: bytes, exhibit: str) -> None:
        self._cipher, self._magic, self._exhibit = AESGCM(key), magic, exhibit

    def close(self, chunk: Numbered) -> bytes:
        """One chunk, closed, with its tag."""
        number, plain, last = chunk
        return self._cipher.encrypt(_nonce(number), plain, self._bound(number, last=last))

    def open_all(self, numbers: range, data: bytes, count: int) -> Iterator[bytes]:
        """The chunks of these numbers, which lie one behind the other. Raises Tampered."""
        width = CHUNK + TAG
        for place, number in enumerate(numbers):
            ending = number == numbers.stop - 1
            closed = data[place * width :] if ending else data[place * width : (place + 1) * width]
            yield self._open(number, closed, last=number == count - 1)

    def _open(self, number: int, closed: bytes, *, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(number), closed, self._bound(number, last=last))
        except (InvalidTag, ValueError):
            raise tampered(self._exhibit, number) from None

    def _bound(self, number: int, *, last: bool) -> bytes:
        """What a chunk is bound to; every part has a fixed width."""
        return self._magic + self._exhibit.encode() + number.to_bytes(8, "big") + bytes([last])


def tampered(exhibit: str, number: int) -> Tampered:
    """The error of a chunk that is not what was sealed."""
    return Tampered(f"exhibit {exhibit} is not what was sealed, from chunk {number} on; restore its file from a copy")


def part_key(key: bytes, salt: bytes, exhibit: str, part: int) -> bytes:
    """The key of one part, as it was put once (HKDF, RFC 5869, SHA-256)."""
    bound = IN_PARTS + exhibit.encode() + part.to_bytes(8, "big")
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=bound).derive(key)


def fresh_key() -> bytes:
    """256 random bits."""
    return secrets.token_bytes(32)


def header(magic: bytes, wrapped: bytes) -> bytes:
    """What an object begins with: its format, and the exhibit's key as it was wrapped."""
    return magic + len(wrapped).to_bytes(2, "big") + wrapped


def read_header(head: bytes, exhibit: str) -> tuple[bytes, bytes, bytes]:
    """The format, the wrapped key, and what follows. Raises Tampered."""
    begin = len(WHOLE)
    magic, width = head[:begin], int.from_bytes(head[begin : begin + 2], "big")
    if magic not in (WHOLE, IN_PARTS):
        raise Tampered(f"the file of exhibit {exhibit} does not begin as one of format 0 or 1; restore it from a copy")
    return magic, head[begin + 2 : begin + 2 + width], head[begin + 2 + width :]


def read_trial(rest: bytes, exhibit: str) -> tuple[str, int]:
    """Which try the parts are of, and how many chunks they hold: more than one part has. Raises Tampered."""
    trial, count = rest[:TRIAL].decode(errors="replace"), int.from_bytes(rest[TRIAL:], "big")
    if len(rest) != TRIAL + 8 or not re.fullmatch(r"[0-9a-f]+", trial) or count <= PART:
        raise tampered(exhibit, 0)
    return trial, count


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def below(exhibit: str) -> str:
    """The folder of an exhibit's parts."""
    return f"{PARTS}/{exhibit}"


def part_name(folder: str, number: int) -> str:
    """The object of a part, in the folder of its try; names sort as numbers do."""
    return f"{folder}/{number:08}"
