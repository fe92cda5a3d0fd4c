"""An invented request as a ledger tells of it: its events are folded and entered without any server."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from activities.exhibits import custody_entry
from activities.record import entry_of
from comity.evidence.custody import Action, CustodyEntry
from comity.home import Home, make
from comity.keys.request_keys import KeyClass
from comity.ledger import log
from comity.ledger.leaf import Entry, Kind
from comity.request.fold import begin, fold, happen, receive
from comity.request.lifecycle import Act, Role
from comity.request.model import Deadline, Event, Gap, Ladder, Reckoned, Rung, SoughtMeasure, canonical, particulars_of
from comity.request.rules import check
from comity.settings import Settings
from desk.counter import Attempt
from tests.request.lives import NOW, REFERENCE, deed, opening, sought, ulid

OF_AN_EVENT = ("happened", "on_behalf", "trace")
LADDER = Ladder(
    name="test",
    from_due=True,
    pause=timedelta(minutes=15),
    rungs=(Rung(after=timedelta(0), tell=(Role.COORDINATOR,)), Rung(after=timedelta(hours=1), tell=(Role.DECIDER,))),
)


def house(folder: Path) -> Home:
    """An empty home with its keys."""
    return make(Settings(home=folder / "home"), NOW)


@dataclass
class Story:
    """One request, told step by step; `at` is the instant of the next step."""

    home: Home
    reference: str = REFERENCE
    at: datetime = NOW
    entered: list[Event] = field(default_factory=list)

    def begin(self, *measures: SoughtMeasure, gaps: tuple[Gap, ...] = ()) -> "Story":
        """It comes in."""
        with self.home.store.transaction() as tx:
            self.home.keys.create(tx, self.reference, self.at)
        event = receive(opening(*(measures or (sought(),)), gaps=gaps, at=self.at), self.at)
        self.request = begin(self.reference, event)
        self._enter(event)
        return self

    def after(self, **time: float) -> "Story":
        """Time goes by."""
        self.at += timedelta(**time)
        return self

    def do(self, person: str, role: Role, act: Act, part: str = "request", **more: Any) -> "Story":
        """A deed that the rules allow; `happened`, `on_behalf`, `trace` are its event's."""
        named: dict[str, Any] = {name: more.pop(name) for name in OF_AN_EVENT if name in more}
        done = deed(self.request, act, part, (person, role), **more)
        check(self.request, done, self.at)
        return self._follow(happen(self.request, done, self.at).model_copy(update=named))

    def clock(self, act: Act, **particulars: Any) -> "Story":
        """What the request's own clock did."""
        event = Event(
            version=self.request.version + 1,
            act=act,
            part="request",
            person="clock",
            role=Role.CLOCK,
            at=self.at,
            particulars=particulars_of(act)(**particulars),
        )
        return self._follow(event)

    def reckon(self, duty: str, due: datetime) -> "Story":
        """A deadline is counted."""
        deadline = Deadline(
            due=due, rule="test/rule", article="art. 1", verified=True, started=self.at, length="a while", law="test"
        )
        name = next(owed.ladder for owed in self.request.duties if owed.key == duty)
        row = Reckoned(duty=duty, deadlines=(deadline,), next_at=due)
        return self.clock(Act.RECKON, duties=(row,), ladders={name: LADDER})

    def ring(self, duty: str, rung: int, *, overdue: bool) -> "Story":
        """A rung is climbed, and the coordinators are told."""
        named = {"duty": duty, "generation": 2, "rung": rung}
        later = self.at + timedelta(hours=1)
        self.clock(
            Act.RING, **named, planned=self.at, next_at=later, tell=(Role.COORDINATOR,), overdue=overdue, round=0
        )
        return self.clock(Act.TOLD, **named, accepted=("p-anna",))

    def touch(self, exhibit: str, action: Action) -> "Story":
        """A custody entry."""
        custody = CustodyEntry(
            exhibit=exhibit, action=action, person="p-dan", role=Role.EVIDENCE_OFFICER, organisation="authority",
            reason="for the file", at=self.at, zone="UTC", hash_after="0" * 64,
        )  # fmt: skip
        self._append([custody_entry(self.home, self.reference, custody, ulid())])
        return self

    def refused(self, person: str, act: Act, why: str) -> "Story":
        """An attempt."""
        attempt, name = Attempt(tried={"act": act}, refused="NotOpen", why=why), ulid()
        sealed = self.home.keys.seal(self.reference, KeyClass.RECORD, canonical(attempt), f"attempt {name}")
        entry = Entry(
            kind=Kind.ATTEMPT, reference=self.reference, id=name, act=act, status="refused", role=Role.COORDINATOR,
            person=person, at=self.at, body=sealed,
        )  # fmt: skip
        self._append([entry])
        return self

    def _follow(self, event: Event) -> "Story":
        self.request = fold(self.request, event)
        return self._enter(event)

    def _enter(self, event: Event) -> "Story":
        self.entered.append(event)
        self._append([entry_of(self.home.keys, self.reference, event)])
        return self

    def _append(self, entries: Sequence[Entry]) -> None:
        with self.home.store.transaction() as tx:
            log.append(tx, entries)
