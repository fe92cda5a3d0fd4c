"""The custody of an exhibit, told as a person reads it: the oldest entry first, and whether the chain is unbroken.

It is read from the ledger as a story is: that opens what is said of the exhibit and none of its bytes, and no entry is
made of it.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict

from activities.exhibits import Particulars, custody_links, opened_seal, particulars_of
from comity.errors import KeyGone, NotFound
from comity.evidence import exhibits
from comity.evidence.chain import Break, Link, breaks, in_order
from comity.evidence.custody import CustodyEntry
from comity.evidence.exhibits import Sealed
from comity.evidence.naming import visible
from comity.home import Home
from desk.wording import instant

AT_ONCE = timedelta(minutes=2)
"""What was entered within that time of happening was entered at once; else both instants are told."""

GONE_NAME = "destroyed with the content key"


class Custody(BaseModel):
    """An exhibit's chain. `sha256` and `size` (bytes) are its seal's: of a thing, of the description that was sealed.

    `name` is None once the content key is destroyed. `parents` and `children` are exhibits of the same request.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    exhibit: str
    reference: str
    name: str | None
    item: bool
    never_open: bool = False
    sha256: str
    size: int
    sealed_at: AwareDatetime
    parents: tuple[str, ...]
    children: tuple[str, ...]
    entries: tuple[Link, ...]
    breaks: tuple[Break, ...]

    @property
    def verdict(self) -> tuple[str, ...]:
        """Whether the chain is unbroken; where it is not, a line for each place."""
        if not self.breaks:
            return (f"The chain of custody is unbroken: {_entries(len(self.entries))}.",)
        return tuple(f"THE CHAIN IS BROKEN at entry {each.number}: {each.why}." for each in self.breaks)


