"""The command line beside a service that runs: what is refused starts nothing, and says what is possible instead."""

import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest
from ulid import ULID

from comity.home import open_home
from comity.keys.request_keys import SERVICE, KeyClass
from comity.ledger import log
from tests.cli.typist import Typist
from tests.processes import HEARING, ROOT, Premises, premises, read_json

EXAMPLE = (ROOT / "examples" / "p3-bank-records-three-measures.json").read_bytes()
SECRET = "Aurelia Inventata"
_ANNA = ("--as", "p-anna")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    """A service that runs."""
    with premises(tmp_path_factory.mktemp("cli")) as prepared:
        prepared.up()
        yield prepared


@pytest.fixture(scope="module")
def typed(place: Premises) -> Typist:
    """Commands on its home."""
    return Typist(place)


@pytest.fixture(scope="module")
def reference(place: Premises) -> str:
    """A request that came in by standard input."""
    ended = place.comity("submit", "-", "--json", *_ANNA, stdin=_letter("of the module"))
    assert ended.returncode == 0, ended.stderr
    return str(read_json(ended.stdout)["reference"])


def _letter(number: str, **more: Any) -> bytes:
    return json.dumps(json.loads(EXAMPLE) | {"own_reference": number, **more}).encode()


UNREADABLE = {
    "not JSON": (b'{"requesting_state": "PT",', b"letter: must be JSON; it is not from line 1"),
    "not UTF-8": (b'{"facts_summary": "\xff"}', b"letter: must be UTF-8"),
    "too large": (_letter("1", facts_summary=SECRET * 20_000), b"must have at most 256 KiB"),
    "wrong type": (_letter("2", measures=[{"kind": [SECRET]}]), b"measures[0].kind: must be a text"),
    "unknown State": (_letter("3", requesting_state="QQ"), b"requesting_state: must be the code of a State"),
    "control characters": (_letter("4", facts_summary=f"{SECRET}\x07"), b"facts_summary: must have no control"),
    "unknown field": (_letter("5", **{SECRET: SECRET}), b"is not known here"),
    "empty": (b"", b"letter: must be JSON"),
}


@pytest.mark.parametrize("wrong", UNREADABLE)
def test_what_cannot_be_read_is_refused_by_its_place_and_nothing_starts(typed: Typist, wrong: str) -> None:
    """The ledger keeps that it was tried: its digest and size, under the service's own key."""
    data, says = UNREADABLE[wrong]
    before = len(_attempts(typed.place))
    ended = typed("submit", "-", *_ANNA, stdin=data)
    assert ended.returncode == 1
    assert says in ended.stderr
    assert SECRET.encode() not in ended.stderr + ended.stdout
    attempt = _attempts(typed.place)[before:]
    assert [(each["tried"], each["refused"]) for each in attempt] == [
        ({"sha256": sha256(data[: 1 << 20]).hexdigest(), "size": len(data)}, "Unreadable")
    ]


def test_none_of_them_started_anything(typed: Typist, reference: str) -> None:
    assert [row["reference"] for row in read_json(typed("list", "--json").stdout)["rows"]] == [reference]


def _attempts(place: Premises, reference: str = "") -> list[dict[str, Any]]:
    """The refused attempts on a request, or on the service itself, opened."""
    home = open_home(place.settings)
    try:
        with home.store.reading() as view:
            kept = [each for each in log.entries(view, reference) if each.leaf.kind == "attempt"]
        owner = reference or SERVICE
        return [
            json.loads(home.keys.open(owner, KeyClass.RECORD, each.body, f"attempt {each.leaf.id}")) for each in kept
        ]
    finally:
        home.close()


# --- what is refused to a person --------------------------------------------------------------------------------------

_NO = {
    "an unknown act": (("frobnicate",), "there is no act of that name; open now: "),
    "an act nearly named": (
        ("extend deadline",),
        "there is no act of that name, perhaps 'extend a deadline'; open now: ",
    ),
    "an unknown part": (("propose", "--part", "M9"), "M9"),
    "an unknown role": (("note", "--role", "janitor"), "there is no role of that name; there are coordinator"),
    "a person not known": (("note", "--as", "p-nobody"), "p-nobody is not known here"),
    "an act that is not open": (("close",), "open now: "),
    "a role not held": (("open review", "--role", "head of unit"), "head of unit"),
    "particulars that are no JSON": (("note", "--with", "{"), "--with: no JSON at character 1"),
    "particulars that are not known": (("note", "--with", '{"colour": "red"}'), "colour"),
    "a revision that is past": (("open review", "--seen", "7"), "has moved on"),
}


