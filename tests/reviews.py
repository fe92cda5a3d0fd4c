"""What stands before a proposal, for tests: a finding on each ground, and the stamp of the law that a request keeps."""

from typing import Any

from comity.request.lifecycle import Act
from comity.request.model import ByLaw, Measure, Request
from comity.request.rules import ON_A_GROUND, part_of
from desk.counter import Counter
from desk.filling import On, filled


def stamped(counter: Counter, request: Request, part: str, given: dict[str, Any]) -> dict[str, Any]:
    """A proposal as the counter stamps it."""
    return filled(counter, On(request, part), Act.PROPOSE, given)


def grounds(counter: Counter, request: Request, part: str) -> tuple[str, ...]:
    """The grounds of a measure's instrument, those that bind us first."""
    stamp = ByLaw.model_validate(stamped(counter, request, part, {"outcome": Act.GRANT})["by_law"])
    return (*stamp.must, *stamp.may)


def ground_for(counter: Counter, request: Request, part: str, outcome: Act) -> str:
    """A ground on which such an outcome may rest; none for a grant."""
    return grounds(counter, request, part)[-1] if outcome in ON_A_GROUND else ""


def looked_at(counter: Counter, request: Request, part: str, applies: str = "") -> dict[str, Any]:
    """A finding on each ground: that it does not apply, but for one."""
    found = grounds(counter, request, part)
    return {"findings": [{"ground": each, "applies": each == applies, "reason": "looked at"} for each in found]}


def unseen(counter: Counter, request: Request, part: str) -> bool:
    """Whether grounds wait to be looked at."""
    measure = part_of(request, part)
    assert isinstance(measure, Measure)
    return set(grounds(counter, request, part)) > {each.ground for each in measure.findings}
