"""A deposit is killed and said again until it is done: each file is one exhibit, and its custody is whole."""

import asyncio
import random
import shutil
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from subprocess import TimeoutExpired

from comity.evidence import exhibits
from comity.evidence.custody import Action
from comity.ledger.checkpoint import sign_head
from comity.ledger.verify import verify_store
from comity.request.lifecycle import Act
from desk.counter import Counter
from desk.custody import custody_of
from desk.submitting import Submission, submit
from tests.office import letter
from tests.processes import STARVED, Premises, Process, deed, insist, premises, until
from tests.results import Results

MUST = "each file is one exhibit, told once, its bytes those of the file; no chain broken; the ledger verifies"
KILLS = 100
LONGEST = 0.5
"""Seconds until a kill, at most, from when something more stands in the vault."""
SIZES = (20 << 20, 9 << 20, 5, 0, 1 << 20)
"""Two that lie in parts, and three that are put whole."""


def _seized(folder: Path, chance: random.Random) -> Path:
    folder.mkdir()
    for number, size in enumerate(SIZES):
        (folder / f"{number}.bin").write_bytes(chance.randbytes(size))
    return folder


def _deposit(place: Premises, reference: str, seized: Path) -> Process:
    as_dan = ("--as", "p-dan", "--role", "evidence officer")
    return place.start("evidence", "deposit", reference, str(seized), *as_dan, "--part", "M1", "--json")


def _standing(place: Premises) -> set[Path]:
    return set(place.home.joinpath("vault").rglob("*"))


def _killed_until_done(place: Premises, reference: str, seized: Path, chance: random.Random) -> int:
    """Kill it at moments left to chance, once something more stands in the vault. Returns how often it was killed."""
    killed = 0
    while True:
        before, running = _standing(place), _deposit(place, reference, seized)
        until(lambda: running.process.poll() is not None or _standing(place) != before, STARVED)  # noqa: B023 - at once
        try:
            assert running.process.wait(chance.uniform(0.0, LONGEST)) == 0, running.log.read_text()
        except TimeoutExpired:
            running.kill()
            killed += 1
        else:
            return killed


def _examine(counter: Counter, reference: str, seized: Path) -> None:
    home = counter.home
    files = sorted(sha256(path.read_bytes()).hexdigest() for path in seized.iterdir())
    held = counter.request(reference).exhibits
    assert sorted(exhibit.sha256 for exhibit in held) == files
    with home.store.reading() as view:
        assert {each.exhibit for each in exhibits.of_request(view, reference)} >= {exhibit.id for exhibit in held}
    for exhibit in held:
        custody = custody_of(home, exhibit.id)
        assert [link.custody.action for link in custody.entries] == [Action.SEALED]
        assert custody.breaks == ()
    sign_head(home.store, home.signer())
    report = verify_store(home.store, [home.signer().verifier_key])
    assert report.ok, [step for step in report.steps if not step.ok]


async def test_a_deposit_that_is_killed_and_said_again_is_done_once(
    tmp_path: Path, results: Results, *, proving: bool
) -> None:
    """Each life hands in a folder; when proving, until 100 were killed."""
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)  # noqa: S311 - it chooses bytes and instants
    with (
        results.of("`kill -9` of a deposit", MUST, count=0, seed=seed) as trial,
        premises(tmp_path, law="default") as place,
    ):
        await asyncio.to_thread(place.up)
        async with place.counter() as counter:
            while trial.count < (KILLS if proving else 1):
                receipt = await submit(counter, Submission(letter("P3"), "p-anna", datetime.now(UTC)))
                reference = receipt.reference
                await insist(counter, reference, deed(counter, reference, "p-anna", Act.OPEN_REVIEW))
                seized = _seized(tmp_path / reference, chance)
                trial.count += await asyncio.to_thread(_killed_until_done, place, reference, seized, chance)
                sys.stdout.write(f"seed {seed}: {trial.count} deposits hit\n")
                _examine(counter, reference, seized)
                shutil.rmtree(seized)
