"""Unmatched post on both databases: listed with what was not begun, told of in order, ended once and one way."""

from datetime import datetime, timedelta

import pytest

from comity.errors import NotFound, Refused
from comity.register import post, worklist, writing
from comity.register.post import Piece
from comity.request.model import Channel, Urgency
from comity.store import Store
from tests.register.test_register import arrived, ulid
from tests.request.lives import NOW

HOUR = timedelta(hours=1)


def piece(at: datetime = NOW, next_at: datetime = NOW) -> Piece:
    return Piece(id=ulid(), exhibit=ulid(), at=at, channel=Channel.FAX, urgency=Urgency.P1, next_at=next_at)


def entered(store: Store, *pieces: Piece) -> None:
    with store.transaction() as tx:
        for each in pieces:
            post.come(tx, each)


def test_a_piece_is_found_by_four_letters_and_one_is_meant(store: Store) -> None:
    one = piece().model_copy(update={"id": "01K9AAAAAAAAAAAAAAAAAAVVVV", "state": "PT", "known": "f" * 64})
    other = piece().model_copy(update={"id": "01K9BBBBBBBBBBBBBBBBBBWWWW"})
    entered(store, one, other)
    with store.reading() as view:
        assert post.find(view, " vvvv ") == one
        for wrong, says in {"01K9": "is not one piece", "ZZZZ": "--unmatched", "%": "four of its"}.items():
            with pytest.raises(NotFound, match=says):
                post.find(view, wrong)


def test_all_that_came_in_is_listed_by_when_it_came_a_page_at_a_time(store: Store) -> None:
    early, late = piece(NOW - HOUR), piece(NOW + HOUR)
    entered(store, late, early)
    reference = ulid()
    with store.transaction() as tx:
        arrived(tx, reference)
        rows = worklist.unmatched(tx)
        assert [(row.what, row.reference) for row in rows] == [
            ("post", early.id), ("request", reference), ("post", late.id)
        ]  # fmt: skip
        assert rows[1].model_dump(exclude={"what", "reference", "at"}) == dict.fromkeys(
            ("urgency", "channel", "requesting", "belongs")
        )
        assert worklist.unmatched(tx, after=(rows[0].at, rows[0].reference)) == rows[1:]
        assert worklist.unmatched(tx, size=1) == rows[:1]


def test_a_piece_says_which_request_has_the_number_on_it(store: Store) -> None:
    """Also one that came in after it."""
    numbered, other, reference = piece().model_copy(update={"known": "d" * 64}), piece(), ulid()
    entered(store, numbered, other)
    with store.transaction() as tx:
        writing.know_by(tx, reference, ("PT", "d" * 64))
        assert {row.reference: row.belongs for row in worklist.unmatched(tx)} == {
            numbered.id: reference,
            other.id: None,
        }


def test_a_piece_ends_once_and_one_way(store: Store) -> None:
    filed, aside, reference = piece(), piece(), ulid()
    entered(store, filed, aside)
    with store.transaction() as tx:
        assert [post.end(tx, filed.id, NOW, reference) for _ in range(2)] == [True, False]
        assert [post.end(tx, aside.id, NOW, None) for _ in range(2)] == [True, False]
        assert worklist.unmatched(tx) == []
        with pytest.raises(Refused, match=f"is filed in {reference} already"):
            post.end(tx, filed.id, NOW, ulid())
        with pytest.raises(Refused, match="was set aside already"):
            post.end(tx, aside.id, NOW, reference)
        assert post.find(tx, filed.id) == filed.model_copy(update={"ended": NOW, "reference": reference})


def test_who_waits_longest_is_told_of_first_and_each_telling_counts_once(store: Store) -> None:
    first, second, later = piece(next_at=NOW - HOUR), piece(next_at=NOW), piece(next_at=NOW + HOUR)
    entered(store, second, first, later)
    with store.transaction() as tx:
        assert post.due(tx, NOW, 10) == [first, second]
        assert post.due(tx, NOW, 1) == [first]
        for _ in range(2):
            post.told(tx, first, NOW + HOUR)
        assert post.find(tx, first.id) == first.model_copy(update={"told": 1, "next_at": NOW + HOUR})
        post.end(tx, second.id, NOW, None)
        assert post.due(tx, NOW, 10) == []
