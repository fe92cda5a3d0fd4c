"""Who may do what now: the row, the role, the revision and the guards of an act, checked in that order.

`check` raises what stands in the way and changes nothing; `offers` lists what is open. Both read the tables only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from comity.errors import NotFound, NotOpen, Objection, Stale
from comity.request.lifecycle import (
    FACTS,
    STEPS,
    STILLS,
    Act,
    Duty,
    Guard,
    Role,
    Status,
    Step,
    Still,
    has_ended,
    steps_from,
)
from comity.request.model import (
    Decision,
    Deed,
    Deposit,
    Draft,
    DutyNamed,
    Measure,
    NewMeasure,
    Package,
    Particulars,
    Question,
    ReceiptOfPackage,
    Request,
    SeenDigest,
    Urgency,
    UrgencySet,
    kind_of,
)

AnyPart = Request | Measure | Package | Question

URGENT = frozenset({Urgency.P0, Urgency.P1})
ALONE_AT_NIGHT = URGENT | {Urgency.P1D}
_CLOCKS_DIFFER = timedelta(minutes=2)
"""How far the clock of who enters a deed may be ahead of ours."""
_MACHINES = frozenset({Role.CLOCK, Role.SYSTEM})


@dataclass(frozen=True)
class Offer:
    """An act that is open: on which part, for whom, and where it leads (None: it moves nothing)."""

    part: str
    act: Act
    roles: frozenset[Role]
    leads_to: Status | None


def check(request: Request, deed: Deed, now: datetime) -> None:
    """Raise what stands in the way of a deed: NotFound, NotOpen, Stale or Objection."""
    part = part_of(request, deed.part)
    row = _row(request, part, deed)
    if deed.role not in row.roles:
        raise NotOpen(_not_for(request, deed, row))
    if isinstance(row, Step) and deed.role not in _MACHINES:
        _check_revision(part, deed)
    _check_instants(deed, now)
    for guard in row.guards:
        objection = GUARDS[guard](Case(request, part, deed, now))
        if objection:
            raise Objection(f"'{deed.act}' on {deed.part}: {objection}")


def part_of(request: Request, name: str) -> AnyPart:
    """The part of that name. Raises NotFound, naming those that there are."""
    if name == "request":
        return request
    parts: dict[str, AnyPart] = {part.id: part for part in parts_of(request)}
    if name not in parts:
        raise NotFound(f"this request has no part {name}; it has request, {', '.join(parts)}")
    return parts[name]


def parts_of(request: Request) -> tuple[Measure | Package | Question, ...]:
    """All parts of a request but itself."""
    return (*request.measures, *request.packages, *request.questions)


def _row(request: Request, part: AnyPart, deed: Deed) -> Step | Still:
    step = STEPS.get((part.status, deed.act))
    if step is not None:
        return step
    still = STILLS.get(deed.act)
    if still is not None and still.about == kind_of(deed.part) and request.status != Status.CLOSED:
        return still
    raise NotOpen(f"'{deed.act}' is not open while {deed.part} is '{part.status}'; {_open_now(request, deed.part)}")


def _not_for(request: Request, deed: Deed, row: Step | Still) -> str:
    able = ", ".join(sorted(row.roles))
    return f"{deed.role} cannot '{deed.act}' on {deed.part}: that is for {able}; {_open_now(request, deed.part)}"


def _open_now(request: Request, name: str) -> str:
    steps = steps_from(part_of(request, name).status)
    listed = "; ".join(f"{step.act} ({', '.join(sorted(step.roles))})" for step in steps)
    return f"open now: {listed}" if listed else "nothing is open for it"


def _check_revision(part: AnyPart, deed: Deed) -> None:
    if deed.expected is None:
        raise Stale(f"'{deed.act}' moves {deed.part}: name the revision that you saw, it is at {part.revision}")
    if deed.expected != part.revision:
        raise Stale(
            f"{deed.part} has moved on: it is '{part.status}' at revision {part.revision}, you saw {deed.expected}"
        )


def _check_instants(deed: Deed, now: datetime) -> None:
    for name, instant in (("happened", deed.happened), ("received", deed.received)):
        if instant is not None and instant > now + _CLOCKS_DIFFER:
            raise Objection(
                f"'{deed.act}' on {deed.part}: what {name} cannot lie in the future; give the instant it {name}"
            )


def offers(request: Request) -> tuple[Offer, ...]:
    """Every act that would move a part now, as far as that does not depend on who does it, when and with what."""
    names = ["request", *(part.id for part in parts_of(request))]
    return tuple(
        Offer(name, step.act, step.roles, step.leads_to)
        for name in names
        for step in steps_from(part_of(request, name).status)
        if _may_be_offered(request, name, step)
    )


def _may_be_offered(request: Request, name: str, step: Step) -> bool:
    probe = Deed.model_construct(
        id="", act=step.act, part=name, person="", role=min(step.roles), particulars=Particulars()
    )
    case = Case(request, part_of(request, name), probe, request.since)
    return not any(GUARDS[guard](case) for guard in step.guards if guard in _OF_THE_REQUEST)


_OF_THE_REQUEST = frozenset(
    {
        Guard.REVIEW_OPEN,
        Guard.NOTHING_WITHOUT_IT,
        Guard.NEVER_P0_P1,
        Guard.ALL_ENDED,
        Guard.NO_DUTY_LEFT,
        Guard.KEYS_EXIST,
        Guard.URGENT_ONE_PERSON,
        Guard.AS_PROPOSED,
        Guard.CONSULTED,
        Guard.LASTS,
        Guard.P0_FINDS_CHILD,
        Guard.HAS_EXHIBITS,
    }
)
"""The guards that look at the request alone, not at who acts, when and with what."""


# --- the guards -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """What a guard looks at."""

    request: Request
    part: AnyPart
    deed: Deed
    now: datetime


def _unless(holds: bool, objection: str) -> str | None:
    return None if holds else objection


def _review_open(case: Case) -> str | None:
    return _unless(case.request.status == Status.OPEN, f"the request is '{case.request.status}', not 'open'")


def _never_urgent(case: Case) -> str | None:
    return _unless(
        case.request.urgency not in URGENT, "never while the request is P0 or P1: what is missing can be asked"
    )


def _second_person(case: Case) -> str | None:
    hands = () if isinstance(case.part, Question) else case.part.hands
    return _unless(case.deed.person not in hands, "another person must do this than those who proposed or changed it")


def _after_reminders(case: Case) -> str | None:
    if case.request.reminders < 3:
        return f"two reminders and a last letter come first; {case.request.reminders} have gone"
    return _never_urgent(case)


def _with_reason(case: Case) -> str | None:
    return _unless(bool(case.deed.particulars.reason.strip()), "it needs a reason")


def _all_ended(case: Case) -> str | None:
    living = [part.id for part in _ending(case.request) if not has_ended(part.status)]
    return _unless(not living, f"{', '.join(living)} have not ended")


def _ending(request: Request) -> Iterable[Measure | Package]:
    return (*request.measures, *request.packages)


_OWN_DUTIES = frozenset({Duty.SETTLE, Duty.END_WATCH})


def _no_duty_left(case: Case) -> str | None:
    left = [owed.key for owed in case.request.duties if owed.duty not in _OWN_DUTIES]
    return _unless(not left, f"these are still owed: {', '.join(left)}; do them, or 'close, duties continue'")


def _keys_exist(case: Case) -> str | None:
    return _unless(not case.request.keys_destroyed, "its keys were destroyed; a new request must be made")


def _urgent_one_person(case: Case) -> str | None:
    if not isinstance(case.part, Measure) or case.part.urgency not in ALONE_AT_NIGHT:
        return "only P0, P1 and P1d may be ordered provisionally; propose it"
    return _unless(case.part.one_person, "one person alone may not order this kind of measure; propose it")


def _date_passed(case: Case) -> str | None:
    date = case.part.answer_by if isinstance(case.part, Question) else getattr(case.part, "until", None)
    return _unless(
        date is not None and date <= case.now, f"the date given, {date and date.isoformat()}, has not passed"
    )


def _the_proposer(case: Case) -> str | None:
    proposer = case.part.proposer if isinstance(case.part, Measure) else None
    return _unless(case.deed.person == proposer, "only who proposed it may retract it; a decider may return it")


def _digest_seen(case: Case) -> str | None:
    stands = case.part.proposal if isinstance(case.part, Measure) else getattr(case.part, "content", None)
    seen = case.deed.particulars.seen if isinstance(case.deed.particulars, Decision | SeenDigest) else None
    return _unless(
        seen is not None and seen == stands, f"what stands before you has the digest {stands}, not the one named"
    )


def _as_proposed(case: Case) -> str | None:
    proposed = case.part.proposed if isinstance(case.part, Measure) else None
    return _unless(case.deed.act == proposed, f"the proposal is to '{proposed}': do that, or return it")


def _told_requester(case: Case) -> str | None:
    told = isinstance(case.deed.particulars, Decision) and case.deed.particulars.told_requester_at is not None
    return _unless(told, "the requesting authority must be told first; say when (told_requester_at)")


def _consulted(case: Case) -> str | None:
    consulted = isinstance(case.part, Measure) and case.part.consulted
    return _unless(consulted, "the requesting authority is consulted first; return it, then 'consult'")


def _lasts(case: Case) -> str | None:
    return _unless(
        isinstance(case.part, Measure) and case.part.lasts, "this kind of measure does not last; 'complete' it"
    )


def _p0_finds_child(case: Case) -> str | None:
    if case.request.urgency != Urgency.P0:
        return "only in a P0 request; propose the release"
    return _unless(case.request.sender_verified, "the sender is not verified; 'verify sender' first")


def _has_exhibits(case: Case) -> str | None:
    return _unless(isinstance(case.part, Package) and bool(case.part.exhibits), "it holds no exhibit")


def _same_hashes(case: Case) -> str | None:
    receipt, package = case.deed.particulars, case.part
    if not isinstance(receipt, ReceiptOfPackage) or not isinstance(package, Package):
        return "a receipt with the recipient's own hashes is needed"
    differing = differing_exhibits(package, receipt)
    return _unless(not differing, f"the receipt differs for {', '.join(differing)}; 'reject' it, then dispatch again")


def differing_exhibits(package: Package, receipt: ReceiptOfPackage) -> tuple[str, ...]:
    """The exhibits for which a receipt does not carry the package's hash; `content` when the whole differs."""
    sent = {exhibit.id: exhibit.sha256 for exhibit in package.exhibits}
    differing = tuple(
        sorted(key for key in sent.keys() | receipt.exhibits.keys() if sent.get(key) != receipt.exhibits.get(key))
    )
    return differing or (("content",) if receipt.content != package.content else ())


