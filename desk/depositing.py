"""What investigators hand in becomes evidence of a measure: file by file sealed, then told to its request.

Said again after it broke off, it goes on where it stopped: what stands sealed for the same measure, under the same name
and with the same bytes, is not sealed again, and is told to its request where that had not happened.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pydantic import BaseModel
from ulid import ULID

from activities.exhibits import Particulars, opened_seal, particulars_of
from comity.errors import ComityError, Refused, Unreachable
from comity.evidence import exhibits, foreign_bag, intake
from comity.evidence.intake import MOST_FILES, Found
from comity.evidence.seal import Seal
from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Deposit, Exhibit, Request, canonical
from comity.request.rules import check
from desk import sealing
from desk.counter import Counter
from desk.marking import mark


@dataclass(frozen=True)
class Intake:
    """A file, a folder or a bag handed in for a measure of a request, by a person in a role.

    `never_open`: each file of it is marked as never to be opened (`comity evidence mark`).
    """

    path: Path
    reference: str
    measure: str
    person: str
    role: Role
    never_open: bool = False


@dataclass(frozen=True)
class _Handed:
    """One file of it, that was looked at, and the exhibit that it becomes, by a deed of the same id."""

    intake: Intake
    file: Found
    exhibit: str


class Taken(BaseModel):
    """What became of the file of that place in sorted order: its seal, and whether it stood there already."""

    file: int
    of: int
    seal: Seal
    stood: bool


class Tried(BaseModel):
    """A deposit that was refused before it was a deed, for the ledger; `exhibit` where the file had an id by then."""

    act: Act = Act.DEPOSIT
    part: str
    person: str
    role: Role
    exhibit: str | None = None


@dataclass(frozen=True)
class _Standing:
    """What stands sealed of a file, and whether its request was told."""

    seal: Seal
    told: bool


def unwatched(_done: int, _of: int) -> None:
    """Nobody asked how far it is."""


async def take_in(counter: Counter, handed: Intake, progress: Callable[[int, int], None]) -> list[Taken]:
    """Seal every file of what is handed in as an exhibit, and enter each in its request, in sorted order.

    All of it is looked at before the first byte is sealed; a bag is compared with its manifests, too. `progress` hears
    the bytes done, and of how many. Raises NotFound and Refused, after entering the attempt, and Unreachable; whatever
    it was that broke it off, the same may be said again.
    """
    with _entered(counter, handed):
        pairs = _looked_at(counter, handed)
    total, done, taken = sum(file.size for file, _ in pairs), 0, list[Taken]()
    for file, standing in pairs:
        with _how_far(file):
            seal = await _taken(counter, handed, (file, standing), partial(_further, progress, total, done))
        done += file.size
        taken.append(Taken(file=file.number, of=file.of, seal=seal, stood=standing is not None))
    return taken


def told(taken: Sequence[Taken]) -> Iterator[str]:
    """What became of each file, a line each; of many, their number at the end. No line names a file."""
    for each in taken:
        place = f"file {each.file} of {each.of}: " if each.of > 1 else ""
        seal, how = each.seal, "stood sealed already" if each.stood else "sealed"
        yield f"{place}{how}: exhibit {seal.exhibit}, {seal.size} bytes, SHA-256 {seal.sha256}"
    stood = sum(each.stood for each in taken)
    if len(taken) > 1:
        yield f"{len(taken) - stood} sealed, {stood} stood sealed already; files are counted in sorted order"


@contextmanager
def _entered(counter: Counter, handed: Intake, exhibit: str | None = None) -> Iterator[None]:
    """What is refused within is entered in the ledger as an attempt."""
    tried = Tried(part=handed.measure, person=handed.person, role=handed.role, exhibit=exhibit)
    with counter.attempt(handed.reference, tried):
        yield


def _looked_at(counter: Counter, handed: Intake) -> list[tuple[Found, _Standing | None]]:
    """Each file, and what stands sealed of it already."""
    request = _may(counter, handed)
    files = intake.look(handed.path)
    if foreign_bag.is_bag(files):
        files = foreign_bag.compared(handed.path, files)
    standing = _standing(counter, request, handed.measure)
    pairs = [(file, _same(file, standing.get(Particulars.of(file.name, handed.measure), ()))) for file in files]
    held = len(request.exhibits) + sum(known is None or not known.told for _, known in pairs)
    if held > MOST_FILES:
        raise Refused(
            f"the request would hold {held} exhibits, and {MOST_FILES} are the most; nothing was sealed: put the"
            " folder into one archive, as it is, and deposit that file"
        )
    return pairs


def _may(counter: Counter, handed: Intake) -> Request:
    """The request, once it is seen that it takes a deposit from this person."""
    counter.people.may_act(handed.person, handed.role, on_behalf=False)
    request = counter.request(handed.reference)
    nothing = Exhibit(id=str(ULID()), sha256="0" * 64, size=0)
    check(request, _deed_of(handed, nothing), datetime.now(UTC))
    return request


def _standing(counter: Counter, request: Request, measure: str) -> dict[Particulars, list[_Standing]]:
    """What stands sealed for the measure, by its particulars; what its request was told of comes first."""
    told = {exhibit.id for exhibit in request.exhibits}
    with counter.home.store.reading() as view:
        sealed = exhibits.of_request(view, request.reference)
    by_name: dict[Particulars, list[_Standing]] = {}
    for each in sorted(sealed, key=lambda one: one.exhibit not in told):
        known = particulars_of(counter.home, each)
        if known.measure == measure:
            standing = _Standing(opened_seal(counter.home, each), told=each.exhibit in told)
            by_name.setdefault(known.model_copy(update={"never_open": False}), []).append(standing)
    return by_name


def _same(file: Found, standing: Sequence[_Standing]) -> _Standing | None:
    """The one with the file's own size and hash."""
    alike = [each for each in standing if each.seal.size == file.size]
    if not alike:
        return None
    digest = file.sha256 or _sha256(file)
    return next((each for each in alike if each.seal.sha256 == digest), None)


