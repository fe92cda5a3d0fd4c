"""A week of a whole office in skipped time: whatever people do and leave undone, each alarm that was due rang once."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import reduce
from pathlib import Path
from typing import Any

from comity.request.fold import begin, fold
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import Alarm, Event, Knocked, Measure, Request, Urgency
from comity.request.rules import part_of
from tests.lives.due import Due, due_by
from tests.lives.life import BEFORE_ITS_MINUTE, EXECUTING
from tests.lives.test_ladders import holding
from tests.office import Office, letter, office
from tests.processes import insist
from tests.request.lives import SPOKEN, gone_out
from tests.results import Results
from tests.reviews import looked_at

MINUTES, HOURS, DAYS = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEEK = 8 * DAYS
"""Seven days, and the day with whose end what is due in seven days is due."""
APART = timedelta(seconds=37)
"""Each act of a story is done so much later in its minute than the one before: none in the instant of an alarm."""
AT_ONCE = 50
"""How many of them move at one time: more would wait for the machine, not for one another."""
MANY = 50
"""At least so many reminders each who is told has at one instant of one night."""
URGENT = ("P0", "P1", "P1d")


@dataclass(frozen=True)
class Step:
    """What somebody does, how long after the request came."""

    after: timedelta
    person: str
    act: Act
    part: str
    more: dict[str, Any]


@dataclass(frozen=True)
class Story:
    """What is handed in, and what people do about it, how long after it came.

    `share`: how many are so of the two hundred of `make test`, and of the two thousand of `make prove`.
    """

    name: str
    share: tuple[int, int]
    like: str
    classes: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    dated: bool = False


def _step(after: timedelta, person: str, act: Act, part: str = "request", **more: Any) -> Step:
    return Step(after, f"p-{person}", act, part, more)


def _takes_it(duty: str, *after: timedelta) -> tuple[Step, ...]:
    """Somebody says that they have it, and does nothing."""
    return tuple(_step(each, "bob", Act.ACKNOWLEDGE_ESCALATION, duty=duty) for each in after)


def _decided(after: timedelta, part: str) -> tuple[Step, ...]:
    """Each ground looked at and proposed by one, granted by another, and given to who executes it."""
    return (
        _step(after - 2 * MINUTES, "bob", Act.RECORD_FINDINGS, part),
        _step(after, "bob", Act.PROPOSE, part, outcome=Act.GRANT),
        _step(after + 7 * MINUTES, "carla", Act.GRANT, part),
        _step(after + 13 * MINUTES, "anna", Act.ASSIGN, part),
    )


def _executed(after: timedelta, *parts: str) -> tuple[Step, ...]:
    started = [_step(after, "dan", Act.START, part, reason=BEFORE_ITS_MINUTE, **EXECUTING) for part in parts]
    done = [_step(after + 41 * MINUTES, "dan", Act.COMPLETE, part, **EXECUTING) for part in parts]
    return (*started, *done)


def _closed(after: timedelta, *parts: str) -> tuple[Step, ...]:
    return (
        _step(after, "anna", Act.RECORD_LETTER, **gone_out("closing", *parts)),
        _step(after + 3 * MINUTES, "anna", Act.CONCLUDE),
        _step(after + 9 * MINUTES, "anna", Act.CLOSE),
    )


_POLICE = {"name": "R. Sato", "function": "desk", "number": "+999 1"}
_BY_MISTAKE = {"reason": "Entered by mistake."}
_P0, _P1, _P1D = "p0-livestream-announced", "p1-victim-unidentified", "p1d-preservation-lapsing"
_P2, _P3, _P4 = "p2-suspect-about-to-flee", "p3-bank-records-three-measures", "advance-copy-by-mail"
_REVIEW = "request/open review"

# fmt: off
STORIES: tuple[Story, ...] = (
    Story("taken up at once, done within a day", (1, 20), _P0, ("P0", "P0"), (
        _step(3 * MINUTES, "anna", Act.POLICE_TOOK_IT, **_POLICE),
        _step(4 * MINUTES, "anna", Act.ACKNOWLEDGE),
        _step(12 * MINUTES, "bob", Act.ORDER_PROVISIONALLY, "M1", role=Role.DUTY_OFFICER, **SPOKEN),
        _step(13 * MINUTES, "anna", Act.OPEN_REVIEW),
        *_decided(14 * MINUTES, "M2"), *_executed(54 * MINUTES, "M1", "M2"),
        _step(110 * MINUTES, "carla", Act.RATIFY, "M1"),
        *_closed(2 * HOURS, "M1", "M2"),
    )),
    Story("said to be had, again and again, and entered by mistake", (1, 20), _P0, ("P0",), (
        *_takes_it(_REVIEW, 3 * MINUTES, 26 * MINUTES), *_takes_it("M1/decide", 33 * MINUTES),
        _step(65 * MINUTES, "eve", Act.VOID, **_BY_MISTAKE),
    )),
    Story("had by somebody, then done", (1, 30), _P1, ("P1", "P1"), (
        *_takes_it(_REVIEW, 40 * MINUTES), *_takes_it("M1/decide", 70 * MINUTES),
        _step(75 * MINUTES, "anna", Act.ACKNOWLEDGE), _step(80 * MINUTES, "anna", Act.POLICE_TOOK_IT, **_POLICE),
        _step(99 * MINUTES, "anna", Act.OPEN_REVIEW),
        *_decided(110 * MINUTES, "M1"), *_decided(131 * MINUTES, "M2"), *_executed(170 * MINUTES, "M1", "M2"),
        *_closed(4 * HOURS, "M1", "M2"),
    )),
    Story("nobody does anything", (0, 1), _P1, ("P1",)),
    Story("ordered at night, in force for five days, and lapsed", (2, 40), _P1D, ("P1d", "P1d"), (
        _step(2 * HOURS, "anna", Act.ACKNOWLEDGE),
        _step(3 * HOURS, "bob", Act.ORDER_PROVISIONALLY, "M1", role=Role.DUTY_OFFICER, **SPOKEN),
        _step(4 * HOURS, "anna", Act.OPEN_REVIEW),
        _step(6 * HOURS, "dan", Act.START, "M1", reason=BEFORE_ITS_MINUTE, **EXECUTING),
        _step(7 * HOURS, "dan", Act.PUT_IN_FORCE, "M1", until=5 * DAYS, **EXECUTING),
        _step(15 * HOURS, "carla", Act.RATIFY, "M1"),
        *_decided(31 * HOURS, "M2"), *_executed(3 * DAYS, "M2"),
        _step(4 * DAYS, "anna", Act.REPORT_PROGRESS),
    )),
    Story("nobody does anything", (2, 60), _P2, ("P2", "P2", "P2")),
    Story("nobody does anything, and all miss one date", (8, 200), _P2, ("P2",), dated=True),
    Story("had by somebody, then done", (3, 80), _P2, ("P2", "P2"), (
        *_takes_it(_REVIEW, 30 * HOURS, 78 * HOURS), *_takes_it("request/acknowledge", 3 * HOURS),
        _step(4 * DAYS, "anna", Act.ACKNOWLEDGE), _step(99 * HOURS, "anna", Act.OPEN_REVIEW),
        *_decided(5 * DAYS, "M1"), *_decided(123 * HOURS, "M2"), *_executed(6 * DAYS, "M1", "M2"),
        *_closed(7 * DAYS, "M1", "M2"),
    )),
    Story("nobody does anything", (88, 700), _P3, ("P3", "P3")),
    Story("done in the week", (3, 80), _P3, ("P3", "P3", "P3"), (
        _step(2 * HOURS, "anna", Act.ACKNOWLEDGE), _step(4 * HOURS, "anna", Act.OPEN_REVIEW),
        *_decided(2 * DAYS, "M1"), *_decided(3 * DAYS, "M2"), *_decided(4 * DAYS, "M3"),
        *_executed(5 * DAYS, "M1", "M2", "M3"), *_closed(6 * DAYS, "M1", "M2", "M3"),
    )),
    Story("found to be urgent, then not", (2, 40), _P3, ("P3", "P3"), (
        _step(2 * HOURS, "anna", Act.ACKNOWLEDGE),
        _step(2 * DAYS, "bob", Act.CLAIM_URGENCY, "M1", urgency=Urgency.P1),
        *_takes_it("M1/decide", 49 * HOURS), _step(50 * HOURS, "anna", Act.POLICE_TOOK_IT, **_POLICE),
        _step(51 * HOURS, "anna", Act.ASSESS_URGENCY, "M1", urgency=Urgency.P2),
        _step(75 * HOURS, "anna", Act.OPEN_REVIEW),
        _step(4 * DAYS, "bob", Act.ASSESS_URGENCY, "M1", urgency=Urgency.P3),
    )),
    Story("nobody does anything", (76, 629), _P4, ("P4", "P4")),
    Story("taken into review, late, and had by somebody", (13, 100), _P4, ("P4",), (
        *_takes_it("request/acknowledge", 5 * DAYS), _step(149 * HOURS, "anna", Act.OPEN_REVIEW),
    )),
)
# fmt: on


@dataclass
class Life:
    """One request that lives a story: when it came, and which of its steps are still to come."""

    authority: Office
    story: Story
    reference: str
    came: datetime
    steps: list[Step]

    @property
    def urgent(self) -> bool:
        """Whether its mails wait for nothing."""
        return bool(set(self.story.classes) & set(URGENT))

    @property
    def request(self) -> Request:
        """The request as the register has it."""
        return self.authority.request(self.reference)

    async def to(self, instant: datetime) -> None:
        """Live on until an instant of one's own clock, with all that people do by then."""
        while self.steps and self.came + self.steps[0].after <= instant:
            step = self.steps.pop(0)
            await self.authority.forward_to(self.reference, self.came + step.after)
            await self._done(step, dict(step.more))
        if self.request.status != Status.CLOSED:  # then its clock has stopped
            await self.authority.forward_to(self.reference, instant)

    async def _done(self, step: Step, more: dict[str, Any]) -> None:
        if step.act == Act.GRANT:
            measure = part_of(self.request, step.part)
            more["seen"] = measure.proposal if isinstance(measure, Measure) else None
        if step.act == Act.PUT_IN_FORCE:
            more["until"] += self.came
        if step.act == Act.RECORD_FINDINGS:
            more |= looked_at(self.authority.counter, self.authority.request(self.reference), step.part)
        deed = self.authority.deed(self.reference, step.person, step.act, step.part, **more)
        await insist(self.authority.counter, self.reference, deed)


