"""What a letter lacks, in the words in which it is asked for."""

from typing import Any

import pytest

from comity.law.models import Content, Followed, OfKind
from comity.request.gaps import MOST_GAPS, gaps, goes_on_field, instrument_of
from comity.request.letter import Letter
from comity.request.model import Urgency
from comity.request.opening import opening
from tests.request.letters import DIGEST, LAW, NOON, SmallInstrument, SmallKind, SmallLaw, letter

BINDING = "an instrument in force between PT and LU (known here to be: eio)"


def asked(told: Letter) -> dict[str, str]:
    return {lack.field: lack.asks for lack in gaps(told, LAW, NOON)}


def test_an_empty_letter_is_asked_for_all_that_is_mandatory() -> None:
    assert list(asked(letter())) == [
        "issuing_authority.name",
        "issuing_authority.contact",
        "conducting_authority.name",
        "conducting_authority.function",
        "own_reference",
        "subject.matter",
        "subject.nature",
        "subject.stage",
        "offences",
        "purpose",
        "measures",
        "languages.written_in",
        "signature.name",
        "signature.signed_at",
        "transmission.channel",
        "facts_summary",
        "legal_bases",
    ]


def test_a_gap_is_asked_in_the_words_of_the_field() -> None:
    told = asked(letter(measures=[{"kind": "bank records"}, {"kind": "bank records"}]))
    assert told["purpose"] == "Please state the purpose for which the evidence, information or action is sought."
    assert (
        told["measures[1].bank.institution"] == "Please state for measure M2 the bank or other financial institution."
    )


CONDITIONAL: list[tuple[str, dict[str, Any], str]] = [
    ("confidentiality.reason", {"confidentiality": {"needed": True}}, "confidentiality.needed"),
    ("procedure.reason", {"procedure": {"to_follow": "oath"}}, "procedure.to_follow"),
    ("deadline.reason", {"deadline": {"by": "2026-12-01T00:00:00Z"}}, "deadline.by"),
    ("languages.certified_by", {"languages": {"translation_attached": True}}, "languages.translation_attached"),
    ("exposure.assurance", {"exposure": {"death_penalty": True}}, "exposure.death_penalty"),
    ("emergency.facts", {"emergency": {"claimed": "P0"}}, "emergency.claimed"),
    ("issuing_authority.contact.round_the_clock", {"measures": [{"urgency": "P1d"}]}, "measures.urgency"),
    ("offences[0].law", {"offences": [{"title": "x"}]}, "offences"),
    ("persons[0].role", {"persons": [{"child": False}]}, "persons"),
    ("legal_bases[0].article", {"legal_bases": [{"instrument": "eio"}]}, "legal_bases.instrument"),
]


@pytest.mark.parametrize(("field", "fields", "because"), CONDITIONAL, ids=[row[2] for row in CONDITIONAL])
def test_what_one_field_makes_necessary_is_asked_only_then(field: str, fields: dict[str, Any], because: str) -> None:
    assert field in asked(letter(**fields))
    assert field not in asked(letter())


def test_service_of_documents_needs_no_facts() -> None:
    """UNTOC art. 18(15)(c)."""
    served = {"service": {"addressee": "witness-1"}}
    assert "facts_summary" not in asked(letter(measures=[served]))
    assert "facts_summary" in asked(letter(measures=[served, {}]))


def test_an_order_of_the_police_needs_a_judge_only_under_the_directive() -> None:
    """Directive 2014/41/EU art. 2(c)(ii)."""
    police = {"issuing_authority": {"judicial": False}, "measures": [{}]}
    assert "validation.authority.name" in asked(letter(**police, legal_bases=[{"instrument": "EIO"}]))
    assert "validation.authority.name" not in asked(letter(**police, legal_bases=[{"instrument": "harare"}]))


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_blank_field_is_a_missing_one(blank: str | None) -> None:
    assert "own_reference" in asked(letter(own_reference=blank))
    assert "issuing_authority.contact" in asked(letter(issuing_authority={"contact": {"email": blank}}))


def test_a_kind_asks_for_what_the_law_says_that_it_needs() -> None:
    """A need is looked for in the measure, then in the letter."""
    told = letter(measures=[{"kind": " Bank  RECORDS", "bank": {"institution": "Invention S.A."}}])
    assert [field for field in asked(told) if field.startswith("measures")] == ["measures[0].necessity"]
    assert "measures[0].purpose" not in asked(told)


def test_a_kind_that_we_do_not_know_is_asked_for_and_kept_as_unknown() -> None:
    told = letter(measures=[{"kind": "telepathy"}])
    known = "known here are: bank records, expedited preservation"
    assert asked(told)["measures[0].kind"] == f"Please state for measure M1 which kind it is; {known}."


