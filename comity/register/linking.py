"""Which requests name the same thing. What they name is kept as a keyed digest: it confirms a guess to nobody."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from comity.register.tables import LINK, MARK, REQUEST
from comity.store import alone

_LINKING = 61728
"""Where marks are looked for and entered, by one at a time: of two that come at once the later finds the earlier."""
MOST = 20
"""How many marks of other requests one that comes in is linked by."""


class Link(BaseModel):
    """One other request that names the same, by which kinds of mark (`account`, `telephone`), since when."""

    model_config = ConfigDict(frozen=True)

    reference: str
    other: str
    kinds: tuple[str, ...]
    at: datetime


def enter(tx: sa.Connection, reference: str, marks: Mapping[str, str], at: datetime) -> list[Link]:
    """Keep a request's marks (kind by keyed digest). Returns its links, and those of others to it, that are new.

    Of what very many name only the newest requests count: it tells them apart no more.
    """
    alone(tx, _LINKING)
    known = set(tx.execute(sa.select(MARK.c.index).where(MARK.c.reference == reference)).scalars())
    fresh = [{"index": index, "reference": reference} for index in sorted(marks.keys() - known)]
    if not fresh:
        return []
    tx.execute(MARK.insert(), fresh)
    found = [link for link in _both_ways(_others(tx, reference, marks), reference, at) if not _stands(tx, link)]
    if found:
        tx.execute(LINK.insert(), [link.model_dump() | {"kinds": ", ".join(link.kinds)} for link in found])
    return found


def _others(tx: sa.Connection, reference: str, marks: Mapping[str, str]) -> dict[str, set[str]]:
    """The other requests that have some of these marks, and of which kinds."""
    same = sa.select(MARK.c.reference, MARK.c.index).where(MARK.c.index.in_(marks), MARK.c.reference != reference)
    kinds = defaultdict[str, set[str]](set)
    for other, index in tx.execute(same.order_by(MARK.c.reference.desc()).limit(MOST)):
        kinds[other].add(marks[index])
    return kinds


def _both_ways(others: Mapping[str, set[str]], reference: str, at: datetime) -> Iterator[Link]:
    for other, kinds in sorted(others.items()):
        yield Link(reference=reference, other=other, kinds=tuple(sorted(kinds)), at=at)
        yield Link(reference=other, other=reference, kinds=tuple(sorted(kinds)), at=at)


def _stands(tx: sa.Connection, link: Link) -> bool:
    same = sa.and_(LINK.c.reference == link.reference, LINK.c.other == link.other)
    return tx.execute(sa.select(LINK.c.other).where(same)).first() is not None


def of(view: sa.Connection, reference: str) -> list[Link]:
    """The links of a request, the oldest first."""
    rows = view.execute(sa.select(LINK).where(LINK.c.reference == reference).order_by(LINK.c.at, LINK.c.other))
    return [Link(**{**row._asdict(), "kinds": tuple(row.kinds.split(", "))}) for row in rows]


def untold(view: sa.Connection, limit: int) -> list[tuple[str, str, int]]:
    """(reference, class, all its links) of each request with a link that nobody was told of, urgent first."""
    counted = sa.select(LINK.c.reference, REQUEST.c.urgency, sa.func.count().label("links"))
    grouped = counted.join(REQUEST, REQUEST.c.reference == LINK.c.reference).group_by(
        LINK.c.reference, REQUEST.c.urgency
    )
    waiting = grouped.where(LINK.c.reference.in_(sa.select(LINK.c.reference).where(LINK.c.told_at.is_(None))))
    rows = view.execute(waiting.order_by(REQUEST.c.urgency, LINK.c.reference).limit(limit))
    return [(row.reference, row.urgency, row.links) for row in rows]


def told(tx: sa.Connection, reference: str, links: int, at: datetime) -> None:
    """Enter that people were told of its links, the oldest so many. Safe to repeat."""
    oldest = sa.select(LINK.c.other).where(LINK.c.reference == reference).order_by(LINK.c.at, LINK.c.other).limit(links)
    which = sa.and_(LINK.c.reference == reference, LINK.c.other.in_(oldest), LINK.c.told_at.is_(None))
    tx.execute(LINK.update().where(which).values(told_at=at))
