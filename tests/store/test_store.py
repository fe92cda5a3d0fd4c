"""What the store promises on both databases."""

import secrets
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa

from comity.errors import Unreachable
from comity.store import PATIENCE, Instant, Store
from tests.secrecy.remains import holding, of_others, postgres_folder


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


def test_whoever_waits_in_vain_for_a_connection_is_told_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Truth protected: where all connections hang on a silent server, what comes next is Unreachable, and no fault."""
    monkeypatch.setattr(store._engine.pool, "_timeout", 0.1)
    with pytest.raises(Unreachable, match="does not answer"), ExitStack() as held:
        for _ in range(100):
            held.enter_context(store.reading())
    with store.reading() as view:
        assert view.execute(sa.text("select 1")).scalar_one() == 1


def test_a_servers_address_may_say_how_long_it_is_waited_for(postgres: str) -> None:
    store = Store(f"{postgres}&connect_timeout=77")
    with store.reading() as view:
        told = view.connection.dbapi_connection.info.get_parameters()  # type: ignore[union-attr]
    assert (told["connect_timeout"], told["tcp_user_timeout"]) == ("77", str(PATIENCE["tcp_user_timeout"]))
    store.close()


def test_an_instant_comes_back_in_utc_whatever_zone_it_came_in(store: Store) -> None:
    table = sa.Table("moment", sa.MetaData(), sa.Column("at", Instant))
    written = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    with store.transaction() as tx:
        table.create(tx)
        tx.execute(table.insert().values(at=written))
        assert tx.execute(sa.select(table.c.at)).scalar_one() == written
        assert tx.execute(sa.select(table.c.at)).scalar_one().tzinfo == UTC


def test_what_was_overwritten_leaves_the_databases_own_files(store: Store) -> None:
    """PostgreSQL keeps it in its write-ahead log alone; SQLite's log is cut to nothing."""
    made, gone = secrets.token_bytes(61), [secrets.token_bytes(61) for _ in range(40)]
    with store.transaction() as tx:
        tx.execute(sa.text("create table kept (id integer primary key, sealed bytea)"))
        rows = [{"id": number, "sealed": sealed} for number, sealed in enumerate([made, *gone])]
        tx.execute(sa.text("insert into kept values (:id, :sealed)"), rows)
    with store.transaction() as tx:
        tx.execute(sa.text("update kept set sealed = null where id > 0"))
    store.scrub("kept")
    folder, others = _folder(store)
    assert holding(folder, gone, but=others) <= {"pg_wal"}
    assert holding(folder, [made], but=others) - {"pg_wal"}


def _folder(store: Store) -> tuple[Path, set[Path]]:
    """Where the database lies, and what in there is not its own."""
    if store.url.startswith("sqlite"):
        return Path(sa.make_url(store.url).database or "").parent, set()
    return postgres_folder(store), of_others(store)


def test_a_log_that_is_being_read_is_not_cut_and_says_so(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'comity.db'}")
    store.migrate()
    with store.reading() as view:
        view.execute(sa.text("select count(*) from request_key")).scalar_one()
        with store.transaction() as tx:
            tx.execute(sa.text("create table later (id integer)"))
        with pytest.raises(Unreachable, match="tried again"):
            store.scrub("later")
    store.scrub("later")
