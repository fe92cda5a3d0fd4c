"""What was decided on each measure, read from the events of a request."""

from collections.abc import Iterable

from comity.letters.view import Outcome
from comity.request.lifecycle import Act, Status
from comity.request.model import Decision, Event, Proposal

Outcomes = dict[str, Outcome]
"""By the name of the measure."""


def outcomes_of(events: Iterable[Event]) -> Outcomes:
    """The standing decision on each measure that has one, with the reason told: the decision's, else its proposal's.

    A measure that came back to review has none until it is decided anew. `events` come in their order.
    """
    proposals: dict[str, Proposal] = {}
    decided: Outcomes = {}
    for event in events:
        if isinstance(event.particulars, Proposal):
            proposals[event.part] = event.particulars
        elif isinstance(event.particulars, Decision):
            decided[event.part] = _outcome(event, event.particulars, proposals.get(event.part))
        elif event.status == Status.SOUGHT or event.act == Act.ORDER_PROVISIONALLY:
            decided.pop(event.part, None)
    return decided


def _outcome(event: Event, decision: Decision, proposal: Proposal | None) -> Outcome:
    return Outcome(
        act=event.act,
        at=event.since,
        told=decision.told or (proposal.told if proposal else ""),
        conditions=decision.conditions or (proposal.conditions if proposal else ()),
        review_at=decision.review_at,
    )
