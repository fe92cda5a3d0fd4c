"""What `make up` starts and what runs in production is one description: infra/temporal.toml."""

import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from comity.settings import Settings
from temporal.conditions import FILE, Conditions
from temporal.names import SEARCH_ATTRIBUTES

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
    assert re.findall(r"--retention (\S+)", COMPOSE) == [f"{namespace.retention_days}d"]
    assert dict(re.findall(r"--name (\S+) --type (\S+)", COMPOSE)) == CONDITIONS.search_attributes
    assert f"COMITY_NAMESPACE: {namespace.name}" in COMPOSE


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
