"""The duty room's board: a row for what has to be done, not for each question of a letter."""

from datetime import timedelta
from typing import Any

from comity.register.worklist import OwedRow
from comity.request.lifecycle import Stage, Status
from comity.request.model import Urgency
from desk.watching import drawn
from tests.request.lives import NOW, ulid

REFERENCE = ulid()


def row(key: str, **more: Any) -> OwedRow:
    """One duty of a P0, due in an hour."""
    standing = {
        "reference": REFERENCE,
        "urgency": Urgency.P0,
        "rung": 0,
        "entered": NOW,
        "due": NOW + timedelta(hours=1),
    }
    whose = {"owed_by": "requesting authority", "held_by": None, "allocated": None, "next_at": None}
    request = {
        "requesting": "PT",
        "stage": Stage.SUBMISSION,
        "status": Status.RECEIVED,
        "done_at": None,
        "done_by": None,
    }
    return OwedRow.model_validate(standing | whose | request | {"key": key} | more)


def due(rows: list[OwedRow], most: int = 50) -> list[str]:
    """The column that says what is due."""
    return [str(cell) for cell in drawn(rows, NOW, most=most).columns[2].cells]


def test_questions_that_are_owed_alike_share_a_row() -> None:
    questions = [row(f"Q{number}/answer") for number in (1, 10, 11, 2, 9)]
    assert due([*questions, row("M1/execute")]) == ["Q1, Q2, Q9 to Q11/answer", "M1/execute"]


def test_what_differs_has_a_row_of_its_own() -> None:
    rows = [
        row("Q1/answer"),
        row("Q2/answer", held_by="p-bob"),
        row("Q3/answer", rung=1),
        row("M1/decide"),
        row("M2/decide"),
    ]
    assert due(rows) == ["Q1/answer", "Q2/answer", "Q3/answer", "M1/decide", "M2/decide"]


def test_what_shares_a_row_takes_the_place_of_one() -> None:
    assert due([*(row(f"Q{number}/answer") for number in range(1, 19)), row("M1/execute")], most=2)[1] == "M1/execute"
