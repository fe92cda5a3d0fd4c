"""The code stays in small pieces that say what they are."""

import ast
import re
from collections.abc import Iterator
from statistics import median

from tests.house.sources import Source, house, proofs

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_OF_SQLALCHEMY = frozenset({"process_bind_param", "process_result_value"})
"""Methods that SQLAlchemy calls and describes; the class says what they make."""


def _lengths() -> dict[str, int]:
    """Lines of each function from `def` to its end, docstring and inner functions included."""
    return {
        f"{source.where}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for source in house()
        for node in ast.walk(source.tree)
        if isinstance(node, _Function)
    }


def test_functions_are_short() -> None:
    lengths = _lengths()
    assert median(lengths.values()) <= 8
    assert sum(length <= 25 for length in lengths.values()) >= 0.9 * len(lengths)


def test_no_function_is_longer_than_forty_lines() -> None:
    assert [name for name, length in _lengths().items() if length > 40] == []


def test_every_module_says_in_one_sentence_what_it_is() -> None:
    """The first paragraph of its docstring is one sentence."""
    assert [source.where for source in (*house(), *proofs()) if not _is_a_sentence(source)] == []


def _is_a_sentence(source: Source) -> bool:
    first = (ast.get_docstring(source.tree) or "").split("\n\n")[0]
    return first.endswith((".", ":")) or first.split("\n")[0].endswith(".")


def test_every_public_name_says_what_is_true_of_it() -> None:
    silent = [f"{source.where} {name}" for source in house() for name in _silent(source.tree.body)]
    assert silent == []


def _silent(body: list[ast.stmt], of: str = "") -> Iterator[str]:
    for node in body:
        if not isinstance(node, _Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node) and node.name not in _OF_SQLALCHEMY:
            yield f"{of}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from _silent(_described(node), f"{node.name}.")


def _described(node: ast.ClassDef) -> list[ast.stmt]:
    """What of a class describes itself: all but the properties of a protocol, which its own docstring tells of."""
    if not any(ast.unparse(base) == "Protocol" for base in node.bases):
        return node.body
    return [each for each in node.body if not (isinstance(each, _Function) and each.decorator_list)]


def test_a_room_is_told_of_in_a_docstring_and_holds_nothing_else() -> None:
    rooms = [source for source in (*house(), *proofs()) if source.path.name == "__init__.py"]
    assert [room.where for room in rooms if len(room.tree.body) != 1] == []


def test_no_name_hides_what_it_stands_for() -> None:
    """Truth protected: a Manager, a Helper and a box of utils are what nobody has found the word for."""
    hidden = [name for source in (*house(), *proofs()) for name in _names(source) if _EMPTY_WORDS & _words(name)]
    assert hidden == []


_EMPTY_WORDS = frozenset({"manager", "helper", "helpers", "util", "utils", "misc", "process_data", "stuff", "impl"})


def _names(source: Source) -> Iterator[str]:
    yield source.name.split(".")[-1]
    yield from (node.name for node in ast.walk(source.tree) if isinstance(node, _Function | ast.ClassDef))


def _words(name: str) -> set[str]:
    """The words of a name, in small letters."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name)} | {name}
