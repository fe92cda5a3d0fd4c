"""Post that belongs to no request yet: each piece waits, by its class, until it is filed in a request or set aside."""

from datetime import datetime

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, ConfigDict

from comity.errors import NotFound, Refused
from comity.register.tables import POST
from comity.request.model import Channel, Ulid, Urgency


class Piece(BaseModel):
    """One letter, slip or note: its id, how and when it came, from which State (ISO 3166-1) where that is known.

    `known`: keyed index of that State's number. `told`: how often people were told that it waits, `next_at` when next.
    `ended`: when it was filed in the request `reference`, or (None) set aside.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Ulid
    exhibit: Ulid
    at: AwareDatetime
    channel: Channel
    urgency: Urgency
    state: str | None = None
    known: str | None = None
    told: int = 0
    next_at: AwareDatetime
    ended: AwareDatetime | None = None
    reference: Ulid | None = None


def come(tx: sa.Connection, piece: Piece) -> None:
    """Enter a piece that came in."""
    tx.execute(POST.insert().values(piece.model_dump()))


def find(view: sa.Connection, fragment: str) -> Piece:
    """The piece that a person means by its beginning or end, four characters or more. Raises NotFound."""
    wanted = fragment.strip().upper()
    if len(wanted) < 4 or not wanted.isalnum() or not wanted.isascii():
        raise NotFound("a piece of post has an id of 26 letters and digits; four of its beginning or end are enough")
    meant = sa.or_(POST.c.id.startswith(wanted), POST.c.id.endswith(wanted))
    found = view.execute(sa.select(POST).where(meant).limit(3)).all()
    if not found:
        raise NotFound(f"no piece of post has an id like {wanted}; `comity list --unmatched` shows what waits")
    if len(found) > 1:
        raise NotFound(f"{wanted} is not one piece: {', '.join(row.id for row in found)}; give more of it")
    return Piece.model_validate(found[0]._asdict())


def end(tx: sa.Connection, piece: str, at: datetime, reference: str | None) -> bool:
    """Let a piece wait no longer: it is filed in a request, or (None) set aside. Says whether it waited until now.

    Raises Refused when it ended otherwise.
    """
    waits = sa.and_(POST.c.id == piece, POST.c.ended.is_(None))
    ended = tx.execute(POST.update().where(waits).values(ended=at, reference=reference)).rowcount
    refuse_ended(find(tx, piece), reference)
    return bool(ended)


def refuse_ended(piece: Piece, reference: str | None) -> None:
    """Raises Refused for a piece that was filed in another request than this one, or was set aside."""
    if piece.ended and piece.reference != reference:
        where = f"is filed in {piece.reference}" if piece.reference else "was set aside"
        raise Refused(f"this piece of post {where} already; `comity trace {piece.id}` tells by whom")


def told(tx: sa.Connection, piece: Piece, next_at: datetime) -> None:
    """Enter that people were told that a piece waits, unless this telling is entered already."""
    same = sa.and_(POST.c.id == piece.id, POST.c.told == piece.told)
    tx.execute(POST.update().where(same).values(told=piece.told + 1, next_at=next_at))


def waiting(view: sa.Connection, limit: int) -> list[Piece]:
    """The pieces that wait, the longest waiting first."""
    wanted = sa.select(POST).where(POST.c.ended.is_(None)).order_by(POST.c.at, POST.c.id).limit(limit)
    return [Piece.model_validate(row._asdict()) for row in view.execute(wanted)]


def due(view: sa.Connection, before: datetime, limit: int) -> list[Piece]:
    """The pieces that wait and of which people were to be told before an instant, the longest due first."""
    waiting = sa.select(POST).where(POST.c.ended.is_(None), POST.c.next_at <= before)
    return [Piece.model_validate(row._asdict()) for row in view.execute(waiting.order_by(POST.c.next_at).limit(limit))]
