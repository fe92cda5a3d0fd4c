"""A whole life under each instrument that may be a basis: from its letter to its closing, its own limits counted."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from comity.law.calendars import OfficeCalendar
from comity.law.library import Law
from comity.law.models import Instrument
from comity.law.reckoning import reckon
from comity.request.deadlines import NO_NUMBER
from comity.request.lifecycle import Act, Duty, Role, Status
from comity.request.model import Request
from tests.office import Office, letter, office
from tests.request.lives import gone_out
from tests.reviews import looked_at

LAW = Law.load()
CONTENT = "production of content data"
BASES = [each for each in LAW.instruments.values() if each.in_force and not each.linked]
EXECUTING = {"role": Role.EXECUTING_AUTHORITY}


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work, under the law that ships."""
    async with office(tmp_path_factory.mktemp("instruments")) as opened:
        yield opened


def between(instrument: Instrument) -> tuple[str, str]:
    """Two States that it may bind today, Luxembourg the one that is asked if it can be."""
    day = datetime.now(UTC).date()
    states = instrument.parties.states if instrument.parties.states != "unknown" else ("PT", "LU")
    pairs = [(one, other) for other in ("LU", *states) for one in ("PT", "FR", *states) if one != other]
    return next(pair for pair in pairs if LAW.in_force_between(instrument.id, *pair, day) != "no")


def kind_under(instrument: Instrument) -> str:
    """A kind of measure that one of its limits is about; else the production of content data."""
    named = [kind for rule in instrument.rules if rule.length != NO_NUMBER for kind in rule.kinds]
    return next((kind for kind in named if not LAW.kinds[kind].lasts), CONTENT)


@pytest.mark.parametrize("instrument", BASES, ids=lambda each: each.id)
async def test_a_whole_life_under_it(authority: Office, instrument: Instrument, tmp_path: Path) -> None:
    """Acknowledged, each ground looked at, granted by whom our law names, executed, told, closed."""
    one, other = between(instrument)
    sought = {"kind": kind_under(instrument), "instrument": instrument.id, "urgency": "P3"}
    told: dict[str, Any] = {"measures": [sought], "requesting_state": one, "requested_state": other}
    reference = await authority.submit(letter("P3", **told))
    request = await authority.reckoned(reference)
    assert request.measures[0].instrument == instrument.id
    assert limits(request) == expected(instrument, request)

    act, looked = authority.counter.act, looked_at(authority.counter, request, "M1")
    for person, name, part, more in (
        ("p-anna", Act.ACKNOWLEDGE, "request", {}),
        ("p-anna", Act.OPEN_REVIEW, "request", {}),
        *([("p-bob", Act.RECORD_FINDINGS, "M1", looked)] if looked["findings"] else []),
        ("p-bob", Act.PROPOSE, "M1", {"outcome": Act.GRANT}),
    ):
        await act(reference, authority.deed(reference, person, name, part, **more))
    counted_again(authority, await authority.reckoned(reference))
    for person, name, part, more in (
        ("p-carla", Act.GRANT, "M1", {"seen": authority.request(reference).measures[0].proposal}),
        ("p-anna", Act.ASSIGN, "M1", {}),
        ("p-dan", Act.ACKNOWLEDGE, "request", EXECUTING),
        ("p-dan", Act.START, "M1", EXECUTING),
        ("p-dan", Act.COMPLETE, "M1", EXECUTING),
        ("p-anna", Act.RECORD_LETTER, "request", gone_out("closing", "M1")),
        ("p-anna", Act.CONCLUDE, "request", {}),
        ("p-anna", Act.CLOSE, "request", {}),
    ):
        await act(reference, authority.deed(reference, person, name, part, **more))
    assert (await authority.agreed(reference)).status == Status.CLOSED


def counted_again(authority: Office, request: Request) -> None:
    """What the ledger's events make of the request, counted by the law it keeps, is due at the same instants."""
    settings = authority.home.settings
    calendar = OfficeCalendar.of(settings.own_state, settings.zone)
    retold = authority.retold(request.reference)
    anew = tuple(owed.model_copy(update={"reckoned": False, "deadlines": ()}) for owed in retold.duties)
    found = reckon(retold.model_copy(update={"duties": anew}), authority.home.laws.of(retold.law), calendar)
    assert {row.duty: row.deadlines for row in found.duties} == {owed.key: owed.deadlines for owed in request.duties}


def limits(request: Request) -> set[str]:
    """The rules of law, ours aside, by which what is owed at first is due."""
    rules = {deadline.rule for owed in request.duties for deadline in owed.deadlines}
    return {rule for rule in rules if "/" in rule and not rule.startswith("default/")}


def expected(instrument: Instrument, request: Request) -> set[str]:
    """The limits of the instrument for what is owed at first, of this kind of measure and class."""
    duties = {owed.duty for owed in request.duties} & {Duty.ACKNOWLEDGE, Duty.DECIDE, Duty.REPORT_PROGRESS}
    [measure] = request.measures
    return {
        rule.id
        for rule in instrument.rules
        if rule.duty in duties
        and rule.length != NO_NUMBER
        and (not rule.kinds or measure.kind in rule.kinds)
        and (not rule.classes or measure.urgency in rule.classes)
    }


def test_there_is_a_life_for_each_instrument_that_may_be_a_basis() -> None:
    """What is not in force, or is no mutual assistance, is none: CETS 224 is the example that must not be used."""
    without = {each.id for each in LAW.instruments.values()} - {each.id for each in BASES}
    assert "cets224" in without
    assert {"eio", "untoc", "budapest", "ets30", "bilateral", "none"} <= {each.id for each in BASES}
