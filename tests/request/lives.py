"""A request for tests to live: deeds made short, checked and folded as the door does it."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from ulid import ULID

from comity.request.fold import begin, fold, happen, receive
from comity.request.lifecycle import Act, Role
from comity.request.model import (
    Channel,
    Deed,
    Direction,
    Exhibit,
    Gap,
    OnBehalf,
    Particulars,
    Receive,
    Request,
    SoughtMeasure,
    Urgency,
    Way,
    particulars_of,
)
from comity.request.rules import check, part_of

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
REFERENCE = "01K9ZZZZZZZZZZZZZZZZZZZZZZ"
_SERIAL = count(1)

SPOKEN = {"to": "the provider's duty desk", "number": "+352 99 1", "words": "keep what stands there"}
"""What an act by word of mouth says."""

LAW_KEPT = "default-0123456789ab"
"""The version of the law that a request of the newest edition keeps."""

GROUND = "own proceedings"
"""What a refusal, a postponement or a condition rests on."""

ANNA, BOB, CARLA, DAN, EVE = "p-anna", "p-bob", "p-carla", "p-dan", "p-eve"


def ulid() -> str:
    """A new id."""
    return str(ULID.from_int((1 << 120) + next(_SERIAL)))


def sought(number: int = 1, **more: Any) -> SoughtMeasure:
    """A measure that is sought: bank records under UNTOC, P3, unless said otherwise."""
    facts: dict[str, Any] = {"kind": "bank records", "instrument": "untoc", "urgency": Urgency.P3}
    return SoughtMeasure(id=f"M{number}", **(facts | more))


def coming_in(*measures: SoughtMeasure, gaps: tuple[Gap, ...] = (), edition: int = 0) -> Receive:
    """What a request is when it comes in; since the first edition it keeps a law."""
    return Receive(
        direction=Direction.ASKED_OF_US,
        requesting="PT",
        requested="LU",
        measures=measures or (sought(),),
        gaps=gaps,
        letter="0" * 64,
        law=LAW_KEPT if edition else "",
        edition=edition,
    )


def opening(*measures: SoughtMeasure, gaps: tuple[Gap, ...] = (), at: datetime = NOW, edition: int = 0) -> Deed:
    """The deed `receive`, done by Anna, a coordinator."""
    particulars = coming_in(*measures, gaps=gaps, edition=edition)
    return Deed(id=ulid(), act=Act.RECEIVE, person=ANNA, role=Role.COORDINATOR, received=at, particulars=particulars)


def begun(*measures: SoughtMeasure, gaps: tuple[Gap, ...] = (), at: datetime = NOW, edition: int = 0) -> Request:
    """A request that has just come in."""
    return begin(REFERENCE, receive(opening(*measures, gaps=gaps, at=at, edition=edition), at))


def deed(request: Request, act: Act, part: str, who: tuple[str, Role], /, **particulars: Any) -> Deed:
    """A deed by somebody who has just looked."""
    return Deed(
        id=ulid(),
        act=act,
        part=part,
        person=who[0],
        role=who[1],
        expected=part_of(request, part).revision,
        particulars=particulars_of(act)(**particulars),
    )


def do(request: Request, act: Act, part: str, who: tuple[str, Role], /, **particulars: Any) -> Request:
    """The request after a deed that the rules allow."""
    done = deed(request, act, part, who, **particulars)
    at = NOW + timedelta(minutes=request.version)
    check(request, done, at)
    return fold(request, happen(request, done, at))


def on_behalf() -> OnBehalf:
    """That an act of somebody outside is proven by a letter of the file."""
    return OnBehalf(channel=Channel.LETTER, exhibit=Exhibit(id=ulid(), sha256="5" * 64, size=7))


def gone_out(kind: str, *about: str) -> dict[str, Any]:
    """A letter that went out, about these parts."""
    exhibit = Exhibit(id=ulid(), sha256="6" * 64, size=11)
    return {"kind": kind, "way": Way.OUT, "channel": Channel.LETTER, "exhibit": exhibit, "about": about}


def note(request: Request) -> Particulars:
    """Words only."""
    return Particulars(words=f"at version {request.version}")


def proposed(request: Request, part: str, outcome: Act) -> Request:
    """A measure before the decider, proposed by Bob."""
    return do(request, Act.PROPOSE, part, (BOB, Role.REVIEWER), outcome=outcome, ground=GROUND)


def decided(request: Request, part: str, outcome: Act, **particulars: Any) -> Request:
    """A measure decided by Carla as Bob proposed it."""
    before = proposed(request, part, outcome)
    seen = part_of(before, part).proposal  # type: ignore[union-attr]
    return do(before, outcome, part, (CARLA, Role.DECIDER), seen=seen, **particulars)
