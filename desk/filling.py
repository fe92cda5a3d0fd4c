"""What the counter fills in of an act: facts of the law data, and of the record, that nobody should type."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from comity.errors import NotFound, Unreadable
from comity.law.calendars import OfficeCalendar
from comity.law.library import Law
from comity.law.stamping import by_law
from comity.register import laws
from comity.request.deadlines import end_of_period, length_of
from comity.request.lifecycle import Act
from comity.request.model import Deed, Event, Letter, Measure, Request, Way, particulars_of
from comity.request.opening import NO_INSTRUMENT, suggested_for
from comity.request.rules import part_of
from desk.counter import Counter
from desk.opening import letter_of
from desk.tracing import GONE, trace

Given = dict[str, Any]
_TEXTS = ("words", "reason")


@dataclass(frozen=True)
class On:
    """What an act is done on."""

    request: Request
    part: str = "request"


def filled(counter: Counter, on: On, act: Act, given: Given) -> Given:
    """What was given for an act, with what the law data and the record say besides.

    Raises Unreadable, NotFound and NotYours, each naming what is possible.
    """
    fill = _FILL.get(act)
    return fill(counter, on, given) if fill else given


def takes(act: Act) -> str:
    """What a person gives for an act, words and reason aside."""
    names = _GIVEN.get(act) or tuple(name for name in particulars_of(act).model_fields if name not in _TEXTS)
    return ", ".join(names) or "words and a reason only"


_GIVEN: dict[Act, tuple[str, ...]] = {
    Act.ADD_MEASURE: ("kind", "instrument", "urgency", "execute_at"),
    Act.CORRECT: ("deed", "instant", "until", "asked_by", "data_lost_at", "execute_at"),
    Act.PROPOSE: ("outcome", "ground", "told", "conditions"),
    Act.PUT_DOWN_CLAIM: ("urgency",),
    Act.APPLY_LAW: (),
    Act.TELL_CONCERNED: ("until",),
}


# --- from the law data ------------------------------------------------------------------------------------------------


def _new_measure(counter: Counter, on: On, given: Given) -> Given:
    """The next measure of the request: its kind's facts, an instrument that may bind, the request's own urgency."""
    named = given.get("kind")
    if not isinstance(named, str):
        return given
    request, law = on.request, counter.home.laws.of(on.request.law)
    kind = law.kind(" ".join(named.lower().split()))
    others = {name: value for name, value in given.items() if name not in _GIVEN[Act.ADD_MEASURE]}
    measure = {
        "id": f"M{len(request.measures) + 1}",
        "kind": kind.id,
        "instrument": _binding(law, request, given.get("instrument", NO_INSTRUMENT)),
        "urgency": given.get("urgency", request.urgency),
        "lasts": kind.lasts,
        "one_person": kind.one_person,
        "execute_at": given.get("execute_at"),
    }
    return others | {"measure": measure}


def _basis(counter: Counter, on: On, given: Given) -> Given:
    if "instrument" not in given:
        return given
    law = counter.home.laws.of(on.request.law)
    return given | {"instrument": _binding(law, on.request, given["instrument"])}


def _proposed(counter: Counter, on: On, given: Given) -> Given:
    """What the law that the request keeps says of the proposal."""
    measure, outcome = part_of(on.request, on.part), given.get("outcome")
    if not isinstance(measure, Measure) or outcome not in list(Act) or not on.request.edition:
        return given
    law, settings = counter.home.laws.of(on.request.law), counter.home.settings
    profile = law.profile(settings.own_state, on.request.received.date())
    stamp = by_law(measure, (law, profile), Act(outcome), str(given.get("ground", "")))
    return given | {"by_law": stamp.model_dump(mode="json")}


def _safeguard(counter: Counter, on: On, given: Given) -> Given:
    """A safeguard that the law data know."""
    if isinstance(given.get("safeguard"), str):
        counter.home.laws.of(on.request.law).safeguard(given["safeguard"])
    return given


def _newer_law(counter: Counter, on: On, given: Given) -> Given:
    """The law of this installation, kept before a request may keep it."""
    today = counter.home.laws.today
    if today.version != on.request.law:
        with counter.home.store.transaction() as tx:
            laws.keep(tx, today, datetime.now(UTC))
    return given | {"law": today.version}


def _remedy(counter: Counter, on: On, given: Given) -> Given:
    """Where no end is given, that of the longest remedy of our own law, counted from now."""
    if "until" in given:
        return given
    settings, now = counter.home.settings, datetime.now(UTC)
    profile = counter.home.laws.of(on.request.law).profile(settings.own_state, now.date())
    calendar = OfficeCalendar.of(settings.own_state, settings.zone)
    ends = [end_of_period(now, length_of(each.period), calendar) for each in (profile.remedies if profile else ())]
    if not ends:
        raise Unreadable("--with: no remedy is known of our own law; say until when one may be sought (until)")
    return given | {"until": max(ends).isoformat()}


def _binding(law: Law, request: Request, instrument: object) -> object:
    """An instrument that is not known to be out of force between the two States, or `none` (reciprocity)."""
    states, day = (request.requesting, request.requested), request.received.date()
    possible = [known for known in law.instruments if law.in_force_between(known, *states, day) != "no"]
    if instrument not in (*possible, NO_INSTRUMENT):
        named = ", ".join(possible)
        raise Unreadable(f"--with: no such instrument is in force between {states[0]} and {states[1]}; known: {named}")
    return instrument


# --- from people.toml -------------------------------------------------------------------------------------------------


def _known_person(counter: Counter, _on: On, given: Given) -> Given:
    if isinstance(given.get("person"), str):
        counter.people.of(given["person"])
    return given


# --- from the record --------------------------------------------------------------------------------------------------


def _correction(counter: Counter, on: On, given: Given) -> Given:
    """What the deed named did, on which part, and the instant that counts for it until now.

    The dates of a letter came with the deed by which the request came in: it need not be named.
    """
    if "deed" not in given and not _OF_THE_LETTER.isdisjoint(given):
        given = given | {"deed": _events(counter, on.request.reference)[0].deed}
    if "deed" not in given:
        raise Unreadable(f"--with: the deed that was wrong must be named; 'correct' takes {takes(Act.CORRECT)}")
    wrong, was = _on_record(counter, on.request, given["deed"])
    return given | {"act": wrong.act, "part": wrong.part, "was": was.isoformat()}


_OF_THE_LETTER = frozenset({"asked_by", "data_lost_at", "execute_at"})
_TELLS_ANEW = {
    "deadline.by": '{"asked_by": "..."}',
    "emergency.data_lost_at": '{"data_lost_at": "..."}',
    "data.preservation.expires_at": '{"data_lost_at": "..."}',
    "execute_at": '{"execute_at": {"M...": "..."}}',
}
"""Of the fields that hold a date, how `correct` takes one."""


def date_told(request: Request, deed: Deed) -> str | None:
    """Where an answer tells a date of the letter anew, what `correct` takes of it: no clock reads an answer."""
    if deed.act != Act.ANSWER:
        return None
    field = getattr(part_of(request, deed.part), "field", None) or ""
    return next((takes_it for name, takes_it in _TELLS_ANEW.items() if field.endswith(name)), None)


def _on_record(counter: Counter, request: Request, deed: object) -> tuple[Event, datetime]:
    """The event of a deed, and the instant that counts for it: its own, or the one by which it was corrected last."""
    found, was = None, None
    for event in _events(counter, request.reference):
        if event.deed == deed:
            found, was = event, event.since
        elif getattr(event.particulars, "deed", None) == deed:
            was = getattr(event.particulars, "instant", None) or was
    if found is None or was is None:
        raise NotFound("no deed of that id is on record in this request; `comity trace` shows them with --json")
    return found, was


def _events(counter: Counter, reference: str) -> list[Event]:
    lines = (line for line in trace(counter.home, reference) if line.version is not None and line.what != GONE)
    return [Event.model_validate(line.what) for line in lines]


def _facts_told(counter: Counter, on: On, given: Given) -> Given:
    """What the facts of the letter suggest: of an emergency that was told none is put down by one person."""
    letter = letter_of(counter.home, on.request.reference)
    return given | {"suggested": suggested_for(letter, on.part, datetime.now(UTC)).urgency}


_FILL: dict[Act, Callable[[Counter, On, Given], Given]] = {
    Act.PROPOSE: _proposed,
    Act.APPLY_LAW: _newer_law,
    Act.TELL_CONCERNED: _remedy,
    Act.PLAN_SAFEGUARD: _safeguard,
    Act.PUT_DOWN_CLAIM: _facts_told,
    Act.ADD_MEASURE: _new_measure,
    Act.SET_LEGAL_BASIS: _basis,
    Act.ALLOCATE: _known_person,
    Act.HAND_OVER: _known_person,
    Act.CORRECT: _correction,
}


def went_out_wrong(counter: Counter, reference: str, deed: Deed) -> tuple[Letter, ...]:
    """The letters that went out between a deed that was wrong and its correction: they may say what is wrong."""
    if deed.act != Act.CORRECT:
        return ()
    request = counter.request(reference)
    wrong, _ = _on_record(counter, request, getattr(deed.particulars, "deed", None))
    return tuple(letter for letter in request.letters if letter.way == Way.OUT and letter.at >= wrong.at)
