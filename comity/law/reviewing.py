"""What a reviewer looks at: a checklist for each measure, from its instrument, its kind and our own State's profile."""

from collections.abc import Iterator
from datetime import date

import tomli
from pydantic import Field, ValidationError

from comity.errors import Unreadable
from comity.law.library import Law
from comity.law.lines import line_of
from comity.law.models import Decider, Ground, Instrument, KindOfMeasure, Profile, unread
from comity.request.deadlines import Provision
from comity.request.lifecycle import Act, Role
from comity.request.model import ByLaw, GroundFinding, Measure, Record, Request, Token
from comity.request.rules import ON_A_GROUND


class Check(Record):
    """One thing to look at: how much it weighs, and who says so, marked where nobody has read it in a text."""

    weight: str
    what: str
    by: str
    ground: str = ""
    consult_first: str = ""
    found: str = ""


class Checklist(Record):
    """All that one measure asks of its reviewer."""

    part: str
    kind: str
    instrument: str
    checks: tuple[Check, ...]


def checklists(request: Request, law: Law, own_state: str, day: date) -> tuple[Checklist, ...]:
    """One for each measure, by the law and our own State's profile of a day."""
    profile = law.profile(own_state, day)
    return tuple(
        Checklist(
            part=measure.id,
            kind=measure.kind,
            instrument=measure.instrument,
            checks=tuple(_checks(measure, request, law, profile)),
        )
        for measure in request.measures
    )


def _checks(measure: Measure, request: Request, law: Law, profile: Profile | None) -> Iterator[Check]:
    instrument, kind = law.instruments.get(measure.instrument), law.kinds.get(measure.kind)
    yield _of_basis(measure, request, law)
    if kind:
        yield from _of_kind(kind)
    if instrument:
        yield from (_with_finding(each, measure) for each in _of_instrument(instrument, measure.kind, profile))
    if profile:
        yield from (_of_decider(decider) for decider in profile.deciders if decider.binds(kind))
        yield from _of_remedies(profile)
    if instrument:
        said = (*instrument.use, *instrument.confidentiality, *instrument.returns)
        yield from (Check(weight="then", what=each.what, by=_by(instrument, each)) for each in said)


def _of_basis(measure: Measure, request: Request, law: Law) -> Check:
    between = f"{request.requesting} and {request.requested}"
    if measure.instrument not in law.instruments:
        what = f"a legal basis between {between}: none that is known is named; set one, or ask for an assurance"
        return Check(weight="threshold", what=what, by="our practice")
    told = {
        "yes": f"it is in force between {between}; look for reservations that are not listed here",
        "no": f"it is NOT in force between {between}: another basis is needed",
        "unknown": f"whether it is in force between {between}: nobody has read the list of parties",
    }
    binds = law.in_force_between(measure.instrument, request.requesting, request.requested)
    return Check(weight="threshold", what=told[binds], by=f"{measure.instrument} parties")


def _of_kind(kind: KindOfMeasure) -> Iterator[Check]:
    table = "comity/law/measures.toml"
    if kind.dual_criminality == "not needed":
        yield Check(weight="no ground", what="want of dual criminality: it is not needed for this kind", by=table)
    if kind.coercive:
        yield Check(weight="threshold", what="it coerces: the power, a judge's order, the threshold", by=table)
    if kind.preserves:
        yield Check(weight="then", what="a request for what was preserved must follow, before it lapses", by=table)


def _of_instrument(instrument: Instrument, kind: str, profile: Profile | None) -> Iterator[Check]:
    obliged = {row.ground: row for row in profile.mandatory} if profile else {}
    for ground in instrument.grounds:
        if not ground.binds(kind):
            continue
        own = obliged.get(ground.id)
        by = f"{_by(instrument, ground)}; profile {profile.state}{_mark(own)}" if own and profile else None
        yield Check(
            weight="must refuse" if own else _weight(ground),
            what=ground.what,
            by=by or _by(instrument, ground),
            ground=ground.id,
            consult_first=ground.consult_first,
        )
    for said in instrument.no_grounds:
        yield Check(weight="no ground", what=said.what, by=_by(instrument, said))


def _with_finding(check: Check, measure: Measure) -> Check:
    """What a reviewer has found on it, beside it."""
    found = next((each for each in measure.findings if each.ground == check.ground), None)
    if found is None:
        return check
    says = "applies" if found.applies else "does not apply"
    return check.model_copy(update={"found": f"{says}, {found.by}"})


def _weight(ground: Ground) -> str:
    may = {"mandatory": "must", "discretionary": "may", "unknown": "must or may"}
    return f"{may[ground.nature]} {ground.effect}"


def _of_decider(decider: Decider) -> Check:
    deputies = f", or {', '.join(decider.deputies)}" if decider.deputies else ""
    return Check(weight="decides", what=f"{decider.what}: {decider.role}{deputies}", by=f"profile{_mark(decider)}")


def _of_remedies(profile: Profile) -> Iterator[Check]:
    for each in profile.remedies:
        what = f"{each.what}: {each.period} from {each.starts}"
        yield Check(weight="then", what=what, by=f"profile {profile.state}{_mark(each)}")


def _by(instrument: Instrument, says: Provision) -> str:
    return f"{instrument.id} {says.article}{_mark(says)}"


def _mark(says: Provision) -> str:
    return f", {unread(says)}" if not says.verified else ""


# --- what is stamped on a proposal ------------------------------------------------------------------------------------


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


# --- the findings, as a form ------------------------------------------------------------------------------------------


def form(found: Checklist) -> Iterator[str]:
    """The grounds of a checklist as a TOML file to be filled in; what was found already stands beside each."""
    yield f"# {found.part}  {found.kind}, {found.instrument}"
    yield "# Of each ground: does it apply, and why? What has no reason is left as it stands."
    for each in (check for check in found.checks if check.ground):
        yield from ("", f"# {each.weight}: {each.what} [{each.by}]")
        if each.found:
            yield f"# found already: it {each.found}"
        yield from ("[[findings]]", f'ground = "{each.ground}"', "applies = false", 'reason = ""')


def filled_in(text: str) -> tuple[GroundFinding, ...]:
    """The findings of a form, those without a reason left out. Raises Unreadable, naming the line."""
    try:
        rows = Form.model_validate(tomli.loads(text)).findings
    except tomli.TOMLDecodeError as error:
        raise Unreadable(f"the form: {error}") from None
    except ValidationError as error:
        raise Unreadable(
            "\n".join(f"the form: {_place(text, fault['loc'])}: {fault['msg']}" for fault in error.errors())
        ) from None
    return tuple(GroundFinding.model_validate(row.model_dump()) for row in rows if row.reason.strip())


def _place(text: str, steps: tuple[int | str, ...]) -> str:
    return f"line {line_of(text, steps)}, {steps[-1] if steps else 'findings'}"


class FormRow(Record):
    """One ground of a form, as it was filled in."""

    ground: Token
    applies: bool
    reason: str = Field(max_length=5_000)


class Form(Record):
    """A form, as it was filled in."""

    findings: tuple[FormRow, ...] = Field(max_length=100)


def lines(found: Checklist) -> Iterator[str]:
    """The same for a person."""
    yield f"{found.part}  {found.kind}, {found.instrument}"
    for each in found.checks:
        consult = f" (consult first: {each.consult_first})" if each.consult_first not in ("", "unknown") else ""
        named = f" {each.ground}:" if each.ground else ""
        said = f"; FOUND: it {each.found}" if each.found else ""
        yield f"  [{'x' if said else ' '}] {each.weight:<13}{named} {each.what}{consult} [{each.by}]{said}"
