"""The data files of law: that they are whole, what they say of themselves, and how a bad one is refused."""

import json
import re
import shutil
import time
import tomllib
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import tomli
from pydantic import BaseModel

from comity.errors import NotFound, Refused, Unreadable
from comity.law.drawing import sections
from comity.law.library import FOLDER, Law
from comity.request.deadlines import NO_NUMBER, Provision, Unit, length_of
from comity.request.letter import MeasureSought
from comity.request.lifecycle import OFFICE, Duty
from comity.request.model import Ladder, Urgency
from comity.request.triage import ladder_name
from tests.law.test_kinds import COLUMNS, rows_of

DEMO = Path("anywhere/demo")
SETS = {"default": Law.load(), "demo": Law.load("demo", DEMO)}
LAW = SETS["default"]
PROVISIONS: list[Provision] = [
    row for read in LAW.instruments.values() for _, rows in sections(read) for row in [found.says for found in rows]
]
PROVISIONS += [row for kind in LAW.kinds.values() for row in rows_of(kind)]


# --- whole ------------------------------------------------------------------------------------------------------------


def test_the_instruments_that_carry_the_post_are_there_and_those_not_in_force_say_so() -> None:
    assert {"eio", "untoc", "budapest", "ets30", "bilateral", "none"} <= set(LAW.instruments)
    assert {key for key, read in LAW.instruments.items() if not read.in_force} == {"cets224", "uncybercrime"}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("duty", Duty)
@pytest.mark.parametrize("urgency", Urgency)
def test_every_duty_of_every_class_has_a_clock_and_a_ladder(name: str, duty: Duty, urgency: Urgency) -> None:
    law = SETS[name]
    rule = law.defaults.rule(duty, urgency)
    assert (rule.id, rule.article, rule.verified) == (f"default/{duty}", "our default", False)
    assert length_of(rule.length).number >= 1
    assert law.ladder_for(duty, urgency).name == ladder_name(duty, urgency)


@pytest.mark.parametrize("name", SETS)
def test_a_set_has_no_ladder_that_no_duty_climbs(name: str) -> None:
    assert set(SETS[name].ladders) == {ladder_name(duty, urgency) for duty in Duty for urgency in Urgency}


@pytest.mark.parametrize("ladder", [ladder for law in SETS.values() for ladder in law.ladders.values()])
def test_a_ladder_climbs_and_tells_only_people_inside(ladder: Ladder) -> None:
    steps = [rung.after for rung in ladder.rungs]
    assert steps == sorted(set(steps))
    assert all(rung.tell and set(rung.tell) <= OFFICE for rung in ladder.rungs)
    assert ladder.pause > timedelta()
    assert ladder.from_due or steps[0] == timedelta()


_IN_SECONDS = {
    Unit.SECOND: 1,
    Unit.MINUTE: 60,
    Unit.HOUR: 3600,
    Unit.DAY: 86400,
    Unit.WORKING_DAY: 86400,
    Unit.WEEK: 604800,
    Unit.MONTH: 2.6e6,
    Unit.YEAR: 3.1e7,
}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("duty", Duty)
def test_a_more_urgent_class_never_has_more_time(name: str, duty: Duty) -> None:
    """P1d is left out: what data allow has nothing to do with what a child needs."""
    classes = [urgency for urgency in Urgency if urgency != Urgency.P1D]
    lengths = [length_of(SETS[name].defaults.rule(duty, urgency).length) for urgency in classes]
    seconds = [length.number * _IN_SECONDS[length.unit] for length in lengths]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize(("duty", "clocks"), [
    (Duty.ACKNOWLEDGE,     ("15 minutes", "1 hour",   "4 hours",  "24 hours", "7 days",  "7 days")),
    (Duty.PROVISIONAL_ACT, ("30 minutes", "4 hours",  "4 hours",  "24 hours", "7 days",  "7 days")),
    (Duty.DECIDE,          ("2 hours",    "24 hours", "24 hours", "7 days",   "30 days", "60 days")),
    (Duty.REPORT_PROGRESS, ("2 hours",    "24 hours", "24 hours", "7 days",   "30 days", "3 months")),
])  # fmt: skip
def test_the_clocks_of_the_urgency_classes_are_those_agreed(duty: Duty, clocks: tuple[str, ...]) -> None:
    assert tuple(LAW.defaults.rule(duty, urgency).length for urgency in Urgency) == clocks


