"""What waits for more to come leaves nothing behind that waits on."""

import asyncio

import pytest
from temporalio.testing import ActivityEnvironment

from activities import gathering
from activities.gathering import Gathering


async def _counted(_person: str, pieces: tuple[str, ...]) -> int:
    return len(pieces)


async def test_a_mail_that_has_waited_its_longest_leaves_nothing_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Truth protected: a worker that sends digests for months holds no more tasks than on its first day."""
    monkeypatch.setattr(gathering, "AT_MOST", 1e-6)
    before = asyncio.all_tasks()
    gathered = Gathering[str, str, int](3600.0, _counted)
    assert await ActivityEnvironment().run(gathered.hand_in, "p-anna", "a reminder") == 1
    async with asyncio.timeout(2):  # what was left behind would wait for an hour, or for the worker's end
        await asyncio.gather(*(asyncio.all_tasks() - before), return_exceptions=True)
