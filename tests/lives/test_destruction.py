"""The end of what a closed request has left: two people decide, keys die in order, and a certificate proves it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from comity.errors import KeyGone, NotOpen, NotYours, Objection, Stale
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.ledger.certificate import Certificate, verified
from comity.ledger.checkpoint import read_key
from comity.ledger.leaf import Kind
from comity.register import destruction, linking, tables
from comity.request.destroying import Destruction
from comity.request.keeping import IN_ORDER, Keeping
from comity.request.lifecycle import Act
from comity.request.model import Channel, Urgency
from desk import lettering
from desk.destroying import Said, decide, decline, propose
from desk.filing import Paper
from desk.holding import Grounds, held, lift, place
from desk.keeping import fates, kept, lines
from desk.posting import Came, found, keep_by, take
from tests.lives.test_after import closed
from tests.lives.test_retention import rows
from tests.office import Office, letter, office, waited

WHY = "its time has come"


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("destruction")) as opened:
        yield opened


def time_has_come(authority: Office, reference: str, *classes: Keeping) -> None:
    """The same, of an authority at work."""
    time_has_come_at(authority.home, reference, *classes)


def time_has_come_at(home: Home, reference: str, *classes: Keeping) -> None:
    """For the register, the dates of these classes have come; nobody is told of it for a day."""
    now, table = datetime.now(UTC), tables.RETENTION
    these = (table.c.reference == reference) & table.c.what.in_(classes or IN_ORDER)
    with home.store.transaction() as tx:
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
        assert "invented, not verified" in (certificate.article, certificate.rule)
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


async def test_a_held_request_is_not_destroyed_and_who_held_it_does_not_let_it_go(authority: Office) -> None:
    reference = await closed(authority)
    await rows(authority, reference)
    time_has_come(authority, reference)
    hold = place(authority.counter, reference, "p-eve", Grounds(reason="an appeal", authorisation="order 12/26"))
    assert (reference, "closed") in held(authority.home)
    with pytest.raises(Objection, match="a legal hold stands"):
        await propose(authority.counter, reference, "p-dan", Said(Keeping.VAULT, WHY))
    with pytest.raises(Objection, match="who placed a hold does not lift it"):
        lift(authority.counter, reference, ("p-eve", hold.id[-4:]), "over")
    with pytest.raises(NotYours):
        lift(authority.counter, reference, ("p-anna", hold.id), "over")
    assert [line[-4:] for line in told(authority, reference)] == ["HELD"] * 4
    lifted = lift(authority.counter, reference, ("p-carla", hold.id[-4:]), "over")
    assert (lifted.lifted_by, lifted.reason) == ("p-carla", "an appeal")
    assert reference not in {held_one for held_one, _ in held(authority.home)}
    attempts = [entry.leaf.act for entry in authority.entries(reference) if entry.leaf.kind == Kind.ATTEMPT]
    assert attempts == ["propose destruction", "lift legal hold", "lift legal hold"]
    await ended(authority, reference, Keeping.VAULT)
    assert told(authority, reference)[1].startswith("vault    certified: proposed by p-dan")


def told(authority: Office, reference: str) -> list[str]:
    """What `comity retention` says of its dates."""
    return lines(fates(authority.home, kept(authority.home, reference), reference))


async def test_two_that_name_the_same_file_wait_for_each_others_dates(authority: Office) -> None:
    first, second = await closed(authority), await closed(authority)
    for reference in (first, second):
        await rows(authority, reference)
    link = {"kinds": "attachment", "at": datetime.now(UTC)}
    with authority.home.store.transaction() as tx:
        tx.execute(tables.LINK.insert(), [_between(first, second) | link, _between(second, first) | link])
    time_has_come(authority, first)
    with pytest.raises(Objection, match=f"needed by {second}"):
        await propose(authority.counter, first, "p-dan", Said(Keeping.VAULT, WHY))
    time_has_come(authority, second)
    for what in (Keeping.VAULT, Keeping.CONTENT):
        await ended(authority, first, what)
    with authority.home.store.reading() as view:
        assert linking.of(view, second) == []


async def test_post_that_was_filed_in_it_ends_with_it(authority: Office) -> None:
    """Truth protected: it has keys of its own, from before anybody knew whose it was."""
    reference = await authority.submit(letter("P3"))
    came = Came(Paper(Channel.PHONE, note="they rang"), "p-anna", datetime.now(UTC), Urgency.P3)
    piece = found(authority.home, take(authority.counter, came).piece)
    await keep_by(authority.counter, reference, piece, ("p-anna", lettering.Said("opinion")))
    await authority.do(reference, "p-eve", Act.VOID, reason="entered twice")
    await authority.life(reference).result()
    await rows(authority, reference)
    time_has_come(authority, reference)
    certified = {}
    for what in IN_ORDER:
        assert authority.home.keys.raw(piece.id, KeyClass(what))
        certified[what] = await ended(authority, reference, what)
        with pytest.raises(KeyGone):
            authority.home.keys.raw(piece.id, KeyClass(what))
        assert {key.rpartition("/")[0] for key in certified[what].keys} == {reference, piece.id}
    gone = [each.partition(", ")[::2] for each in certified[Keeping.CONTENT].exhibits]
    assert [became for _, became in gone] == ["file removed"] * 2, "as it came, and its copy in the file"
    assert piece.id in {exhibit for exhibit, _ in gone}
    assert [exhibit for exhibit, _ in gone if authority.home.vault.holds(exhibit)] == []
    authority.verified()


def _between(one: str, other: str) -> dict[str, str]:
    return {"reference": one, "other": other}


async def test_what_was_proposed_is_taken_back_by_one_person_and_what_changed_is_proposed_anew(
    authority: Office,
) -> None:
    reference = await closed(authority)
    await rows(authority, reference)
    time_has_come(authority, reference)
    proposed = await propose(authority.counter, reference, "p-dan", Said(Keeping.VAULT, WHY))
    time_has_come(authority, reference)  # another date than the one that was seen
    with pytest.raises(Stale, match="propose it again"):
        await decide(authority.counter, reference, "p-eve", Said(Keeping.VAULT, "", proposed.digest))
    await decline(authority.counter, reference, "p-anna", Said(Keeping.VAULT, "not yet"))
    with pytest.raises(NotOpen, match="nobody has proposed"):
        await decide(authority.counter, reference, "p-eve", Said(Keeping.VAULT, "", proposed.digest))
    assert authority.home.keys.raw(reference, KeyClass.VAULT)
