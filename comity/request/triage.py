"""Which urgency class the facts of a claim suggest, as one table, and which ladder a duty of that class climbs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from comity.request.lifecycle import Duty
from comity.request.model import Record, Urgency

SOON = timedelta(hours=72)
"""A risk to a child that begins within this time counts as a risk now (our default, ours to set)."""

IN_SIGHT = timedelta(days=30)
"""Data that will be lost within this time makes a class of its own: the first of the expiry alarms (our default)."""


class Claim(Record):
    """What is known of a request when its urgency is claimed. Whatever is not known stays at its default."""

    child_at_risk: bool = False
    child_at_risk_from: AwareDatetime | None = None
    child_missing_in_danger: bool = False
    child_abducted: bool = False
    extortion_with_signs_of_suicide: bool = False
    abuse_continuing: bool = False
    lead_to_place_or_person: bool = False
    victim_unidentified: bool = False
    data_lost_at: AwareDatetime | None = None
    custody_ends_at: AwareDatetime | None = None
    hearing_at: AwareDatetime | None = None
    suspect_may_flee: bool = False
    only_service: bool = False
    minor_matter: bool = False


@dataclass(frozen=True)
class Suggestion:
    """The class that the facts suggest, and every reason for that class, in words that name nobody."""

    urgency: Urgency
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    urgency: Urgency
    facts: tuple[str, ...]
    reason: str
    within: timedelta | None = None


_U = Urgency

# fmt: off
_ROWS: tuple[_Row, ...] = (
    #    class   when these are known                             because                                        within
    _Row(_U.P0,  ("child_at_risk",),                              "a child is at risk now"),
    _Row(_U.P0,  ("child_at_risk_from",),                         "a child will be at risk within 72 hours",  SOON),
    _Row(_U.P0,  ("abuse_continuing", "lead_to_place_or_person"), "abuse continues, with a lead to it"),
    _Row(_U.P0,  ("child_missing_in_danger",),                    "a child is missing with signs of danger"),
    _Row(_U.P0,  ("child_abducted",),                             "a child was abducted"),
    _Row(_U.P0,  ("extortion_with_signs_of_suicide",),            "extortion with signs of suicide"),
    _Row(_U.P1,  ("abuse_continuing",),                           "abuse continues"),
    _Row(_U.P1,  ("child_at_risk_from",),                         "a child will be at risk later"),
    _Row(_U.P1,  ("victim_unidentified",),                        "the victim is not identified"),
    _Row(_U.P1D, ("data_lost_at",),                               "data will be lost within 30 days",         IN_SIGHT),
    _Row(_U.P2,  ("custody_ends_at",),                            "somebody is in custody under a limit"),
    _Row(_U.P2,  ("hearing_at",),                                 "a hearing is fixed"),
    _Row(_U.P2,  ("suspect_may_flee",),                           "the suspect may flee"),
    _Row(_U.P4,  ("only_service",),                               "only documents are to be served"),
    _Row(_U.P4,  ("minor_matter",),                               "the matter is minor"),
    _Row(_U.P3,  (),                                              "nothing makes it more or less urgent"),
)
# fmt: on


def suggest(claim: Claim, now: datetime) -> Suggestion:
    """The class of the first row that holds, with the reasons of all rows of that class that hold.

    The classes are those of docs/glossary.md, their thresholds our defaults. It suggests; a person assesses.
    """
    holding = [row for row in _ROWS if _holds(row, claim, now)]
    urgency = holding[0].urgency
    return Suggestion(urgency, tuple(row.reason for row in holding if row.urgency == urgency))


def _holds(row: _Row, claim: Claim, now: datetime) -> bool:
    return all(_known(getattr(claim, fact), row.within, now) for fact in row.facts)


def _known(fact: bool | datetime | None, within: timedelta | None, now: datetime) -> bool:
    """Whether a fact is known and, if it is an instant, near enough; one that has passed counts too."""
    if within is not None and isinstance(fact, datetime):
        return fact <= now + within
    return bool(fact)


EXPIRY_LADDER = "preservation expiry"
DELIVERY_LADDER = "delivery"
_AT_ONCE = frozenset({Urgency.P0, Urgency.P1, Urgency.P1D})
_OF_THE_FILE = frozenset({Duty.SETTLE, Duty.END_WATCH, Duty.ANSWER_FURTHER_USE, Duty.RETURN})
_WAITING = frozenset({
    Duty.SUPPLEMENT, Duty.CONFIRM_TAKE_OVER, Duty.REPORT_PROGRESS, Duty.ANSWER_CONSULTATION, Duty.ANSWER_OFFER,
    Duty.REVIEW_POSTPONEMENT, Duty.RESOLVE_SUSPENSION, Duty.RESOLVE_HOLD, Duty.CONFIRM_RECEIPT, Duty.ANSWER,
    Duty.RATIFY, Duty.CONFIRM_IN_WRITING, Duty.TELL_OUTCOME, Duty.ACKNOWLEDGE_ASSIGNMENT, Duty.LOOK_AGAIN,
    Duty.DECIDE_PRIVILEGE, Duty.SEE_TO_SAFEGUARDS, Duty.ANSWER_ON_PROGRESS, Duty.DO_TASKS, Duty.DECIDE_REMEDY,
})  # fmt: skip


def ladder_name(duty: Duty, urgency: Urgency) -> str:
    """The name of the ladder that a duty climbs, as in comity/law/ladders.

    An urgent duty of ours climbs from its opening: somebody must take it. An urgent duty that waits (for an answer,
    for the hour of the next report) climbs from its deadline: ringing at once would say that nobody asked. Closing a
    file is never urgent. What lapses, and what is on its way, have ladders of their own, counted back from their end.
    """
    if duty == Duty.SEE_IT_ARRIVE:
        return DELIVERY_LADDER
    if duty == Duty.RENEW_OR_LET_GO:
        return EXPIRY_LADDER
    if duty in _OF_THE_FILE:
        return Urgency.P3.value
    if urgency in _AT_ONCE and duty in _WAITING:
        return f"{urgency.value} at the deadline"
    return urgency.value
