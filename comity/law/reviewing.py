"""What a reviewer looks at: a checklist for each measure, from its instrument, its kind and our own State's profile."""

from collections.abc import Iterator
from datetime import UTC, date
from typing import TypeVar

from comity.law.library import Law
from comity.law.models import Decider, Followed, Ground, Instrument, KindOfMeasure, OfKind, Profile, cited, unread
from comity.request.deadlines import Provision
from comity.request.gaps import goes_on_field
from comity.request.model import Measure, Record, Request

AnyRow = TypeVar("AnyRow", bound=OfKind)


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


class Elsewhere(Record):
    """What is known beside the request of those whom it concerns: how often they were heard, before or in others."""

    told: int = 0
    linked: int = 0


NOTHING_KNOWN = Elsewhere()


def checklists(
    request: Request, known: tuple[Law, str, date], elsewhere: Elsewhere = NOTHING_KNOWN
) -> tuple[Checklist, ...]:
    """One for each measure, by a law and the profile of our own State when the request came; `day`: today."""
    law, own_state, day = known
    profile = law.profile(own_state, request.received.date())
    return tuple(
        Checklist(
            part=measure.id,
            kind=measure.kind,
            instrument=measure.instrument,
            checks=(*_checks(measure, request, law, profile), *_safeguards(measure, (request, day), law, elsewhere)),
        )
        for measure in request.measures
    )


def _checks(measure: Measure, request: Request, law: Law, profile: Profile | None) -> Iterator[Check]:
    instrument, kind = law.instruments.get(measure.instrument), law.kinds.get(measure.kind)
    yield _of_basis(measure, request, law)
    if kind:
        yield from _of_kind(kind)
        yield from _of_its_rows(kind, measure, request)
    if instrument:
        yield from _of_reservations(instrument, measure, request)
        yield from (_with_finding(each, measure) for each in _of_instrument(instrument, measure.kind, profile))
    if profile:
        yield from (_of_decider(decider) for decider in profile.deciders if decider.binds(kind))
        yield from _of_remedies(profile)
    if instrument:
        said = (*instrument.use, *instrument.confidentiality, *instrument.returns)
        yield from (Check(weight="then", what=each.what, by=cited(instrument.id, each)) for each in said)


def _safeguards(measure: Measure, now: tuple[Request, date], law: Law, elsewhere: Elsewhere) -> Iterator[Check]:
    """What protects whoever is to be heard: warnings, and never a block."""
    request, day = now
    rows = [each for each in law.safeguards.values() if measure.kind in each.before]
    for row in rows:
        by = f"{row.article}{_mark(row)}"
        yield Check(weight="safeguard", what=f"{row.id}: {row.what}{_planned(request, row.id)}", by=by)
    if rows:
        yield from _heard(request, elsewhere)
        for person, until in request.recoveries.items():
            if until.date() >= day:
                until_then = f"{person} is in a recovery period until {until:%Y-%m-%d}"
                what = f"{until_then}: whether to hear them now, a person decides"
                yield Check(weight="warning", what=what, by="cets197 13(1)")


def _planned(request: Request, what: str) -> str:
    named = [each for each in request.safeguards if each.what == what]
    told = [f"{each.protects} {'seen to' if each.done else f'by {each.by:%Y-%m-%d}'}" for each in named]
    return f" ({', '.join(told)})" if told else " (not planned)"


def _heard(request: Request, elsewhere: Elsewhere) -> Iterator[Check]:
    here = sum(request.interviews.values())
    if here + elsewhere.told + elsewhere.linked:
        counted = f"{here} here, {elsewhere.told} as the letter says, {elsewhere.linked} in requests that touch it"
        what = f"heard already ({counted}): as few interviews as possible; is there a record of them?"
        yield Check(weight="warning", what=what, by="lanzarote 35(1)(e)")


def _of_basis(measure: Measure, request: Request, law: Law) -> Check:
    between = f"{request.requesting} and {request.requested}"
    if measure.instrument not in law.instruments:
        what = f"a legal basis between {between}: none that is known is named; set one, or ask for an assurance"
        return Check(weight="threshold", what=what, by="our practice")
    day = request.received.date()
    told = {
        "yes": f"it is in force between {between}; look for reservations that are not listed here",
        "no": f"it is NOT in force between {between} on {day}: another basis is needed",
        "unknown": f"whether it is in force between {between}: no list that was read says it of {day}",
    }
    binds = law.in_force_between(measure.instrument, request.requesting, request.requested, day)
    listed = law.instruments[measure.instrument].parties.says
    return Check(weight="threshold", what=told[binds], by=f"{measure.instrument} parties{_mark(listed)}")


