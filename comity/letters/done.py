"""What was done in a request as far as letters tell of it, read from its events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from comity.letters.view import Outcome
from comity.request.lifecycle import Act, Status
from comity.request.model import Decision, Event, NewQuestion, Proposal, ProviderFound, Receive


@dataclass(frozen=True)
class Done:
    """What was decided on each measure, the sentences of questions, other providers found, and which acts were done."""

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    sentences: Mapping[str, str] = field(default_factory=dict)
    providers: Mapping[str, tuple[ProviderFound, ...]] = field(default_factory=dict)
    acts: frozenset[tuple[str, Act]] = frozenset()


def done_of(events: Sequence[Event]) -> Done:
    """What the events of a request say, in their order.

    The reason told is that of the decision, else that of the proposal it was made on. A measure that came back to
    review has no decision until it is decided anew.
    """
    proposals: dict[str, Proposal] = {}
    decided: dict[str, Outcome] = {}
    acts: set[tuple[str, Act]] = set()
    for event in events:
        acts.add((event.part, event.act))
        if isinstance(event.particulars, Proposal):
            proposals[event.part] = event.particulars
        elif isinstance(event.particulars, Decision):
            decided[event.part] = _outcome(event, event.particulars, proposals.get(event.part))
        elif event.status == Status.SOUGHT:
            decided.pop(event.part, None)
    return Done(decided, dict(_sentences(events)), _providers(events), frozenset(acts))


def _sentences(events: Sequence[Event]) -> Iterator[tuple[str, str]]:
    """Each question that was asked with a sentence for letters; those that the request itself raised come first."""
    number = 0
    for event in events:
        asked = event.particulars
        if isinstance(asked, Receive):
            number += len(asked.gaps)
        elif isinstance(asked, NewQuestion):
            number += 1
            if asked.told:
                yield f"Q{number}", asked.told


def _providers(events: Sequence[Event]) -> dict[str, tuple[ProviderFound, ...]]:
    found: dict[str, tuple[ProviderFound, ...]] = {}
    for event in events:
        if isinstance(event.particulars, ProviderFound):
            found[event.part] = (*found.get(event.part, ()), event.particulars)
    return found


def _outcome(event: Event, decision: Decision, proposal: Proposal | None) -> Outcome:
    return Outcome(
        act=event.act,
        at=event.since,
        told=decision.told or (proposal.told if proposal else ""),
        conditions=decision.conditions or (proposal.conditions if proposal else ()),
        review_at=decision.review_at,
    )
