"""The bag of a package (BagIt 1.0, RFC 8493): its tag files, which follow from the hashes of what lies in it.

So they are known before an exhibit is read, from its seal; and whoever has read all of a bag knows what they must be.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
INFO = "bag-info.txt"
_ALGORITHMS = ("sha256", "sha512")


@dataclass(frozen=True)
class Hashes:
    """What is known of a file: SHA-256 and SHA-512 in hex, and its size in bytes."""

    sha256: str
    sha512: str
    size: int

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Of a file that is small enough to be held."""
        return cls(hashlib.sha256(content).hexdigest(), hashlib.sha512(content).hexdigest(), len(content))


def info(identifier: str, payload: Mapping[str, Hashes], at: datetime) -> bytes:
    """bag-info.txt: which bag it is, how much lies in it (RFC 8493, 2.2.2), and the day on which it was packed."""
    octets = sum(each.size for each in payload.values())
    rows = {
        "Bag-Software-Agent": "comity",
        "Bagging-Date": f"{at:%Y-%m-%d}",
        "External-Identifier": identifier,
        "Payload-Oxum": f"{octets}.{len(payload)}",
    }
    return "".join(f"{label}: {value}\n" for label, value in rows.items()).encode()


def tag_files(payload: Mapping[str, Hashes], bag_info: bytes) -> dict[str, bytes]:
    """All tag files by name, in the order in which they are packed. `payload` is keyed by path: `data/…`."""
    files = {"bagit.txt": BAGIT, INFO: bag_info}
    files |= {f"manifest-{name}.txt": _manifest(payload, name) for name in _ALGORITHMS}
    hashed = {path: Hashes.of(content) for path, content in files.items()}
    return files | {f"tagmanifest-{name}.txt": _manifest(hashed, name) for name in _ALGORITHMS}


def _manifest(files: Mapping[str, Hashes], algorithm: str) -> bytes:
    rows = (f"{getattr(files[path], algorithm)}  {path}\n" for path in sorted(files))
    return "".join(rows).encode()
