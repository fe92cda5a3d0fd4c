"""What an entry becomes, byte for byte, on both databases."""

import json
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from comity.errors import Refused, Tampered
from comity.ledger import leaf, log, merkle
from comity.ledger.leaf import Entry, Kind
from comity.store import Store
from tests.ledger.records import altered, deed, filled

FIRST = Entry(
    kind=Kind.DEED,
    reference="01JABCDEFGHJKMNPQRSTVWXYZ0",
    version=3,
    act="grant",
    status="granted",
    role="decider",
    person="p-104",
    at=datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2))),
    body=b"x",
)
SECOND = Entry(
    kind=Kind.ACCESS,
    reference=FIRST.reference,
    id="a-1",
    act="read",
    status="",
    role="auditor",
    person="é-7",
    at=datetime(2026, 3, 29, 0, 31, 0, 1, tzinfo=UTC),
    body=b"",
)
FIRST_LEAF = (
    b'{"act":"grant","at":"2026-03-29T00:30:00.000000Z",'
    b'"body":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","kind":"deed","person":"p-104",'
    b'"prev":"","reference":"01JABCDEFGHJKMNPQRSTVWXYZ0","role":"decider","status":"granted","v":0,"version":3}'
)
SECOND_LEAF = (
    '{"act":"read","at":"2026-03-29T00:31:00.000001Z",'
    '"body":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","id":"a-1","kind":"access",'
    '"person":"é-7","prev":"d5bb22378075f310d9384f168fe60a1922fafe99353ec269b261cb99c2da0492",'
    '"reference":"01JABCDEFGHJKMNPQRSTVWXYZ0","role":"auditor","status":"","v":0}'
).encode()
ROOT = "ad0d48b4adb7cd1391fba42efbc09334670b93e5c46b7697ee5953246a86e961"


def test_a_leaf_is_spelt_so_for_ever(store: Store) -> None:
    """A promise: every checkpoint ever signed rests on these bytes."""
    with store.transaction() as tx:
        assert log.append(tx, [FIRST]) == [0]
        assert log.append(tx, [SECOND]) == [1]
    with store.reading() as view:
        first, second = log.entries(view)
        assert (first.spelt, first.body) == (FIRST_LEAF, b"x")
        assert (second.spelt, second.body) == (SECOND_LEAF, b"")
        assert log.head(view).root.hex() == ROOT


def test_a_leaf_is_read_as_it_was_entered(store: Store) -> None:
    with store.transaction() as tx:
        log.append(tx, [FIRST, SECOND])
    with store.reading() as view:
        first, second = (kept.leaf for kept in log.entries(view))
    assert first.model_dump(include={"kind", "version", "id", "at"}) == {
        "kind": Kind.DEED,
        "version": 3,
        "id": None,
        "at": FIRST.at,
    }
    assert (second.version, second.id, second.person) == (None, "a-1", "é-7")
    assert second.prev == sha256(b"\x00" + FIRST_LEAF).hexdigest()


names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), max_size=20)
instants = st.datetimes(datetime(1000, 1, 1), datetime(9998, 1, 1), timezones=st.timezones())  # noqa: DTZ001


