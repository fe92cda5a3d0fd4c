"""The command line where there is no service, or nothing that it could be run on."""

import json
import re
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from comity.home import open_home
from comity.law.library import FOLDER
from comity.ledger import log
from comity.ledger.checkpoint import sign_head
from comity.register.writing import Arriving, arrive
from comity.store import PATIENCE
from tests.cli.typist import Typist
from tests.ledger.records import START, deed
from tests.office import EXAMPLES
from tests.processes import Premises, premises


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Premises]:
    """A home in which nothing runs."""
    with premises(tmp_path) as prepared:
        yield prepared


@pytest.fixture
def nowhere(place: Premises) -> Premises:
    """The same, before anybody made it."""
    place.home.rename(place.folder / "elsewhere")
    return place


def test_without_a_home_nothing_can_be_reached_and_it_says_how_one_is_made(nowhere: Premises) -> None:
    ended = nowhere.comity("list")
    assert ended.returncode == 3
    assert b"there is no COMITY_HOME" in ended.stderr
    assert b"`comity up` makes one" in ended.stderr
    assert not nowhere.home.exists()


def test_doctor_names_what_is_missing_and_ends_with_1(nowhere: Premises) -> None:
    ended = nowhere.comity("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(ended.stdout)}
    assert ended.returncode == 1
    assert not findings["home"]["well"]
    assert findings["mail relay"]["well"]


def test_without_a_server_an_act_cannot_be_done_and_nothing_is_entered(place: Premises) -> None:
    ended = place.comity("act", "01JA", "note", "--as", "p-anna")
    assert ended.returncode == 3
    assert ended.stderr.startswith(b"comity: no Temporal server answers at 127.0.0.1:")
    assert b"COMITY_TEMPORAL" in ended.stderr
    assert ended.stdout == b""


def test_a_database_that_takes_us_in_and_says_nothing_ends_a_command_with_3(place: Premises) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+psycopg://comity@127.0.0.1:{silent.getsockname()[1]}/comity"
        other = replace(place, settings=place.settings.model_copy(update={"database": url}))
        began = time.monotonic()
        ended = other.comity("list")
    assert ended.returncode == 3
    assert ended.stderr.startswith(b"comity: the database does not answer: ConnectionTimeout; is it running")
    assert (ended.stderr.count(b"\n"), ended.stdout) == (1, b"")
    assert time.monotonic() - began < PATIENCE["connect_timeout"] + 60  # libpq alone would wait for twice as long


def test_what_is_typed_wrong_ends_with_2(nowhere: Premises) -> None:
    assert nowhere.comity("nonsense").returncode == 2
    for words in (("nonsense",), ("act",), ("list", "--size", "many"), ("submit",)):
        ended = Typist(nowhere)(*words)
        assert ended.returncode == 2
        assert b"Usage: comity" in ended.stderr


def test_a_ring_that_others_may_read_is_refused_with_the_command_that_mends_it(place: Premises) -> None:
    ring = place.home / "master-keys.toml"
    ring.chmod(0o644)
    for type_, words in ((place.comity, ("up",)), (Typist(place), ("keys", "rotate"))):
        ended = type_(*words)
        assert ended.returncode == 1
        assert f"chmod 600 {ring}".encode() in ended.stderr
    ring.chmod(0o600)
    assert Typist(place)("keys", "rotate").returncode == 0


def test_what_needs_no_home_works_without_one(nowhere: Premises) -> None:
    typed = Typist(nowhere)
    assert json.loads(typed("schema", "request").stdout)["title"] == "Letter"
    assert len(json.loads(typed("lifecycle", "--json").stdout)) > 100


def test_a_lawyer_reads_the_law_and_is_told_the_line_of_a_fault(nowhere: Premises, tmp_path: Path) -> None:
    typed = Typist(nowhere)
    assert {"id", "standing", "read"} <= set(json.loads(typed("law", "list", "--json").stdout)[0])
    assert json.loads(typed("law", "show", "EIO", "--json").stdout)["rules"][0]["article"] == "16(1)"
    assert b"CHECK AGAINST THE TEXT" in typed("law", "show", "harare").stdout
    kept = json.loads(typed("law", "show", "Expedited preservation", "--json").stdout)
    assert kept["followed_by"][0]["article"] == "Budapest 29(2)(f), 29(7)"
    assert b"WHAT MUST FOLLOW" in typed("law", "show", "expedited preservation").stdout
    assert typed("law", "show", "measures").stdout.splitlines()[0].startswith(b"expedited preservation")
    assert len(json.loads(typed("law", "show", "measures", "--json").stdout)) > 20
    unknown = typed("law", "show", "hague")
    assert (unknown.returncode, b"there are the instruments benelux1962, bilateral" in unknown.stderr) == (1, True)
    nearly = nowhere.comity("law", "show", "Bank record")
    assert (nearly.returncode, b"called so, perhaps 'bank records'; there are" in nearly.stderr) == (1, True)
    assert typed("law", "check").returncode == 0
    law = shutil.copytree(FOLDER, tmp_path / "law")
    (law / "instruments" / "none.toml").write_text((law / "instruments" / "none.toml").read_text() + "colour = 1\n")
    ended = typed("law", "check", str(law))
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert re.search(
        rb"law/instruments/none\.toml: line [0-9]+: contents\[1\]\.colour: is no key here; known here: article,",
        ended.stderr,
    )


def test_a_request_is_checked_before_it_is_sent(nowhere: Premises) -> None:
    typed, example = Typist(nowhere), EXAMPLES / "p3-bank-records-three-measures.json"
    assert typed("check", str(example)).returncode == 0
    told = json.loads(example.read_bytes())
    told["measures"] = [{"kind": "production of subscriber data"}]
    ended = typed("check", "-", "--json", stdin=json.dumps(told).encode())
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["missing"][0]["weight"] == "blocking"
    nobody = typed("check", str(example), "--to", "XX")
    assert (nobody.returncode, b"there is no State of that code" in nobody.stderr) == (1, True)
    assert typed("check", "nowhere.json").returncode == 1


def test_a_port_in_use_is_named_before_anything_is_started(place: Premises) -> None:
    with socket.create_server(("127.0.0.1", place.settings.temporal_port)):
        ended = place.comity("up")
    assert ended.returncode == 1
    assert f"port {place.settings.temporal_port} is in use".encode() in ended.stderr


def test_an_entry_is_proven_without_the_service_into_a_new_file(place: Premises) -> None:
    reference, proof = "01KADVJ6Q8M4Z0W2T5R7Y9X1C3", place.folder / "proof.json"
    home = open_home(place.settings)
    with home.store.transaction() as tx:
        arrive(tx, Arriving(reference, START, b"sealed", {}, {}))
        log.append(tx, [deed(0, reference), deed(1), deed(2, reference)])
    sign_head(home.store, home.signer())
    typed = Typist(place)
    assert json.loads(typed("ledger", "prove", "01KA", "--version", "0").stdout)["index"] == 0
    assert typed("ledger", "prove", "01KA", "--out", str(proof)).returncode == 0
    assert json.loads(proof.read_bytes())["index"] == 2
    again, others = (
        typed("ledger", "prove", "01KA", "--out", str(proof)),
        typed("ledger", "prove", "01KA", "--index", "1"),
    )
    assert (again.returncode, others.returncode) == (1, 1)
    assert b"there is such a file already" in again.stderr
    assert b"has no such entry" in others.stderr


def test_a_story_is_of_a_request_or_filtered_and_a_drawn_one_is_whole(place: Premises) -> None:
    typed, drawn = Typist(place), str(place.folder / "story.html")
    for words, says in {
        (): "name a request, or at least one of",
        ("--html", drawn, "--who", "p-anna"): "--html draws the whole story of one request",
        ("01KA", "--html", drawn, "--what", "deed"): "without a filter",
    }.items():
        ended = typed("trace", *words)
        assert ended.returncode == 2
        assert says in " ".join(ended.stderr.decode().replace("│", " ").split())
    assert typed("trace", "--since", "2026-01-01", "--json").stdout == b"[]\n"
    unknown = typed("trace", "--what", "grnat")
    assert (unknown.returncode, unknown.stdout, unknown.stderr.count(b"\n")) == (1, b"", 1)
    assert b"near it: grant" in unknown.stderr
