"""Each import contract of pyproject breaks when something imports what it forbids."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOMS, ROOT

_BREAKS = {
    "Imports point down only": ("activities.law", "desk.counter"),
    "Downstairs is layered, and the keepers never import one another": ("comity.register.reading", "comity.ledger.log"),
    "Downstairs imports neither Temporal nor HTTP nor the service": ("comity.errors", "temporalio"),
    "Workflows do no I/O: no keeper, no cipher, no database": ("workflows.escalation", "sqlalchemy"),
}
"""For each contract a module of a copy, and what is imported there: it breaks this one and no other."""


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of the packages in which every contract is broken once."""
    copy = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=_all_but_python)
    shutil.copy(ROOT / "pyproject.toml", copy)
    for module, forbidden in _BREAKS.values():
        with (copy / f"{module.replace('.', '/')}.py").open("a") as file:
            file.write(f"\nimport {forbidden}\n")
    return _linted(copy)


def _all_but_python(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not (name.endswith(".py") or (Path(folder) / name).is_dir())]


def _linted(copy: Path) -> str:
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    command = [sys.executable, "-c", program]  # `-c` puts the copy first on the path, before the editable install
    said = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert said.returncode == 1, said.stderr
    return said.stdout


def test_every_contract_is_tried() -> None:
    names = re.findall(r'\[\[tool\.importlinter\.contracts\]\]\nname = "(.+)"', (ROOT / "pyproject.toml").read_text())
    assert names == list(_BREAKS)


@pytest.mark.parametrize("contract", _BREAKS)
def test_a_forbidden_import_breaks_its_contract(contract: str, verdict: str) -> None:
    assert re.search(rf"^{re.escape(contract)} BROKEN", verdict, re.MULTILINE)


@pytest.mark.parametrize("contract", _BREAKS)
def test_the_import_at_fault_is_named(contract: str, verdict: str) -> None:
    module, forbidden = _BREAKS[contract]
    assert re.search(rf"^-? *{re.escape(module)} -> {re.escape(forbidden)} ", verdict, re.MULTILINE)
