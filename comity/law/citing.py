"""Whether what a law file cites is there: an article that its text does not have is a slip of whoever wrote it.

A citation names articles by their numbers, with paragraphs and points in brackets, as `12(2)(a)`, `13(3)-(4)` or
`30 to 35`; several are parted by commas. One of another text begins with that text's name, as `UNTOC 18(13)`.
"""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from comity.law.models import OURS, Instrument, Text

_NOTHING = re.compile(rf"(?:unknown|not noted|{OURS}|none(?::.*)?)$")
_NONE_IN = re.compile(r"none in (?:arts )?")
_NUMBER = r"[0-9]+(?:bis|ter|quater|[a-z])?|[A-Z]"
_BRACKETS = r"(?:\((?:[0-9]+(?:bis|ter)?|[a-z]{1,2}|[ivx]+)\))+"
_PIECE = re.compile(
    rf"(?P<article>{_NUMBER})?(?P<points>{_BRACKETS})?(?:-(?P<end>{_BRACKETS})| to (?P<last>{_NUMBER}))?"
    rf"(?: \((?P<amended>{_NUMBER})(?P<there>{_BRACKETS})?\))?$"
)
_PARAGRAPH = re.compile(r"\(([0-9]+)\)")
_HOW = "write an article as 12, 12(2)(a), 12(2)-(3) or 5 to 9, several with commas, another text's after its name"


class Cited(NamedTuple):
    """One article, with its paragraph where one is cited by a number, in one text."""

    text: Text
    article: str
    paragraph: int | None


def wrong_citation(article: str, own: Text | None, texts: Mapping[str, Text]) -> str | None:
    """Why a citation cannot be right, and what can be cited instead; None where nothing speaks against it.

    `own`: the text whose articles need no name before them; `texts`: all that can be named, by their names.
    """
    if _NOTHING.match(article):
        return None
    try:
        return next(filter(None, map(_missing, _cited(article, own, texts))), None)
    except ValueError as error:
        return str(error)


def texts_of(instruments: Mapping[str, Instrument]) -> dict[str, Text]:
    """All texts that instruments cite, by the names by which they are cited."""
    return {text.named: text for read in instruments.values() for text in read.texts}


def _cited(article: str, own: Text | None, texts: Mapping[str, Text]) -> Iterator[Cited]:
    """Raises ValueError, in words, for what cannot be read as a citation."""
    text, last = own, ""
    for clause in re.split(r"[,;] *", _NONE_IN.sub("", article, count=1)):
        named = _named(clause, texts)
        text = texts.get(named, text)
        piece = clause.removeprefix(named).removeprefix(" art.").strip()
        if named and not piece:
            continue
        found = _PIECE.match(piece)
        if text is None or not found or not (found["article"] or (last and found["points"])):
            raise ValueError(_unreadable(article, clause, texts))
        last = found["article"] or last
        yield from _in_piece(text, last, found)
        if found["amended"] and own:
            yield Cited(own, found["amended"], _paragraph(found["there"]))


def _in_piece(text: Text, article: str, found: re.Match[str]) -> Iterator[Cited]:
    yield Cited(text, article, _paragraph(found["points"]))
    if found["last"]:
        yield Cited(text, found["last"], None)
    if found["end"] and _PARAGRAPH.fullmatch(found["points"] or ""):
        yield Cited(text, article, _paragraph(found["end"]))


def _paragraph(points: str | None) -> int | None:
    first = _PARAGRAPH.match(points or "")
    return int(first[1]) if first else None


def _named(clause: str, texts: Mapping[str, Text]) -> str:
    """The name of a text at the beginning of a clause, the longest that there is, or ""."""
    if clause[:1].isdecimal():
        return ""
    return max((name for name in texts if clause == name or clause.startswith(f"{name} ")), key=len, default="")


def _missing(cited: Cited) -> str | None:
    text, article, paragraph = cited
    if not text.has(article):
        return f"{text.named} has no article {article}; it has {text.range}"
    there = text.paragraphs.get(article)
    if paragraph is None or there is None or paragraph <= there:
        return None
    return f"{text.named} art. {article} has {_counted(there)}, and no ({paragraph})"


def _counted(paragraphs: int) -> str:
    return f"the paragraphs (1) to ({paragraphs})" if paragraphs else "no numbered paragraphs"


def _unreadable(article: str, clause: str, texts: Mapping[str, Text]) -> str:
    near = get_close_matches(re.split(r" (?=[0-9])", clause)[0], texts, n=1)
    within = "" if clause == article else f" (in '{article}')"
    return f"'{clause}'{within} is no citation; {f'did you mean {near[0]}?' if near else _HOW}"
