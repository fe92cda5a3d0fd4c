"""What was entered, told in order: of one request, or of all, read from the ledger and opened by its keys."""

import json
from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from comity.errors import KeyGone, NotFound
from comity.evidence.custody import Action
from comity.home import Home
from comity.keys.record_key import key_class_of
from comity.keys.request_keys import SERVICE, KeyClass
from comity.ledger import log
from comity.ledger.leaf import Kind, Leaf
from comity.ledger.log import Kept
from comity.request.destroying import CERTIFY, LAPSED
from comity.request.fold import begin, fold
from comity.request.lifecycle import Act
from comity.request.model import Event, Request

BESIDE = (
    *(
        "draw up a follow-up",
        "add to a description",
        "decide destruction",
        "decline destruction",
        "enter custody",
        "lift legal hold",
        "make keys",
        "needs revive",
        "place legal hold",
        "prolong",
        "propose destruction",
        "read a paper",
        "register a thing",
        "revive",
        "ring instead",
        "submit",
        "take a call",
        "take back",
        "take post",
        "write for carriage",
    ),
    *(CERTIFY, LAPSED),
    *("find a link", "tell of links", "tell of what is kept", "tell that post waits"),
    *Action,
)
"""What is entered and is no act of the lifecycle: by keepers, the sweep and the counter."""
WORDS = (*Kind, *sorted({*Act, *BESIDE}))
"""All that an entry may be called by: its kind or its act."""
GONE = {"gone": "its key was destroyed; the entry stays provable"}


class Wanted(BaseModel):
    """Which entries: of one request, recorded from `since` on and before `until`, by one person, of one act or kind.

    What is None is not asked. `reference` "" is the service itself: what belonged to no request.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    who: str | None = None
    what: str | None = None

    def holds(self, leaf: Leaf) -> bool:
        """Whether an entry is by that person and of that act or kind."""
        return self.who in (None, leaf.person) and self.what in (None, leaf.act, leaf.kind)


def word(named: str) -> str:
    """A kind of entry or an act, however it was spelt. Raises NotFound, with the words that there are."""
    wanted = named.replace("-", " ").strip().lower()
    if wanted in WORDS:
        return wanted
    meant = ", ".join(get_close_matches(wanted, WORDS)) or "none of these"
    raise NotFound(
        f"no entry is called that; near it: {meant}. Kinds: {', '.join(Kind)}. Acts: {', '.join(WORDS[len(Kind) :])}"
    )


class Line(BaseModel):
    """One entry of the story; `trace` is the id of the trace (W3C, 32 hex) of the act that made it."""

    index: int
    reference: str
    at: datetime
    kind: str
    version: int | None
    act: str
    status: str
    role: str
    person: str
    trace: str | None
    what: dict[str, Any]


def trace(home: Home, reference: str) -> Iterator[Line]:
    """Each ledger entry of a request with what it says, in order."""
    return across(home, Wanted(reference=reference))


def events(home: Home, reference: str) -> Iterator[Event]:
    """The events of a request in order, but for those whose key was destroyed."""
    told = (line.what for line in trace(home, reference) if line.version is not None)
    return (Event.model_validate(what) for what in told if what != GONE)


def before(home: Home, request: Request, deed: str) -> Request:
    """The request as it stood before a deed of that id was done; as it stands now, where none was, or keys are gone."""
    stood: Request | None = None
    for number, event in enumerate(events(home, request.reference), 1):
        if event.version != number:
            break
        if event.deed == deed:
            return stood or request
        stood = fold(stood, event) if stood else begin(request.reference, event)
    return request


def across(home: Home, wanted: Wanted) -> Iterator[Line]:
    """Each entry that is wanted with what it says, in the ledger's order, a page at a time: in constant memory."""
    since = 0
    while True:
        with home.store.reading() as view:
            within = wanted.since, wanted.until
            page = list(log.entries(view, wanted.reference, since, within=within))
        yield from (_line(home, kept) for kept in page if wanted.holds(kept.leaf))
        if not page:
            return
        since = page[-1].index + 1


def _line(home: Home, kept: Kept) -> Line:
    leaf, what = kept.leaf, _opened(home, kept)
    return Line(
        index=kept.index,
        reference=leaf.reference,
        at=leaf.at,
        kind=leaf.kind,
        version=leaf.version,
        act=leaf.act,
        status=leaf.status,
        role=leaf.role,
        person=leaf.person,
        trace=what.get("trace"),
        what=what,
    )


def _opened(home: Home, kept: Kept) -> dict[str, Any]:
    if kept.leaf.act == CERTIFY:
        return {"certificate": kept.body.decode()}
    key_class, context = _place(kept)
    try:
        sealed_by = kept.leaf.reference or SERVICE
        opened: dict[str, Any] = json.loads(home.keys.open(sealed_by, key_class, kept.body, context))
    except KeyGone:
        return GONE
    return opened


def _place(kept: Kept) -> tuple[KeyClass, str]:
    """Under which key an entry's body was sealed, and for which context."""
    leaf = kept.leaf
    if leaf.version is not None:
        return key_class_of(Act(leaf.act)), f"event {leaf.version}"
    return KeyClass.RECORD, f"{leaf.kind} {leaf.id}"
