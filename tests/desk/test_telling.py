"""What people read is short enough to be read: what is alike shares a line."""

from datetime import timedelta

import pytest

from comity.request.model import Gap, Privilege, Request, Safeguard, Task, TaskIs
from desk.telling import open_lines, protected, show_opened
from desk.wording import together
from tests.request.lives import NOW, begun, sought, ulid


def asked(number: int) -> Request:
    """A request with so many questions."""
    gaps = tuple(Gap(id=f"Q{each}", field="facts_summary") for each in range(1, number + 1))
    return begun(sought(), gaps=gaps)


@pytest.mark.parametrize(
    ("names", "read"),
    [
        ([], ""),
        (["M1"], "M1"),
        (["M1", "M2"], "M1, M2"),
        (["M1", "Q9", "Q10", "Q11", "Q13"], "M1, Q9 to Q11, Q13"),
        (["Q1", "Q2", "Q3", "M4", "request"], "Q1 to Q3, M4, request"),
    ],
)
def test_parts_that_follow_one_another_are_named_as_one(names: list[str], read: str) -> None:
    assert together(names) == read


def test_after_an_act_only_what_it_was_about_is_offered_and_all_of_it_in_the_whole() -> None:
    request = asked(12)
    about = {part: [line.split(":")[0] for line in open_lines(request, part)] for part in ("request", "M1", "Q3")}
    assert about == {
        "request": ["open on request", "open on M1"], "M1": ["open on M1"], "Q3": ["open on Q3"],
    }  # fmt: skip
    assert "open on Q1 to Q12" in [line.split(":")[0] for line in open_lines(request)]


def test_questions_that_are_owed_alike_share_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_opened(asked(12), [])
    said = capsys.readouterr().out
    assert said.count("/answer") == 1
    assert "owed     Q1 to Q12/answer" in said


def test_what_is_set_apart_and_who_stands_in_the_whole() -> None:
    """A remedy, a safeguard, what was heard, a recovery, privilege, recusal: a line each."""
    soon = NOW + timedelta(days=3)
    request = begun(edition=1)
    [measure] = request.measures
    found = request.model_copy(
        update={
            "measures": (measure.model_copy(update={"remedy_until": soon}),),
            "safeguards": (
                Safeguard(name="S1", what="referral", protects="child-1", by=soon),
                Safeguard(name="S2", what="safety plan", protects="child-1", by=soon, done=True),
            ),
            "tasks": (Task(name="T1", what=TaskIs.TRANSLATION, by=soon, about=("M1",)),),
            "interviews": {"child-1": 1, "child-2": 2},
            "recoveries": {"child-1": soon},
            "privileges": tuple(Privilege(exhibit=ulid(), upheld=upheld) for upheld in (None, True, False)),
            "recused": ("p-bob",),
        }
    )
    told = list(protected(found))
    assert [line.split()[0] for line in told] == [
        *("M1", "S1", "S2", "T1", "heard", "heard", "recovery", "apart", "apart", "apart", "recused")
    ]
    assert [line for line in told if line.startswith("S")] == [
        "S1       referral for child-1: by 2026-11-23 09:00 UTC",
        "S2       safety plan for child-1: done",
    ]
    assert [line.rpartition("; ")[2] for line in told if line.startswith("apart")] == [
        "a court has to decide",
        "upheld: it leaves in nothing",
        "denied",
    ]
