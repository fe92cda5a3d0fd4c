"""What whoever approves a release looks at first: a line for each check, with what is on record of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

from pydantic import BaseModel, ConfigDict

from activities.exhibits import Particulars, particulars_of
from comity.errors import KeyGone, NotFound, Unreadable
from comity.evidence import exhibits, recipient
from comity.home import Home
from comity.request.letter import Letter
from comity.request.lifecycle import Status
from comity.request.model import BY_MACHINE, Measure, Package, Request, TaskIs
from comity.request.rules import part_of
from desk.opening import letter_of


class Stands(StrEnum):
    """What the record says of a check; where it says nothing, a person looks."""

    HOLDS = "holds"
    LOOK = "look"
    NOT = "NOT"


class Check(BaseModel):
    """One check: what is looked at, how it stands, and what is on record of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    stands: Stands
    said: str

    @property
    def line(self) -> str:
        """The same for a terminal."""
        return f"{self.stands:<6} {self.what}: {self.said}"


def checks(home: Home, request: Request, name: str) -> tuple[Check, ...]:
    """All checks of a package, in the order in which they are made. Raises NotFound for what is no package."""
    package = part_of(request, name)
    if not isinstance(package, Package):
        raise NotFound(f"{name} is no package; name one like P1")
    known = {exhibit.id: _known(home, exhibit.id) for exhibit in package.exhibits}
    named = {each.measure for each in known.values()}
    measures = [measure for measure in request.measures if measure.id in named]
    return (
        *_scope(known, measures),
        _conditions(measures),
        _privilege(request, package),
        _remedies(measures),
        *_of_the_letter(home, request),
        *(_task(request, kind) for kind in (TaskIs.TRANSLATION, TaskIs.CERTIFICATION)),
        _never_opened(known),
        _return(package),
        *_key(home, package),
        _digest(package),
    )


def _digest(package: Package) -> Check:
    """What the approval names, so that nothing is approved but what was looked at."""
    return Check(
        what="content", stands=Stands.LOOK, said=f"what was looked at is approved by its digest, {package.content[:12]}"
    )


def _known(home: Home, exhibit: str) -> Particulars:
    with home.store.reading() as view:
        return particulars_of(home, exhibits.find(view, exhibit))


_GRANTED = frozenset({Status.STARTED, Status.IN_FORCE, Status.DONE, Status.PARTLY_DONE})


def _scope(known: dict[str, Particulars], measures: list[Measure]) -> Iterator[Check]:
    """That each exhibit was obtained by a measure that was granted; whether it goes beyond it, a person sees."""
    nowhere = [exhibit for exhibit, each in known.items() if each.measure is None]
    beyond = [measure.id for measure in measures if not measure.granted or measure.status not in _GRANTED]
    if nowhere or beyond:
        faults = [f"{exhibit} was obtained by no measure" for exhibit in nowhere]
        faults += [f"{part} is not granted and executed" for part in beyond]
        yield Check(what="scope", stands=Stands.NOT, said="; ".join(faults))
    else:
        parts = ", ".join(f"{measure.id} {measure.kind} ({measure.status})" for measure in measures)
        yield Check(what="scope", stands=Stands.HOLDS, said=f"obtained by what was granted: {parts}")
    yield Check(
        what="nothing beyond it",
        stands=Stands.LOOK,
        said=f"that they hold no more than was granted (persons, accounts, dates); exhibits: {len(known)}",
    )


def _conditions(measures: list[Measure]) -> Check:
    told = [f"{measure.id}: {text}" for measure in measures for text in measure.conditions]
    if told:
        return Check(what="conditions", stands=Stands.LOOK, said=f"they travel inside: {'; '.join(told)}")
    return Check(what="conditions", stands=Stands.HOLDS, said="none was set")


