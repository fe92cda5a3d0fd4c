"""Only comity/settings.py reads the environment, and every setting is for something."""

import ast
from collections.abc import Iterator

import pytest

from comity.settings import Settings
from tests.house.sources import house, imported, spelt

_READER = "comity.settings"
_NAMES = ("environ", "environb", "getenv", "getenvb", "putenv", "BaseSettings")


def _reads(tree: ast.Module) -> Iterator[str]:
    yield from (name for name in imported(tree) if name.split(".")[-1] in _NAMES or name.startswith("dotenv"))
    for node in ast.walk(tree):
        if spelt(node).split(".")[-1] in _NAMES:
            yield spelt(node)
        if isinstance(node, ast.keyword) and node.arg == "envvar":  # typer's own way to read it
            yield "envvar"


def test_every_setting_is_used() -> None:
    used = {spelt(node).split(".")[-1] for source in house() for node in ast.walk(source.tree)}
    assert Settings.model_fields.keys() - used == set()


def test_one_module_reads_the_environment() -> None:
    readers = {source.name for source in house() if any(_reads(source.tree))}
    assert readers == {_READER}


@pytest.mark.parametrize(
    "code", ["import os\nos.environ['A']", "from os import getenv", "Option(envvar='A')", "os.environ.get('A')"]
)
def test_each_way_to_read_it_is_seen(code: str) -> None:
    assert list(_reads(ast.parse(code)))
