"""What people read of a request: lists, one request whole, and its story."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console

from comity.cli import say, say_json
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.law import reviewing
from comity.law.calendars import OfficeCalendar
from comity.law.explaining import explained
from comity.law.models import OURS
from comity.register import linking, reading
from comity.register.linking import Link
from comity.request.gaps import Lack, Questions
from comity.request.lifecycle import Duty, Role
from comity.request.model import Direction, Measure, Owed, Package, Question, Request, Safeguard, Task, stage_of
from comity.request.rules import due_acts, offers, parts_of
from desk.tracing import Line
from desk.wording import instant, together


def offered(request: Request) -> list[dict[str, Any]]:
    """What is owed and done by an act that moves nothing, then what moves a part, and for whom."""
    return [
        {"part": offer.part, "act": offer.act.value, "roles": sorted(offer.roles), "leads_to": offer.leads_to}
        for offer in (*due_acts(request), *offers(request))
        if offer.roles != {Role.CLOCK}
    ]


def open_lines(request: Request, part: str | None = None) -> list[str]:
    """What is open next, a line for all parts of which the same is open: on all of them, or after an act on one.

    After an act on the request itself, its questions are left out: what they ask stands in the whole.
    """
    by_part: dict[str, list[str]] = {}
    for offer in offered(request):
        if _follows(offer["part"], part):
            by_part.setdefault(offer["part"], []).append(f"{offer['act']} ({', '.join(offer['roles'])})")
    alike: dict[str, list[str]] = {}
    for name, acts in by_part.items():
        alike.setdefault("; ".join(acts), []).append(name)
    return [f"open on {together(names)}: {acts}" for acts, names in alike.items()]


def _follows(offered_on: str, done_on: str | None) -> bool:
    if done_on == "request":
        return not offered_on.startswith("Q")
    return done_on in (None, offered_on)


def whole(home: Home, request: Request) -> dict[str, Any]:
    """One request as JSON: what stands on record, its questions in words, what is open."""
    return {
        **request.model_dump(mode="json"),
        "stage": stage_of(request),
        "urgency": request.urgency,
        "touches": [link.model_dump(mode="json", exclude={"reference"}) for link in links(home, request.reference)],
        "asks": [lack.asks for lack in questions(home, request.reference)],
        "open_next": offered(request),
    }


def links(home: Home, reference: str) -> list[Link]:
    """The other requests that name the same."""
    with home.store.reading() as view:
        return linking.of(view, reference)


def questions(home: Home, reference: str) -> tuple[Lack, ...]:
    """The questions that the letter raised, in words: Qn is the n-th."""
    with home.store.reading() as view:
        sealed = reading.document(view, reference, "questions")
    return Questions.model_validate_json(home.keys.open(reference, KeyClass.CONTENT, sealed, "questions")).lacks


def show_request(home: Home, request: Request) -> None:
    """One request on the terminal."""
    out = Console(highlight=False, soft_wrap=True, markup=False)
    given = "" if request.direction in _ASKED else f"  information {request.direction}"
    out.print(f"{request.reference}  {request.urgency}  {request.requesting} → {request.requested}{given}")
    out.print(f"{request.status}; stage {stage_of(request)}; version {request.version}")
    if request.law not in ("", home.laws.today.version):
        out.print(f"keeps the law {request.law}; here is {home.laws.today.version}: 'apply newer law' is a deed")
    for line in (*map(_part, parts_of(request)), *_duties(_next_due_first(request)), *open_lines(request)):
        out.print(line)
    for line in protected(request):
        out.print(line)
    for link in links(home, request.reference):
        out.print(f"touches  {link.other}: both name the same {', '.join(link.kinds)}")
    for number, lack in enumerate(questions(home, request.reference), 1):
        out.print(f"Q{number}: {lack.asks}")


def protected(request: Request) -> Iterator[str]:
    """What is seen to for those whom the request concerns, what has a date, and what, and who, is set apart."""
    for measure in request.measures:
        yield from (f"{measure.id:<8} {said}" for said in _of_measure(measure))
    yield from (f"{each.name:<8} {each.what} for {each.protects}: {_by(each)}" for each in request.safeguards)
    yield from (f"{each.name:<8} {each.what}, {', '.join(each.about) or 'all'}: {_by(each)}" for each in request.tasks)
    for person, times in request.interviews.items():
        yield f"heard    {person}: {times} {'time' if times == 1 else 'times'}"
    for person, until in request.recoveries.items():
        yield f"recovery {person}: until {until:%Y-%m-%d}"
    for privilege in request.privileges:
        yield f"apart    exhibit {privilege.exhibit}: privilege claimed; {_DECIDED[privilege.upheld]}"
    if request.recused:
        yield f"recused  {', '.join(request.recused)}"


def _of_measure(measure: Measure) -> Iterator[str]:
    if measure.execute_at:
        yield f"is executed in several States at {measure.execute_at:%Y-%m-%d %H:%M} UTC"
    if measure.remedy_until:
        yield f"a remedy may be sought until {measure.remedy_until:%Y-%m-%d %H:%M} UTC"
    if measure.remedies:
        yield f"remedies that wait for a court: {measure.remedies}; what it obtained stays here"
    if measure.providers:
        yield f"other providers found, of whom the requesting authority is not told: {measure.providers}"
    if measure.remedy_upheld:
        yield "a remedy was upheld: what it obtained leaves in nothing"
    yield from (f"on the condition: {condition}" for condition in measure.conditions)


def _by(dated: Safeguard | Task) -> str:
    return "done" if dated.done else f"by {dated.by:%Y-%m-%d %H:%M} UTC"


_DECIDED = {None: "a court has to decide", True: "upheld: it leaves in nothing", False: "denied"}


_ASKED = frozenset({Direction.ASKED_OF_US, Direction.ASKED_BY_US})


def show_deadlines(home: Home, request: Request, *, as_json: bool) -> None:
    """How each deadline of each duty was counted: the next due first, and of each the one that leads."""
    calendar = OfficeCalendar.of(home.settings.own_state, home.settings.zone)
    owed_first = _next_due_first(request)
    counted = [(owed, explained(deadline, calendar)) for owed in owed_first for deadline in owed.deadlines]
    if as_json:
        say_json([{"duty": owed.key, "urgency": owed.urgency} | each.model_dump(mode="json") for owed, each in counted])
        return
    for name, sentence in _alike((owed, f"{owed.urgency}: {each.sentence}") for owed, each in counted):
        say(f"{name} {sentence}")


def show_review(home: Home, request: Request, *, as_json: bool) -> None:
    """What the reviewer of each measure looks at, by the law that the request keeps."""
    from desk.reviewing import checklists

    found = checklists(home, request)
    if as_json:
        say_json([each.model_dump(mode="json") for each in found])
    else:
        say("\n\n".join("\n".join(reviewing.lines(each)) for each in found))


def show_release(home: Home, request: Request, package: str, *, as_json: bool) -> None:
    """What whoever approves the release of a package looks at."""
    from desk.before_release import checks

    found = checks(home, request, package)
    if as_json:
        say_json([each.model_dump(mode="json") for each in found])
    else:
        say("\n".join(each.line for each in found))


def _part(part: Measure | Package | Question) -> str:
    what = getattr(part, "kind", None) or getattr(part, "recipient", None) or getattr(part, "field", None) or ""
    digest = getattr(part, "proposal", None) or getattr(part, "content", None)
    seen = f"; digest {digest[:12]}" if digest else ""
    return f"{part.id:<8} {part.status:<18} {what} (revision {part.revision}){seen}"


def _duties(duties: Iterable[Owed]) -> list[str]:
    """A line for each duty."""
    return [f"owed     {name:<28} {terms}" for name, terms in _alike((owed, _terms(owed)) for owed in duties)]


def _next_due_first(request: Request) -> list[Owed]:
    return sorted(request.duties, key=lambda owed: (owed.due is None, owed.due))


def _alike(told: Iterable[tuple[Owed, str]]) -> Iterator[tuple[str, str]]:
    """Duties and what is told of each; questions of which the same is told share one (`Q1 to Q3/answer`)."""
    alike: dict[tuple[str, str], list[str]] = {}
    for owed, said in told:
        shared = f"/{owed.duty}" if owed.duty == Duty.ANSWER else owed.key
        alike.setdefault((shared, said), []).append(owed.part)
    for (shared, said), parts in alike.items():
        yield together(parts) + shared if shared[0] == "/" else shared, said


def _terms(owed: Owed) -> str:
    due = f"due {instant(owed.due)} UTC" if owed.due else "no date"
    who = f"; {owed.held_by} has it" if owed.held_by else ""
    rings = f"; rings {instant(owed.next_at)} UTC" if owed.next_at else ""
    return f"{owed.urgency:<4} {due} ({_rule(owed)}){rings}{who}"


def _rule(owed: Owed) -> str:
    first = min(owed.deadlines, key=lambda deadline: deadline.due, default=None)
    if first is None:
        return "no rule sets a date"
    check = "" if first.verified or first.article == OURS else ", check against the text"
    return f"{first.length}, {first.article}{check}"


def show_opened(request: Request, commands: Iterable[str]) -> None:
    """A request that was just opened by voice: its reference in large, what is owed now, what to do next."""
    out = Console(highlight=False, soft_wrap=True, markup=False)
    rule = "=" * (2 * len(request.reference) + 3)
    out.print(rule, f"  {' '.join(request.reference)}", rule, sep="\n", style="bold")
    out.print(f"{request.urgency}  {request.requesting} → {request.requested}; {len(request.questions)} questions")
    for line in _duties(_next_due_first(request)):
        out.print(line)
    out.print("next:")
    for command in commands:
        out.print(f"  {command}")


def show_trace(lines: Iterable[Line], *, named: bool = False) -> None:
    """The story on the terminal, a line for each entry of the ledger, however wide; `named`: with each reference."""
    out = Console(soft_wrap=True, highlight=False, markup=False)
    for line in lines:
        reference = f"{line.reference or 'the service':<26}  " if named else ""
        out.print(f"{line.index:>6}  {instant(line.at)}Z  {reference}{_told(line)}")


def _told(line: Line) -> str:
    trace = f"trace {line.trace[:8]}" if line.trace else ""
    ending = "; ".join(told for told in (more(line), trace) if told)
    return f"{line.kind:<7}  {happened(line):<44}  {by(line):<40}  {ending}".rstrip()


def json_lines(lines: Iterable[Line]) -> Iterator[str]:
    """The story as one JSON list, an entry a line, in constant memory."""
    separator = "["
    for line in lines:
        yield f"{separator}\n{line.model_dump_json()}"
        separator = ","
    yield "]" if separator == "," else "[]"


def happened(line: Line) -> str:
    """What was done, on which part, and where that led."""
    part = line.what.get("part", "") if line.version and line.kind == "deed" else ""
    led_to = f" → {line.status}" if line.status else ""
    return f"{line.act} {part}".rstrip() + led_to


def by(line: Line) -> str:
    """Who did it: a person in a role, or on behalf of somebody outside."""
    if line.what.get("on_behalf"):
        return f"{line.person} on behalf of the {line.role}"
    return f"{line.person} as {line.role}" if line.role and line.person != line.role else line.person


_TOLD = (
    "duty", "rung", "round", "overdue", "accepted", "failed", "tries", "outcome", "attempt", "exhibit", "handed_to",
    "kind", "way", "channel", "about", "person", "happened", "received", "until", "reason", "why",
    "gone",
)  # fmt: skip
_BESIDE = ("exhibit", "happened", "received", "why", "handed_to", "gone", "until", "reason")
"""What an entry says outside of its particulars."""


def more(line: Line) -> str:
    """The particulars that fit on a line: whose words they are, the entry itself says."""
    particulars = line.what.get("particulars", {})
    proof = line.what.get("on_behalf") or {}
    told = proof | particulars | {name: line.what[name] for name in _BESIDE if name in line.what}
    counted = [f"counted {_counted(row)}" for row in particulars.get("duties", [])]
    return "; ".join([*(f"{name} {_plain(told[name])}" for name in _TOLD if told.get(name)), *counted])


def _counted(row: dict[str, Any]) -> str:
    """One duty as the clock counted it: when it is due, and by which article."""
    first = min(row.get("deadlines", []), key=lambda deadline: str(deadline["due"]), default=None)
    return f"{row['duty']} due {first['due']} ({first['article']})" if first else f"{row['duty']} without a date"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value["id"] if isinstance(value, dict) and "id" in value else str(value)
