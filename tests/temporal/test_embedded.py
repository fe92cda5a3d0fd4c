"""The embedded server: it keeps what it holds, never outlives its starter, and ends no process but its own."""

import asyncio
import fcntl
import os
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from comity.errors import Refused, Unreachable
from comity.settings import Settings
from temporal import embedded
from temporal.client import connect
from temporal.conditions import Conditions
from temporal.names import STAGE
from tests.serving import KeysInMemory
from tests.temporal.steps import Steps

STARTER = """
import asyncio, sys
from pathlib import Path
from comity.settings import Settings
from temporal import embedded

async def start():
    async with embedded.running(Settings(home=Path(sys.argv[1]), temporal_port=int(sys.argv[2]))) as server:
        print(server.watcher.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(start())
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((embedded.LOOPBACK, 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", temporal_port=free_port())


def kill_starter(settings: Settings, *, and_watcher: bool) -> None:
    """Start a server from another process, and kill that process."""
    command = [sys.executable, "-c", STARTER, str(settings.home), str(settings.temporal_port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as starter:  # noqa: S603 - our own words
        assert starter.stdout is not None
        watcher = int(starter.stdout.readline())
        if and_watcher:
            os.kill(watcher, signal.SIGKILL)
        starter.kill()


def wait_until_gone(settings: Settings) -> None:
    """The kernel gives the lock on the pid file when the last process that holds it has ended."""
    with (settings.home / "temporal.pid").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def listens(settings: Settings) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((embedded.LOOPBACK, settings.temporal_port)) == 0


def pid_in(settings: Settings) -> int:
    return int((settings.home / "temporal.pid").read_text())


async def test_a_request_is_there_again_after_a_restart_and_so_is_its_namespace(settings: Settings) -> None:
    keys = KeysInMemory()
    async with embedded.running(settings) as server:
        client = await connect(settings, keys)
        attributes = TypedSearchAttributes([SearchAttributePair(STAGE, "submission")])
        await client.start_workflow(Steps.run, 1, id="w", task_queue="nobody", search_attributes=attributes)
        assert not server.has_ended()
    assert server.has_ended()
    async with embedded.running(settings):
        client = await connect(settings, keys)
        described = await client.get_workflow_handle("w").describe()
        assert described.typed_search_attributes[STAGE] == "submission"
        namespace = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="comity"))
        assert namespace.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=30)
    assert Conditions.load().namespace.retention == timedelta(days=30)


async def test_it_is_gone_soon_after_its_starter_was_killed(settings: Settings) -> None:
    kill_starter(settings, and_watcher=False)
    async with asyncio.timeout(embedded.GONE_WITHIN):
        await asyncio.to_thread(wait_until_gone, settings)
    assert not listens(settings)


async def test_one_left_over_is_ended_at_the_next_start(settings: Settings) -> None:
    kill_starter(settings, and_watcher=True)
    left_over = pid_in(settings)
    assert listens(settings)
    async with embedded.running(settings):
        assert pid_in(settings) != left_over
    assert not listens(settings)


async def test_a_process_that_merely_has_the_pid_of_an_old_server_is_left_alone(settings: Settings) -> None:
    settings.home.mkdir()
    innocent = await asyncio.create_subprocess_exec("cat", stdin=subprocess.PIPE)
    (settings.home / "temporal.pid").write_text(f"{innocent.pid}\n")
    async with embedded.running(settings):
        assert pid_in(settings) != innocent.pid
    await innocent.communicate(b"")
    assert innocent.returncode == 0, "it ended when its input did, not before"


async def test_a_port_in_use_is_named_with_the_setting_that_changes_it(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind((embedded.LOOPBACK, settings.temporal_port))
        other.listen()
        with pytest.raises(Refused, match=f"port {settings.temporal_port} is in use; .* COMITY_TEMPORAL_PORT"):
            async with embedded.running(settings):
                raise AssertionError
    async with embedded.running(settings) as server:
        assert server.address == f"127.0.0.1:{settings.temporal_port}"


async def test_a_server_that_is_not_installed_is_said_to_be_missing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unreachable, match="make setup"):
        async with embedded.running(settings):
            raise AssertionError


def install_one_that_ends(folder: Path, monkeypatch: pytest.MonkeyPatch, *, times: int) -> Path:
    """A server beside python that says so and ends, `times` times, and is the real one after; where it counts."""
    folder.mkdir()
    real, started = Path(sys.executable).parent / "temporal", folder / "started"
    (folder / "python").symlink_to(sys.executable)
    (folder / "temporal").write_text(f"""#!/bin/sh
echo start >> {started}
if [ $(wc -l < {started}) -le {times} ]; then echo address already in use; exit 1; fi
exec {real} "$@"
""")
    (folder / "temporal").chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    return started


async def test_a_server_that_ends_before_it_is_healthy_is_started_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = install_one_that_ends(tmp_path / "bin", monkeypatch, times=embedded.STARTS - 1)
    async with embedded.running(settings) as server:
        assert not server.has_ended()
        assert listens(settings)
    assert not listens(settings)
    assert len(started.read_text().splitlines()) == embedded.STARTS


async def test_a_server_that_ends_each_time_is_given_up_with_all_its_words(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = install_one_that_ends(tmp_path / "bin", monkeypatch, times=100)
    with pytest.raises(Unreachable, match=r"does not become healthy; read temporal\.log"):
        async with embedded.running(settings):
            raise AssertionError
    assert len(started.read_text().splitlines()) == embedded.STARTS
    assert (settings.home / "temporal.log").read_text() == "address already in use\n" * embedded.STARTS


async def test_a_server_that_does_not_answer_is_unreachable_and_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(Unreachable, match=f"127.0.0.1:{settings.temporal_port}; .* `comity up`, .* COMITY_TEMPORAL"):
        await connect(settings, KeysInMemory())