def _of_reservations(instrument: Instrument, measure: Measure, request: Request) -> Iterator[Check]:
    """What the two States reserved or declared of it."""
    for each in instrument.declared((request.requesting, request.requested), measure.kind):
        yield Check(weight="declared", what=f"{each.state}: {each.what}", by=cited(instrument.id, each))


def _of_kind(kind: KindOfMeasure) -> Iterator[Check]:
    table = "comity/law/measures.toml"
    if kind.dual_criminality == "not needed":
        yield Check(weight="no ground", what="want of dual criminality: it is not needed for this kind", by=table)
    if kind.coercive:
        yield Check(weight="threshold", what="it coerces: the power, a judge's order, the threshold", by=table)


def _of_its_rows(kind: KindOfMeasure, measure: Measure, request: Request) -> Iterator[Check]:
    """What laws say of its kind, under its instrument; what the letter asks for that cannot be is said beside it."""
    yield from (_of_row("threshold", row) for row in _binding(kind.thresholds, measure))
    yield from (_of_row("at once", row) for row in _binding((*kind.parallel, *kind.other_provider), measure))
    yield from (_of_row("terms", row) for row in _binding(kind.given, measure))
    yield from _of_minute(measure)
    yield from _of_secrecy(measure, request)
    yield from (_of_row("then", row, f"; when: {row.when}") for row in _binding(kind.told, measure))
    yield from (_of_row("then", row, _asked_here(row, request)) for row in _binding(kind.followed_by, measure))
    yield from (_of_row("then", row, f": {row.length} at most") for row in _binding(kind.longest, measure))


def _binding(rows: tuple[AnyRow, ...], measure: Measure) -> Iterator[AnyRow]:
    return (row for row in rows if row.binds(measure.instrument))


def _of_row(weight: str, row: OfKind, more: str = "") -> Check:
    return Check(weight=weight, what=f"{row.what}{more}", by=f"{row.article}{_mark(row)}")


def _asked_here(row: Followed, request: Request) -> str:
    here = [measure.id for measure in request.measures if measure.kind in row.kinds]
    return f" ({', '.join(here)} asks for it)" if here else ""


def _of_minute(measure: Measure) -> Iterator[Check]:
    if measure.execute_at:
        at = f"{measure.execute_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        what = f"it is executed in several States at the same minute, {at}: neither before nor after"
        yield Check(weight="then", what=what, by="the request")


def _of_secrecy(measure: Measure, request: Request) -> Iterator[Check]:
    """Secrecy that was asked for and cannot be kept: the question that was put, and what became of it."""
    for question in request.questions:
        if question.field == goes_on_field(measure.id):
            what = f"secrecy was asked for and cannot be kept: whether it goes on is {question.id}, {question.status}"
            yield Check(weight="threshold", what=what, by="the request")


def _of_instrument(instrument: Instrument, kind: str, profile: Profile | None) -> Iterator[Check]:
    obliged = {row.ground: row for row in profile.mandatory} if profile else {}
    for ground in instrument.grounds:
        if not ground.binds(kind):
            continue
        own = obliged.get(ground.id)
        by = f"{cited(instrument.id, ground)}; profile {profile.state}{_mark(own)}" if own and profile else None
        yield Check(
            weight="must refuse" if own else _weight(ground),
            what=ground.what,
            by=by or cited(instrument.id, ground),
            ground=ground.id,
            consult_first=ground.consult_first,
        )
    for said in instrument.no_grounds:
        yield Check(weight="no ground", what=said.what, by=cited(instrument.id, said))


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


def _mark(says: Provision) -> str:
    return f", {unread(says)}" if not says.verified else ""


def lines(found: Checklist) -> Iterator[str]:
    """The same for a person."""
    yield f"{found.part}  {found.kind}, {found.instrument}"
    for each in found.checks:
        consult = f" (consult first: {each.consult_first})" if each.consult_first not in ("", "unknown") else ""
        named = f" {each.ground}:" if each.ground else ""
        said = f"; FOUND: it {each.found}" if each.found else ""
        yield f"  [{'x' if said else ' '}] {each.weight:<13}{named} {each.what}{consult} [{each.by}]{said}"
