"""Post that belongs to no request yet waits where everybody sees it, climbs its ladder, and is filed once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ulid import ULID

from comity.errors import NotFound, NotYours, Refused, Unreadable
from comity.ledger.leaf import Kind
from comity.register import post, tables
from comity.register.post import Piece
from comity.request.lifecycle import Act, Status
from comity.request.model import Channel, Urgency, Way
from desk import acting, lettering
from desk.filing import Paper
from desk.listing import post as waiting
from desk.papers import Wanted, papers
from desk.posting import Came, act_by, found, keep_by, read, set_aside, take
from desk.tracing import trace
from desk.watching import board
from temporal.names import REQUESTS
from tests.office import WHO, Office, letter, office

WORDS = "Ref. unknown: please see to our letter of March. ‏رسالة‏\n".encode()
EARLIER = timedelta(hours=3)


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        yield opened


@pytest.fixture
def came(tmp_path: Path) -> Came:
    """A letter by courier, of this morning."""
    file = tmp_path / "scan of Müller.txt"
    file.write_bytes(WORDS)
    return Came(Paper(Channel.COURIER, file), "p-anna", datetime.now(UTC) - EARLIER, Urgency.P3)


def taken(authority: Office, came: Came) -> Piece:
    return found(authority.home, take(authority.counter, came).piece)


def listed(authority: Office) -> list[str]:
    return [row.model_dump()["reference"] for row in waiting(authority.home, None, 50).rows]


def told(authority: Office, piece: str) -> list[tuple[str, str]]:
    """What the ledger tells of a piece: kind and act of each entry."""
    return [(line.kind, line.act) for line in trace(authority.home, piece)]


async def test_what_nobody_can_place_is_sealed_and_waits_in_the_list(authority: Office, came: Came) -> None:
    first, second = taken(authority, came), taken(authority, replace(came, state="PT"))
    assert listed(authority) == [first.id, second.id]
    row = waiting(authority.home, None, 50).rows[1].model_dump()
    assert (row["what"], row["channel"], row["requesting"], row["urgency"]) == ("post", "courier", "PT", "P3")
    assert told(authority, first.id) == [("key", "make keys"), ("custody", "sealed")]


async def test_the_board_shows_it_in_its_class(authority: Office, came: Came) -> None:
    """Truth protected: the duty room looks at the board, and a letter about a child may lie in the post."""
    quiet, urgent = taken(authority, came), taken(authority, replace(came, urgency=Urgency.P0))
    reference = await authority.submit(letter("P1"))
    rows = [row for row in board(authority.home, size=50) if row.key == "post/file it" or row.urgency == "P1"]
    assert [rows[0].reference, rows[-1].reference] == [urgent.id, quiet.id]
    assert {row.reference for row in rows[1:-1]} == {reference}
    assert (rows[0].owed_by, rows[0].due) == ("coordinator, duty officer", None)


async def test_the_requests_known_by_its_number_are_named(authority: Office, came: Came) -> None:
    """Truth protected: the number is looked for as it is written on copies, and is kept nowhere but as an index."""
    reference = await authority.submit(letter("P3", own_reference="NUIPC 12/26.0", requesting_state="PT"))
    numbered = replace(came, state="PT", their_reference=" nuipc  12/26.0 ")
    assert take(authority.counter, numbered).known == (reference,)
    assert take(authority.counter, replace(numbered, state="DE")).known == ()
    assert take(authority.counter, came).known == ()


async def test_it_is_read_and_its_custody_says_by_whom_first(authority: Office, came: Came, tmp_path: Path) -> None:
    piece = taken(authority, came)
    assert read(authority.counter, piece, Wanted(piece.exhibit, "p-bob", "whose is it")) == WORDS.decode()
    left = tmp_path / "left"
    assert read(authority.counter, piece, Wanted(piece.exhibit, "p-bob", "whose is it", left)) is None
    assert left.read_bytes() == WORDS
    with pytest.raises(NotYours):
        read(authority.counter, piece, Wanted(piece.exhibit, "p-fay", "curiosity"))
    assert told(authority, piece.id)[2:] == [("custody", "accessed")] * 2 + [("attempt", "read a paper")]


async def test_an_act_of_the_partner_rests_on_it_and_counts_from_when_it_came(authority: Office, came: Came) -> None:
    """Truth protected: said again it is one deed and one paper; the piece waits no longer."""
    reference = await authority.submit(letter("P3", "P3"))
    piece = taken(authority, came)
    said = acting.Said(act="withdraw", part="M2", role="requesting authority", words="", reason="as they wrote")
    done, again = [await act_by(authority.counter, reference, piece, ("p-anna", said)) for _ in range(2)]
    assert done == again
    now = authority.request(reference)
    assert now.measures[1].status == Status.WITHDRAWN
    deed, receipt = done
    assert (deed.received, receipt.reference) == (piece.at, reference)
    assert deed.on_behalf
    assert (deed.on_behalf.channel, deed.on_behalf.exhibit.id) == (Channel.COURIER, piece.id)
    [paper] = [each for each in papers(authority.counter, reference) if each.exhibit == piece.id]
    assert (paper.name, paper.size) == ("scan of Müller.txt", len(WORDS))
    assert listed(authority) == []
    assert told(authority, piece.id)[2:] == [("custody", "copied"), ("custody", "moved")]
    assert found(authority.home, piece.id).reference == reference


async def test_one_letter_proves_the_same_act_on_two_parts(authority: Office, came: Came) -> None:
    """Truth protected: two deeds, one paper, filed once; which deed it is follows from the act and the part."""
    reference = await authority.submit(letter("P3", "P3", "P3"))
    piece = taken(authority, came)
    for typed, part in (("withdraw", "M1"), ("Withdraw", "M2"), ("withdraw", "M2")):
        said = acting.Said(act=typed, part=part, role="requesting authority", words="", reason="as they wrote")
        await act_by(authority.counter, reference, found(authority.home, piece.id), ("p-anna", said))
    first, second, third = authority.request(reference).measures
    assert (first.status, second.status, third.status) == (Status.WITHDRAWN, Status.WITHDRAWN, Status.SOUGHT)
    assert [each.exhibit for each in papers(authority.counter, reference)] == [piece.id]
    assert [event.act for event in authority.events(reference)].count(Act.WITHDRAW) == 2
    assert told(authority, piece.id)[2:] == [("custody", "copied"), ("custody", "moved")]


async def test_it_is_kept_as_a_letter_and_may_prove_a_second_act(authority: Office, came: Came) -> None:
    reference = await authority.submit(letter("P3", "P3"))
    piece = taken(authority, came)
    kept = await keep_by(authority.counter, reference, piece, ("p-anna", lettering.Said("opinion", about=("M1",))))
    assert kept.exhibit
    assert kept.exhibit.id == piece.id
    [of_file] = authority.request(reference).letters
    assert (of_file.kind, of_file.way, of_file.at, of_file.channel) == ("opinion", Way.IN, piece.at, "courier")
    filed = found(authority.home, piece.id)
    said = acting.Said(act="withdraw", part="M2", role="requesting authority", words="", reason="so", deed=str(ULID()))
    await act_by(authority.counter, reference, filed, ("p-anna", said))
    assert authority.request(reference).measures[1].status == Status.WITHDRAWN
    assert told(authority, piece.id)[2:] == [("custody", "copied"), ("custody", "moved")]


async def test_it_is_filed_in_one_request_only(authority: Office, came: Came) -> None:
    one, other = [await authority.submit(letter("P3")) for _ in range(2)]
    piece = taken(authority, came)
    opinion = ("p-anna", lettering.Said("opinion"))
    await keep_by(authority.counter, one, piece, opinion)
    with pytest.raises(Refused, match=f"is filed in {one} already; `comity trace {piece.id}`"):
        await keep_by(authority.counter, other, found(authority.home, piece.id), opinion)
    with pytest.raises(Refused, match=f"is filed in {one} already"):
        set_aside(authority.counter, found(authority.home, piece.id), "p-anna", "not ours")
    assert told(authority, piece.id)[-1] == ("attempt", "moved")
    assert authority.request(other).letters == ()


async def test_of_two_who_file_it_at_one_moment_one_has_filed_it(authority: Office, came: Came) -> None:
    """Truth protected: no paper of one request proves a deed of another, whoever looked before it was filed."""
    one, other = [await authority.submit(letter("P3")) for _ in range(2)]
    piece = taken(authority, came)
    await keep_by(authority.counter, one, piece, ("p-anna", lettering.Said("opinion")))
    with pytest.raises(Refused, match="give the deed an id of its own"):
        await keep_by(authority.counter, other, piece, ("p-bob", lettering.Said("opinion")))
    assert authority.request(other).letters == ()
    assert found(authority.home, piece.id).reference == one


async def test_a_deed_that_is_refused_leaves_it_waiting(authority: Office, came: Came) -> None:
    reference = await authority.submit(letter("P3"))
    piece = taken(authority, came)
    said = acting.Said(act="accept", part="M1", role="requesting authority", words="", reason="as they wrote")
    with pytest.raises(Refused):
        await act_by(authority.counter, reference, piece, ("p-anna", said))
    assert listed(authority) == [piece.id]
    assert list(papers(authority.counter, reference)) == []


async def test_what_is_not_ours_is_set_aside_with_the_reason_and_kept(authority: Office, came: Came) -> None:
    reference = await authority.submit(letter("P3"))
    piece = taken(authority, came)
    set_aside(authority.counter, piece, "p-anna", "handed on to the Ministry of Health")
    assert listed(authority) == []
    moved = list(trace(authority.home, piece.id))[-1].what
    assert (moved["reason"], moved["handed_to"]) == ("handed on to the Ministry of Health", "set aside")
    aside = found(authority.home, piece.id)
    with pytest.raises(Refused, match="was set aside already"):
        await keep_by(authority.counter, reference, aside, ("p-anna", lettering.Said("opinion")))
    assert read(authority.counter, aside, Wanted(piece.exhibit, "p-bob", "was that right")) == WORDS.decode()


WRONG = {
    "a State that is none": ({"state": "XX"}, Unreadable, "--from: two letters"),
    "a number of no State": ({"their_reference": "1/26"}, Unreadable, "--number: say whose"),
    "nobody of ours": ({"person": "p-fay"}, NotYours, "does not hold a role"),
    "no file": ({"paper": Paper(Channel.LETTER, Path("none"))}, NotFound, "no file stands there"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_what_cannot_be_taken_in_is_said_and_entered(authority: Office, came: Came, what: str) -> None:
    changed, error, says = WRONG[what]
    with pytest.raises(error, match=says):
        take(authority.counter, replace(came, **changed))  # type: ignore[arg-type]
    assert listed(authority) == []
    assert [entry.leaf.kind for entry in authority.entries("")][-1] == Kind.ATTEMPT


def due_now(authority: Office, piece: str) -> None:
    """For the register: Temporal's clock is another."""
    with authority.home.store.transaction() as tx:
        gone = datetime.now(UTC) - timedelta(minutes=1)
        tx.execute(tables.POST.update().where(tables.POST.c.id == piece).values(next_at=gone))