@pytest.mark.parametrize(("name", "from_due", "pause", "minutes"), [
    ("P0",  False, 15,   [0, 5, 10, 20, 40]),
    ("P1",  False, 60,   [0, 30, 60, 120, 240]),
    ("P1d", False, 240,  [0, 360, 1440]),
    ("P2",  True,  1440, [-1440, 0, 1440, 4320]),
    ("P3",  True,  1440, [-4320, 0, 7200, 14400]),
    ("P4",  True,  1440, [-4320, 0, 14400]),
    ("preservation expiry", True, 1440, [-43200, -20160, -10080, -4320, -1440, 0]),
])  # fmt: skip
def test_the_ladders_are_those_agreed(name: str, from_due: bool, pause: int, minutes: list[int]) -> None:
    ladder = LAW.ladders[name]
    assert (ladder.from_due, ladder.pause) == (from_due, timedelta(minutes=pause))
    assert [rung.after for rung in ladder.rungs] == [timedelta(minutes=minute) for minute in minutes]


@pytest.mark.parametrize("urgency", Urgency)
@pytest.mark.parametrize("duty", Duty)
def test_safety_clocks_and_what_lapses_are_never_extended(duty: Duty, urgency: Urgency) -> None:
    fixed = urgency in (Urgency.P0, Urgency.P1) or duty == Duty.RENEW_OR_LET_GO
    assert (LAW.defaults.rule(duty, urgency).extension == NO_NUMBER) is fixed


def test_what_is_kept_after_closing_is_ours_and_as_agreed() -> None:
    ours = LAW.retention
    assert (ours.article, ours.verified, ours.told_again, ours.review_again) == (
        "our default",
        False,
        "1 month",
        "1 year",
    )
    assert {str(what): length for what, length in ours.lengths.items()} == {
        "review": "1 year",
        "vault": "2 years",
        "content": "5 years",
        "record": "30 years",
    }


def test_a_measure_needs_only_what_a_letter_can_say() -> None:
    for kind in LAW.kinds.values():
        for path in kind.needs:
            assert _leads_somewhere(MeasureSought, path.split(".")), f"{kind.id}: {path}"


