"""A request that stands still is rung for: by the sweep, by the alarm's own key, each alarm once."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from ulid import ULID

from activities.unrung import STILL, RungInstead
from comity.request.model import Alarm
from desk.tracing import trace
from temporal.names import REQUESTS
from tests.office import Office, letter, office
from workflows.sweep import MOMENT

POLICE = "request/tell the police"


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("unrung")) as opened:
        yield opened


async def swept(authority: Office, now: datetime) -> None:
    """Sweep as if it were a given instant, without waiting for what may begin to move again."""
    client, name = authority.env.client, f"sweep-{ULID()}"
    sweep = await client.start_workflow("Sweep", now, id=name, task_queue=REQUESTS)
    await authority.env.fast_forward(sweep, 2 * MOMENT)
    await sweep.result()


async def still(authority: Office) -> str:
    """A P0 that rang once for each duty, and then stands still: its workflow is gone."""
    reference = await authority.submit(letter("P0"))
    await authority.forward(reference, timedelta())
    await authority.life(reference).terminate()
    return reference


def rung_for(authority: Office, reference: str, duty: str) -> list[Alarm]:
    """What sweeps rang for a duty, in order."""
    entered = [line.what for line in trace(authority.home, reference) if line.act == "ring instead"]
    told = [RungInstead.model_validate(what) for what in entered]
    return [rung.alarm for rung in told if rung.alarm.duty == duty]


async def test_a_request_that_stands_still_is_rung_for_until_it_goes_on(authority: Office) -> None:
    """Truth protected: a P0 whose workflow is gone goes on climbing, by mails under its own alarms' ids."""
    reference = await still(authority)
    (first,) = authority.rung(reference, POLICE)
    await swept(authority, first.next_at + STILL - timedelta(seconds=1))
    assert rung_for(authority, reference, POLICE) == []
    now = first.next_at + STILL
    await swept(authority, now)
    (second,) = rung_for(authority, reference, POLICE)
    assert (second.rung, second.generation) == (2, first.generation)  # five minutes apart: another has come meanwhile
    assert second.planned <= now < second.next_at
    await swept(authority, now)
    assert rung_for(authority, reference, POLICE) == [second]
    later = second.planned + timedelta(hours=3)
    await swept(authority, later)
    *_, last = rung_for(authority, reference, POLICE)
    assert last.rung > second.rung + 1  # what was missed in between is not told one by one
    assert last.planned <= later < last.next_at
    mails = [mail for mail in authority.relay.taken if reference in mail["Subject"] and POLICE in mail["Subject"]]
    ids = [mail["Message-ID"] for mail in mails]
    assert len(ids) == len(set(ids))
    authority.verified()


async def test_what_moves_on_by_itself_is_not_rung_for(authority: Office) -> None:
    """A worker that was away: alarms are late, and ring when it is back, before a sweep has looked again."""
    reference = await authority.submit(letter("P0"))
    await authority.forward(reference, timedelta())
    (first,) = authority.rung(reference, POLICE)
    sweep = await authority.env.client.start_workflow(
        "Sweep", first.next_at + STILL, id=f"sweep-{ULID()}", task_queue=REQUESTS
    )
    await authority.forward_to(reference, first.next_at + STILL)
    await authority.env.fast_forward(sweep, 2 * MOMENT)
    await sweep.result()
    assert len(authority.rung(reference, POLICE)) > 1
    assert rung_for(authority, reference, POLICE) == []


async def test_what_reached_nobody_the_next_sweep_rings_again(authority: Office) -> None:
    reference = await still(authority)
    (first,) = authority.rung(reference, POLICE)
    authority.relay.refusing = {f"{name}@ca.example" for name in ("anna", "bob", "carla", "dan", "eve")}
    await swept(authority, first.next_at + STILL)
    assert rung_for(authority, reference, POLICE) == []
    authority.relay.refusing = set()
    await swept(authority, first.next_at + STILL)
    assert [alarm.rung for alarm in rung_for(authority, reference, POLICE)] == [2]
