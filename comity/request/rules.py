"""Who may do what now: the row, the role, the revision and the guards of an act, checked in that order.

`check` raises what stands in the way and changes nothing; `offers` lists what would move a part, and `due_acts` what is
owed and moves nothing. All read the tables only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from comity.errors import NotFound, NotOpen, Objection, Stale
from comity.request.lifecycle import (
    DONE_BY,
    FACTS,
    OWED_BY,
    Act,
    Duty,
    Guard,
    Kind,
    Role,
    Stage,
    Status,
    Step,
    Still,
    has_ended,
    step_of,
    steps_from,
    still_of,
)
from comity.request.model import (
    BY_MACHINE,
    Correction,
    Decision,
    Deed,
    Delay,
    Departing,
    Deposit,
    Direction,
    Draft,
    DutyNamed,
    LawNamed,
    Linked,
    Measure,
    NewMeasure,
    Owed,
    Package,
    Particulars,
    PrivilegeNamed,
    Proposal,
    PutDown,
    Question,
    ReceiptOfPackage,
    Request,
    SafeguardNamed,
    SeenDigest,
    TaskNamed,
    ToPerson,
    Urgency,
    UrgencySet,
    kind_of,
)

AnyPart = Request | Measure | Package | Question

URGENT = frozenset({Urgency.P0, Urgency.P1})
PRESERVATION = "expedited preservation"
"""The kind of measure by which data is kept from being lost, as in comity/law/measures.toml."""
INFORMATION = "spontaneous information"
"""The kind that asks for nothing: one State gives it to the other without a request, as in the same file."""
ALONE_AT_NIGHT = URGENT | {Urgency.P1D}
_CLOCKS_DIFFER = timedelta(minutes=2)
_LATE = timedelta(hours=24)
"""What is entered later than this after it came says why (our default)."""
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
    if request.status == Status.CLOSED and part is not request:
        raise NotOpen(
            f"'{deed.act}' is not open on {deed.part}: the request is closed; {_open_now(request, 'request')}"
        )
    row = _row(request, part, deed)
    if deed.role not in row.roles:
        raise NotOpen(_not_for(request, deed, row))
    if deed.person in request.recused:
        raise Objection(f"'{deed.act}' on {deed.part}: {deed.person} is recused from this request; another person must")
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
    step = step_of(part.status, deed.act, request.edition)
    if step is not None:
        return step
    still = still_of(deed.act, request.edition)
    if still is not None and still.about == kind_of(deed.part) and request.status != Status.CLOSED:
        return still
    raise NotOpen(f"'{deed.act}' is not open while {deed.part} is '{part.status}'; {_open_now(request, deed.part)}")


def _not_for(request: Request, deed: Deed, row: Step | Still) -> str:
    able = ", ".join(sorted(row.roles))
    return f"{deed.role} cannot '{deed.act}' on {deed.part}: that is for {able}; {_open_now(request, deed.part)}"


def _open_now(request: Request, name: str) -> str:
    steps = steps_from(part_of(request, name).status, request.edition)
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
    came = deed.received or deed.happened
    if came is not None and came < now - _LATE and not deed.particulars.reason.strip():
        raise Objection(f"'{deed.act}' on {deed.part}: it came more than 24 hours ago; give the reason for the delay")
    if deed.happened and deed.received and deed.happened > deed.received:
        raise Objection(f"'{deed.act}' on {deed.part}: it cannot have happened after it was received")


def offers(request: Request) -> tuple[Offer, ...]:
    """Every act that would move a part now, as far as that does not depend on who does it, when and with what."""
    parts = () if request.status == Status.CLOSED else parts_of(request)
    names = ["request", *(part.id for part in parts)]
    return tuple(
        Offer(name, step.act, step.roles, step.leads_to)
        for name in names
        for step in steps_from(part_of(request, name).status, request.edition)
        if _may_be_offered(request, name, step)
    )


def due_acts(request: Request) -> tuple[Offer, ...]:
    """Every act that moves nothing by which a duty is done that is owed now."""
    named = ((owed.part, act) for owed in request.duties for act in DONE_BY.get(owed.duty, ()))
    return tuple(dict.fromkeys(offer for part, act in named if (offer := _by_word(request, part, act))))


def _by_word(request: Request, part: str, act: Act) -> Offer | None:
    """That act, on the part that owes it or on the whole; None where such an act is not about that part."""
    still = still_of(act, request.edition)
    if still is None or still.about not in (Kind.REQUEST, kind_of(part)):
        return None
    return Offer("request" if still.about == Kind.REQUEST else part, act, still.roles, None)


def _may_be_offered(request: Request, name: str, step: Step) -> bool:
    probe = Deed.model_construct(
        id="", act=step.act, part=name, person="", role=min(step.roles), particulars=Particulars()
    )
    view = View(request, part_of(request, name), probe, request.since)
    return not any(GUARDS[guard](view) for guard in step.guards if guard in _OF_THE_REQUEST)


_OF_THE_REQUEST = frozenset(
    {
        Guard.REVIEW_OPEN,
        Guard.WORK_GOES_ON,
        Guard.NOTHING_WITHOUT_IT,
        Guard.ALL_ENDED,
        Guard.NO_DUTY_LEFT,
        Guard.KEYS_EXIST,
        Guard.URGENT_ONE_PERSON,
        Guard.AS_PROPOSED,
        Guard.CONSULTED,
        Guard.LASTS,
        Guard.SENDER_VERIFIED,
        Guard.PROVISIONAL,
        Guard.DISCLOSED,
        Guard.HAS_EXHIBITS,
        Guard.ASKS,
        Guard.NOT_GIVEN_TO_US,
        Guard.GIVEN_TO_US,
        Guard.GIVEN_BY_US,
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


def _work_goes_on(view: View) -> str | None:
    return _unless(is_open(view.request.status), f"the request is '{view.request.status}': no work goes on")


def _never_urgent(view: View) -> str | None:
    return _unless(
        view.request.urgency not in URGENT, "never while the request is P0 or P1: what is missing can be asked"
    )


def _second_person(view: View) -> str | None:
    hands = () if isinstance(view.part, Question) else view.part.hands
    return _unless(view.deed.person not in hands, "another person must do this than those who proposed or changed it")


def _after_silence(view: View) -> str | None:
    if view.request.reminders < 2:
        return f"two reminders and a last letter come first; {view.request.reminders} reminders have gone"
    until = view.request.last_letter_until
    if until is None or until > view.now:
        return (
            f"a last letter with a date comes first, and its date must have passed; it is {until and until.isoformat()}"
        )
    return _never_urgent(view)


def _with_reason(view: View) -> str | None:
    return _unless(bool(view.deed.particulars.reason.strip()), "it needs a reason")


def _nothing_begun(view: View) -> str | None:
    """Whoever voids what was begun would stop its clocks, and nobody would learn how it ended."""
    begun = [part.id for part in _ending(view.request) if _was_begun(part)]
    return _unless(not begun, f"{', '.join(begun)} was begun; see each of them to its end, then 'conclude'")


def _was_begun(part: Measure | Package) -> bool:
    if isinstance(part, Package):
        return part.attempts > 0
    return part.granted or part.provisional or part.status in _BEGUN


_BEGUN = frozenset({Status.REFUSED, *(fact.status for fact in FACTS.values() if fact.stage == Stage.EXECUTION)})
"""Of a measure. Who was refused something is told so, and has not asked by mistake of ours."""


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
    consulted = isinstance(view.part, Measure) and (view.part.consulted or not view.part.consult_first)
    return _unless(consulted, _CONSULT)


_CONSULT = "the requesting authority is consulted first: 'consult' while it is sought, then propose"
_CONSULTED_FIRST = frozenset({Act.REFUSE, Act.POSTPONE})


def _lasts(view: View) -> str | None:
    return _unless(
        isinstance(view.part, Measure) and view.part.lasts, "this kind of measure does not last; 'complete' it"
    )


def _finds_child(view: View) -> str | None:
    if view.request.urgency not in ALONE_AT_NIGHT:
        return "only in a P0, P1 or P1d request; propose the release"
    kinds = {measure.id: measure.one_person for measure in view.request.measures}
    exhibits = view.part.exhibits if isinstance(view.part, Package) else ()
    others = [exhibit.id for exhibit in exhibits if not kinds.get(exhibit.measure or "", False)]
    if others:
        return f"{', '.join(others)} was obtained by a measure that one person may not order; propose the release"
    return _unless(bool(view.deed.particulars.reason.strip()), "say in the reason how it finds or protects the child")


def _sender_verified(view: View) -> str | None:
    """A letter under a known number is verified as it is registered; a voice is not."""
    known = view.request.sender_verified or view.request.confirmed
    speaks = view.request.oral or view.deed.act == Act.DISCLOSE_AT_ONCE
    return _unless(known or not speaks, "the sender is not verified; call back, then 'verify sender'")


def _spoken(view: View) -> str | None:
    return _unless(bool(view.deed.particulars.words.strip()), "say in its words what was said")


def _provisional(view: View) -> str | None:
    standing = isinstance(view.part, Measure | Package) and view.part.provisional
    return _unless(standing, "nothing of it waits to be ratified")


def _another_request(view: View) -> str | None:
    named = view.deed.particulars.reference if isinstance(view.deed.particulars, Linked) else ""
    return _unless(named != view.request.reference, "a request is not joined or linked to itself; name the other one")


def _has_it(view: View) -> str | None:
    has = view.request.allocated
    return _unless(has in (None, view.deed.person), f"{has} has it: who has it hands it over, or it is allocated anew")


def _offered_to_them(view: View) -> str | None:
    offered = view.request.offered_to
    return _unless(offered == view.deed.person, f"it was offered to {offered or 'nobody'}; ask for it, or allocate it")


def _further_use_asked(view: View) -> str | None:
    return _unless(view.request.further_uses > 0, "no question on further use waits; 'ask further use' comes first")


def _says_what_is_right(view: View) -> str | None:
    right = view.deed.particulars
    if not isinstance(right, Correction):
        return "it names an earlier deed and what is right instead"
    if right.instant and right.instant > view.now + _CLOCKS_DIFFER:
        return "what is right cannot lie in the future; give the instant it happened"
    if strange := ", ".join(sorted(set(right.execute_at) - {measure.id for measure in view.request.measures})):
        return f"execute_at names measures, and {strange} is none of this request"
    return _with_reason(view)


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


ON_A_GROUND = frozenset({Act.REFUSE, Act.POSTPONE, Act.OFFER_CONDITIONS})


def _names_ground(view: View) -> str | None:
    proposal = view.deed.particulars
    bare = isinstance(proposal, Proposal) and proposal.outcome in ON_A_GROUND and not proposal.ground
    return _unless(not bare, "a refusal, a postponement or a condition names its ground")


def _another_law(view: View) -> str | None:
    named = view.deed.particulars.law if isinstance(view.deed.particulars, LawNamed) else ""
    return _unless(named not in ("", view.request.law), f"it keeps that law already, {view.request.law or 'none'}")


def _oneself_or_head(view: View) -> str | None:
    named = view.deed.particulars.person if isinstance(view.deed.particulars, ToPerson) else ""
    able = view.deed.person == named or view.deed.role == Role.HEAD_OF_UNIT
    return _unless(able, "each may recuse themselves; another person is recused by the head of unit")


def _recused(view: View) -> str | None:
    named = view.deed.particulars.person if isinstance(view.deed.particulars, ToPerson) else ""
    recused = ", ".join(view.request.recused) or "nobody"
    return _unless(named in view.request.recused, f"they are not recused from this request; recused: {recused}")


def _who_decides(view: View) -> str | None:
    deciders = (view.part.deciders if isinstance(view.part, Measure) else ()) or (Role.DECIDER,)
    return _unless(view.deed.role in deciders, f"by our own law this is for {' or '.join(deciders)} to decide")


def _follows_from_findings(view: View) -> str | None:
    """A grant follows from all grounds that must be looked at, what rests on a ground from that one."""
    proposal, law = view.deed.particulars, getattr(view.deed.particulars, "by_law", None)
    if not isinstance(proposal, Proposal) or law is None or law.version != view.request.law:
        return f"it must be stamped by the law that the request keeps ({view.request.law or 'none'})"
    found = {each.ground: each.applies for each in getattr(view.part, "findings", ())}
    if proposal.outcome in ON_A_GROUND:
        waits = (
            law.consult_first and proposal.outcome in _CONSULTED_FIRST and not getattr(view.part, "consulted", False)
        )
        return _of_its_ground(proposal.ground, found, (*law.must, *law.may)) or _unless(not waits, _CONSULT)
    return _of_a_grant(found, law.must, () if view.request.urgency in ALONE_AT_NIGHT else law.may)


def _of_its_ground(ground: str, found: dict[str, bool], known: tuple[str, ...]) -> str | None:
    if known and ground not in known:
        return f"its instrument has no ground '{ground}'; it has {', '.join(known)}"
    return _unless(found.get(ground, False), f"no finding says that '{ground}' applies; 'record findings' first")


def _of_a_grant(found: dict[str, bool], must: tuple[str, ...], may: tuple[str, ...]) -> str | None:
    """All grounds have been looked at, and none that binds us applies. An urgent request waits for those only."""
    if missing := [ground for ground in (*must, *may) if ground not in found]:
        return f"nobody has looked at {', '.join(missing)}; 'record findings' first (`comity review` makes a form)"
    binding = [ground for ground in must if found[ground]]
    return _unless(not binding, f"{', '.join(binding)} applies and binds us; propose what follows from it")


def _exhibit_here(view: View) -> str | None:
    named = view.deed.particulars.exhibit if isinstance(view.deed.particulars, PrivilegeNamed) else ""
    held = {exhibit.id for exhibit in view.request.exhibits}
    return _unless(named in held, "no such exhibit was deposited in this request; `comity show --json` names them")


def _privilege_claimed(view: View) -> str | None:
    named = view.deed.particulars.exhibit if isinstance(view.deed.particulars, PrivilegeNamed) else ""
    waiting = {each.exhibit for each in view.request.privileges if each.upheld is None}
    return _unless(named in waiting, "no privilege waits to be decided on for it; 'claim privilege' comes first")


def _not_privileged(view: View) -> str | None:
    apart = {each.exhibit for each in view.request.privileges if each.upheld is not False}
    named = view.deed.particulars.exhibits if isinstance(view.deed.particulars, Draft) else ()
    held = [exhibit.id for exhibit in view.part.exhibits] if isinstance(view.part, Package) else []
    kept = sorted(apart & {*named, *held})
    return _unless(not kept, f"{', '.join(kept)} is apart: privilege was claimed or upheld; draft without it")


def _remedy_over(view: View) -> str | None:
    carried = {exhibit.measure for exhibit in view.part.exhibits} if isinstance(view.part, Package) else set()
    ends = [measure.remedy_until for measure in view.request.measures if measure.id in carried and measure.remedy_until]
    latest = max(ends, default=None)
    if latest is None or latest <= view.now:
        return None
    if isinstance(view.deed.particulars, Departing | SeenDigest) and view.deed.particulars.at_once:
        return _with_reason(view)
    return f"a remedy may be sought until {latest.isoformat()}; where it cannot wait, say at_once, with the reason"


def _number_and_slip(view: View) -> str | None:
    if isinstance(view.part, Package) and view.part.channel in BY_MACHINE:
        return None
    said = view.deed.particulars
    given = isinstance(said, Departing | SeenDigest) and bool(said.number.strip()) and said.slip is not None
    return _unless(given, "name the number under which it is carried, and give the slip, or a note of who took it")


def _has_left(view: View) -> str | None:
    left = isinstance(view.part, Package) and view.part.status in (Status.DISPATCHED, Status.DELIVERED)
    return _unless(left, "only a package that has left, and was not receipted, has a receipt to doubt")


def _is_in_doubt(view: View) -> str | None:
    doubted = isinstance(view.part, Package) and view.part.doubted
    return _unless(doubted, "no receipt of it is in doubt")


def _says_when(view: View) -> str | None:
    delay = view.deed.particulars
    if not isinstance(delay, Delay) or delay.estimate is None:
        return "say which duty will be late, and when it will be done (duty, estimate)"
    if delay.estimate <= view.now:
        return "the estimate has passed already; give the instant by which it will be done"
    owed = [duty.key for duty in view.request.duties]
    return _unless(delay.duty in owed, f"no such duty is owed; owed are: {', '.join(owed) or 'none'}")


def _no_emergency_told(view: View) -> str | None:
    claim, part = view.deed.particulars, view.part
    if not isinstance(claim, PutDown) or not isinstance(part, Measure) or claim.urgency.rank <= part.urgency.rank:
        return "a claim is put down to a less urgent class; 'claim urgency' or 'assess urgency' raise it"
    told = claim.urgency.rank <= claim.suggested.rank
    return _unless(told, f"what was told suggests {claim.suggested}; lower than that a second person assesses it")


def _was_put_down(view: View) -> str | None:
    if not isinstance(view.part, Measure) or not view.part.put_down:
        return "no claim was put down here"
    return _unless(view.deed.person != view.part.urgency_by, "another person than who put it down must look again")


def _safeguard_planned(view: View) -> str | None:
    named = view.deed.particulars.name if isinstance(view.deed.particulars, SafeguardNamed) else ""
    left = [each.name for each in view.request.safeguards if not each.done]
    return _unless(named in left, f"no such safeguard is left to see to; left are: {', '.join(left) or 'none'}")


def _task_set(view: View) -> str | None:
    named = view.deed.particulars.name if isinstance(view.deed.particulars, TaskNamed) else ""
    left = [each.name for each in view.request.tasks if not each.done]
    return _unless(named in left, f"no such task is left to do; left are: {', '.join(left) or 'none'}")


def _gives_information(view: View) -> bool:
    return isinstance(view.part, Measure) and view.part.kind == INFORMATION


def _is_given_to_us(view: View) -> bool:
    return _gives_information(view) and view.request.direction != Direction.GIVEN_BY_US


def _asks(view: View) -> str | None:
    return _unless(not _gives_information(view), "it asks for nothing: 'pass on', 'decline' or 'give the information'")


def _not_given_to_us(view: View) -> str | None:
    return _unless(not _is_given_to_us(view), "it was given to us: 'pass on the information', or decline it")


def _given_to_us(view: View) -> str | None:
    return _unless(_is_given_to_us(view), "it is no information that was given to us without a request")


def _given_by_us(view: View) -> str | None:
    ours = _gives_information(view) and not _is_given_to_us(view)
    return _unless(ours, "it is no information that we give without a request")


def _its_minute(view: View) -> str | None:
    """Who begins before the others warns them; who must, says why."""
    at = view.part.execute_at if isinstance(view.part, Measure) else None
    if at is None or (view.deed.happened or view.now) >= at - _CLOCKS_DIFFER:
        return None
    minute = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return _with_reason(view) and f"it is executed in several States at {minute}, not before; else give the reason"


def _remedy_sought(view: View) -> str | None:
    pending = isinstance(view.part, Measure) and view.part.remedies > 0
    return _unless(pending, "no remedy waits to be decided on; 'record that a remedy was sought' comes first")


def _other_provider_found(view: View) -> str | None:
    found = isinstance(view.part, Measure) and view.part.providers > 0
    return _unless(found, "no other provider waits to be told of; 'record that another provider was found' comes first")


def _no_remedy_pends(view: View) -> str | None:
    """A court's word holds what it was asked about; what cannot wait leaves before it, with the reason."""
    carried = {exhibit.measure for exhibit in view.part.exhibits} if isinstance(view.part, Package) else set()
    held = [measure for measure in view.request.measures if measure.id in carried]
    if upheld := [measure.id for measure in held if measure.remedy_upheld]:
        return f"a remedy against {', '.join(upheld)} was upheld: draft without what it obtained"
    pending = [measure.id for measure in held if measure.remedies]
    if not pending or view.deed.act == Act.DISCLOSE_AT_ONCE:
        return None
    if getattr(view.deed.particulars, "at_once", False):
        return _with_reason(view)
    return f"a remedy against {', '.join(pending)} waits for its court; what cannot wait: at_once, with the reason"


