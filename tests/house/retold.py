"""One request, lived the same way each time: run as a script, it prints a digest for every state and every refusal."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256

from comity.errors import ComityError
from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Gap, Request, canonical
from comity.request.rules import check, offers
from tests.request.lives import ANNA, BOB, CARLA, DAN, NOW, SPOKEN, begun, decided, do, sought

_SOMEBODY = "p-somebody"


def life() -> Iterator[Request]:
    """A request from its receipt until a measure is in execution, each state of it."""
    request = begun(sought(1), sought(2, urgency="P0", one_person=True), gaps=(Gap(id="Q1", field="purpose"),))
    yield request
    for act, part, who in (
        (Act.ACKNOWLEDGE, "request", (ANNA, Role.COORDINATOR)),
        (Act.OPEN_REVIEW, "request", (ANNA, Role.COORDINATOR)),
        (Act.ANSWER, "Q1", (ANNA, Role.COORDINATOR)),
    ):
        yield (request := do(request, act, part, who))
    yield (request := do(request, Act.ORDER_PROVISIONALLY, "M2", (BOB, Role.DUTY_OFFICER), **SPOKEN))
    yield (request := do(request, Act.START, "M2", (DAN, Role.EXECUTING_AUTHORITY)))
    yield (request := decided(request, "M1", Act.GRANT))
    yield do(request, Act.ASK, "request", (CARLA, Role.REVIEWER), to=Role.COURT, about=("M1", "M2"))


def refusals(request: Request) -> Iterator[str]:
    """What is said to somebody who tries every act on every part, in a role that may do none of them."""
    for part in ("request", "M1", "M2", "Q1", "P7"):
        for act in Act:
            tried = Deed.model_construct(
                id="", act=act, part=part, person=_SOMEBODY, role=Role.AUDITOR, expected=0, happened=None, received=None
            )
            yield _said(request, tried)


def _said(request: Request, tried: Deed) -> str:
    try:
        check(request, tried, NOW + timedelta(hours=1))
    except ComityError as refusal:
        return f"{type(refusal).__name__}: {refusal}"
    return "allowed"


def told() -> Iterator[str]:
    """Each state, what it offers and what it refuses, as digests."""
    for request in life():
        said = [*refusals(request), *(f"{offer.part} {offer.act}" for offer in offers(request))]
        yield sha256(canonical(request)).hexdigest()
        yield sha256("\n".join(said).encode()).hexdigest()


if __name__ == "__main__":
    sys.stdout.write("\n".join(told()))
