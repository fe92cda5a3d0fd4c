"""What a requested State would miss is told before the request goes out; nothing urgent is held back."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from comity.law.checking import Missing, checked, lines
from comity.law.library import Law
from comity.law.states import known_states
from comity.request.gaps import gaps
from comity.request.letter import Letter, field_at
from comity.request.reading import read

LAW = Law.load()
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[2] / "examples"
ORDINARY: dict[str, Any] = json.loads((EXAMPLES / "p3-bank-records-three-measures.json").read_bytes())


def letter(told: dict[str, Any]) -> Letter:
    return read(json.dumps(told).encode(), known_states())


def found(told: dict[str, Any]) -> dict[str, Missing]:
    """The gaps of a letter, by field."""
    return {each.field: each for each in checked(letter(told), LAW, NOW).missing}


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.json")), ids=lambda file: file.stem)
def test_it_tells_of_every_gap_and_of_nothing_else(file: Path) -> None:
    told = letter(json.loads(file.read_bytes()))
    weighed = checked(told, LAW, NOW).missing
    assert sorted((each.field, each.asks) for each in weighed) == sorted(
        (lack.field, lack.asks) for lack in gaps(told, LAW, NOW)
    )
    assert [each.weight for each in weighed] == sorted(each.weight for each in weighed)  # what blocks comes first
    assert all(each.by for each in weighed)


def test_a_field_that_an_article_asks_for_names_the_article() -> None:
    for instrument, article in (("untoc", "untoc 18(15)(f)"), ("eio", "eio 5(1)(b)")):
        bases = [{"instrument": instrument, "article": "1"}]
        measures = [measure | {"instrument": instrument} for measure in ORDINARY["measures"]]
        gap = found(ORDINARY | {"purpose": " ", "legal_bases": bases, "measures": measures})["purpose"]
        assert (gap.weight, gap.by) == ("will delay", article)


def test_what_an_instrument_wants_of_a_kind_is_told_with_its_article_and_delays() -> None:
    """Directive 2014/41/EU art. 26(5): why banks there are presumed to hold the account."""
    bank = next(each for each in ORDINARY["measures"] if each["kind"] == "bank records")
    measure = {key: said for key, said in bank.items() if key not in ("grounds_for_belief", "necessity")}
    under_eio = found(ORDINARY | {"legal_bases": [], "measures": [measure | {"instrument": "eio"}]})
    gap = under_eio["measures[0].grounds_for_belief"]
    assert (gap.weight, gap.by) == ("will delay", "eio 26(5)")
    under_untoc = found(ORDINARY | {"legal_bases": [], "measures": [measure | {"instrument": "untoc"}]})
    assert "measures[0].grounds_for_belief" not in under_untoc


def test_what_the_requested_state_declared_of_a_measure_is_told_with_the_article() -> None:
    """It is no gap, and is said of that State, that instrument and that kind only."""
    kept = {"kind": "expedited preservation", "instrument": "budapest"}
    told = ORDINARY | {"requested_state": "NO", "measures": [kept, kept, kept | {"instrument": "eio"}]}
    (says,) = checked(letter(told), LAW, NOW).declared
    assert says.startswith("NO may refuse preservation where it has reasons to believe that dual criminality")
    assert says.endswith("[budapest 29(4)]")
    assert [line for line in lines(checked(letter(told), LAW, NOW), urgent=False) if line.startswith("declared ")]
    assert checked(letter(told | {"requested_state": "PT"}), LAW, NOW).declared == ()
    traffic = told | {"measures": [kept | {"kind": "production of traffic data"}]}
    assert checked(letter(traffic), LAW, NOW).declared == ()


def test_what_a_kind_cannot_do_without_blocks() -> None:
    gap = found(ORDINARY | {"measures": [{"kind": "production of subscriber data", "urgency": "P3"}]})
    needed = gap["measures[0].data.account"]
    assert (needed.weight, needed.by) == (
        "blocking",
        "what 'production of subscriber data' needs (comity/law/measures.toml)",
    )


def test_a_basis_that_is_not_in_force_blocks() -> None:
    gap = found(ORDINARY | {"legal_bases": [{"instrument": "cets224", "article": "8"}]})["legal_bases[0].instrument"]
    assert gap.weight == "blocking"
    assert "in force between" in gap.asks


SECRET = {"confidentiality": {"needed": True, "reason": "he would leave"}}


def ordered(**more: Any) -> dict[str, Any]:
    """An ordinary letter that asks for traffic data under the regulation on electronic evidence."""
    data = {"provider": "Nuage Exemple S.A.", "account": "user-1@nuage.example"}
    data |= {"starts_at": "2026-09-01T00:00:00Z", "ends_at": "2026-09-02T00:00:00Z"}
    measure = {
        "kind": "production of traffic data",
        "instrument": "eevidence",
        "necessity": "it leads on",
        "data": data,
    }
    return ORDINARY | SECRET | {"measures": [measure | more]}


def test_secrecy_that_cannot_be_kept_is_told_with_the_article_that_says_so() -> None:
    gap = found(ordered())["measures[0].goes_on_if_told"]
    assert (gap.weight, gap.by) == ("will delay", "Regulation (EU) 2023/1543 art. 13(1)-(3)")
    assert gap.asks == (
        "Please state for measure M1 whether it goes on although somebody whom it concerns will learn of it, or is "
        "withdrawn: the person whose data are sought is told by the issuing authority "
        "(Regulation (EU) 2023/1543 art. 13(1)-(3))."
    )
    assert "measures[0].goes_on_if_told" not in found(ordered(instrument="budapest"))


def test_a_class_of_data_that_the_kind_does_not_yield_is_told_with_the_table() -> None:
    data = ordered()["measures"][0]["data"]
    gap = found(ordered(data=data | {"data_class": "content"}))["measures[0].data.data_class"]
    assert gap.by == "what 'production of traffic data' yields (comity/law/measures.toml)"
    assert "measures[0].data.data_class" not in found(ordered(data=data | {"data_class": "traffic"}))


def test_nothing_urgent_is_blocked_and_it_says_so() -> None:
    for urgency, blocked in (("P3", True), ("P0", False)):
        told = checked(
            letter(ORDINARY | {"measures": [{"kind": "production of subscriber data", "urgency": urgency}]}), LAW, NOW
        )
        assert (told.blocked, told.claims) == (blocked, urgency)
        assert ("accepted as it is" in lines(told, urgent=not blocked)[-1]) is not blocked
    whole = checked(letter(ORDINARY), LAW, NOW)
    assert lines(whole, urgent=False)[1:] == ["nothing is missing that is known here"]


def test_it_says_which_class_the_facts_suggest_and_why() -> None:
    emergency = {"abuse_continuing": True, "next_act_at": "2026-11-23T20:00:00Z"}
    told = checked(letter(ORDINARY | {"emergency": emergency}), LAW, NOW)
    assert (told.suggests, told.because) == ("P0", ("a child will be at risk within 72 hours",))
    assert "its facts suggest P0: a child will be at risk within 72 hours" in lines(told, urgent=False)[0]


def test_every_field_that_an_article_asks_for_is_one() -> None:
    """Truth protected: a path that names nothing would never be found missing."""
    paths = [path for each in LAW.instruments.values() for content in each.contents for path in content.fields]
    assert [path for path in paths if field_at(path.split(".")) is None] == []
    assert len(paths) > 20
