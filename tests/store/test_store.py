"""What the store promises on both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from comity.store import Instant, Store


def test_migrating_twice_changes_nothing(store: Store) -> None:
    store.migrate()
    with store.reading() as view:
        assert view.execute(sa.text("select count(*) from alembic_version")).scalar_one() == 1


def test_a_block_that_raises_leaves_nothing(store: Store) -> None:
    table = sa.Table("kept", sa.MetaData(), sa.Column("n", sa.Integer))
    with store.transaction() as tx:
        table.create(tx)
    with pytest.raises(ZeroDivisionError), store.transaction() as tx:
        tx.execute(table.insert().values(n=1))
        raise ZeroDivisionError
    with store.reading() as view:
        assert view.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0


def test_an_instant_comes_back_in_utc_whatever_zone_it_came_in(store: Store) -> None:
    table = sa.Table("moment", sa.MetaData(), sa.Column("at", Instant))
    written = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    with store.transaction() as tx:
        table.create(tx)
        tx.execute(table.insert().values(at=written))
        assert tx.execute(sa.select(table.c.at)).scalar_one() == written
        assert tx.execute(sa.select(table.c.at)).scalar_one().tzinfo == UTC
