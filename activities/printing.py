"""Pages as PDF/A-2b, which keep their fonts and need nothing else: data as JSON, set by a template.

Fonts are those that typst brings (Latin, Greek, Cyrillic, Arabic), and those of the machine where they do not reach.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

from comity.errors import Unreadable


def printed(template: Path, data: dict[str, Any], at: datetime) -> bytes:
    """The page: the same data and instant give the same bytes on one machine.

    Raises Unreadable for a script of which this machine has no font.
    """
    try:
        return typst.compile(
            template,
            format="pdf",
            sys_inputs={"data": json.dumps(data)},
            pdf_standards="a-2b",
            timestamp=int(at.timestamp()),
        )
    except typst.TypstError as error:
        raise Unreadable(_no_font(error)) from None


def _no_font(error: Exception) -> str:
    if "could not be displayed" not in str(error):
        raise error
    return "no font here has a script that stands in this page: install one that has it, or take --json"
