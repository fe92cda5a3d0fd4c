"""What the tables themselves promise."""

from itertools import pairwise
from pathlib import Path

import pytest

from comity.request.drawing import page
from comity.request.lifecycle import (
    EDITION,
    FACTS,
    FIRST,
    LATER,
    STATUSES,
    STEPS,
    STILL,
    STILLS,
    TABLES,
    Act,
    Guard,
    Kind,
    Role,
    Status,
    has_ended,
    statuses_of,
    step_of,
    still_of,
)
from comity.request.rules import GUARDS


def reached_from(start: Status) -> set[Status]:
    """Every status that a part can come to from `start`."""
    reached, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        onward = {step.leads_to for (status, _), step in STEPS.items() if status == here} - reached
        reached |= onward
        waiting += onward
    return reached


def test_no_act_is_ambiguous() -> None:
    assert len(STEPS) == sum(len(table) for table in TABLES.values())
    assert len(STILLS) == len(STILL)


def test_every_status_has_its_facts_and_belongs_to_one_kind() -> None:
    assert [fact.status for fact in STATUSES] == list(Status)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_status_is_reachable(kind: Kind) -> None:
    assert reached_from(FIRST[kind]) == set(statuses_of(kind))


@pytest.mark.parametrize("status", list(Status))
def test_every_status_leads_to_an_end(status: Status) -> None:
    assert any(has_ended(end) for end in reached_from(status))


def test_steps_stay_within_their_kind_and_leave_an_end_only_by_a_row_that_says_so() -> None:
    for step in STEPS.values():
        assert FACTS[step.status].kind == FACTS[step.leads_to].kind
    begun_again = {step.act for step in STEPS.values() if has_ended(step.status) and not has_ended(step.leads_to)}
    assert begun_again == {Act.LATE_LETTER, Act.REOPEN, Act.RECONSIDER, Act.DO_AGAIN, Act.REJECT, Act.REFUSE_DISCLOSURE}


def test_what_goes_on_owes_something_and_what_has_ended_owes_nothing() -> None:
    for fact in STATUSES:
        if fact.status != Status.OPEN:  # an open request owes what its parts owe
            assert bool(fact.owes) != fact.ended, fact.status


def test_every_act_stands_in_a_table_and_every_guard_is_written() -> None:
    listed = {act for _, act in STEPS} | set(STILLS)
    assert set(Act) - listed == {Act.RECEIVE}, "a request begins with `receive`"
    assert set(GUARDS) == set(Guard)
    guards = [*(row.guards for row in STEPS.values()), *(row.guards for row in STILL), *(row.guards for row in LATER)]
    assert {guard for each in guards for guard in each} == set(Guard)


def test_what_was_added_names_rows_that_there_are_and_holds_from_its_edition_on() -> None:
    """Truth protected: a request lives by the rows under which it was received, whatever is added later."""
    for later in LATER:
        rows = [key for key in STEPS if key[1] == later.act and FACTS[key[0]].kind == later.kind]
        assert bool(rows) != (later.act in STILLS and STILLS[later.act].about == later.kind)
        for status, act in rows:
            assert step_of(status, act, later.edition - 1) != step_of(status, act, later.edition)
            now = step_of(status, act, EDITION)
            assert now is not None
            assert set(later.guards) <= set(now.guards)
    assert all(step_of(status, act, 0) == step for (status, act), step in STEPS.items())
    assert all(still_of(act, 0) == still for act, still in STILLS.items())


def test_no_act_is_both_a_step_and_still() -> None:
    assert not {act for _, act in STEPS} & set(STILLS)


def test_the_clock_only_records_and_reminds() -> None:
    by_clock = {step.act for step in STEPS.values() if Role.CLOCK in step.roles}
    assert by_clock == {Act.RECORD_EXPIRY, Act.RECORD_QUESTION_EXPIRY}
    assert all(step.roles == {Role.CLOCK} for step in STEPS.values() if step.act in by_clock)


def test_a_decision_is_never_open_to_who_proposes_by_role() -> None:
    for act in (Act.GRANT, Act.GRANT_ANOTHER_MEASURE, Act.OFFER_CONDITIONS, Act.POSTPONE, Act.REFUSE):
        step = STEPS[Status.PROPOSED, act]
        assert step.roles == {Role.DECIDER}
        assert {Guard.SECOND_PERSON, Guard.DIGEST_SEEN, Guard.AS_PROPOSED} <= set(step.guards)


def test_the_measure_walks_the_stages_in_their_order() -> None:
    walk = [Status.SOUGHT, Status.PROPOSED, Status.GRANTED, Status.ASSIGNED, Status.STARTED, Status.DONE]
    assert all(
        any(s.leads_to == later for s in TABLES[Kind.MEASURE] if s.status == now) for now, later in pairwise(walk)
    )


def test_the_page_is_drawn_from_the_tables() -> None:
    written = Path(__file__).parents[2] / "docs" / "lifecycle.md"
    assert written.read_text() == page(), "draw it again: comity lifecycle --page > docs/lifecycle.md"