@pytest.mark.parametrize("what", _NO)
def test_a_refusal_ends_with_1_and_one_line_that_says_what_is_possible(
    typed: Typist, reference: str, what: str
) -> None:
    words, says = _NO[what]
    who = () if "--as" in words else _ANNA
    ended = typed("act", reference, *words, *who)
    told = ended.stderr.decode()
    assert ended.returncode == 1, told
    assert told.startswith("comity: ")
    assert told.count("\n") == 1, told
    assert says in told
    assert ended.stdout == b""


def test_whoever_is_not_in_people_toml_must_say_who_they_are(place: Premises, reference: str) -> None:
    ended = place.comity("act", reference, "note")
    assert ended.returncode == 1
    assert b"people.toml" in ended.stderr


def test_a_reference_that_nobody_has_is_refused(typed: Typist) -> None:
    for words in (("show", "ZZZZ"), ("trace", "ZZZZ", "--json"), ("act", "ZZZZ", "note", *_ANNA)):
        ended = typed(*words)
        assert ended.returncode == 1
        assert b"`comity list` shows those that there are" in ended.stderr


# --- what is kept after the end ---------------------------------------------------------------------------------------


def test_what_an_open_request_keeps_is_refused_with_what_is_possible(typed: Typist, reference: str) -> None:
    for words in ((), ("--keep", "record", "--until", "2090-01-01", "--reason", "why", "--as", "p-eve")):
        ended = typed("retention", reference, *words)
        assert ended.returncode == 1
        assert b"its dates begin when it is closed; `comity show` says what it owes" in ended.stderr
    assert _attempts(typed.place, reference)[-1]["refused"] == "NotOpen"


def test_to_keep_something_longer_takes_a_date_and_a_reason(typed: Typist, reference: str) -> None:
    for words in (("--until", "2090-01-01"), ("--reason", "why"), ()):
        ended = typed("retention", reference, "--keep", "record", *words, "--as", "p-eve")
        assert ended.returncode == 2
        assert b"--keep needs --until DATE and --reason TEXT" in ended.stderr
    far = typed("retention", reference, "--keep", "record", "--until", "2900-01-01", "--reason", "why")
    assert (far.returncode, b"between 1900 and 2199" in far.stderr) == (1, True)


# --- what comes in twice, or deficient --------------------------------------------------------------------------------


def test_a_deficient_request_is_registered_with_a_question_for_each_gap(typed: Typist) -> None:
    ended = typed("submit", "-", "--json", *_ANNA, stdin=b'{"requesting_state": "PT"}')
    assert ended.returncode == 0, ended.stderr
    shown = read_json(typed("show", read_json(ended.stdout)["reference"], "--json").stdout)
    assert shown["stage"] == "submission"
    assert len(shown["asks"]) == len(shown["questions"]) > 3
    assert all(ask.startswith("Please") for ask in shown["asks"])


def test_a_reference_that_came_before_is_refused_unless_it_adds_or_begins_anew(typed: Typist) -> None:
    first = read_json(typed("submit", "-", "--json", *_ANNA, stdin=_letter("A 1")).stdout)["reference"]
    again = typed("submit", "-", *_ANNA, stdin=_letter(" a  1 "))
    assert again.returncode == 1
    assert first.encode() in again.stderr
    added = typed("submit", "-", "--supplement", "--json", *_ANNA, stdin=_letter("A 1"))
    anew = typed("submit", "-", "--anew", "--json", *_ANNA, stdin=_letter("A 1"))
    assert read_json(added.stdout)["reference"] == first
    assert read_json(anew.stdout)["reference"] != first


def test_a_deed_that_moves_is_done_once_too(typed: Typist) -> None:
    """Truth protected: said again, it is not taken for another deed because the request has moved by it."""
    moved = read_json(typed("submit", "-", "--json", *_ANNA, stdin=_letter("A moving")).stdout)["reference"]
    words = ("act", moved, "withdraw", "--part", "M1", "--note", "they rang", "--id", str(ULID()), "--json", *_ANNA)
    one, two = (read_json(typed(*words).stdout) for _ in range(2))
    assert one == two
    assert typed(*words, "--reason", "another").returncode == 1


