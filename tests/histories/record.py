"""Records the lives that are new: `.venv/bin/python -m tests.histories.record`; none is ever written again."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from temporalio.client import Client, WorkflowHistory
from temporalio.converter import WorkflowSerializationContext
from temporalio.testing import WorkflowEnvironment

from activities.arrivals import Start
from comity.home import open_home
from comity.people import People
from comity.request.lifecycle import Act
from comity.request.model import canonical
from desk.counter import Counter
from desk.submitting import Submission, submit
from tests.histories import beside
from tests.histories.carried import carried
from tests.histories.lives import CARRIED, LIVES, NIGHT, TURNED, Life
from tests.lives.test_night import night, prepare
from tests.office import office
from tests.processes import ROOT, deed, insist, premises
from tests.serving import KeysInMemory, time_skipping
from tests.workflows.test_page import Slow, ringing
from worker import working

FOLDER = Path(__file__).parent / "recorded"
RINGS_UNTIL = 80
"""The version of a request: by then its first page is full twice over."""


async def record(life: Life) -> dict[str, Any]:
    """Live it on a real server. Returns its runs in order, each with the state in which it ended."""
    with TemporaryDirectory(prefix="comity-history-") as folder, premises(Path(folder), law="default") as place:
        home = open_home(place.settings if life.relay else place.settings.model_copy(update={"smtp_port": 9}))
        people = People.load(home.folder / "people.toml")
        async with time_skipping(continue_after=life.continue_after) as env, working(home, env.client):
            counter = Counter(home, people, env.client)
            recorded = await _recorded(counter, await _live(life, counter, env))
        home.close()
    return recorded


async def record_night() -> dict[str, Any]:
    """The same of the night as one story."""
    with TemporaryDirectory(prefix="comity-history-") as folder:
        async with office(Path(folder), keys=KeysInMemory()) as authority:
            prepare(authority)
            return await _recorded(authority.counter, (await night(authority, Path(folder))).reference)


async def record_turned() -> dict[str, Any]:
    """The same of a P0 that rings by the second beside a slow relay, until it is found to be a mistake."""
    relay = Slow()
    with TemporaryDirectory(prefix="comity-history-") as folder:
        async with ringing(Path(folder), relay, keys=KeysInMemory()) as (authority, reference):
            await authority.until(reference, lambda request: request.version > RINGS_UNTIL)
            relay.seconds = 0.0
            mistaken = authority.deed(reference, "p-eve", Act.VOID, reason="Entered by mistake.")
            await insist(authority.counter, reference, mistaken)
            await authority.life(reference).result()
            return await _recorded(authority.counter, reference)


async def record_carried() -> dict[str, Any]:
    """The same of a package that a person carries."""
    with TemporaryDirectory(prefix="comity-history-") as folder:
        async with office(Path(folder), keys=KeysInMemory()) as authority:
            return await _recorded(authority.counter, await carried(authority, Path(folder)))


async def _recorded(counter: Counter, reference: str) -> dict[str, Any]:
    runs = await _runs(counter.client, f"request/{reference}")
    states = [await _carried_into(counter.client, run) for run in runs[1:]]
    states.append(json.loads(canonical(counter.request(reference))))
    return {
        "workflow": f"request/{reference}",
        "runs": [{"history": run.to_json_dict(), "state": state} for run, state in zip(runs, states, strict=True)],
    }


async def _live(life: Life, counter: Counter, env: WorkflowEnvironment) -> str:
    letter = (ROOT / "examples" / f"{life.example}.json").read_bytes()
    reference = (await submit(counter, Submission(letter, "p-anna", datetime.now(UTC)))).reference
    if life.waits:
        await env.fast_forward(env.client.get_workflow_handle(f"request/{reference}"), life.waits)
    for person, act, part, role, words in life.acts:
        given = words(counter.request(reference))
        await counter.act(reference, deed(counter, reference, person, act, part, role=role, **given))
    await env.client.get_workflow_handle(f"request/{reference}").result()
    return reference


async def _runs(client: Client, workflow: str) -> list[WorkflowHistory]:
    """The history of each run, from the first on."""
    last = await client.get_workflow_handle(workflow).fetch_history()
    found = [last]
    while before := _started(found[0]).continued_execution_run_id:
        found.insert(0, await client.get_workflow_handle(workflow, run_id=before).fetch_history())
    return found


async def _carried_into(client: Client, run: WorkflowHistory) -> Any:
    """The state that a run was given by the one before."""
    converter = client.data_converter.with_context(WorkflowSerializationContext("default", run.workflow_id))
    [start] = await converter.decode(list(_started(run).input.payloads), [Start])
    return json.loads(canonical(start.carried.request))


def _started(run: WorkflowHistory) -> Any:
    return run.events[0].workflow_execution_started_event_attributes


async def record_all() -> None:
    """Write every life that has no file yet into one of its own."""
    for life in LIVES:
        if not (FOLDER / f"{life.name}.json").exists():
            _keep(life.name, await record(life))
    if not (FOLDER / f"{NIGHT}.json").exists():
        _keep(NIGHT, await record_night())
    if not (FOLDER / f"{TURNED}.json").exists():
        _keep(TURNED, await record_turned())
    if not (FOLDER / f"{CARRIED}.json").exists():
        _keep(CARRIED, await record_carried())
    if new := [name for name in beside.NAMES if not (FOLDER / f"{beside.FOLDER}/{name}.json").exists()]:
        found = await beside.lived()
        for name in new:
            _keep(f"{beside.FOLDER}/{name}", found[name])


def _keep(name: str, recorded: dict[str, Any]) -> None:
    path = FOLDER / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(recorded, sort_keys=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    asyncio.run(record_all())
