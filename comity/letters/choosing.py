"""Which letter is meant: what was asked for is checked against the table, and what was left out is filled in."""

from datetime import datetime

from pydantic import AwareDatetime

from comity.errors import Objection, Unreadable
from comity.letters.done import Done
from comity.letters.kinds import KindOfLetter, kind_named
from comity.request.lifecycle import Kind, Role
from comity.request.model import At, Measure, Package, Part, Question, Record, Request, Token, kind_of
from comity.request.rules import ALONE_AT_NIGHT, AnyPart, part_of, parts_of

SomePart = Measure | Package | Question


class Wanted(Record):
    """A letter that is to be written: its kind, to whom, about which parts, until when, and when it is written."""

    kind: Token
    written: AwareDatetime
    to: Role | None = None
    about: tuple[Part, ...] = ()
    until: At | None = None


class Meant(Wanted):
    """The same, with its recipient and its parts settled."""

    to: Role


def settled(request: Request, wanted: Wanted, done: Done) -> Meant:
    """The letter with its recipient and its parts: those named, else all that the table says it speaks of.

    Raises NotFound for a kind or part that is not there, Unreadable for a date or a part that is missing or has no
    place in it, and Objection for a recipient or a part that it is not for.
    """
    kind = kind_named(wanted.kind)
    _check_date(kind, wanted)
    more = {"to": _recipient(kind, wanted.to), "until": wanted.until or _due(request, kind)}
    letter = Meant.model_validate(wanted.model_dump() | more)
    about = _named(request, letter, done) if letter.about else _all(request, letter, done)
    return letter.model_copy(update={"about": about})


def _check_date(kind: KindOfLetter, wanted: Wanted) -> None:
    if kind.until == "needed" and wanted.until is None:
        raise Unreadable(f"'{kind.id}' needs a date: give it with --until")
    if kind.until == "none" and wanted.until is not None:
        raise Unreadable(f"'{kind.id}' has no date in it: leave --until out")


def _due(request: Request, kind: KindOfLetter) -> datetime | None:
    return next((owed.due for owed in request.duties if owed.key == f"request/{kind.due}"), None)


def _recipient(kind: KindOfLetter, to: Role | None) -> Role:
    if to is not None and to not in kind.to:
        raise Objection(f"'{kind.id}' does not go to the {to}; it goes to: {', '.join(kind.to)}")
    return to or kind.to[0]


def _named(request: Request, letter: Meant, done: Done) -> tuple[str, ...]:
    """The parts that were named, once each. Raises what stands against one of them."""
    for name in letter.about:
        objection = _objection(letter, part_of(request, name), done)
        if objection:
            raise Objection(f"'{letter.kind}' cannot speak of {name}: {objection}")
    return tuple(dict.fromkeys(letter.about))


def _all(request: Request, letter: Meant, done: Done) -> tuple[str, ...]:
    """All parts that it is for. Raises Unreadable where a person must name them, Objection where there are none."""
    kind = kind_named(letter.kind)
    if kind.named:
        raise Unreadable(f"'{kind.id}' must be told which parts it is about: give --about M1")
    ready = [part for part in parts_of(request) if _objection(letter, part, done) is None]
    meant = ready if Kind.REQUEST in kind.about else _news(kind, ready)
    if not meant and Kind.REQUEST not in kind.about:
        raise Objection(f"nothing in this request is ready for '{kind.id}': it speaks of {_speaks_of(kind)}")
    return tuple(part.id for part in meant)


def _news(kind: KindOfLetter, ready: list[SomePart]) -> list[SomePart]:
    """Of what is ready, what is not told yet; where all is told, all of it again.

    What leaves tells how those measures ended that it was obtained by, and of no others.
    """
    if not kind.tells_outcome:
        return ready
    carried = {exhibit.measure for part in ready if isinstance(part, Package) for exhibit in part.exhibits}
    ours = [part for part in ready if Kind.PACKAGE not in kind.about or isinstance(part, Package) or part.id in carried]
    return [part for part in ours if not (isinstance(part, Measure) and part.told)] or ours


# --- what stands against a part ---------------------------------------------------------------------------------------


def _objection(letter: Meant, part: AnyPart, done: Done) -> str | None:
    """Why a letter cannot speak of a part; None when it can."""
    kind = kind_named(letter.kind)
    if isinstance(part, Request):
        return None if Kind.REQUEST in kind.about else f"it speaks of {_speaks_of(kind)}"
    if kind_of(part.id) not in kind.about or (kind.standing and part.status not in kind.standing):
        return f"it is '{part.status}'; it speaks of {_speaks_of(kind)}"
    if kind.after and not any((part.id, act) in done.acts for act in kind.after):
        return f"nobody has done that: {' or '.join(kind.after)}"
    if isinstance(part, Question):
        return None if part.to == letter.to else f"it was asked of the {part.to}: give --to"
    return _objection_to_measure(kind, part, done) if isinstance(part, Measure) else None


def _objection_to_measure(kind: KindOfLetter, measure: Measure, done: Done) -> str | None:
    if kind.measures and measure.kind not in kind.measures:
        return f"it is '{measure.kind}'; it speaks of {_speaks_of(kind)}"
    if kind.urgent and measure.urgency not in ALONE_AT_NIGHT:
        return f"it is {measure.urgency}; it speaks of {_speaks_of(kind)}"
    if kind.decided and measure.id not in done.outcomes:
        return "no decision of two people on it stands on record"
    return None


def _speaks_of(kind: KindOfLetter) -> str:
    """`measure (expedited preservation) that is granted, started`."""
    only = [*kind.measures, *(sorted(ALONE_AT_NIGHT) if kind.urgent else ())]
    of = ", ".join(kind.about) + (f" ({', '.join(only)})" if only else "")
    after = f" after: {' or '.join(kind.after)}" if kind.after else ""
    return of + (f" that is {', '.join(kind.standing)}" if kind.standing else "") + after
