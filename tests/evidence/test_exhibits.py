"""What the list of exhibits promises, on both databases."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from comity.errors import NotFound, RecordDisagrees
from comity.evidence import exhibits
from comity.evidence.exhibits import Sealed
from comity.store import Store

from .conftest import NOW, ONE, REFERENCE, THREE, TWO


def _sealed(exhibit: str, *, minutes: int = 0, reference: str = REFERENCE, seal: bytes = b"\x00a seal\xff") -> Sealed:
    at = NOW + timedelta(minutes=minutes)
    return Sealed(exhibit=exhibit, reference=reference, sealed_at=at, particulars=b"\x00closed\xff", seal=seal)


def test_an_exhibit_comes_back_as_it_was_entered(store: Store) -> None:
    with store.transaction() as tx:
        exhibits.enter(tx, _sealed(ONE))
    with store.reading() as view:
        assert exhibits.find(view, ONE) == _sealed(ONE)


def test_entering_twice_changes_nothing(store: Store) -> None:
    with store.transaction() as tx:
        exhibits.enter(tx, _sealed(ONE))
        exhibits.enter(tx, _sealed(ONE, seal=b"the same seal, closed once more"))
        assert exhibits.of_request(tx, REFERENCE) == [_sealed(ONE)]


def test_the_same_id_for_another_instant_or_request_is_a_fault(store: Store) -> None:
    with store.transaction() as tx:
        exhibits.enter(tx, _sealed(ONE))
        for other in (_sealed(ONE, minutes=1), _sealed(ONE, reference=TWO)):
            with pytest.raises(RecordDisagrees, match=ONE):
                exhibits.enter(tx, other)
        assert exhibits.find(tx, ONE) == _sealed(ONE)


def test_a_request_lists_its_own_exhibits_in_the_order_of_sealing(store: Store) -> None:
    with store.transaction() as tx:
        exhibits.enter(tx, _sealed(ONE, minutes=5))
        exhibits.enter(tx, _sealed(TWO, minutes=1))
        exhibits.enter(tx, _sealed(THREE, reference=TWO))
        assert [each.exhibit for each in exhibits.of_request(tx, REFERENCE)] == [TWO, ONE]


def test_an_exhibit_never_entered_is_not_found(store: Store) -> None:
    with store.reading() as view, pytest.raises(NotFound, match=ONE):
        exhibits.find(view, ONE)


def test_the_list_has_no_column_in_which_a_hash_or_a_size_could_stand_in_the_clear() -> None:
    in_the_clear = {column.name for column in exhibits.TABLE.columns if not isinstance(column.type, sa.LargeBinary)}
    assert in_the_clear == {"id", "reference", "sealed_at"}


def test_the_migrated_table_is_the_one_that_is_declared(store: Store) -> None:
    with store.reading() as view:
        context = MigrationContext.configure(view, opts={"include_object": _is_ours})
        assert compare_metadata(context, exhibits.TABLE.metadata) == []


def _is_ours(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return kind != "table" or name == "exhibit"
