"""Who is asked to stop ends in time, whatever the others do: a service manager ends all processes at one moment."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from desk.ending import ENDS_WITHIN
from tests.processes import ROOT, Premises, Process, is_alive, premises, server_pid, until
from tests.results import Results

SLACK = 10.0
"""Seconds beyond the bound for a machine that has much else to do."""
_LETTER = str(ROOT / "examples" / "p0-livestream-announced.json")


@contextmanager
def _knocking(folder: Path) -> Iterator[tuple[Premises, Process]]:
    """A service that is in the middle of telling somebody: the relay has taken the call and says nothing."""
    folder.mkdir()
    with premises(folder) as place, socket.create_server(("127.0.0.1", 0)) as silent:
        listening = place.settings
        place.settings = listening.model_copy(update={"smtp_port": silent.getsockname()[1]})
        running = place.up()
        assert place.typed("submit", _LETTER, "--as", "p-anna").returncode == 0
        with silent.accept()[0]:
            place.settings = listening
            yield place, running


def _told_to_stop(*processes: int) -> None:
    for pid in processes:
        os.kill(pid, signal.SIGTERM)


async def test_a_stop_comes_to_its_end_when_the_server_is_gone_or_answers_nobody(
    tmp_path: Path, results: Results
) -> None:
    """Truth protected: whoever waits for a server that is gone waits no longer than the bound, and nothing is lost."""
    with (
        results.of("SIGTERM while the Temporal server is gone, or silent", "ended in time, nothing lost", count=3),
        ExitStack() as places,
    ):
        gone, up_without = places.enter_context(_knocking(tmp_path / "gone"))
        silent, up_beside = places.enter_context(_knocking(tmp_path / "silent"))
        worker = silent.start("worker")
        worker.ready()
        server = server_pid(silent.home)
        os.kill(server, signal.SIGSTOP)
        began = time.monotonic()
        _told_to_stop(up_without.pid, server_pid(gone.home), up_beside.pid, worker.pid)
        for each in (up_without, up_beside, worker):
            code = await asyncio.to_thread(each.process.wait, ENDS_WITHIN + SLACK)
            assert code == 0, each.log.read_text()
        assert time.monotonic() - began < ENDS_WITHIN + SLACK
        assert up_beside.log.read_bytes().count(b'"left unfinished: what has a receipt is on record') == 1
        until(lambda: not is_alive(server))
        silent.up()
        until(lambda: len(silent.post.came) > 0, 60)


def test_a_server_that_ends_by_itself_is_told_at_once(tmp_path: Path) -> None:
    """Whatever the workers wait for: one that had just begun asks the server that is gone for half a minute."""
    with premises(tmp_path) as place:
        running = place.up()
        os.kill(server_pid(place.home), signal.SIGKILL)
        assert running.process.wait(ENDS_WITHIN + SLACK) == 1
        told = running.log.read_text()
        assert told.count('"the Temporal server has ended; its last words are in temporal.log"') == 1
        assert "Traceback" not in told
