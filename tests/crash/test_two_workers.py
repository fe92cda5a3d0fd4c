"""Two workers carry the same requests: each event, each mail and each arrival is one, and checkpoints never fork."""

import asyncio
import signal
import sys
from pathlib import Path

from comity.ledger.verify import verify_store
from comity.request.lifecycle import Act
from desk.counter import Counter
from desk.tracing import trace
from tests.crash.life import LETTER, Client, examine, second_copies
from tests.office import letter
from tests.processes import Premises, Process, deed, insist, premises, read_json, until
from tests.results import Results

MUST = "each event and mail once, arrivals begun once, checkpoints never fork"


def _handed_in_and_not_begun(place: Premises, number: int) -> None:
    """Letters whose clerk died before their lives were begun: every worker that starts looks for them."""
    place.up()
    for name in range(number):
        path = place.folder / f"{name}.json"
        path.write_bytes(letter("P2"))
        entry = (sys.executable, "-m", "tests.crash.dying", "before-begun", "1")
        dying = place.start("submit", str(path), "--as", "p-anna", entry=entry)
        assert dying.process.wait(60) == -signal.SIGKILL, dying.log.read_text()
    assert place.started[0].end() == 0


def _two(place: Premises) -> tuple[Process, Process]:
    """`comity up` and one more worker, which look for what was not begun within the same seconds."""
    running = place.up()
    worker = place.start("worker")
    worker.ready()
    return running, worker


async def test_two_workers_on_one_home_do_everything_once(tmp_path: Path, results: Results, *, proving: bool) -> None:
    number, lives = (10, 8) if proving else (1, 3)
    with premises(tmp_path) as place, results.of("two workers on one home", MUST, count=lives) as trial:
        await asyncio.to_thread(_handed_in_and_not_begun, place, number)
        both = await asyncio.to_thread(_two, place)
        await asyncio.to_thread(until, lambda: _open(place) == number, 90)
        async with place.counter() as counter:
            await _ended(counter, place)
            clients = await _lived(counter, lives)
            for client in clients:
                await examine(client)
            twice = [second_copies(client, place.post.contents) for client in clients]
            trial.note = f"{sum(twice)} mails twice"
            assert _begun(counter, place) == [1] * (number + lives)
            assert [worker.end() for worker in reversed(both)] == [0, 0]
            _checkpoints_never_forked(counter)


async def _ended(counter: Counter, place: Premises) -> None:
    """What was handed in is looked at no more: each would ring by the second beside the lives that are."""
    for row in read_json(place.typed("list", "--json").stdout)["rows"]:
        await insist(counter, row["reference"], deed(counter, row["reference"], "p-eve", Act.VOID, reason="a trial"))


async def _lived(counter: Counter, lives: int) -> list[Client]:
    """So many requests at once, each to its closing."""
    clients, may_end = [Client(counter) for _ in range(lives)], asyncio.Event()
    may_end.set()
    first, *others = clients
    await first.begin(LETTER)
    for client in others:
        await client.begin(letter("P0", "P1", like="p0-livestream-announced"))
    await asyncio.gather(*(client.live(may_end) for client in clients))
    return clients


def _open(place: Premises) -> int:
    return len(read_json(place.typed("list", "--all", "--json").stdout)["rows"])


def _begun(counter: Counter, place: Premises) -> list[int]:
    """How often each request was begun, as the ledger has it."""
    references = [row["reference"] for row in read_json(place.typed("list", "--all", "--json").stdout)["rows"]]
    return [[line.act for line in trace(counter.home, each)].count(Act.RECEIVE) for each in references]


def _checkpoints_never_forked(counter: Counter) -> None:
    """Each that was ever signed, by either, is a prefix of the next; the copies in the second place say the same."""
    home = counter.home
    copies = [path.read_text() for path in home.checkpoints.iterdir()]
    assert copies
    for copy in copies:
        report = verify_store(home.store, [home.signer().verifier_key], against=copy)
        assert report.ok, [step for step in report.steps if not step.ok]
