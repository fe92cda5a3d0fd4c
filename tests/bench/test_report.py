"""The document of the benchmarks keeps the rows of earlier runs."""

from bench.report import MARK, Found, Row, kept_in

BEFORE = Found(
    (Row("acts", "0.5 ×", "≥ 1.0 ×", met=False, ran="7 rounds", would_take="less work"),), "Events of one life."
)
DAY = "2026-11-22"
ANEW = Row("acts", "1.1 ×", "≥ 1.0 ×", met=True, ran="9 rounds")
LEDGER = Row("ledger", "2,000/s", "≥ 1,000/s", met=True, ran="16 writers")


def test_a_row_takes_the_place_of_the_same_row_and_leaves_the_others() -> None:
    both = kept_in(kept_in(f"# Text\n{MARK}", Found((LEDGER,)), DAY), BEFORE, DAY)
    told = kept_in(both, Found((ANEW,)), DAY)
    assert told.startswith(f"# Text\n{MARK}\n")
    assert [line.split(" | ")[:2] for line in told.splitlines() if " | " in line][2:] == [
        ["| acts", "1.1 ×"],
        ["| ledger", "2,000/s"],
    ]


def test_the_detail_below_the_table_stays_until_another_comes() -> None:
    kept = kept_in(kept_in(f"# Text\n{MARK}", BEFORE, DAY), Found((LEDGER,)), DAY)
    assert kept.endswith("|\n\nEvents of one life.\n")
    assert kept_in(kept, Found((ANEW,), "Events of another."), DAY).endswith("|\n\nEvents of another.\n")


def test_a_row_that_falls_short_says_what_it_would_take() -> None:
    kept = kept_in(f"# Text\n{MARK}", BEFORE, DAY)
    assert "| **missed**; it would take less work |" in kept
