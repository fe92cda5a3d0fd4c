"""Which alarms of a request were due, found a second time from its record, by none of the code that climbs ladders.

What a request owed, since when and by when, is read from its events; when it rang next is not: that is worked out here
anew, from the ladder, the instants that it counts from, what an acknowledgement holds and what reached nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from comity.request.fold import begin, fold
from comity.request.lifecycle import Act
from comity.request.model import Alarm, DutyNamed, Event, Knocked, Ladder, Owed, Reckoning, Request

_FORESTALLED = timedelta(seconds=5)
"""For so long after its instant an act may come on record before a rung, and hold or end it: then it does not ring."""

_WHOLE_LIFE = tuple[str, datetime]
"""One duty from the instant that it came on record until it is owed no more."""


@dataclass(frozen=True, order=True)
class Due:
    """One rung that came due: its key, and the instant that it was due at."""

    duty: str
    generation: int
    rung: int
    planned: datetime


@dataclass
class Climb:
    """One way up a ladder, counted from `base`; rung `number` is next, each as much later as was `held` so far."""

    ladder: Ladder
    base: datetime
    due: datetime | None
    generation: int
    number: int = 0
    held: timedelta = timedelta()

    def at(self, number: int) -> datetime:
        """When a rung is due: a round of the ladder lasts to its top, and once more what lies below the top."""
        afters = [rung.after for rung in self.ladder.rungs]
        turn, step = divmod(number, len(afters))
        return self.base + afters[step] + turn * (afters[-1] - afters[0] + afters[-1] - afters[-2]) + self.held

    def move(self, instant: datetime) -> None:
        """Let the next rung be due at an instant, and all after it as much later or earlier."""
        self.held += instant - self.at(self.number)

    def pass_on(self) -> None:
        """To the next rung. A climb that is ahead of its ladder passes over no instant at which a rung was to ring."""
        passed, ahead = self.at(self.number), self.held < timedelta()
        self.number += 1
        own = [self.base + rung.after for rung in self.ladder.rungs]
        if ahead and (missed := [instant for instant in own if passed < instant < self.at(self.number)]):
            self.move(missed[0])


@dataclass
class Ladders:
    """The climbs of all duties of one request, followed event by event."""

    request: Request
    climbs: dict[_WHOLE_LIFE, Climb] = field(default_factory=dict)
    found: list[Due] = field(default_factory=list)
    rung: set[tuple[str, int, int]] = field(default_factory=set)

    def follow(self, event: Event) -> None:
        """What the event does to each climb; before it, what came due until then."""
        before, self.request = self.request, fold(self.request, event)
        if isinstance(event.particulars, Alarm):
            self.rung.add((event.particulars.duty, event.particulars.generation, event.particulars.rung))
        for name in _lives(before).keys() - _lives(self.request).keys():
            self._pass(name, event.at, forestalled=_FORESTALLED)
            self.climbs.pop(name, None)
        for name, owed in _lives(self.request).items():
            self._changed(name, owed, event)

    def _changed(self, name: _WHOLE_LIFE, owed: Owed, event: Event) -> None:
        told = event.particulars
        if isinstance(told, Reckoning) and any(row.duty == owed.key for row in told.duties):
            self._pass(name, event.at)
            self._reckoned(name, owed)
        elif isinstance(told, DutyNamed) and (event.act, told.duty) == (Act.ACKNOWLEDGE_ESCALATION, owed.key):
            self._pass(name, event.at, forestalled=_FORESTALLED)
            climb = self.climbs[name]
            climb.move(max(climb.at(climb.number), event.at + climb.ladder.pause))
        elif isinstance(told, Knocked) and (event.act, told.duty) == (Act.NOT_TOLD, owed.key):
            self._pass(name, event.at)
            self._nobody_told(name, told, event.at)

    def _reckoned(self, name: _WHOLE_LIFE, owed: Owed) -> None:
        """A climb goes on under its new generation, unless its ladder or the instant that it counts from is another."""
        ladder, climb = self.request.ladders[owed.ladder], self.climbs.get(name)
        base = owed.due if ladder.from_due else max(owed.opened, owed.entered)
        if climb and climb.ladder.name == ladder.name and (owed.due == climb.due or not ladder.from_due):
            climb.generation, climb.due = owed.generation, owed.due
            return
        self.climbs.pop(name, None)
        if base:
            self.climbs[name] = _begun(owed, ladder, base)

    def _nobody_told(self, name: _WHOLE_LIFE, knocked: Knocked, at: datetime) -> None:
        """The next recipients are told at once; from the top the next round begins within the ladder's pause."""
        climb = self.climbs[name]
        if (knocked.generation, knocked.rung + 1) == (climb.generation, climb.number):
            again = climb.number % len(climb.ladder.rungs) == 0
            climb.move(max(min(climb.at(climb.number), at + climb.ladder.pause), at) if again else at)

    def _pass(self, name: _WHOLE_LIFE, until: datetime, *, forestalled: timedelta = timedelta()) -> None:
        """The rungs that were due by then; one that an act came before stays the next."""
        climb = self.climbs.get(name)
        while climb and (planned := climb.at(climb.number)) <= until:
            key = (name[0], climb.generation, climb.number)
            if until - planned < forestalled and key not in self.rung:
                return
            self.found.append(Due(*key, planned))
            climb.pass_on()

    def end(self, until: datetime) -> None:
        """What is still owed, up to the end of what is looked at."""
        for name in self.climbs:
            self._pass(name, until)


def _begun(owed: Owed, ladder: Ladder, base: datetime) -> Climb:
    """A climb from the last rung that had come when the duty was known; from the top on there are rounds only."""
    climb, known = Climb(ladder, base, owed.due, owed.generation), max(owed.opened, owed.entered)
    top = len(ladder.rungs) - 1
    climb.number = max((rung for rung in range(top + 1) if climb.at(rung) <= known), default=0)
    if climb.number == top:
        climb.move(max(climb.at(top), known))
    return climb


def _lives(request: Request) -> dict[_WHOLE_LIFE, Owed]:
    return {(owed.key, owed.entered): owed for owed in request.duties}


def due_by(until: datetime, reference: str, events: Iterable[Event]) -> list[Due]:
    """Every rung of a request that was due by an instant, from all its events in order."""
    first, *rest = events
    ladders = Ladders(begin(reference, first))
    for event in rest:
        ladders.follow(event)
    ladders.end(until)
    return [due for due in ladders.found if due.planned <= until]
