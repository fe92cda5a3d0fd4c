"""A reviewer's findings on the grounds of a measure: the form for them, and the deed that enters them."""

from datetime import UTC, datetime

from ulid import ULID

from comity.errors import KeyGone, NotFound, Unreadable
from comity.home import Home
from comity.law import reviewing
from comity.law.forms import filled_in, form
from comity.law.reviewing import Checklist, Elsewhere
from comity.register import linking
from comity.request.lifecycle import Act, still_of
from comity.request.model import Deed, Findings, GroundFinding, Measure, Request
from comity.request.rules import part_of
from desk.counter import Counter, Tried
from desk.opening import letter_of
from desk.recorded import on_record


def checklists(home: Home, request: Request) -> tuple[Checklist, ...]:
    """What the reviewer of each measure looks at, by the law that the request keeps."""
    known = home.laws.of(request.law), home.settings.own_state, datetime.now(UTC).date()
    return reviewing.checklists(request, known, Elsewhere(told=_told(home, request), linked=_linked(home, request)))


def _told(home: Home, request: Request) -> int:
    """How often those whom the letter concerns had been heard before, as it says; 0 once its content is gone."""
    try:
        persons = letter_of(home, request.reference).persons
    except KeyGone:
        return 0
    return sum(person.interviews_so_far or 0 for person in persons)


def _linked(home: Home, request: Request) -> int:
    """How many interviews were recorded in requests that touch this one: a count, of nobody by name or token."""
    with home.store.reading() as view:
        touching = {link.other for link in linking.of(view, request.reference)}
    others = (touching | {*request.links, *filter(None, (request.joined,))}) - {request.reference}
    return sum(_recorded(home, other) for other in others)


def _recorded(home: Home, reference: str) -> int:
    try:
        return sum(on_record(home, reference).interviews.values())
    except (KeyGone, NotFound):
        return 0


def blank(home: Home, request: Request, part: str) -> str:
    """The form for one measure. Raises NotFound, and Unreadable where no ground is known of its law."""
    measure = _measure(request, part)
    of_part = next(each for each in checklists(home, request) if each.part == part)
    if not any(check.ground for check in of_part.checks):
        raise Unreadable(f"no ground is known of {measure.instrument}: there is nothing to find; 'propose' it")
    return "\n".join(form(of_part))


def _measure(request: Request, part: str) -> Measure:
    measure = part_of(request, part)
    if not isinstance(measure, Measure):
        raise Unreadable(f"a review is of a measure: {', '.join(each.id for each in request.measures)}")
    return measure


def findings(counter: Counter, request: Request, filled: tuple[str, str], by: tuple[str, str | None]) -> Deed:
    """The deed that a filled in form (part, text) makes, by a person, under an id of its own.

    Raises, after entering the attempt, Unreadable for a form that names no finding, or a ground that the law of the
    measure has not, and NotYours.
    """
    part, person = filled[0], by[0]
    with counter.attempt(request.reference, Tried(act=Act.RECORD_FINDINGS, person=person, part=part)):
        return _findings(counter, request, filled, by)


def _findings(counter: Counter, request: Request, filled: tuple[str, str], by: tuple[str, str | None]) -> Deed:
    (part, text), (person, deed) = filled, by
    measure, found = _measure(request, part), filled_in(text)
    _refuse_strange(measure, counter, (request, found))
    row = still_of(Act.RECORD_FINDINGS, request.edition)
    return Deed(
        id=deed or str(ULID()),
        act=Act.RECORD_FINDINGS,
        part=part,
        person=person,
        role=counter.role_for(person, row.roles if row else frozenset(), on_behalf=False),
        particulars=Findings(findings=found),
    )


def _refuse_strange(measure: Measure, counter: Counter, said: tuple[Request, tuple[GroundFinding, ...]]) -> None:
    request, found = said
    if not found:
        raise Unreadable("the form says of no ground why it applies or not: give the reason of at least one")
    instrument = counter.home.laws.of(request.law).instruments.get(measure.instrument)
    known = [ground.id for ground in instrument.grounds] if instrument else []
    strange = [each.ground for each in found if each.ground not in known]
    if strange:
        raise Unreadable(
            f"{measure.instrument} has no ground {', '.join(strange)}; it has {', '.join(known) or 'none'}"
        )
