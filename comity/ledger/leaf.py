"""One entry of the ledger as canonical bytes: what is hashed, so what can be proven.

A leaf is JSON with sorted keys, no white space, UTF-8 and no escapes. From version 0.1.0 on its format is a promise:
a field is never altered or removed, and a new format takes a new `v`.
"""

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from comity.errors import Tampered

Opaque = Annotated[str, StringConstraints(pattern=r'^[^"\\\x00-\x1f]*$', max_length=200)]
"""A name that tells nothing by itself: no quote, backslash or control character, so that JSON never escapes it."""


class Kind(StrEnum):
    """What an entry is about."""

    DEED = "deed"
    ATTEMPT = "attempt"
    CUSTODY = "custody"
    ACCESS = "access"
    NOTICE = "notice"
    KEY = "key"


class Entry(BaseModel):
    """What is to be entered: exactly one of `version` (a deed of the request) or `id` (anything else).

    `reference` is "" for the service itself; `at` is the instant recorded; `body` is the ciphertext of the full event.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    reference: Opaque
    version: int | None = Field(default=None, ge=0, lt=2**31)
    id: Annotated[Opaque, Field(min_length=1)] | None = None
    act: Opaque
    status: Opaque
    role: Opaque
    person: Opaque
    at: AwareDatetime
    body: bytes

    @model_validator(mode="after")
    def _named_once(self) -> "Entry":
        if (self.version is None) == (self.id is None):
            raise ValueError("an entry has either a version or an id")
        return self


class Leaf(BaseModel):
    """An entry as it was hashed. `prev` is the leaf digest of this request's entry before, in hex, "" for the first;
    `body` is the SHA-256 of the ciphertext, in hex."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    act: str
    at: datetime
    body: str
    id: str | None
    kind: Kind
    person: str
    prev: str
    reference: str
    role: str
    status: str
    version: int | None


_NAME = r'([^"\\\x00-\x1f]*)'
_DIGEST = "[0-9a-f]{64}"
_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
CANONICAL = re.compile(
    rf'\{{"act":"{_NAME}","at":"({_INSTANT})","body":"({_DIGEST})",(?:"id":"{_NAME}",)?"kind":"({"|".join(Kind)})",'
    rf'"person":"{_NAME}","prev":"({_DIGEST}|)","reference":"{_NAME}","role":"{_NAME}","status":"{_NAME}",'
    r'"v":0(?:,"version":(0|[1-9][0-9]{0,9}))?\}'
)
"""The bytes of a leaf, whole. Its groups are the fields of `Spelt` in order.

A pattern and not a JSON parser: it accepts one spelling only, and an auditor reads a million of them.
"""


def instant(at: datetime) -> str:
    """An instant as a leaf spells it: UTC, to the microsecond, 27 characters."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def spell(entry: Entry, prev: str, body: str) -> bytes:
    """The canonical bytes of an entry; `prev` and `body` are digests in hex (`prev` "" for the first)."""
    fields: dict[str, str | int] = {
        "v": 0,
        "kind": entry.kind,
        "reference": entry.reference,
        "act": entry.act,
        "status": entry.status,
        "role": entry.role,
        "person": entry.person,
        "at": instant(entry.at),
        "prev": prev,
        "body": body,
    }
    if entry.version is not None:
        fields["version"] = entry.version
    if entry.id is not None:
        fields["id"] = entry.id
    return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class Spelt(NamedTuple):
    """The fields of a leaf as they are spelt, in the order of `Leaf`."""

    act: str
    at: str
    body: str
    id: str | None
    kind: str
    person: str
    prev: str
    reference: str
    role: str
    status: str
    version: str | None


def fields_of(spelt: bytes) -> Spelt:
    """The fields of a leaf as text. Raises Tampered when the bytes are not canonical."""
    try:
        match = CANONICAL.fullmatch(spelt.decode())
        if match and (match[4] is None) != (match[11] is None) and datetime.fromisoformat(match[2]):
            return Spelt._make(match.groups())
    except ValueError:  # not UTF-8, or no day of the calendar
        pass
    raise Tampered("these bytes are no canonical leaf of version 0; compare with an export kept elsewhere")


def read(spelt: bytes) -> Leaf:
    """The leaf that these bytes spell. Raises Tampered when they are not canonical."""
    return Leaf.model_validate(fields_of(spelt)._asdict())
