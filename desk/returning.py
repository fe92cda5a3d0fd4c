"""What was lent comes back: what is found is compared with what left, exhibit by exhibit, and enters custody."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from activities.exhibits import custody_links
from comity.errors import Objection, Unreadable
from comity.evidence import exhibits
from comity.evidence.chain import Link, in_order
from comity.evidence.custody import OUR_OFFICE, Action
from comity.faults import faults_of
from comity.ledger import log
from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Digest, Package, Particulars, Ulid
from comity.request.rules import part_of
from desk.counter import Counter
from desk.entering import MAY, Said, enter, keyed, said_as
from desk.several import do_once, foresee, id_for

RETURNS = frozenset({Role.EVIDENCE_OFFICER, Role.COORDINATOR})


class Found(BaseModel):
    """One exhibit as it came back: the numbers of its physical seals, its SHA-256 where it has bytes, its condition."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exhibit: Ulid
    seal_number: str | None = Field(default=None, min_length=1, max_length=200)
    sha256: Digest | None = None
    condition: str | None = Field(default=None, min_length=1, max_length=2000)
    damaged: bool = False


class Compared(BaseModel):
    """One exhibit that was to come back, and each way in which it is not as it left; none: it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exhibit: Ulid
    faults: tuple[str, ...]

    @property
    def line(self) -> str:
        """The same for a terminal."""
        return f"{self.exhibit}  {'; '.join(self.faults).upper() if self.faults else 'as it left'}"


MISSING = "missing"
_FOUND: TypeAdapter[tuple[Found, ...]] = TypeAdapter(tuple[Found, ...])


@dataclass(frozen=True)
class Return:
    """A package that comes back: of which request, what was found, from whom, why; `name`: to say the same again."""

    reference: str
    package: str
    found: tuple[Found, ...]
    reason: str
    handed_by: str | None = None
    name: str | None = None


class Tried(BaseModel):
    """What the ledger keeps of a return that was refused."""

    act: str = "take back"
    person: str
    package: str
    reason: str


def read(text: str) -> tuple[Found, ...]:
    """What was found, as JSON: a list of exhibits. Raises Unreadable, naming the place of each fault."""
    try:
        return _FOUND.validate_python(json.loads(text), strict=False)
    except json.JSONDecodeError as error:
        raise Unreadable(f"what was found is no JSON: line {error.lineno}, column {error.colno}") from None
    except ValidationError as error:
        raise Unreadable("\n".join(faults_of(error, Found, "exhibits"))) from None


async def take_back(counter: Counter, person: str, back: Return) -> tuple[Compared, ...]:
    """Enter that each exhibit that came is returned, and, when none is missing, that the package is.

    Returns how each compares with what left, in the order of the package. Safe to repeat under `name`. Raises NotYours,
    Unreadable, Objection for an exhibit that is none of the request's; a refusal is entered as an attempt.
    """
    tried = Tried(person=person, package=back.package, reason=back.reason)
    with counter.attempt(back.reference, tried):
        lent, name = _lent(counter, back), said_as(back.name)
        counter.role_for(person, MAY, on_behalf=False)
        compared = _compared(counter, back, lent)
    whole = not any(MISSING in each.faults for each in compared)
    deed = _deed(counter, person, (back, name), compared)
    if whole:
        foresee(counter, back.reference, (deed,))
    for found in back.found:
        enter(counter, person, _said(found, lent, back, name))
    if whole:
        await do_once(counter, back.reference, deed)
    return compared


def _lent(counter: Counter, back: Return) -> Package:
    lent = part_of(counter.request(back.reference), back.package)
    if not isinstance(lent, Package):
        raise Objection("name the package that was lent: P1")
    with counter.home.store.reading() as view:
        known = {each.exhibit for each in exhibits.of_request(view, back.reference)}
    if {found.exhibit for found in back.found} - known:
        raise Objection(f"not all of these are exhibits of this request: `comity evidence custody {back.reference}`")
    return lent


def _compared(counter: Counter, back: Return, lent: Package) -> tuple[Compared, ...]:
    """What the package held and has not come back before, and what came besides (a thing travels in no package)."""
    found = {each.exhibit: each for each in back.found}
    hashes = {exhibit.id: exhibit.sha256 for exhibit in lent.exhibits}
    links = _links_before(counter, back)
    numbers, here = _numbers(links), _back_already(links)
    wanted = dict.fromkeys((*(exhibit for exhibit in hashes if exhibit not in here), *found))
    if not wanted:
        raise Objection(f"all that {back.package} held is back already, and nothing else is named")
    return tuple(
        Compared(exhibit=each, faults=tuple(_faults(found.get(each), hashes.get(each), numbers.get(each))))
        for each in wanted
    )


def _faults(found: Found | None, sha256: str | None, number: str | None) -> Iterator[str]:
    if found is None:
        yield MISSING
        return
    if number and found.seal_number is None:
        yield "no physical seal was found where one had left"
    elif number and found.seal_number and _plain(number) != _plain(found.seal_number):
        yield "another physical seal than had left"
    if sha256 and found.sha256 and sha256 != found.sha256:
        yield "another SHA-256 than had left"
    if found.damaged:
        yield "damaged"


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _entered_as(back: Return) -> frozenset[str]:
    """The ids of what this return enters: said again, it is compared with what left, not with itself."""
    return frozenset(id_for(back.name, found.exhibit) for found in back.found) if back.name else frozenset()


def _links_before(counter: Counter, back: Return) -> Sequence[Link]:
    """The custody of the request, in order, without what this return itself has entered."""
    mine = {_index(counter, back.reference, name) for name in _entered_as(back)}
    return in_order([link for link in custody_links(counter.home, back.reference) if link.index not in mine])


def _back_already(links: Iterable[Link]) -> frozenset[str]:
    """What came back and has not left since: what is lent a second time is owed a second time."""
    here = set[str]()
    for custody in (link.custody for link in links):
        if custody.action == Action.RETURNED and custody.handed_to == OUR_OFFICE:
            here.add(custody.exhibit)
        elif custody.action == Action.RELEASED:
            here.discard(custody.exhibit)
    return frozenset(here)


def _numbers(links: Iterable[Link]) -> Mapping[str, str]:
    """The numbers of the physical seals with which each exhibit was last left."""
    left: dict[str, str] = {}
    for link in links:
        number = link.custody.seal_number_after or link.custody.seal_number_before
        left |= {link.custody.exhibit: number} if number else {}
    return left


def _index(counter: Counter, reference: str, name: str) -> int | None:
    with counter.home.store.reading() as view:
        return log.index_of(view, reference, keyed(name))


def _said(found: Found, lent: Package, back: Return, name: str) -> Said:
    more = {
        "handed_by": back.handed_by or lent.recipient, "handed_to": OUR_OFFICE, "condition": found.condition,
        "seal_number_before": found.seal_number, "hash_before": found.sha256,
    }  # fmt: skip
    return Said(found.exhibit, Action.RETURNED, back.reason, name=id_for(name, found.exhibit), more=more)


def _deed(counter: Counter, person: str, said: tuple[Return, str], compared: Sequence[Compared]) -> Deed:
    back, name = said
    differs = [each.line for each in compared if each.faults]
    return Deed(
        id=name,
        act=Act.RECEIVE_RETURN,
        part=back.package,
        person=person,
        role=counter.role_for(person, RETURNS, on_behalf=False),
        expected=part_of(counter.request(back.reference), back.package).revision,
        particulars=Particulars(words="\n".join(differs) or "all as it left", reason=back.reason),
    )