def _sha256(file: Found) -> str:
    with intake.opened(file) as source:
        return sealing.sha256_of(source)


@contextmanager
def _how_far(file: Found) -> Iterator[None]:
    """An error says how much was done before it, and that the same may be said again."""
    try:
        yield
    except Unreachable as error:
        raise Unreachable(
            f"the service did not answer in time; {file.number - 1} of {file.of} files are sealed and told of:"
            " deposit the same again, it goes on there"
        ) from error
    except ComityError as error:
        if file.number == 1:
            raise
        raise type(error)(
            f"{error}; {file.number - 1} of {file.of} files were sealed before: deposit the same again, and it goes on"
        ) from error


async def _taken(
    counter: Counter, handed: Intake, pair: tuple[Found, _Standing | None], progress: Callable[[int], None]
) -> Seal:
    file, standing = pair
    if standing is None:
        return await _deposit(counter, _Handed(handed, file, _exhibit(counter, handed, file)), progress)
    if handed.never_open:
        mark(counter, handed.person, standing.seal.exhibit, "deposited again with that mark")
    if not standing.told:
        await counter.act(handed.reference, _deed(handed, standing.seal))
    progress(file.size)
    return standing.seal


def _exhibit(counter: Counter, handed: Intake, file: Found) -> str:
    """An id that the same file of the same measure is given again, so that a deposit which broke off goes on.

    Once something is sealed under it, what else is handed in under that name is another exhibit.
    """
    known = canonical(Particulars.of(file.name, handed.measure)).decode()
    index = counter.home.keys.index("\n".join(("exhibit", handed.reference, known)))
    again = str(ULID.from_bytes(bytes.fromhex(index)[:16]))
    return str(ULID()) if counter.home.vault.holds(again) else again


async def _deposit(counter: Counter, handed: _Handed, progress: Callable[[int], None]) -> Seal:
    """The act is checked before the first byte is read. What breaks off leaves no exhibit, and goes on when said again.

    When this process dies after sealing, the exhibit and its custody stay, though its request never heard.
    """
    with _entered(counter, handed.intake, handed.exhibit):
        _may(counter, handed.intake)
        with intake.opened(handed.file) as source:
            seal = sealing.seal_in(counter.home, _sealed_as(counter, handed), source, progress)
    await counter.act(handed.intake.reference, _deed(handed.intake, seal))
    return seal


def _further(progress: Callable[[int, int], None], total: int, before: int, now: int) -> None:
    progress(before + now, total)


def _sealed_as(counter: Counter, handed: _Handed) -> sealing.Handed:
    by, file = handed.intake, handed.file
    office = counter.organisation_of(by.person, by.role)
    which = f", {file.where}" if file.of > 1 else ""
    reason = f"deposited for {by.measure}{which}"
    return sealing.Handed(
        by.reference, handed.exhibit, file.name, by.person, by.role, reason, by.measure,
        never_open=by.never_open, organisation=office,
    )  # fmt: skip


def _deed(handed: Intake, seal: Seal) -> Deed:
    return _deed_of(handed, Exhibit(id=seal.exhibit, sha256=seal.sha256, size=seal.size))


def _deed_of(handed: Intake, exhibit: Exhibit) -> Deed:
    return Deed(
        id=exhibit.id,
        act=Act.DEPOSIT,
        part=handed.measure,
        person=handed.person,
        role=handed.role,
        particulars=Deposit(exhibit=exhibit),
    )
