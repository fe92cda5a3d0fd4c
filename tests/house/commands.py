"""The command line as a tree: what stands on pages and in messages is compared with it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import typer

from comity.cli import app
from desk.commands import add_to


@cache
def commands() -> dict[str, Any]:
    """Every command by its words (`ledger verify`), as typer made it."""
    add_to(app)
    return dict(_leaves(typer.main.get_command(app), ""))


def _leaves(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
        return
    for name, each in inner.items():
        yield from _leaves(each, f"{words} {name}".strip())


def options(command: Any) -> set[str]:
    """How the options of a command are written: `--json`."""
    return {written for each in command.params for written in each.opts if written.startswith("-")} | {"--help"}
