"""What the second person is shown before a release: what the record says, and where only a person can look."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from comity.errors import NotFound
from comity.evidence import recipient
from comity.request.lifecycle import Act, Role
from desk.before_release import Stands, checks
from tests.lives.life import Life, with_evidence
from tests.office import Office, office


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority, and one recipient of packages."""
    folder = tmp_path_factory.mktemp("before")
    async with office(folder) as opened:
        opened.home.recipient("requester").write_text(recipient.create(folder / "identity"))
        yield opened


@pytest.fixture
async def life(authority: Office, tmp_path: Path) -> Life:
    """A request with one drafted package."""
    life, exhibit = await with_evidence(authority, "P3", tmp_path)
    key = sha256(authority.home.recipient_key("requester").encode()).hexdigest()
    await life.do("dan", Act.DRAFT_PACKAGE, exhibits=(exhibit,), recipient="requester", key=key)
    return life


def _stands(life: Life) -> dict[str, tuple[Stands, str]]:
    request = life.authority.request(life.reference)
    return {each.what: (each.stands, each.said) for each in checks(life.authority.home, request, "P1")}


async def test_each_check_says_what_is_on_record_of_it(life: Life) -> None:
    found = _stands(life)
    assert list(found) == [
        "scope", "nothing beyond it", "conditions", "privilege", "remedies", "formalities", "protected persons",
        "translation", "certification", "never opened", "return", "recipient's key", "content",
    ]  # fmt: skip
    assert found["scope"] == (Stands.HOLDS, "obtained by what was granted: M1 bank records (done)")
    assert found["conditions"] == (Stands.HOLDS, "none was set")
    assert found["recipient's key"][0] == Stands.LOOK
    assert life.package().content[:12] in found["content"][1]
    assert Stands.NOT not in {stands for stands, _ in found.values()}


async def test_what_stands_against_a_release_is_told(life: Life) -> None:
    [exhibit] = life.package().exhibits
    by = datetime.now(UTC) + timedelta(days=3)
    await life.do("anna", Act.SET_TASK, task="translation", by=by, about=("P1",))
    await life.do("anna", Act.CLAIM_PRIVILEGE, exhibit=exhibit.id, reason="counsel says so", role=Role.COORDINATOR)
    life.authority.home.recipient("requester").write_text(recipient.create(life.folder / "other"))
    found = _stands(life)
    assert found["translation"] == (Stands.NOT, "not done: T1")
    assert found["privilege"] == (Stands.NOT, f"claimed, and not denied by a court: {exhibit.id}")
    assert found["recipient's key"] == (Stands.NOT, "another one stands here than when it was drafted")


async def test_what_is_no_package_has_no_release(life: Life) -> None:
    with pytest.raises(NotFound, match="name one like P1"):
        checks(life.authority.home, life.authority.request(life.reference), "M1")
