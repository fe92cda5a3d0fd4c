"""Log lines hold opaque ids, types of errors and our own words; nothing that could quote a file is passed to them."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.sources import calls, house, spelt

_LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "msg"})
_LOGGERS = ("log", "logger")
_MAY_SAY = frozenset(
    {"reference", "deed", "deeds", "act", "version", "count", "pid", "port", "at", "error", "why", "exc_info"}
)
"""`why` is a ComityError's text, which names no person, account or offence (comity/errors.py)."""
_SETS_UP = "temporal.logs"


def _faults(tree: ast.Module) -> Iterator[str]:
    for call in calls(tree):
        owner, _, level = spelt(call.func).rpartition(".")
        if level in _LEVELS and owner.split(".")[-1].lstrip("_").lower() in _LOGGERS:
            yield from _said_beside(call)


def _said_beside(call: ast.Call) -> Iterator[str]:
    what, *more = call.args or [ast.Constant("")]
    if not (isinstance(what, ast.Constant) and isinstance(what.value, str)):
        yield f"line {call.lineno}: what it says is not written out"
    if more:
        yield f"line {call.lineno}: values are named, not put into the words"
    for named in call.keywords:
        if named.arg not in _MAY_SAY:
            yield f"line {call.lineno}: says {named.arg}"
        elif named.arg == "error" and ast.unparse(named.value).replace(" ", "") != "type(error).__name__":
            yield f"line {call.lineno}: `error` is the error's type"


def test_log_lines_say_only_what_may_be_said() -> None:
    assert [f"{source.where} {fault}" for source in house() for fault in _faults(source.tree)] == []


def test_one_module_sets_the_log_up() -> None:
    """Truth protected: a logger of the standard library beside ours would print texts of exceptions."""
    makers = ("logging.getLogger", "logging.basicConfig", "logging.StreamHandler", "structlog.configure")
    found = {source.name for source in house() for call in calls(source.tree) if spelt(call.func) in makers}
    assert found <= {_SETS_UP}


@pytest.mark.parametrize(
    "code",
    [
        "_log.info('begun', name=person.name)",
        "_log.info(f'begun for {name}')",
        "logger.warning('refused %s', text)",
        "activity.logger.error('failed', **more)",
        "log.error('failed', error=str(error))",
    ],
)
def test_each_loose_line_is_seen(code: str) -> None:
    assert list(_faults(ast.parse(code)))
