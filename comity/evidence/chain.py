"""The custody of one exhibit read as a chain: in the order in which it happened, with each place where it breaks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import AwareDatetime, BaseModel, ConfigDict

from comity.evidence.custody import Action, CustodyEntry

_BEGINS = frozenset({Action.COLLECTED, Action.SEALED, Action.RECEIVED})
_CHANGES_HANDS = frozenset({Action.COLLECTED, Action.RECEIVED, Action.MOVED, Action.RETURNED})
"""What puts the exhibit itself into other hands: what is released or copied stays where it was, a copy goes out."""


class Link(BaseModel):
    """One entry of a chain: its index in the ledger, when it was entered there, and what it says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: int
    recorded: AwareDatetime
    custody: CustodyEntry


class Break(BaseModel):
    """Where a chain breaks: at which entry (the first is 1), and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    why: str


def in_order(links: Sequence[Link]) -> tuple[Link, ...]:
    """The oldest first, by when it happened; what happened at one instant as the ledger has it."""
    return tuple(sorted(links, key=lambda link: (link.custody.at, link.index)))


def breaks(chain: Sequence[CustodyEntry]) -> tuple[Break, ...]:
    """Each place where these entries, the oldest first, do not follow one from another; none: it is unbroken.

    What an entry found (hash, numbers of physical seals, from whose hands) must be what the last one that says so left.
    """
    return tuple(_breaks(chain))


def _breaks(chain: Sequence[CustodyEntry]) -> Iterator[Break]:
    left = _Left()
    for number, entry in enumerate(chain, 1):
        yield from (Break(number=number, why=why) for why in _objections(left, number, entry))
        left = left.after(number, entry)


@dataclass(frozen=True)
class _Said:
    """What an entry said, and its number."""

    by: int
    what: str


@dataclass(frozen=True)
class _Left:
    """What is known of an exhibit after some entries."""

    sha256: _Said | None = None
    seal_number: _Said | None = None
    hands: _Said | None = None
    destroyed: int | None = None

    def after(self, number: int, entry: CustodyEntry) -> "_Left":
        """The same after one more, as far as it says so."""
        found = None if entry.parent else entry.hash_before
        hands = entry.handed_to if entry.action in _CHANGES_HANDS else None
        numbers = entry.seal_number_after or entry.seal_number_before
        return replace(
            self,
            sha256=_newer(self.sha256, number, entry.hash_after or found),
            seal_number=_newer(self.seal_number, number, numbers),
            hands=_newer(self.hands, number, hands),
            destroyed=number if entry.action is Action.DESTROYED else self.destroyed,
        )


def _newer(before: _Said | None, number: int, what: str | None) -> _Said | None:
    return _Said(number, what) if what else before


def _objections(left: _Left, number: int, entry: CustodyEntry) -> Iterator[str]:
    if number == 1 and entry.action not in _BEGINS and not entry.parent:
        yield f"it begins with '{entry.action}': nothing says from where the exhibit came"
    if left.destroyed is not None:
        yield f"by entry {left.destroyed} the exhibit was destroyed"
    yield from _of_hashes(left, entry)
    if by := _left_other(left.seal_number, entry.seal_number_before):
        yield f"the physical seal that was found is not the one that entry {by} left"
    if entry.action in _CHANGES_HANDS and (by := _left_other(left.hands, entry.handed_by)):
        yield f"it is handed on by others than those to whom entry {by} handed it"


def _of_hashes(left: _Left, entry: CustodyEntry) -> Iterator[str]:
    found = None if entry.parent else entry.hash_before  # what was found is the parent's
    if by := _left_other(left.sha256, found):
        yield f"the SHA-256 that was found is not the one that entry {by} left"
    if found is None and (by := _left_other(left.sha256, entry.hash_after)):
        yield f"the SHA-256 after it is not the one that entry {by} left"
    if found and entry.hash_after and found != entry.hash_after:
        yield "the SHA-256 after it is not the one before it"


def _left_other(left: _Said | None, found: str | None) -> int | None:
    """The number of the entry that left something else than was found; None where it is the same, or one is silent."""
    if left is None or found is None or _plain(left.what) == _plain(found):
        return None
    return left.by


def _plain(text: str) -> str:
    """However it is spaced, and in whatever case."""
    return " ".join(text.split()).casefold()