async def _begun(authority: Office, stories: Iterable[Story]) -> list[Life]:
    """All that came in, some of it for one date, and each with what people will do about it."""
    date = {"by": (datetime.now(UTC) + 3 * DAYS).isoformat(), "reason_code": "other", "reason": "A date."}
    at_once = asyncio.Semaphore(5)

    async def submitted(story: Story) -> Life:
        async with at_once:
            data = letter(*story.classes, like=story.like, **({"deadline": date} if story.dated else {}))
            reference = await authority.submit(data)
        steps = [replace(step, after=step.after + turn * APART) for turn, step in enumerate(story.steps)]
        return Life(authority, story, reference, (await authority.reckoned(reference)).received, steps)

    async with asyncio.TaskGroup() as coming:
        begun = [coming.create_task(submitted(story)) for story in stories]
    return [life.result() for life in begun]


def _mixed(chance: random.Random, *, proving: bool) -> list[Story]:
    """All stories, each in its share, as they come in one after the other."""
    stories = [story for story in STORIES for _ in range(story.share[proving])]
    chance.shuffle(stories)
    return stories


async def _on_to(authority: Office, lives: Iterable[Life], instant: datetime | timedelta) -> None:
    """Everybody lives on, to an instant or for so long since they came; then the whole ledger verifies."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def on(life: Life) -> None:
        async with at_once:
            await life.to(life.came + instant if isinstance(instant, timedelta) else instant)

    async with asyncio.TaskGroup() as living:  # where one fails the others end too
        for life in lives:
            living.create_task(on(life))
    authority.verified()


async def test_in_a_week_of_a_whole_office_every_alarm_that_was_due_rang_once(
    tmp_path: Path, results: Results, *, proving: bool
) -> None:
    """Truth protected: none twice, none left out, each answered and in its turn, and nobody is flooded."""
    seed = random.SystemRandom().randrange(1 << 32)
    stories = _mixed(random.Random(seed), proving=proving)  # noqa: S311 - it chooses an order
    must = "each alarm due rang once, none left out, each answered; non-urgent ones share mails"
    with results.of("a week of mixed requests, in skipped time", must, count=len(stories), seed=seed) as trial:
        async with office(tmp_path, digest_seconds=1.0) as authority:
            lives = await _begun(authority, stories)
            night = _shared_instant(lives)
            last_first = lives[::-1]  # a worker has their runs at hand
            await _on_to(authority, last_first, 3 * DAYS)
            await _on_to(authority, lives, night - HOURS)
            mails = await _night(authority, last_first, night)
            await _on_to(authority, lives, WEEK)
            acts = sum((_examined(life) for life in lives), Counter[str]())
            trial.note = f"{acts[Act.RING]} alarms, {len(authority.relay.taken)} mails, {mails} of the night"
            assert all(acts[act] for act in _SEEN), acts


_SEEN = (Act.RING, Act.TOLD, Act.NOT_TOLD, Act.ACKNOWLEDGE_ESCALATION, Act.RECORD_EXPIRY, Act.CLOSE, Act.VOID)
"""What a week that proves anything has in it."""


# --- the night in which much falls due at once ------------------------------------------------------------------------


def _shared_instant(lives: Iterable[Life]) -> datetime:
    """When most duties that are not urgent ring next: three days before the day with which their time ends."""
    waiting = (owed.next_at for life in lives if not life.urgent for owed in life.request.duties if owed.next_at)
    return Counter(waiting).most_common(1)[0][0]


async def _night(authority: Office, lives: Iterable[Life], instant: datetime) -> int:
    """What many rings for at one instant comes in few mails, though the first who is told cannot be. Returns how many.

    Only Anna is told first, and her mailbox refuses: so the next rung is climbed at once.
    """
    before = len(authority.relay.taken)
    authority.relay.refusing = {"anna@ca.example"}
    await _on_to(authority, lives, instant)
    authority.relay.refusing = set()
    mails = [mail for mail in authority.relay.taken[before:] if not _is_urgent(mail)]
    for person in ("bob@ca.example", "carla@ca.example"):
        theirs = [_reminders(mail) for mail in mails if mail["To"] == person]
        assert sum(theirs) >= MANY
        assert len(theirs) * 4 <= sum(theirs), theirs
    return len(mails)


def _is_urgent(mail: EmailMessage) -> bool:
    return mail["Subject"].split()[1].rstrip(":") in URGENT


def _reminders(mail: EmailMessage) -> int:
    """How many reminders a mail is: of a single one the subject names the duty."""
    several = re.search(r": ([0-9]+) reminders", mail["Subject"])
    return int(several[1]) if several else 1


# --- what must be true of each request --------------------------------------------------------------------------------


def _examined(life: Life) -> Counter[str]:
    """The record of one request holds exactly what was due. Returns what it did, by act."""
    on_record, events = life.request, life.authority.events(life.reference)
    assert reduce(fold, events[1 : on_record.version], begin(life.reference, events[0])) == on_record
    end = life.came + WEEK
    rung = [(event, event.particulars) for event in events if isinstance(event.particulars, Alarm)]
    held = [(event, alarm) for event, alarm in rung if alarm.planned <= end]
    assert sorted(_due(alarm) for _, alarm in held) == sorted(due_by(end, life.reference, events)), life.story
    _in_their_turn(events, held)
    _answered(events, [alarm for _, alarm in held])
    return Counter(event.act for event in events)


def _due(alarm: Alarm) -> Due:
    return Due(alarm.duty, alarm.generation, alarm.rung, alarm.planned)


def _in_their_turn(events: list[Event], rung: list[tuple[Event, Alarm]]) -> None:
    """None before its instant, and each after those that were due before it, or were before it was known."""
    assert all(event.at >= alarm.planned for event, alarm in rung)
    turns = [max(alarm.planned, events[alarm.generation - 1].at) for _, alarm in rung]
    assert turns == sorted(turns)


def _answered(events: list[Event], rung: list[Alarm]) -> None:
    """Of each alarm it is on record, once, who was told and who could not be: all who hold a role of its rung."""
    knocks = [event.particulars for event in events if isinstance(event.particulars, Knocked)]
    answers = {(knock.duty, knock.generation, knock.rung): knock for knock in knocks}
    assert len(answers) == len(knocks)
    for alarm in rung:
        knock = answers[alarm.duty, alarm.generation, alarm.rung]
        assert {*knock.accepted, *knock.failed} == holding(alarm.tell)
