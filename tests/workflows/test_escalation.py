"""The climb of a ladder: every rung in its order and at its hour, none twice, however late it is handled."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from comity.request.fold import fold
from comity.request.lifecycle import OWED_BY, Act, Duty, Role
from comity.request.model import (
    Alarm,
    Deadline,
    DutyNamed,
    Event,
    Knocked,
    Ladder,
    LegalBasis,
    Owed,
    Particulars,
    Reckoned,
    Reckoning,
    Rung,
    Urgency,
    UrgencySet,
)
from tests.request.lives import ANNA, NOW, begun, sought
from workflows import escalation

MINUTE = timedelta(minutes=1)
PAUSE = 15 * MINUTE
DUTY = f"M1/{Duty.DECIDE}"


def deadline(due: datetime) -> Deadline:
    """A deadline under some rule."""
    return Deadline(due=due, rule="r", article="a", verified=False, started=NOW, length="1 day", law="l")


def ladder(*minutes: int, from_due: bool = False, name: str = "P1") -> Ladder:
    """A ladder with rungs so many minutes after its start."""
    rungs = tuple(Rung(after=minute * MINUTE, tell=(Role.COORDINATOR,)) for minute in minutes)
    return Ladder(name=name, from_due=from_due, pause=PAUSE, rungs=rungs)


@dataclass
class Climb:
    """A request whose one measure is to be decided, under a ladder: what its clock does, by hand."""

    ladder: Ladder
    due: datetime = NOW + timedelta(days=1)
    rung: list[Alarm] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.request = begun(sought(urgency=Urgency.P1))
        self.reckon(NOW)

    @property
    def owed(self) -> Owed:
        """The duty as it stands."""
        return next(owed for owed in self.request.duties if owed.key == DUTY)

    def reckon(self, at: datetime) -> None:
        """The duty's deadline is counted, as the reckoner has it done."""
        row = Reckoned(duty=DUTY, deadlines=(deadline(self.due),))
        found = escalation.begin(self.owed, row, self.ladder)
        self.happens(Act.RECKON, Reckoning(duties=(found,), ladders={self.ladder.name: self.ladder}), at)

    def happens(self, act: Act, particulars: Particulars, at: datetime, **more: Any) -> None:
        """One more event."""
        who = {"person": ANNA, "role": Role.COORDINATOR, "part": "request"} | more
        event = Event(version=self.request.version + 1, act=act, at=at, particulars=particulars, **who)
        self.request = fold(self.request, event)

    def pass_to(self, now: datetime) -> None:
        """All that has come due by `now` is rung, in the order of the workflow's clock."""
        while (owed := escalation.soonest(self.request.duties)) and owed.next_at and owed.next_at <= now:
            alarm = escalation.alarm(owed, owed.next_at, self.request.ladders[owed.ladder], owing=OWED_BY[owed.duty])
            self.rung.append(alarm)
            self.happens(Act.RING, alarm, now)

    def ring_next(self) -> datetime:
        """The next rung, at its instant."""
        assert self.owed.next_at
        now = self.owed.next_at
        self.pass_to(now)
        return now

    def nobody_is_told(self, now: datetime) -> None:
        """The last rung's knock has reached nobody."""
        last = self.rung[-1]
        known = self.request.ladders[self.owed.ladder]
        named = {"duty": DUTY, "generation": last.generation, "rung": last.rung}
        self.happens(
            Act.NOT_TOLD,
            Knocked(**named, next_at=escalation.after_nobody_was_told(last, known, now)),
            now,
        )

    def is_acknowledged(self, now: datetime) -> None:
        """Anna has it."""
        self.happens(Act.ACKNOWLEDGE_ESCALATION, DutyNamed(duty=DUTY), now)


UPWARDS = st.lists(st.integers(0, 600), min_size=1, max_size=5, unique=True).map(sorted)
AROUND = st.lists(st.integers(-600, 600), min_size=1, max_size=5, unique=True).map(sorted)


def planned(climb: Climb) -> list[timedelta]:
    """The instants of the alarms, from NOW."""
    return [alarm.planned - NOW for alarm in climb.rung]


