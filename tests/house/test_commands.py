"""The command line tells all of itself, and nothing that we write names a command that is not there."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from comity.request.lifecycle import Act
from comity.request.model import particulars_of
from desk.filling import takes
from tests.house.commands import commands, options
from tests.house.sources import ROOT, texts

_READS_NOTHING = {
    "up": "it runs until it is stopped",
    "worker": "it runs until it is stopped",
    "keys rotate": "it says how many keys it wrapped",
    "keys retire": "it says how many keys are left",
    "destroy certificate": "it prints the signed note as it was signed, and nothing else",
    "ledger key": "its one line is made to be copied",
    "ledger export": "it writes a file",
    "ledger prove": "it prints JSON and nothing else",
    "evidence identity": "its one line is made to be copied",
    "evidence certificate": "it prints a certificate, as programs read one",
    "follow-up": "it prints JSON and nothing else",
    "identity": "it prints what the vault keeps, as it was kept",
    "schema request": "it prints JSON and nothing else",
}
"""The commands that need no --json, and why."""


@pytest.mark.parametrize("words", commands())
def test_every_command_says_what_it_does(words: str) -> None:
    assert (commands()[words].help or "").strip().endswith(".")


@pytest.mark.parametrize("words", commands())
def test_every_option_and_argument_says_what_it_is_for(words: str) -> None:
    assert [each.name for each in commands()[words].params if not getattr(each, "help", None)] == []


def test_every_command_that_reads_prints_json_on_demand() -> None:
    without = {words for words, command in commands().items() if "--json" not in options(command)}
    assert without == _READS_NOTHING.keys()


# --- what is written about them ---------------------------------------------------------------------------------------

_IN_TICKS = re.compile(r"`(?:\.venv/bin/)?comity ([a-z][^`\n]*)`")
_IN_BLOCK = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?comity ([a-z].*)$", re.MULTILINE)
_BLOCK = re.compile(r"^```(?:sh|bash|console)?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _said() -> Iterator[tuple[str, str]]:
    """Every use of the command line on pages, in messages and in docstrings, as (where, words)."""
    for where, text in texts():
        if where.endswith((".md", ".py", ".toml", ".yaml", ".service")):
            yield from ((where, found[1]) for found in _IN_TICKS.finditer(text))
        if where.endswith(".md"):
            yield from ((where, said[1]) for block in _BLOCK.finditer(text) for said in _IN_BLOCK.finditer(block[1]))


def _named(said: str) -> str | None:
    """The command that these words begin with."""
    return next((name for name in commands() if said == name or said.startswith(f"{name} ")), None)


def _groups() -> set[str]:
    return {words.rsplit(" ", 1)[0] for words in commands() if " " in words}


def test_only_commands_that_exist_are_written_about() -> None:
    wrong = [f"{where}: comity {said}" for where, said in _said() if not _named(said) and said not in _groups()]
    assert wrong == []


def test_only_options_that_exist_are_written_about() -> None:
    wrong = [
        f"{where}: comity {said}: {option}"
        for where, said in _said()
        if (name := _named(said))
        for option in re.findall(r"(?<!\S)--[a-z-]+", said.split(" | ")[0])
        if option not in options(commands()[name])
    ]
    assert wrong == []


_ACT = re.compile(r"act \S+ \"(.+?)\"(?:.*--with '(.+?)')?")


def test_only_acts_that_exist_are_written_about_with_what_they_take() -> None:
    written = [found.groups() for _, said in _said() if (found := _ACT.match(said))]
    assert {name for name, _ in written} - set(Act) == set()
    for name, particulars in written:
        given = json.loads(particulars or "{}").keys()
        taken = particulars_of(Act(name)).model_fields.keys() | set(takes(Act(name)).split(", "))
        assert given - taken == set(), name


def test_the_readme_shows_every_command() -> None:
    """Truth protected: what is not documented does not pass."""
    shown = {_named(said) for where, said in _said() if where in ("README.md", "docs/operating.md")}
    assert commands().keys() - shown == set()


def test_only_targets_that_exist_are_written_about() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    said = {
        found for where, text in texts() if where.endswith(".md") for found in re.findall(r"`?\bmake ([a-z]+)`", text)
    }
    assert said <= targets


def _loaded_by(*modules: str) -> set[str]:
    words = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)  # noqa: S603
    return set(run.stdout.split())


def test_what_is_typed_every_minute_does_not_wait_for_what_signs() -> None:
    """Truth protected: `list`, `show` and `act` begin without pyHanko, whose import takes a tenth of their time."""
    loaded = _loaded_by("desk.listing", "desk.telling", "desk.act_commands", "desk.acting")
    assert [name for name in loaded if name.partition(".")[0] in ("pyhanko", "typst", "asyncssh")] == []


def test_who_only_reads_does_not_wait_for_the_wire() -> None:
    """Truth protected: `list`, `watch`, `show` and `trace` read the register and the ledger only."""
    loaded = _loaded_by(
        "desk.listing", "desk.watching", "desk.recorded", "desk.telling", "desk.tracing", "desk.picturing"
    )
    assert "comity.register.worklist" in loaded
    assert loaded & {"temporalio.client", "temporalio.worker", "opentelemetry.sdk.trace"} == set()
