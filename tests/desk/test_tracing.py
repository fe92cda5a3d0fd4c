"""The story across requests: what is asked for is told, whole and in order, and nothing else."""

import ast
import json
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeGuard

import pytest

from comity.errors import NotFound
from comity.evidence.custody import Action
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.ledger import log
from comity.ledger.leaf import Entry, Kind
from comity.request.lifecycle import Act, Role
from desk.telling import json_lines
from desk.tracing import BESIDE, GONE, Line, Wanted, across, trace, word
from tests.desk.stories import Story
from tests.desk.stories import house as office
from tests.house.sources import house, spelt
from tests.request.lives import ANNA, BOB, NOW, REFERENCE

TRACE = "0af7651916cd43dd8448eb211c80319c"
OTHER = "01K9ZZZZZZZZZZZZZZZZZZZZZY"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Two requests, entered in turn over some hours."""
    home = office(tmp_path)
    one, two = Story(home), Story(home, OTHER, NOW + timedelta(minutes=5))
    one.begin()
    two.begin()
    one.after(hours=1).do(ANNA, Role.COORDINATOR, Act.ACKNOWLEDGE, trace=TRACE)
    two.after(hours=2).refused(BOB, Act.CLOSE, "not now")
    one.after(hours=3).do(BOB, Role.REVIEWER, Act.NOTE, words="plain words")
    yield home
    home.close()


def told(home: Home, **wanted: object) -> list[tuple[int, str, str]]:
    return [(line.index, line.reference, line.act) for line in across(home, Wanted.model_validate(wanted))]


ALL = [
    (0, REFERENCE, "receive"),
    (1, OTHER, "receive"),
    (2, REFERENCE, "acknowledge"),
    (3, OTHER, "close"),
    (4, REFERENCE, "note"),
]


def test_without_a_filter_all_is_told_in_the_ledgers_order(home: Home) -> None:
    assert told(home) == ALL


def test_one_request_is_told_alone(home: Home) -> None:
    assert [line.index for line in trace(home, OTHER)] == [1, 3]


def test_from_an_instant_on_and_before_another(home: Home) -> None:
    """The first instant is included, the second is not."""
    an_hour = NOW + timedelta(hours=1)
    assert told(home, since=an_hour) == ALL[2:]
    assert told(home, until=an_hour) == ALL[:2]
    assert told(home, since=an_hour, until=an_hour + timedelta(microseconds=1)) == [ALL[2]]


def test_by_one_person_and_of_one_act_or_kind_attempts_included(home: Home) -> None:
    assert told(home, who=BOB) == [ALL[3], ALL[4]]
    assert told(home, what="receive") == ALL[:2]
    assert told(home, what="attempt") == [ALL[3]]
    assert told(home, what="close") == [ALL[3]]
    assert told(home, who=BOB, what="deed", reference=REFERENCE) == [ALL[4]]
    assert told(home, who="p-nobody") == []


def test_a_word_is_known_however_it_is_spelt_and_an_unknown_one_is_answered_with_those_that_there_are() -> None:
    assert (word(" Open-Review "), word("attempt"), word("needs revive")) == ("open review", "attempt", "needs revive")
    with pytest.raises(NotFound, match=r"near it: acknowledge.* Kinds: deed, attempt, .* Acts: accept, .*, withdraw"):
        word("acknowlege")


def test_every_entry_is_called_by_a_word_that_can_be_asked_for() -> None:
    """Truth protected: what a module of ours writes into a ledger entry as its act is among the words."""
    named = {name: word for source in house() for name, word in _words(source.tree).items()}
    told = {value for source in house() for value in _acts(source.tree, named)}
    assert told | {"submit"} == set(BESIDE) - set(Action)


def _acts(tree: ast.Module, named: dict[str, str]) -> Iterator[str]:
    """The acts that entries and tries are made with, that a model says by default, and that a table is keyed by.

    `named`: the words that stand under a name in any module, from which it may be imported.
    """
    words = named | _words(tree)
    for value in (value for node in ast.walk(tree) for value in _named(node)):
        if isinstance(value, ast.Name) and value.id in words:
            yield words[value.id]
        if _is_word(value):
            yield str(value.value)


def _named(node: ast.AST) -> Iterator[ast.expr | None]:
    if isinstance(node, ast.Call) and spelt(node.func) in ("Entry", "Tried", "notice"):
        yield from (named.value for named in node.keywords if named.arg == "act")
    if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "act":
        yield node.value
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_ACTS" and isinstance(node.value, ast.Dict):
        yield from node.value.keys


def _words(tree: ast.Module) -> dict[str, str]:
    """The words that stand under a name of the module: `A = "a"`, or `A, B = "a", "b"`."""
    return {ast.unparse(name): str(value.value) for name, value in _assigned(tree) if _is_word(value)}


def _assigned(tree: ast.Module) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                yield from zip(target.elts, value.elts, strict=True)
            else:
                yield target, value


def _is_word(value: ast.expr | None) -> TypeGuard[ast.Constant]:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def test_a_line_carries_its_index_and_the_trace_of_its_act(home: Home) -> None:
    lines = {line.index: line for line in trace(home, REFERENCE)}
    assert {index: line.trace for index, line in lines.items()} == {0: None, 2: TRACE, 4: None}


def test_what_was_closed_under_a_destroyed_key_is_told_as_gone(home: Home) -> None:
    with home.store.transaction() as tx:
        home.keys.destroy(tx, REFERENCE, KeyClass.CONTENT, NOW)
    opened = {line.act: line.what == GONE for line in trace(home, REFERENCE)}
    assert opened == {"receive": False, "acknowledge": False, "note": True}


@pytest.mark.parametrize("wanted", [{}, {"who": "p-nobody"}])
def test_as_json_it_is_one_list(home: Home, wanted: dict[str, str]) -> None:
    lines = list(across(home, Wanted(**wanted)))
    assert [Line.model_validate(row) for row in json.loads("\n".join(json_lines(lines)))] == lines


def test_a_long_story_takes_no_more_memory_than_a_short_one(home: Home) -> None:
    """Truth protected: the ledger is read by pages, however long it is."""
    enter(home, 2500)
    short = most_memory(home)
    enter(home, 5000)
    assert most_memory(home) < 1.5 * short


def enter(home: Home, count: int) -> None:
    sealed = home.keys.seal(REFERENCE, KeyClass.RECORD, json.dumps({"why": "x" * 500}).encode(), "attempt x")
    entry = Entry(
        kind=Kind.ATTEMPT, reference=REFERENCE, id="x", act="close", status="", role="", person="", at=NOW, body=sealed
    )
    with home.store.transaction() as tx:
        log.append(tx, [entry] * count)


def most_memory(home: Home) -> int:
    tracemalloc.start()
    for _ in json_lines(across(home, Wanted())):
        pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most
