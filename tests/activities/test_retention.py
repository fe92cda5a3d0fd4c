"""What looks after a closed request fails once, and once although it took effect: each telling is entered once."""

from datetime import timedelta
from pathlib import Path

import pytest

from comity.request.keeping import Keeping
from tests.lives.test_after import closed
from tests.lives.test_retention import YEAR, later, mails, rows, told
from tests.office import office

EVERY = ("keep", "kept", "tell", "told of what is kept")


@pytest.mark.parametrize("kind", ["failed", "failed, but took effect"])
async def test_what_fails_is_done_once_in_the_end(tmp_path: Path, kind: str, *, proving: bool) -> None:
    """Each activity meets the fault at its first try: one clock, one mail to each, one entry, one count."""
    async with office(tmp_path) as authority:
        expected = dict.fromkeys(EVERY, 2 if proving else 1)
        (authority.faults.before if kind == "failed" else authority.faults.after).update(expected)
        reference = await closed(authority)
        await rows(authority, reference)
        await later(authority, reference, YEAR)
        await later(authority, reference, timedelta(hours=1))
        assert authority.faults.met == expected
        assert len(await told(authority, reference, 1)) == 1
        assert (await rows(authority, reference))[Keeping.REVIEW].told == 1
        for person in ("eve", "dan"):
            assert len({mail["Message-ID"] for mail in mails(authority, person, reference)}) == 1
        found = authority.env.client.list_workflows(f"WorkflowId = 'retention/{reference}'")
        assert len([each async for each in found]) == 1
        authority.verified()
