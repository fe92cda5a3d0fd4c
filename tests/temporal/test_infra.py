"""What `make up` starts and what runs in production is one description: infra/temporal.toml."""

import asyncio
import json
import re
import textwrap
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from comity.settings import Settings
from temporal.conditions import FILE, Conditions
from temporal.names import SEARCH_ATTRIBUTES
from tests.processes import free_port
from tests.serving import temporal_binary

INFRA = FILE.parent
COMPOSE = (INFRA / "compose.yaml").read_text()
CONDITIONS = Conditions.load()


def test_the_namespace_is_the_one_that_comity_speaks_in() -> None:
    assert CONDITIONS.namespace.name == Settings.model_fields["namespace"].default


def test_the_search_attributes_are_those_that_the_code_sets() -> None:
    assert CONDITIONS.search_attributes == {key.name: "Keyword" for key in SEARCH_ATTRIBUTES}
    assert len(SEARCH_ATTRIBUTES) <= 10, "SQL visibility has room for ten keywords"


def test_the_development_server_is_told_all_of_it() -> None:
    assert CONDITIONS.arguments() == [
        *(f"--search-attribute={key.name}=Keyword" for key in SEARCH_ATTRIBUTES),
        "--dynamic-config-value=system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2",
        "--dynamic-config-value=limit.historyCount.suggestContinueAsNew=1000",
        "--dynamic-config-value=history.transferProcessorMaxPollRPS=200",
    ]


def test_a_server_of_your_own_reads_the_same_dynamic_configuration() -> None:
    lines = [line for line in (INFRA / "dynamicconfig.yaml").read_text().splitlines() if not line.startswith("#")]
    keys, values = lines[::2], lines[1::2]
    read = {
        key.removesuffix(":"): json.loads(value.removeprefix("  - value: "))
        for key, value in zip(keys, values, strict=True)
    }
    assert read == CONDITIONS.dynamic_configuration
    assert "./dynamicconfig.yaml:/etc/comity/dynamicconfig.yaml" in COMPOSE


def test_compose_makes_the_same_namespace_and_search_attributes() -> None:
    namespace = CONDITIONS.namespace
    assert set(re.findall(r"--namespace (\S+)", COMPOSE)) == {namespace.name}
    assert re.findall(r"--retention (\d+d)", COMPOSE) == [f"{namespace.retention_days}d"]
    assert dict(re.findall(r"--name (\S+) --type (\S+)", COMPOSE)) == CONDITIONS.search_attributes
    assert f"COMITY_NAMESPACE: {namespace.name}" in COMPOSE


async def test_composes_commands_make_the_namespace_on_a_real_server_and_do_nothing_when_it_is_there(
    tmp_path: Path,
) -> None:
    """The server is one that knows neither namespace nor search attributes, as that of the image does."""
    block = COMPOSE.partition("temporal-namespace:")[2].partition("- |\n")[2].partition("    restart:")[0]
    script = textwrap.dedent(block).replace("$$", "$")
    port = free_port()
    command = [temporal_binary(), "server", "start-dev", "--headless", f"--port={port}", "--log-level=error"]
    told = {"PATH": f"{Path(temporal_binary()).parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    server = await asyncio.create_subprocess_exec(*command, f"--db-filename={tmp_path / 'temporal.db'}", env=told)
    try:
        client = await connected(port)
        for _ in range(2):
            shell = ("/bin/sh", "-euc", script)
            made = await asyncio.create_subprocess_exec(*shell, env=told | {"TEMPORAL_ADDRESS": f"127.0.0.1:{port}"})
            assert await made.wait() == 0
        found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="comity"))
        retention = found.config.workflow_execution_retention_ttl.ToTimedelta()
        assert retention == timedelta(days=CONDITIONS.namespace.retention_days)
        known = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="comity"))
        assert set(CONDITIONS.search_attributes) <= set(known.custom_attributes)
    finally:
        server.terminate()
        await server.wait()


async def connected(port: int) -> Client:
    """A client, once the server takes one."""
    async with asyncio.timeout(60):
        while True:
            with suppress(RPCError, RuntimeError):
                return await Client.connect(f"127.0.0.1:{port}")
            await asyncio.sleep(0.1)


def test_compose_sets_only_what_comity_reads() -> None:
    known = {f"COMITY_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"^ +(COMITY_\w+):", COMPOSE, re.MULTILINE)) <= known


def test_compose_shows_no_port_and_holds_no_password() -> None:
    assert "ports:" not in COMPOSE
    values = re.findall(r"(?:PASSWORD|PWD): (.*)", COMPOSE)
    assert len(values) == 3
    assert all(value.startswith("${POSTGRES_PASSWORD") for value in values)


def test_the_image_runs_as_nobody_special_on_a_named_base_with_hashed_requirements() -> None:
    dockerfile = (INFRA / "Dockerfile").read_text()
    assert re.search(r"^FROM python:3\.11-slim$", dockerfile, re.MULTILINE)
    assert re.search(r"^USER comity$", dockerfile, re.MULTILINE)
    assert "--require-hashes -r requirements/image.txt" in dockerfile
    assert dockerfile.index("USER comity") < dockerfile.index("ENTRYPOINT")
    assert (INFRA.parent / "requirements" / "image.txt").exists()


@pytest.mark.parametrize("line", ["retention_days = 0", "retention_days = 30\nretained = 1"])
def test_a_faulty_description_starts_nothing(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faulty = tmp_path / "temporal.toml"
    faulty.write_text(FILE.read_text().replace("retention_days = 30", line))
    monkeypatch.setattr("temporal.conditions.FILE", faulty)
    with pytest.raises(ValidationError, match=r"retention_days|retained"):
        Conditions.load()