@given(
    named=st.tuples(st.integers(0, 2**31 - 1), st.none()) | st.tuples(st.none(), names.filter(bool)),
    texts=st.tuples(names, names, names, names, names),
    kind=st.sampled_from(Kind),
    at=instants,
    prev=st.just("") | st.binary(min_size=32, max_size=32).map(bytes.hex),
)
def test_every_entry_is_canonical_json_that_reads_as_what_was_entered(
    named: tuple[int | None, str | None], texts: tuple[str, ...], kind: Kind, at: datetime, prev: str
) -> None:
    fields: dict[str, Any] = dict(zip(("reference", "act", "status", "role", "person"), texts, strict=True))
    fields |= {"version": named[0], "id": named[1], "kind": kind, "at": at}
    spelt = leaf.spell(Entry(**fields, body=b""), prev, "0" * 64)
    parsed = json.loads(spelt)
    again = json.dumps(parsed, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    assert spelt == again
    assert parsed["v"] == 0
    read = leaf.read(spelt)
    assert read.model_dump(exclude={"prev", "body"}) == fields | {"at": at.astimezone(UTC)}
    assert (read.prev, read.body) == (prev, "0" * 64)


@pytest.mark.parametrize(
    "bad",
    [
        FIRST_LEAF.replace(b'"v":0', b'"v":1'),
        FIRST_LEAF.replace(b'"v":0', b'"v": 0'),
        FIRST_LEAF.replace(b',"version":3', b""),
        FIRST_LEAF.replace(b'"version":3', b'"version":03'),
        FIRST_LEAF.replace(b'"version":3', b'"version":3.0'),
        FIRST_LEAF.replace(b'"kind"', b'"id":"a","kind"'),
        FIRST_LEAF.replace(b'"deed"', b'"dead"'),
        FIRST_LEAF.replace(b"2026-03-29", b"2026-02-29"),
        FIRST_LEAF.replace(b"000000Z", b"000Z"),
        FIRST_LEAF.replace(b"2d71", b"2D71"),
        FIRST_LEAF.replace(b"p-104", b"p\\u002d104"),
        FIRST_LEAF.replace(b"p-104", b"p-\xff"),
        FIRST_LEAF.replace(b'"role"', b'"role":"reviewer","role"'),
        FIRST_LEAF + b"\n",
        b"",
    ],
)
def test_bytes_that_are_spelt_otherwise_are_no_leaf(bad: bytes) -> None:
    with pytest.raises(Tampered, match="no canonical leaf"):
        leaf.read(bad)


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": None},
        {"id": "a"},
        {"version": None, "id": ""},
        {"version": -1},
        {"version": 2**31},
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"person": 'p"'},
        {"person": "p\\"},
        {"person": "p\n"},
        {"person": "p\x00"},
        {"person": "p\ud800"},
        {"act": "a" * 201},
        {"kind": "thought"},
        {"name": "Ada"},
    ],
)
def test_what_has_no_one_spelling_is_not_entered(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Entry.model_validate(FIRST.model_dump() | wrong)


def test_each_entry_names_the_one_before_it_of_its_request(store: Store) -> None:
    with filled(store, 20).reading() as view:
        kept = list(log.entries(view))
    last: dict[str, str] = {}
    for entry in kept:
        assert entry.leaf.prev == last.get(entry.leaf.reference, "")
        last[entry.leaf.reference] = merkle.leaf_hash(entry.spelt).hex()
    assert len(last) == 3


def test_entries_come_in_order_by_request_from_an_index_on_up_to_a_limit(store: Store) -> None:
    with filled(store, 20).reading() as view:
        assert [kept.index for kept in log.entries(view)] == list(range(20))
        assert [kept.index for kept in log.entries(view, since=17)] == [17, 18, 19]
        assert [kept.index for kept in log.entries(view, "request-1", since=5, limit=3)] == [7, 10, 13]


def test_a_transaction_that_fails_leaves_neither_entry_nor_gap(store: Store) -> None:
    filled(store, 3)
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        assert log.append(tx, [deed(3)]) == [3]
        raise ZeroDivisionError
    with store.transaction() as tx:
        assert log.append(tx, []) == []
        assert log.append(tx, [deed(3), deed(4)]) == [3, 4]
        assert log.head(tx).size == 5


def test_every_size_of_the_ledger_can_be_proven_from_its_nodes(store: Store) -> None:
    size = 21
    with filled(store, size).reading() as view:
        digests = [merkle.leaf_hash(kept.spelt) for kept in log.entries(view)]
        roots = [log.root_at(view, at) for at in range(size + 1)]
        assert roots[size] == log.head(view).root
        for index, digest in enumerate(digests):
            assert merkle.is_included(digest, (index, size), log.inclusion(view, index, size), roots[size])
        for old in range(size + 1):
            proof = log.consistency(view, old, size)
            assert merkle.is_prefix((old, roots[old]), (size, roots[size]), proof)


def test_proofs_reach_no_further_than_the_ledger(store: Store) -> None:
    with filled(store, 3).reading() as view:
        with pytest.raises(Refused, match="ask for 3 at most"):
            log.inclusion(view, 0, 4)
        with pytest.raises(Refused, match="ask for 3 at most"):
            log.consistency(view, 1, 4)


def test_a_node_that_is_missing_is_named_and_never_made_up(store: Store) -> None:
    altered(filled(store, 4), log.NODE.delete().where(log.NODE.c.level == 1, log.NODE.c.index == 1))
    with store.reading() as view, pytest.raises(Tampered, match="node 1 of level 1 is missing"):
        log.inclusion(view, 0, 4)


def test_a_ledger_without_its_head_takes_no_entry(store: Store) -> None:
    altered(store, log.HEAD.delete())
    with pytest.raises(Tampered, match="has no head"), store.transaction() as tx:
        log.append(tx, [deed(0)])


def test_the_migration_makes_the_tables_that_the_ledger_declares(store: Store) -> None:
    with store.reading() as view:
        inspector = sa.inspect(view)
        for table in (log.LEAF, log.NODE, log.HEAD, log.CHECKPOINT):
            made = {column["name"]: column["nullable"] for column in inspector.get_columns(table.name)}
            assert made == {column.name: column.nullable for column in table.columns}
            key = inspector.get_pk_constraint(table.name)["constrained_columns"]
            assert key == [column.name for column in table.primary_key]
        (index,) = inspector.get_indexes("ledger_leaf")
        assert (index["name"], index["column_names"]) == ("ix_ledger_leaf_reference_index", ["reference", "index"])
