"""The door of a request, on a real server, register and ledger."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from comity.request.lifecycle import Act, Status
from tests.office import Office, office

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path) as opened:
        yield opened


async def test_a_request_comes_in_and_is_opened(authority: Office) -> None:
    reference = await authority.submit((EXAMPLES / "p3-bank-records-three-measures.json").read_bytes())
    receipt = await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    assert receipt.status == Status.OPEN
    on_record = await authority.until(reference, lambda request: all(owed.reckoned for owed in request.duties))
    assert on_record.status == Status.OPEN
    authority.verified()
