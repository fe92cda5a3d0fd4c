"""A full page is turned although alarms ring by the second: acts get their receipts, and each alarm rings once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from comity.request.lifecycle import Act
from comity.request.model import Alarm, Event, Knocked
from tests.lives.test_outage_mail import listening
from tests.office import Office, Relay, letter, office, waited_for
from tests.processes import free_port
from tests.workflows.test_door import runs
from workflows.request import GIVING_WAY

SLOW = 2.5
"""Seconds that a slow relay thinks of each recipient: longer than from one rung to the next."""
RECEIPT_WITHIN = 15.0
"""Half of what a client waits; alone on the machine three seconds were seen."""
PAGES = 2
RUNGS = 9
"""Of one duty, two seconds apart: so many that the clock could give way three times."""
LATE = GIVING_WAY / 2


class Slow(Relay):
    """A relay that takes every mail, and its time."""

    def __init__(self, seconds: float = SLOW) -> None:
        super().__init__()
        self.seconds = seconds

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take it, after a while."""
        thought = asyncio.Event()
        asyncio.get_running_loop().call_later(self.seconds, thought.set)
        await thought.wait()
        return await super().handle_RCPT(server, session, envelope, address, options)


@asynccontextmanager
async def ringing(folder: Path, relay: Relay, **more: Any) -> AsyncIterator[tuple[Office, str]]:
    """A P0 whose duties ring every two seconds, on pages that are soon full."""
    port = free_port()
    demo: dict[str, Any] = {"home": folder / "demo", "law": "demo", "smtp_port": port} | more
    async with office(folder, continue_after=60, **demo) as authority, listening(relay, port):
        yield authority, await authority.submit(letter("P0", "P0"))


async def test_acts_get_their_receipts_and_alarms_ring_once_while_several_duties_ring_by_the_second(
    tmp_path: Path,
) -> None:
    async with ringing(tmp_path, Slow()) as (authority, reference):
        while await runs(authority, reference) <= PAGES:
            async with asyncio.timeout(RECEIPT_WITHIN):
                await authority.counter.act(reference, authority.deed(reference, "p-anna", Act.NOTE))
        await authority.agreed(reference)
        each_rang_once_in_its_turn(authority.events(reference))


def each_rang_once_in_its_turn(events: list[Event]) -> None:
    """None twice, none left out, none before its instant or after one that was due later; and none answered twice."""
    rung = [(event.at, event.particulars) for event in events if isinstance(event.particulars, Alarm)]
    assert all(timedelta() <= at - alarm.planned < 3 * GIVING_WAY for at, alarm in rung)
    for _, climb in groupby(sorted(key_of(alarm) for _, alarm in rung), lambda key: key[:2]):
        numbers = [number for *_, number in climb]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    told = [key_of(event.particulars) for event in events if isinstance(event.particulars, Knocked)]
    assert len(told) == len(set(told))
    assert set(told) <= {key_of(alarm) for _, alarm in rung}


def key_of(what: Alarm | Knocked) -> tuple[str, int, int]:
    """Which rung of which duty."""
    return what.duty, what.generation, what.rung


async def test_a_register_that_says_nothing_delays_the_alarms_of_one_moment_where_a_page_is_full(
    tmp_path: Path,
) -> None:
    """The clock gives way in vain once, and not again for the same stall."""
    async with ringing(tmp_path, Relay()) as (authority, reference):
        authority.faults.silent.add("record")
        await waited_for(lambda: rung_in_vain(authority, reference), 90)
        authority.faults.spoken.set()
        await authority.agreed(reference)
        rung = [(event.at, event.particulars) for event in authority.events(reference) if event.act == Act.RING]
        late = [alarm.planned for at, alarm in rung if isinstance(alarm, Alarm) and at - alarm.planned > LATE]
        assert late, "the page was never full"
        assert max(late) - min(late) < GIVING_WAY


async def rung_in_vain(authority: Office, reference: str) -> bool:
    """Whether the review of a request has come to so many rungs."""
    duties = (await authority.now(reference)).duties
    return next(owed.rung for owed in duties if owed.key == "request/open review") >= RUNGS
