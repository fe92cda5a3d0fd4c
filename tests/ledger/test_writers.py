"""Sixteen processes append, fail and are killed, while one signs: no gap, no false checkpoint."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
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


def _started(url: str, seed: int, target: int) -> ForkServerProcess:
    writer = PROCESSES.Process(target=write, args=(url, seed, target))
    writer.start()
    return writer


@contextmanager
def _writers(url: str, target: int) -> Iterator[list[ForkServerProcess]]:
    writers = [_started(url, seed, target) for seed in range(WRITERS)]
    try:
        yield writers
    finally:
        for writer in writers:
            writer.kill()
            writer.join()


def _signed_while_written(store: Store, target: int, kills: int) -> list[Checkpoint]:
    """Every checkpoint that was signed while writers wrote, some killed at moments that nobody chose."""
    chance, signed = random.Random(), list[Checkpoint]()  # noqa: S311
    with _writers(store.url, target) as writers:
        while any(writer.is_alive() for writer in writers):
            checkpoint = sign_head(store, signer())
            signed += [checkpoint] if checkpoint else []
            if kills and checkpoint and checkpoint.size and chance.random() < 0.5:
                victim, kills = chance.randrange(WRITERS), kills - 1
                writers[victim].kill()
                writers[victim].join()
                writers[victim] = _started(store.url, 1000 + kills, target)
        assert {writer.exitcode for writer in writers} == {0}
    last = sign_head(store, signer())
    return [*signed, last] if last else signed


def test_sixteen_writers_that_fail_and_are_killed_leave_no_gap_and_no_false_checkpoint(
    store: Store, proving: bool
) -> None:
    """The promise on which all others rest: what was signed once is a prefix of all that is signed later."""
    target, kills = (20_000, 200) if proving else (400, 6)
    signed = _signed_while_written(store, target, kills)
    assert signed[-1].size >= target
    assert len(signed) > 3
    with store.reading() as view:
        for old, new in pairwise(signed):
            proof = log.consistency(view, old.size, new.size)
            assert merkle.is_prefix((old.size, old.root), (new.size, new.root), proof)
    report = verify_store(store, [signer().verifier_key], against=signed[0].note)
    assert report.ok, report
