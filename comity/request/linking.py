"""By what two requests are seen to touch each other: accounts, numbers, documents and files that both name.

Only what tells one thing from all others counts, in one spelling: a name or a place is no mark.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import NamedTuple

from comity.request.letter import Identity, Letter, MeasureSought

MOST_DAYS = 31
"""For how many days of a range an IP address counts: over a longer time it is nobody's."""
_SHORTEST = 5
"""Characters below which something is no mark: too many things are called so."""
_TELEPHONE = re.compile(r"\+?[0-9][0-9 ()./-]{5,24}")


class Mark(NamedTuple):
    """What was named, and its one spelling: it may be personal, so it is kept as a keyed digest only."""

    kind: str
    text: str


def marks(letter: Letter) -> frozenset[Mark]:
    """All marks of a letter as it came, identities included."""
    found = {mark for measure in letter.measures for mark in _of_measure(measure)}
    found |= {mark for person in letter.persons if person.identity for mark in _of_identity(person.identity)}
    found |= {Mark("attachment", each.sha256) for each in letter.attachments if each.sha256}
    return frozenset(mark for mark in found if len(mark.text) >= _SHORTEST)


def _of_measure(measure: MeasureSought) -> Iterator[Mark]:
    if measure.data and measure.data.account:
        yield from _of_account(measure.data.account, measure.data.starts_at, measure.data.ends_at)
    if measure.bank and measure.bank.account:
        yield Mark("account", _bare(measure.bank.account))


def _of_account(account: str, starts: datetime | None, ends: datetime | None) -> Iterator[Mark]:
    """Each of those named. An IP address is somebody's for a time only: it counts with each day of a short range."""
    for each in re.split("[,;]", account):
        try:
            address = ip_address(each.strip())
        except ValueError:
            yield from _of_contact(each)
        else:
            yield from _of_address(str(address), starts, ends)


def _of_address(address: str, starts: datetime | None, ends: datetime | None) -> Iterator[Mark]:
    if starts and ends and starts <= ends <= starts + timedelta(days=MOST_DAYS):
        days = range((ends.date() - starts.date()).days + 1)
        yield from (Mark("IP address", f"{address} {starts.date() + timedelta(days=day)}") for day in days)


def _of_identity(identity: Identity) -> Iterator[Mark]:
    if identity.document:
        yield Mark("document", _bare(identity.document))
    if identity.contact:
        yield from _of_contact(identity.contact)


def _of_contact(text: str) -> Iterator[Mark]:
    """A telephone number by its digits; anything else counts whole, if it is one word."""
    if _TELEPHONE.fullmatch(text.strip()):
        yield Mark("telephone", "".join(filter(str.isdigit, text)).removeprefix("00"))
    elif len(text.split()) == 1:
        yield Mark("account", _folded(text))


def _bare(text: str) -> str:
    """Letters and digits only: a number is printed in groups here, and with dashes there."""
    return "".join(filter(str.isalnum, _folded(text)))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
