"""What jurisdictions require: dated, whole where it is ours, and marked as invented wherever nobody was asked."""

import json
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from comity.errors import Unreadable
from comity.law.calendars import OfficeCalendar
from comity.law.checking import checked
from comity.law.drawing import UNKNOWN, of_profile, plain_profile
from comity.law.library import FOLDER, Law
from comity.law.models import Profile
from comity.law.states import known_states
from comity.request.keeping import Keeping
from comity.request.reading import read

LAW = Law.load()
TODAY = date(2026, 11, 22)
EXAMPLES = Path(__file__).parents[2] / "examples"
PROFILES = [pytest.param(each, id=each.state) for each in LAW.profiles]


def test_ours_is_whole_and_the_partners_are_of_different_shapes() -> None:
    ours = LAW.profile("LU", TODAY)
    assert ours
    assert [heading for heading, rows in of_profile(ours) if not rows] == []
    assert {"PT", "FR", "IE", "MA", "EG", "US", "LI"} <= {each.state for each in LAW.profiles}
    assert not OfficeCalendar.of("EG", "Africa/Cairo").is_working(date(2026, 11, 20))  # a Friday
    assert not any(contact.around_the_clock for contact in profile("LI").contacts)
    assert len(profile("US").zones) > 1


def profile(state: str) -> Profile:
    found = LAW.profile(state, TODAY)
    assert found
    return found


@pytest.mark.parametrize("each", PROFILES)
def test_what_nobody_was_asked_is_marked(each: Profile) -> None:
    """Truth protected: an invented number is never taken for one that was read."""
    text = " ".join(plain_profile(each).split())
    rows = [row for _, found in of_profile(each) for row in found]
    assert all(row.says.verified or row.says.source == "invented" for row in rows)
    assert text.count("INVENTED, ASK THAT STATE") == len([row for row in rows if not row.says.verified])
    assert text.count(UNKNOWN) == sum(not found for _, found in of_profile(each))


def test_a_profile_is_that_of_its_day() -> None:
    assert LAW.profile("LU", date(2025, 12, 31)) is None
    assert LAW.profile("ZZ", TODAY) is None


def test_what_is_left_is_kept_by_our_own_states_rules_and_else_by_our_default(law_files: Path) -> None:
    file = law_files / "profiles" / "lu.toml"
    file.write_text(file.read_text().replace('record = "30 years"', 'record = "50 years"'))
    law = Law.load(folder=law_files)
    assert law.retention_of("LU", TODAY).lengths[Keeping.RECORD] == "50 years"
    assert law.retention_of("LU", TODAY).told == "invented, not verified"
    assert law.retention_of("PT", TODAY) == law.retention_of("LU", date(2025, 12, 31)) == law.retention
    assert law.retention.told == "our default, not verified"


def test_in_the_demo_the_rules_of_no_state_count_in_years() -> None:
    demo = Law.load("demo", Path("demo"))
    assert demo.profile("LU", TODAY) == LAW.profile("LU", TODAY)
    assert demo.retention_of("LU", TODAY) == demo.retention


@pytest.fixture
def law_files(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "law", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


def test_of_two_profiles_of_a_state_one_must_have_ended(law_files: Path) -> None:
    file = law_files / "profiles" / "pt.toml"
    later = file.read_text().replace("2026-01-01", "2026-07-01")
    (law_files / "profiles" / "pt-2026-07.toml").write_text(later)
    with pytest.raises(
        Unreadable,
        match=r"law/profiles/\S+\.toml: it holds for PT on 2026-07-01, as law/profiles/\S+\.toml does; give",
    ):
        Law.load(folder=law_files)
    file.write_text(
        file.read_text().replace("valid_from = 2026-01-01", "valid_from = 2026-01-01\nvalid_until = 2026-06-30")
    )
    read_anew = Law.load(folder=law_files)
    found = [read_anew.profile("PT", day) for day in (date(2026, 6, 30), date(2026, 7, 1))]
    assert [each.valid_from if each else None for each in found] == [date(2026, 1, 1), date(2026, 7, 1)]


@pytest.mark.parametrize(("old", "new", "fault"), [
    ('source = "invented"', 'source = "S998"', r"authority\.source: there is no source of that id: S998"),
    ('ground = "untoc/sovereignty"', 'ground = "untoc/whim"', r"mandatory\[3\]\.ground: .* of that id: untoc/whim"),
    ('"ets30/sovereignty"]', '"ets30/whim"]', r"deciders\[2\]\.grounds: .* of that id: ets30/whim"),
    ('"Europe/Luxembourg"]', '"Europe/Luxemburg"]', r"zones: no time zone of that name"),
    ('role = "decider"', 'role = "king"', r"deciders\[1\]\.role: Input should be"),
    ('content = "5 years"', 'content = "1 year"', r"retention\.kept\.content: .*'1 year' ends before 'vault' does"),
    ('period = "10 days"', 'period = "soon"', r"remedies\[1\]\.period: .*'soon' is no length"),
])  # fmt: skip
def test_a_bad_profile_is_refused_with_its_line(law_files: Path, old: str, new: str, fault: str) -> None:
    file = law_files / "profiles" / "lu.toml"
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(Unreadable, match=rf"(?s)^law/profiles/lu\.toml: line \d+: {fault}") as refused:
        Law.load(folder=law_files)
    named = re.search(r"line (\d+)", str(refused.value))
    assert named
    assert new.split('"')[1] in file.read_text().splitlines()[int(named[1]) - 1]


@pytest.mark.parametrize(
    ("written", "translated", "asked"), [("en", None, False), ("pl", None, True), ("pl", "de", False)]
)
def test_a_letter_that_the_other_side_cannot_read_is_told_before(
    written: str, translated: str | None, asked: bool
) -> None:
    told: dict[str, Any] = json.loads((EXAMPLES / "p3-bank-records-three-measures.json").read_bytes())
    told["languages"] = {"written_in": written, "translated_into": translated, "certified_by": "N. Example"}
    found = checked(read(json.dumps(told).encode(), known_states()), LAW, datetime(2026, 11, 22, tzinfo=UTC)).missing
    gaps = {each.field: each for each in found}
    assert ("languages.translated_into" in gaps) is asked
    if asked:
        assert gaps["languages.translated_into"].asks == "Please add a translation into English or French or German."
        assert gaps["languages.translated_into"].by == "profile LU, languages, INVENTED, ASK THAT STATE"
