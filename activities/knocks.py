"""What is told to people: an alarm that rang, and what became of telling it."""

import json
from hashlib import sha256
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from comity.people import Person
from comity.request.lifecycle import Role
from comity.request.model import Alarm, Owed, PersonId, Ulid, Urgency


class Knock(BaseModel):
    """An alarm that rang: whom to tell that what is due. Its key: reference, duty, generation, rung."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: Ulid
    duty: str = Field(description="its key in the request: `M1/decide`")
    urgency: Urgency
    due: AwareDatetime | None
    generation: int
    rung: int
    round: int
    overdue: bool
    roles: tuple[Role, ...]

    @classmethod
    def of(cls, reference: str, owed: Owed, alarm: Alarm) -> "Knock":
        """The knock of one alarm of one duty."""
        return cls(
            reference=reference,
            duty=alarm.duty,
            urgency=owed.urgency,
            due=owed.due,
            generation=alarm.generation,
            rung=alarm.rung,
            round=alarm.round,
            overdue=alarm.overdue,
            roles=alarm.tell,
        )


class Told(BaseModel):
    """Who has it, as far as relay or webhook say; where it could not be put a short code: `refused 550`, `no answer`.

    Who has it by one channel of two is among `accepted`, and `failed` names the other: `webhook no answer`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    accepted: tuple[PersonId, ...]
    failed: dict[PersonId, str]
    tries: int


def key_of(knocks: tuple[Knock, ...], person: Person) -> str:
    """The alarms' keys and the person, as SHA-256 in hex: the same for every copy, and it tells nothing."""
    keys = sorted([knock.reference, knock.duty, knock.generation, knock.rung] for knock in knocks)
    return sha256(json.dumps([part for key in keys for part in key] + [person.id]).encode()).hexdigest()


def in_order(knocks: tuple[Knock, ...]) -> list[Knock]:
    """The most urgent and earliest first; those of one duty as they rang."""

    def place(knock: Knock) -> tuple[Any, ...]:
        rang = knock.generation, knock.round, knock.rung
        return knock.urgency.rank, knock.due is None, knock.due, knock.reference, knock.duty, *rang

    return sorted(knocks, key=place)
