"""What proves that an exhibit is unchanged: its hash, its size, and when it was sealed."""

from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from comity.errors import Tampered
from comity.request.model import Digest, Ulid

_PROOF = ("exhibit", "format", "sha256", "size", "chunks", "chunk_size")


class Seal(BaseModel):
    """One exhibit as it was when sealed: SHA-256 (in hex) and size (in bytes) of what came in, in chunks so large."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exhibit: Ulid
    format: Literal[0] = 0
    sha256: Digest
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
    differs = [field for field in _PROOF if getattr(kept, field) != getattr(found, field)]
    if differs:
        raise Tampered(
            f"exhibit {kept.exhibit} is not what was sealed: {', '.join(differs)} differ; keep both, tell the auditor"
        )
