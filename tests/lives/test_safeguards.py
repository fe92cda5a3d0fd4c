"""Safeguards over a real server: dated, rung for, and interviews counted over the requests that name the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comity.errors import NotFound
from comity.law.reviewing import Check
from comity.request.lifecycle import Act, Duty
from comity.request.model import Deed
from desk.filling import On, filled
from desk.reviewing import checklists
from tests.office import Office, letter, office

SEE_TO = f"request/{Duty.SEE_TO_SAFEGUARDS}"


async def plan(authority: Office, reference: str, what: str, days: int) -> None:
    """A safeguard for a child, as the counter takes it."""
    given = {"safeguard": what, "protects": "child-1", "by": (datetime.now(UTC) + timedelta(days=days)).isoformat()}
    stamped = filled(authority.counter, On(authority.request(reference)), Act.PLAN_SAFEGUARD, given)
    await authority.do(reference, "p-anna", Act.PLAN_SAFEGUARD, **stamped)


async def test_the_earliest_safeguard_that_is_left_rings(tmp_path: Path) -> None:
    async with office(tmp_path) as authority:
        reference = await authority.submit(letter("P3"))
        with pytest.raises(NotFound, match="no safeguard of that id; there are support person, interpreter"):
            await plan(authority, reference, "a kind word", 3)
        await plan(authority, reference, "safety plan", 40)
        await plan(authority, reference, "referral", 20)
        await authority.reckoned(reference)
        first = authority.owed(reference, SEE_TO)
        assert first is not None
        assert (first.due, first.deadlines[0].rule) == (authority.request(reference).safeguards[1].by, "date given")
        await authority.do(reference, "p-anna", Act.RECORD_SAFEGUARD, name="S2")
        await authority.reckoned(reference)
        left = authority.owed(reference, SEE_TO)
        assert left is not None
        assert left.due == authority.request(reference).safeguards[0].by
        await authority.forward_to(reference, left.next_at or left.due)
        assert [alarm.planned for alarm in authority.rung(reference, SEE_TO)] == [left.next_at]
        await authority.agreed(reference)


async def test_interviews_count_over_the_requests_that_name_the_same(tmp_path: Path) -> None:
    """Truth protected: a child is not heard again since nobody knew that another request had it heard."""
    async with office(tmp_path) as authority:
        hearing = [{"kind": "video hearing", "instrument": "untoc", "urgency": "P3"}]
        one, other = [await authority.submit(letter("P3", measures=hearing)) for _ in range(2)]
        await authority.do(other, "p-anna", Act.RECORD_INTERVIEW, heard="child-1")
        heard = [each.what for each in _warnings(authority, one)]
        assert heard == []
        linking = authority.deed(one, "p-anna", Act.NOTE).model_dump() | {"act": Act.LINK}
        await authority.counter.act(one, Deed.model_validate(linking | {"particulars": {"reference": other}}))
        await authority.do(one, "p-anna", Act.RECORD_INTERVIEW, heard="child-2")
        await authority.do(
            one, "p-anna", Act.RECORD_RECOVERY, protects="child-2", until=datetime.now(UTC) + timedelta(days=30)
        )
        [already, recovering] = [each.what for each in _warnings(authority, one)]
        assert already.startswith("heard already (1 here, 0 as the letter says, 1 in requests that touch it)")
        assert recovering.startswith("child-2 is in a recovery period until")


def _warnings(authority: Office, reference: str) -> list[Check]:
    [found] = checklists(authority.home, authority.request(reference))
    assert all(each.what.endswith("(not planned)") for each in found.checks if each.weight == "safeguard")
    return [each for each in found.checks if each.weight == "warning"]
