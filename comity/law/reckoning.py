"""What the law makes of a request as it stands: the deadlines of its duties, and the ladders that they climb."""

from comity.law.library import Law
from comity.request.deadlines import Calendar, deadlines_of
from comity.request.model import Deadline, Reckoned, Reckoning, Request
from comity.request.triage import ladder_name


def reckon(request: Request, law: Law, calendar: Calendar) -> Reckoning:
    """The duties whose deadlines are new or moved, each with all its deadlines, and the ladders not yet known.

    The same request, law and calendar always give the same. A later version of law, holidays or time zones moves a
    deadline only if it changes more of it than that version. `rung` and `next_at` are left for the climb to fill.
    """
    counted = [
        (owed, deadlines_of(owed, request, law.terms_for(owed, request), calendar=calendar)) for owed in request.duties
    ]
    names = {ladder_name(owed.duty, owed.urgency) for owed in request.duties} - set(request.ladders)
    return Reckoning(
        duties=tuple(
            Reckoned(duty=owed.key, deadlines=found)
            for owed, found in counted
            if not owed.reckoned or _said(found) != _said(owed.deadlines)
        ),
        ladders={name: law.ladders[name] for name in sorted(names)},
    )


def _said(deadlines: tuple[Deadline, ...]) -> list[Deadline]:
    """The deadlines without the versions that counted them."""
    return [deadline.model_copy(update={"law": ""}) for deadline in deadlines]
