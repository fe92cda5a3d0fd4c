"""Every ladder climbed by mail on a real server, its time skipped: until the duty is done, and nobody is told twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from ulid import ULID

from activities.arrivals import Carried, Start
from activities.record import Batch, Recorder
from comity.keys.record_key import RecordCipher
from comity.law.calendars import OfficeCalendar
from comity.law.library import Law
from comity.law.reckoning import reckon
from comity.register import writing
from comity.request.fold import begin, fold, receive
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import Alarm, Event, Knocked, Ladder, Reckoning, Request, Urgency, canonical
from comity.request.triage import ladder_name
from temporal.names import REQUESTS
from tests.office import ROLES, WHO, Office, letter, office, waited_for
from tests.request.lives import opening, sought
from workflows import escalation

REVIEW = "request/open review"
EVERYBODY = {f"{name}@ca.example" for name in WHO}


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work, under the law that ships."""
    async with office(tmp_path_factory.mktemp("ladders")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def well(authority: Office) -> None:
    """Every mail is taken again."""
    authority.relay.refusing = set()


def holding(roles: tuple[Role, ...]) -> set[str]:
    """Who of the authority holds one of these roles."""
    return {f"p-{name}" for name, held in WHO.items() if set(held) & set(roles)}


def hours(ladder: Ladder, number: int) -> list[timedelta]:
    """When its first alarms ring, counted from its start: rung by rung, and at the top again by its last gap."""
    afters = [rung.after for rung in ladder.rungs]
    gaps = [*(later - earlier for earlier, later in pairwise(afters)), afters[-1] - afters[-2]]
    return [afters[0] + sum((gaps[at % len(gaps)] for at in range(step)), timedelta()) for step in range(number)]


@pytest.mark.parametrize("urgency", ["P0", "P1", "P1d", "P2", "P3"])
async def test_a_ladder_is_climbed_until_the_duty_is_done(authority: Office, urgency: str) -> None:
    """Acknowledged, it pauses; undone, it goes on at the next rung; at the top it begins again; done, it is silent."""
    reference = await authority.submit(letter(urgency))
    await quietened(authority, reference)
    owed = authority.owed(reference, REVIEW)
    assert owed
    ladder, start = authority.request(reference).ladders[urgency], max(owed.opened, owed.entered)
    planned = [
        (owed.due or start if ladder.from_due else start) + hour for hour in hours(ladder, len(ladder.rungs) + 2)
    ]

    await authority.forward_to(reference, planned[1])
    assert [alarm.planned for alarm in authority.rung(reference, REVIEW)] == planned[:2]
    await authority.do(reference, "p-bob", Act.ACKNOWLEDGE_ESCALATION, duty=REVIEW)
    held = authority.owed(reference, REVIEW)
    assert held
    assert (held.held_by, held.rung) == ("p-bob", 2)
    assert held.next_at
    assert held.next_at >= planned[1] + ladder.pause
    await authority.forward_to(reference, held.next_at - MINUTE)
    assert len(authority.rung(reference, REVIEW)) == 2
    await authority.forward_to(reference, held.next_at)
    assert authority.rung(reference, REVIEW)[2].planned == held.next_at
    shifted = held.next_at - planned[2]
    await authority.forward_to(reference, planned[-1] + shifted)
    rung = authority.rung(reference, REVIEW)
    assert [alarm.planned - shifted for alarm in rung[2:]] == planned[2:]
    assert [alarm.round for alarm in rung] == [0] * len(ladder.rungs) + [1] * 2

    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    await authority.forward(reference, 2 * (planned[-1] - planned[-2]))
    assert authority.rung(reference, REVIEW) == rung
    everybody_was_told_once(authority, reference, REVIEW)
    await authority.agreed(reference)


MINUTE = timedelta(minutes=1)


async def quietened(authority: Office, reference: str) -> None:
    """What a request owes beside its review is done, as far as somebody here can do it."""
    await authority.do(reference, "p-anna", Act.ACKNOWLEDGE)
    await authority.do(reference, "p-anna", Act.POLICE_TOOK_IT, name="R. Sato", function="desk", number="+999 1")
    await authority.reckoned(reference)


def everybody_was_told_once(authority: Office, reference: str, duty: str) -> None:
    """Each alarm stands in the ledger once, and each who was to be told of it has one mail, whose id is its own."""
    rung = authority.rung(reference, duty)
    keys = [(alarm.generation, alarm.rung) for alarm in rung]
    assert len(keys) == len(set(keys))
    told = {(knock.generation, knock.rung): knock for knock in knocks(authority, reference, duty)}
    assert sorted(told) == sorted(keys)
    for alarm in rung:
        assert set(told[alarm.generation, alarm.rung].accepted) == holding(alarm.tell)
    expected = Counter(f"{person[2:]}@ca.example" for knock in told.values() for person in knock.accepted)
    mails = [mail for mail in authority.relay.taken if reference in mail["Subject"] and f" {duty} " in mail["Subject"]]
    assert Counter(mail["To"] for mail in mails) == expected
    assert len({mail["Message-ID"] for mail in mails}) == len(mails)


def knocks(authority: Office, reference: str, duty: str) -> list[Knocked]:
    """What became of the alarms of a duty."""
    events = [event.particulars for event in authority.events(reference) if event.act in (Act.TOLD, Act.NOT_TOLD)]
    return [knock for knock in events if isinstance(knock, Knocked) and knock.duty == duty]


async def test_a_recipient_that_bounces_is_entered_and_the_others_are_told(authority: Office) -> None:
    authority.relay.refusing = {"bob@ca.example"}
    reference = await authority.submit(letter("P0"))
    await authority.forward(reference, MINUTE)
    first, *_ = knocks(authority, reference, REVIEW)
    assert (first.accepted, first.failed) == (("p-anna",), {"p-bob": "refused 550"})
    assert [alarm.rung for alarm in authority.rung(reference, REVIEW)] == [0]


async def test_when_nobody_of_a_rung_can_be_told_the_next_is_climbed_at_once(authority: Office) -> None:
    authority.relay.refusing = {"anna@ca.example", "bob@ca.example"}
    reference = await authority.submit(letter("P0"))
    await authority.forward(reference, MINUTE)
    first, second = knocks(authority, reference, REVIEW)
    assert (first.accepted, sorted(first.failed)) == ((), ["p-anna", "p-bob"])
    assert second.accepted == ("p-carla",)
    rung = authority.rung(reference, REVIEW)
    assert [alarm.rung for alarm in rung] == [0, 1]
    assert rung[1].planned - rung[0].planned < MINUTE
    assert [event.act for event in authority.events(reference) if event.particulars == first] == [Act.NOT_TOLD]


async def test_a_relay_that_is_down_for_everybody_is_not_asked_without_pause(authority: Office) -> None:
    """It is asked at the hours of the ladder, 0, 5, 10, 20 and 40 minutes, and after a quarter of an hour at most."""
    authority.relay.refusing = EVERYBODY
    reference = await authority.submit(letter("P0"))
    await authority.forward(reference, timedelta(minutes=45))
    rung = authority.rung(reference, REVIEW)
    assert [alarm.rung for alarm in rung] == list(range(len(rung)))
    tops = list(zip(rung[4::5], rung[5::5], strict=False))
    assert len(tops) in (4, 5)  # a busy server may skip time while a knock is under way, which begins a round later
    for top, first in tops:
        assert (first.round, first.planned - top.planned > 4 * MINUTE) == (top.round + 1, True)
    authority.relay.refusing = set()
    await authority.forward(reference, timedelta(minutes=20))
    heard = knocks(authority, reference, REVIEW)[-1]  # of the rung that was told last: another may have rung meanwhile
    (rang,) = [alarm for alarm in authority.rung(reference, REVIEW) if alarm.rung == heard.rung]
    assert set(heard.accepted) == holding(rang.tell)
    await authority.agreed(reference)


async def test_a_relay_that_was_away_days_before_a_deadline_silences_no_alarm_of_it(authority: Office) -> None:
    """Truth protected: what nobody heard is said again within a day, and the deadline rings when it comes."""
    authority.relay.refusing = EVERYBODY
    reference = await authority.submit(letter("P3"))
    due = (await authority.reckoned(reference)).duties[0].due
    assert due
    assert authority.owed(reference, REVIEW)
    await authority.forward_to(reference, due - timedelta(days=3))
    tried = authority.rung(reference, REVIEW)
    authority.relay.refusing = set()
    await authority.forward_to(reference, due)
    heard = authority.rung(reference, REVIEW)[len(tried) :]
    assert tried
    assert due - timedelta(days=2, minutes=-1) > heard[0].planned
    assert [alarm.planned for alarm in heard if alarm.overdue] == [due]
    assert all(knock.accepted for knock in knocks(authority, reference, REVIEW)[len(tried) :])
    await authority.agreed(reference)


async def test_a_preservation_rings_before_it_lapses_and_when_it_has(authority: Office) -> None:
    """60 days: alarms 30, 14, 7, 3 and 1 days before, and the last one tells that it has lapsed."""
    reference = await authority.submit(letter("P3", like="p1d-preservation-lapsing"))
    await authority.do(reference, "p-anna", Act.ACKNOWLEDGE)
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    await authority.decide(reference, "M1", Act.GRANT)
    await authority.do(reference, "p-anna", Act.ASSIGN, "M1")
    await authority.do(reference, "p-dan", Act.START, "M1", role=Role.EXECUTING_AUTHORITY)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=60)
    await authority.do(reference, "p-dan", Act.PUT_IN_FORCE, "M1", role=Role.EXECUTING_AUTHORITY, until=until)
    await authority.reckoned(reference)
    await authority.forward_to(reference, until)
    rung = authority.rung(reference, "M1/renew or let go")
    assert [(until - alarm.planned).days for alarm in rung] == [30, 14, 7, 3, 1, 0]
    assert rung[-1].overdue
    (lapsed,) = [event for event in authority.events(reference) if event.act == Act.RECORD_EXPIRY]
    assert (lapsed.part, lapsed.status, lapsed.since) == ("M1", Status.DONE, until)
    everybody_was_told_once(authority, reference, "M1/renew or let go")
    await authority.agreed(reference)