def _exhibits_of_request(case: Case) -> str | None:
    named = case.deed.particulars.exhibits if isinstance(case.deed.particulars, Draft) else ()
    held = {exhibit.id for exhibit in case.request.exhibits}
    foreign = [key for key in named if key not in held]
    return _unless(
        not foreign, f"{', '.join(foreign)} was not deposited in this request; `comity evidence deposit` first"
    )


def _new_exhibit(case: Case) -> str | None:
    deposit = case.deed.particulars
    held = {exhibit.id for exhibit in case.request.exhibits}
    known = isinstance(deposit, Deposit) and deposit.exhibit.id in held
    return _unless(not known, "that exhibit is in this request already")


def _duty_owed(case: Case) -> str | None:
    owed = {duty.key: duty for duty in case.request.duties}
    named = case.deed.particulars.duty if isinstance(case.deed.particulars, DutyNamed) else ""
    if named not in owed:
        return f"no such duty is owed; owed are: {', '.join(owed) or 'none'}"
    return _unless(owed[named].reckoned, "its clock is being reckoned; try again in a moment")


def _next_name(case: Case) -> str | None:
    awaited = f"M{len(case.request.measures) + 1}"
    named = case.deed.particulars.measure.id if isinstance(case.deed.particulars, NewMeasure) else ""
    return _unless(named == awaited, f"the next measure of this request is {awaited}")


