"""A thing becomes an exhibit: what cannot be streamed is described, sealed by its description, and has custody.

The seal is over the description, since every exhibit has one: who registered the thing cannot describe it otherwise
later. What its bytes are, where it holds any, is another exhibit that was copied from it.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from comity.errors import Objection, Refused, Unreadable
from comity.faults import worded
from comity.request.lifecycle import Status
from comity.request.model import Digest, canonical
from desk.counter import Counter
from desk.entering import Entered, Said, composed, entered, is_printable, refuse_stranger, said_as
from desk.sealing import Handed, sealed_once
from desk.typed import found


class Item(BaseModel):
    """What a thing is, as it is sealed: its canonical form is the bytes of its exhibit.

    `sha256`: of an object that is held elsewhere and is known here by hash and description only; `held_by` whom, under
    which number (`held_as`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = Field(min_length=1, max_length=2000)
    make: str | None = Field(default=None, min_length=1, max_length=200)
    model: str | None = Field(default=None, min_length=1, max_length=200)
    serial: str | None = Field(default=None, min_length=1, max_length=200)
    sha256: Digest | None = None
    held_by: str | None = Field(default=None, min_length=1, max_length=200)
    held_as: str | None = Field(default=None, min_length=1, max_length=200)


@dataclass(frozen=True)
class Collected:
    """A thing to be registered for a request: what it is, and what its first entry says (`Said.more`).

    `exhibit`: its id, so that it is registered once however often it is said; None: a new one.
    """

    reference: str
    described: Mapping[str, str | None]
    reason: str
    exhibit: str | None = None
    role: str | None = None
    happened: datetime | None = None
    more: Mapping[str, str | None] = field(default_factory=dict)


class Tried(BaseModel):
    """What the ledger keeps of a thing that was not taken in."""

    act: str = "register a thing"
    person: str
    reason: str


def register(counter: Counter, person: str, thing: Collected) -> Entered:
    """Seal the description of a thing as an exhibit and enter that it was collected. Said again by its id, it stands.

    Raises NotFound, NotYours, Unreadable, Objection for a closed request or a parent that is none of its exhibits,
    DeedReused when another thing has that id. A refusal is entered as an attempt.
    """
    reference = ""
    try:
        reference = counter.request(found(counter.home, thing.reference)).reference
        return _registered(counter, person, replace(thing, reference=reference))
    except Refused as refusal:
        counter.enter_attempt(reference, Tried(person=person, reason=thing.reason), refusal)
        raise


def _registered(counter: Counter, person: str, thing: Collected) -> Entered:
    home, exhibit, item = counter.home, said_as(thing.exhibit), _described(thing.described)
    said = Said(exhibit, _ACTION, thing.reason, thing.role, thing.happened, name=exhibit, more=thing.more)
    if counter.request(thing.reference).status == Status.CLOSED:
        raise Objection("this request is closed: nothing more is collected for it, unless it is reopened")
    entry = composed(counter, thing.reference, person, said)
    refuse_stranger(home, thing.reference, entry)
    handed = Handed(thing.reference, exhibit, item.description, person, entry.role, _WHY_SEALED, item=True)
    sealed_once(home, handed, io.BytesIO(canonical(item)))
    return entered(home, thing.reference, entry, said)


_ACTION = "collected"
_WHY_SEALED = "the description of a thing, by which it is known again"


def _described(told: Mapping[str, str | None]) -> Item:
    plain = {name: text for name, text in told.items() if text is not None}
    if not all(map(is_printable, plain.values())):
        raise Unreadable("the description has characters that no page can show; write it without, on one line")
    try:
        return Item.model_validate(plain)
    except ValidationError as error:
        faults = "; ".join(_fault(str(each["loc"][0]), worded(each, Item)) for each in error.errors())
        raise Unreadable(f"the thing is not described: {faults}") from None


def _fault(field: str, said: str) -> str:
    """As the options of `evidence item` and `evidence elsewhere` are called."""
    if field == "sha256":
        return "--hash: a SHA-256 is 64 digits, 0 to 9 and a to f"
    return f"--{field.replace('_', '-')}: {said}"
