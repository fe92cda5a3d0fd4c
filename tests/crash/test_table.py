"""The page on reliability says what was seen, and nothing that was not."""

from pathlib import Path

import pytest

from tests.crash.table import BEGIN, END, PAGE, renewed, table
from tests.results import Results, Seen


def test_a_fault_that_did_not_hold_is_entered_as_such(tmp_path: Path) -> None:
    results = Results(tmp_path / "kept" / "seen.jsonl")
    with results.of("a cut", "nothing lost", count=2, seed=7) as trial:
        trial.note = "1.0 s"
    with pytest.raises(AssertionError), results.of("a cut", "nothing lost", count=3):
        raise AssertionError
    seen = [Seen.model_validate_json(line) for line in (tmp_path / "kept" / "seen.jsonl").read_text().splitlines()]
    assert [run.held for run in seen] == [True, False]
    last = table(seen).splitlines()[-1]
    assert last.startswith("| a cut | nothing lost | 5 | 1 of 2 runs failed | ")
    assert last.endswith("| seed 7; 1.0 s |")


def test_only_what_stands_between_the_marks_is_made_anew() -> None:
    page = PAGE.read_text()
    assert renewed(page, "made") == renewed(renewed(page, "other"), "made")
    before, after = renewed(page, "made").split(f"{BEGIN}made{END}")
    assert page.startswith(before)
    assert page.endswith(after)


def test_of_many_runs_the_seeds_of_those_that_failed_are_told_and_a_few_notes() -> None:
    runs = [
        Seen(fault="a cut", must="nothing lost", count=1, seed=n, seconds=1, held=n != 4, note=f"note {n}")
        for n in range(6)
    ]
    assert table(runs).splitlines()[-1].endswith("| seed 4; note 0; note 1; note 2; 3 more like these |")
