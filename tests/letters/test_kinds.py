"""The table of letters agrees with itself, with the lifecycle, and with what the fold makes of a letter."""

import pytest

from comity.errors import NotFound, Unreadable
from comity.law.library import Law
from comity.letters.kinds import kind_named, kinds, read
from comity.request.fold import LAST_LETTER, NOT_RATIFIED, TELLS_OUTCOME

ROW = '[[kinds]]\nid = "x"\nto = ["police"]\nabout = ["measure"]\nact = "remind"\nuntil = "none"\n'


def test_the_letters_that_tell_an_outcome_are_those_that_end_the_duty_to_tell_it() -> None:
    assert {kind.id for kind in kinds().values() if kind.tells_outcome} == TELLS_OUTCOME


def test_the_letters_that_the_fold_knows_by_name_are_there() -> None:
    assert kind_named(LAST_LETTER).until == "needed"
    assert {"measure", "package"} == set(kind_named(NOT_RATIFIED).about)


def test_every_kind_that_the_office_needs_is_there() -> None:
    """Issue 3, point 7."""
    assert set(kinds()) == {
        "acknowledgement", "confirmation of an oral request", "questions", "reminder", "last letter",
        "preservation order", "preservation confirmation", "disclosure note", "note for the police", "ratification",
        "ratification refused", "decision", "refusal", "postponement", "progress", "delay", "transmission",
        "nil report", "proof of service", "impossibility", "redirect", "closing", "assignment", "information",
        "information declined", "another provider",
    }  # fmt: skip


def test_the_kinds_of_measure_named_are_known_to_the_law() -> None:
    assert {measure for kind in kinds().values() for measure in kind.measures} <= Law.load().kinds.keys()


def test_an_unknown_kind_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(NotFound, match=r"there are acknowledgement, .* closing"):
        kind_named("ode")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[kinds]", "letters/kinds.toml: "),
        ("", "kinds"),
        (ROW + 'colour = "red"\n', "row 1: colour"),
        (ROW + ROW.replace('"police"', '"janitor"'), "row 2: to"),
        (ROW + 'standing = ["asked"]\n', "no part that it speaks of is ever asked"),
        (ROW.replace('"none"', '"perhaps"'), "row 1: until"),
        (ROW + ROW, "named more than once: x"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_its_row(text: str, says: str) -> None:
    with pytest.raises(Unreadable, match=says.replace("[", r"\[")):
        read(text)
