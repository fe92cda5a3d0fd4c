"""The law as a lawyer reads it: each row with its article, and the mark of what nobody has read."""

import re
from datetime import date
from pathlib import Path

import pytest

from comity.law.drawing import UNKNOWN, index, listed, page, plain, read_of, sections, standing
from comity.law.kinds import MEASURES
from comity.law.library import Law
from comity.law.models import Instrument

LAW = Law.load()
DRAWN = Path(__file__).parents[2] / "docs" / "law"
INSTRUMENTS = [pytest.param(each, id=each.id) for each in LAW.instruments.values()]


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_the_page_drawn_is_what_the_file_says(instrument: Instrument) -> None:
    drawn = DRAWN / f"{instrument.id}.md"
    assert drawn.read_text() == page(instrument, LAW), f"draw it again: comity law show {instrument.id} --page"


def test_the_index_drawn_names_every_instrument_and_no_other() -> None:
    assert (DRAWN / "README.md").read_text() == index(LAW), "draw it again: comity law list --page"
    assert {file.stem for file in DRAWN.glob("*.md")} == {*LAW.instruments, MEASURES, "README"}


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_nothing_that_a_file_holds_is_left_out(instrument: Instrument) -> None:
    """Truth protected: each row's article and source stand in the text, and what nobody read is marked."""
    text = " ".join(plain(instrument, LAW).split())
    rows = [row for _, found in sections(instrument) for row in found]
    shown = set(type(instrument).model_fields) - {"texts"}
    of_file = [row for name in shown if isinstance(row := getattr(instrument, name), tuple)]
    assert len(rows) == sum(len(found) for found in of_file) + 1  # and what it says of dates asked for
    assert [row for row in rows if row.says.article not in text or row.says.source not in text] == []
    unread = [row for row in rows if not row.says.verified] + [0] * (not instrument.parties.verified)
    assert text.count("CHECK AGAINST THE TEXT") == len(unread)
    assert all(f"{each.named} {each.range} [{each.source}]" in text for each in instrument.texts if each.counted)
    assert text.count(UNKNOWN) == sum(not found for _, found in sections(instrument))


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_it_says_whom_it_binds_and_since_when(instrument: Instrument) -> None:
    """Each State that the file names, with its first day on the same line, where one was read."""
    drawn = plain(instrument, LAW)
    of = instrument.parties
    for state in of.states if of.states != "unknown" else ():
        assert f"{state} {of.since[state]}" in drawn if state in of.since else re.search(rf"\b{state}\b", drawn)
    assert ("unknown: no list was read" in drawn) is (of.states == "unknown")
    assert f"not bound: {', '.join(of.outside)}" in drawn or not of.outside


def test_a_state_that_left_is_drawn_with_its_last_day() -> None:
    eio = LAW.instrument("eio")
    left = eio.parties.model_copy(update={"until": {"AT": date(2020, 1, 31)}})
    assert "AT 2018-07-01 until 2020-01-31," in plain(eio.model_copy(update={"parties": left}), LAW)


def test_a_list_says_how_much_was_read_and_what_is_no_basis() -> None:
    lines = {line.split()[0]: line for line in listed(LAW).splitlines() if line}
    assert lines["untoc"].split()[1:6] == ["in", "force", *"{} of {}".format(*read_of(LAW.instrument("untoc"))).split()]
    assert "NOT IN FORCE" in lines["cets224"]
    assert "linked, not mutual legal assistance" in lines["extradition"]


@pytest.mark.parametrize("key", ["cloud", "hague1980", "hague1996", "extradition", "policeinfo"])
def test_what_is_only_linked_is_no_basis(key: str) -> None:
    assert standing(LAW.instrument(key)) == "linked, not mutual legal assistance"
    assert LAW.in_force_between(key, "FR", "DE", date(2026, 11, 22)) == "no"
