"""Sixteen processes append, fail and are killed, while one signs: no gap, no false checkpoint."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_bool
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess

from comity.ledger import log, merkle
from comity.ledger.checkpoint import Checkpoint, sign_head
from comity.ledger.verify import verify_store
from comity.store import Store
from tests.ledger.records import signer
from tests.ledger.writer import write

WRITERS = 16
PROCESSES = get_context("forkserver")  # forks from a process that has imported and opened nothing else
PROCESSES.set_forkserver_preload(["pytest", "tests.ledger.writer"])


SIGNED = 8
"""So many checkpoints at least are signed while others write, however slow the machine."""


class _Writers:
    """Processes that append until it is enough; whoever is killed is followed by another."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._enough = PROCESSES.RawValue(c_bool)  # no lock: one who is killed would keep it
        self._started = 0
        self._living = [self._another() for _ in range(WRITERS)]

    def _another(self) -> ForkServerProcess:
        self._started += 1
        writer = PROCESSES.Process(target=write, args=(self._url, self._started, self._enough))
        writer.start()
        return writer

    def kill(self, victim: int) -> None:
        """Kill one in the midst of whatever it does, and start another."""
        self._living[victim].kill()
        self._living[victim].join()
        self._living[victim] = self._another()

    def finish(self) -> None:
        """Let all of them end by themselves."""
        self._enough.value = True
        for writer in self._living:
            writer.join()
        assert {writer.exitcode for writer in self._living} == {0}

    def end(self) -> None:
        """None is left, whatever happened."""
        for writer in self._living:
            writer.kill()
            writer.join()


@contextmanager
def _writing(url: str) -> Iterator[_Writers]:
    writers = _Writers(url)
    try:
        yield writers
    finally:
        writers.end()


def _signed_while_written(store: Store, target: int, kills: int) -> list[Checkpoint]:
    """Every checkpoint that was signed while writers wrote, some killed at moments that nobody chose."""
    chance, signed = random.Random(), list[Checkpoint]()  # noqa: S311
    with _writing(store.url) as writers:
        while kills or len(signed) < SIGNED or signed[-1].size < target:
            checkpoint = sign_head(store, signer())
            signed += [checkpoint] if checkpoint else []
            if kills and checkpoint and chance.random() < 0.5:
                writers.kill(chance.randrange(WRITERS))
                kills -= 1
        writers.finish()
    last = sign_head(store, signer())
    return [*signed, last] if last else signed


def test_sixteen_writers_that_fail_and_are_killed_leave_no_gap_and_no_false_checkpoint(
    store: Store, proving: bool
) -> None:
    """The promise on which all others rest: what was signed once is a prefix of all that is signed later."""
    target, kills = (20_000, 200) if proving else (400, 6)
    signed = _signed_while_written(store, target, kills)
    with store.reading() as view:
        for old, new in pairwise(signed):
            proof = log.consistency(view, old.size, new.size)
            assert merkle.is_prefix((old.size, old.root), (new.size, new.root), proof)
    report = verify_store(store, [signer().verifier_key], against=signed[0].note)
    assert report.ok, report
