"""The kinds of measure as a lawyer reads them: what is ours to set, and each row of a law with its article."""

from pathlib import Path

import pytest

from comity.law.drawing import Row
from comity.law.kinds import MEASURES, NO_ROW, listed, ours, page, plain, sections
from comity.law.library import Law
from comity.law.models import KindOfMeasure, OfKind
from comity.request.lifecycle import Duty

LAW = Law.load()
PAGE = Path(__file__).parents[2] / "docs" / "law" / f"{MEASURES}.md"
KINDS = [pytest.param(kind, id=kind.id) for kind in LAW.kinds.values()]
COLUMNS = ("thresholds", "told", "followed_by", "parallel", "other_provider", "longest", "given")


def rows_of(kind: KindOfMeasure) -> list[OfKind]:
    """What laws say of a kind, in all columns."""
    return [row for column in COLUMNS for row in getattr(kind, column)]


def drawn(kind: KindOfMeasure) -> list[Row]:
    return [row for _, rows in sections(kind, LAW) for row in rows]


def test_the_page_drawn_is_what_the_table_says() -> None:
    assert PAGE.read_text() == page(LAW), f"draw it again: comity law show {MEASURES} --page"


def test_every_column_of_rows_is_drawn() -> None:
    """Truth protected: a column that is added to the model is read by a lawyer."""
    of_rows = {name for name, field in KindOfMeasure.model_fields.items() if "OfKind" in _told_of(field.annotation)}
    assert of_rows == set(COLUMNS)


def _told_of(annotation: object) -> str:
    inside = getattr(annotation, "__args__", ())
    return " ".join(cls.__name__ for each in inside if isinstance(each, type) for cls in each.__mro__)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_the_table_holds_is_left_out(kind: KindOfMeasure) -> None:
    text = " ".join(plain(kind, LAW).split())
    for row in rows_of(kind):
        assert all(part in text for part in (row.what, row.article, row.source, row.note))
    assert all(each in text for each in ours(kind))
    assert text.count(NO_ROW) == sum(not rows for _, rows in sections(kind, LAW))
    assert all(need in text for need in kind.needs)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_holds_only_under_instruments_that_there_are(kind: KindOfMeasure) -> None:
    assert {key for row in rows_of(kind) for key in row.instruments} <= set(LAW.instruments)


def test_the_time_limits_that_instruments_count_for_a_kind_are_drawn_with_it() -> None:
    words = [row.words for row in drawn(LAW.kind("expedited preservation"))]
    assert any(each.startswith("budapest (in force): renew or let go") and "at least 60 days" in each for each in words)
    assert any(each.startswith("uncybercrime (NOT IN FORCE)") for each in words)


def test_what_is_said_to_be_the_longest_is_what_is_counted() -> None:
    """Two files say it; they say the same."""
    longest = [row for row in LAW.kind("expedited preservation").longest if row.instruments == ("budapest",)]
    counted = LAW.rules_for("budapest", Duty.RENEW_OR_LET_GO, "expedited preservation")
    assert [row.length for row in longest] == [rule.length for rule in counted if not rule.least]
    [hours] = LAW.kind("cross-border observation").longest
    assert hours.length in {limit.length for limit in LAW.instrument("ets30").others if "observation" in limit.what}


def test_a_preservation_is_followed_by_a_request_for_what_was_preserved() -> None:
    """Budapest Convention art. 29(2)(f); one kind for each class of data, or a search."""
    [row] = LAW.kind("expedited preservation").followed_by
    assert {LAW.kind(kind).data_class for kind in row.kinds} == {"subscriber", "traffic", "content", "none"}
    assert [kind.id for kind in LAW.kinds.values() if kind.followed_by] == ["expedited preservation"]


def test_what_locates_or_rescues_a_child_waits_for_nothing() -> None:
    """CETS 197 art. 33; a child's safety is also looked to under the Hague Convention of 1996, art. 36."""
    parallel = {kind.id: kind for kind in LAW.kinds.values() if kind.parallel}
    assert set(parallel) == {"location of a person", "welfare check", "spontaneous information"}
    assert all(kind.one_person and not kind.coercive for kind in parallel.values())
    bases = {kind.id: {row.article for row in kind.parallel} for kind in parallel.values()}
    assert bases.pop("welfare check") == {"CETS 197 33(1)", "Hague 1996 36"}
    assert set(map(frozenset, bases.values())) == {frozenset({"CETS 197 33(1)"})}


def test_who_is_told_is_said_only_where_a_text_was_read() -> None:
    told = {(kind.id, *row.instruments) for kind in LAW.kinds.values() for row in kind.told}
    assert told == {
        ("production of subscriber data", "eevidence"),
        ("production of traffic data", "eevidence"),
        ("production of content data", "eevidence"),
        ("notice of a production order", "eevidence"),
        ("enforcement of a production order", "eevidence"),
        ("transfer of a person in custody", "untoc"),
        ("transfer of a person in custody", "eio"),
        ("freezing", "freezing"),
        ("confiscation", "freezing"),
    }


def test_each_row_of_a_law_was_read_in_its_text() -> None:
    """Truth protected: no kind of measure brings what nobody has read; where that is so, the row is not there."""
    rows = [row for kind in LAW.kinds.values() for column in COLUMNS for row in getattr(kind, column)]
    assert rows
    assert [row for row in rows if not row.verified] == []


def test_a_list_names_every_kind_with_what_is_special_of_it() -> None:
    lines = {line[:42].strip(): line[42:] for line in listed(LAW).splitlines()}
    assert set(lines) == set(LAW.kinds)
    assert lines["expedited preservation"] == "lasts, one person at night, a request must follow"
    assert lines["welfare check"] == "one person at night, waits for nothing"
