"""What the counter fills in of an act: facts of the law data, and of the record, that nobody should type."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from comity.errors import NotFound, Unreadable
from comity.law.library import Law
from comity.request.lifecycle import Act
from comity.request.model import Deed, Event, Letter, Request, Way, particulars_of
from comity.request.opening import NO_INSTRUMENT
from desk.counter import Counter
from desk.tracing import GONE, trace

Given = dict[str, Any]
_TEXTS = ("words", "reason")


def filled(counter: Counter, request: Request, act: Act, given: Given) -> Given:
    """What was given for an act, with what the law data and the record say besides.

    Raises Unreadable, NotFound and NotYours, each naming what is possible.
    """
    fill = _FILL.get(act)
    return fill(counter, request, given) if fill else given


def takes(act: Act) -> str:
    """What a person gives for an act, words and reason aside."""
    names = _GIVEN.get(act) or tuple(name for name in particulars_of(act).model_fields if name not in _TEXTS)
    return ", ".join(names) or "words and a reason only"


_GIVEN: dict[Act, tuple[str, ...]] = {
    Act.ADD_MEASURE: ("kind", "instrument", "urgency", "execute_at"),
    Act.CORRECT: ("deed", "instant", "until", "asked_by", "data_lost_at", "execute_at"),
}


# --- from the law data ------------------------------------------------------------------------------------------------


def _new_measure(counter: Counter, request: Request, given: Given) -> Given:
    """The next measure of the request: its kind's facts, an instrument that may bind, the request's own urgency."""
    named = given.get("kind")
    if not isinstance(named, str):
        return given
    law = _law(counter)
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


def _basis(counter: Counter, request: Request, given: Given) -> Given:
    if "instrument" not in given:
        return given
    return given | {"instrument": _binding(_law(counter), request, given["instrument"])}


def _law(counter: Counter) -> Law:
    return Law.load(counter.home.settings.law, counter.home.settings.home)


def _binding(law: Law, request: Request, instrument: object) -> object:
    """An instrument that is not known to be out of force between the two States, or `none` (reciprocity)."""
    states = (request.requesting, request.requested)
    possible = [known for known in law.instruments if law.in_force_between(known, *states) != "no"]
    if instrument not in (*possible, NO_INSTRUMENT):
        named = ", ".join(possible)
        raise Unreadable(f"--with: no such instrument is in force between {states[0]} and {states[1]}; known: {named}")
    return instrument


# --- from people.toml -------------------------------------------------------------------------------------------------


def _known_person(counter: Counter, _request: Request, given: Given) -> Given:
    if isinstance(given.get("person"), str):
        counter.people.of(given["person"])
    return given


# --- from the record --------------------------------------------------------------------------------------------------


def _correction(counter: Counter, request: Request, given: Given) -> Given:
    """What the deed named did, on which part, and the instant that counts for it until now."""
    if "deed" not in given:
        raise Unreadable(f"--with: the deed that was wrong must be named; 'correct' takes {takes(Act.CORRECT)}")
    wrong, was = _on_record(counter, request, given["deed"])
    return given | {"act": wrong.act, "part": wrong.part, "was": was.isoformat()}


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


_FILL: dict[Act, Callable[[Counter, Request, Given], Given]] = {
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
