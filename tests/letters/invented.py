"""One invented request in which something of every kind can be told, with a marker in all that is kept for the file."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from comity.law.library import Law
from comity.letters.choosing import Wanted, settled
from comity.letters.done import done_of
from comity.letters.kinds import KindOfLetter, kinds
from comity.letters.rendering import render
from comity.letters.view import View
from comity.letters.viewing import Known, view_of
from comity.request.fold import begin, fold, happen, receive
from comity.request.letter import Letter
from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Exhibit, Gap, SoughtMeasure, Urgency, particulars_of
from comity.request.rules import check, part_of
from tests.request import letters
from tests.request.lives import ANNA, BOB, CARLA, DAN, EVE, NOW, REFERENCE, opening, ulid

KEPT = "kept-for-the-file"
"""Stands in every reason, ground and note of the request."""

TOLD = {
    Act.GRANT: "The records will be obtained from the bank.",
    Act.REFUSE: "Proceedings of our own are under way against the same person.",
    Act.POSTPONE: "An investigation of our own would suffer.",
    Act.OFFER_CONDITIONS: "The data concern persons who are under no suspicion.",
}
WRITTEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
UNTIL = datetime(2027, 2, 20, 12, 0, tzinfo=UTC)
KINDS = (
    "expedited preservation", "bank records", "bank records", "interception", "service of documents",
    "criminal records", "search and seizure", "production of subscriber data", "expedited preservation",
    "spontaneous information", "spontaneous information",
)  # fmt: skip
_COORDINATOR, _OFFICER, _REVIEWER = (ANNA, Role.COORDINATOR), (BOB, Role.DUTY_OFFICER), (BOB, Role.REVIEWER)
_DECIDER, _EXECUTING, _ASKING = (CARLA, Role.DECIDER), (DAN, Role.EXECUTING_AUTHORITY), (EVE, Role.REQUESTING_AUTHORITY)
_EVIDENCE, _SECOND = (DAN, Role.EVIDENCE_OFFICER), (EVE, Role.HEAD_OF_UNIT)
PROVIDERS: tuple[dict[str, str], ...] = (
    {"provider": "Invented Relay Ltd", "country": "IE", "path": "handed over by 192.0.2.7 on 20 November, 09:00 UTC"},
    {"provider": "Rede Inventada S.A.", "country": "PT", "path": "handed over by 192.0.2.9 on 20 November, 09:01 UTC"},
)
FOUND = Exhibit(id="01K9XXXXXXXXXXXXXXXXXXXXXX", sha256="a" * 64, size=7)
OBTAINED = Exhibit(id="01K9YYYYYYYYYYYYYYYYYYYYYY", sha256="b" * 64, size=9)
NAMED = {"nil report": ("M6",)}
"""The parts of the letters that must be told them."""


class Life:
    """A request with all its events."""

    def __init__(self, first: Deed) -> None:
        event = receive(first, NOW)
        self.request, self.events = begin(REFERENCE, event), [event]

    def do(self, act: Act, part: str, who: tuple[str, Role], /, **given: Any) -> None:
        """A deed with a marker in whatever it keeps for the file."""
        request, kind = self.request, particulars_of(act)
        kept = {
            name: f"{KEPT} {name} {part.lower()}" for name in ("words", "reason", "ground") if name in kind.model_fields
        }
        seen = {"expected": part_of(request, part).revision, "particulars": kind(**(kept | given))}
        deed = Deed(id=ulid(), act=act, part=part, person=who[0], role=who[1], **seen)
        at = NOW + timedelta(minutes=request.version)
        check(request, deed, at)
        event = happen(request, deed, at)
        self.request = fold(request, event)
        self.events.append(event)

    def decided(self, part: str, outcome: Act, **more: Any) -> None:
        """Proposed by Bob with a reason that is told; decided by Carla, who adds nothing to it."""
        self.do(Act.PROPOSE, part, _REVIEWER, outcome=outcome, told=TOLD[outcome], **more)
        proposal = getattr(part_of(self.request, part), "proposal", None)
        review = {"review_at": UNTIL} if outcome == Act.POSTPONE else {}
        self.do(outcome, part, _DECIDER, seen=proposal, **review)

    def granted(self, part: str) -> None:
        """Granted, given to who carries it out, and begun."""
        self.decided(part, Act.GRANT)
        self.do(Act.ASSIGN, part, _COORDINATOR)
        self.do(Act.START, part, _EXECUTING)


def life() -> Life:
    """The request, lived until something of every kind can be told."""
    lived = Life(opening(*_sought(), gaps=(Gap(id="Q1", field="purpose"),)))
    spoken = {"to": KEPT, "number": KEPT}
    lived.do(Act.OPEN_REVIEW, "request", _COORDINATOR)
    lived.do(Act.VERIFY_SENDER, "request", _COORDINATOR, number=KEPT)
    _at_night(lived, spoken)
    _decide(lived)
    for part, ending in (("M2", Act.COMPLETE), ("M5", Act.COMPLETE), ("M6", Act.COMPLETE_IN_PART)):
        lived.granted(part)
        lived.do(ending, part, _EXECUTING)
    lived.decided("M10", Act.GRANT)
    lived.do(Act.DECLINE_INFORMATION, "M11", _SECOND)
    lived.granted("M7")
    lived.do(Act.REPORT_IMPOSSIBLE, "M7", _EXECUTING)
    lived.do(Act.ASK, "request", _COORDINATOR, to=Role.PROVIDER)
    lived.do(Act.ASK, "request", _COORDINATOR, to=Role.COURT, told=TO_THE_COURT)
    _dispatch(lived)
    lived.do(Act.RATIFY, "M1", _SECOND)
    lived.do(Act.RATIFY_DISCLOSURE, "P1", _SECOND)
    for found in PROVIDERS:
        lived.do(Act.FIND_OTHER_PROVIDER, "M1", _EXECUTING, **found)
    return lived


def _sought() -> Iterator[SoughtMeasure]:
    for number, kind in enumerate(KINDS, 1):
        alone = kind == "expedited preservation"
        instrument = "budapest" if alone else "untoc"
        urgency = Urgency.P0 if alone else Urgency.P3
        yield SoughtMeasure(
            id=f"M{number}", kind=kind, instrument=instrument, urgency=urgency, one_person=alone, lasts=alone
        )


def _at_night(lived: Life, spoken: dict[str, str]) -> None:
    """One officer orders two measures and discloses what one of them gave; a second person is not content with M9."""
    for part in ("M1", "M9"):
        lived.do(Act.ORDER_PROVISIONALLY, part, _OFFICER, **spoken)
    lived.do(Act.START, "M1", _EXECUTING)
    lived.do(Act.PUT_IN_FORCE, "M1", _EXECUTING, until=UNTIL)
    _drafted(lived, "M1", FOUND)
    lived.do(Act.DISCLOSE_AT_ONCE, "P1", _OFFICER, **spoken)
    lived.do(Act.REFUSE_RATIFICATION, "M9", _SECOND)


def _drafted(lived: Life, measure: str, exhibit: Exhibit) -> None:
    lived.do(Act.DEPOSIT, measure, _EVIDENCE, exhibit=exhibit)
    lived.do(Act.DRAFT_PACKAGE, "request", _EVIDENCE, exhibits=(exhibit.id,), recipient="requester")


def _decide(lived: Life) -> None:
    for part in ("M3", "M4"):
        lived.do(Act.CONSULT, part, _REVIEWER, until=UNTIL)
        lived.do(Act.ANSWER_CONSULTATION, part, _ASKING)
    lived.decided("M3", Act.REFUSE)
    lived.decided("M4", Act.POSTPONE)
    lived.decided(
        "M8", Act.OFFER_CONDITIONS, conditions=("used in these proceedings only", "destroyed after the trial")
    )


def _dispatch(lived: Life) -> None:
    _drafted(lived, "M2", OBTAINED)
    lived.do(Act.PROPOSE_RELEASE, "P2", _EVIDENCE)
    lived.do(Act.APPROVE_RELEASE, "P2", _SECOND, seen=lived.request.packages[1].content)
    lived.do(Act.DISPATCH, "P2", _EVIDENCE)


@cache
def told() -> Life:
    """The request, lived once."""
    return life()


LETTER: dict[str, Any] = {
    "issuing_authority": {"name": "Procuradoria Inventada", "address": "Rua do Exemplo 1\n1000 Lisboa"},
    "own_reference": "PT 123/26",
    "legal_bases": [{"instrument": "untoc", "article": "18(3)"}, {"instrument": "budapest", "article": "29"}],
    "measures": [
        {
            "kind": "expedited preservation",
            "data": {
                "provider": "Exempla Mail S.A.",
                "account": "nobody@mail.example",
                "starts_at": "2026-11-01T00:00:00+01:00",
                "ends_at": "2026-11-20T09:00:00+00:00",
            },
        }
    ],
}
TO_THE_COURT = "Please state when the order was served."
SENTENCE = "Please state the purpose for which the evidence, information or action is sought."


@cache
def known() -> Known:
    """What is known of the request: its letter is the one above."""
    return Known(
        law=Law.load(),
        us="LU",
        letter=letters.letter(**LETTER),
        sentences={"Q1": SENTENCE},
        done=done_of(told().events),
    )


def wanted(kind: KindOfLetter, **more: Any) -> Wanted:
    """A letter of that kind, with a date where it may have one."""
    until = None if kind.until == "none" else UNTIL
    return Wanted(kind=kind.id, written=WRITTEN, until=until, about=NAMED.get(kind.id, ()), **more)


def view(kind: KindOfLetter, letter: Letter | None = None, **more: Any) -> View:
    """What a letter of that kind may know of the request."""
    request = told().request
    meant = settled(request, wanted(kind, **more), known().done)
    return view_of(request, meant, replace(known(), letter=letter) if letter else known())


@cache
def every_text(letter: Letter | None = None) -> dict[str, str]:
    """Each letter that can be written, by kind and recipient: those to others ask what those were asked."""
    return {
        f"{kind.id} to {to}": render(view(kind, letter, to=to))
        for kind in kinds().values()
        for to in kind.to
        if not (kind.sentences and to in (Role.PROVIDER, Role.EXECUTING_AUTHORITY))
    }
