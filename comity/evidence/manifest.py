"""What is in a package, and what its recipient says has come."""

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from comity.errors import Objection
from comity.evidence.seal import Seal
from comity.request.model import Digest, Ulid

PackageId = Annotated[str, StringConstraints(pattern=r"^P[1-9][0-9]{0,3}$")]


class Item(BaseModel):
    """One exhibit: its opaque id, size in bytes, and SHA-256 in hex. No file name: that is personal data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Ulid
    size: int = Field(ge=0)
    sha256: Digest


def _each_once_and_in_order(items: tuple[Item, ...]) -> tuple[Item, ...]:
    ids = [item.id for item in items]
    if ids != sorted(set(ids)):
        raise ValueError("exhibits stand in the order of their ids, each once")
    return items


Items = Annotated[tuple[Item, ...], Field(min_length=1), AfterValidator(_each_once_and_in_order)]


class Manifest(BaseModel):
    """The exhibits of one package of one request. Without an instant, so that it has one digest for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[0] = 0
    reference: Ulid
    package: PackageId
    exhibits: Items

    @classmethod
    def of(cls, reference: str, package: str, seals: list[Seal]) -> Self:
        """The manifest of exhibits as they were sealed."""
        items = sorted((Item(id=s.exhibit, size=s.size, sha256=s.sha256) for s in seals), key=lambda item: item.id)
        return cls(reference=reference, package=package, exhibits=tuple(items))

    def canonical(self) -> bytes:
        """The manifest as it is hashed and sent: JSON with sorted keys and no white space, in UTF-8."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode()

    @property
    def content_digest(self) -> str:
        """SHA-256, in hex, of the canonical manifest: it stands for the whole content."""
        return hashlib.sha256(self.canonical()).hexdigest()


class Receipt(BaseModel):
    """What a recipient found in a package: sizes and hashes as it computed them itself. Format 0 is not signed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[0] = 0
    reference: Ulid
    package: PackageId
    content_digest: Digest
    exhibits: Items
    received_at: AwareDatetime


def check_receipt(receipt: Receipt, manifest: Manifest) -> None:
    """Whether the recipient has what was sent. Raises Objection, which names each exhibit and what differs."""
    faults = list(_faults(receipt, manifest))
    if faults:
        raise Objection(f"the receipt does not match package {manifest.package}: {'; '.join(faults)}; send it again")


def _faults(receipt: Receipt, manifest: Manifest) -> Iterator[str]:
    for field, sent in (("reference", manifest.reference), ("package", manifest.package)):
        if getattr(receipt, field) != sent:
            yield f"it is for another {field}"
    sent_items = {item.id: item for item in manifest.exhibits}
    received_items = {item.id: item for item in receipt.exhibits}
    for name in sorted(sent_items.keys() | received_items.keys()):
        yield from _differences(name, sent_items.get(name), received_items.get(name))
    if receipt.content_digest != manifest.content_digest:
        yield "the content digest differs"


def _differences(name: str, sent: Item | None, received: Item | None) -> Iterator[str]:
    if received is None:
        yield f"exhibit {name} was not received"
    elif sent is None:
        yield f"exhibit {name} was never sent"
    else:
        for field in ("size", "sha256"):
            if getattr(sent, field) != getattr(received, field):
                yield f"the {field} of exhibit {name} differs"
