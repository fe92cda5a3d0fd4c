"""No file names a registry or a machine, no dependency is loose, and no test looks away."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT, Source, calls, house, proofs, spelt, texts

# Each pattern is written so that it does not find itself.
_REGISTRIES = re.compile(
    r"pypi[.](org|io)|pythonhosted[.]|npmjs[.](org|com)|crates[.]io|conda[.]io|anaconda[.]org|docker[.](io|com)"
    r"|ghcr[.]io|quay[.]io|gcr[.]io|deb[.]debian|archive[.]ubuntu|proxy[.]golang"
    r"|[-]{2}(extra-)?index-url[ =]|[-]{2}find-links|[-]{2}trusted-host",
)
_MACHINES = re.compile(r"(?<![\w.])/(?:home|root|Users|work|mnt|private)/(?=\w)|\b[C-Z]:\\\w")
_UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X]|HAC[K])\b")
_BARE = re.compile(r"#\s*type:\s*ignore(?!\[)|#\s*noqa(?!:)", re.IGNORECASE)


def _finds(pattern: re.Pattern[str], among: Iterator[tuple[str, str]]) -> list[str]:
    return [
        f"{where}:{text.count(chr(10), 0, found.start()) + 1} {found[0]}"
        for where, text in among
        for found in pattern.finditer(text)
    ]


def test_no_file_names_a_registry() -> None:
    assert _finds(_REGISTRIES, iter(texts())) == []


def test_no_file_names_a_path_of_a_machine() -> None:
    this_one = re.compile(rf"{re.escape(str(ROOT))}|{re.escape(str(Path.home()))}/")
    assert _finds(_MACHINES, iter(texts())) == []
    assert _finds(this_one, iter(texts())) == []


def test_nothing_is_left_for_later() -> None:
    assert _finds(_UNFINISHED, iter(texts())) == []


def test_every_silenced_warning_says_which() -> None:
    python = ((where, text) for where, text in texts() if where.endswith(".py"))
    assert _finds(_BARE, python) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (_REGISTRIES, "https://files.python" + "hosted.org/x"),
        (_REGISTRIES, "--index" + "-url https://x"),
        (_MACHINES, "in /ho" + "me/anna/comity"),
        (_UNFINISHED, "# TO" + "DO: later"),
        (_BARE, "x = 1  # type: " + "ignore"),
        (_BARE, "x = 1  # no" + "qa"),
    ],
)
def test_each_pattern_finds_what_it_is_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


# --- what we stand on -------------------------------------------------------------------------------------------------

_PINNED = re.compile(
    r"([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,-]+\])?==(\S+)(?: ; .+?)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n"
)


def _locked(name: str) -> dict[str, str]:
    """The packages of a lock file with their versions; all of the file is pins with their hashes."""
    text = (ROOT / "requirements" / name).read_text()
    assert _PINNED.sub("", text) == ""
    return {found[1]: found[2] for found in _PINNED.finditer(text)}


def _canonical(requirement: str) -> str:
    """The name of a package as lock files spell it."""
    name = re.split(r"[\[<>=~;! ]", requirement)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def _named(*extras: str) -> set[str]:
    """What pyproject asks for, with these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    return {_canonical(each) for wanted in lists for each in wanted} - {project["name"]}


@pytest.mark.parametrize(
    ("lock", "extras"), [("dev.txt", ("service", "embedded", "dev")), ("image.txt", ("service", "image"))]
)
def test_every_dependency_is_locked_by_its_hash(lock: str, extras: tuple[str, ...]) -> None:
    assert _named(*extras) - _locked(lock).keys() == set()


def test_the_image_runs_what_was_tested() -> None:
    tested = _locked("dev.txt")
    assert {name: tested.get(name) for name in _locked("image.txt")} == _locked("image.txt")


def test_every_lock_is_looked_at() -> None:
    assert {path.name for path in (ROOT / "requirements").glob("*.txt")} == {"dev.txt", "image.txt", "uv.txt"}


def test_the_installer_is_locked_by_its_hash() -> None:
    assert _locked("uv.txt").keys() == {"uv"}


def test_no_lock_file_holds_addresses() -> None:
    """Truth protected: uv.lock and pylock.toml name a host in every entry; the requirements name none."""
    assert [where for where, _ in texts() if Path(where).name in ("uv.lock", "pylock.toml", "poetry.lock")] == []


# --- who may import whom, where import-linter cannot see --------------------------------------------------------------


def _imports(source: Source, name: str) -> bool:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import) and any(alias.name == name for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and node.module == name:
            return True
    return False


def test_imports_are_absolute() -> None:
    """Truth protected: the graph that is followed for determinism is made of whole names."""
    relative = [
        source.where
        for source in house()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_only_the_desk_starts_the_worker() -> None:
    """Truth protected: worker.py is a module beside the packages, so no import contract covers it."""
    importers = {source.name.split(".")[0] for source in house() if _imports(source, "worker")}
    assert importers <= {"desk"}


def test_the_worker_knows_nothing_of_the_desk() -> None:
    (worker,) = (source for source in house() if source.name == "worker")
    assert not any(_imports(worker, source.name) for source in house() if source.name.startswith("desk"))


# --- the tests themselves ---------------------------------------------------------------------------------------------

_LOOKS_AWAY = re.compile(r"\b(skip|skipif|skipIf|skipTest|SkipTest|xfail|importorskip|expectedFailure)$")
_BOUNDS = frozenset({"asyncio.timeout", "time.monotonic"})


def test_no_test_is_skipped_or_excused() -> None:
    found = [
        f"{source.where} {spelt(node)}"
        for source in proofs()
        for node in ast.walk(source.tree)
        if _LOOKS_AWAY.search(spelt(node))
    ]
    assert found == []


def test_no_test_sleeps_a_guessed_time() -> None:
    """Truth protected: a test waits for something that is seen, and fails when it does not come.

    What other processes do is looked for again and again, in a loop of a function that names its bound. A kill comes at
    an instant that is left to chance: there the time is what is tried.
    """
    assert [f"{source.where}:{call.lineno}" for source in proofs() for call in _sleeps(source.tree)] == []


def _sleeps(tree: ast.AST) -> Iterator[ast.Call]:
    polls = {id(call) for loop in _bounded_loops(tree) for call in calls(loop)}
    asleep = (call for call in calls(tree) if spelt(call.func).split(".")[-1] == "sleep")
    return (call for call in asleep if id(call) not in polls and not _left_to_chance(call))


def _left_to_chance(call: ast.Call) -> bool:
    return any(spelt(inner.func).endswith(".uniform") for argument in call.args for inner in calls(argument))


def _bounded_loops(tree: ast.AST) -> Iterator[ast.While]:
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    bounded = (each for each in functions if _BOUNDS & {spelt(call.func) for call in calls(each)})
    return (node for each in bounded for node in ast.walk(each) if isinstance(node, ast.While))


@pytest.mark.parametrize(
    "code", ["def f():\n time.sleep(1)", "def f():\n while True:\n  sleep(1)", "await asyncio.sleep(2)"]
)
def test_each_guessed_time_is_seen(code: str) -> None:
    assert list(_sleeps(ast.parse(code)))


def test_a_bounded_look_is_no_guess() -> None:
    code = "async def f():\n async with asyncio.timeout(9):\n  while not seen():\n   await asyncio.sleep(0.1)"
    assert not list(_sleeps(ast.parse(code)))
