"""What is known of an exhibit besides its bytes, closed under its request's keys: name, seal, and custody."""

import base64
import os
from collections.abc import Iterator
from typing import Self

from pydantic import BaseModel, ConfigDict

from comity.errors import KeyGone
from comity.evidence.chain import Link
from comity.evidence.custody import CustodyEntry
from comity.evidence.exhibits import Sealed
from comity.evidence.seal import Seal
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.ledger import log
from comity.ledger.leaf import Entry, Kind
from comity.ledger.log import Kept
from comity.request.model import canonical
from temporal import tracing


class Particulars(BaseModel):
    """What is known of an exhibit besides its bytes: sealed, since a file name is personal data.

    `raw` is the name in base64, where it is no UTF-8; `name` shows it then. `measure` stands with evidence.
    `item`: it is a thing, and its bytes are its description. `never_open`: it is, or may be, material that harms
    whoever sees it: its bytes are opened for nothing but to be closed again, in one stream, to a recipient.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    raw: str | None = None
    measure: str | None = None
    item: bool = False
    never_open: bool = False

    @classmethod
    def of(cls, name: str, measure: str | None, *, item: bool = False, never_open: bool = False) -> Self:
        """The particulars of a name as the file system gives it, byte by byte as it came."""
        exact = os.fsencode(name)
        shown = exact.decode(errors="backslashreplace")
        raw = None if shown.encode() == exact else base64.b64encode(exact).decode()
        return cls(name=shown, raw=raw, measure=measure, item=item, never_open=never_open)


def particulars_of(home: Home, sealed: Sealed) -> Particulars:
    """What is known of an exhibit besides its bytes. Raises KeyGone once its content is destroyed."""
    context = f"exhibit particulars {sealed.exhibit}"
    return Particulars.model_validate_json(
        home.keys.open(sealed.reference, KeyClass.CONTENT, sealed.particulars, context)
    )


def closed_seal(home: Home, reference: str, seal: Seal) -> bytes:
    """A seal as the list of exhibits takes it: under the request's record key, which outlives the content."""
    return home.keys.seal(reference, KeyClass.RECORD, canonical(seal), f"seal {seal.exhibit}")


def opened_seal(home: Home, exhibit: Sealed) -> Seal:
    """What `closed_seal` closed. Raises Tampered when it was closed for another exhibit or request, KeyGone."""
    opened = home.keys.open(exhibit.reference, KeyClass.RECORD, exhibit.seal, f"seal {exhibit.exhibit}")
    return Seal.model_validate_json(opened)


def custody_entry(home: Home, reference: str, custody: CustodyEntry, name: str) -> Entry:
    """A custody entry as the ledger takes it: sealed under the request's record key, which outlives the content.

    It names the trace that it is made in.
    """
    traced = custody.model_copy(update={"trace": tracing.trace_id()})
    return Entry(
        kind=Kind.CUSTODY,
        reference=reference,
        id=name,
        act=custody.action,
        status="",
        role=custody.role,
        person=custody.person,
        at=custody.at,
        body=home.keys.seal(reference, KeyClass.RECORD, canonical(traced), f"custody {name}"),
    )


def custody_links(home: Home, reference: str) -> Iterator[Link]:
    """The custody entries of all exhibits of a request, in the ledger's order. Raises KeyGone."""
    since = 0
    while page := _page(home, reference, since):
        yield from (_link(home, kept) for kept in page if kept.leaf.kind == Kind.CUSTODY)
        since = page[-1].index + 1


def _page(home: Home, reference: str, since: int) -> list[Kept]:
    with home.store.reading() as view:
        return list(log.entries(view, reference, since))


def _link(home: Home, kept: Kept) -> Link:
    leaf = kept.leaf
    try:
        opened = home.keys.open(leaf.reference, KeyClass.RECORD, kept.body, f"{leaf.kind} {leaf.id}")
    except KeyGone:
        raise KeyGone(
            "what custody says was closed under a key that is destroyed; its entries can still be proven"
        ) from None
    return Link(index=kept.index, recorded=leaf.at, custody=CustodyEntry.model_validate_json(opened))