def _privilege(request: Request, package: Package) -> Check:
    inside = {exhibit.id for exhibit in package.exhibits}
    claimed = [each for each in request.privileges if each.exhibit in inside and each.upheld is not False]
    if claimed:
        said = f"claimed, and not denied by a court: {', '.join(each.exhibit for each in claimed)}"
        return Check(what="privilege", stands=Stands.NOT, said=said)
    return Check(what="privilege", stands=Stands.HOLDS, said="claimed for none of them, or denied by a court")


def _remedies(measures: list[Measure]) -> Check:
    now = datetime.now(UTC)
    pending = [measure.id for measure in measures if measure.remedies or measure.remedy_upheld]
    open_yet = [measure.id for measure in measures if measure.remedy_until and measure.remedy_until > now]
    if pending:
        return Check(what="remedies", stands=Stands.NOT, said=f"sought, or upheld, against {', '.join(pending)}")
    if open_yet:
        return Check(what="remedies", stands=Stands.NOT, said=f"may still be sought against {', '.join(open_yet)}")
    return Check(what="remedies", stands=Stands.HOLDS, said="none is pending, and no period runs")


def _of_the_letter(home: Home, request: Request) -> Iterator[Check]:
    try:
        letter = letter_of(home, request.reference)
    except KeyGone:
        yield Check(what="the letter", stands=Stands.LOOK, said="its keys are destroyed; look at the file")
        return
    yield _formalities(letter)
    protected = [person.token for person in letter.persons if person.protected and person.token]
    said = f"that no exhibit names who stands for {', '.join(protected)}" if protected else "none stands in the letter"
    yield Check(what="protected persons", stands=Stands.LOOK if protected else Stands.HOLDS, said=said)


def _formalities(letter: Letter) -> Check:
    asked = letter.procedure.to_follow if letter.procedure else None
    if asked:
        return Check(what="formalities", stands=Stands.LOOK, said=f"asked for: {asked}")
    return Check(what="formalities", stands=Stands.HOLDS, said="none was asked for (oath, certificate, apostille)")


def _task(request: Request, kind: TaskIs) -> Check:
    tasks = [task for task in request.tasks if task.what == kind]
    undone = [task.name for task in tasks if not task.done]
    if undone:
        return Check(what=kind, stands=Stands.NOT, said=f"not done: {', '.join(undone)}")
    if tasks:
        return Check(what=kind, stands=Stands.HOLDS, said=f"done: {', '.join(task.name for task in tasks)}")
    return Check(what=kind, stands=Stands.LOOK, said="no such task was set")


def _never_opened(known: dict[str, Particulars]) -> Check:
    marked = [exhibit for exhibit, each in known.items() if each.never_open]
    said = f"by their descriptions alone: {', '.join(marked)}" if marked else "none is marked so"
    return Check(what="never opened", stands=Stands.LOOK if marked else Stands.HOLDS, said=said)


def _return(package: Package) -> Check:
    if package.return_by:
        said = f"originals are to be back by {package.return_by:%Y-%m-%d}"
        return Check(what="return", stands=Stands.HOLDS, said=said)
    return Check(what="return", stands=Stands.LOOK, said="no date; say return_by in the draft, if originals leave")


def _key(home: Home, package: Package) -> Iterator[Check]:
    """To whose key it is closed, by what people compare; what a person carries is closed to none."""
    if package.channel not in BY_MACHINE:
        return
    try:
        key = home.recipient_key(package.recipient)
        recipient.check(key, datetime.now(UTC))
    except NotFound:
        yield Check(what="recipient's key", stands=Stands.NOT, said="it is not here any more")
        return
    except Unreadable as error:
        yield Check(what="recipient's key", stands=Stands.NOT, said=str(error))
        return
    digest = sha256(key.encode()).hexdigest()
    if package.key not in (None, digest):
        yield Check(what="recipient's key", stands=Stands.NOT, said="another one stands here than when it was drafted")
    else:
        said = f"compare with {package.recipient} by another way: SHA-256 {digest[:16]}…"
        yield Check(what="recipient's key", stands=Stands.LOOK, said=said)