def _rank_of_claim(case: Case) -> tuple[int, int]:
    """(rank now, rank claimed): 0 is the most urgent."""
    now = case.part.urgency if isinstance(case.part, Measure) else case.request.urgency
    claimed = case.deed.particulars.urgency if isinstance(case.deed.particulars, UrgencySet) else now
    return now.rank, claimed.rank


def _only_up(case: Case) -> str | None:
    now, claimed = _rank_of_claim(case)
    return _unless(claimed < now, "a claim only goes up; 'assess urgency' may go down")


def _down_by_second(case: Case) -> str | None:
    now, claimed = _rank_of_claim(case)
    set_by = case.part.urgency_by if isinstance(case.part, Measure) else None
    return _unless(claimed <= now or case.deed.person != set_by, "another person than who set it must assess it down")


GUARDS: dict[Guard, Callable[[Case], str | None]] = {
    Guard.REVIEW_OPEN: _review_open,
    Guard.NOTHING_WITHOUT_IT: _never_urgent,
    Guard.SECOND_PERSON: _second_person,
    Guard.NEVER_P0_P1: _after_reminders,
    Guard.BY_MISTAKE: _with_reason,
    Guard.OTHER_CONFIRMED: _with_reason,
    Guard.ALL_ENDED: _all_ended,
    Guard.NO_DUTY_LEFT: _no_duty_left,
    Guard.KEYS_EXIST: _keys_exist,
    Guard.URGENT_ONE_PERSON: _urgent_one_person,
    Guard.DATE_PASSED: _date_passed,
    Guard.THE_PROPOSER: _the_proposer,
    Guard.DIGEST_SEEN: _digest_seen,
    Guard.AS_PROPOSED: _as_proposed,
    Guard.TOLD_REQUESTER: _told_requester,
    Guard.CONSULTED: _consulted,
    Guard.NEW_FACTS: _with_reason,
    Guard.LASTS: _lasts,
    Guard.WITH_REASON: _with_reason,
    Guard.P0_FINDS_CHILD: _p0_finds_child,
    Guard.HAS_EXHIBITS: _has_exhibits,
    Guard.SAME_HASHES: _same_hashes,
    Guard.SAME_DIGEST: _digest_seen,
    Guard.EXHIBITS_OF_REQUEST: _exhibits_of_request,
    Guard.NEW_EXHIBIT: _new_exhibit,
    Guard.DUTY_OWED: _duty_owed,
    Guard.NEXT_NAME: _next_name,
    Guard.ONLY_UP: _only_up,
    Guard.DOWN_BY_SECOND: _down_by_second,
    Guard.WHAT_WAS_DONE: _with_reason,
}
"""For each guard the function that objects: it returns the reason, or None."""


def is_open(status: Status) -> bool:
    """Whether work on the request goes on: its measures owe what they owe."""
    return status in (Status.RECEIVED, Status.INCOMPLETE, Status.OPEN)


def owed_by(status: Status) -> tuple[Duty, ...]:
    """What a part owes as long as it stands in this status."""
    return FACTS[status].owes
