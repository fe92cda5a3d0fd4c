"""Names that strangers gave their files, as a page or a terminal may show them."""

import re

_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
"""Control characters, and what nobody sees or turns the reading direction. Joiners are letters of some scripts."""


def visible(name: str) -> str:
    r"""The same name with each such character spelt out: `report\u202efdp.exe` cannot pass for a PDF.

    Nor can it give orders to the terminal that prints it.
    """
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), name)
