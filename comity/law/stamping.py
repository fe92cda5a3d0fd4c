"""What the law says of one proposal: the grounds that bind us, whether to consult first, and who decides."""

from comity.law.library import Law
from comity.law.models import KindOfMeasure, Profile
from comity.request.lifecycle import Act, Role
from comity.request.model import ByLaw, Measure
from comity.request.rules import ON_A_GROUND


def by_law(measure: Measure, known: tuple[Law, Profile | None], outcome: Act, ground: str) -> ByLaw:
    """What the law, and our own State's profile, say of one proposal for a measure."""
    law, profile = known
    instrument = law.instruments.get(measure.instrument)
    grounds = {each.id: each for each in instrument.grounds if each.binds(measure.kind)} if instrument else {}
    obliged = {row.ground for row in profile.mandatory} if profile else set[str]()
    must = tuple(key for key, each in grounds.items() if key in obliged or each.nature == "mandatory")
    rests_on = ground if outcome in ON_A_GROUND else ""
    return ByLaw(
        version=law.version,
        must=must,
        may=tuple(key for key in grounds if key not in must),
        consult_first=rests_on not in grounds or grounds[rests_on].consult_first != "no",
        deciders=_deciders(profile, law.kinds.get(measure.kind), rests_on),
    )


def _deciders(profile: Profile | None, kind: KindOfMeasure | None, ground: str) -> tuple[Role, ...]:
    """Who decides: by the ground where our law names it, else by the measure; deputies besides. Else any decider."""
    rows = profile.deciders if profile else ()
    of_ground = [row for row in rows if ground and ground in row.grounds]
    able = of_ground or [row for row in rows if not row.grounds and row.binds(kind)]
    return tuple(dict.fromkeys(role for row in able for role in (row.role, *row.deputies))) or (Role.DECIDER,)
