"""The whole story of one request, in the order in which it was entered: read from the ledger, opened by its keys."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from activities.record import key_class_of
from comity.errors import KeyGone
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.ledger import log
from comity.ledger.leaf import Kind
from comity.ledger.log import Kept
from comity.request.lifecycle import Act

GONE = {"gone": "its key was destroyed; the entry stays provable"}


class Line(BaseModel):
    """One entry of the story."""

    index: int
    at: datetime
    kind: str
    version: int | None
    act: str
    status: str
    role: str
    person: str
    what: dict[str, Any]


def trace(home: Home, reference: str) -> Iterator[Line]:
    """Each ledger entry of a request with what it says, in order."""
    since = 0
    while True:
        with home.store.reading() as view:
            page = list(log.entries(view, reference, since=since))
        yield from (_line(home, reference, kept) for kept in page)
        if not page:
            return
        since = page[-1].index + 1


def _line(home: Home, reference: str, kept: Kept) -> Line:
    leaf = kept.leaf
    return Line(
        index=kept.index,
        at=leaf.at,
        kind=leaf.kind,
        version=leaf.version,
        act=leaf.act,
        status=leaf.status,
        role=leaf.role,
        person=leaf.person,
        what=_opened(home, reference, kept),
    )


def _opened(home: Home, reference: str, kept: Kept) -> dict[str, Any]:
    key_class, context = _place(kept)
    try:
        opened: dict[str, Any] = json.loads(home.keys.open(reference, key_class, kept.body, context))
    except KeyGone:
        return GONE
    return opened


def _place(kept: Kept) -> tuple[KeyClass, str]:
    """Under which key an entry's body was sealed, and for which context."""
    leaf = kept.leaf
    if leaf.kind in (Kind.DEED, Kind.NOTICE):
        return key_class_of(Act(leaf.act)), f"event {leaf.version}"
    return KeyClass.RECORD, f"{leaf.kind} {leaf.id}"