@pytest.mark.parametrize(
    ("bases", "own", "path"),
    [
        ([], None, "legal_bases"),
        ([{"instrument": "lost treaty"}], None, "legal_bases[0].instrument"),
        ([{"instrument": "cets224"}], None, "legal_bases[0].instrument"),
        ([{"instrument": "eio"}], "cets224", "measures[0].instrument"),
        ([{"instrument": "eio"}, {"instrument": "harare"}], None, "measures[0].instrument"),
    ],
)
def test_a_basis_that_does_not_bind_is_asked_for_with_those_that_do(
    bases: list[Any], own: str | None, path: str
) -> None:
    told = letter(legal_bases=bases, measures=[{"instrument": own}])
    whose = {"legal_bases[0].instrument": " for legal basis 1", "measures[0].instrument": " for measure M1"}.get(
        path, ""
    )
    assert asked(told)[path] == f"Please name{whose} {BINDING}."


@pytest.mark.parametrize(
    ("bases", "own", "instrument"),
    [
        ([{"instrument": "EIO", "article": "1"}], None, "eio"),
        ([{"instrument": "harare", "article": "1"}], None, "harare"),
        ([{"instrument": "harare", "article": "1"}], "eio", "eio"),
        ([{"reciprocity": True}], None, None),
    ],
)
def test_a_basis_that_may_bind_stands(bases: list[Any], own: str | None, instrument: str | None) -> None:
    """Whether it binds is unknown for harare: a reviewer finds out, nobody is asked. Reciprocity is a basis, too."""
    told = letter(legal_bases=bases, measures=[{"instrument": own}])
    assert [field for field in asked(told) if "instrument" in field or "legal" in field] == []
    assert instrument_of(told, 0) == instrument


def test_where_no_basis_is_known_reciprocity_may_be_assured() -> None:
    unaddressed = letter(requested_state=None)
    assert asked(unaddressed)["legal_bases"] == (
        "Please name an instrument in force between PT and us (none is known here; reciprocity may be assured)."
    )


def test_instants_that_were_past_on_arrival_are_asked_again() -> None:
    told = letter(
        deadline={"by": "2026-11-20T13:00:00+01:00", "reason": "trial"},
        emergency={"data_lost_at": "2026-11-20T12:00:01Z"},
        measures=[{"data": {"preservation": {"expires_at": "2026-11-19T00:00:00Z"}}}],
    )
    past = {field: asks for field, asks in asked(told).items() if "past" in asks}
    assert list(past) == ["deadline.by", "measures[0].data.preservation.expires_at"]
    assert past["deadline.by"] == (
        "Please state the date and time by which the result is needed, with its time zone: "
        "the instant given was past when the request arrived."
    )


def test_a_token_must_be_of_one_person() -> None:
    persons = [{"role": "witness", "token": "witness-1"}, {"role": "expert", "token": "witness-1"}]
    told = asked(letter(persons=persons, measures=[{"testimony": {"witness": "witness-2"}, "person": "witness-1"}]))
    assert [field for field in told if "token" in field] == ["persons[0].token", "persons[1].token"]
    assert told["measures[0].testimony.witness"] == (
        "Please state for measure M1 who is meant: no person has this token."
    )
    assert "measures[0].person" not in told


def test_a_protected_name_in_free_text_is_asked_away_without_repeating_it() -> None:
    told = letter(
        persons=[{"role": "victim", "identity": {"family_name": "Quibbleton"}}], purpose="To find Quibbleton."
    )
    assert asked(told)["purpose"] == (
        "Please write this field again with the token in place of the name: it names a protected person."
    )
    assert "Quibbleton" not in str(gaps(told, LAW, NOON))


def test_of_a_thousand_gaps_the_first_are_asked() -> None:
    told = letter(measures=[{"kind": "bank records"}] * 100, persons=[{}] * 500, offences=[{}] * 100)
    assert len(gaps(told, LAW, NOON)) == MOST_GAPS


# --- what a kind of measure brings with it ----------------------------------------------------------------------------

READ = {"article": "7", "verified": True, "source": "S1"}
TOLD = OfKind(what="the user is told", instruments=("eio",), **READ)
AFTERWARDS = Followed(what="a request must follow", kinds=("callers",), **READ)
OF_KINDS = SmallLaw(
    {
        "callers": SmallKind("callers", data_class="traffic", told=(TOLD,)),
        "keeping": SmallKind("keeping", followed_by=(AFTERWARDS,)),
    }
)
UNDER = {"legal_bases": [{"instrument": "eio", "article": "1"}]}
SECRET = {"confidentiality": {"needed": True, "reason": "he would flee"}}


def asked_by_kinds(*measures: dict[str, Any], **fields: Any) -> dict[str, str]:
    """What is asked of these measures."""
    told = letter(**(UNDER | fields), measures=list(measures))
    return {lack.field: lack.asks for lack in gaps(told, OF_KINDS, NOON) if lack.field.startswith("measures")}