def test_post_that_nobody_can_place_waits_in_the_list_and_is_filed(typed: Typist, reference: str) -> None:
    take = ("post", "take", "--note", "they rang: about the letter of March", "--from", "pt", "--urgency", "P1", *_ANNA)
    assert b"`comity oral` opens a request at once" in typed(*take).stdout
    piece = read_json(typed(*take, "--json").stdout)["piece"]
    line = typed("list", "--unmatched").stdout.decode().splitlines()[-1]
    assert [word for word in (piece, "P1", "PT", "phone", "waits to be filed") if word not in line] == []
    read = typed("post", "read", piece[-4:], "--reason", "whose is it", *_ANNA)
    assert read.stdout == b"they rang: about the letter of March\n"
    for more in (("--in", "x"), ("--channel", "courier")):
        both = typed("letter", reference, "opinion", "--post", piece, *more, *_ANNA)
        assert (both.returncode, b"--post names the paper and the way it came" in both.stderr) == (2, True)
    assert typed("letter", reference, "opinion", "--post", piece, *_ANNA).returncode == 0
    aside = typed("post", "aside", piece, "--reason", "not ours", *_ANNA)
    assert (aside.returncode, reference.encode() in aside.stderr) == (1, True)
    assert piece.encode() not in typed("list", "--unmatched").stdout
    told = read_json(typed("trace", piece[-5:], "--json").stdout)
    assert [line["act"] for line in told] == ["make keys", "sealed", "accessed", "copied", "moved", "moved"]


