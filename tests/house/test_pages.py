"""The pages say what the code says."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comity.home import make
from comity.keys.request_keys import KeyClass
from comity.ledger.leaf import Kind as EntryKind
from comity.ledger.verify import NAMES
from comity.request.lifecycle import Duty, Kind, Role, Stage
from comity.request.model import Urgency
from comity.settings import Settings
from comity.store import METADATA
from temporal.names import SEARCH_ATTRIBUTES
from tests.house.sources import ROOT, pages, texts
from tests.store.schema import tables

_SETTING = re.compile(r"\bCOMITY_[A-Z_]+\b")
_ANY_INSTANT = datetime(2026, 1, 1, tzinfo=UTC)
_OF_TESTS = "COMITY_PROVE"
_ROW = re.compile(r"^\| `(COMITY_[A-Z_]+)` \| (.+?) \| .+ \|$", re.MULTILINE)


def _page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def test_operating_lists_every_setting_with_its_default() -> None:
    listed = {name: default.strip("`") for name, default in _ROW.findall(_page("operating.md"))}
    standing = {f"COMITY_{name.upper()}": field.default for name, field in Settings.model_fields.items()}
    assert listed == {name: "none" if default is None else str(default) for name, default in standing.items()}


def test_no_file_names_a_setting_that_is_not_there() -> None:
    known = {f"COMITY_{name.upper()}" for name in Settings.model_fields} | {_OF_TESTS}
    wrong = {f"{where}: {name}" for where, text in texts() for name in _SETTING.findall(text) if name not in known}
    assert wrong == set()


def test_the_glossary_takes_a_side_on_every_word_of_the_law() -> None:
    defined = set(re.findall(r"\*\*(.+?)\*\*", _page("glossary.md")))
    words = [*Kind, *Stage, *Role, *Duty, *EntryKind, *KeyClass, *Urgency]
    assert {word.value for word in words} - defined == set()


def test_trust_has_a_line_for_every_table() -> None:
    assert tables() == METADATA.tables.keys()
    assert [name for name in METADATA.tables if f"`{name}`" not in _page("trust.md")] == []


def test_trust_has_a_line_for_everything_that_the_server_may_search_for() -> None:
    assert [key.name for key in SEARCH_ATTRIBUTES if f"`{key.name}`" not in _page("trust.md")] == []


@pytest.mark.parametrize("name", ["trust.md", "operating.md"])
def test_every_file_of_a_home_is_told_of(name: str, tmp_path: Path) -> None:
    make(Settings(home=tmp_path), _ANY_INSTANT).close()
    text = _page(name)
    assert [each.name for each in tmp_path.iterdir() if f"`{each.name}" not in text] == []


def test_the_auditors_page_has_the_steps_of_the_verification() -> None:
    steps = re.findall(r"^\| ([0-9]+) \| (.+?) \| .+ \|$", _page("checking-the-ledger.md"), re.MULTILINE)
    assert {int(number): name for number, name in steps} == NAMES


@pytest.mark.parametrize(("where", "text"), pages())
def test_every_link_leads_somewhere(where: str, text: str) -> None:
    folder = (ROOT / where).parent
    targets = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text)
    assert [target for target in targets if not (folder / target).exists()] == []


def test_each_decision_says_what_was_seen_what_was_decided_and_what_follows() -> None:
    for page in (ROOT / "docs" / "decisions").glob("*.md"):
        text = page.read_text()
        assert text.startswith(f"# {int(page.name[:4])}. ")
        assert all(f"\n**{word}.**" in text for word in ("Seen", "Decided", "So")), page.name


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
