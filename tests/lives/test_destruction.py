"""The end of what a closed request has left: two people decide, keys die in order, and a certificate proves it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from comity.errors import KeyGone, Objection, Stale
from comity.keys.request_keys import KeyClass
from comity.ledger.certificate import Certificate, verified
from comity.ledger.checkpoint import read_key
from comity.ledger.leaf import Kind
from comity.register import destruction, tables
from comity.request.destroying import Destruction
from comity.request.keeping import IN_ORDER, Keeping
from comity.request.lifecycle import Act
from desk.destroying import Said, decide, propose
from tests.lives.test_after import closed
from tests.lives.test_retention import rows
from tests.office import Office, office, waited

WHY = "its time has come"


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("destruction")) as opened:
        yield opened


def time_has_come(authority: Office, reference: str, *classes: Keeping) -> None:
    """For the register, the dates of these classes have come; nobody is told of it for a day."""
    now, table = datetime.now(UTC), tables.RETENTION
    these = (table.c.reference == reference) & table.c.what.in_(classes or IN_ORDER)
    with authority.home.store.transaction() as tx:
        tx.execute(table.update().where(these).values(due=now - timedelta(days=1), next_at=now + timedelta(days=1)))


def standing(authority: Office, reference: str, what: Keeping) -> Destruction | None:
    """How far the destruction of one class has come."""
    with authority.home.store.reading() as view:
        return destruction.find(view, reference, what)


async def ended(authority: Office, reference: str, what: Keeping) -> Certificate:
    """Dan proposes, Eve decides, the service destroys; the certificate, verified by the public key alone."""
    proposed = await propose(authority.counter, reference, "p-dan", Said(what, WHY))
    await decide(authority.counter, reference, "p-eve", Said(what, "", proposed.digest[:8]))
    done = await waited(lambda: standing(authority, reference, what), lambda found: bool(found and found.certificate))
    assert done is not None
    return verified(done.certificate or "", [read_key(authority.home.signer().verifier_key)])


async def test_keys_are_destroyed_in_order_by_two_people_and_each_time_it_is_certified(authority: Office) -> None:
    reference = await closed(authority)
    await rows(authority, reference)
    time_has_come(authority, reference)
    for what in IN_ORDER:
        assert authority.home.keys.raw(reference, KeyClass(what))
        certificate = await ended(authority, reference, what)
        assert (certificate.kind, certificate.request) == (what, reference)
        assert certificate.proposed.startswith("p-dan ")
        assert certificate.decided.startswith("p-eve as head of unit ")
        assert "our default, not verified" in (certificate.article, certificate.rule)
        with pytest.raises(KeyGone):
            authority.home.keys.raw(reference, KeyClass(what))
        authority.verified()
    certified = [entry for entry in authority.entries(reference) if entry.leaf.act == "certify destruction"]
    assert [(entry.leaf.kind, entry.leaf.status) for entry in certified] == [(Kind.KEY, what) for what in IN_ORDER]
    await authority.env.client.get_workflow_handle(f"retention/{reference}").result()


async def test_who_proposes_does_not_decide_and_who_decides_names_what_they_saw(authority: Office) -> None:
    reference = await closed(authority)
    await rows(authority, reference)
    time_has_come(authority, reference)
    proposed = await propose(authority.counter, reference, "p-eve", Said(Keeping.VAULT, WHY))
    with pytest.raises(Objection, match="who proposed it does not decide"):
        await decide(authority.counter, reference, "p-eve", Said(Keeping.VAULT, "", proposed.digest))
    with pytest.raises(Stale, match="by its digest"):
        await decide(authority.counter, reference, "p-carla", Said(Keeping.VAULT, "", "0" * 8))
    assert authority.home.keys.raw(reference, KeyClass.VAULT)


async def test_a_request_whose_content_is_destroyed_begins_no_life_again(authority: Office) -> None:
    reference = await closed(authority)
    await rows(authority, reference)
    time_has_come(authority, reference)
    for what in (Keeping.VAULT, Keeping.CONTENT):
        await ended(authority, reference, what)
    with pytest.raises(Objection, match="its keys were destroyed"):
        await authority.do(reference, "p-eve", Act.REOPEN, reason="it was no mistake")
