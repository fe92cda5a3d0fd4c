"""What runs beside requests, lived once to be recorded: a package, what is kept, what is destroyed, a sweep."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from temporalio.client import WorkflowHandle
from ulid import ULID

from comity.evidence import recipient
from comity.register import tables
from comity.request.keeping import IN_ORDER
from comity.request.lifecycle import Act
from comity.request.model import Channel, Urgency
from desk.filing import Paper
from desk.posting import Came, take
from temporal.names import REQUESTS
from tests.activities.test_destruction import closed_with_an_exhibit
from tests.lives.test_after import closed
from tests.lives.test_destruction import ended
from tests.lives.test_endings import sent
from tests.lives.test_retention import YEAR, clock, later, rows, told
from tests.office import Office, letter, office
from tests.serving import KeysInMemory

NAMES = ("transfer", "retention", "sweep", "destruction")
FOLDER = "beside"


async def lived() -> dict[str, Any]:
    """The history of each, by its name, and what it gave back (None for what still waits)."""
    async with _authority() as authority:
        ran = {"transfer": await _transfer(authority), "retention": await _retention(authority)}
        ran |= {"sweep": await _sweep(authority), "destruction": await _destruction(authority)}
        return {name: await _recorded(handle, waits=name == "retention") for name, handle in ran.items()}


@asynccontextmanager
async def _authority() -> AsyncIterator[Office]:
    with TemporaryDirectory(prefix="comity-beside-") as folder:
        async with office(Path(folder), keys=KeysInMemory()) as opened:
            opened.home.recipient("requester").write_text(recipient.create(Path(folder) / "identity"))
            yield opened


async def _transfer(authority: Office) -> WorkflowHandle[Any, Any]:
    life = await sent(authority, authority.home.folder)
    await authority.until(life.reference, lambda _: Act.REPORT_DELIVERY in life.acts())
    return authority.env.client.get_workflow_handle(f"transfer/{life.reference}/P1-1")


async def _retention(authority: Office) -> WorkflowHandle[Any, Any]:
    reference = await closed(authority)
    await rows(authority, reference)
    await later(authority, reference, YEAR)
    await told(authority, reference, 1)
    return clock(authority, reference)


async def _destruction(authority: Office) -> WorkflowHandle[Any, Any]:
    """Each class of keys ended by two people; then nothing is left to keep."""
    reference = await closed_with_an_exhibit(authority, authority.home.folder)
    for what in IN_ORDER:
        await ended(authority, reference, what)
    return clock(authority, reference)


async def _sweep(authority: Office) -> WorkflowHandle[Any, Any]:
    """It finds one request that was lost and one piece of post that waits."""
    reference = await authority.submit(letter("P3"))
    await authority.life(reference).terminate()
    came = Came(Paper(Channel.PHONE, note="they rang"), "p-anna", datetime.now(UTC), Urgency.P1)
    piece = take(authority.counter, came).piece
    with authority.home.store.transaction() as tx:
        gone = datetime.now(UTC) - timedelta(minutes=1)
        tx.execute(tables.POST.update().where(tables.POST.c.id == piece).values(next_at=gone))
    client = authority.env.client
    handle = await client.start_workflow("Sweep", id=f"sweep-{ULID()}", task_queue=REQUESTS, result_type=int)
    await handle.result()
    return handle


async def _recorded(handle: WorkflowHandle[Any, Any], *, waits: bool) -> dict[str, Any]:
    history = await handle.fetch_history()
    result = None if waits else await handle.result()
    return {"workflow": handle.id, "history": json.loads(history.to_json()), "result": result}
