"""A worker is killed while packages leave: each arrives once and whole, is reported once, and custody is unbroken."""

import asyncio
import random
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from comity.evidence import recipient
from comity.evidence.custody import Action
from comity.ledger.checkpoint import sign_head
from comity.ledger.verify import verify_store
from comity.request.lifecycle import Act, Role
from comity.request.model import Channel
from comity.request.rules import part_of
from desk.counter import Counter
from desk.custody import custody_of
from desk.depositing import Intake, take_in, unwatched
from desk.submitting import Submission, submit
from desk.tracing import Line, trace
from tests.crash.life import answered
from tests.office import letter
from tests.processes import Premises, Process, deed, insist, premises, until
from tests.results import Results
from tests.sshd import Sshd, sshd

MUST = "one delivery of each package, whole; one report; each custody entry once, no chain broken; the ledger verifies"
AT_ONCE = 5
"""Packages that leave at once: one kill meets each of them at another step."""
KILLS = 100
_SIZE = 12 << 20
_WITHIN = 240.0
LONGEST = (4.0, 30.0)
"""Seconds until a kill, at most: while they leave, and after the time-out of their heartbeats, when they go on."""


@dataclass(frozen=True)
class Kills:
    """When to kill: within so many seconds of the last time, at moments left to chance."""

    chance: random.Random
    within: tuple[float, ...]


def _story(counter: Counter, reference: str, *acts: str) -> list[Line]:
    return [line for line in trace(counter.home, reference) if line.act in acts]


def _reported(counter: Counter, reference: str) -> list[str]:
    return [line.what["part"] for line in _story(counter, reference, Act.REPORT_DELIVERY)]


async def _begin(counter: Counter, folder: Path, number: int) -> str:
    """A request with so many exhibits, each in a package of its own, all of them approved."""
    receipt = await submit(counter, Submission(letter("P3"), "p-anna", datetime.now(UTC)))
    reference = receipt.reference
    await insist(counter, reference, deed(counter, reference, "p-anna", Act.OPEN_REVIEW))
    put = {"recipient": "requester", "channel": Channel.SFTP}
    handed = Intake(_obtained(folder / reference, number), reference, "M1", "p-dan", Role.EVIDENCE_OFFICER)
    sealed = await take_in(counter, handed, unwatched)
    for name, taken in zip(_names(number), sealed, strict=True):
        exhibits = (taken.seal.exhibit,)
        await insist(counter, reference, deed(counter, reference, "p-dan", Act.DRAFT_PACKAGE, exhibits=exhibits, **put))
        await insist(counter, reference, deed(counter, reference, "p-dan", Act.PROPOSE_RELEASE, name))
        seen = getattr(part_of(counter.request(reference), name), "content", "")
        await insist(counter, reference, deed(counter, reference, "p-bob", Act.APPROVE_RELEASE, name, seen=seen))
    return reference


def _obtained(folder: Path, number: int) -> Path:
    folder.mkdir()
    for name in range(number):
        (folder / f"{name}.bin").write_bytes(random.randbytes(_SIZE))  # noqa: S311 - nothing to hide
    return folder


def _names(number: int) -> list[str]:
    return [f"P{name + 1}" for name in range(number)]


def _killed(place: Premises, running: Process) -> Process:
    """Kill the service with whatever it has under way, and start it again."""
    running.kill()
    return place.up()


async def _leave_and_die(counter: Counter, place: Premises, reference: str, kills: Kills) -> int:
    """Dispatch all, and kill at moments left to chance. Returns how many transfers were hit."""
    running, hit = place.started[-1], 0
    for name in _names(AT_ONCE):
        await insist(counter, reference, deed(counter, reference, "p-dan", Act.DISPATCH, name))
    for longest in kills.within:
        await asyncio.sleep(kills.chance.uniform(0.0, longest))
        hit += AT_ONCE - len(_reported(counter, reference))
        running = await asyncio.to_thread(_killed, place, running)
    await asyncio.to_thread(until, lambda: len(_reported(counter, reference)) == AT_ONCE, _WITHIN)
    for name in _names(AT_ONCE):
        transfer = counter.client.get_workflow_handle(f"transfer/{reference}/{name}-1")
        await answered(transfer.result)
    return hit


def _examine(counter: Counter, server: Sshd, reference: str) -> None:
    home = counter.home
    assert sorted(_reported(counter, reference)) == _names(AT_ONCE)
    written = {path.name: path for path in home.outgoing("requester").rglob(f"{reference}-*")}
    assert len(written) == AT_ONCE
    there = {name: content for name, content in server.files().items() if name.startswith(reference)}
    assert there == {f"{path.stem}-1{path.suffix}": path.read_bytes() for path in written.values()}
    custodies = [custody_of(home, exhibit.id) for exhibit in counter.request(reference).exhibits]
    assert len(custodies) == AT_ONCE
    for each in custodies:
        assert [link.custody.action for link in each.entries] == [Action.SEALED, Action.COPIED, Action.RELEASED]
        assert each.breaks == ()
    sign_head(home.store, home.signer())
    report = verify_store(home.store, [home.signer().verifier_key])
    assert report.ok, [step for step in report.steps if not step.ok]


async def test_what_leaves_while_its_worker_is_killed_arrives_once(
    tmp_path: Path, results: Results, *, proving: bool
) -> None:
    """Once a life, with several packages on their way; when proving, twice, until 100 transfers were hit."""
    seed = random.SystemRandom().randrange(1 << 32)
    kills = Kills(random.Random(seed), LONGEST if proving else LONGEST[:1])  # noqa: S311 - it chooses instants
    with (
        results.of("`kill -9` of whoever carries packages, by SFTP", MUST, count=0, seed=seed) as trial,
        sshd(tmp_path) as server,
        premises(tmp_path, law="default") as place,
    ):
        place.home.joinpath("recipients/requester.age").write_text(recipient.create(tmp_path / "identity"))
        server.known_to(place.home / "recipients", "requester")
        await asyncio.to_thread(place.up)
        async with place.counter() as counter:
            while trial.count < (KILLS if proving else 1):
                reference = await _begin(counter, tmp_path, AT_ONCE)
                trial.count += await _leave_and_die(counter, place, reference, kills)
                sys.stdout.write(f"seed {seed}: {trial.count} transfers hit\n")
                _examine(counter, server, reference)