def test_a_ladder_rings_at_its_minutes_and_at_the_top_begins_again() -> None:
    climb = Climb(ladder(0, 5, 10, 20, 40))
    for _ in range(8):
        climb.ring_next()
    assert planned(climb) == [minute * MINUTE for minute in (0, 5, 10, 20, 40, 60, 65, 70)]
    assert [alarm.round for alarm in climb.rung] == [0, 0, 0, 0, 0, 1, 1, 1]


@settings(deadline=None)
@given(AROUND, st.integers(-2000, 2000))
def test_a_deadline_that_came_late_rings_its_last_rung_at_once_and_the_others_at_their_hour(
    minutes: list[int], due: int
) -> None:
    """What was due long before is not rung rung by rung; what is due later is not put off by the late entry."""
    climb = Climb(ladder(*minutes, from_due=True), due=NOW + due * MINUTE)
    hours = [due + minute for minute in minutes]
    climb.pass_to(NOW)
    assert len(climb.rung) == (hours[0] <= 0)
    while climb.owed.rung < len(minutes):
        climb.ring_next()
    expected = hours[max((n for n, hour in enumerate(hours) if hour <= 0), default=0) :]
    if len(expected) == 1:
        expected = [max(expected[0], 0)]  # after the top there are only rounds, and they begin now
    assert planned(climb) == [hour * MINUTE for hour in expected]
    assert all(alarm.overdue == (alarm.planned >= climb.due) for alarm in climb.rung)


@settings(deadline=None)
@given(UPWARDS, st.integers(1, 600))
def test_alarms_that_were_crossed_are_those_that_would_have_rung(minutes: list[int], away: int) -> None:
    """After an outage each crossed alarm is handled, in order, with the instant for which it was planned."""
    late, on_time = Climb(ladder(*minutes)), Climb(ladder(*minutes))
    late.pass_to(NOW + away * MINUTE)
    while on_time.owed.next_at and on_time.owed.next_at <= NOW + away * MINUTE:
        on_time.ring_next()
    assert late.rung == on_time.rung


@settings(deadline=None)
@given(UPWARDS, st.lists(st.sampled_from(["ring", "fail", "hold", "fail late"]), max_size=30))
def test_every_rung_is_climbed_once_and_in_order_whatever_happens(minutes: list[int], fates: list[str]) -> None:
    climb = Climb(ladder(*minutes))
    for fate in fates:
        now = climb.ring_next()
        if fate in ("hold", "fail late"):
            climb.is_acknowledged(now)
            assert climb.owed.held_by == ANNA
        if fate in ("fail", "fail late"):
            climb.nobody_is_told(now)
        assert climb.owed.next_at
        if fate in ("hold", "fail late"):
            assert climb.owed.next_at >= now + PAUSE
        if fate == "fail":
            at_the_top = climb.owed.rung % len(minutes) == 0
            assert climb.owed.next_at == (min(climb.rung[-1].next_at, now + PAUSE) if at_the_top else now)
    assert [alarm.rung for alarm in climb.rung] == list(range(len(fates)))
    assert len({(alarm.duty, alarm.generation, alarm.rung) for alarm in climb.rung}) == len(fates)
    for (earlier, later), fate in zip(pairwise(climb.rung), fates, strict=False):
        assert later.planned > earlier.planned or fate == "fail"


def test_a_relay_that_is_down_is_asked_at_the_hours_of_the_ladder_and_after_each_pause() -> None:
    climb = Climb(ladder(0, 5, 10, 20, 40))
    for _ in range(35):
        climb.nobody_is_told(climb.ring_next())
    assert planned(climb) == [minute * MINUTE for minute in (0, 5, 10, 20, 35, 40, 55) for _ in range(5)]


@settings(deadline=None)
@given(AROUND, st.integers(1, 2000), st.lists(st.sampled_from(["ring", "fail"]), min_size=5, max_size=40))
def test_a_climb_that_nobody_hears_takes_no_alarm_from_the_deadline(
    minutes: list[int], due: int, fates: list[str]
) -> None:
    """Truth protected: a mail server that is away for a minute, weeks before, silences none of the ladder's hours."""
    climb = Climb(ladder(*minutes, from_due=True), due=NOW + due * MINUTE)
    for fate in fates:
        now = climb.ring_next()
        if fate == "fail":
            climb.nobody_is_told(now)
    rung, hours = planned(climb), [(due + minute) * MINUTE for minute in minutes]
    assert {hour for hour in hours if rung[0] <= hour <= rung[-1]} <= set(rung)