def wanted_by(at: datetime) -> dict[str, str]:
    """A date that the requesting authority asks for."""
    return {"by": at.isoformat(), "reason_code": "other", "reason": "A date."}


async def test_a_deadline_that_has_passed_rings_at_once(authority: Office) -> None:
    """Post that lay for two days: its date was to come when it came, and is past when it is entered."""
    now = datetime.now(UTC)
    reference = await authority.submit(
        letter("P2", deadline=wanted_by(now - timedelta(hours=7))), received=now - timedelta(days=2)
    )
    await authority.forward(reference, MINUTE)
    (first,) = authority.rung(reference, "M1/decide")
    assert (first.overdue, first.rung) == (True, 1)
    everybody_was_told_once(authority, reference, "M1/decide")


async def test_nobody_is_rung_for_a_date_that_was_past_when_the_letter_came(authority: Office) -> None:
    """Truth protected: a letter that was long under way is not overdue on arrival; another date is asked for."""
    reference = await authority.submit(letter("P2", deadline=wanted_by(datetime.now(UTC) - timedelta(hours=7))))
    request = await authority.reckoned(reference)
    await authority.forward(reference, MINUTE)
    assert authority.rung(reference, "M1/decide") == []
    assert [question.id for question in request.questions if question.field == "deadline.by"]


