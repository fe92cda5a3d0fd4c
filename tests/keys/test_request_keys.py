"""What the keys in the database promise, on both databases."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from comity.errors import KeyGone, NotFound
from comity.keys import request_keys, ring
from comity.keys.request_keys import TABLE, KeyClass
from comity.store import Store

from .conftest import NOW, OTHER, OWNER


@pytest.fixture
def made(store: Store, ring_path: Path) -> Store:
    """A store in which OWNER has keys."""
    with store.transaction() as tx:
        request_keys.create(tx, ring.load(ring_path), OWNER, at=NOW)
    return store


def _rows(store: Store) -> list[tuple[object, ...]]:
    with store.reading() as view:
        return [tuple(row) for row in view.execute(sa.select(TABLE).order_by(TABLE.c.owner, TABLE.c.key_class))]


def test_an_owner_has_one_key_of_each_class(made: Store) -> None:
    assert [(row[0], row[1]) for row in _rows(made)] == [(OWNER, "content"), (OWNER, "record"), (OWNER, "vault")]
    assert len({row[2] for row in _rows(made)}) == 3


def test_making_keys_twice_changes_nothing(made: Store, ring_path: Path) -> None:
    before = _rows(made)
    with made.transaction() as tx:
        request_keys.create(tx, ring.load(ring_path), OWNER, at=NOW + timedelta(days=1))
    assert _rows(made) == before


def test_a_key_of_nobody_is_not_found(made: Store) -> None:
    with made.reading() as view, pytest.raises(NotFound, match=f"no vault key was made for {OTHER}"):
        request_keys.wrapped(view, OTHER, KeyClass.VAULT)


def test_a_destroyed_key_is_gone_and_stays_gone(made: Store, ring_path: Path) -> None:
    with made.transaction() as tx:
        request_keys.destroy(tx, OWNER, KeyClass.CONTENT, at=NOW)
        request_keys.destroy(tx, OWNER, KeyClass.CONTENT, at=NOW + timedelta(days=1))
        request_keys.create(tx, ring.load(ring_path), OWNER, at=NOW)
    with made.reading() as view, pytest.raises(KeyGone, match="the content key of"):
        request_keys.wrapped(view, OWNER, KeyClass.CONTENT)
    [content, record, _vault] = _rows(made)
    assert (content[2], content[5]) == (None, NOW)
    assert record[2] is not None


def test_a_key_that_is_neither_wrapped_nor_destroyed_cannot_be_written(made: Store) -> None:
    with pytest.raises(sa.exc.IntegrityError), made.transaction() as tx:
        tx.execute(TABLE.update().values(wrapped=None))


def test_the_migrated_table_is_the_one_that_is_declared(store: Store) -> None:
    with store.reading() as view:
        context = MigrationContext.configure(view, opts={"include_object": _is_ours})
        assert compare_metadata(context, TABLE.metadata) == []


def _is_ours(item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return kind != "table" or name == "request_key"
