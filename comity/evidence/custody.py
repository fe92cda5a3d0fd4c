"""Custody: who had an exhibit, when, where, why, and whether it was the same before as after.

The entry itself is kept in the ledger; the fields are those that forensic guides agree on (NIST, ISO/IEC 27037).
"""

from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from comity.request.lifecycle import Role
from comity.request.model import Digest, PersonId, Ulid


class Action(StrEnum):
    """What was done with the exhibit."""

    COLLECTED = "collected"
    SEALED = "sealed"
    RECEIVED = "received"
    MOVED = "moved"
    ACCESSED = "accessed"
    ANALYSED = "analysed"
    COPIED = "copied"
    RELEASED = "released"
    RETURNED = "returned"
    DESTROYED = "destroyed"


OUR_OFFICE = "central authority"
"""The organisation of whoever acts here, but for who executes."""
_CHANGES_HANDS = {Action.RECEIVED, Action.MOVED, Action.RELEASED, Action.RETURNED}


class CustodyEntry(BaseModel):
    """One touch of one exhibit. Hashes are SHA-256 in hex; `at` is the instant, `zone` the IANA zone of the place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exhibit: Ulid
    parent: Ulid | None = None
    """The exhibit that this one was copied or extracted from; `hash_before` is then that one's."""
    action: Action
    person: PersonId
    role: Role
    organisation: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=2000)
    at: AwareDatetime
    zone: str
    handed_by: str | None = None
    handed_to: str | None = None
    place: str | None = None
    hash_before: Digest | None = None
    hash_after: Digest | None = None
    tool: str | None = None
    tool_version: str | None = None
    authorisation: str | None = None
    """The order, warrant or approval under which it was done, by its id."""
    seal_number_before: str | None = Field(default=None, min_length=1, max_length=200)
    """The numbers of the physical seals or bags as they were found."""
    seal_number_after: str | None = Field(default=None, min_length=1, max_length=200)
    """The numbers of the physical seals or bags as they were left."""
    condition: str | None = Field(default=None, min_length=1, max_length=2000)
    """In what condition it was found: damage, power, what is missing."""
    signed: Ulid | None = None
    """The exhibit that is the hand-over sheet which both sides signed."""
    late: str | None = Field(default=None, min_length=1, max_length=2000)
    """Why it was entered more than 24 hours after it happened."""
    trace: str | None = None
    """The id of the trace of the act that it was done for (W3C, 32 hex digits)."""

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        try:
            return ZoneInfo(zone).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("no such time zone; write it as Area/City, or UTC") from None

    @model_validator(mode="after")
    def _says_from_whom_to_whom(self) -> Self:
        if self.action in _CHANGES_HANDS and not (self.handed_by and self.handed_to):
            raise ValueError(f"an exhibit is {self.action} from somebody to somebody: say both")
        return self

    @model_validator(mode="after")
    def _sealing_states_the_hash(self) -> Self:
        if self.action is Action.SEALED and self.hash_after is None:
            raise ValueError("sealing states the hash of what was sealed")
        return self
