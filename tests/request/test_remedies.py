"""What waits for a court, for a minute, or to be told: remedies, execution in several States, another provider."""

from datetime import timedelta
from typing import Any

import pytest

from comity.errors import Objection
from comity.request.fold import fold, happen
from comity.request.lifecycle import EDITION, Act, Duty, Role, Status
from comity.request.model import Exhibit, Measure, Package, Request
from comity.request.rules import check
from tests.request.lives import ANNA, BOB, DAN, NOW, begun, deed, do, sought, ulid

COORDINATOR, EVIDENCE = (ANNA, Role.COORDINATOR), (DAN, Role.EVIDENCE_OFFICER)
EXECUTING, COURT = (DAN, Role.EXECUTING_AUTHORITY), ("p-fay", Role.COURT)
RELEASE = "P1/release"


def carrying(edition: int = EDITION) -> Request:
    """A request of which a package, approved, carries what M1 obtained."""
    request = begun(sought(), sought(2), edition=edition)
    exhibit = Exhibit(id=ulid(), sha256="7" * 64, size=3)
    deposited = do(request, Act.DEPOSIT, "M1", EVIDENCE, exhibit=exhibit.model_dump())
    drafted = do(deposited, Act.DRAFT_PACKAGE, "request", EVIDENCE, exhibits=[exhibit.id], recipient="lisbon")
    [package] = drafted.packages
    approved = package.model_copy(update={"status": Status.APPROVED})
    settled = drafted.model_copy(update={"packages": (approved,)})
    return do(settled, Act.NOTE, "request", COORDINATOR)


def sought_remedy(request: Request) -> Request:
    return do(request, Act.RECORD_REMEDY, "M1", COURT, reason="the holder of the account objects")


def decided(request: Request, *, upheld: bool) -> Request:
    return do(request, Act.DECIDE_REMEDY, "M1", COURT, upheld=upheld, reason="as the court has said")


def dispatched(request: Request, **given: Any) -> Package:
    [package] = do(request, Act.DISPATCH, "P1", EVIDENCE, **given).packages
    return package


def keys(request: Request) -> set[str]:
    return {owed.key for owed in request.duties}


def test_a_remedy_holds_what_its_measure_obtained_until_a_court_has_decided() -> None:
    """Directive 2014/41/EU art. 13(2): a transfer may wait for the decision on a remedy."""
    pending = sought_remedy(carrying())
    assert f"M1/{Duty.DECIDE_REMEDY}" in keys(pending)
    assert RELEASE not in keys(pending)  # what may not leave is not late
    with pytest.raises(Objection, match="a remedy against M1 waits for its court"):
        dispatched(pending)
    with pytest.raises(Objection, match="it needs a reason"):
        dispatched(pending, at_once=True)
    assert dispatched(pending, at_once=True, reason="the trial begins tomorrow").status == Status.DISPATCHED
    dismissed = decided(pending, upheld=False)
    assert RELEASE in keys(dismissed)
    assert f"M1/{Duty.DECIDE_REMEDY}" not in keys(dismissed)
    assert dispatched(dismissed).status == Status.DISPATCHED


def test_each_of_several_remedies_is_decided_on() -> None:
    pending = decided(sought_remedy(sought_remedy(carrying())), upheld=False)
    with pytest.raises(Objection, match="waits for its court"):
        dispatched(pending)
    assert dispatched(decided(pending, upheld=False)).status == Status.DISPATCHED


def test_what_a_court_has_kept_here_leaves_in_nothing() -> None:
    upheld = decided(sought_remedy(carrying()), upheld=True)
    for given in ({}, {"at_once": True, "reason": "the trial begins tomorrow"}):
        with pytest.raises(Objection, match="a remedy against M1 was upheld: draft without"):
            dispatched(upheld, **given)
    cancelled = do(upheld, Act.CANCEL, "P1", (BOB, Role.REVIEWER), reason="as the court has said")
    assert cancelled.packages[0].status == Status.CANCELLED


