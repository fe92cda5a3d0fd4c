"""The tree of errors that comity/errors.py draws is the tree that it defines, and every error of it is raised."""

import ast
import re

from comity import errors
from comity.errors import BY_NAME, ComityError
from tests.house.sources import calls, house, spelt

_KINDS = frozenset({"ComityError"})
"""Only stands for all others."""


def _drawn() -> dict[str, int]:
    """Each name of the drawing with its depth: the drawing's own column, divided by four."""
    lines = (re.match(r"([│├└─ ]*)([A-Z]\w+)  ", line) for line in (errors.__doc__ or "").splitlines())
    return {found[2]: len(found[1]) // 4 for found in lines if found}


def test_the_drawing_is_the_tree() -> None:
    depths = {name: error.__mro__.index(ComityError) for name, error in BY_NAME.items()}
    assert _drawn() == depths


def test_every_error_is_raised_somewhere() -> None:
    raised = {spelt(call.func).split(".")[-1] for source in house() for call in calls(source.tree)}
    assert BY_NAME.keys() - raised - _KINDS == set()


def test_what_is_raised_for_people_says_something() -> None:
    """Truth protected: a refusal says what is possible instead, so it is never raised without words."""
    silent = [
        f"{source.where}:{node.lineno}"
        for source in house()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Raise) and node.exc and spelt(node.exc) in BY_NAME
    ]
    assert silent == []
