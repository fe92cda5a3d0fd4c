"""The custody of an exhibit as a page to be put before a court."""

from datetime import datetime
from pathlib import Path

from activities.packing import signs
from activities.printing import printed
from comity.evidence.signing import sign_page
from comity.home import Home
from desk.custody import Custody, head, paragraphs, printed_at

TEMPLATE = Path(__file__).parent / "templates" / "custody.typ"


def pdf(custody: Custody, at: datetime) -> bytes:
    """The page as it stands at an instant. Raises Unreadable for a script of which this machine has no font."""
    told = {
        "head": head(custody),
        "entries": [each.model_dump() for each in paragraphs(custody)],
        "verdict": custody.verdict,
        "broken": bool(custody.breaks),
        "printed": printed_at(at),
    }
    return printed(TEMPLATE, told, at)


def signed(home: Home, page: bytes) -> bytes:
    """The page with this authority's signature in it, timestamped where an authority is asked. Raises Unreachable."""
    by = signs(home)
    return sign_page(page, by.by, by.ask)
