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
        objection = GUARDS[guard](View(request, part, deed, now))
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
    view = View(request, part_of(request, name), probe, request.since)
    return not any(GUARDS[guard](view) for guard in step.guards if guard in _OF_THE_REQUEST)


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
class View:
    """What a guard looks at."""

    request: Request
    part: AnyPart
    deed: Deed
    now: datetime


def _unless(holds: bool, objection: str) -> str | None:
    return None if holds else objection


def _review_open(view: View) -> str | None:
    return _unless(view.request.status == Status.OPEN, f"the request is '{view.request.status}', not 'open'")


def _never_urgent(view: View) -> str | None:
    return _unless(
        view.request.urgency not in URGENT, "never while the request is P0 or P1: what is missing can be asked"
    )


def _second_person(view: View) -> str | None:
    hands = () if isinstance(view.part, Question) else view.part.hands
    return _unless(view.deed.person not in hands, "another person must do this than those who proposed or changed it")


def _after_reminders(view: View) -> str | None:
    if view.request.reminders < 3:
        return f"two reminders and a last letter come first; {view.request.reminders} have gone"
    return _never_urgent(view)


def _with_reason(view: View) -> str | None:
    return _unless(bool(view.deed.particulars.reason.strip()), "it needs a reason")


def _all_ended(view: View) -> str | None:
    living = [part.id for part in _ending(view.request) if not has_ended(part.status)]
    return _unless(not living, f"{', '.join(living)} have not ended")


def _ending(request: Request) -> Iterable[Measure | Package]:
    return (*request.measures, *request.packages)


_OWN_DUTIES = frozenset({Duty.SETTLE, Duty.END_WATCH})


def _no_duty_left(view: View) -> str | None:
    left = [owed.key for owed in view.request.duties if owed.duty not in _OWN_DUTIES]
    return _unless(not left, f"these are still owed: {', '.join(left)}; do them, or 'close, duties continue'")


def _keys_exist(view: View) -> str | None:
    return _unless(not view.request.keys_destroyed, "its keys were destroyed; a new request must be made")


def _urgent_one_person(view: View) -> str | None:
    if not isinstance(view.part, Measure) or view.part.urgency not in ALONE_AT_NIGHT:
        return "only P0, P1 and P1d may be ordered provisionally; propose it"
    return _unless(view.part.one_person, "one person alone may not order this kind of measure; propose it")


def _date_passed(view: View) -> str | None:
    date = view.part.answer_by if isinstance(view.part, Question) else getattr(view.part, "until", None)
    return _unless(
        date is not None and date <= view.now, f"the date given, {date and date.isoformat()}, has not passed"
    )


def _the_proposer(view: View) -> str | None:
    proposer = view.part.proposer if isinstance(view.part, Measure) else None
    return _unless(view.deed.person == proposer, "only who proposed it may retract it; a decider may return it")


def _digest_seen(view: View) -> str | None:
    stands = view.part.proposal if isinstance(view.part, Measure) else getattr(view.part, "content", None)
    seen = view.deed.particulars.seen if isinstance(view.deed.particulars, Decision | SeenDigest) else None
    return _unless(
        seen is not None and seen == stands, f"what stands before you has the digest {stands}, not the one named"
    )


def _as_proposed(view: View) -> str | None:
    proposed = view.part.proposed if isinstance(view.part, Measure) else None
    return _unless(view.deed.act == proposed, f"the proposal is to '{proposed}': do that, or return it")


def _told_requester(view: View) -> str | None:
    told = isinstance(view.deed.particulars, Decision) and view.deed.particulars.told_requester_at is not None
    return _unless(told, "the requesting authority must be told first; say when (told_requester_at)")


def _consulted(view: View) -> str | None:
    consulted = isinstance(view.part, Measure) and view.part.consulted
    return _unless(consulted, "the requesting authority is consulted first; return it, then 'consult'")


def _lasts(view: View) -> str | None:
    return _unless(
        isinstance(view.part, Measure) and view.part.lasts, "this kind of measure does not last; 'complete' it"
    )


def _p0_finds_child(view: View) -> str | None:
    if view.request.urgency != Urgency.P0:
        return "only in a P0 request; propose the release"
    return _unless(view.request.sender_verified, "the sender is not verified; 'verify sender' first")


def _has_exhibits(view: View) -> str | None:
    return _unless(isinstance(view.part, Package) and bool(view.part.exhibits), "it holds no exhibit")


def _same_hashes(view: View) -> str | None:
    receipt, package = view.deed.particulars, view.part
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


def _exhibits_of_request(view: View) -> str | None:
    named = view.deed.particulars.exhibits if isinstance(view.deed.particulars, Draft) else ()
    held = {exhibit.id for exhibit in view.request.exhibits}
    foreign = [key for key in named if key not in held]
    return _unless(
        not foreign, f"{', '.join(foreign)} was not deposited in this request; `comity evidence deposit` first"
    )


def _new_exhibit(view: View) -> str | None:
    deposit = view.deed.particulars
    held = {exhibit.id for exhibit in view.request.exhibits}
    known = isinstance(deposit, Deposit) and deposit.exhibit.id in held
    return _unless(not known, "that exhibit is in this request already")


def _duty_owed(view: View) -> str | None:
    owed = {duty.key: duty for duty in view.request.duties}
    named = view.deed.particulars.duty if isinstance(view.deed.particulars, DutyNamed) else ""
    if named not in owed:
        return f"no such duty is owed; owed are: {', '.join(owed) or 'none'}"
    return _unless(owed[named].reckoned, "its clock is being reckoned; try again in a moment")


def _next_name(view: View) -> str | None:
    awaited = f"M{len(view.request.measures) + 1}"
    named = view.deed.particulars.measure.id if isinstance(view.deed.particulars, NewMeasure) else ""
    return _unless(named == awaited, f"the next measure of this request is {awaited}")


def _rank_of_claim(view: View) -> tuple[int, int]:
    """(rank now, rank claimed): 0 is the most urgent."""
    now = view.part.urgency if isinstance(view.part, Measure) else view.request.urgency
    claimed = view.deed.particulars.urgency if isinstance(view.deed.particulars, UrgencySet) else now
    return now.rank, claimed.rank


def _only_up(view: View) -> str | None:
    now, claimed = _rank_of_claim(view)
    return _unless(claimed < now, "a claim only goes up; 'assess urgency' may go down")


def _down_by_second(view: View) -> str | None:
    now, claimed = _rank_of_claim(view)
    set_by = view.part.urgency_by if isinstance(view.part, Measure) else None
    return _unless(claimed <= now or view.deed.person != set_by, "another person than who set it must assess it down")


GUARDS: dict[Guard, Callable[[View], str | None]] = {
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