def test_a_raise_restarts_the_climb_under_the_new_ladder() -> None:
    climb = Climb(ladder(0, 30, 60))
    climb.pass_to(NOW + 45 * MINUTE)
    raised = NOW + 50 * MINUTE
    climb.happens(Act.CLAIM_URGENCY, UrgencySet(urgency=Urgency.P0), raised, part="M1")
    before, climb.ladder = climb.owed.generation, ladder(0, 5, 10, name="P0")
    climb.reckon(raised)
    climb.pass_to(raised)
    assert climb.owed.generation > before
    assert (climb.rung[-1].rung, climb.rung[-1].planned) == (0, raised)
    assert climb.owed.next_at == raised + 5 * MINUTE


def test_between_a_raise_and_its_reckoning_the_old_ladder_rings_on() -> None:
    """The reckoner may be slow; no alarm may meet a ladder that the request does not know yet."""
    climb = Climb(ladder(0, 30, 60))
    climb.pass_to(NOW)
    climb.happens(Act.CLAIM_URGENCY, UrgencySet(urgency=Urgency.P0), NOW + 29 * MINUTE, part="M1")
    climb.pass_to(NOW + 30 * MINUTE)
    assert planned(climb) == [0 * MINUTE, 30 * MINUTE]


def test_another_legal_basis_does_not_ring_again_what_has_rung() -> None:
    """The duty is counted anew from an opening that did not move: the climb goes on where it stands."""
    climb = Climb(ladder(0, 5, 10, 20, 40))
    climb.pass_to(NOW + 12 * MINUTE)
    climb.is_acknowledged(NOW + 13 * MINUTE)
    standing = climb.owed
    climb.happens(Act.SET_LEGAL_BASIS, LegalBasis(instrument="eio"), NOW + 14 * MINUTE, part="M1")
    climb.reckon(NOW + 14 * MINUTE)
    assert (climb.owed.rung, climb.owed.next_at, climb.owed.held_by) == (standing.rung, standing.next_at, ANNA)
    assert climb.owed.generation > standing.generation


@settings(deadline=None)
@given(AROUND, st.integers(1, 2000), st.integers(1, 2000))
def test_a_deadline_that_moves_out_is_rung_under_its_new_instant_only(minutes: list[int], due: int, more: int) -> None:
    climb = Climb(ladder(*minutes, from_due=True), due=NOW + due * MINUTE)
    climb.pass_to(NOW)
    rung = len(climb.rung)
    climb.happens(Act.SET_LEGAL_BASIS, LegalBasis(instrument="eio"), NOW, part="M1")
    climb.due += more * MINUTE
    climb.reckon(NOW)
    while climb.owed.rung < len(minutes):
        climb.ring_next()
    hours = [due + more + minute for minute in minutes]
    expected = hours[max((n for n, hour in enumerate(hours) if hour <= 0), default=0) :]
    if len(expected) == 1:
        expected = [max(expected[0], 0)]
    assert planned(climb)[rung:] == [hour * MINUTE for hour in expected]


@given(
    rungs=st.lists(st.integers(0, 90), min_size=1, max_size=5, unique=True).map(sorted),
    stood=st.integers(0, 4000),
    begun_at=st.integers(0, 12),
)
def test_of_the_rungs_that_were_missed_the_last_one_rings(rungs: list[int], stood: int, begun_at: int) -> None:
    """As many as were missed, climbed one by one, end at the same alarm."""
    climbed = ladder(*rungs)
    (reckoned,) = Climb(climbed).request.duties[-1:]
    owed = reckoned.model_copy(update={"rung": begun_at, "next_at": NOW})
    now = NOW + stood * MINUTE
    one_by_one = escalation.alarm(owed, NOW, climbed, owing=OWED_BY[owed.duty])
    while one_by_one.next_at <= now:
        further = owed.model_copy(update={"rung": one_by_one.rung + 1})
        one_by_one = escalation.alarm(further, one_by_one.next_at, climbed, owing=OWED_BY[owed.duty])
    assert escalation.latest(owed, climbed, now, owing=OWED_BY[owed.duty]) == one_by_one
