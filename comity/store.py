"""One database: its engine, its transactions, and the migrations of all keepers' tables.

Every keeper takes an open transaction, so that register and ledger are written together or not at all.
SQLite must take the write lock at BEGIN (a deferred transaction that upgrades is refused at once, whatever the
time-out), therefore every writing transaction is BEGIN IMMEDIATE there.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as AllConnectionsHeld

from comity.errors import Unreachable

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""The tables of all keepers. A keeper declares its own in its room; comity/migrations makes them."""

PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""How long a PostgreSQL server may say nothing (libpq: seconds, the last in milliseconds), unless its URL says else:
five to take us in; then some twenty until a machine that is gone is noticed. A statement may take as long as it needs,
since a migration or a verification of years does."""

_PATIENCE_OF_SQLITE = "busy_timeout=30000"
_INSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
_MIGRATING = 61726
_MIGRATIONS = Path(__file__).parent / "migrations"


class Instant(sa.types.TypeDecorator[datetime]):
    """An instant in UTC, to the microsecond, as text of fixed width that sorts in time: the same on every database."""

    impl = sa.String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f%z")


class Store:
    """One database, opened once in a process; `url` is SQLAlchemy's (sqlite:///… or postgresql+psycopg://…)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = _engine(url)
        # SQLite lets one write, and has the others look again after ever longer sleeps: threads of one process queue.
        self._turn = Lock() if self._engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A writing transaction: committed at the end of the block, rolled back when the block raises.

        Raises Unreachable when the database does not answer.
        """
        with _reached(), self._turn, self._engine.begin() as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One consistent view of the database, which waits for no writer. Raises Unreachable."""
        with _reached(), self._engine.connect() as view:
            view = view.execution_options(reading=True)
            if view.dialect.name == "postgresql":
                view = view.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield view

    def migrate(self) -> None:
        """Bring the database to the newest schema. Safe to repeat; one process does it, the others wait."""
        from alembic import command  # a fifth of a second, which most commands do not need
        from alembic.config import Config

        with self.transaction() as tx:
            alone(tx, _MIGRATING)
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS))
            config.attributes["connection"] = tx
            command.upgrade(config, "head")

    def scrub(self, *tables: str) -> None:
        """Take what was overwritten or deleted in these tables out of the database's own files.

        SQLite has written zeros over it (secure_delete); here its log is brought in and cut to nothing. PostgreSQL
        writes these tables anew without it, and keeps it in its write-ahead log until those files are used again.
        Raises Unreachable while somebody else is at it: it is to be said again.
        """
        with _reached(), self._turn, self._engine.connect() as view:
            view = view.execution_options(isolation_level="AUTOCOMMIT", reading=True)
            if view.dialect.name == "sqlite":
                self._cut_log(view)
            else:
                view.execute(sa.text("set lock_timeout = '5s'"))
                view.execute(sa.text(f"vacuum (full) {', '.join(tables)}"))
                view.execute(sa.text("set lock_timeout = default"))

    def _cut_log(self, view: sa.Connection) -> None:
        view.exec_driver_sql("pragma busy_timeout=1000")  # who writes waits for it
        busy, *_ = view.exec_driver_sql("pragma wal_checkpoint(truncate)").one()
        view.exec_driver_sql(f"pragma {_PATIENCE_OF_SQLITE}")
        if busy:
            raise Unreachable("the database is being read, so its log cannot be cut now; it is tried again")

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


def insert(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An insertion that may say what becomes of a row that is there already, in the words of that database."""
    made: postgresql.Insert | sqlite.Insert = _INSERTS[dialect](table)
    return made


def alone(tx: sa.Connection, where: int) -> None:
    """Wait until no other transaction is in what `where` numbers: what is looked for there cannot come in meanwhile.

    SQLite lets one transaction write, and needs nothing.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(sa.text("select pg_advisory_xact_lock(:where)"), {"where": where})


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (OperationalError, AllConnectionsHeld) as error:
        why = getattr(error, "orig", error)
        raise Unreachable(
            f"the database does not answer: {type(why).__name__}; is it running, has its disk room left?"
        ) from error


def _engine(url: str) -> sa.Engine:
    named = sa.make_url(url)
    of_postgresql = named.get_backend_name() == "postgresql"
    patience = {name: limit for name, limit in PATIENCE.items() if of_postgresql and name not in named.query}
    engine = sa.create_engine(named, connect_args=patience)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_connected)
        sa.event.listen(engine, "begin", _sqlite_begun)
    return engine


def _sqlite_connected(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's events begin transactions, not the driver
    for pragma in ("journal_mode=wal", "synchronous=full", _PATIENCE_OF_SQLITE, "foreign_keys=on", "secure_delete=on"):
        connection.execute(f"pragma {pragma}")


def _sqlite_begun(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("begin" if reading else "begin immediate")
