"""The people of the authority: people.toml in COMITY_HOME, who holds which role and where to reach them.

[people.anna]                     # an opaque id: it stands in the ledger for ever, so no name
roles = ["coordinator"]
unit = "north"                    # custody names it as the organisation of whoever executes
time_zone = "Europe/Berlin"
mail = "a@authority.example"
webhook = "https://pager.authority.example/anna"   # may be left out: told beside mail (webhook-secrets.toml)
deputies = ["bert"]               # may be left out
delegations = [{ role = "decider", by = "carla", since = 2026-12-01, until = 2026-12-14 }]   # may be left out
os_user = "anna"                  # may be left out: whose commands on this machine are theirs
"""

import re
import tomllib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from comity.errors import NotFound, NotYours, Unreadable
from comity.faults import faults_of
from comity.request.lifecycle import OUTSIDE, Role
from comity.request.model import PersonId
from comity.watched import Watched

_ENTERS_FOR_OTHERS = frozenset({Role.COORDINATOR, Role.DUTY_OFFICER})
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
_ADDRESS = re.compile(r"[!-?A-~]+@[!-?A-~]+")
_OF_NO_PERSON = frozenset({Role.CLOCK, Role.SYSTEM})


def _held_by_a_person(role: Role) -> Role:
    if role in _OF_NO_PERSON:
        raise ValueError(f"no person holds the role '{role}'")
    return role


@cache
def _zones() -> frozenset[str]:
    """All time zones, looked for once: it takes longer than to read the file of a large authority."""
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("no such time zone; write it like Europe/Berlin")
    return name


def _plain_address(mail: str) -> str:
    if not _ADDRESS.fullmatch(mail):
        raise ValueError("not one plain mail address; write it without a name")
    return mail


def _safe_url(url: str) -> str:
    """What is told says which request is urgent: it travels encrypted, but on this machine itself."""
    parts = urlsplit(url)
    here = parts.scheme == "http" and parts.hostname in _THIS_MACHINE
    if not parts.hostname or parts.username or not (parts.scheme == "https" or here):
        raise ValueError("write an https:// address without a name or password in it")
    return url


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Delegation(_Entry):
    """A role of somebody else's for a time: from the beginning of one day to the end of another, in their time zone."""

    role: Annotated[Role, AfterValidator(_held_by_a_person)]
    by: PersonId
    since: date
    until: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until < self.since:
            raise ValueError(f"it ends on {self.until}, before it begins on {self.since}")
        return self


