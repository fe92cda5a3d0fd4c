"""What is said of a letter is settled, or refused with what is possible instead."""

from datetime import timedelta
from typing import Any

import pytest

from comity.errors import NotFound, Objection, Refused, Unreadable
from comity.letters.choosing import Wanted, settled
from comity.letters.done import Done, done_of
from comity.letters.view import Outcome
from comity.letters.viewing import view_of
from comity.request.lifecycle import Act, Duty, Role
from comity.request.model import Deadline, Decision, Event, Owed, Proposal, Urgency
from tests.letters.invented import TO_THE_COURT, UNTIL, WRITTEN, known, told
from tests.request.lives import NOW, begun


def meant(kind: str, **more: Any) -> tuple[str, ...]:
    """The parts that a letter turns out to be about."""
    return settled(told().request, Wanted(kind=kind, written=WRITTEN, **more), known().done).about


def test_a_letter_is_about_all_parts_that_it_is_for() -> None:
    assert meant("refusal") == ("M3",)
    assert meant("postponement") == ("M4",)
    assert meant("impossibility") == ("M7",)
    assert meant("proof of service") == ("M5",)
    assert meant("closing") == ("M2", "M3", "M5", "M6", "M7", "M11")
    assert meant("decision") == ("M2", "M5", "M6", "M7", "M8", "M10")
    assert meant("redirect") == ()


def test_what_is_transmitted_tells_of_the_measures_that_it_was_obtained_by() -> None:
    """M5 and M6 are done, too: they end in a letter of their own."""
    assert meant("transmission") == ("M2", "P1", "P2")


def test_a_question_goes_to_whom_it_was_asked() -> None:
    assert meant("questions") == ("Q1",)
    assert meant("reminder", to=Role.PROVIDER) == ("Q2",)
    assert meant("reminder", to=Role.COURT) == ("Q3",)


def test_what_one_person_did_is_told_of_where_it_was_done() -> None:
    """Nobody is told of a ratification that has not happened."""
    assert meant("ratification") == ("M1", "P1")
    assert meant("ratification refused") == ("M9",)
    assert meant("disclosure note") == ("P1",)


def test_an_end_that_was_told_is_not_told_again_unless_all_were() -> None:
    request = told().request
    parts = tuple(m.model_copy(update={"told": m.id == "M2"}) for m in request.measures)
    wanted = Wanted(kind="transmission", written=WRITTEN)
    assert settled(request.model_copy(update={"measures": parts}), wanted, known().done).about == ("P1", "P2")
    parts = tuple(m.model_copy(update={"told": True}) for m in request.measures)
    wanted = Wanted(kind="refusal", written=WRITTEN)
    assert settled(request.model_copy(update={"measures": parts}), wanted, known().done).about == ("M3",)


def test_an_oral_request_is_to_be_confirmed_by_the_date_of_that_duty() -> None:
    due = Deadline(due=UNTIL, rule="r", article="a", verified=True, started=NOW, length="7 days", law="l")
    owed = Owed(
        key="request/confirm in writing", part="request", duty=Duty.CONFIRM_IN_WRITING, urgency=Urgency.P0, opened=NOW,
        entered=NOW, deadlines=(due,), ladder="x",
    )  # fmt: skip
    request = told().request.model_copy(update={"duties": (owed,)})
    wanted = Wanted(kind="confirmation of an oral request", written=WRITTEN)
    assert settled(request, wanted, Done()).until == UNTIL
    assert settled(begun(), wanted, Done()).until is None


def test_a_part_that_is_named_twice_is_spoken_of_once() -> None:
    assert meant("progress", about=("M3", "M1", "M3")) == ("M3", "M1")


