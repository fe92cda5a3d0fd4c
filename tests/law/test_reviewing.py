"""The reviewer's checklist holds all that the law data say of a measure, and marks what nobody has read."""

from datetime import UTC, date, datetime

import pytest
import tomli

from comity.errors import Unreadable
from comity.law.forms import filled_in, form
from comity.law.library import Law
from comity.law.reviewing import Check, Checklist, checklists, lines
from comity.law.stamping import by_law
from comity.request.gaps import goes_on_field
from comity.request.lifecycle import Act, Role
from comity.request.model import ByLaw, Gap, Request
from tests.request.lives import ANNA, BOB, NOW, begun, do, sought

LAW = Law.load()
TODAY = date(2026, 11, 22)


CONTENT = "production of content data"


def of(kind: str = CONTENT, instrument: str = "eio", own_state: str = "LU") -> Checklist:
    (found,) = checklists(begun(sought(kind=kind, instrument=instrument)), (LAW, own_state, TODAY))
    return found


def weighing(found: Checklist, weight: str) -> list[Check]:
    return [each for each in found.checks if each.weight == weight]


@pytest.mark.parametrize("instrument", sorted(LAW.instruments))
def test_every_ground_and_every_ground_that_is_none_is_on_it_once(instrument: str) -> None:
    """Truth protected: nobody refuses, or forgets to refuse, since a checklist left something out."""
    law = LAW.instruments[instrument]
    found, said_of_it = of(instrument=instrument), [ground for ground in law.grounds if ground.binds(CONTENT)]
    assert [each.ground for each in found.checks if each.ground] == [ground.id for ground in said_of_it]
    told = [each.what for each in found.checks]
    assert all(told.count(said.what) == 1 for said in law.no_grounds)
    unread = [ground for ground in said_of_it if not ground.verified]
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
        "refusal for sovereignty, security, ordre public or essential interests: head of unit",
    ]
    assert "any other measure: decider, or head of unit" in [each.what for each in preserved.checks]
    assert "want of dual criminality: it is not needed for this kind" in [each.what for each in preserved.checks]
    assert "a request for what was preserved must follow, before it lapses" in [each.what for each in preserved.checks]


def test_what_either_state_declared_of_the_kind_is_on_it() -> None:
    search, served = of("search and seizure", "ets30"), of("service of documents", "ets30")
    assert [each.by for each in weighing(search, "declared")] == ["ets30 5(1)", "ets30 16(2)"]
    assert [each.by for each in weighing(served, "declared")] == ["ets30 7(3)", "ets30 16(2)"]
    assert all(each.what.startswith("PT: ") for each in weighing(search, "declared"))
    assert weighing(of("search and seizure", "untoc"), "declared") == []


def of_parts(request: Request) -> dict[str, list[Check]]:
    """The checks of each measure."""
    return {found.part: list(found.checks) for found in checklists(request, (LAW, "LU", TODAY))}


def test_what_laws_say_of_the_kind_is_on_it_with_the_article_under_its_instrument_only() -> None:
    """Regulation (EU) 2023/1543 art. 5(4), 13; Budapest Convention art. 16(2), 30; CETS 197 art. 33."""
    ordered, asked = of("production of traffic data", "eevidence"), of("production of traffic data", "budapest")
    by = [(each.weight, each.by) for each in ordered.checks]
    assert ("threshold", "Regulation (EU) 2023/1543 art. 5(4)") in by
    assert ("then", "Regulation (EU) 2023/1543 art. 13(1)-(3)") in by
    assert not [each for each in asked.checks if "2023/1543" in each.by]
    kept = {each.by: each for each in of("expedited preservation", "budapest").checks}
    assert kept["Budapest 30"].weight == "at once"
    assert kept["Budapest 16(2)"].what == "one order, renewable where the Party provides so: 90 days at most"
    now, children = weighing(of("welfare check", "none"), "at once")
    assert (now.by, "waits for no request" in now.what) == ("CETS 197 33(1)", True)
    assert (children.by, "a child exposed to a serious danger" in children.what) == ("Hague 1996 36", True)


def test_a_preservation_names_the_measure_by_which_it_is_followed_here() -> None:
    kinds = ("expedited preservation", "production of traffic data", "bank records")
    request = begun(*(sought(number, kind=kind) for number, kind in enumerate(kinds, 1)))
    [follows] = [each for each in of_parts(request)["M1"] if each.by.startswith("Budapest 29(2)(f)")]
    assert follows.what == "a request for what was preserved must follow, before it lapses (M2 asks for it)"


def test_secrecy_that_cannot_be_kept_stands_with_the_question_and_what_became_of_it() -> None:
    kinds = [sought(number, kind="production of traffic data", instrument="eevidence") for number in (1, 2)]
    request = begun(*kinds, gaps=(Gap(id="Q1", field="purpose"), Gap(id="Q2", field=goes_on_field("M2"))))
    said = "secrecy was asked for and cannot be kept: whether it goes on is Q2, {}"
    assert {
        part: said.format("asked") in [each.what for each in found] for part, found in of_parts(request).items()
    } == {
        "M1": False,
        "M2": True,
    }
    answered = do(request, Act.ANSWER, "Q2", (ANNA, Role.COORDINATOR), words="it goes on")
    assert said.format("answered") in [each.what for each in of_parts(answered)["M2"]]


