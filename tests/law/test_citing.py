"""What a law file cites: an article that its text does not have is refused, with what can be cited."""

import re

import pytest

from comity.law.citing import texts_of, wrong_citation
from comity.law.library import Law
from comity.law.models import Text

OWN = Text(
    named="Treaty", articles=39, inserted=("9bis",), paragraphs={"2": 0, "12": 6, "15": 2, "9bis": 4}, source="S1"
)
OTHER = Text(named="Treaty 2", articles=12, paragraphs={"4": 3}, source="S1")
UNREAD = Text(named="Annex I", articles="unknown", source="none")
TEXTS = {text.named: text for text in (OWN, OTHER, UNREAD)}


@pytest.mark.parametrize("article", [
    "12", "12(6)", "12(2)(a)", "12(2)-(3)", "12(5)-(6), 15(1)", "15(1)(a)-(c)", "2(c)(ii)", "5 to 9", "12, 14",
    "9bis(4)", "15(1bis)", "1(99)", "7(a), (b), (h)", "unknown", "not noted", "our default", "none: no treaty", "none",
    "none in 1 to 39", "none in arts 1 to 39; Treaty 2, 7 to 12", "Treaty 2 art. 4(3)", "Treaty 2, 4 (15(2))",
    "3, Treaty 2 4(1)", "Annex I, E; Annex I, B", "Annex I", "Treaty 12(6)",
])  # fmt: skip
def test_what_can_be_there_is_let_through(article: str) -> None:
    assert wrong_citation(article, OWN, TEXTS) is None


@pytest.mark.parametrize(("article", "why"), [
    ("12(99)x", "'12(99)x' is no citation; write an article as 12, 12(2)(a)"),
    ("12(2), 15(2", "'15(2' (in '12(2), 15(2') is no citation; write"),
    ("12(99)", "Treaty art. 12 has the paragraphs (1) to (6), and no (99)"),
    ("12(7)(a)", "Treaty art. 12 has the paragraphs (1) to (6), and no (7)"),
    ("12(2)-(7)", "Treaty art. 12 has the paragraphs (1) to (6), and no (7)"),
    ("9bis(5)", "Treaty art. 9bis has the paragraphs (1) to (4), and no (5)"),
    ("2(1)", "Treaty art. 2 has no numbered paragraphs, and no (1)"),
    ("40", "Treaty has no article 40; it has 1 to 39 and 9bis"),
    ("0", "Treaty has no article 0; it has 1 to 39"),
    ("9ter", "Treaty has no article 9ter; it has 1 to 39 and 9bis"),
    ("30 to 40", "Treaty has no article 40"),
    ("12(2), 41(1)", "Treaty has no article 41"),
    ("none in arts 1 to 40", "Treaty has no article 40"),
    ("3, Treaty 2 13", "Treaty 2 has no article 13; it has 1 to 12"),
    ("Treaty 2, 4(4)", "Treaty 2 art. 4 has the paragraphs (1) to (3), and no (4)"),
    ("Treaty 2, 4 (15(3))", "Treaty art. 15 has the paragraphs (1) to (2), and no (3)"),
    ("(a)", "'(a)' is no citation"),
    ("Tready 4(1)", "'Tready 4(1)' is no citation; did you mean Treaty?"),
    ("article 12", "'article 12' is no citation; write"),
    ("", "'' is no citation"),
])  # fmt: skip
def test_what_no_text_has_is_told_with_what_there_is(article: str, why: str) -> None:
    told = wrong_citation(article, OWN, TEXTS)
    assert told
    assert why in told


def test_a_row_of_no_instrument_names_the_text_that_it_cites() -> None:
    assert wrong_citation("Treaty 12(6)", None, TEXTS) is None
    assert "is no citation" in str(wrong_citation("12(6)", None, TEXTS))


def test_every_text_that_was_counted_is_named_once_and_cited() -> None:
    law = Law.load()
    texts = [text for read in law.instruments.values() for text in read.texts]
    assert len(texts) == len(texts_of(law.instruments))
    assert all(re.search(r"S[0-9]+", text.source) for text in texts if text.counted)
    assert all(read.texts for read in law.instruments.values() if any(rule.verified for rule in read.rules))
