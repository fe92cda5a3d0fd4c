"""The words of a request as records: its parts, what is done to it, and what was recorded of that.

Everything here is frozen. What comes in at the door forbids unknown fields; what lives for years in histories and in
the ledger only ever gains fields with defaults, and is written without them, so that its digests stay what they are.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    StringConstraints,
    model_validator,
)
from pydantic.fields import FieldInfo

from comity.request.lifecycle import EDITION, FACTS, Act, Duty, Kind, Role, Stage, Status, has_ended

Part = Annotated[str, StringConstraints(pattern=r"^(request|[MPQ][1-9][0-9]{0,3})$")]
"""A part of a request: `request` itself, or M1, P1, Q1 … (measure, package, question)."""

Ulid = Annotated[str, StringConstraints(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
PersonId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
TOKEN_PATTERN = r"^(suspect|victim|child|witness|expert|officer|company|person)-[1-9][0-9]{0,2}$"  # noqa: S105
PersonToken = Annotated[str, StringConstraints(pattern=TOKEN_PATTERN)]
"""What stands for a person: `victim-1`. It cannot hold a name."""
SafeguardName = Annotated[str, StringConstraints(pattern=r"^S[1-9][0-9]{0,2}$")]
TaskName = Annotated[str, StringConstraints(pattern=r"^T[1-9][0-9]{0,3}$")]
Token = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9 ./-]{0,63}$")]
LawVersion = Annotated[str, StringConstraints(pattern=r"^([a-z]{1,16}-[0-9a-f]{12})?$")]
"""A version of the law data, as `comity law list` names it; "" for requests that keep none."""
GroundId = Annotated[str, StringConstraints(pattern=r"^([a-z0-9][a-z0-9 ./-]{0,63})?$")]
"""A ground by its name in the law data (`budapest/sovereignty`); "" where an act rests on none. Never free text."""


def _in_bounds(at: datetime) -> datetime:
    if not 1900 <= at.year < 2200:
        raise ValueError("an instant between 1900 and 2199 is needed")
    return at


At = Annotated[AwareDatetime, AfterValidator(_in_bounds)]
"""An instant that somebody gives: with its offset, and one that a calendar can count from."""


class Record(BaseModel):
    """A record: frozen, and closed to what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def record_in(field: FieldInfo) -> type[BaseModel] | None:
    """The record that a field holds, one or many; None where it holds a plain value."""
    shapes = _shapes(field.annotation)
    return next((shape for shape in shapes if isinstance(shape, type) and issubclass(shape, BaseModel)), None)


def record_at(record: type[BaseModel], steps: Iterable[int | str]) -> type[BaseModel]:
    """The record at a place inside another; names in a mapping and places in a list lead nowhere else."""
    for step in steps:
        field = record.model_fields.get(str(step))
        record = (record_in(field) if field else None) or record
    return record


