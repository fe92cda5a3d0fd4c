"""The custody of an exhibit as a page to be put before a court: PDF/A-2b, which keeps its fonts and needs nothing else.

Fonts are those that typst brings (Latin, Greek, Cyrillic, Arabic), and those of the machine where they do not reach.
"""

import json
from datetime import datetime
from pathlib import Path

import typst

from comity.errors import Unreadable
from desk.custody import Custody, head, paragraphs, printed_at

TEMPLATE = Path(__file__).parent / "templates" / "custody.typ"


def pdf(custody: Custody, at: datetime) -> bytes:
    """The page as it stands at an instant: the same custody and instant give the same bytes on one machine.

    Raises Unreadable for a script of which this machine has no font.
    """
    told = {
        "head": head(custody),
        "entries": [each.model_dump() for each in paragraphs(custody)],
        "verdict": custody.verdict,
        "broken": bool(custody.breaks),
        "printed": printed_at(at),
    }
    try:
        return typst.compile(
            TEMPLATE,
            format="pdf",
            sys_inputs={"data": json.dumps(told)},
            pdf_standards="a-2b",
            timestamp=int(at.timestamp()),
        )
    except typst.TypstError as error:
        raise Unreadable(_no_font(error)) from None


def _no_font(error: Exception) -> str:
    if "could not be displayed" not in str(error):
        raise error
    return "no font here has a script that stands in this custody: install one that has it, or take --json"