def test_the_custody_of_a_thing_is_entered_told_and_printed(
    typed: Typist, reference: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dan, ulid = ("--as", "p-dan"), str(ULID())
    item = typed(
        *("evidence", "item", reference, "--description", "a telephone", "--seal-number", "BAG-7", "--place", "Lisbon"),
        *("--from", "its owner", "--to", "unit", "--reason", "ordered", "--id", ulid, *dan),
    )
    assert (item.returncode, ulid.encode() in item.stdout) == (0, True), item.stderr
    moved = ("evidence", "enter", ulid, "moved", "--reason", "to be read out", "--to", "laboratory", *dan)
    assert b"say both" in typed(*moved).stderr
    index = read_json(typed(*moved, "--from", "unit", "--json").stdout)["index"]
    told = typed("evidence", "custody", ulid).stdout.decode()
    assert f"in the ledger {index}" in told
    assert told.endswith("The chain of custody is unbroken: 3 entries.\n")
    assert read_json(typed("evidence", "custody", ulid, "--json").stdout)["unbroken"] is True
    assert any(row["exhibit"] == ulid for row in read_json(typed("evidence", "custody", reference, "--json").stdout))
    assert ulid.encode() in typed("evidence", "custody", reference[-6:]).stdout
    page = tmp_path_factory.mktemp("pages") / "custody.pdf"
    assert typed("evidence", "custody", ulid, "--pdf", str(page)).returncode == 0
    assert (page.read_bytes()[:5], page.stat().st_mode & 0o777) == (b"%PDF-", 0o600)
    again = typed("evidence", "custody", ulid, "--pdf", str(page))
    assert (again.returncode, b"choose another name" in again.stderr) == (1, True)


def test_each_deadline_says_how_it_was_counted(typed: Typist, reference: str) -> None:
    told = read_json(typed("show", reference, "--deadlines", "--json").stdout)
    assert {"duty", "urgency", "deadline", "counted", "left_out", "sentence"} <= set(told[0])
    text = typed("show", reference, "--deadlines").stdout.decode().splitlines()
    assert {line.split(": ", 1)[1] for line in text} == {each["sentence"] for each in told}
    assert all(each["deadline"]["article"] in each["sentence"] for each in told)


def test_questions_whose_deadlines_are_counted_alike_share_a_sentence(place: Premises) -> None:
    lacking = _letter("of questions", purpose=None, facts_summary=None)
    reference = str(read_json(place.comity("submit", "-", "--json", *_ANNA, stdin=lacking).stdout)["reference"])
    told = [each["duty"] for each in read_json(place.comity("show", reference, "--deadlines", "--json").stdout)]
    text = place.comity("show", reference, "--deadlines").stdout.decode()
    assert [duty for duty in told if duty.endswith("/answer")] == ["Q1/answer", "Q2/answer"]
    assert [line.split(" P")[0] for line in text.splitlines() if "/answer " in line] == ["Q1, Q2/answer"]


def test_what_is_owed_next_comes_first_and_each_instant_says_its_zone(typed: Typist, reference: str) -> None:
    owed = [line for line in typed("show", reference).stdout.decode().splitlines() if line.startswith("owed")]
    due = [found[1] for line in owed if (found := re.search(r"due ([-0-9]+ [:0-9]+) UTC \(", line))]
    assert due
    assert due == sorted(due)
    assert len(due) == len([line for line in owed if "no date" not in line])


def test_a_reviewer_gets_a_checklist_for_each_measure(typed: Typist, reference: str) -> None:
    told = read_json(typed("show", reference, "--review", "--json").stdout)
    text = typed("show", reference, "--review").stdout.decode()
    assert [line.split()[0] for line in text.splitlines() if line[:1] == "M"] == [each["part"] for each in told]
    assert all(check["what"] in text and check["by"] in text for each in told for check in each["checks"])
    both = typed("show", reference, "--review", "--deadlines")
    assert (both.returncode, b"say one of --deadlines, --review" in both.stderr) == (2, True)


def test_the_same_deed_said_again_is_done_once(typed: Typist, reference: str) -> None:
    words = ("act", reference, "acknowledge", "--id", "01JNBXR6K3V8ZD5T0M7QHYWGAC", "--json", *_ANNA)
    one, two = (read_json(typed(*words).stdout) for _ in range(2))
    assert one["version"] == two["version"]
    other = typed(*words, "--words", "something else")
    assert other.returncode == 1
    assert b"give the deed an id of its own" in other.stderr


# --- a call at night --------------------------------------------------------------------------------------------------

_CALL = {
    "caller": "Rui Exemplo Figueira", "authority": "PT Polícia Judiciária", "number": "+999 21 555 0111",
    "happening": "an offer to stream abuse within the hour", "where": "user-77b1@nuage.example",
    "wanted": "expedited preservation",
}  # fmt: skip
_BOB = ("--as", "p-bob")


def _options(**told: str) -> tuple[str, ...]:
    return tuple(word for name, text in told.items() for word in (f"--{name}", text))


def test_six_options_open_a_request_and_the_next_acts_can_be_copied(typed: Typist) -> None:
    """What the command prints to be copied is taken as it stands, but for the names that only the officer knows."""
    ended = typed("oral", "--anew", *_options(**_CALL), *_BOB)
    assert ended.returncode == 0, ended.stderr
    told = ended.stdout.decode()
    assert "request/confirm in writing" in told
    assert _CALL["caller"] not in told
    commands = [shlex.split(line) for line in told.splitlines() if line.strip().startswith("comity act ")]
    assert " ".join(commands[0][2]) in told, "its reference stands there in large"
    for words in commands:
        assert typed(*words[1:], *_BOB).returncode == 0


def test_what_is_missing_without_a_terminal_is_one_usage_error(typed: Typist) -> None:
    ended = typed("oral", "--caller", "somebody", *_BOB)
    assert ended.returncode == 2
    told = " ".join(ended.stderr.decode().replace("│", " ").split())
    assert "these are missing: --authority, --number, --happening, --where, --wanted" in told


def test_in_a_terminal_what_is_missing_is_asked_for(typed: Typist) -> None:
    given = {name: text for name, text in _CALL.items() if name not in ("number", "wanted")}
    with _terminal(typed.place, "oral", "--anew", "--json", *_options(**given), *_BOB) as (process, terminal):
        os.write(terminal, f"{_CALL['number']}\n99\n1\n".encode())
        said, asked = process.communicate(timeout=60)
    assert process.returncode == 0, asked
    assert read_json(said)["oral"] is True
    assert asked.count(b"Call-back number?") == 1
    assert b"--wanted: a kind of measure, or its number" in asked


def test_what_breaks_off_registers_nothing_and_says_what_was_typed(typed: Typist) -> None:
    before = _references(typed)
    with _terminal(typed.place, "oral", *_BOB) as (process, terminal):
        os.write(terminal, b"Rui Exemplo Figueira\n")
        assert process.stderr
        while b"authority" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"nothing was registered; what was typed:\n  --caller 'Rui Exemplo Figueira'" in told
    assert _references(typed) == before


def test_a_call_told_twice_is_refused_and_what_was_typed_is_there_for_another_case(typed: Typist) -> None:
    call = _CALL | {"number": "+999 21 555 0222"}
    given = {name: text for name, text in call.items() if name != "wanted"}
    opened = read_json(typed("oral", "--anew", "--json", *_options(**call), *_BOB).stdout)["reference"]
    known = typed("oral", *_options(**call), *_BOB)
    assert (known.returncode, opened.encode() in known.stderr, b"--anew" in known.stderr) == (1, True, True)
    assert b"--caller" not in known.stderr, "its options stand in the history of the shell"
    with _terminal(typed.place, "oral", *_options(**given), *_BOB) as (process, terminal):
        os.write(terminal, b"1\n")
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"\n  --wanted 'expedited preservation'" in told


def _references(typed: Typist) -> set[str]:
    return {row["reference"] for row in read_json(typed("list", "--json").stdout)["rows"]}


@contextmanager
def _terminal(place: Premises, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A command whose standard input is a terminal, and that terminal's other end."""
    terminal, end = os.openpty()
    try:
        with subprocess.Popen(  # noqa: S603 - our own command line
            [*HEARING, *words],
            env=place.environment,
            cwd=ROOT,
            stdin=end,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                yield process, terminal
            finally:
                process.kill()  # nothing where it has ended; else it would be waited for without end
    finally:
        os.close(terminal)
        os.close(end)


def test_what_was_said_at_night_is_told_by_one_command(typed: Typist, reference: str) -> None:
    opened = read_json(typed("oral", "--anew", "--json", *_options(**_CALL), *_BOB).stdout)["reference"]
    typed("act", opened, "verify sender", "--with", '{"number": "+999 2"}', *_BOB)
    words = ("--to", "the caller", "--number", "+999 2", "--said", "3 Example Street", "--reason", "the child is there")
    again = ("disclose", opened, *words, "--id", "01JNBXR6K3V8ZD5T0M7QHYWGAD", *_BOB)
    one, two = typed(*again, "--json"), typed(*again, "--json")
    assert one.returncode == 0, one.stderr
    assert read_json(one.stdout)["version"] == read_json(two.stdout)["version"]
    refused = typed("disclose", reference, *words, *_BOB)
    assert refused.returncode == 1
    assert b"one person may order: none here" in refused.stderr


# --- for other programs -----------------------------------------------------------------------------------------------


def test_every_reading_command_prints_one_json_value(typed: Typist, reference: str) -> None:
    key = typed("ledger", "key").stdout.decode().strip()
    for words in (
        ("list",), ("list", "--foreign", "UA of the module"), ("show", reference[-6:]), ("trace", reference),
        ("doctor",), ("lifecycle",), ("ledger", "verify", "--key", key),
    ):  # fmt: skip
        ended = typed(*words, "--json")
        assert ended.returncode == 0, (words, ended.stderr)
        assert read_json(ended.stdout)
        assert ended.stderr == b""


def test_a_second_up_is_refused_and_the_first_goes_on(place: Premises) -> None:
    ended = place.comity("up")
    assert ended.returncode == 1
    assert b"another `comity up` has" in ended.stderr
    assert place.started[0].process.poll() is None


def test_asked_to_stop_it_ends_with_0(tmp_path_factory: pytest.TempPathFactory) -> None:
    with premises(tmp_path_factory.mktemp("stopped")) as other:
        running = other.up()
        assert running.end() == 0
        assert b'"stopped"' in running.log.read_bytes()


# --- letters ----------------------------------------------------------------------------------------------------------


def test_a_letter_is_shown_kept_and_left_for_whoever_hands_it_on(typed: Typist, reference: str) -> None:
    draft = typed("letter", reference, "acknowledgement", "--draft", *_ANNA)
    assert draft.returncode == 0, draft.stderr
    out = typed.place.folder / "acknowledgement.txt"
    words = ("--about", "M1", "--channel", "courier", "--out", str(out))
    sent = typed("letter", reference, "acknowledgement", *words, *_ANNA)
    assert sent.returncode == 0, sent.stderr
    assert sent.stdout.startswith(out.read_bytes())
    assert b"\nhand this on by courier; nothing was sent. It tells of 'acknowledge'" in sent.stdout
    assert out.read_text().splitlines()[0] == draft.stdout.decode().splitlines()[0]


def test_a_letter_that_came_in_is_kept_with_its_channel(typed: Typist, reference: str) -> None:
    file = typed.place.folder / "opinion.pdf"
    file.write_bytes(b"%PDF invented")
    kept = typed("letter", reference, "opinion", "--in", str(file), "--channel", "fax", "--json", *_ANNA)
    assert kept.returncode == 0, kept.stderr
    assert read_json(kept.stdout)["exhibit"]["sha256"] == sha256(file.read_bytes()).hexdigest()


def test_a_letter_of_no_kind_is_refused_in_one_line_that_names_them(typed: Typist, reference: str) -> None:
    ended = typed("letter", reference, "ode", *_ANNA)
    assert (ended.returncode, ended.stdout, ended.stderr.count(b"\n")) == (1, b"", 1)
    assert b"there are acknowledgement, confirmation of an oral request" in ended.stderr


# --- what a letter lacks ----------------------------------------------------------------------------------------------


def test_what_a_letter_lacks_is_told_as_it_is_handed_in(typed: Typist) -> None:
    """Truth protected: who hands it in can write to the requesting authority at once, by the article of the order."""
    banks = [
        {"kind": "bank records", "instrument": "eio", "description": "Records of an account.", "necessity": "Payments."}
    ]
    lacking = _letter("an order on banks", requesting_state="FR", measures=banks)
    ended = typed("submit", "-", *_ANNA, stdin=lacking)
    assert ended.returncode == 0, ended.stderr
    reference, *said = ended.stdout.decode().replace(": ", "\n", 1).splitlines()
    checked = typed("check", "-", stdin=lacking).stdout.decode().splitlines()
    assert [line for line in said if "Please" in line] == [line for line in checked if "Please" in line]
    assert any("M1 the grounds for believing" in line and line.endswith("[eio 26(5)]") for line in said)
    asked = read_json(typed("show", reference, "--json").stdout)["asks"]
    assert all(any(each in line for line in said) for each in asked)


# --- the request that follows a preservation --------------------------------------------------------------------------


def test_what_follows_a_preservation_is_printed_as_a_request_that_can_be_checked(typed: Typist, reference: str) -> None:
    preserved = (ROOT / "examples" / "p1d-preservation-lapsing.json").read_bytes()
    came = read_json(typed("submit", "-", "--json", *_ANNA, stdin=preserved).stdout)
    printed = typed("follow-up", came["reference"], "M1", *_ANNA)
    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout)["foreign_references"][0] == came["reference"]
    told = json.loads(typed("check", "-", "--json", stdin=printed.stdout).stdout)
    assert "own_reference" in [each["field"] for each in told["missing"]]
    refused = typed("follow-up", reference, "M1", *_ANNA)
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert b"nothing must follow 'bank records'; something must follow: expedited preservation" in refused.stderr


# --- what investigators hand in ---------------------------------------------------------------------------------------


def test_a_folder_is_deposited_file_by_file_and_said_again_seals_nothing_twice(typed: Typist, reference: str) -> None:
    folder = typed.place.folder / SECRET
    folder.mkdir()
    for name in ("b", "a"):
        (folder / name).write_bytes(name.encode())
    words = ("evidence", "deposit", reference, str(folder), *_ANNA)
    first, second, last = typed(*words).stdout.decode().splitlines()
    assert first.startswith("file 1 of 2: sealed: exhibit ")
    assert first.endswith(f", 1 bytes, SHA-256 {sha256(b'a').hexdigest()}")
    assert last == "2 sealed, 0 stood sealed already; files are counted in sorted order"
    again = read_json(typed(*words, "--json").stdout)
    assert [(each["file"], each["of"], each["stood"]) for each in again] == [(1, 2, True), (2, 2, True)]
    assert [each["seal"]["exhibit"] in line for each, line in zip(again, (first, second), strict=True)] == [True] * 2


def test_a_folder_that_is_refused_is_told_by_numbers_and_entered(typed: Typist, reference: str) -> None:
    (typed.place.folder / "seized").mkdir()
    (typed.place.folder / "seized" / SECRET).symlink_to("/")
    before = len(_attempts(typed.place, reference))
    ended = typed("evidence", "deposit", reference, str(typed.place.folder / "seized"), *_ANNA)
    assert (ended.returncode, ended.stdout, ended.stderr.count(b"\n")) == (1, b"", 1)
    assert b"file 1 of 1 in sorted order is a symbolic link" in ended.stderr
    assert SECRET.encode() not in ended.stderr
    [attempt] = _attempts(typed.place, reference)[before:]
    assert (attempt["tried"]["act"], attempt["tried"]["part"], attempt["refused"]) == ("deposit", "M1", "Refused")


def test_a_deposit_in_a_role_that_there_is_not_is_refused_in_one_line(typed: Typist, reference: str) -> None:
    ended = typed("evidence", "deposit", reference, __file__, "--role", "janitor", *_ANNA)
    assert ended.returncode == 1
    assert b"there is no role of that name; there are coordinator" in ended.stderr
