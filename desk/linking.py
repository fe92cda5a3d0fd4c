"""Requests that name the same account, number, document or file: found when one comes in, entered with each of them."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa

from activities.notices import By, notice
from comity.errors import KeyGone
from comity.home import Home
from comity.ledger.leaf import Entry
from comity.register import linking
from comity.register.linking import Link
from comity.request.letter import Letter
from comity.request.linking import marks


def link(tx: sa.Connection, home: Home, reference: str, letter: Letter, at: datetime) -> list[Entry]:
    """Keep what a letter names, as keyed digests, and link its request with those that name the same.

    Safe to repeat. Returns what is to be entered of it, at the end of the transaction.
    """
    found = {home.keys.index(f"{mark.kind} {mark.text}"): mark.kind for mark in marks(letter)}
    return list(_entries(home, linking.enter(tx, reference, found, at)))


def _entries(home: Home, links: list[Link]) -> Iterable[Entry]:
    """One with each request; its id names the other to nobody."""
    for each in links:
        name = f"link {home.keys.index(f'link {each.reference} {each.other}')[:16]}"
        with suppress(KeyGone):  # the other is long over, and what it named cannot be opened again
            yield notice(home, each.reference, each, act="find a link", name=name, by=By(at=each.at))