def test_a_remedy_that_nobody_sought_is_not_decided_on() -> None:
    with pytest.raises(Objection, match="no remedy waits to be decided on"):
        decided(carrying(), upheld=True)


def test_in_a_request_of_an_earlier_edition_a_remedy_is_a_note() -> None:
    """Truth protected: the law that it keeps may know no clock for what came later."""
    noted = sought_remedy(carrying(1))
    assert f"M1/{Duty.DECIDE_REMEDY}" not in keys(noted)
    assert dispatched(noted).status == Status.DISPATCHED


# --- the same minute in several States --------------------------------------------------------------------------------


def assigned(edition: int = EDITION) -> Request:
    """A request of which M1 is executed in several States in two hours."""
    request = begun(sought(execute_at=NOW + timedelta(hours=2)), edition=edition)
    [measure] = request.measures
    return request.model_copy(update={"measures": (measure.model_copy(update={"status": Status.ASSIGNED}),)})


def started(request: Request, minutes: int, **given: Any) -> Measure:
    done = deed(request, Act.START, "M1", EXECUTING, **given)
    at = NOW + timedelta(minutes=minutes)
    check(request, done, at)
    return fold(request, happen(request, done, at)).measures[0]


def test_nobody_begins_before_the_minute_without_saying_why() -> None:
    """Truth protected: who searches first warns those whom the other States are about to search."""
    with pytest.raises(Objection, match="executed in several States at 2026-11-20 11:00 UTC, not before"):
        started(assigned(), 60)
    assert started(assigned(), 60, reason="the suspect is leaving").status == Status.STARTED
    assert started(assigned(), 119).status == Status.STARTED
    assert started(assigned(1), 60).status == Status.STARTED


# --- another provider in the path -------------------------------------------------------------------------------------

TELLING = f"M1/{Duty.TELL_OTHER_PROVIDER}"


def found_provider(request: Request) -> Request:
    found = {"provider": "Invented Relay Ltd", "country": "IE", "path": "handed over by 192.0.2.7"}
    return do(request, Act.FIND_OTHER_PROVIDER, "M1", EXECUTING, **found)


def test_another_provider_in_the_path_is_owed_to_be_told_and_one_telling_tells_of_all() -> None:
    """Budapest 30."""
    twice = found_provider(found_provider(begun(sought(), sought(2), edition=EDITION)))
    assert TELLING in keys(twice)
    assert twice.measures[0].providers == 2
    told = do(twice, Act.TELL_OTHER_PROVIDER, "M1", COORDINATOR)
    assert TELLING not in keys(told)
    assert TELLING in keys(found_provider(told))


def test_another_provider_is_told_of_after_the_work_too_and_holds_the_file_open() -> None:
    """Truth protected: what the data led to is not forgotten because the measure has ended."""
    request = found_provider(begun(sought(), edition=EDITION))
    [measure] = request.measures
    done = measure.model_copy(update={"status": Status.DONE, "told": True})
    settling = request.model_copy(update={"measures": (done,), "status": Status.SETTLING})
    assert TELLING in keys(do(settling, Act.NOTE, "request", COORDINATOR))
    with pytest.raises(Objection, match=f"{TELLING}"):
        do(settling, Act.CLOSE, "request", COORDINATOR)


def test_of_a_provider_that_nobody_found_nothing_is_told() -> None:
    with pytest.raises(Objection, match="no other provider waits to be told of; 'record that another provider was"):
        do(begun(sought()), Act.TELL_OTHER_PROVIDER, "M1", COORDINATOR)


def test_in_a_request_of_an_earlier_edition_no_clock_runs_for_another_provider() -> None:
    earlier = found_provider(begun(sought(), edition=3))
    assert TELLING not in keys(earlier)
    assert do(earlier, Act.TELL_OTHER_PROVIDER, "M1", COORDINATOR).measures[0].providers == 0
