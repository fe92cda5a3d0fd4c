"""The worklist and the duty room's board as they are typed: without a service, from the register alone."""

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from comity.home import open_home
from comity.register import writing
from comity.request.fold import begin, fold, happen, receive
from comity.request.lifecycle import Act, Role
from comity.request.model import Event, Gap, Request, Urgency
from tests.cli.typist import Typist
from tests.processes import HEARING, ROOT, Premises, premises, read_json
from tests.register.test_register import CIPHER, arrived, reckoned
from tests.request.lives import deed, opening, sought, ulid

_ANNA = ("--as", "p-anna")
_START = datetime.now(UTC)


def lived(number: int, urgency: Urgency, due: timedelta, to: str | None = None) -> list[Event]:
    """A request with a question, due then; allocated to somebody."""
    came = opening(sought(urgency=urgency), gaps=(Gap(id="Q1", field="facts_summary"),), at=_START)
    events = [receive(came, _START)]
    if to:
        request = _folded(events)
        given = deed(request, Act.ALLOCATE, "request", ("p-anna", Role.COORDINATOR), person=to)
        events.append(happen(request, given, _START))
    return [*events, reckoned(_folded(events), _START + due, _START)]


def _folded(events: list[Event]) -> Request:
    request = begin("0" * 26, events[0])
    for event in events[1:]:
        request = fold(request, event)
    return request