class Listed(BaseModel):
    """One exhibit of a request: what it is, its name, how many entries its chain has, and whether that is unbroken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    exhibit: str
    what: str
    name: str
    entries: int
    unbroken: bool

    @property
    def line(self) -> str:
        """The same for a terminal."""
        chain = "unbroken" if self.unbroken else "BROKEN"
        return f"{self.exhibit}  {_entries(self.entries):>11}, {chain:<8}  {self.what}: {visible(self.name)}"


def _entries(number: int) -> str:
    return f"{number} {'entry' if number == 1 else 'entries'}"


def is_exhibit(home: Home, named: str) -> bool:
    """Whether an exhibit has that id."""
    with home.store.reading() as view, suppress(NotFound):
        exhibits.find(view, named)
        return True
    return False


def listed(home: Home, reference: str) -> Iterator[Listed]:
    """All exhibits of a request, papers as well, in the order in which they were sealed. Raises KeyGone."""
    links = tuple(custody_links(home, reference))
    with home.store.reading() as view:
        found = exhibits.of_request(view, reference)
    for sealed in found:
        known = _known(home, sealed)
        chain = in_order([link for link in links if link.custody.exhibit == sealed.exhibit])
        yield Listed(
            exhibit=sealed.exhibit,
            what=_what(known),
            name=known.name if known else GONE_NAME,
            entries=len(chain),
            unbroken=not breaks([link.custody for link in chain]),
        )


def custody_of(home: Home, exhibit: str) -> Custody:
    """All that was entered of an exhibit. Raises NotFound, and KeyGone once the record key is destroyed."""
    with home.store.reading() as view:
        sealed = exhibits.find(view, exhibit)
    seal, known = opened_seal(home, sealed), _known(home, sealed)
    links = tuple(custody_links(home, sealed.reference))
    chain = in_order([link for link in links if link.custody.exhibit == exhibit])
    return Custody(
        exhibit=exhibit,
        reference=sealed.reference,
        name=known and known.name,
        item=known is not None and known.item,
        never_open=known is not None and known.never_open,
        sha256=seal.sha256,
        size=seal.size,
        sealed_at=seal.sealed_at,
        parents=_once(link.custody.parent for link in chain),
        children=_once(link.custody.exhibit for link in links if link.custody.parent == exhibit),
        entries=chain,
        breaks=breaks([link.custody for link in chain]),
    )


def _known(home: Home, sealed: Sealed) -> Particulars | None:
    try:
        return particulars_of(home, sealed)
    except KeyGone:
        return None


def _what(known: Particulars | None) -> str:
    if known is None or not known.item:
        return "bytes, never to be opened" if known and known.never_open else "bytes"
    return "thing"


def _once(named: Iterator[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in named if name))


# --- as a person reads it ---------------------------------------------------------------------------------------------

Row = tuple[str, str]
"""A label, and what stands beside it."""


class Paragraph(BaseModel):
    """One entry as it is read: its number and title, and its rows."""

    number: int
    title: str
    rows: tuple[Row, ...]


def head(custody: Custody) -> tuple[Row, ...]:
    """What is said once, of the exhibit itself: its hashes whole."""
    told = GONE_NAME if custody.name is None else visible(custody.name)
    rows = (
        ("exhibit", custody.exhibit),
        ("request", custody.reference),
        ("thing" if custody.item else "name", told),
        ("sealed", f"{instant(custody.sealed_at)} UTC, {custody.size} bytes{_of_what(custody)}"),
        ("SHA-256", custody.sha256),
        ("never opened", "its bytes leave closed to a recipient, and no other way" if custody.never_open else ""),
        ("taken from", ", ".join(custody.parents)),
        ("led to", ", ".join(custody.children)),
    )
    return tuple(row for row in rows if row[1])


def _of_what(custody: Custody) -> str:
    return " of description: it is a thing" if custody.item else ""


def paragraphs(custody: Custody) -> Iterator[Paragraph]:
    """The entries, the oldest first, with what each says and nothing of what it does not say."""
    for number, link in enumerate(custody.entries, 1):
        title = f"{link.custody.action}, {_when(link.custody)}"
        rows = tuple(row for row in _rows(link, custody.sha256) if row[1])
        yield Paragraph(number=number, title=title, rows=rows)


def _when(entry: CustodyEntry) -> str:
    there = "" if entry.zone == "UTC" else f" = {instant(entry.at.astimezone(ZoneInfo(entry.zone)))} {entry.zone}"
    return f"{instant(entry.at)} UTC{there}"


def _rows(link: Link, sha256: str) -> tuple[Row, ...]:
    entry = link.custody
    return (
        ("by", f"{entry.person} as {entry.role}, {entry.organisation}"),
        ("why", entry.reason),
        ("from → to", _pair(entry.handed_by, entry.handed_to)),
        ("place", entry.place or ""),
        ("condition", entry.condition or ""),
        ("seal numbers", _pair(entry.seal_number_before, entry.seal_number_after)),
        ("taken from", entry.parent or ""),
        ("tool", " ".join(filter(None, (entry.tool, entry.tool_version)))),
        ("authorised by", entry.authorisation or ""),
        ("signed sheet", entry.signed or ""),
        ("SHA-256", _pair(_short(entry.hash_before, sha256), _short(entry.hash_after, sha256))),
        ("entered", _entered(link)),
        ("in the ledger", str(link.index)),
    )


def _pair(before: str | None, after: str | None) -> str:
    return f"{before or '…'} → {after or '…'}" if before or after else ""


def _short(digest: str | None, sha256: str) -> str | None:
    """The beginning of the hash that stands whole at the head; any other is told whole."""
    return f"{digest[:12]}…" if digest == sha256 else digest


def _entered(link: Link) -> str:
    if not link.custody.late and abs(link.recorded - link.custody.at) <= AT_ONCE:
        return ""
    return f"{instant(link.recorded)} UTC" + (f", late: {link.custody.late}" if link.custody.late else "")


def lines(custody: Custody) -> Iterator[str]:
    """The whole chain for a terminal: the head, each entry, and at the end whether it is unbroken."""
    yield from (f"{label:<14}{told}" for label, told in head(custody))
    for each in paragraphs(custody):
        yield ""
        yield f"{each.number:>3}. {each.title}"
        yield from (f"     {label:<14}{told}" for label, told in each.rows)
    yield ""
    yield from custody.verdict


def printed_at(at: datetime) -> str:
    """When a page was made, for its foot."""
    return f"{instant(at)} UTC"
