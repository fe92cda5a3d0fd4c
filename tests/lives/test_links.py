"""Two requests that name the same account are linked when the later one comes in, and both sides are told."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ulid import ULID

from comity.errors import AlreadyKnown
from comity.register import linking
from desk.telling import whole
from desk.tracing import trace
from temporal.names import REQUESTS
from tests.office import Office, letter, office


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("links")) as opened:
        yield opened


def naming(account: str, urgency: str = "P3", **more: Any) -> bytes:
    """A letter about an account, under a number of its own."""
    told: dict[str, Any] = json.loads(letter(urgency))
    wanted = {"kind": "production of subscriber data", "instrument": "budapest", "data": {"account": account}}
    told |= {"measures": [wanted | {"urgency": urgency}], "persons": [], "attachments": []}
    return json.dumps(told | more).encode()


async def begun(authority: Office, data: bytes) -> str:
    reference = await authority.submit(data)
    await authority.reckoned(reference)
    return reference


def others(authority: Office, reference: str) -> list[tuple[str, tuple[str, ...]]]:
    with authority.home.store.reading() as view:
        return [(link.other, link.kinds) for link in linking.of(view, reference)]


def entered(authority: Office, reference: str) -> list[str]:
    """What the ledger says of links, in order."""
    return [line.act for line in trace(authority.home, reference) if "link" in line.act]


async def swept(authority: Office) -> None:
    await authority.env.client.execute_workflow("Sweep", id=f"sweep-{ULID()}", task_queue=REQUESTS)


async def test_both_coordinators_are_told_once_and_no_mail_names_the_other(authority: Office) -> None:
    earlier = await begun(authority, naming("User-77b1@nuage.example"))
    apart = await begun(authority, naming("user-78@nuage.example"))
    later = await begun(authority, naming("user-77B1@nuage.example ", "P0"))
    assert others(authority, later) == [(earlier, ("account",))]
    assert others(authority, earlier) == [(later, ("account",))]
    assert others(authority, apart) == []
    await swept(authority)
    await swept(authority)
    for reference, other in ((earlier, later), (later, earlier)):
        assert entered(authority, reference) == ["find a link", "tell of links"]
        subjects = [mail["Subject"] for mail in authority.relay.to("anna@ca.example") if "links" in mail["Subject"]]
        (subject,) = [subject for subject in subjects if reference in subject]
        assert other not in subject
        told = whole(authority.home, authority.request(reference))["touches"]
        assert [(each["other"], each["kinds"]) for each in told] == [(other, ["account"])]
    authority.verified()


async def test_a_third_is_a_new_link_and_is_told_as_one(authority: Office) -> None:
    first = await begun(authority, naming("account-of-three"))
    second = await begun(authority, naming("account-of-three"))
    await swept(authority)
    third = await begun(authority, naming("account-of-three"))
    await swept(authority)
    assert {other for other, _ in others(authority, first)} == {second, third}
    assert entered(authority, first) == ["find a link", "tell of links"] * 2
    assert entered(authority, third) == ["find a link", "find a link", "tell of links"]


async def test_what_a_supplement_names_is_linked_too_and_a_copy_is_no_link(authority: Office) -> None:
    known = await begun(authority, naming("account-named-later"))
    first = naming("account-named-first", own_reference="PT-LINKS-1")
    reference = await begun(authority, first)
    with pytest.raises(AlreadyKnown):
        await authority.submit(first)
    assert others(authority, reference) == []
    added = naming("account-named-later", own_reference="PT-LINKS-1")
    for _ in range(2):
        await authority.submit(added, supplement=True)
    assert others(authority, reference) == [(known, ("account",))]
    assert entered(authority, reference) == ["find a link"]


async def test_nobody_is_told_who_cannot_be_reached_and_the_next_sweep_tells(authority: Office) -> None:
    one, two = [await begun(authority, naming("account-of-the-relay")) for _ in range(2)]
    authority.relay.refusing = {"anna@ca.example"}
    await swept(authority)
    authority.relay.refusing = set()
    assert [entered(authority, each) for each in (one, two)] == [["find a link"], ["find a link"]]
    await swept(authority)
    assert [entered(authority, each) for each in (one, two)] == [["find a link", "tell of links"]] * 2