WRONG: dict[str, tuple[dict[str, Any], type[Refused], str]] = {
    "an unknown kind": ({"kind": "ode"}, NotFound, "there are acknowledgement"),
    "a date is missing": ({"kind": "last letter"}, Unreadable, "'last letter' needs a date"),
    "a date is too much": ({"kind": "refusal", "until": UNTIL}, Unreadable, "leave --until out"),
    "a part that is not there": ({"kind": "progress", "about": ("M99",)}, NotFound, "no part M99; it has request, M1"),
    "parts not named": ({"kind": "nil report"}, Unreadable, "give --about"),
    "not so far": (
        {"kind": "refusal", "about": ("M2",)},
        Objection,
        "it is 'done'; it speaks of measure that is refused",
    ),
    "another kind of part": ({"kind": "refusal", "about": ("P1",)}, Objection, "speaks of measure"),
    "the request itself": ({"kind": "refusal", "about": ("request",)}, Objection, "speaks of measure"),
    "another kind of measure": ({"kind": "proof of service", "about": ("M2",)}, Objection, "it is 'bank records'"),
    "not urgent": ({"kind": "note for the police", "about": ("M2",)}, Objection, "it is P3"),
    "nothing ratified": ({"kind": "ratification", "about": ("M9",)}, Objection, "nobody has done that: ratify or"),
    "nobody decided": ({"kind": "decision", "about": ("M1",)}, Objection, "no decision of two people"),
    "not for them": ({"kind": "refusal", "to": Role.POLICE}, Objection, "it goes to: requesting authority"),
    "asked of another": ({"kind": "questions", "about": ("Q2",)}, Objection, "it was asked of the provider: give --to"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_in_one_sentence_that_helps(what: str) -> None:
    said, error, says = WRONG[what]
    with pytest.raises(error) as refused:
        settled(told().request, Wanted(written=WRITTEN, **said), known().done)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_where_nothing_is_ready_for_a_letter_that_is_said() -> None:
    with pytest.raises(Objection, match="nothing in this request is ready for 'refusal': it speaks of measure that is"):
        settled(begun(), Wanted(kind="refusal", written=WRITTEN), Done())


def test_a_question_asked_in_words_for_the_file_is_put_by_a_person() -> None:
    """What was noted may say more than may be told: only sentences that were made to be told go out by themselves."""
    request = told().request
    asked = settled(request, Wanted(kind="questions", written=WRITTEN, to=Role.PROVIDER), Done())
    with pytest.raises(Objection, match=r"Q2: .* give it by --text"):
        view_of(request, asked, known())


def test_a_question_asked_with_a_sentence_for_letters_is_put_in_that_sentence() -> None:
    request = told().request
    asked = settled(request, Wanted(kind="questions", written=WRITTEN, to=Role.COURT), Done())
    assert [question.asks for question in view_of(request, asked, known()).questions] == [TO_THE_COURT]


# --- what was decided -------------------------------------------------------------------------------------------------


def outcomes(events: list[Event]) -> dict[str, Outcome]:
    """What they decided."""
    return dict(done_of(events).outcomes)


def event(version: int, act: Act, part: str = "M1", **more: Any) -> Event:
    """One event of a measure."""
    more.setdefault("at", NOW + timedelta(minutes=version))
    return Event(version=version, act=act, part=part, person="p-anna", role=Role.DECIDER, **more)


def proposal(version: int, said: str) -> Event:
    """A proposal to refuse, with what is told."""
    return event(version, Act.PROPOSE, particulars=Proposal(outcome=Act.REFUSE, told=said, ground="kept"))


def decision(version: int, said: str = "") -> Event:
    """The refusal."""
    return event(version, Act.REFUSE, particulars=Decision(seen="0" * 64, told=said, ground="kept"))


def test_the_reason_told_is_the_decisions_else_that_of_the_proposal_decided_on() -> None:
    assert outcomes([proposal(1, "old"), proposal(2, "new"), decision(3)])["M1"].told == "new"
    assert outcomes([proposal(1, "old"), decision(2, "own")])["M1"].told == "own"
    assert outcomes([decision(2)])["M1"].told == ""


@pytest.mark.parametrize("act", [Act.RECONSIDER, Act.TAKE_UP_AGAIN, Act.SEND_BACK_TO_REVIEW, Act.DECLINE])
def test_what_came_back_to_review_is_not_decided_any_more(act: Act) -> None:
    assert outcomes([proposal(1, "no"), decision(2), event(3, act, status="sought")]) == {}


def test_each_measure_has_the_decision_on_itself() -> None:
    other = event(3, Act.GRANT, "M2", particulars=Decision(seen="0" * 64, told="yes"))
    found = outcomes([decision(2, "no"), other])
    assert {part: (outcome.act, outcome.told) for part, outcome in found.items()} == {
        "M1": (Act.REFUSE, "no"),
        "M2": (Act.GRANT, "yes"),
    }
