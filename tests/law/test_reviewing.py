"""The reviewer's checklist holds all that the law data say of a measure, and marks what nobody has read."""

from datetime import UTC, date, datetime

import pytest

from comity.law.library import Law
from comity.law.reviewing import Check, Checklist, checklists, lines
from tests.request.lives import NOW, begun, sought

LAW = Law.load()
TODAY = date(2026, 11, 22)


def of(kind: str = "production of content data", instrument: str = "eio", own_state: str = "LU") -> Checklist:
    (found,) = checklists(begun(sought(kind=kind, instrument=instrument)), LAW, own_state, TODAY)
    return found


def weighing(found: Checklist, weight: str) -> list[Check]:
    return [each for each in found.checks if each.weight == weight]


@pytest.mark.parametrize("instrument", sorted(LAW.instruments))
def test_every_ground_and_every_ground_that_is_none_is_on_it_once(instrument: str) -> None:
    """Truth protected: nobody refuses, or forgets to refuse, since a checklist left something out."""
    law = LAW.instruments[instrument]
    found = of(instrument=instrument)
    assert [each.ground for each in found.checks if each.ground] == [ground.id for ground in law.grounds]
    told = [each.what for each in found.checks]
    assert all(told.count(said.what) == 1 for said in law.no_grounds)
    unread = [ground for ground in law.grounds if not ground.verified]
    marked = [each for each in found.checks if each.ground and "CHECK AGAINST THE TEXT" in each.by.split(";")[0]]
    assert len(marked) == len(unread)


def test_a_ground_that_the_treaty_leaves_open_binds_where_our_own_law_says_so() -> None:
    """Each by whom: the instrument's article, and the profile; without a profile it stays open."""
    (must,) = [each for each in of().checks if each.ground == "eio/ne bis in idem"]
    assert (must.weight, must.consult_first) == ("must refuse", "yes")
    assert must.by == "eio 11(1)(d); profile LU, INVENTED, ASK THAT STATE"
    (may,) = [each for each in of(own_state="ZZ").checks if each.ground == "eio/ne bis in idem"]
    assert (may.weight, may.by) == ("may refuse", "eio 11(1)(d)")
    assert weighing(of(own_state="ZZ"), "decides") == []


def test_what_the_kind_of_measure_asks_is_on_it() -> None:
    content, preserved = of(), of("expedited preservation", "budapest")
    assert "it coerces: the power, a judge's order, the threshold" in [each.what for each in content.checks]
    assert [each.what for each in weighing(content, "decides")] == [
        "any measure that coerces: decider, or head of unit",
        "refusal for sovereignty, security, ordre public or essential interests: head of unit, or decider",
    ]
    assert "any other measure: decider, or head of unit" in [each.what for each in preserved.checks]
    assert "want of dual criminality: it is not needed for this kind" in [each.what for each in preserved.checks]
    assert "a request for what was preserved must follow, before it lapses" in [each.what for each in preserved.checks]


@pytest.mark.parametrize(("instrument", "told"), [
    ("untoc", "it is in force between PT and LU; look for reservations that are not listed here"),
    ("harare", "whether it is in force between PT and LU: no list that was read says it of DAY"),
    ("cets224", "it is NOT in force between PT and LU on DAY: another basis is needed"),
    ("extradition", "it is NOT in force between PT and LU on DAY: another basis is needed"),
    ("handshake", "a legal basis between PT and LU: none that is known is named; set one, or ask for an assurance"),
])  # fmt: skip
def test_the_first_thing_is_whether_the_basis_holds(instrument: str, told: str) -> None:
    first, *_ = of(instrument=instrument).checks
    assert (first.weight, first.what) == ("threshold", told.replace("DAY", f"{NOW:%Y-%m-%d}"))


@pytest.mark.parametrize(("instrument", "by"), [
    ("untoc", "untoc parties"),
    ("ets30", "ets30 parties, CHECK AGAINST THE TEXT"),
])  # fmt: skip
def test_a_list_of_parties_that_nobody_verified_says_so(instrument: str, by: str) -> None:
    assert of(instrument=instrument).checks[0].by.startswith(by)


def test_the_basis_is_that_of_the_day_when_the_request_came() -> None:
    """LU has been a Party to the Convention of 2000 since 6 March 2011."""
    told = []
    for day in (5, 6):
        came = begun(sought(instrument="eumla2000"), at=datetime(2011, 3, day, 12, tzinfo=UTC))
        told.append(checklists(came, LAW, "LU", TODAY)[0].checks[0].what)
    assert told[0] == "it is NOT in force between PT and LU on 2011-03-05: another basis is needed"
    assert told[1].startswith("it is in force between PT and LU; ")


def test_a_person_reads_a_line_for_each() -> None:
    told = list(lines(of()))
    assert told[0] == "M1  production of content data, eio"
    assert len(told) == 1 + len(of().checks)
    assert (
        "  [ ] may refuse    eio/immunity: immunity, privilege, or limits of liability of the press "
        "(consult first: yes) [eio 11(1)(a)]"
    ) in told
