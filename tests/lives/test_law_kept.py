"""An open request keeps the law by which it was read, though the service has newer data, until a deed applies that."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from comity.errors import Objection
from comity.law.library import FOLDER, Law
from comity.request.lifecycle import Act
from comity.request.model import Deadline
from desk.filling import On, filled
from tests.office import Office, letter, office


def newer(folder: Path) -> Law:
    """The law of today, with another of our own clocks for what is decided in P3."""
    files = Path(shutil.copytree(FOLDER, folder / "law", ignore=shutil.ignore_patterns("*.py", "__pycache__")))
    clocks = files / "defaults" / "default.toml"
    row = next(line for line in clocks.read_text().splitlines() if line.startswith('"settle"'))
    clocks.write_text(clocks.read_text().replace(row, row.replace('P3 = "30 days"', 'P3 = "31 days"')))
    return Law.load(folder=files)


def due(authority: Office, reference: str, duty: str) -> Deadline:
    """The leading deadline of a duty."""
    owed = authority.owed(reference, duty)
    assert owed
    return owed.deadlines[0]


async def test_newer_law_changes_no_open_request_until_a_deed_applies_it(tmp_path: Path) -> None:
    """Not even a duty that it opens later; a request that comes in afterwards keeps the newer one."""
    async with office(tmp_path) as authority:
        reference = await authority.submit(letter("P3"))
        kept = authority.request(reference).law
        later = newer(tmp_path)
        async with authority.away():
            authority.home.laws.__dict__["today"] = later  # a worker and a counter that were installed anew
        await authority.do(reference, "p-anna", Act.ACKNOWLEDGE)
        await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
        await authority.do(reference, "p-fay", Act.WITHDRAW, "M1")
        await authority.do(reference, "p-anna", Act.CONCLUDE)
        await authority.reckoned(reference)
        before = due(authority, reference, "request/settle")
        assert (before.length, kept in before.law) == ("30 days", True)

        applying = filled(authority.counter, On(authority.request(reference)), Act.APPLY_LAW, {})
        await authority.do(reference, "p-anna", Act.APPLY_LAW, reason="the clock was set anew", **applying)
        await authority.reckoned(reference)
        after = due(authority, reference, "request/settle")
        assert (after.length, after.due - before.due, later.version in after.law) == (
            "31 days",
            timedelta(days=1),
            True,
        )
        with pytest.raises(Objection, match="it keeps that law already"):
            await authority.do(reference, "p-anna", Act.APPLY_LAW, reason="again", **applying)

        other = await authority.submit(letter("P3"))
        assert authority.request(other).law == later.version
        await authority.agreed(reference)
