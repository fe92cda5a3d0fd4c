"""Several requests of all classes live at once, and whoever carries them is killed at random moments."""

import asyncio
import os
import random
import signal
import time
from pathlib import Path
from statistics import median

from desk.counter import Counter
from tests.crash.life import LETTER, Client, examine, second_copies
from tests.office import letter
from tests.processes import READY_WITHIN, Premises, Process, children_of, premises, read_json, server_pid
from tests.results import Results

OTHERS = ("P1", "P2", "P3")
KILLS = ("up", "up", "up, before it is ready", "server", "worker", "up and watcher")
IN_A_LIFE = 5
MUST = "each deed and alarm on record once, each mail sent, the ledger verifies"
UP_AGAIN = 5.0
"""Seconds within which `comity up` should be ready after a kill; a machine that does other things too takes longer."""


class Killer:
    """Starts the service, lets it run for a moment that is left to chance, and kills some of it."""

    def __init__(self, place: Premises, chance: random.Random) -> None:
        self._place, self._chance = place, chance
        self.took: list[float] = []

    def turn(self, kind: str) -> None:
        """One start, one kill; nothing of the service runs afterwards but what nobody is left to end."""
        if kind == "up, before it is ready":
            running = self._place.start("up")
            time.sleep(self._chance.uniform(0.2, 2.5))
            running.kill()
            return
        running = self.started()
        time.sleep(self._chance.uniform(0.0, 3.0))
        {"up": _kill, "server": self._server, "worker": self._worker, "up and watcher": _kill_both}[kind](running)

    def started(self) -> Process:
        """`comity up`, ready; how long that took is kept."""
        began = time.monotonic()
        running = self._place.up()
        self.took.append(time.monotonic() - began)
        return running

    def _server(self, running: Process) -> None:
        os.kill(server_pid(self._place.home), signal.SIGKILL)
        assert running.process.wait(READY_WITHIN) == 1

    def _worker(self, running: Process) -> None:
        """One worker of two; the other goes on, then ends as it is told."""
        worker = self._place.start("worker")
        time.sleep(self._chance.uniform(0.5, 3.0))
        worker.kill()
        assert running.end() == 0


def _kill(running: Process) -> None:
    running.kill()


def _kill_both(running: Process) -> None:
    """Nobody is left to end the server: the next `up` does, before it starts another."""
    for child in children_of(running.pid):
        os.kill(child, signal.SIGKILL)
    running.kill()


async def _lives(counter: Counter) -> tuple[Client, list[Client]]:
    """One that is lived to its closing, and one of each class that goes on."""
    whole, others = Client(counter, patience=300.0, notes=0), [Client(counter, patience=300.0) for _ in OTHERS]
    await whole.begin(LETTER)
    for client, urgency in zip(others, OTHERS, strict=True):
        await client.begin(letter(urgency))
    return whole, others


async def _survive(place: Premises, kinds: list[str], chance: random.Random) -> tuple[list[float], int]:
    """A life of several requests under these kills. Returns the seconds of each start, and second copies of mails."""
    running = await asyncio.to_thread(place.up)
    killer, may_end = Killer(place, chance), asyncio.Event()
    async with place.counter() as counter:
        whole, others = await _lives(counter)
        living = [asyncio.create_task(each) for each in (whole.live(may_end), *(one.go_on(may_end) for one in others))]
        running.kill()
        for kind in kinds:
            await asyncio.to_thread(killer.turn, kind)
        await asyncio.to_thread(killer.started)
        may_end.set()
        await asyncio.gather(*living)
        for client in (whole, *others):
            await examine(client)
        _nothing_amiss(place, open_now=len(others))
        return killer.took, sum(second_copies(client, place.post.contents) for client in (whole, *others))


def _nothing_amiss(place: Premises, *, open_now: int) -> None:
    ended = place.typed("doctor", "--json")
    findings = {finding["what"]: finding for finding in read_json(ended.stdout)}
    assert ended.returncode == 0, findings
    assert findings["requests"]["detail"].startswith(f"{open_now} open")


async def test_requests_of_all_classes_survive_kills_at_random_moments(
    tmp_path: Path, results: Results, *, proving: bool
) -> None:
    """Each deed on record once, each alarm once and none left out, each mail sent; `comity up` is ready again soon."""
    for number in range(200 // IN_A_LIFE if proving else 1):
        seed = random.SystemRandom().randrange(1 << 32)
        chance = random.Random(seed)  # noqa: S311 - it chooses instants
        kinds = chance.choices(KILLS, k=IN_A_LIFE)
        (tmp_path / str(number)).mkdir()
        with (
            results.of("`kill -9` at random moments of four lives", MUST, count=len(kinds), seed=seed) as trial,
            premises(tmp_path / str(number)) as place,
        ):
            trial.note = ", ".join(kinds)
            took, twice = await _survive(place, kinds, chance)
            trial.note = f"{_told(took)}; {twice} mails twice"
            assert median(took) < READY_WITHIN / 2


def _told(took: list[float]) -> str:
    soon = sum(seconds <= UP_AGAIN for seconds in took)
    return f"up again {min(took):.1f} to {max(took):.1f} s, {soon} of {len(took)} within {UP_AGAIN:.0f} s"