_PRESERVED = frozenset({Status.IN_FORCE, Status.DONE})


def _preserved_first(view: View) -> str | None:
    """What is gone cannot be evidence: every preservation that is sought stands, or has been done."""
    kept = [measure for measure in view.request.measures if measure.kind == PRESERVATION]
    waiting = [measure.id for measure in kept if measure.status not in _PRESERVED]
    if not kept:
        return _with_reason(view)
    return _unless(not waiting, f"{', '.join(waiting)} is not in force yet: what is removed before is lost as evidence")


GUARDS: dict[Guard, Callable[[View], str | None]] = {
    Guard.REVIEW_OPEN: _review_open,
    Guard.NOTHING_WITHOUT_IT: _never_urgent,
    Guard.SECOND_PERSON: _second_person,
    Guard.WORK_GOES_ON: _work_goes_on,
    Guard.AFTER_SILENCE: _after_silence,
    Guard.BY_MISTAKE: _with_reason,
    Guard.NOTHING_BEGUN: _nothing_begun,
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
    Guard.FINDS_CHILD: _finds_child,
    Guard.SENDER_VERIFIED: _sender_verified,
    Guard.SPOKEN: _spoken,
    Guard.PROVISIONAL: _provisional,
    Guard.DISCLOSED: _provisional,
    Guard.ANOTHER_REQUEST: _another_request,
    Guard.HAS_IT: _has_it,
    Guard.OFFERED_TO_THEM: _offered_to_them,
    Guard.FURTHER_USE_ASKED: _further_use_asked,
    Guard.SAYS_WHAT_IS_RIGHT: _says_what_is_right,
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
    Guard.NAMES_GROUND: _names_ground,
    Guard.FOLLOWS_FROM_FINDINGS: _follows_from_findings,
    Guard.WHO_DECIDES: _who_decides,
    Guard.ANOTHER_LAW: _another_law,
    Guard.ONESELF_OR_HEAD: _oneself_or_head,
    Guard.NOT_PRIVILEGED: _not_privileged,
    Guard.PRIVILEGE_CLAIMED: _privilege_claimed,
    Guard.EXHIBIT_HERE: _exhibit_here,
    Guard.REMEDY_OVER: _remedy_over,
    Guard.NUMBER_AND_SLIP: _number_and_slip,
    Guard.DISPATCHED: _has_left,
    Guard.IN_DOUBT: _is_in_doubt,
    Guard.SAYS_WHEN: _says_when,
    Guard.NO_EMERGENCY_TOLD: _no_emergency_told,
    Guard.PUT_DOWN: _was_put_down,
    Guard.SAFEGUARD_PLANNED: _safeguard_planned,
    Guard.PRESERVED_FIRST: _preserved_first,
    Guard.TASK_SET: _task_set,
    Guard.RECUSED: _recused,
    Guard.ASKS: _asks,
    Guard.NOT_GIVEN_TO_US: _not_given_to_us,
    Guard.GIVEN_TO_US: _given_to_us,
    Guard.GIVEN_BY_US: _given_by_us,
    Guard.ITS_MINUTE: _its_minute,
    Guard.REMEDY_SOUGHT: _remedy_sought,
    Guard.NO_REMEDY_PENDS: _no_remedy_pends,
    Guard.OTHER_PROVIDER_FOUND: _other_provider_found,
}
"""For each guard the function that objects: it returns the reason, or None."""


def owing(request: Request, owed: Owed) -> tuple[Role, ...]:
    """Who of us owes a duty: a decision on what is proposed, also whom our own law names for it."""
    if owed.duty == Duty.DECIDE:
        deciders = next((measure.deciders for measure in request.measures if measure.id == owed.part), ())
        return tuple(dict.fromkeys((*OWED_BY[owed.duty], *deciders)))
    return OWED_BY[owed.duty]


def is_open(status: Status) -> bool:
    """Whether work on the request goes on: its measures owe what they owe."""
    return status in (Status.RECEIVED, Status.INCOMPLETE, Status.OPEN)


def owed_by(status: Status) -> tuple[Duty, ...]:
    """What a part owes as long as it stands in this status."""
    return FACTS[status].owes