REQUESTS: dict[str, tuple[Urgency, timedelta, str | None]] = {
    "late P2": (Urgency.P2, timedelta(hours=-2, minutes=-1), "p-anna"),
    "P0": (Urgency.P0, timedelta(hours=14), None),
    "P1": (Urgency.P1, timedelta(hours=5), "p-bob"),
    "P3": (Urgency.P3, timedelta(days=3, hours=9), None),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    """A home in which nothing runs."""
    with premises(tmp_path_factory.mktemp("worklist")) as prepared:
        yield prepared


@pytest.fixture(scope="module")
def named(place: Premises) -> dict[str, str]:
    """Each request's reference by its name here; one more came in and was not begun."""
    home = open_home(place.settings)
    references = {name: ulid() for name in (*REQUESTS, "waiting")}
    with home.store.transaction() as tx:
        for name, (urgency, due, to) in REQUESTS.items():
            writing.enter(tx, CIPHER, references[name], lived(1, urgency, due, to))
        arrived(tx, references["waiting"])
    home.close()
    return references


@pytest.fixture(scope="module")
def typed(place: Premises, named: dict[str, str]) -> Typist:
    """Commands on that home."""
    return Typist(place)


def rows(typed: Typist, *words: str) -> list[Any]:
    """The rows of a list."""
    ended = typed("list", *words, "--json")
    assert ended.returncode == 0, ended.stderr
    return list(read_json(ended.stdout)["rows"])


LISTS = {
    (): ["late P2", "P1", "P0", "P3"],
    ("--overdue",): ["late P2"],
    ("--mine", *_ANNA): ["late P2"],
    ("--mine", "--as", "p-carla"): [],
    ("--unit", "central"): ["late P2", "P1"],
    ("--unallocated",): ["P0", "P3"],
    ("--urgency", "P1"): ["P1"],
    ("--stage", "submission", "--direction", "asked of us", "--requesting", "PT"): ["late P2", "P1", "P0", "P3"],
    ("--requesting", "DE"): [],
    ("--unmatched",): ["waiting"],
    ("--size", "2"): ["late P2", "P1"],
}


@pytest.mark.parametrize("words", LISTS)
def test_a_list_shows_what_was_asked_for_the_next_due_first(
    typed: Typist, named: dict[str, str], words: tuple[str, ...]
) -> None:
    assert [row["reference"] for row in rows(typed, *words)] == [named[name] for name in LISTS[words]]


def test_a_page_says_where_the_next_one_begins(typed: Typist, named: dict[str, str]) -> None:
    for kind in ((), ("--owed-to-us",), ("--unmatched",)):
        whole, found = rows(typed, *kind), list[Any]()
        after: tuple[str, ...] = ()
        while True:
            page = read_json(typed("list", *kind, "--size", "1", *after, "--json").stdout)
            found += page["rows"]
            if page["after"] is None:
                break
            after = ("--after", page["after"])
            shown = typed("list", *kind, "--size", "1").stdout
            assert shown.splitlines()[-1].startswith(b"more: --after ")
        assert found == whole


def test_a_list_says_in_words_how_late_it_is_what_is_due_and_who_has_it(typed: Typist, named: dict[str, str]) -> None:
    """Truth protected: what is late is told by a word, not by a colour."""
    late, *_, last = typed("list").stdout.decode().splitlines()[1:]
    assert named["late P2"] in late
    assert "late 2 h" in late
    assert "p-anna" in late
    assert "in 3 d" in last
    assert "nobody" in last


def test_what_others_owe_us_says_who_owes_what_since_when(typed: Typist, named: dict[str, str]) -> None:
    first = rows(typed, "--owed-to-us")[0]
    assert first["reference"] == named["late P2"]
    assert (first["key"], first["owed_by"]) == ("Q1/answer", "requesting authority")
    assert datetime.fromisoformat(first["entered"]) == _START
    line = typed("list", "--owed-to-us", "--overdue").stdout.decode().splitlines()[1]
    assert "requesting authority" in line
    assert f"{_START:%Y-%m-%d %H:%M}" in line


WRONG: dict[tuple[str, ...], tuple[int, bytes]] = {
    ("--stage", "sideways"): (2, b"legal review"),
    ("--mine", "--unallocated"): (2, b"say one of --mine"),
    ("--unit", "nowhere"): (1, b"nobody is of that unit; people.toml has: "),
    ("--mine", "--as", "p-nobody"): (1, b"p-nobody is not known here"),
    ("--after", "yesterday"): (1, b"--after: copy it from the last line"),
    ("--after", "2026-01-01T00:00:00,X"): (1, b"--after: copy it from the last line"),
    ("--unmatched", "--after", "no date,X"): (1, b"--after: copy it from the last line"),
}


@pytest.mark.parametrize("words", WRONG)
def test_a_list_that_cannot_be_says_what_can(typed: Typist, words: tuple[str, ...]) -> None:
    code, says = WRONG[words]
    ended = typed("list", *words)
    assert ended.returncode == code
    assert says in ended.stderr


# --- the board --------------------------------------------------------------------------------------------------------


def test_the_board_shows_p0_and_p1_first_and_then_the_rest_by_clock(typed: Typist, named: dict[str, str]) -> None:
    shown = read_json(typed("watch", "--json").stdout)
    order = [row["reference"] for row in shown]
    assert list(dict.fromkeys(order)) == [named[name] for name in ("P0", "P1", "late P2", "P3")]


@pytest.mark.parametrize("words", [("--once",), ()])
def test_without_a_terminal_the_board_is_printed_once(
    typed: Typist, named: dict[str, str], words: tuple[str, ...]
) -> None:
    """Who has it, what is late in a word, which rung: and no colour."""
    ended = typed("watch", *words)
    told = ended.stdout.decode()
    assert ended.returncode == 0
    assert all(named[name] in told for name in REQUESTS)
    assert "late 2 h" in told
    assert "p-bob" in told
    assert "\x1b" not in told


@pytest.mark.parametrize("end", ["q", "Ctrl-C"])
def test_the_live_board_counts_down_until_it_is_ended(place: Premises, named: dict[str, str], end: str) -> None:
    """Truth protected: it ends cleanly, and leaves the terminal as it was."""
    with _live_board(place) as (board, ours):
        seen = _read_until(ours, lambda said: said.count(b"owed at") >= 2)
        assert named["P0"].encode() in seen
        assert b"\x1b[1;31m" in seen
        os.write(ours, b"q") if end == "q" else board.send_signal(signal.SIGINT)
        _read_until(ours, lambda _: board.poll() is not None)
        assert board.wait() == 0


@contextmanager
def _live_board(place: Premises) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`comity watch` on a terminal, and that terminal's other end; whatever happens, it is ended."""
    ours, theirs = pty.openpty()
    board = subprocess.Popen(  # noqa: S603 - our own command line
        [*HEARING, "watch"], env=place.environment | {"TERM": "xterm", "COLUMNS": "160", "LINES": "40"}, cwd=ROOT,
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield board, ours
    finally:
        board.kill()
        os.close(ours)


def _read_until(terminal: int, holds: Callable[[bytes], bool]) -> bytes:
    """What a terminal shows, until that holds of it."""
    said, until = b"", time.monotonic() + 30
    while not holds(said):
        assert time.monotonic() < until, said
        if select.select([terminal], [], [], 0.05)[0]:
            said += _read(terminal)
    return said


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # whoever wrote has ended
        return b""
