"""Whoever is killed, whenever: the same requests are open afterwards, and the record is what was done."""

import asyncio
import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.crash.dying import POINTS
from tests.crash.life import OTHER_LETTER, Client, examine
from tests.processes import Premises, Process, children_of, is_alive, premises, read_json, server_pid, until
from tests.results import Results

MUST = "each deed and alarm on record once, the life completes, the ledger verifies"
KINDS = (*POINTS, "up", "server", "worker", "up and watcher")


class Reaper:
    """Starts the service and kills some of it, by turns."""

    def __init__(self, place: Premises, chance: random.Random) -> None:
        self._place = place
        self._chance = chance

    def turn(self, kind: str) -> None:
        """Start the service, kill what is to be killed, and leave nothing running but what nobody could end."""
        running = self._started(kind)
        _started_or_dead(running)
        if kind in POINTS:
            assert running.process.wait(60) == -signal.SIGKILL, running.log.read_text()
            return
        time.sleep(self._chance.uniform(0.1, 1.5))
        getattr(self, f"_kill_{kind.replace(' ', '_')}")(running)

    def _started(self, kind: str) -> Process:
        if kind not in POINTS:
            return self._place.start("up")
        count = str(self._chance.randint(1, 4))
        return self._place.start("up", entry=(sys.executable, "-m", "tests.crash.dying", kind, count))

    def _kill_up(self, running: Process) -> None:
        server = server_pid(self._place.home)
        running.kill()
        until(lambda: not is_alive(server))  # its watcher ends it

    def _kill_server(self, running: Process) -> None:
        """`up` ends with it, and says so."""
        os.kill(server_pid(self._place.home), signal.SIGKILL)
        assert running.process.wait(60) == 1
        assert "the Temporal server has ended" in running.log.read_text()

    def _kill_worker(self, running: Process) -> None:
        """What it had begun goes on in the other one."""
        worker = self._place.start("worker")
        worker.ready()
        time.sleep(self._chance.uniform(0.1, 1.5))
        worker.kill()
        assert running.end() == 0

    def _kill_up_and_watcher(self, running: Process) -> None:
        """Nobody is left to end the server: the next `up` does, before it starts another."""
        for child in children_of(running.pid):
            os.kill(child, signal.SIGKILL)
        running.kill()
        assert is_alive(server_pid(self._place.home))


def _started_or_dead(running: Process) -> None:
    until(lambda: b'"ready"' in running.log.read_bytes() or running.process.poll() is not None, 60)


async def _survive(place: Premises, kinds: list[str], chance: random.Random) -> None:
    running = await asyncio.to_thread(place.up)
    may_end, reaper = asyncio.Event(), Reaper(place, chance)
    async with place.counter() as counter:
        other, client = Client(counter), Client(counter)
        await other.begin(OTHER_LETTER)
        await client.begin()
        living = asyncio.create_task(client.live(may_end))
        running.kill()
        for kind in kinds:
            await asyncio.to_thread(reaper.turn, kind)
        left_over = _left_over(place)
        await asyncio.to_thread(place.up)
        assert left_over is None or not is_alive(left_over)
        may_end.set()
        await living
        await examine(client)
        _all_are_alive(place, open_now=1)


def _left_over(place: Premises) -> int | None:
    pid = server_pid(place.home)
    return pid if is_alive(pid) else None


def _all_are_alive(place: Premises, *, open_now: int) -> None:
    """`comity doctor` finds nothing: what is open on record lives in Temporal, nothing is parked, nobody waits."""
    ended = place.typed("doctor", "--json")
    findings = {finding["what"]: finding for finding in read_json(ended.stdout)}
    assert ended.returncode == 0, findings
    assert findings["requests"]["detail"].startswith(f"{open_now} open")


async def test_a_life_survives_whoever_is_killed_in_any_order(
    tmp_path: Path, results: Results, *, proving: bool
) -> None:
    """Before the record's commit, after it, before the workflow task completes; whole processes at any instant.

    Three kinds of kill in one life; when proving, six lives with all of them.
    """
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)  # noqa: S311 - it chooses instants
    for number in range(6 if proving else 1):
        kinds = chance.sample(KINDS, len(KINDS) if proving else 3)
        sys.stdout.write(f"seed {seed}, life {number}: {', '.join(kinds)}\n")
        (tmp_path / str(number)).mkdir()
        with (
            results.of("`kill -9` around the record, and of each process", MUST, count=len(kinds), seed=seed),
            premises(tmp_path / str(number)) as place,
        ):
            await _survive(place, kinds, chance)
