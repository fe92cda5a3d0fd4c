"""What has a date of its own: what protects victims, children and witnesses, and never blocks; tasks; questions."""

from datetime import timedelta

import pytest

from comity.errors import Objection
from comity.request.lifecycle import Act, Duty, Role, Status
from comity.request.model import Request
from tests.request.lives import ANNA, BOB, DAN, NOW, begun, do, sought

COORDINATOR, DUTY_OFFICER, EXECUTING = (
    (ANNA, Role.COORDINATOR),
    (BOB, Role.DUTY_OFFICER),
    (DAN, Role.EXECUTING_AUTHORITY),
)
SEE_TO = f"request/{Duty.SEE_TO_SAFEGUARDS}"


def planned(request: Request, days: int, what: str = "safety plan") -> Request:
    """One more safeguard for a child, to be seen to within so many days."""
    particulars = {"safeguard": what, "protects": "child-1", "by": NOW + timedelta(days=days)}
    return do(request, Act.PLAN_SAFEGUARD, "request", COORDINATOR, **particulars)


def reckoned(request: Request) -> Request:
    """The same with all its duties counted."""
    duties = tuple(owed.model_copy(update={"reckoned": True}) for owed in request.duties)
    return request.model_copy(update={"duties": duties})


def test_what_is_planned_is_owed_until_all_of_it_was_seen_to() -> None:
    request = planned(planned(begun(), 9), 3, "referral")
    assert [(each.name, each.what, each.protects) for each in request.safeguards] == [
        ("S1", "safety plan", "child-1"),
        ("S2", "referral", "child-1"),
    ]
    for name in ("S2", "S1"):
        assert SEE_TO in {owed.key for owed in request.duties}
        request = do(request, Act.RECORD_SAFEGUARD, "request", EXECUTING, name=name)
    assert SEE_TO not in {owed.key for owed in request.duties}
    with pytest.raises(Objection, match="no such safeguard is left to see to; left are: none"):
        do(request, Act.RECORD_SAFEGUARD, "request", EXECUTING, name="S1")


def test_a_safeguard_that_is_planned_or_seen_to_has_its_duty_counted_anew() -> None:
    """Truth protected: the earliest date that is left is the one that rings."""
    counted = reckoned(planned(begun(), 9))
    for act in (
        planned(counted, 3),
        do(planned(reckoned(planned(begun(), 9)), 3), Act.RECORD_SAFEGUARD, "request", EXECUTING, name="S1"),
    ):
        [owed] = [each for each in act.duties if each.key == SEE_TO]
        assert not owed.reckoned
    others = [each for each in planned(counted, 3).duties if each.key != SEE_TO]
    assert others
    assert all(each.reckoned for each in others)


def test_interviews_are_counted_for_each_person() -> None:
    request = begun()
    for person in ("child-1", "child-2", "child-1"):
        request = do(request, Act.RECORD_INTERVIEW, "request", EXECUTING, heard=person)
    assert request.interviews == {"child-1": 2, "child-2": 1}


def test_a_recovery_period_is_kept_and_stops_nothing() -> None:
    until = NOW + timedelta(days=30)
    request = do(begun(sought()), Act.RECORD_RECOVERY, "request", COORDINATOR, protects="victim-1", until=until)
    assert request.recoveries == {"victim-1": until}
    assert do(request, Act.OPEN_REVIEW, "request", COORDINATOR).status == Status.OPEN


def test_nobody_asks_for_removal_before_what_is_there_has_been_preserved() -> None:
    """Truth protected: what is taken down before it was preserved is lost as evidence."""
    request = begun(sought(kind="expedited preservation", one_person=True, urgency="P0"))
    with pytest.raises(Objection, match="M1 is not in force yet: what is removed before is lost as evidence"):
        do(request, Act.ASK_REMOVAL, "request", DUTY_OFFICER, reason="it goes on")
    [measure] = request.measures
    kept = request.model_copy(update={"measures": (measure.model_copy(update={"status": Status.IN_FORCE}),)})
    assert do(kept, Act.ASK_REMOVAL, "request", DUTY_OFFICER).version == kept.version + 1
    with pytest.raises(Objection, match="it needs a reason"):
        do(begun(), Act.ASK_REMOVAL, "request", DUTY_OFFICER)


# --- tasks, and their questions how it goes ---------------------------------------------------------------------------

DO_TASKS, ANSWER = f"request/{Duty.DO_TASKS}", f"request/{Duty.ANSWER_ON_PROGRESS}"
ASKING = (ANNA, Role.REQUESTING_AUTHORITY)


def test_a_task_is_owed_until_it_was_done_and_its_earliest_date_counts() -> None:
    request = begun()
    for task, days in (("translation", 9), ("copy", 3)):
        words = {"task": task, "by": NOW + timedelta(days=days), "about": ("M1",)}
        request = do(reckoned(request), Act.SET_TASK, "request", COORDINATOR, **words)
    [owed] = [each for each in request.duties if each.key == DO_TASKS]
    assert not owed.reckoned
    with pytest.raises(Objection, match="no such task is left to do; left are: T1, T2"):
        do(request, Act.RECORD_TASK, "request", COORDINATOR, name="T3")
    for name in ("T2", "T1"):
        assert DO_TASKS in {each.key for each in request.duties}
        request = do(request, Act.RECORD_TASK, "request", COORDINATOR, name=name)
    assert DO_TASKS not in {each.key for each in request.duties}


def test_who_asks_how_it_goes_is_owed_an_answer_and_any_report_is_one() -> None:
    asked = do(do(begun(), Act.ASK_ABOUT_PROGRESS, "request", ASKING), Act.ASK_ABOUT_PROGRESS, "request", ASKING)
    assert [each.key for each in asked.duties].count(ANSWER) == 1
    told = do(asked, Act.REPORT_PROGRESS, "request", COORDINATOR)
    assert ANSWER not in {each.key for each in told.duties}
