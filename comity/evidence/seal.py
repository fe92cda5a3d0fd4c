"""What proves that an exhibit is unchanged: its hash, its size, and when it was sealed."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from comity.errors import Tampered
from comity.request.model import Digest, Ulid

_PROOF = ("exhibit", "format", "sha256", "size", "chunks", "chunk_size")
_SHA512 = r"^[0-9a-f]{128}$"


class Seal(BaseModel):
    """One exhibit as it was when sealed: SHA-256, SHA-512 (hex) and size (bytes) of what came in, in chunks so large.

    `crc32` proves nothing: a container that is written as one stream says it before the bytes. Seals made before
    SHA-512 or CRC-32 were taken have none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    exhibit: Ulid
    format: Literal[0] = 0
    sha256: Digest
    sha512: Annotated[str, StringConstraints(pattern=_SHA512)] | None = None
    crc32: int | None = Field(None, ge=0, lt=1 << 32)
    size: int = Field(ge=0)
    chunks: int = Field(ge=1)
    chunk_size: int = Field(ge=1)
    sealed_at: AwareDatetime

    @model_validator(mode="after")
    def _chunks_make_the_size(self) -> Self:
        if self.chunks != max(1, -(-self.size // self.chunk_size)):
            raise ValueError("so many chunks do not make this size")
        return self


def compare(kept: Seal, found: Seal) -> None:
    """Whether an exhibit is what was sealed, whenever it was looked at. Raises Tampered, naming what differs."""
    proof = (*_PROOF, "sha512") if kept.sha512 else _PROOF
    differs = [field for field in proof if getattr(kept, field) != getattr(found, field)]
    if differs:
        raise Tampered(
            f"exhibit {kept.exhibit} is not what was sealed: {', '.join(differs)} differ; keep both, tell the auditor"
        )
