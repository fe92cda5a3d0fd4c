"""Post that belongs to no request yet: people are told that it waits, by the ladder of its class, until it is filed."""

from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict
from temporalio import activity
from ulid import ULID

from activities.notices import By, notice
from comity.home import Home
from comity.law.library import Law
from comity.ledger import log
from comity.register import post
from comity.register.post import Piece
from comity.request.lifecycle import Role
from comity.request.model import Ladder, PersonId, Rung, Urgency

AT_ONCE = 20
"""Of how many pieces people are told in one sweep: a full letter box is no flood of mail."""
FILE_IT = "post/file it"
"""What is due with a piece, as the duties of requests are spelt."""
_MACHINE = "system"


class Waiting(BaseModel):
    """A piece that waits, and whom the rung that is due tells."""

    model_config = ConfigDict(frozen=True)

    piece: Piece
    roles: tuple[Role, ...]
    rung: int
    round: int


class ToldOfPost(BaseModel):
    """That people were told that a piece waits, at an instant."""

    model_config = ConfigDict(frozen=True)

    waiting: Waiting
    people: tuple[PersonId, ...]
    at: AwareDatetime

    @property
    def name(self) -> str:
        """What it is known by: once for each time that people are told."""
        return f"post {self.waiting.piece.id}, told {self.waiting.piece.told + 1} times"


def first_told(law: Law, urgency: Urgency, taken: datetime) -> datetime:
    """When people are first told of a piece of that class: whoever took it in knows, so it is the first delay."""
    return taken + _delays(law.ladders[urgency])[0].after


def _delays(ladder: Ladder) -> tuple[Rung, ...]:
    """The rungs after the start. A piece has no deadline: each ladder counts from when it was taken in."""
    return tuple(rung for rung in ladder.rungs if rung.after > timedelta(0))


class PostRoom:
    """Has people told of what waits. Files nothing, and sets nothing aside."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._law = home.laws.today

    @activity.defn(name="waiting post")
    def waiting(self) -> list[Waiting]:
        """The pieces of which people are to be told now, the longest due first. Changes nothing, so safe to repeat."""
        with self._home.store.reading() as view:
            due = post.due(view, datetime.now(UTC), AT_ONCE)
        return [self._waiting(piece) for piece in due]

    def _waiting(self, piece: Piece) -> Waiting:
        rungs = _delays(self._law.ladders[piece.urgency])
        round_, rung = divmod(piece.told, len(rungs))
        return Waiting(piece=piece, roles=rungs[rung].tell, rung=rung, round=round_)

    @activity.defn(name="told of post")
    def told(self, told: ToldOfPost) -> None:
        """Enter who was told, and when they are told again. Safe to repeat: each telling has one id, and one count."""
        piece, by = told.waiting.piece, By(at=told.at)
        entry = notice(self._home, piece.id, told, act="tell that post waits", name=told.name, by=by)
        with self._home.store.transaction() as tx:
            post.told(tx, piece, self._again(told))
            if not log.stands(tx, piece.id, told.name):
                log.append(tx, [entry])

    def _again(self, told: ToldOfPost) -> datetime:
        """The next rung counts from when it was taken in; at its top the ladder begins again, after its pause."""
        piece, ladder = told.waiting.piece, self._law.ladders[told.waiting.piece.urgency]
        above = _delays(ladder)[piece.told + 1 :]
        return max(told.at, ULID.from_str(piece.id).datetime + above[0].after) if above else told.at + ladder.pause