async def sweep(authority: Office) -> None:
    """Sweep once."""
    await authority.env.client.execute_workflow("Sweep", id=f"sweep-{ULID()}", task_queue=REQUESTS, result_type=int)


async def test_it_climbs_the_ladder_of_its_class_until_it_is_filed(authority: Office, came: Came) -> None:
    """Truth protected: a letter about a child that nobody could place does not lie there in silence."""
    piece = taken(authority, replace(came, urgency=Urgency.P0, at=datetime.now(UTC)))
    rungs: list[set[str]] = []
    for _ in range(5):
        due_now(authority, piece.id)
        before = len(authority.relay.taken)
        await sweep(authority)
        await sweep(authority)
        rungs.append({str(mail["To"]).partition("@")[0] for mail in authority.relay.taken[before:]})
    assert rungs == [
        {"anna", "bob", "carla"},
        {"bob", "eve"},
        {"carla", "eve"},
        {"anna", "bob", "carla", "eve"},
        {"anna", "bob", "carla"},  # it begins again
    ]
    mails = {str(mail["Message-ID"]) for mail in authority.relay.taken}
    assert len(mails) == sum(map(len, rungs)), "of two sweeps at one instant the second sends a copy, under the same id"
    assert all("post/file it" in mail["Subject"] for mail in authority.relay.taken)
    assert told(authority, piece.id)[2:] == [("notice", "tell that post waits")] * 5
    due_now(authority, piece.id)
    set_aside(authority.counter, found(authority.home, piece.id), "p-anna", "a copy")
    before = len(authority.relay.taken)
    await sweep(authority)
    assert len(authority.relay.taken) == before


async def test_what_nobody_could_be_told_is_told_by_the_next_sweep(authority: Office, came: Came) -> None:
    piece = taken(authority, replace(came, urgency=Urgency.P1))
    due_now(authority, piece.id)
    authority.relay.refusing = {f"{name}@ca.example" for name in WHO}
    await sweep(authority)
    assert told(authority, piece.id)[2:] == []
    authority.relay.refusing = set()
    await sweep(authority)
    assert told(authority, piece.id)[2:] == [("notice", "tell that post waits")]
    with authority.home.store.reading() as view:
        assert post.due(view, datetime.now(UTC), 10) == []
