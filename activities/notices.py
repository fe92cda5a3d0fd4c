"""Entries of the ledger that are no deed of a request: what the service did for it, or told of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic import BaseModel

from comity.home import Home
from comity.keys.request_keys import SERVICE, KeyClass
from comity.ledger.leaf import Entry, Kind
from comity.request.lifecycle import Role
from comity.request.model import canonical


@dataclass(frozen=True)
class By:
    """Whose doing it was, and when."""

    person: str = "system"
    role: Role = Role.SYSTEM
    at: datetime | None = None


THE_SERVICE: Final = By()


def notice(
    home: Home, owner: str, told: BaseModel, *, act: str, name: str, by: By = THE_SERVICE, status: str = ""
) -> Entry:
    """The entry about a request or a piece of post, "" for the service itself; `name`: its id there.

    What was told is sealed under the record key of the owner. Raises KeyGone.
    """
    return Entry(
        kind=Kind.NOTICE,
        reference=owner,
        id=name,
        act=act,
        status=status,
        role=by.role,
        person=by.person,
        at=by.at or datetime.now(UTC),
        body=home.keys.seal(owner or SERVICE, KeyClass.RECORD, canonical(told), f"{Kind.NOTICE} {name}"),
    )
