"""Whoever hands something in may be killed as well: what came in is begun, and what was done is done once."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typist import Typist
from tests.crash.life import OTHER_LETTER
from tests.processes import Premises, premises, read_json, until

_ANNA = ("--as", "p-anna")
_DEED = "01JNBXR6K3V8ZD5T0M7QHYWGAC"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Premises]:
    """A service that runs, and a letter to hand in."""
    with premises(tmp_path) as prepared:
        (prepared.folder / "letter.json").write_bytes(OTHER_LETTER)
        prepared.up()
        yield prepared


def _dying(place: Premises, point: str, *words: str) -> None:
    """A command that is killed at that point."""
    dying = place.start(*words, entry=(sys.executable, "-m", "tests.crash.dying", point, "1"))
    assert dying.process.wait(60) == -signal.SIGKILL, dying.log.read_text()


def _submit(place: Premises) -> str:
    ended = Typist(place)("submit", str(place.folder / "letter.json"), *_ANNA, "--json")
    assert ended.returncode == 0, ended.stderr
    return str(read_json(ended.stdout)["reference"])


def _listed(place: Premises) -> list[Any]:
    return list(read_json(Typist(place)("list", "--all", "--json").stdout)["rows"])


def _looked_at(place: Premises, what: str) -> Any:
    """What `comity doctor` finds of one thing."""
    told = read_json(Typist(place)("doctor", "--json").stdout)
    return next(finding for finding in told if finding["what"] == what)


def test_what_came_in_before_its_clerk_died_is_begun_when_it_is_handed_in_again(place: Premises) -> None:
    _dying(place, "before-begun", "submit", str(place.folder / "letter.json"), *_ANNA)
    assert _listed(place) == []
    reference = _submit(place)
    assert [row["reference"] for row in _listed(place)] == [reference]


def test_what_came_in_before_its_clerk_died_is_begun_by_the_next_worker(place: Premises) -> None:
    """Nobody may know that it came in: the service finds it, and nothing that came in is lost."""
    _dying(place, "before-begun", "submit", str(place.folder / "letter.json"), *_ANNA)
    assert place.started[0].end() == 0
    place.up()
    until(lambda: len(_listed(place)) == 1)
    again = Typist(place)("submit", str(place.folder / "letter.json"), *_ANNA)
    assert again.returncode == 1
    assert _listed(place)[0]["reference"].encode() in again.stderr


def test_a_deed_whose_receipt_was_never_seen_is_done_once_when_it_is_said_again(place: Premises) -> None:
    reference = _submit(place)
    words = ("act", reference, "acknowledge", "--id", _DEED, *_ANNA)
    _dying(place, "before-receipt", *words)
    assert Typist(place)(*words).returncode == 0
    told = read_json(Typist(place)("trace", reference, "--json").stdout)
    assert [line["act"] for line in told].count("acknowledge") == 1


def test_a_deposit_that_its_clerk_did_not_live_to_tell_of_is_told_of_when_it_is_said_again(place: Premises) -> None:
    """Its bytes and custody are kept under their own id; the request knows only what it was told of.

    `comity doctor` names what was sealed for nobody, until the file was deposited again: it is not sealed twice.
    """
    reference = _submit(place)
    found = place.folder / "found.bin"
    found.write_bytes(b"harmless" * 1000)
    words = ("evidence", "deposit", reference, str(found), *_ANNA)
    _dying(place, "before-act", *words)
    shown = read_json(Typist(place)("show", reference, "--json").stdout)
    assert shown["exhibits"] == []
    (orphan,) = (path.name for path in (place.home / "vault").iterdir())
    found_by_doctor = _looked_at(place, "exhibits")
    assert not found_by_doctor["well"]
    assert f"no request was told: {orphan}; deposit the file again" in found_by_doctor["detail"]
    assert Typist(place)(*words).returncode == 0
    assert _looked_at(place, "exhibits")["detail"] == "1 of open requests, each of them told of"
    shown = read_json(Typist(place)("show", reference, "--json").stdout)
    assert [exhibit["id"] for exhibit in shown["exhibits"]] == [orphan]
    key = Typist(place)("ledger", "key").stdout.decode().strip()
    assert Typist(place)("ledger", "verify", "--key", key).returncode == 0
