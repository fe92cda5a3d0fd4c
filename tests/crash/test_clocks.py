"""The clock of a machine steps by an hour, either way: alarms stay in time, and the record says when things were."""

import asyncio
import random
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ulid import ULID

from comity.errors import Objection
from comity.request.lifecycle import Act
from comity.request.model import Alarm, Event
from desk.tracing import trace
from tests.crash.life import LETTER, Client, examine, insisted
from tests.processes import STARVED, Premises, deed, premises, read_json, until
from tests.results import Results

HOUR = timedelta(hours=1)
SOON = timedelta(minutes=5)
"""How late an alarm may ring on a machine that is starved; a clock that steps would make it an hour."""
_NOT_REACHED = 3
_ONE_CLOCK = (sys.executable, "-m", "tests.crash.one_clock")
_COMITY = str(Path(sys.executable).parent / "comity")


def _library() -> str:
    """libfaketime, which a C library's clock asks instead of the kernel."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "install what infra/apt.txt lists: libfaketime is missing"
    return str(found[0])


class Clock:
    """The clock of one process's machine, set wrong by an offset that can change while it runs."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "offset"
        self.step(timedelta(0))

    def step(self, offset: timedelta) -> None:
        """From now on it is wrong by so much. Only what is read as a date and time: no clock runs backwards inside."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset.total_seconds():+.0f}\n")
        fresh.rename(self._file)

    def entry(self, *program: str) -> tuple[str, ...]:
        """How a process is started that goes by this clock: `comity`, unless another program is named."""
        told = {
            "LD_PRELOAD": _library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        return ("env", *(f"{name}={value}" for name, value in told.items()), *(program or (_COMITY,)))


def test_the_clock_of_a_process_can_be_set_wrong(tmp_path: Path) -> None:
    """What the other tests stand on."""
    clock = Clock(tmp_path)
    clock.step(HOUR)
    told = subprocess.run(  # noqa: S603 - our own words
        clock.entry("date", "-u", "+%s"), capture_output=True, check=True
    )
    assert abs(int(told.stdout) - (datetime.now(UTC) + HOUR).timestamp()) < 60


@pytest.mark.parametrize("first", [HOUR, -HOUR], ids=["forward", "back"])
async def test_a_worker_whose_clock_steps_rings_in_time_and_records_true_instants(
    tmp_path: Path, first: timedelta, results: Results
) -> None:
    """The request's clock is the Temporal server's; the step comes while it runs, and is taken back."""
    clock, began = Clock(tmp_path), datetime.now(UTC)
    with premises(tmp_path) as place:
        place.start("up", entry=clock.entry(*_ONE_CLOCK)).ready()
        async with place.counter() as counter:
            client = Client(counter, patience=STARVED)
            await client.begin(LETTER)
            with results.of("the worker's clock steps by an hour", "alarms in time; `at` from the server") as trial:
                trial.note = f"{first.total_seconds() / 3600:+.0f} h"
                for offset in (first, timedelta(0)):
                    async with _rings(place):
                        clock.step(offset)
                    await insisted(client, deed(counter, client.reference, "p-anna", Act.NOTE))
                await examine(client)
                _true_instants(client, began)


_AHEAD = ((HOUR, True), (timedelta(0), False), (2 * HOUR, True))
"""Set forward, and put right; what was planned in the hour that was none rings when that hour has come."""
_BEHIND = ((-HOUR, False), (timedelta(0), False), (HOUR, True))
"""Set back, and put right; then an hour goes by."""


async def test_a_machine_whose_clock_steps_loses_no_deed_and_no_alarm(
    tmp_path_factory: pytest.TempPathFactory, results: Results, *, proving: bool
) -> None:
    """Server and worker go by one clock; `examine` misses no alarm that was planned by then, and finds none twice."""
    both = [_AHEAD, _BEHIND]
    for steps in both if proving else random.SystemRandom().sample(both, 1):
        await _stepped(tmp_path_factory.mktemp("clock"), steps, results)


async def _stepped(folder: Path, steps: tuple[tuple[timedelta, bool], ...], results: Results) -> None:
    clock = Clock(folder)
    with premises(folder, law="default") as place:  # the set `demo` rings a thousand times in an hour
        up = place.start("up", entry=clock.entry(*_ONE_CLOCK, "server"))
        up.ready()
        async with place.counter() as counter:
            client = Client(counter, patience=STARVED)
            async with _rings(place):
                await client.begin(LETTER)
            with results.of("the whole machine's clock steps by an hour", "deeds and alarms once, none lost") as trial:
                trial.note = ", then ".join(f"{offset.total_seconds() / 3600:+.0f} h" for offset, _ in steps)
                for offset, rings in steps:
                    async with _rings(place) if rings else nullcontext():
                        clock.step(offset)
                        await _noted_at(client, offset, up.log)
                await examine(client)


async def _noted_at(client: Client, offset: timedelta, log: Path) -> None:
    """Note, until a note stands on record by the clock that was stepped, and `up`, which has this log, goes by it too.

    libfaketime tells a process of it within two seconds: one that was never told of a step would miss the step back.
    """
    async with asyncio.timeout(STARVED):
        while True:
            await insisted(client, deed(client.counter, client.reference, "p-anna", Act.NOTE))
            noted = [line.at for line in trace(client.counter.home, client.reference) if line.act == Act.NOTE]
            if all(abs(at - datetime.now(UTC) - offset) < SOON for at in (noted[-1], _logged(log))):
                return


def _logged(log: Path) -> datetime:
    """The instant of the last line of a log, by the clock of whoever wrote it."""
    *_, last = re.findall(r'"at": "([^"]+)"', log.read_text())
    return datetime.fromisoformat(last)


@asynccontextmanager
async def _rings(place: Premises) -> AsyncIterator[None]:
    """What is done in it lets four mails come, two rungs at least; they may come before it is done."""
    heard = len(place.post.came)
    yield
    await asyncio.to_thread(until, lambda: len(place.post.came) >= heard + 4, STARVED)


def _true_instants(client: Client, began: datetime) -> None:
    story = [line for line in trace(client.counter.home, client.reference) if line.version is not None]
    events = [Event.model_validate(line.what) for line in story]
    assert all(began <= event.at <= datetime.now(UTC) for event in events)
    assert [event.at for event in events] == sorted(event.at for event in events)
    rung = [(event.at, event.particulars) for event in events]
    late = [at - alarm.planned for at, alarm in rung if isinstance(alarm, Alarm)]
    assert max(late) < SOON


def _said(place: Premises, clock: Clock, words: tuple[str, ...]) -> None:
    """A command of a desk that goes by this clock; said again where nobody answered it in time, as it advises."""
    while (said := place.start(*words, entry=clock.entry())).process.wait(STARVED) == _NOT_REACHED:
        pass
    assert said.process.returncode == 0, said.log.read_text()


async def test_a_desk_whose_clock_is_ahead_delays_no_alarm_of_what_it_hands_in(
    tmp_path: Path, results: Results
) -> None:
    """Truth protected: `received` comes from the desk, and the ladders of a P0 are counted from it."""
    clock = Clock(tmp_path)
    clock.step(HOUR)
    with premises(tmp_path) as place:
        place.up()
        (tmp_path / "letter.json").write_bytes(LETTER)
        with results.of("a desk's clock an hour ahead", "nothing is received before it came; alarms at once"):
            words = ("submit", str(tmp_path / "letter.json"), "--as", "p-anna", "--json")
            await asyncio.to_thread(_said, place, clock, words)
            (listed,) = read_json(place.typed("list", "--json").stdout)["rows"]
            await asyncio.to_thread(until, lambda: len(place.post.came) >= 2, STARVED)
            assert datetime.fromisoformat(listed["received"]) <= datetime.now(UTC)


async def test_a_deed_that_happened_in_the_future_is_refused_by_the_servers_clock(
    tmp_path: Path, results: Results
) -> None:
    """And one that says nothing of when it happened is taken from any desk."""
    clock = Clock(tmp_path)
    with premises(tmp_path) as place:
        place.up()
        async with place.counter() as counter:
            client = Client(counter)
            await client.begin(LETTER)
            with results.of("a deed from a clock an hour ahead", "refused, with the reason", count=2):
                ahead = deed(counter, client.reference, "p-anna", Act.NOTE, happened=datetime.now(UTC) + HOUR)
                with pytest.raises(Objection, match="cannot lie in the future; give the instant"):
                    await counter.act(client.reference, ahead)
                for offset in (HOUR, -HOUR):
                    clock.step(offset)
                    words = ("act", client.reference, "note", "--id", str(ULID()), "--as", "p-anna")
                    await asyncio.to_thread(_said, place, clock, words)