async def test_a_raise_in_urgency_restarts_the_ladder(authority: Office) -> None:
    reference = await authority.submit(letter("P3"))
    before = next(owed for owed in (await authority.reckoned(reference)).duties if owed.key == "M1/decide")
    await authority.do(reference, "p-bob", Act.CLAIM_URGENCY, "M1", urgency=Urgency.P0)
    await authority.reckoned(reference)
    await authority.forward(reference, 6 * MINUTE)
    rung = authority.rung(reference, "M1/decide")
    assert [alarm.rung for alarm in rung] == [0, 1]
    assert rung[0].generation > before.generation
    assert authority.rung(reference, "request/tell the police")
    everybody_was_told_once(authority, reference, "M1/decide")


# --- outages ----------------------------------------------------------------------------------------------------------


async def neglected(authority: Office, urgency: Urgency, ago: timedelta) -> tuple[str, Request]:
    """A request that came in and was reckoned long ago, and of which no worker has taken care since."""
    reference, at = str(ULID()), datetime.now(UTC) - ago
    deed = opening(sought(urgency=urgency), at=at)
    first = receive(deed, at)
    came_in = begin(reference, first)
    found = reckon(came_in, Law.load(), OfficeCalendar.of("LU", "Europe/Luxembourg"))
    duties = {owed.key: owed for owed in came_in.duties}
    rows = [
        escalation.begin(duties[row.duty], row, found.ladders[ladder_name(duties[row.duty].duty, urgency)])
        for row in found.duties
    ]
    reckoning = Reckoning(duties=tuple(rows), ladders=found.ladders)
    counted = Event(
        version=2, act=Act.RECKON, part="request", person="clock", role=Role.CLOCK, at=at, particulars=reckoning
    )
    with authority.home.store.transaction() as tx:
        authority.home.keys.create(tx, reference, at)
    cipher = RecordCipher(authority.home.keys, reference)
    with authority.home.store.transaction() as tx:
        arriving = writing.Arriving(reference, at, cipher.seal(canonical(deed), "arrival"), {}, {})
        writing.arrive(tx, arriving)
    Recorder(authority.home.store, authority.home.keys).record(Batch(reference=reference, events=(first, counted)))
    return reference, fold(came_in, counted)