@pytest.mark.parametrize(
    "secrecy", [SECRET, {"confidentiality": {"do_not_notify_user": True}}], ids=["needed", "no notice"]
)
def test_secrecy_that_cannot_be_kept_is_put_to_those_who_asked_for_it(secrecy: dict[str, Any]) -> None:
    """They go on, or withdraw; a letter that says that it goes on is asked nothing."""
    assert asked_by_kinds({"kind": "callers"}, **secrecy) == {
        "measures[0].goes_on_if_told": "Please state for measure M1 whether it goes on although somebody whom it "
        "concerns will learn of it, or is withdrawn: the user is told (7)."
    }
    assert asked_by_kinds({"kind": "callers", "goes_on_if_told": True}, **secrecy) == {}
    assert [*asked_by_kinds({"kind": "callers", "goes_on_if_told": False}, **secrecy)] == [
        "measures[0].goes_on_if_told"
    ]


@pytest.mark.parametrize(
    ("measure", "fields"),
    [
        ({"kind": "callers"}, {}),
        ({"kind": "callers"}, {"confidentiality": {"needed": False, "do_not_notify_user": False}}),
        ({"kind": "keeping"}, SECRET),
        ({"kind": "callers", "instrument": "harare"}, SECRET),
    ],
    ids=["not asked for", "not wanted", "a kind that nobody is told of", "another instrument"],
)
def test_where_secrecy_can_be_kept_or_is_not_wanted_nothing_is_asked(
    measure: dict[str, Any], fields: dict[str, Any]
) -> None:
    assert asked_by_kinds(measure, **fields) == {}


def test_secrecy_that_cannot_be_kept_holds_back_nothing_urgent() -> None:
    """It is one question among others: the measure opens in its class."""
    told = letter(**UNDER, **SECRET, emergency={"claimed": "P0"}, measures=[{"kind": "callers"}])
    found = gaps(told, OF_KINDS, NOON)
    opened = opening(told, found, law=OF_KINDS, us="LU", digest=DIGEST, now=NOON)
    assert goes_on_field("M1") in [gap.field for gap in opened.gaps]
    assert [(measure.kind, measure.urgency) for measure in opened.measures] == [("callers", Urgency.P0)]


def test_what_its_instrument_wants_of_a_kind_is_asked_of_each_measure_that_rests_on_it() -> None:
    """Truth protected: a want of one instrument is not put to those who rest on another, nor asked twice."""
    fields = ("measures.necessity", "measures.grounds_for_belief", "own_reference")
    wants = Content(what="why", kinds=("callers",), fields=fields, **READ)
    kinds = {"callers": SmallKind("callers", needs=("necessity",)), "keeping": SmallKind("keeping")}
    law = SmallLaw(kinds, {"eio": SmallInstrument((wants,)), "harare": SmallInstrument()})
    kinds_and_bases = (("callers", "eio"), ("keeping", "eio"), ("callers", "harare"))
    told = letter(**UNDER, measures=[{"kind": kind, "instrument": basis} for kind, basis in kinds_and_bases])
    of_measures = [lack.field for lack in gaps(told, law, NOON) if lack.field.startswith("measures")]
    assert of_measures == ["measures[0].necessity", "measures[0].grounds_for_belief", "measures[2].necessity"]
    whole = letter(**UNDER, measures=[{"kind": "callers", "necessity": "n", "grounds_for_belief": "g"}])
    assert [lack.field for lack in gaps(whole, law, NOON) if lack.field.startswith("measures")] == []


def test_a_class_of_data_that_the_kind_does_not_yield_is_asked_again() -> None:
    content, traffic = ({"kind": "callers", "data": {"data_class": name}} for name in ("content", "traffic"))
    asks = "Please state for measure M2 the class of the data: 'callers' yields traffic data."
    assert asked_by_kinds(traffic, content) == {"measures[1].data.data_class": asks}


def test_a_preservation_that_nothing_will_follow_is_asked_about_unless_it_is_followed_at_once() -> None:
    """Budapest Convention art. 29(2)(f)."""
    alone = {"kind": "keeping", "data": {"intends_request": False}}
    [(field, asks)] = asked_by_kinds(alone).items()
    assert field == "measures[0].data.intends_request"
    assert asks.endswith("(Budapest Convention art. 29(2)(f)): a request must follow (7).")
    assert asked_by_kinds(alone, {"kind": " Callers "}) == {}
    assert asked_by_kinds({"kind": "keeping", "data": {"intends_request": True}}) == {}


def test_a_minute_that_was_past_on_arrival_is_asked_again() -> None:
    measures = [{"kind": "callers", "execute_at": at} for at in ("2026-11-20T12:00:00Z", "2026-11-20T12:00:01Z")]
    [(field, asks)] = asked_by_kinds(*measures).items()
    assert field == "measures[0].execute_at"
    assert asks.endswith("at the same minute, with its time zone: the instant given was past when the request arrived.")