def _shapes(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from _shapes(inner)


class Kept(BaseModel):
    """A record that lives for years: frozen, and open to what later versions add."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Urgency(StrEnum):
    """The urgency classes, the most urgent first (docs/glossary.md)."""

    P0 = "P0"
    P1 = "P1"
    P1D = "P1d"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"

    @property
    def rank(self) -> int:
        """0 for the most urgent."""
        return list(Urgency).index(self)


class Direction(StrEnum):
    """Who asks whom, or who gives whom information without a request."""

    ASKED_OF_US = "asked of us"
    ASKED_BY_US = "asked by us"
    GIVEN_TO_US = "given to us"
    GIVEN_BY_US = "given by us"


class Channel(StrEnum):
    """By which way something came, or goes.

    `folder`: this service leaves it for the recipient itself; `sftp`, `https`, `s3`: it brings it there. `interpol` is
    I-24/7. What goes by another, a person carries.
    """

    LETTER = "letter"
    COURIER = "courier"
    DIPLOMATIC_BAG = "diplomatic bag"
    E_MAIL = "e-mail"
    FAX = "fax"
    PHONE = "phone"
    IN_PERSON = "in person"
    INTERPOL = "interpol"
    NETWORK = "24/7 network"
    PORTAL = "portal"
    FOLDER = "folder"
    SFTP = "sftp"
    HTTPS = "https"
    S3 = "s3"
    JUDEX = "judex"
    IBER = "iber@"


BY_WIRE = frozenset({Channel.SFTP, Channel.HTTPS, Channel.S3})
"""By which this service brings a package to where its recipient takes it."""

BY_MACHINE = BY_WIRE | {Channel.FOLDER}
"""By which a transfer carries a package; what goes by another channel, a person carries."""


class Way(StrEnum):
    """Whether a letter came to us or went out."""

    IN = "in"
    OUT = "out"


# --- what is done: a deed and its particulars -------------------------------------------------------------------------


class Particulars(Record):
    """What every act may carry: words for the file, and the reason. Both are free text, and travel encrypted only."""

    words: str = Field("", max_length=20_000)
    reason: str = Field("", max_length=20_000)


class SoughtMeasure(Record):
    """One measure as it is sought: its kind and the facts of law that its life depends on."""

    id: Part
    kind: Token
    instrument: Token
    urgency: Urgency
    lasts: bool = False
    one_person: bool = False
    execute_at: At | None = Field(None, description="when it is executed in several States at the same minute")
    conditions: tuple[str, ...] = Field((), description="on which information is given without a request")


class Gap(Record):
    """A question that the request itself raises: which field is missing or wrong, by its path."""

    id: Part
    field: str
    to: Role = Role.REQUESTING_AUTHORITY


class Receive(Particulars):
    """What a request is when it comes in: its structure only. Its text lies in the register, under its own key."""

    direction: Direction
    requesting: Country
    requested: Country
    measures: tuple[SoughtMeasure, ...] = Field(min_length=1)
    gaps: tuple[Gap, ...] = ()
    letter: Digest = Field(description="SHA-256 of the request as it came in")
    oral: bool = Field(default=False, description="it was told by voice, and is to be confirmed in writing")
    asked_by: At | None = Field(None, description="the date that the requesting authority asks for")
    data_lost_at: At | None = Field(None, description="when data will be lost if nothing is done")
    law: LawVersion = Field("", description="the version of the law data that it was read by, and keeps")
    edition: int = Field(0, ge=0, le=EDITION, description="of the lifecycle's tables, that it lives by")
    adults: bool = Field(default=False, description="it says of every victim that no child is concerned")


class GroundFinding(Record):
    """What a reviewer found on one ground of a measure's instrument."""

    ground: Token
    applies: bool
    reason: str = Field(min_length=1, max_length=5_000)


class Findings(Particulars):
    """What a reviewer found, ground by ground; what is found anew takes the place of what was found before."""

    findings: tuple[GroundFinding, ...] = Field(min_length=1, max_length=100)


class ByLaw(Record):
    """What the law that a request keeps says of one proposal: stamped at the counter, never typed.

    `must`, `may`: the grounds of the instrument that bind us, by itself or by our own State's law, and the others.
    """

    version: LawVersion
    must: tuple[Token, ...] = ()
    may: tuple[Token, ...] = ()
    consult_first: bool = True
    deciders: tuple[Role, ...] = Field(min_length=1)


class Proposal(Particulars):
    """What a reviewer proposes for a measure, with the reasons kept and the reasons told."""

    outcome: Act
    ground: GroundId = ""
    told: str = ""
    conditions: tuple[str, ...] = ()
    by_law: ByLaw | None = None


class Decision(Particulars):
    """What a decider decides; `seen` is the digest of the proposal that was before them."""

    seen: Digest
    ground: GroundId = ""
    told: str = ""
    conditions: tuple[str, ...] = ()
    review_at: At | None = None
    told_requester_at: At | None = None


class Suspension(Particulars):
    """That a measure does not go on for now, and the ground of its instrument that says so, if one does."""

    ground: GroundId = ""


class LawNamed(Particulars):
    """A version of the law data."""

    law: LawVersion


class Delay(Particulars):
    """That something will be late: which duty, by its key, and when it will be done instead."""

    duty: Annotated[str, StringConstraints(pattern=r"^((request|[MPQ][1-9][0-9]{0,3})/[a-z ]{1,48})?$")] = ""
    estimate: At | None = None


class PersonTold(Particulars):
    """That a person concerned was told of a measure; `until`: the end of the remedy that is open to them."""

    until: At


class RemedyDecided(Particulars):
    """What a court has decided on a remedy that was sought."""

    upheld: bool


class ProviderFound(Particulars):
    """Another provider that transmitted the communication: who it is, in which State, and the path (Budapest 30)."""

    provider: str = Field(min_length=1, max_length=200)
    country: Country
    path: str = Field(min_length=1, max_length=2000)


class PrivilegeNamed(Particulars):
    """An exhibit of which somebody says that it is privileged."""

    exhibit: Ulid


class PrivilegeDecided(PrivilegeNamed):
    """What a court has decided on it."""

    upheld: bool


class PutDown(Particulars):
    """A lower class than was claimed; `suggested`: what the facts told suggest, stamped at the counter."""

    urgency: Urgency
    suggested: Urgency


class Exhibit(Record):
    """One item of evidence as a request knows it: an opaque id, and the seal's hash and size."""

    id: Ulid
    sha256: Digest
    size: int = Field(ge=0)
    measure: Part | None = Field(None, description="by which it was obtained; set by its deposit")


class Departing(Particulars):
    """That a package leaves; `at_once`: although a remedy may still be sought, for the reason given.

    Of what a person carries: the number under which it is known there, and the slip that it was handed over for.
    """

    at_once: bool = False
    number: str = Field("", max_length=200)
    slip: Exhibit | None = None


class SafeguardPlanned(Particulars):
    """A safeguard of the law data, for a person, and by when it is to be seen to."""

    safeguard: Token
    protects: PersonToken
    by: At


class SafeguardNamed(Particulars):
    """A safeguard of this request, by its name: S1."""

    name: SafeguardName


class Heard(Particulars):
    """That a person was heard: interviewed, examined, or shown something to say what it is."""

    heard: PersonToken


class Recovery(Particulars):
    """A time in which a victim is left to recover and to decide (CETS 197 art. 13(1): at least 30 days)."""

    protects: PersonToken
    until: At


class TaskIs(StrEnum):
    """Work that is done inside, or ordered, while a request goes on."""

    TRANSLATION = "translation"
    CERTIFICATION = "certification"
    SCAN = "scan"
    COPY = "copy"


class TaskSet(Particulars):
    """Something to be done inside, on which parts, by when."""

    task: TaskIs
    by: At
    about: tuple[Part, ...] = ()


class TaskNamed(Particulars):
    """A task of this request, by its name: T1."""

    name: TaskName


class Spoken(Particulars):
    """An act done by word of mouth, or as fast: to whom, on which number; what was said stands in `words`."""

    to: str = Field(min_length=1, max_length=200)
    number: str = Field(min_length=3, max_length=200, description="telephone number, address or portal")
    channel: Channel = Channel.PHONE


class SenderVerified(Particulars):
    """How a sender was found to be who they say: the number that was called back, from a list of our own."""

    number: str = Field(min_length=3, max_length=200)


class ToPerson(Particulars):
    """To whom of us a request is given."""

    person: PersonId


class Linked(Particulars):
    """Another request: the one that this belongs to."""

    reference: Ulid


class Dated(Particulars):
    """An act with a date: until when, or by when."""

    until: At


class SeenDigest(Particulars):
    """An approval; `seen` is the digest of the proposal that was before the approver."""

    seen: Digest
    at_once: bool = Field(default=False, description="dispatched again although a remedy may still be sought")
    number: str = Field("", max_length=200, description="dispatched again by hand: the number under which it is known")
    slip: Exhibit | None = Field(None, description="dispatched again by hand: the slip that it was handed over for")


class Deposit(Particulars):
    """One exhibit that was sealed into the vault for a measure."""

    exhibit: Exhibit


class Draft(Particulars):
    """Exhibits put together for a recipient, named as in COMITY_HOME/recipients."""

    exhibits: tuple[Ulid, ...] = Field(min_length=1)
    recipient: Token
    key: Digest | None = Field(None, description="SHA-256 of the recipient's public key, as it was when drafted")
    channel: Channel = Channel.FOLDER
    return_by: At | None = Field(None, description="when originals are to be back")


class LetterKept(Particulars):
    """A letter that came in or went out, as it was sealed, with the parts that it is about."""

    kind: Token
    way: Way
    channel: Channel
    exhibit: Exhibit
    about: tuple[Part, ...] = ()
    until: At | None = Field(None, description="by when it asks for an answer")


class Correction(Particulars):
    """What is right instead of what an earlier deed said. The deed stays as it was entered.

    `act`, `part` and `was` repeat the earlier deed: what it did, on which part, and the instant that counted.
    """

    deed: Ulid
    act: Act
    part: Part = "request"
    was: At
    instant: At | None = Field(None, description="when it happened or was received, in truth")
    until: At | None = None
    asked_by: At | None = None
    data_lost_at: At | None = None
    execute_at: dict[Part, At] = Field({}, description="of measures, by their names: executed at that very minute")


class FurtherUse(Particulars):
    """The answer to a question on further use."""

    granted: bool
    conditions: tuple[str, ...] = ()


class Cost(Particulars):
    """What something has cost, and who bears it."""

    amount: str = Field(pattern=r"^[0-9]{1,12}(\.[0-9]{2})?$")
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    borne_by: Role


class ReceiptOfPackage(Particulars):
    """What the recipient says it received: its own hash of each exhibit."""

    content: Digest
    exhibits: dict[Ulid, Digest]
    signed_by: Digest | None = Field(None, description="SHA-256 of the certificate by which the receipt is signed")


class NewQuestion(Particulars):
    """Something asked of somebody; `told` is the sentence that a letter may put to them."""

    to: Role
    told: str = Field("", max_length=2_000)
    field: str | None = Field(None, max_length=200, description="the field of the letter that it asks for, by its path")
    about: tuple[Part, ...] = ()
    answer_by: At | None = None


class UrgencySet(Particulars):
    """An urgency class claimed or assessed."""

    urgency: Urgency


class DutyNamed(Particulars):
    """A duty of this request, by its key (`M1/decide`)."""

    duty: str


class Extension(DutyNamed):
    """A deadline moved, where the instrument allows it."""

    until: At


class PoliceTookIt(Particulars):
    """Who at the police has taken it over, and under which reference of theirs."""

    name: str = Field(min_length=1)
    function: str = Field(min_length=1)
    number: str = Field(min_length=3)
    reference: str = ""


class ChildProtectionTookIt(PoliceTookIt):
    """The same of the authority that protects children."""


class NewMeasure(Particulars):
    """One more measure."""

    measure: SoughtMeasure


class LegalBasis(Particulars):
    """The instrument that a measure rests on."""

    instrument: Token


class ChildIs(StrEnum):
    """What may be known of a child."""

    UNKNOWN = "unknown"
    LOCATED = "located"
    SAFE = "safe"
    NOT_FOUND = "not found"
    DEAD = "dead"


class ChildState(Particulars):
    """What is known of the children whom a request is about: `safe` says it of every one of them."""

    state: ChildIs


class Stop(Kept):
    """A stretch in which a measure did not go on; `until` is open as long as it lasts.

    Only a ground by which its rule is stopped moves a deadline; "": none was named.
    """

    ground: GroundId = ""
    since: AwareDatetime
    until: AwareDatetime | None = None


class Deadline(Kept):
    """The absolute instant by which a duty is due, and the rule that says so; `stops`: what has moved it."""

    due: AwareDatetime
    rule: str = Field(description="id of the rule in the law data, e.g. eio/decide")
    article: str = Field(description="where it stands; `our default` where the instrument sets no number")
    verified: bool
    started: AwareDatetime = Field(description="the instant from which the rule counts")
    length: str = Field(description="as the rule says it: `30 days`, `15 minutes`, `5 working days`")
    law: str = Field(description="versions of law data, holidays and tzdata that counted it")
    stops: tuple[Stop, ...] = ()


class Rung(Kept):
    """One step of a ladder: whom to tell, how long after the ladder's start (negative: before the deadline)."""

    after: timedelta
    tell: tuple[Role, ...]


class Ladder(Kept):
    """Who is told, when, if nobody answers. `from_due`: counted from the deadline, else from the duty's opening."""

    name: str
    from_due: bool
    pause: timedelta = Field(description="how long an acknowledgement holds the climb")
    rungs: tuple[Rung, ...] = Field(min_length=1)


class Reckoned(Record):
    """The deadlines of one duty, as counted anew: empty where no rule sets one."""

    duty: str
    deadlines: tuple[Deadline, ...] = ()
    rung: int = Field(0, description="where its ladder's climb begins")
    next_at: AwareDatetime | None = Field(None, description="when")


class Reckoning(Particulars):
    """What a reckoning found: deadlines that are new or moved, and ladders that were not known yet."""

    duties: tuple[Reckoned, ...] = ()
    ladders: dict[str, Ladder] = {}


class Alarm(Particulars):
    """One rung of one duty's ladder that came due. Its key: reference, duty, generation, rung."""

    duty: str
    generation: int
    rung: int = Field(ge=0, description="counts on over the rounds of the ladder")
    planned: AwareDatetime
    next_at: AwareDatetime
    tell: tuple[Role, ...]
    overdue: bool
    round: int = 0


class Knocked(Particulars):
    """What became of an alarm's messages: who has it, and where it could not be put."""

    duty: str
    generation: int
    rung: int
    accepted: tuple[PersonId, ...] = ()
    failed: dict[PersonId, str] = {}
    tries: int = 1
    next_at: AwareDatetime | None = Field(None, description="when nobody has it: when the next rung is climbed")


class Delivery(Particulars):
    """What a transfer did with a package."""

    attempt: int
    outcome: Token


PARTICULARS: dict[Act, type[Particulars]] = {
    Act.RECEIVE: Receive,
    Act.PROPOSE: Proposal,
    Act.GRANT: Decision,
    Act.GRANT_ANOTHER_MEASURE: Decision,
    Act.OFFER_CONDITIONS: Decision,
    Act.POSTPONE: Decision,
    Act.REFUSE: Decision,
    Act.SUSPEND: Suspension,
    Act.ORDER_PROVISIONALLY: Spoken,
    Act.DISCLOSE_AT_ONCE: Spoken,
    Act.VERIFY_SENDER: SenderVerified,
    Act.ALLOCATE: ToPerson,
    Act.HAND_OVER: ToPerson,
    Act.JOIN: Linked,
    Act.LINK: Linked,
    Act.CORRECT: Correction,
    Act.RECORD_LETTER: LetterKept,
    Act.ANSWER_FURTHER_USE: FurtherUse,
    Act.SETTLE_COST: Cost,
    Act.CONSULT: Dated,
    Act.PUT_IN_FORCE: Dated,
    Act.RENEW: Dated,
    Act.ASK: NewQuestion,
    Act.DEPOSIT: Deposit,
    Act.DRAFT_PACKAGE: Draft,
    Act.APPROVE_RELEASE: SeenDigest,
    Act.CONFIRM_RECEIPT: ReceiptOfPackage,
    Act.DISPATCH_AGAIN: SeenDigest,
    Act.CLAIM_URGENCY: UrgencySet,
    Act.ASSESS_URGENCY: UrgencySet,
    Act.ACKNOWLEDGE_ESCALATION: DutyNamed,
    Act.EXTEND_DEADLINE: Extension,
    Act.POLICE_TOOK_IT: PoliceTookIt,
    Act.CHILD_PROTECTION_TOOK_IT: ChildProtectionTookIt,
    Act.FORWARD: Spoken,
    Act.GIVE_INFORMATION: Spoken,
    Act.GIVE_AT_ONCE: Spoken,
    Act.DECIDE_REMEDY: RemedyDecided,
    Act.ADD_MEASURE: NewMeasure,
    Act.SET_LEGAL_BASIS: LegalBasis,
    Act.RECORD_CHILD_STATE: ChildState,
    Act.REPORT_DELIVERY: Delivery,
    Act.RECORD_FINDINGS: Findings,
    Act.APPLY_LAW: LawNamed,
    Act.RECUSE: ToPerson,
    Act.LIFT_RECUSAL: ToPerson,
    Act.TELL_CONCERNED: PersonTold,
    Act.FIND_OTHER_PROVIDER: ProviderFound,
    Act.CLAIM_PRIVILEGE: PrivilegeNamed,
    Act.DECIDE_PRIVILEGE: PrivilegeDecided,
    Act.PUT_DOWN_CLAIM: PutDown,
    Act.REPORT_DELAY: Delay,
    Act.DISPATCH: Departing,
    Act.PLAN_SAFEGUARD: SafeguardPlanned,
    Act.RECORD_SAFEGUARD: SafeguardNamed,
    Act.RECORD_INTERVIEW: Heard,
    Act.RECORD_RECOVERY: Recovery,
    Act.SET_TASK: TaskSet,
    Act.RECORD_TASK: TaskNamed,
    Act.RECKON: Reckoning,
    Act.RING: Alarm,
    Act.TOLD: Knocked,
    Act.NOT_TOLD: Knocked,
}
"""What each act carries; an act that is not listed carries words and a reason only."""


def particulars_of(act: Act) -> type[Particulars]:
    """The type of what an act carries."""
    return PARTICULARS.get(act, Particulars)


def _typed(value: Any) -> Any:
    """Read `particulars` as the type that the act beside it asks for."""
    if isinstance(value, dict) and isinstance(value.get("particulars", {}), dict):
        act = Act(value["act"])
        return {**value, "particulars": particulars_of(act).model_validate(value.get("particulars", {}))}
    return value


class OnBehalf(Record):
    """That an act of somebody outside was entered by one of us: how it came, and the sealed paper that proves it."""

    channel: Channel
    exhibit: Exhibit


class Deed(Record):
    """One act done: by whom, in which role, on which part, having seen which revision of it."""

    id: Ulid
    act: Act
    part: Part = "request"
    person: PersonId
    role: Role
    expected: int | None = Field(None, ge=0, description="revision of the part that the person saw")
    happened: At | None = None
    received: At | None = None
    on_behalf: OnBehalf | None = None
    particulars: SerializeAsAny[Particulars] = Particulars()

    _particulars_by_act = model_validator(mode="before")(_typed)


class Event(Kept):
    """What a deed or the clock made of a request, as it goes into register and ledger. `version` counts them."""

    version: int = Field(ge=1)
    act: Act
    part: Part
    status: Status | None = Field(None, description="where the act led the part; None when it moved nothing")
    person: PersonId
    role: Role
    at: AwareDatetime
    happened: AwareDatetime | None = None
    received: AwareDatetime | None = None
    deed: Ulid | None = None
    deed_digest: Digest | None = None
    on_behalf: OnBehalf | None = None
    particulars: SerializeAsAny[Particulars] = Particulars()
    trace: str | None = Field(None, description="id of the trace of the act that made it (W3C, 32 hex digits)")

    _particulars_by_act = model_validator(mode="before")(_typed)

    @property
    def since(self) -> datetime:
        """The instant from which a legal clock runs: happened, else received, else recorded."""
        return self.happened or self.received or self.at


class Receipt(Kept):
    """That a deed is on record: at which version, and where it left its part."""

    reference: Ulid
    deed: Ulid
    act: Act
    part: Part
    status: Status
    revision: int
    version: int
    stage: Stage
    at: AwareDatetime


# --- what a request is: the fold of its events ------------------------------------------------------------------------


class Found(Kept):
    """What was found on one ground, and by whom; the reason stands in the record."""

    ground: Token
    applies: bool
    by: PersonId


class Measure(Kept):
    """One thing that the request asks for; clock, legal basis and outcome belong to it."""

    id: Part
    kind: Token
    instrument: Token
    urgency: Urgency
    urgency_by: PersonId
    status: Status = Status.SOUGHT
    revision: int = 0
    lasts: bool = False
    one_person: bool = False
    received: AwareDatetime = Field(description="when it was asked for: with the request, or added later")
    since: AwareDatetime = Field(description="when it came to its present status")
    consulted: bool = False
    hands: tuple[PersonId, ...] = Field((), description="who proposed or changed what is before the decider")
    proposer: PersonId | None = None
    proposal: Digest | None = None
    proposed: Act | None = Field(None, description="the decision that the proposal asks for")
    decided: AwareDatetime | None = None
    until: AwareDatetime | None = None
    stops: tuple[Stop, ...] = Field((), description="when its execution was suspended")
    findings: tuple[Found, ...] = ()
    consult_first: bool = Field(default=True, description="before it is refused or postponed on the ground proposed")
    deciders: tuple[Role, ...] = Field((), description="who decides what is proposed, by our own law")
    conditions: tuple[str, ...] = Field((), description="that were proposed, and on which it was offered, or given")
    remedy_until: AwareDatetime | None = Field(None, description="until when a person concerned may seek a remedy")
    remedies: int = Field(0, description="that were sought, and are not decided on")
    remedy_upheld: bool = Field(default=False, description="a court has decided for whoever sought one")
    providers: int = Field(0, description="others found in its path, of whom the requesting authority was not told")
    taken_up: bool = Field(default=False, description="whoever executes it has acknowledged it")
    put_down: bool = Field(default=False, description="claimed more urgent, put down by one, to be looked at again")
    granted: bool = Field(default=False, description="decided by two, or ratified; what was obtained is evidence")
    provisional: bool = Field(default=False, description="ordered by one, and to be ratified")
    refusal_untold: bool = Field(default=False, description="not ratified, and nobody outside knows it yet")
    told: bool = Field(default=False, description="the requesting authority knows how it ended")
    execute_at: AwareDatetime | None = Field(None, description="executed in several States at the same minute")


class Package(Kept):
    """Exhibits on their way to the requesting State."""

    id: Part
    status: Status = Status.DRAFTED
    revision: int = 0
    since: AwareDatetime
    exhibits: tuple[Exhibit, ...]
    recipient: Token
    key: Digest | None = None
    content: Digest = Field(description="digest of the exhibits' seals, in order")
    hands: tuple[PersonId, ...] = ()
    attempts: int = 0
    doubted: bool = Field(default=False, description="a receipt came that is not its recipient's, or not of it")
    arrived: int = Field(default=0, description="the last attempt that is known to lie with its recipient")
    channel: Channel = Channel.FOLDER
    return_by: AwareDatetime | None = None
    returned: bool = False
    provisional: bool = Field(default=False, description="disclosed by one, and to be ratified")
    refusal_untold: bool = False


class Letter(Kept):
    """A letter of the file: what it is, which way it went, and what it is about. Its text is an exhibit."""

    exhibit: Exhibit
    kind: Token
    way: Way
    channel: Channel
    at: AwareDatetime
    about: tuple[Part, ...] = ()


class Question(Kept):
    """Something asked of somebody, with its own due time."""

    id: Part
    to: Role
    status: Status = Status.ASKED
    revision: int = 0
    since: AwareDatetime
    about: tuple[Part, ...] = ()
    field: str | None = None
    answer_by: AwareDatetime | None = None


class Safeguard(Kept):
    """What is to be seen to for a person by a date; `what`: its id in the law data."""

    name: SafeguardName
    what: Token
    protects: PersonToken
    by: AwareDatetime
    done: bool = False


class Task(Kept):
    """What is to be done inside by a date; it stops no clock of ours."""

    name: TaskName
    what: TaskIs
    by: AwareDatetime
    about: tuple[Part, ...] = ()
    done: bool = False


class Privilege(Kept):
    """An exhibit for which privilege was claimed: it leaves in no package, unless a court has decided otherwise."""

    exhibit: Ulid
    upheld: bool | None = None


class Owed(Kept):
    """One duty that is owed: by which part, under which deadlines, and how far its ladder was climbed."""

    key: str = Field(description="part and duty: `M1/decide`")
    part: Part
    duty: Duty
    urgency: Urgency
    opened: AwareDatetime = Field(description="the instant that counts in law")
    entered: AwareDatetime = Field(description="when it came on record; its ladder never rings before")
    reckoned: bool = False
    deadlines: tuple[Deadline, ...] = ()
    extended: AwareDatetime | None = None
    estimate: AwareDatetime | None = Field(None, description="when it will be done, as a delay was reported")
    ladder: str
    generation: int = Field(0, description="version of the event that set the present instant")
    rung: int = Field(0, description="the next rung to climb, counted on over the rounds")
    next_at: AwareDatetime | None = Field(None, description="when it is climbed")
    held_by: PersonId | None = None

    @property
    def due(self) -> datetime | None:
        """The earliest of its deadlines."""
        return min((deadline.due for deadline in self.deadlines), default=None)


class Request(Kept):
    """One request, as far as its life depends on it. Its text, names and letters are not here."""

    reference: Ulid
    version: int = 0
    revision: int = 0
    law: LawVersion = Field("", description="the version of the law data that it keeps")
    edition: int = Field(0, description="of the lifecycle's tables, that it lives by")
    status: Status = Status.RECEIVED
    direction: Direction
    requesting: Country
    requested: Country
    received: AwareDatetime
    since: AwareDatetime
    asked_by: AwareDatetime | None = None
    data_lost_at: AwareDatetime | None = None
    hands: tuple[PersonId, ...] = ()
    acknowledged: bool = False
    police_have_it: bool = False
    adults: bool = Field(default=False, description="no child is concerned, as it says of every victim")
    child_protection_has_it: bool = False
    child: ChildIs = ChildIs.UNKNOWN
    sender_verified: bool = False
    keys_destroyed: bool = False
    oral: bool = False
    confirmed: bool = False
    allocated: PersonId | None = Field(None, description="who has it")
    offered_to: PersonId | None = Field(None, description="who may take it over")
    joined: Ulid | None = Field(None, description="the request that this one is the same as")
    links: tuple[Ulid, ...] = ()
    recused: tuple[PersonId, ...] = ()
    privileges: tuple[Privilege, ...] = ()
    safeguards: tuple[Safeguard, ...] = ()
    tasks: tuple[Task, ...] = ()
    queries: int = Field(0, description="how often the requesting authority asked how it goes, and was not told yet")
    interviews: dict[PersonToken, int] = {}
    recoveries: dict[PersonToken, AwareDatetime] = {}
    further_uses: int = Field(0, description="asked and not answered")
    reminders: int = 0
    last_letter_until: AwareDatetime | None = None
    measures: tuple[Measure, ...]
    packages: tuple[Package, ...] = ()
    questions: tuple[Question, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    letters: tuple[Letter, ...] = ()
    duties: tuple[Owed, ...] = ()
    ladders: dict[str, Ladder] = {}

    @property
    def urgency(self) -> Urgency:
        """The highest class among the measures that have not ended, or among all when all have."""
        living = [measure for measure in self.measures if not has_ended(measure.status)] or self.measures
        return min((measure.urgency for measure in living), key=lambda urgency: urgency.rank)

    @property
    def other_state(self) -> Country:
        """The State that asks us or gives to us, or that we ask or give to."""
        ours = self.direction in (Direction.ASKED_BY_US, Direction.GIVEN_BY_US)
        return self.requested if ours else self.requesting


_KINDS = {"M": Kind.MEASURE, "P": Kind.PACKAGE, "Q": Kind.QUESTION}


def kind_of(part: str) -> Kind:
    """Which kind of part a name names: `M1` is a measure."""
    return Kind.REQUEST if part == "request" else _KINDS[part[0]]


def stage_of(request: Request) -> Stage:
    """The stage of a request: its own while it arrives or settles, else that of its least advanced living part.

    Where all parts have ended, evidence that is in no package yet waits for its transfer.
    """
    own = FACTS[request.status].stage
    if own is not None:
        return own
    standing = [measure.status for measure in request.measures] + [package.status for package in request.packages]
    stages = [FACTS[status].stage for status in standing if not has_ended(status)]
    order = list(Stage)
    waiting = Stage.EVIDENCE_TRANSFER if _is_unsent(request) else Stage.CLOSURE
    return min((stage for stage in stages if stage), key=order.index, default=waiting)


def _is_unsent(request: Request) -> bool:
    packed = {exhibit.id for package in request.packages for exhibit in package.exhibits}
    return any(exhibit.id not in packed for exhibit in request.exhibits)


def canonical(record: BaseModel) -> bytes:
    """A record as canonical JSON: keys sorted, no white space, UTF-8, what equals its default left out."""
    plain = record.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(record: BaseModel) -> str:
    """SHA-256 of a record's canonical JSON, in hex."""
    return hashlib.sha256(canonical(record)).hexdigest()
