"""What was lent comes back: each exhibit is compared with what left, and what is missing stays owed."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from comity.errors import Objection, Unreadable
from comity.evidence import recipient
from comity.request.lifecycle import Act
from desk.custody import custody_of
from desk.itemising import register
from desk.returning import Found, Return, read, take_back
from tests.desk.test_custody import collected, deposited
from tests.lives.life import with_evidence
from tests.office import Office, letter, office

DATA = b"a ledger, lent"


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work, with one recipient of packages."""
    folder = tmp_path_factory.mktemp("returning")
    async with office(folder) as opened:
        opened.home.recipient("requester").write_text(recipient.create(folder / "identity"))
        yield opened


async def lent(authority: Office, folder: Path) -> tuple[str, str, str]:
    """A request with a package that is to come back: its file, and a thing in a bag that travelled beside it."""
    reference = await authority.submit(letter("P1"))
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    exhibit = await deposited(authority, reference, folder, DATA)
    thing = register(authority.counter, "p-dan", collected(reference)).custody.exhibit
    back = datetime.now(UTC) + timedelta(days=90)
    await authority.do(
        reference, "p-dan", Act.DRAFT_PACKAGE, exhibits=(exhibit,), recipient="requester", return_by=back
    )
    return reference, exhibit, thing


def came(exhibit: str, **more: Any) -> Found:
    """What was found of one."""
    return Found(exhibit=exhibit, **more)


async def test_what_comes_back_as_it_left_is_in_custody_and_the_package_is_back(
    authority: Office, tmp_path: Path
) -> None:
    reference, exhibit, thing = await lent(authority, tmp_path)
    found = (came(exhibit, sha256=sha256(DATA).hexdigest()), came(thing, seal_number="bag-7", condition="whole"))
    back, name = Return(reference, "P1", found, "the trial is over", "requester"), str(ULID())
    again = Return(reference, "P1", found, "the trial is over", "requester", name)
    for _ in range(2):
        compared = await take_back(authority.counter, "p-dan", again)
        assert [each.faults for each in compared] == [(), ()]
    assert authority.request(reference).packages[0].returned
    [returned] = [
        link.custody for link in custody_of(authority.home, exhibit).entries if link.custody.action == "returned"
    ]
    assert (returned.handed_by, returned.handed_to, returned.person) == ("requester", "central authority", "p-dan")
    assert back.name is None
    authority.verified()


async def test_what_is_missing_stays_owed_and_what_differs_is_named_by_its_id(
    authority: Office, tmp_path: Path
) -> None:
    reference, exhibit, thing = await lent(authority, tmp_path)
    first = Return(reference, "P1", (came(thing, seal_number="BAG-8", damaged=True),), "the trial is over", "requester")
    compared = {each.exhibit: each for each in await take_back(authority.counter, "p-dan", first)}
    assert compared[exhibit].faults == ("missing",)
    assert compared[thing].faults == ("another physical seal than had left", "damaged")
    assert compared[thing].line == f"{thing}  ANOTHER PHYSICAL SEAL THAN HAD LEFT; DAMAGED"
    assert not authority.request(reference).packages[0].returned
    assert "not the one that entry" in custody_of(authority.home, thing).verdict[0]
    other = Return(reference, "P1", (came(exhibit, sha256="0" * 64),), "the rest came", "requester")
    [late] = await take_back(authority.counter, "p-dan", other)
    assert late.faults == ("another SHA-256 than had left",)
    assert authority.request(reference).packages[0].returned


async def test_what_came_back_before_is_not_missing_when_the_rest_comes(authority: Office, tmp_path: Path) -> None:
    """Two vans: who enters the second names what is in it, and nothing twice."""
    reference, first, _ = await lent(authority, tmp_path)
    second = await deposited(authority, reference, tmp_path, DATA[::-1])
    await authority.do(reference, "p-dan", Act.DRAFT_PACKAGE, exhibits=(first, second), recipient="requester")
    for exhibit, missing in ((first, [second]), (second, [])):
        said = await take_back(
            authority.counter, "p-dan", Return(reference, "P2", (came(exhibit),), "the trial is over")
        )
        assert [each.exhibit for each in said if each.faults] == missing
    assert authority.request(reference).packages[1].returned
    with pytest.raises(Objection, match="all that P2 held is back already, and nothing else is named"):
        await take_back(authority.counter, "p-dan", Return(reference, "P2", (), "once more"))


async def test_what_was_lent_a_second_time_is_missing_until_it_has_come_back_again(
    authority: Office, tmp_path: Path
) -> None:
    """Truth protected: an old return ends no new loan."""
    first, exhibit = await with_evidence(authority, "P3", tmp_path)
    for package in ("P1", "P2"):
        life = replace(first, sends=package)
        await life.approves(exhibit)
        await life.leaves()
        nothing = Return(life.reference, package, (), "the van came")
        [missing] = await take_back(authority.counter, "p-dan", nothing)
        assert (missing.exhibit, missing.faults) == (exhibit, ("missing",))
        [back] = await take_back(authority.counter, "p-dan", replace(nothing, found=(came(exhibit),)))
        assert back.faults == ()


async def test_what_is_no_exhibit_of_the_request_is_refused_and_entered_as_an_attempt(
    authority: Office, tmp_path: Path
) -> None:
    reference, *_ = await lent(authority, tmp_path)
    for package, found in (("P1", (came(str(ULID())),)), ("M1", ())):
        with pytest.raises(Objection):
            await take_back(authority.counter, "p-dan", Return(reference, package, found, "it came"))
    assert [entry.leaf.act for entry in authority.entries(reference)][-2:] == ["take back", "take back"]


@pytest.mark.parametrize("text", ["no JSON", json.dumps([{"exhibit": "x"}]), json.dumps([{"mood": "good"}])])
def test_what_cannot_be_read_is_told_with_its_place(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)