async def taken_up(authority: Office, request: Request) -> None:
    """The workers are back: the request goes on from where it stood."""
    start = Start(reference=request.reference, carried=Carried(request=request, done={}))
    name = f"request/{request.reference}"
    await authority.env.client.start_workflow("Request", start, id=name, task_queue=REQUESTS)


async def test_alarms_crossed_in_an_outage_are_handled_in_order_and_none_twice(authority: Office) -> None:
    reference, request = await neglected(authority, Urgency.P0, timedelta(minutes=63))
    await taken_up(authority, request)
    await authority.forward(reference, MINUTE)
    crossed = alarms(authority, reference)
    assert [alarm.planned for alarm in crossed] == sorted(alarm.planned for alarm in crossed)
    owed = next(owed for owed in request.duties if owed.key == REVIEW)
    rung = authority.rung(reference, REVIEW)
    expected = hours(request.ladders["P0"], 6)
    assert [alarm.planned - owed.opened for alarm in rung] == expected
    everybody_was_told_once(authority, reference, REVIEW)
    await authority.agreed(reference)


def alarms(authority: Office, reference: str) -> list[Alarm]:
    """All alarms of a request in the order of the ledger."""
    found = [event.particulars for event in authority.events(reference)]
    return [alarm for alarm in found if isinstance(alarm, Alarm)]


def test_every_person_of_the_office_has_a_role_to_act_in() -> None:
    assert set(ROLES) == {f"p-{name}" for name in WHO} | {"p-gus"}, "Gus comes where a test asks for him"


async def test_an_alarm_that_came_due_while_no_worker_ran_is_rung_when_one_is_back(authority: Office) -> None:
    """And a raise in urgency that waited for a worker beside it harms neither."""
    reference = await authority.submit(letter("P1"))
    await quietened(authority, reference)
    raising = authority.deed(reference, "p-bob", Act.CLAIM_URGENCY, "M1", urgency=Urgency.P0)
    async with authority.away():
        passing = asyncio.create_task(authority.forward(reference, timedelta(minutes=31)))
        raised = asyncio.create_task(authority.counter.act(reference, raising))
    await raised
    await passing
    await authority.forward(reference, MINUTE)
    for duty in (REVIEW, "M1/decide"):
        climbs = [list(climb) for _, climb in groupby(authority.rung(reference, duty), lambda alarm: alarm.generation)]
        assert len(climbs) == 2
        assert all([alarm.rung for alarm in climb] == list(range(len(climb))) for climb in climbs)
    everybody_was_told_once(authority, reference, REVIEW)
    await authority.agreed(reference)


async def test_a_long_outage_drowns_neither_the_request_nor_the_server(tmp_path: Path, *, proving: bool) -> None:
    """A week of a P0 crosses more alarms than the server holds activities (2,000): they are handled by and by."""
    away = timedelta(days=7) if proving else timedelta(hours=8)
    async with office(tmp_path, continue_after=300) as authority:
        reference, request = await neglected(authority, Urgency.P0, away)
        deadlines = {owed.key: owed for owed in request.duties}
        await taken_up(authority, request)
        await waited_for(lambda: authority.all_rung(reference, datetime.now(UTC)), 60 + away / timedelta(minutes=10))
        for duty, owed in deadlines.items():
            rung = [alarm for alarm in authority.rung(reference, duty) if alarm.planned <= owed.entered + away]
            number = len(rung)
            assert [alarm.planned - (owed.next_at or owed.entered) for alarm in rung] == hours(
                request.ladders[owed.ladder], number
            )
        await authority.agreed(reference)