def _leads_somewhere(model: type[BaseModel], steps: list[str]) -> bool:
    field = model.model_fields.get(steps[0])
    if field is None or len(steps) == 1:
        return field is not None
    inner = [part for part in get_args(field.annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
    return bool(inner) and _leads_somewhere(inner[0], steps[1:])


def test_only_what_coerces_little_may_be_ordered_by_one_person() -> None:
    assert {kind.id for kind in LAW.kinds.values() if kind.one_person} == {
        "expedited preservation",
        "partial disclosure of traffic data",
        "emergency disclosure of data",
        "location of a person",
        "welfare check",
        "spontaneous information",
    }


# --- honest -----------------------------------------------------------------------------------------------------------


def test_every_provision_names_its_article_and_what_was_read() -> None:
    """What is verified names a source that is listed; what nobody has read says `unknown` or is not verified."""
    for row in PROVISIONS:
        assert row.article
        assert not row.verified or set(_cited(row.source)) & set(LAW.sources), row
        assert not row.verified or row.article != "unknown", row


def test_every_source_that_is_listed_is_cited() -> None:
    files = [*FOLDER.glob("instruments/*.toml"), *FOLDER.glob("profiles/*.toml")]
    files += [FOLDER / "measures.toml", FOLDER / "safeguards.toml"]
    assert {number for file in files for number in _cited(file.read_text())} == set(LAW.sources)


def _cited(text: str) -> list[str]:
    return re.findall(r"\bS[0-9]{1,3}\b", text)


def test_no_rule_of_a_protocol_that_is_not_in_force_is_counted() -> None:
    protocol = LAW.instrument("cets224")
    assert all(not rule.verified for rule in protocol.rules)
    assert LAW.rules_for("cets224", Duty.EXECUTE, "production of subscriber data") == ()


@pytest.mark.parametrize(("instrument", "one", "other", "day", "answer"), [
    ("eio", "FR", "DE", "2026-11-22", "yes"),
    ("eio", "FR", "IE", "2026-11-22", "no"),
    ("eio", "FR", "GB", "2026-11-22", "unknown"),
    ("eio", "BE", "AT", "2018-06-30", "no"),
    ("eio", "BE", "AT", "2018-07-01", "yes"),
    ("eevidence", "FR", "IE", "2026-08-17", "no"),
    ("eevidence", "FR", "IE", "2026-08-18", "yes"),
    ("untoc", "FR", "DE", "2006-07-13", "no"),
    ("untoc", "FR", "DE", "2006-07-14", "yes"),
    ("untoc", "FR", "JP", "2017-08-09", "no"),
    ("untoc", "FR", "JP", "2017-08-10", "yes"),
    ("untoc", "FR", "CZ", "2026-11-22", "unknown"),
    ("budapest", "FR", "BR", "2023-02-28", "no"),
    ("budapest", "FR", "BR", "2023-03-01", "yes"),
    ("budapest", "FR", "US", "2026-11-22", "yes"),
    ("budapest", "FR", "US", "2004-06-30", "no"),
    ("cets224", "RS", "JP", "2026-11-22", "no"),
    ("harare", "GB", "IN", "2026-11-22", "unknown"),
])  # fmt: skip
def test_in_force_between_says_no_more_than_was_read(
    instrument: str, one: str, other: str, day: str, answer: str
) -> None:
    assert LAW.in_force_between(instrument, one, other, date.fromisoformat(day)) == answer


def test_whoever_a_text_names_as_not_bound_has_nothing_else_said_of_it() -> None:
    """Truth protected: silence is no `no`; only a text that says so excludes a State, and it is told where."""
    excluded = {key: read.parties.outside for key, read in LAW.instruments.items() if read.parties.outside}
    assert excluded == {"eio": ("DK", "IE"), "freezing": ("DK", "IE"), "eevidence": ("DK",)}


def test_a_day_that_a_file_names_was_read_in_a_source_beside_it() -> None:
    """Each row of [parties.since] ends in a State's name; its source stands there, or is that of the whole list."""
    for file in (FOLDER / "instruments").glob("*.toml"):
        rows = [line for line in file.read_text().splitlines() if re.match(r"[A-Z]{2} = \d{4}-\d\d-\d\d", line)]
        parties = LAW.instrument(file.stem).parties
        assert len(rows) == len(parties.since) + len(parties.until), file.stem
        assert all(" # " in row and (_cited(row) or _cited(parties.source)) for row in rows), file.stem


def test_what_is_not_there_is_answered_with_what_is() -> None:
    with pytest.raises(NotFound, match="there are benelux1962, bilateral, budapest, cets197, cets224"):
        LAW.instrument("hague")
    with pytest.raises(NotFound, match="there are account monitoring, bank records"):
        LAW.kind("extradition")
    assert LAW.instrument("eio").id == "eio"
    assert LAW.kind("freezing").lasts


# --- read -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def law_files(tmp_path: Path) -> Path:
    """A copy of the data files, to spoil."""
    return Path(shutil.copytree(FOLDER, tmp_path / "law", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_the_version_is_that_of_the_bytes(law_files: Path) -> None:
    """The same bytes have the same version; any other byte, a comment's too, has another."""
    assert Law.load(folder=law_files).version == LAW.version
    assert re.fullmatch(r"default-[0-9a-f]{12}", LAW.version)
    seen = {LAW.version, SETS["demo"].version}
    for number, file in enumerate(sorted(law_files.rglob("*.toml")), start=1):
        if "demo" not in file.name:
            file.write_text(file.read_text() + f"# {number}\n")
            version = Law.load(folder=law_files).version
            assert version not in seen
            seen.add(version)
    assert len(seen) == 2 + len([file for file in law_files.rglob("*.toml") if "demo" not in file.name])


def test_reading_the_law_costs_little_more_than_parsing_its_files() -> None:
    """Side by side, in this process's own time: a worker or a command reads it at its start, on any machine."""
    texts = [content.decode() for content in LAW.files.values()]

    def cost(work: Callable[[], object]) -> float:
        before = time.process_time()
        work()
        return time.process_time() - before

    parsing = min(cost(lambda: [tomli.loads(text) for text in texts]) for _ in range(5))
    assert min(cost(Law.load) for _ in range(5)) < 4 * parsing


@pytest.mark.parametrize(("file", "old", "new", "fault"), [
    ("instruments/eio.toml", "\n[parties]\n", "\n[parties\n", r"\(at line 31, column 9\)"),
    ("instruments/eio.toml", 'id = "eio"', 'id = "oie"', r"id: it must be the name of the file, 'eio'"),
    ("instruments/eio.toml", 'length = "1 week"', 'length = "one week"',
     r"rules\[1\]\.length: .*'one week' is no length"),
    ("instruments/eio.toml", 'duty = "decide"', 'duty = "dither"',
     r"rules\[3\]\.duty: Input should be 'acknowledge'"),
    ("instruments/eio.toml", 'extension = "30 days"', 'extension = "some"', r"rules\[3\]\.extension: "),
    ("instruments/eio.toml", 'id = "eio/decide"', 'id = "eio/acknowledge"',
     r"the whole file: .*named more than once: eio/acknowledge"),
    ("instruments/eio.toml", 'nature = "discretionary"', 'nature = "optional"', r"grounds\[3\]\.nature: "),
    ("instruments/untoc.toml", 'verified = true\nsource = "S105"', 'verified = true\nsource = "none"',
     r"asked: .*what is verified names its source"),
    ("instruments/untoc.toml", 'verified = true\nsource = "S105"', 'checked = true\nsource = "S105"',
     r"asked\.verified: is missing\n.*asked\.checked: is no key here; known here: article,"),
    ("instruments/eio.toml", "BE = 2017-05-22", "US = 2017-05-22", r"parties\.since: .*not among `states`: US"),
    ("instruments/eio.toml", "BE = 2017-05-22", "BE = 2017-05-21",
     r"parties: .*it applies from 2017-05-22, and cannot bind before: BE"),
    ("instruments/eio.toml", "BE = 2017-05-22", "AT = 2017-05-22", r"\(at line \d+, column \d+\)"),
    ("instruments/eio.toml", "BE = 2017-05-22", 'BE = "since long"',
     r"parties\.since\.BE: Input should be a valid date"),
    ("instruments/eio.toml", "[asked]", "[parties.until]\nAT = 2018-06-30\n[asked]",
     r"parties\.until: .*it ends before it begins for AT"),
    ("instruments/eio.toml", "[asked]", "[parties.until]\nIE = 2018-06-30\n[asked]",
     r"parties\.until: .*not among `states`: IE"),
    ("instruments/eio.toml", 'outside = ["DK", "IE"]', 'outside = ["DK", "AT"]',
     r"parties\.outside: .*among `states` as well: AT"),
    ("instruments/eio.toml", "verified = true\noutside", "verified = false\noutside",
     r"parties\.outside: .*only a list that was read \(verified\) says whom it does not bind"),
    ("instruments/eio.toml", '"AT", "BE"', '"AT", "AT"', r"parties\.states: .*named more than once: AT"),
    ("measures.toml", 'id = "freezing"', 'id = "bank records"', r"named more than once: bank records"),
    ("measures.toml", 'kinds = ["production of subscriber data"', 'kinds = ["telepathy"',
     r"followed_by: there is no kind of that id: telepathy"),
    ("measures.toml", 'length = "5 hours"', 'length = "a night"',
     r"kinds\[25\]\.longest\[1\]\.length: .*'a night' is no length"),
    ("instruments/budapest.toml", 'kinds = ["expedited preservation"]', 'kinds = ["telepathy"]',
     r"rules\[1\]\.kinds: there is no kind of measure of that id: telepathy"),
    ("instruments/eumla2000.toml", 'kinds = ["video hearing"]\narticle', 'kinds = ["hearing by video"]\narticle',
     r"contents\[1\]\.kinds: there is no kind of measure of that id: hearing by video"),
    ("instruments/ets30.toml", 'kinds = ["search and seizure"]\narticle = "5(1)"', 'kinds = ["raid"]\narticle = "5(1)"',
     r"reservations\[1\]\.kinds: there is no kind of measure of that id: raid"),
    ("instruments/eumla2000.toml", 'kinds = ["video hearing"]\nwhat', 'kinds = ["hearing by video"]\nwhat',
     r"grounds\[3\]\.kinds: there is no kind of measure of that id: hearing by video"),
    ("safeguards.toml", 'before = ["', 'before = ["telepathy", "',
     r"safeguards\[1\]\.before: there is no kind of measure of that id: telepathy"),
    ("measures.toml", 'instruments = ["uncac"]', 'instruments = ["unclos"]',
     r"kinds\[\d+\]\.[a-z_]+\[\d+\]\.instruments: there is no instrument of that id: unclos"),
    ("safeguards.toml", 'source = "S112, S179"', 'source = "S9"',
     r"safeguards\[5\]\.source: there is no source of that id: S9"),
    ("measures.toml", 'source = "S106"', 'source = "S9"',
     r"kinds\[\d+\]\.[a-z_]+\[\d+\]\.source: there is no source of that id: S9"),
    ("instruments/eio.toml", 'source = "S99, S175"', 'source = "S998, S99"',
     r"rules\[1\]\.source: there is no source of that id: S998"),
    ("instruments/eio.toml", 'source = "S26, S175"', 'source = "S998"',
     r"asked\.source: there is no source of that id: S998"),
    ("instruments/eio.toml", 'source = "S14, S126, S127, S128"', 'source = "S998"',
     r"parties\.source: there is no source of that id: S998"),
    ("instruments/eio.toml", 'article = "12(3)"', 'article = "12(99)x"',
     r"rules\[3\]\.article: '12\(99\)x' is no citation; write an article as 12"),
    ("instruments/eio.toml", 'article = "12(3)"', 'article = "12(7)"',
     r"rules\[3\]\.article: Directive 2014/41/EU art\. 12 has the paragraphs \(1\) to \(6\), and no \(7\)"),
    ("instruments/eio.toml", 'article = "12(2)"', 'article = "40(2)"',
     r"asked\.article: Directive 2014/41/EU has no article 40; it has 1 to 39 and 5a"),
    ("measures.toml", 'article = "Budapest 26(2)"', 'article = "Budapest 26(3)"',
     r"kinds\[\d+\]\.given\[\d+\]\.article: Budapest art\. 26 has the paragraphs \(1\) to \(2\), and no \(3\)"),
    ("safeguards.toml", 'article = "Lanzarote 35(1)(f)"', 'article = "Lanzarotte 35(1)(f)"',
     r"safeguards\[\d+\]\.article: 'Lanzarotte 35\(1\)\(f\)' is no citation; did you mean Lanzarote\?"),
    ("instruments/eio.toml", "articles = 39", "articles = 38",
     r"texts\[1\]: .*paragraphs of articles that it does not have: 39"),
    ("instruments/eio.toml", 'source = "S175, S187"\n\n[[texts]]', 'source = "S998"\n\n[[texts]]',
     r"texts\[1\]\.source: there is no source of that id: S998"),
    ("defaults/default.toml", 'P1d = "4 hours", ', "", r"missing: acknowledge\.P1d"),
    ("defaults/default.toml", '"15 minutes"', '"a while"', r"clocks\.acknowledge\.P0: .*'a while' is no length"),
    ("retention/default.toml", 'record = "30 years"', 'record = "3 years"',
     r"kept\.record: .*'3 years' ends before 'content' does \(5 years\)"),
    ("retention/default.toml", 'content = "5 years"', 'content = "23 months"',
     r"kept\.content: .*'23 months' ends before 'vault' does"),
    ("retention/default.toml", 'vault = "2 years"', 'vault = "-2 years"', r"kept\.vault: .*'-2 years' is no length"),
    ("retention/default.toml", 'told_again = "1 month"', 'told_again = "never"', r"told_again: .*'never' is no length"),
    ("retention/default.toml", "[kept]", "hold = true\n[kept]", r"hold: is no key here; known here: "),
    ("ladders/default.toml", 'when = "5 minutes"', 'when = "11 minutes"',
     r"ladders\.P0: .*each rung must be later than the one before"),
    ("ladders/default.toml", '"decider"', '"requesting authority"',
     r"ladders\.P0\.rungs\[4\]\.tell\[2\]: .*outside the authority"),
    ("ladders/default.toml", '"1 day before"', '"1 month before"',
     r"ladders\.P2\.rungs\[1\]\.when: .*a ladder counts in second, minute, hour, day, week"),
    ("ladders/default.toml", "[ladders.P4]", "[ladders.P5]", r"missing: P4"),
])  # fmt: skip
def test_a_bad_file_is_refused_with_the_place_at_fault(
    law_files: Path, file: str, old: str, new: str, fault: str
) -> None:
    _edit(law_files / file, old, new)
    with pytest.raises(Unreadable, match=f"(?s)^law/{re.escape(file)}: .*{fault}") as refused:
        Law.load(folder=law_files)
    line = re.search(r"line (\d+)", str(refused.value))
    assert line
    assert int(line[1]) == 1 or re.search(_KEYS_AT_FAULT, (law_files / file).read_text().splitlines()[int(line[1]) - 1])


_KEYS_AT_FAULT = (
    r"\[|id|article|length|duty|extension|nature|verified|checked|acknowledge|record|content|vault|told_again|hold|when|tell"
    r"|outside|states|kinds|before|instruments|source|^[A-Z]{2} = "
)


def test_a_table_of_kinds_as_it_was_before_its_columns_is_read(law_files: Path) -> None:
    """Truth protected: older versions of the files are kept, and read again by later code."""
    kinds = tomllib.loads((law_files / "measures.toml").read_text())["kinds"]
    old = [{name: value for name, value in row.items() if name not in (*COLUMNS, "data_class")} for row in kinds]
    assert old != kinds
    (law_files / "measures.toml").write_text("\n".join(_as_rows(each) for each in old))
    law = Law.load(folder=law_files)
    assert [*law.kinds] == [*LAW.kinds]
    assert {kind.data_class for kind in law.kinds.values()} == {"none"}
    assert [row for kind in law.kinds.values() for row in rows_of(kind)] == []


def _as_rows(row: dict[str, Any]) -> str:
    return "[[kinds]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in row.items())


def test_bytes_that_are_no_text_are_refused(law_files: Path) -> None:
    (law_files / "measures.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Unreadable, match=r"^law/measures\.toml: .*can't decode"):
        Law.load(folder=law_files)


def test_a_missing_file_is_named(law_files: Path) -> None:
    (law_files / "defaults/default.toml").unlink()
    with pytest.raises(Unreadable, match=r"^law/defaults/default\.toml: this file is missing from the set 'default'"):
        Law.load(folder=law_files)


@pytest.mark.parametrize("home", ["var", "/srv/comity", "demo/var", "demonstration", "demo/../var"])
def test_the_set_of_the_demo_is_refused_elsewhere(home: str) -> None:
    """Clocks in seconds would make a real office deaf within an hour."""
    with pytest.raises(Refused, match="works only where COMITY_HOME is a folder named 'demo'; use COMITY_LAW=default"):
        Law.load("demo", Path(home))


def test_the_demo_is_over_in_minutes() -> None:
    raw: dict[str, Any] = tomllib.loads((FOLDER / "defaults/demo.toml").read_text())
    assert all(length.endswith(" seconds") for row in raw["clocks"].values() for length in row.values())
    assert all(length.endswith(" minutes") for length in SETS["demo"].retention.lengths.values())


def test_an_unknown_set_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(NotFound, match="there are default, demo"):
        Law.load("../../etc")