def test_a_minute_that_is_the_same_in_several_states_is_on_it() -> None:
    """In the other State's offset or ours, it is one instant."""
    at = datetime.fromisoformat("2026-12-02T06:00:00+01:00")
    request = begun(sought(1, execute_at=at), sought(2))
    said = "it is executed in several States at the same minute, 2026-12-02 05:00 UTC: neither before nor after"
    assert [said in [each.what for each in found] for found in of_parts(request).values()] == [True, False]
    assert at.astimezone(UTC).hour == 5


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
        told.append(checklists(came, (LAW, "LU", TODAY))[0].checks[0].what)
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


def test_a_ground_of_other_kinds_of_measure_is_not_on_it() -> None:
    preservation = "budapest/preservation dual criminality"
    assert preservation in [each.ground for each in of("expedited preservation", "budapest").checks]
    assert preservation not in [each.ground for each in of(CONTENT, "budapest").checks]


def test_what_was_found_stands_beside_the_ground() -> None:
    request = begun(sought(kind=CONTENT, instrument="eio"), edition=1)
    found = ({"ground": "eio/immunity", "applies": True, "reason": "a lawyer's file"},)
    told = list(lines(checklists(_found(request, found), (LAW, "LU", TODAY))[0]))
    assert [line for line in told if "FOUND" in line] == [
        "  [x] may refuse    eio/immunity: immunity, privilege, or limits of liability of the press "
        "(consult first: yes) [eio 11(1)(a)]; FOUND: it applies, p-bob"
    ]


def _found(request: Request, findings: tuple[dict[str, object], ...]) -> Request:
    return do(request, Act.RECORD_FINDINGS, "M1", (BOB, Role.REVIEWER), findings=findings)


# --- what is stamped on a proposal ------------------------------------------------------------------------------------


def stamped(outcome: Act = Act.GRANT, ground: str = "", kind: str = CONTENT, own_state: str = "LU") -> ByLaw:
    [measure] = begun(sought(kind=kind, instrument="eio")).measures
    return by_law(measure, (LAW, LAW.profile(own_state, TODAY)), outcome, ground)


EIO_MUST = ("eio/no issuing authority", "eio/not available")
"""What directive 2014/41/EU itself leaves nobody to decide (arts 9(3), 10(5))."""

EIO_OF_CONTENT = [ground.id for ground in LAW.instruments["eio"].grounds if ground.binds(CONTENT)]


def test_the_stamp_tells_what_binds_us_by_our_own_law_and_what_is_left_to_us() -> None:
    here, there = stamped(), stamped(own_state="ZZ")
    assert here.version == LAW.version
    assert here.must == (*EIO_MUST, "eio/ne bis in idem", "eio/fundamental rights")
    assert there.must == EIO_MUST
    assert {*there.must, *there.may} == {*here.must, *here.may} == set(EIO_OF_CONTENT)


@pytest.mark.parametrize(("outcome", "ground", "deciders"), [
    (Act.GRANT, "", (Role.DECIDER, Role.HEAD_OF_UNIT)),
    (Act.GRANT, "eio/national security", (Role.DECIDER, Role.HEAD_OF_UNIT)),
    (Act.REFUSE, "eio/national security", (Role.HEAD_OF_UNIT,)),
    (Act.REFUSE, "eio/immunity", (Role.DECIDER, Role.HEAD_OF_UNIT)),
])  # fmt: skip
def test_who_decides_comes_from_the_ground_else_from_the_measure(
    outcome: Act, ground: str, deciders: tuple[Role, ...]
) -> None:
    """Truth protected: a refusal for the State's security is nobody's but whom our own law names for it."""
    assert stamped(outcome, ground).deciders == deciders
    assert stamped(outcome, ground, own_state="ZZ").deciders == (Role.DECIDER,)


def test_the_other_state_is_consulted_unless_the_law_says_that_it_need_not_be() -> None:
    assert not stamped(Act.REFUSE, "eio/dual criminality").consult_first
    assert stamped(Act.REFUSE, "eio/ne bis in idem").consult_first
    assert stamped(Act.REFUSE, "eio/real time").consult_first, "nobody has read it: the safer way"


# --- the form ---------------------------------------------------------------------------------------------------------


def test_the_form_holds_each_ground_and_is_read_as_it_was_filled_in() -> None:
    text = "\n".join(form(of()))
    grounds = EIO_OF_CONTENT
    assert [row["ground"] for row in tomli.loads(text)["findings"]] == grounds
    assert filled_in(text) == ()
    filled = text.replace('applies = false\nreason = ""', 'applies = true\nreason = "a «name» in القاهرة"', 1)
    assert [each.model_dump() for each in filled_in(filled)] == [
        {"ground": grounds[0], "applies": True, "reason": "a «name» in القاهرة"}
    ]


@pytest.mark.parametrize(("was", "says", "fault"), [
    ("applies = false", 'applies = "perhaps"', r"line 7, applies: Input should be a valid boolean"),
    ('reason = ""', "reason = ", r"the form: Invalid value \(at line 8"),
    ('reason = ""', 'excuse = ""', r"line \d+, (reason: is missing|excuse: is no key here; known here: ground,)"),
])  # fmt: skip
def test_a_form_that_cannot_be_read_is_refused_with_its_line(was: str, says: str, fault: str) -> None:
    with pytest.raises(Unreadable, match=fault):
        filled_in("\n".join(form(of())).replace(was, says, 1))
