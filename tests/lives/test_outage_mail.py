"""The mail relay is gone, silent or refuses: the next rung follows, the entries say so, and nothing else is held up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from comity.request.lifecycle import Act
from comity.request.model import Knocked
from tests.office import Office, Relay, letter, office, waited
from tests.processes import free_port
from tests.results import Results

REVIEW = "request/open review"
SILENT_FOR = 8.0
"""Seconds after which a relay that says nothing is given up: activities.correspondence.PATIENCE."""


class Sleepy(Relay):
    """A relay that says nothing more once it hears of one of some addresses; of all of them when `deaf` is None."""

    def __init__(self, deaf: set[str] | None) -> None:
        super().__init__()
        self.deaf = deaf

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take it, or say nothing for ever."""
        if self.deaf is None or address in self.deaf:
            await asyncio.Event().wait()
        return await super().handle_RCPT(server, session, envelope, address, options)


@asynccontextmanager
async def listening(relay: Relay, port: int) -> AsyncIterator[None]:
    """The relay listens as long as the block lasts."""
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(relay), "127.0.0.1", port)
    async with server:
        yield


def knocks(authority: Office, reference: str, duty: str) -> list[tuple[Act, Knocked]]:
    """What became of the alarms of a duty, in order."""
    found = [(event.act, event.particulars) for event in authority.events(reference)]
    return [(act, knock) for act, knock in found if isinstance(knock, Knocked) and knock.duty == duty]


async def knocked(authority: Office, reference: str, number: int = 1) -> list[tuple[Act, Knocked]]:
    """The same, once so many are on record."""
    return await waited(lambda: knocks(authority, reference, REVIEW), lambda found: len(found) >= number)


async def test_while_no_relay_is_there_each_rung_is_climbed_at_once_and_entered(
    tmp_path: Path, results: Results
) -> None:
    """To the top, where the ladder's gap is kept; when the relay is back, the next rung is told."""
    port = free_port()
    async with office(tmp_path, smtp_port=port) as authority:
        with results.of("the mail relay gone", "the next rung at once, each entered; told when it is back", count=5):
            reference = await authority.submit(letter("P0"))
            outcomes = await knocked(authority, reference, 5)
            assert {act for act, _ in outcomes} == {Act.NOT_TOLD}
            assert {code for _, knock in outcomes for code in knock.failed.values()} == {"no answer"}
            rung = authority.rung(reference, REVIEW)
            assert [alarm.rung for alarm in rung] == list(range(5))
            assert rung[-1].planned - rung[0].planned < timedelta(minutes=1)
            await authority.do(reference, "p-anna", Act.NOTE)
            relay = Relay()
            async with listening(relay, port):
                await authority.forward(reference, timedelta(minutes=21))
                assert knocks(authority, reference, REVIEW)[5][0] == Act.TOLD
                assert relay.taken
            await authority.agreed(reference)


async def test_a_relay_that_falls_silent_holds_up_neither_acts_nor_the_alarms_of_others(
    tmp_path: Path, results: Results, *, proving: bool
) -> None:
    """Acts get their receipts and alarms their entries while not one knock has come back."""
    port, many = free_port(), 25 if proving else 5
    async with office(tmp_path, smtp_port=port) as authority, listening(Sleepy(None), port):
        with results.of(
            "the mail relay silent", "acts and alarms go on; the next rung when it is given up", count=many
        ):
            references = [await authority.submit(letter("P0")) for _ in range(many)]
            for reference in references[-4:]:
                await authority.do(reference, "p-anna", Act.NOTE)
                assert knocks(authority, reference, REVIEW) == [], "the receipt waited for a mail"
            for reference in references:
                outcomes = await knocked(authority, reference, 2)
                assert {code for _, knock in outcomes for code in knock.failed.values()} == {"no answer"}
                rung = authority.rung(reference, REVIEW)
                assert [alarm.rung for alarm in rung[:2]] == [0, 1]
                assert timedelta(0) < rung[1].planned - rung[0].planned < timedelta(seconds=5 * SILENT_FOR)
            authority.verified()


async def test_one_mailbox_that_never_answers_delays_no_mail_to_others(tmp_path: Path, results: Results) -> None:
    port, relay = free_port(), Sleepy({"bob@ca.example"})
    async with office(tmp_path, smtp_port=port) as authority, listening(relay, port):
        with results.of("one mailbox silent", "the others are told meanwhile, and the entry says who was not"):
            reference = await authority.submit(letter("P0"))
            await waited(lambda: relay.to("anna@ca.example"), bool)
            assert knocks(authority, reference, REVIEW) == [], "the mail to the one waited for the other"
            (act, first), *_ = await knocked(authority, reference)
            assert (act, first.accepted, first.failed) == (Act.TOLD, ("p-anna",), {"p-bob": "no answer"})
            assert [alarm.rung for alarm in authority.rung(reference, REVIEW)] == [0]
            await authority.agreed(reference)
