"""Nothing that workflows stand on names a clock, chance, the environment, files, zones, holidays, sockets or threads.

The sandbox does not look into modules that are passed through, `comity` among them, so this test does. It follows every
import from `workflows` on, except into `activities`, which workflows only name.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.house.sources import ROOT, Source, calls, house, imported, spelt

_ROOTS = ("workflows", "comity.request")
_NAMED_ONLY = "activities"

_MODULES = frozenset({
    "time", "random", "secrets", "uuid", "os", "pwd", "platform", "locale", "getpass", "pathlib", "io", "tempfile",
    "shutil", "glob", "sqlite3", "socket", "ssl", "select", "http", "urllib", "smtplib", "threading", "concurrent",
    "multiprocessing", "subprocess", "signal", "queue", "zoneinfo", "tzdata", "holidays", "structlog", "logging",
    "importlib.resources", "sqlalchemy", "cryptography", "comity.settings", "comity.store",
})  # fmt: skip

_CALLS = frozenset({
    "now", "utcnow", "today", "fromtimestamp", "localtime", "monotonic", "perf_counter", "time_ns",
    "uuid1", "uuid4", "urandom", "token_bytes", "token_hex", "randint", "randbytes", "getrandbits", "SystemRandom",
    "getenv", "open", "read_text", "read_bytes", "write_text", "write_bytes", "Thread", "to_thread", "run_in_executor",
})  # fmt: skip
"""What is asked of an object or a module."""

_BUILT_IN = frozenset({"open", "input", "print", "hash", "id", "__import__"})
"""`hash` and `id` differ from process to process, so a replay may not use them."""

_WITHOUT_ARGUMENTS = frozenset({"ULID", "astimezone", "default_rng"})
"""Without arguments these ask the clock, chance or the machine's zone."""


def _faults(tree: ast.Module) -> Iterator[str]:
    for name in imported(tree):
        if any(name == module or name.startswith(f"{module}.") for module in _MODULES):
            yield f"imports {name}"
    for call in calls(tree):
        name = spelt(call.func) or ast.unparse(call.func)
        if _leads_out(*name.rpartition(".")[::2], bare=not call.args):
            yield f"calls {name}"
    yield from (f"names {spelt(node)}" for node in ast.walk(tree) if spelt(node).endswith(("os.environ", ".environ")))


def _leads_out(owner: str, name: str, *, bare: bool) -> bool:
    """Whether a call asks something that a replay would answer differently; `workflow` itself answers the same."""
    if owner == "workflow":
        return False
    return name in (_CALLS if owner else _BUILT_IN) or (bare and name in _WITHOUT_ARGUMENTS)


def _reached() -> dict[str, Source]:
    """All that workflows run, and what is loaded with it; activities, and what only they load, aside."""
    known = {source.name: source for source in house()}
    waiting = [name for name in known if name.startswith(_ROOTS)]
    reached: dict[str, Source] = {}
    while waiting:
        name = waiting.pop()
        if name in known and name not in reached and not name.startswith(_NAMED_ONLY):
            reached[name] = known[name]
            waiting += _with_packages(imported(known[name].tree))
    return reached


def _with_packages(names: Iterator[str]) -> list[str]:
    """Whoever imports a.b.c loads a and a.b too."""
    return [name.rsplit(".", cut)[0] for name in names for cut in range(name.count(".") + 1)]


def test_nothing_below_the_workflows_asks_clock_chance_or_machine() -> None:
    faults = [f"{source.where} {fault}" for source in _reached().values() for fault in _faults(source.tree)]
    assert faults == []


def test_the_graph_is_followed_down_to_the_request() -> None:
    """Truth protected: the test above looks at what it means to look at."""
    reached = set(_reached())
    assert {"workflows.request", "comity", "comity.request.fold", "comity.request.rules", "temporal.names"} <= reached
    assert not {name for name in reached if name.startswith((_NAMED_ONLY, "comity.law", "comity.keys", "desk"))}


@pytest.mark.parametrize(
    "code",
    [
        "import time",
        "from random import random",
        "from zoneinfo import ZoneInfo",
        "import concurrent.futures",
        "from datetime import datetime\ndatetime.now()",
        "import datetime as d\nd.date.today()",
        "from ulid import ULID\nULID()",
        "instant.astimezone()",
        "open('x')",
        "path.read_text()",
        "x = os.environ['HOME']",
        "hash('a')",
        "self.home().open()",
    ],
)
def test_each_way_out_is_seen(code: str) -> None:
    assert list(_faults(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ["workflow.now()", "workflow.uuid4()", "now()", "instant.astimezone(UTC)", "from datetime import time"]
)
def test_what_the_engine_gives_is_not_taken_for_one(code: str) -> None:
    assert not list(_faults(ast.parse(code)))


def test_a_life_is_the_same_whatever_order_a_process_gives_its_sets() -> None:
    """Truth protected: nothing hangs on the order of a set, which differs from process to process."""
    first, second = (_retold(seed) for seed in ("1", "2"))
    assert first == second
    assert len(first) == 16


def _retold(seed: str) -> list[str]:
    command = [sys.executable, "-m", "tests.house.retold"]
    told = subprocess.run(  # noqa: S603 - our own command
        command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
    )
    return told.stdout.split()