class Person(_Entry):
    """One table of the file. `mail` is one plain address; `deputies` are ids of other tables."""

    id: PersonId
    roles: tuple[Annotated[Role, AfterValidator(_held_by_a_person)], ...] = Field(min_length=1)
    unit: str = Field(min_length=1, max_length=200)
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    mail: Annotated[str, AfterValidator(_plain_address)]
    webhook: Annotated[str, AfterValidator(_safe_url)] | None = None
    deputies: tuple[PersonId, ...] = ()
    delegations: tuple[Delegation, ...] = ()
    os_user: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that their letters are dated in."""
        return ZoneInfo(self.time_zone)

    def held(self, at: datetime) -> tuple[Role, ...]:
        """The roles that they hold at an instant: their own, then those delegated to them."""
        day = at.astimezone(self.zone).date()
        given = (each.role for each in self.delegations if each.since <= day <= each.until)
        return tuple(dict.fromkeys((*self.roles, *given)))


class _File(_Entry):
    people: dict[str, Person]

    @model_validator(mode="before")
    @classmethod
    def _named(cls, file: dict[str, object]) -> dict[str, object]:
        """Each table's name is the id of its person."""
        tables = file.get("people")
        if not isinstance(tables, dict):
            return file
        named = {id_: {"id": id_, **table} if isinstance(table, dict) else table for id_, table in tables.items()}
        return {**file, "people": named}

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        users = Counter(person.os_user for person in self.people.values() if person.os_user)
        if max(users.values(), default=1) > 1:
            raise ValueError("two people have the same os_user; an account on this machine is one person's")
        deputies = {deputy for person in self.people.values() for deputy in person.deputies}
        if unknown := sorted(deputies - self.people.keys()):
            raise ValueError(f"no table for these deputies: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _delegated_by_who_holds_it(self) -> Self:
        given = [(person.id, each) for person in self.people.values() for each in person.delegations]
        for person, each in given:
            giver = self.people.get(each.by)
            if giver is None or each.role not in giver.roles or giver.id == person:
                raise ValueError(f"{person}: '{each.role}' is not {each.by}'s to delegate to them")
        return self


def _now() -> datetime:
    return datetime.now(UTC)


class People:
    """All people, as the file says at this moment: it is read again when it has changed."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = _now) -> None:
        self._path = path
        self._clock = clock
        self._file = Watched[dict[str, Person]](path, _read, {})

    @classmethod
    def load(cls, path: Path) -> Self:
        """The people in that file. Raises Unreadable with the path of each faulty field, one a line."""
        people = cls(path)
        people._file.now()
        return people

    def of(self, id_: str) -> Person:
        """The person of that id. Raises NotYours, Unreadable."""
        people = self._file.now()
        if id_ not in people:
            raise NotYours(f"{id_} is not known here; the people of this authority stand in {self._path.name}")
        return people[id_]

    def of_os_user(self, name: str) -> Person:
        """The person whose account on this machine that is. Raises NotYours, Unreadable."""
        for person in self._file.now().values():
            if person.os_user == name:
                return person
        raise NotYours(f"this account is no person's; name it as os_user of one in {self._path.name}, or say --as ID")

    def holding(self, role: Role) -> tuple[Person, ...]:
        """Who holds that role, in the order of the file.

        An alarm must reach somebody: while the file cannot be read, the people of its last readable state are told.
        """
        now = self._clock()
        return tuple(person for person in self._last_readable().values() if role in person.held(now))

    def roles_of(self, id_: str) -> tuple[Role, ...]:
        """The roles that a person holds at this moment, delegated ones last. Raises NotYours, Unreadable."""
        return self.of(id_).held(self._clock())

    def all(self) -> tuple[Person, ...]:
        """Everybody, in the order of the file. Raises Unreadable."""
        return tuple(self._file.now().values())

    def deputies_of(self, person: Person) -> tuple[Person, ...]:
        """Who stands in for that person, in the order that the person's table gives; read as `holding` is."""
        people = self._last_readable()
        return tuple(people[deputy] for deputy in person.deputies if deputy in people)

    def of_unit(self, name: str) -> tuple[Person, ...]:
        """The people of a unit, in the order of the file. Raises NotFound, naming the units that there are."""
        people = self._file.now().values()
        found = tuple(person for person in people if person.unit == name)
        if not found:
            units = ", ".join(sorted({person.unit for person in people}))
            raise NotFound(f"nobody is of that unit; {self._path.name} has: {units}")
        return found

    def may_act(self, id_: str, role: Role, *, on_behalf: bool) -> None:
        """Raises NotYours unless they hold the role, or enter the act of somebody outside on their behalf.

        Raises Unreadable when the file cannot be read.
        """
        held = self.roles_of(id_)
        if role in held:
            return
        if on_behalf and role in OUTSIDE and _ENTERS_FOR_OTHERS.intersection(held):
            return
        raise NotYours(f"{id_} does not hold the role '{role}'; held: {', '.join(held)}{_hint(frozenset({role}))}")

    def none_of(self, id_: str, able: frozenset[Role]) -> NotYours:
        """The error for somebody who holds none of the roles that may do an act."""
        held, may = ", ".join(self.roles_of(id_)), ", ".join(sorted(able))
        return NotYours(f"{id_} does not hold a role that may do this ({may}); held: {held}{_hint(able)}")

    def in_hand(self, id_: str, role: Role) -> Role:
        """The role in which somebody has the paper of an act in hand who `may_act`: of another's act, their own.

        Raises NotYours, Unreadable.
        """
        held = self.roles_of(id_)
        if role in held:
            return role
        return next((own for own in held if own in _ENTERS_FOR_OTHERS), role)

    def _last_readable(self) -> dict[str, Person]:
        with suppress(Unreadable):
            self._file.now()
        return self._file.latest


def _hint(able: frozenset[Role]) -> str:
    theirs = sorted(able & OUTSIDE)
    if not theirs:
        return ""
    whose = " (--role says of whom)" if len(theirs) > 1 else ""
    return f"; a coordinator or duty officer may enter it on behalf of {', '.join(theirs)}{whose}, with what proves it"


def _read(path: Path) -> dict[str, Person]:
    try:
        return _File.model_validate(tomllib.loads(path.read_text())).people
    except ValidationError as error:
        raise Unreadable("\n".join(faults_of(error, _File, "people"))) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path.name}: not TOML in UTF-8: {error}") from None
