"""The lifecycle of a request: four tables, and nothing else decides what may happen.

A request for mutual legal assistance asks for *measures*. One disputed measure must not hold up the others, so each
measure has a life of its own (MEASURE), as has each *package* of evidence that leaves (PACKAGE) and each *question*
that is asked (QUESTION). The request itself (REQUEST) is only received, open, settling and closed; the *stage* that
people speak of is computed from its parts (`stage_of` in comity.request.model).

A row reads aloud: *while* a part is in this status, this *act* *leads to* that status *and is done by* one of these
roles, *when* these guards have no objection. A guard is named here and written in comity.request.rules.

Facts about a status (its stage, whether the part has ended, what is owed while it lasts) are columns of the table
STATUSES; facts about an act that moves nothing are rows of STILL. What was added to a row after it was promised is a
row of LATER, and holds for requests that were received under that edition (docs/decisions/0025). From these tables come the door's validator, the
commands' offers, docs/lifecycle.md, the register's check constraints, and the tests over every status × act × role.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar


class Kind(StrEnum):
    """The kinds of part that have a life."""

    REQUEST = "request"
    MEASURE = "measure"
    PACKAGE = "package"
    QUESTION = "question"


class Stage(StrEnum):
    """The five stages of the card, in their order."""

    SUBMISSION = "submission"
    LEGAL_REVIEW = "legal review"
    EXECUTION = "execution"
    EVIDENCE_TRANSFER = "evidence transfer"
    CLOSURE = "closure"


class Role(StrEnum):
    """In whose name an act is done."""

    COORDINATOR = "coordinator"
    DUTY_OFFICER = "duty officer"
    REVIEWER = "reviewer"
    DECIDER = "decider"
    EVIDENCE_OFFICER = "evidence officer"
    EXECUTING_AUTHORITY = "executing authority"
    REQUESTING_AUTHORITY = "requesting authority"
    COURT = "court"
    PROVIDER = "provider"
    POLICE = "police"
    HEAD_OF_UNIT = "head of unit"
    AUDITOR = "auditor"
    CLOCK = "clock"
    SYSTEM = "system"


OFFICE = frozenset(
    {Role.COORDINATOR, Role.DUTY_OFFICER, Role.REVIEWER, Role.DECIDER, Role.EVIDENCE_OFFICER, Role.HEAD_OF_UNIT}
)
"""The roles inside the central authority."""

OUTSIDE = frozenset({Role.EXECUTING_AUTHORITY, Role.REQUESTING_AUTHORITY, Role.COURT, Role.PROVIDER, Role.POLICE})
"""The roles whose acts a coordinator may enter on their behalf, with what proves them."""


class Duty(StrEnum):
    """Something owed."""

    ACKNOWLEDGE = "acknowledge"
    OPEN_REVIEW = "open review"
    SUPPLEMENT = "supplement"
    CONFIRM_TAKE_OVER = "confirm taking over"
    SETTLE = "settle"
    END_WATCH = "end watch"
    TELL_POLICE = "tell the police"
    PROVISIONAL_ACT = "provisional act"
    REPORT_PROGRESS = "report progress"
    DECIDE = "decide"
    ANSWER_CONSULTATION = "answer consultation"
    ANSWER_OFFER = "answer offer"
    REVIEW_POSTPONEMENT = "review postponement"
    EXECUTE = "execute"
    RENEW_OR_LET_GO = "renew or let go"
    RESOLVE_SUSPENSION = "resolve suspension"
    STOP = "stop"
    RELEASE = "release"
    RESOLVE_HOLD = "resolve hold"
    SEND_AGAIN = "send again"
    CONFIRM_RECEIPT = "confirm receipt"
    ANSWER = "answer"
    RATIFY = "ratify"
    CONFIRM_IN_WRITING = "confirm in writing"
    TELL_OUTCOME = "tell the outcome"
    TELL_REFUSAL = "tell that it was not ratified"
    ANSWER_FURTHER_USE = "answer further use"
    RETURN = "return what was lent"
    ACKNOWLEDGE_ASSIGNMENT = "acknowledge the assignment"
    LOOK_AGAIN = "look again at what was put down"
    DECIDE_PRIVILEGE = "decide on privilege"
    SEE_TO_SAFEGUARDS = "see to the safeguards"
    ANSWER_ON_PROGRESS = "answer on progress"
    DO_TASKS = "do the tasks"
    TELL_CHILD_PROTECTION = "tell child protection"
    DECIDE_REMEDY = "decide on the remedy"
    SEE_IT_ARRIVE = "see that it arrives"
    CLEAR_UP_RECEIPT = "clear up the receipt"
    TELL_OTHER_PROVIDER = "tell of another provider"


class Act(StrEnum):
    """What a person or the clock may do."""

    # the request
    RECEIVE = "receive"
    OPEN_REVIEW = "open review"
    ASK_FOR_MISSING = "ask for what is missing"
    SUPPLEMENT = "supplement"
    REDIRECT = "redirect"
    JOIN = "join"
    GIVE_UP = "give up"
    VOID = "void"
    TAKEN_OVER = "taken over"
    TAKE_BACK = "take back"
    CONCLUDE = "conclude"
    CLOSE = "close"
    CLOSE_DUTIES_CONTINUE = "close, duties continue"
    RESUME_WORK = "resume work"
    END_WATCH = "end watch"
    LATE_LETTER = "late letter"
    REOPEN = "reopen"
    # a measure
    CONSULT = "consult"
    PROPOSE = "propose"
    ORDER_PROVISIONALLY = "order provisionally"
    ANSWER_CONSULTATION = "answer consultation"
    END_CONSULTATION = "end consultation"
    RETRACT = "retract"
    RETURN = "return"
    GRANT = "grant"
    GRANT_ANOTHER_MEASURE = "grant another measure"
    OFFER_CONDITIONS = "offer conditions"
    POSTPONE = "postpone"
    REFUSE = "refuse"
    ACCEPT = "accept"
    DECLINE = "decline"
    TAKE_UP_AGAIN = "take up again"
    RECONSIDER = "reconsider"
    ASSIGN = "assign"
    HAND_BACK = "hand back"
    APPLY_FOR_ORDER = "apply for an order"
    START = "start"
    ORDER_MADE = "order made"
    ORDER_DENIED = "order denied"
    PUT_IN_FORCE = "put in force"
    COMPLETE = "complete"
    COMPLETE_IN_PART = "complete in part"
    RENEW = "renew"
    LIFT = "lift"
    RECORD_EXPIRY = "record expiry"
    SUSPEND = "suspend"
    CONTINUE = "continue"
    REPORT_IMPOSSIBLE = "report impossible"
    SEND_BACK_TO_REVIEW = "send back to review"
    WITHDRAW = "withdraw"
    DO_AGAIN = "do again"
    STOPPED = "stopped"
    REFUSE_RATIFICATION = "refuse ratification"
    FORWARD = "pass on the information"
    DECLINE_INFORMATION = "decline the information"
    GIVE_INFORMATION = "give the information"
    GIVE_AT_ONCE = "give the information at once"
    # a package
    DRAFT_PACKAGE = "draft package"
    PROPOSE_RELEASE = "propose release"
    DISCLOSE_AT_ONCE = "disclose at once"
    APPROVE_RELEASE = "approve release"
    HOLD = "hold"
    LIFT_HOLD = "lift hold"
    CANCEL = "cancel"
    DISPATCH = "dispatch"
    CONFIRM_RECEIPT = "confirm receipt"
    ACCEPT_PROOF_OF_DELIVERY = "accept proof of delivery"
    REJECT = "reject"
    REPORT_LOST = "report lost"
    RECALL = "recall"
    DISPATCH_AGAIN = "dispatch again"
    DRAFT_AGAIN = "draft again"
    REFUSE_DISCLOSURE = "refuse disclosure"
    # a question
    ASK = "ask"
    ANSWER = "answer"
    WITHDRAW_QUESTION = "withdraw question"
    RECORD_QUESTION_EXPIRY = "record question expiry"
    # what moves nothing
    ACKNOWLEDGE = "acknowledge"
    REMIND = "remind"
    REPORT_PROGRESS = "report progress"
    REPORT_DELAY = "report delay"
    NOTE = "note"
    CORRECT = "correct"
    ALLOCATE = "allocate"
    HAND_OVER = "hand over"
    TAKE_OVER = "take over"
    CLAIM_URGENCY = "claim urgency"
    ASSESS_URGENCY = "assess urgency"
    RECORD_CHILD_STATE = "record the child's state"
    VERIFY_SENDER = "verify sender"
    POLICE_TOOK_IT = "record that the police took it"
    ADD_MEASURE = "add measure"
    SET_LEGAL_BASIS = "set legal basis"
    CONFIRM_IN_WRITING = "confirm in writing"
    RATIFY = "ratify"
    RATIFY_DISCLOSURE = "ratify disclosure"
    RECORD_LETTER = "record letter"
    LINK = "link"
    GIVE_SPONTANEOUS_INFORMATION = "give spontaneous information"
    ASK_FURTHER_USE = "ask further use"
    ANSWER_FURTHER_USE = "answer further use"
    NOTIFY_EXCULPATORY_USE = "notify exculpatory use"
    REPORT_OUTCOME = "report outcome"
    REPORT_BREACH = "report breach"
    RECEIVE_RETURN = "receive return"
    GIVE_BACK = "give back"
    SETTLE_COST = "settle cost"
    EXTEND_DEADLINE = "extend a deadline"
    ACKNOWLEDGE_ESCALATION = "acknowledge an escalation"
    DEPOSIT = "deposit"
    REPORT_DELIVERY = "report delivery"
    DOUBT_RECEIPT = "doubt the receipt"
    SETTLE_DOUBT = "settle the doubt"
    OPEN_VAULT = "open vault"
    APPLY_LAW = "apply newer law"
    RECORD_FINDINGS = "record findings"
    RECUSE = "recuse"
    TELL_CONCERNED = "record that the person concerned was told"
    CLAIM_PRIVILEGE = "claim privilege"
    DECIDE_PRIVILEGE = "decide on privilege"
    PUT_DOWN_CLAIM = "put down the claim"
    CONFIRM_CLASS = "confirm the class"
    PLAN_SAFEGUARD = "plan a safeguard"
    RECORD_SAFEGUARD = "record that a safeguard was seen to"
    RECORD_INTERVIEW = "record an interview"
    RECORD_RECOVERY = "record a recovery period"
    ASK_REMOVAL = "ask for the removal of material"
    ASK_ABOUT_PROGRESS = "ask about progress"
    SET_TASK = "set a task"
    RECORD_TASK = "record that a task was done"
    LIFT_RECUSAL = "lift a recusal"
    CHILD_PROTECTION_TOOK_IT = "record that child protection took it"
    RECORD_REMEDY = "record that a remedy was sought"
    DECIDE_REMEDY = "decide on the remedy"
    FIND_OTHER_PROVIDER = "record that another provider was found"
    TELL_OTHER_PROVIDER = "tell of another provider"
    # the clock's own
    RECKON = "reckon"
    RING = "ring"
    TOLD = "told"
    NOT_TOLD = "not told"


class Status(StrEnum):
    """Where inside the stage a part stands. No status belongs to two kinds of part."""

    RECEIVED = "received"
    INCOMPLETE = "incomplete"
    REDIRECTED = "redirected"
    OPEN = "open"
    SETTLING = "settling"
    WATCHED = "watched"
    CLOSED = "closed"

    SOUGHT = "sought"
    CONSULTING = "consulting"
    PROPOSED = "proposed"
    OFFERED = "offered"
    POSTPONED = "postponed"
    GRANTED = "granted"
    ASSIGNED = "assigned"
    AWAITING_ORDER = "awaiting order"
    STARTED = "started"
    IN_FORCE = "in force"
    SUSPENDED = "suspended"
    STOPPING = "stopping"
    DONE = "done"
    PARTLY_DONE = "partly done"
    IMPOSSIBLE = "impossible"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"

    DRAFTED = "drafted"
    RELEASE_PROPOSED = "release proposed"
    APPROVED = "approved"
    HELD = "held"
    DISPATCHED = "dispatched"
    REJECTED = "rejected"
    RECALLED = "recalled"
    PACKAGE_RECEIVED = "package received"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"

    ASKED = "asked"
    ANSWERED = "answered"
    QUESTION_WITHDRAWN = "question withdrawn"
    EXPIRED = "expired"


class Guard(StrEnum):
    """The conditions that a row may set. comity.request.rules says for each when it objects."""

    REVIEW_OPEN = "the request is open"
    WORK_GOES_ON = "the request is received, incomplete or open"
    NOTHING_WITHOUT_IT = "nothing can be done without it; never P0 or P1"
    SECOND_PERSON = "another person than all who proposed or changed it"
    AFTER_SILENCE = "two reminders and a last letter have gone, its date has passed; never P0 or P1"
    BY_MISTAKE = "entered by mistake, with the reason"
    NOTHING_BEGUN = "nothing of it was granted, ordered, given or sent"
    OTHER_CONFIRMED = "the other authority has confirmed"
    ALL_ENDED = "every measure and package has ended"
    NO_DUTY_LEFT = "no duty is left"
    KEYS_EXIST = "the keys of the request exist"
    URGENT_ONE_PERSON = "P0, P1 or P1d; a kind that one person may order"
    DATE_PASSED = "the date given has passed"
    THE_PROPOSER = "only who proposed it"
    DIGEST_SEEN = "names the digest of what was seen"
    AS_PROPOSED = "as it was proposed"
    TOLD_REQUESTER = "the requesting authority was told"
    CONSULTED = "only after consulting"
    NEW_FACTS = "new facts are given"
    LASTS = "a measure that lasts"
    WITH_REASON = "with the reason"
    FINDS_CHILD = (
        "P0, P1 or P1d; obtained as one person may order it; the reason says how it finds or protects the child"
    )
    SENDER_VERIFIED = "the sender is verified, or has confirmed in writing"
    SPOKEN = "what was said stands in its words"
    PROVISIONAL = "ordered provisionally, and neither ratified nor refused"
    DISCLOSED = "disclosed at once, and neither ratified nor refused"
    ANOTHER_REQUEST = "names another request than itself"
    HAS_IT = "only who has the request"
    OFFERED_TO_THEM = "it was offered to them"
    FURTHER_USE_ASKED = "a further use was asked, and waits for its answer"
    SAYS_WHAT_IS_RIGHT = "says what is right instead, with the reason"
    HAS_EXHIBITS = "it holds at least one exhibit"
    SAME_HASHES = "the receipt carries the same hashes"
    SAME_DIGEST = "the same content as before"
    EXHIBITS_OF_REQUEST = "its exhibits were deposited in this request"
    NEW_EXHIBIT = "an exhibit that is not yet in this request"
    DUTY_OWED = "a duty that is owed"
    NEXT_NAME = "named as the next measure"
    ONLY_UP = "more urgent than now"
    DOWN_BY_SECOND = "down only by another person than who set it"
    WHAT_WAS_DONE = "what was done, lifted, kept, returned"
    NAMES_GROUND = "a refusal, a postponement, a condition names its ground"
    FOLLOWS_FROM_FINDINGS = "it follows from the findings on each ground of the law that the request keeps"
    WHO_DECIDES = "who decides it by our own law"
    ANOTHER_LAW = "another law than the request keeps"
    ONESELF_OR_HEAD = "for oneself; for another only the head of unit"
    NOT_PRIVILEGED = "no privilege is claimed, or was upheld, for what it holds"
    PRIVILEGE_CLAIMED = "privilege was claimed for it, and not decided on"
    EXHIBIT_HERE = "an exhibit of this request"
    REMEDY_OVER = "no remedy may still be sought, or it cannot wait and the reason says why"
    SAYS_WHEN = "names the duty, and when it will be done"
    NO_EMERGENCY_TOLD = "lower than it is, and no lower than the facts told suggest"
    PUT_DOWN = "a claim was put down, by another person"
    SAFEGUARD_PLANNED = "a safeguard that was planned, and not seen to"
    PRESERVED_FIRST = "what is to be removed has been preserved"
    TASK_SET = "a task that was set, and is not done"
    RECUSED = "somebody who is recused"
    ASKS = "it asks for something"
    NOT_GIVEN_TO_US = "not information that was given to us"
    GIVEN_TO_US = "information that was given to us, without a request"
    GIVEN_BY_US = "information that we give, without a request"
    ITS_MINUTE = "not before the minute at which it is executed in several States"
    REMEDY_SOUGHT = "a remedy was sought against it, and not decided on"
    NO_REMEDY_PENDS = "no remedy is pending against what it holds, or was upheld"
    DISPATCHED = "it has left, and nobody has receipted it"
    IN_DOUBT = "a receipt of it is in doubt"
    OTHER_PROVIDER_FOUND = "another provider was found in its path, and is not told of"
    NUMBER_AND_SLIP = "what a person carries has a number, and a slip or note that proves it was handed over"


@dataclass(frozen=True)
class Fact:
    """What is true of a part as long as its status lasts."""

    status: Status
    kind: Kind
    stage: Stage | None
    ended: bool = False
    owes: tuple[Duty, ...] = ()


@dataclass(frozen=True)
class Step:
    """One row: while `status`, `act` leads to `leads_to`, done by one of `roles`, when no guard objects."""

    status: Status
    act: Act
    leads_to: Status
    roles: frozenset[Role]
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True)
class Still:
    """An act that moves nothing: what it is about, who does it, and whether it changes a part that others act on."""

    act: Act
    about: Kind
    roles: frozenset[Role]
    guards: tuple[Guard, ...] = ()


AnyRow = TypeVar("AnyRow", Step, Still)


@dataclass(frozen=True)
class Later:
    """What was added to all rows of an act on one kind of part since an edition: who else does it, and when also."""

    edition: int
    act: Act
    kind: Kind
    roles: frozenset[Role]
    guards: tuple[Guard, ...]


def _step(status: Status, act: Act, leads_to: Status, roles: Role | tuple[Role, ...], *guards: Guard) -> Step:
    return Step(status, act, leads_to, frozenset(roles if isinstance(roles, tuple) else (roles,)), guards)


def _later(edition: int, act: Act, kind: Kind, roles: tuple[Role, ...], *guards: Guard) -> Later:
    return Later(edition, act, kind, frozenset(roles), guards)


def _still(act: Act, about: Kind, roles: Role | tuple[Role, ...] | frozenset[Role], *guards: Guard) -> Still:
    return Still(act, about, frozenset((roles,) if isinstance(roles, Role) else roles), guards)


_S, _A, _R, _G, _D = Status, Act, Role, Guard, Duty
_COORD, _DUTY, _REV, _DEC, _EVID, _HEAD = (
    Role.COORDINATOR, Role.DUTY_OFFICER, Role.REVIEWER, Role.DECIDER, Role.EVIDENCE_OFFICER, Role.HEAD_OF_UNIT,
)  # fmt: skip
_SECOND = (_REV, _DEC, _HEAD)
_EXEC, _ASKING, _COURT, _PROV, _CLOCK = (
    Role.EXECUTING_AUTHORITY, Role.REQUESTING_AUTHORITY, Role.COURT, Role.PROVIDER, Role.CLOCK,
)  # fmt: skip

# fmt: off
STATUSES: tuple[Fact, ...] = (
    #    status                 of a           in the stage              ended  owes while it lasts
    Fact(_S.RECEIVED,           Kind.REQUEST,  Stage.SUBMISSION,         False, (_D.OPEN_REVIEW,)),
    Fact(_S.INCOMPLETE,         Kind.REQUEST,  Stage.SUBMISSION,         False, (_D.SUPPLEMENT,)),
    Fact(_S.REDIRECTED,         Kind.REQUEST,  Stage.SUBMISSION,         False, (_D.CONFIRM_TAKE_OVER,)),
    Fact(_S.OPEN,               Kind.REQUEST,  None),                    # the least advanced of its parts
    Fact(_S.SETTLING,           Kind.REQUEST,  Stage.CLOSURE,            False, (_D.SETTLE,)),
    Fact(_S.WATCHED,            Kind.REQUEST,  Stage.CLOSURE,            False, (_D.END_WATCH,)),
    Fact(_S.CLOSED,             Kind.REQUEST,  Stage.CLOSURE,            True),

    Fact(_S.SOUGHT,             Kind.MEASURE,  Stage.LEGAL_REVIEW,       False, (_D.DECIDE,)),
    Fact(_S.CONSULTING,         Kind.MEASURE,  Stage.LEGAL_REVIEW,       False, (_D.DECIDE, _D.ANSWER_CONSULTATION)),
    Fact(_S.PROPOSED,           Kind.MEASURE,  Stage.LEGAL_REVIEW,       False, (_D.DECIDE,)),
    Fact(_S.OFFERED,            Kind.MEASURE,  Stage.LEGAL_REVIEW,       False, (_D.ANSWER_OFFER,)),
    Fact(_S.POSTPONED,          Kind.MEASURE,  Stage.LEGAL_REVIEW,       False, (_D.REVIEW_POSTPONEMENT,)),
    Fact(_S.GRANTED,            Kind.MEASURE,  Stage.EXECUTION,          False, (_D.EXECUTE,)),
    Fact(_S.ASSIGNED,           Kind.MEASURE,  Stage.EXECUTION,          False, (_D.EXECUTE,)),
    Fact(_S.AWAITING_ORDER,     Kind.MEASURE,  Stage.EXECUTION,          False, (_D.EXECUTE,)),
    Fact(_S.STARTED,            Kind.MEASURE,  Stage.EXECUTION,          False, (_D.EXECUTE,)),
    Fact(_S.IN_FORCE,           Kind.MEASURE,  Stage.EXECUTION,          False, (_D.RENEW_OR_LET_GO,)),
    Fact(_S.SUSPENDED,          Kind.MEASURE,  Stage.EXECUTION,          False, (_D.RESOLVE_SUSPENSION,)),
    Fact(_S.STOPPING,           Kind.MEASURE,  Stage.EXECUTION,          False, (_D.STOP,)),
    Fact(_S.DONE,               Kind.MEASURE,  Stage.EXECUTION,          True),
    Fact(_S.PARTLY_DONE,        Kind.MEASURE,  Stage.EXECUTION,          True),
    Fact(_S.IMPOSSIBLE,         Kind.MEASURE,  Stage.EXECUTION,          True),
    Fact(_S.REFUSED,            Kind.MEASURE,  Stage.LEGAL_REVIEW,       True),
    Fact(_S.WITHDRAWN,          Kind.MEASURE,  Stage.LEGAL_REVIEW,       True),

    Fact(_S.DRAFTED,            Kind.PACKAGE,  Stage.EVIDENCE_TRANSFER,  False, (_D.RELEASE,)),
    Fact(_S.RELEASE_PROPOSED,   Kind.PACKAGE,  Stage.EVIDENCE_TRANSFER,  False, (_D.RELEASE,)),
    Fact(_S.APPROVED,           Kind.PACKAGE,  Stage.EVIDENCE_TRANSFER,  False, (_D.RELEASE,)),
    Fact(_S.HELD,               Kind.PACKAGE,  Stage.EVIDENCE_TRANSFER,  False, (_D.RESOLVE_HOLD,)),
    Fact(_S.DISPATCHED,         Kind.PACKAGE,  Stage.EVIDENCE_TRANSFER,  False, (_D.CONFIRM_RECEIPT,)),
    Fact(_S.REJECTED,           Kind.PACKAGE,  Stage.EVIDENCE_TRANSFER,  False, (_D.SEND_AGAIN,)),
    Fact(_S.RECALLED,           Kind.PACKAGE,  Stage.EVIDENCE_TRANSFER,  False, (_D.SEND_AGAIN,)),
    Fact(_S.PACKAGE_RECEIVED,   Kind.PACKAGE,  Stage.EVIDENCE_TRANSFER,  True),
    Fact(_S.DELIVERED,          Kind.PACKAGE,  Stage.EVIDENCE_TRANSFER,  True),
    Fact(_S.CANCELLED,          Kind.PACKAGE,  Stage.EVIDENCE_TRANSFER,  True),

    Fact(_S.ASKED,              Kind.QUESTION, None,                     False, (_D.ANSWER,)),
    Fact(_S.ANSWERED,           Kind.QUESTION, None,                     True),
    Fact(_S.QUESTION_WITHDRAWN, Kind.QUESTION, None,                     True),
    Fact(_S.EXPIRED,            Kind.QUESTION, None,                     True),
)

REQUEST: tuple[Step, ...] = (
    #     while               act                         leads to         and is done by      when
    _step(_S.RECEIVED,        _A.OPEN_REVIEW,             _S.OPEN,         (_COORD, _DUTY)),
    _step(_S.RECEIVED,        _A.ASK_FOR_MISSING,         _S.INCOMPLETE,   _COORD,             _G.NOTHING_WITHOUT_IT),
    _step(_S.INCOMPLETE,      _A.OPEN_REVIEW,             _S.OPEN,         (_COORD, _DUTY)),
    _step(_S.INCOMPLETE,      _A.SUPPLEMENT,              _S.RECEIVED,     _ASKING),
    _step(_S.RECEIVED,        _A.REDIRECT,                _S.REDIRECTED,   _COORD,             _G.WITH_REASON),
    _step(_S.INCOMPLETE,      _A.REDIRECT,                _S.REDIRECTED,   _COORD,             _G.WITH_REASON),
    _step(_S.OPEN,            _A.REDIRECT,                _S.REDIRECTED,   _COORD,             _G.WITH_REASON),
    _step(_S.RECEIVED,        _A.JOIN,                    _S.SETTLING,     _COORD,             _G.SECOND_PERSON, _G.ANOTHER_REQUEST),
    _step(_S.INCOMPLETE,      _A.JOIN,                    _S.SETTLING,     _COORD,             _G.SECOND_PERSON, _G.ANOTHER_REQUEST),
    _step(_S.OPEN,            _A.JOIN,                    _S.SETTLING,     _COORD,             _G.SECOND_PERSON, _G.ANOTHER_REQUEST),
    _step(_S.RECEIVED,        _A.GIVE_UP,                 _S.SETTLING,     _HEAD,              _G.AFTER_SILENCE),
    _step(_S.INCOMPLETE,      _A.GIVE_UP,                 _S.SETTLING,     _HEAD,              _G.AFTER_SILENCE),
    _step(_S.OPEN,            _A.GIVE_UP,                 _S.SETTLING,     _HEAD,              _G.AFTER_SILENCE),
    _step(_S.RECEIVED,        _A.VOID,                    _S.CLOSED,       _HEAD,              _G.BY_MISTAKE),
    _step(_S.INCOMPLETE,      _A.VOID,                    _S.CLOSED,       _HEAD,              _G.BY_MISTAKE),
    _step(_S.OPEN,            _A.VOID,                    _S.CLOSED,       _HEAD,              _G.BY_MISTAKE),
    _step(_S.REDIRECTED,      _A.TAKEN_OVER,              _S.SETTLING,     _COORD,             _G.OTHER_CONFIRMED),
    _step(_S.REDIRECTED,      _A.TAKE_BACK,               _S.RECEIVED,     _COORD),
    _step(_S.OPEN,            _A.CONCLUDE,                _S.SETTLING,     _COORD,             _G.ALL_ENDED),
    _step(_S.SETTLING,        _A.CLOSE,                   _S.CLOSED,       _COORD,             _G.NO_DUTY_LEFT),
    _step(_S.SETTLING,        _A.CLOSE_DUTIES_CONTINUE,   _S.WATCHED,      _COORD),
    _step(_S.SETTLING,        _A.RESUME_WORK,             _S.OPEN,         _HEAD,              _G.WITH_REASON),
    _step(_S.WATCHED,         _A.END_WATCH,               _S.CLOSED,       _COORD,             _G.NO_DUTY_LEFT),
    _step(_S.CLOSED,          _A.LATE_LETTER,             _S.WATCHED,      _COORD),
    _step(_S.WATCHED,         _A.REOPEN,                  _S.OPEN,         _HEAD,              _G.KEYS_EXIST, _G.WITH_REASON),
    _step(_S.CLOSED,          _A.REOPEN,                  _S.OPEN,         _HEAD,              _G.KEYS_EXIST, _G.WITH_REASON),
)

_BEFORE_ASSIGNED = (_S.SOUGHT, _S.CONSULTING, _S.PROPOSED, _S.OFFERED, _S.POSTPONED, _S.GRANTED)
_IN_EXECUTION = (_S.ASSIGNED, _S.AWAITING_ORDER, _S.STARTED, _S.IN_FORCE, _S.SUSPENDED)
_NOTHING_RUNS = (*_BEFORE_ASSIGNED, _S.STOPPING, _S.DONE, _S.PARTLY_DONE, _S.IMPOSSIBLE, _S.REFUSED, _S.WITHDRAWN)
_NOT_RATIFIED = (_G.SECOND_PERSON, _G.PROVISIONAL, _G.WITH_REASON)
_DECIDED = (_G.SECOND_PERSON, _G.DIGEST_SEEN, _G.AS_PROPOSED)

MEASURE: tuple[Step, ...] = (
    #     while               act                         leads to         and is done by      when
    _step(_S.SOUGHT,          _A.CONSULT,                 _S.CONSULTING,   _REV,               _G.REVIEW_OPEN),
    _step(_S.SOUGHT,          _A.PROPOSE,                 _S.PROPOSED,     _REV,               _G.REVIEW_OPEN, _G.NAMES_GROUND),
    _step(_S.SOUGHT,          _A.ORDER_PROVISIONALLY,     _S.ASSIGNED,     _DUTY,              _G.URGENT_ONE_PERSON, _G.SPOKEN),
    _step(_S.CONSULTING,      _A.ANSWER_CONSULTATION,     _S.SOUGHT,       _ASKING),
    _step(_S.CONSULTING,      _A.END_CONSULTATION,        _S.SOUGHT,       _REV,               _G.DATE_PASSED),
    _step(_S.PROPOSED,        _A.RETRACT,                 _S.SOUGHT,       _REV,               _G.THE_PROPOSER),
    _step(_S.PROPOSED,        _A.RETURN,                  _S.SOUGHT,       _DEC,               _G.WITH_REASON),
    _step(_S.PROPOSED,        _A.GRANT,                   _S.GRANTED,      _DEC,               *_DECIDED),
    _step(_S.PROPOSED,        _A.GRANT_ANOTHER_MEASURE,   _S.GRANTED,      _DEC,               *_DECIDED, _G.TOLD_REQUESTER),
    _step(_S.PROPOSED,        _A.OFFER_CONDITIONS,        _S.OFFERED,      _DEC,               *_DECIDED),
    _step(_S.PROPOSED,        _A.POSTPONE,                _S.POSTPONED,    _DEC,               *_DECIDED, _G.CONSULTED),
    _step(_S.PROPOSED,        _A.REFUSE,                  _S.REFUSED,      _DEC,               *_DECIDED, _G.CONSULTED),
    _step(_S.OFFERED,         _A.ACCEPT,                  _S.GRANTED,      _ASKING),
    _step(_S.OFFERED,         _A.DECLINE,                 _S.SOUGHT,       _ASKING),
    _step(_S.OFFERED,         _A.TAKE_UP_AGAIN,           _S.SOUGHT,       _REV),
    _step(_S.POSTPONED,       _A.TAKE_UP_AGAIN,           _S.SOUGHT,       _REV),
    _step(_S.REFUSED,         _A.RECONSIDER,              _S.SOUGHT,       _HEAD,              _G.REVIEW_OPEN, _G.NEW_FACTS),
    _step(_S.GRANTED,         _A.ASSIGN,                  _S.ASSIGNED,     _COORD),
    _step(_S.ASSIGNED,        _A.HAND_BACK,               _S.GRANTED,      _EXEC,              _G.WITH_REASON),
    _step(_S.ASSIGNED,        _A.APPLY_FOR_ORDER,         _S.AWAITING_ORDER, _EXEC),
    _step(_S.ASSIGNED,        _A.START,                   _S.STARTED,      _EXEC),
    _step(_S.AWAITING_ORDER,  _A.ORDER_MADE,              _S.STARTED,      (_EXEC, _COURT)),
    _step(_S.AWAITING_ORDER,  _A.ORDER_DENIED,            _S.SOUGHT,       (_EXEC, _COURT),    _G.WITH_REASON),
    _step(_S.STARTED,         _A.PUT_IN_FORCE,            _S.IN_FORCE,     _EXEC,              _G.LASTS),
    _step(_S.STARTED,         _A.COMPLETE,                _S.DONE,         _EXEC),
    _step(_S.STARTED,         _A.COMPLETE_IN_PART,        _S.PARTLY_DONE,  _EXEC,              _G.WITH_REASON),
    _step(_S.IN_FORCE,        _A.RENEW,                   _S.IN_FORCE,     _EXEC),
    _step(_S.IN_FORCE,        _A.LIFT,                    _S.DONE,         _EXEC),
    _step(_S.IN_FORCE,        _A.RECORD_EXPIRY,           _S.DONE,         _CLOCK,             _G.DATE_PASSED),
    _step(_S.STARTED,         _A.SUSPEND,                 _S.SUSPENDED,    (_EXEC, _COURT),    _G.WITH_REASON),
    _step(_S.IN_FORCE,        _A.SUSPEND,                 _S.SUSPENDED,    (_EXEC, _COURT),    _G.WITH_REASON),
    _step(_S.SUSPENDED,       _A.CONTINUE,                _S.STARTED,      (_EXEC, _COURT)),
    *(_step(status,           _A.REPORT_IMPOSSIBLE,       _S.IMPOSSIBLE,   _EXEC,              _G.WITH_REASON) for status in _IN_EXECUTION),
    *(_step(status,           _A.SEND_BACK_TO_REVIEW,     _S.SOUGHT,       (_REV, _EXEC),      _G.WITH_REASON) for status in _IN_EXECUTION),
    *(_step(status,           _A.WITHDRAW,                _S.STOPPING,     _ASKING) for status in _IN_EXECUTION),
    _step(_S.DONE,            _A.DO_AGAIN,                _S.ASSIGNED,     _COORD,             _G.REVIEW_OPEN, _G.WITH_REASON),
    _step(_S.PARTLY_DONE,     _A.DO_AGAIN,                _S.ASSIGNED,     _COORD,             _G.REVIEW_OPEN, _G.WITH_REASON),
    _step(_S.IMPOSSIBLE,      _A.DO_AGAIN,                _S.ASSIGNED,     _COORD,             _G.REVIEW_OPEN, _G.WITH_REASON),
    *(_step(status,           _A.WITHDRAW,                _S.WITHDRAWN,    _ASKING) for status in _BEFORE_ASSIGNED),
    _step(_S.STOPPING,        _A.STOPPED,                 _S.WITHDRAWN,    _EXEC,              _G.WHAT_WAS_DONE),
    *(_step(status,           _A.REFUSE_RATIFICATION,     _S.STOPPING,     _SECOND,            *_NOT_RATIFIED) for status in _IN_EXECUTION),
    *(_step(status,           _A.REFUSE_RATIFICATION,     status,          _SECOND,            *_NOT_RATIFIED) for status in _NOTHING_RUNS),
    _step(_S.SOUGHT,          _A.FORWARD,                 _S.DONE,         (_COORD, _DUTY),    _G.GIVEN_TO_US, _G.SPOKEN),
    _step(_S.SOUGHT,          _A.DECLINE_INFORMATION,     _S.REFUSED,      (_DEC, _HEAD),      _G.GIVEN_TO_US, _G.WITH_REASON),
    _step(_S.SOUGHT,          _A.GIVE_AT_ONCE,            _S.DONE,         _DUTY,              _G.GIVEN_BY_US, _G.URGENT_ONE_PERSON, _G.SPOKEN),
    _step(_S.GRANTED,         _A.GIVE_INFORMATION,        _S.DONE,         (_COORD, _DUTY),    _G.GIVEN_BY_US, _G.SPOKEN),
)

_UNSENT = (_S.DRAFTED, _S.RELEASE_PROPOSED, _S.APPROVED)
_SENT = (_S.DISPATCHED, _S.PACKAGE_RECEIVED, _S.DELIVERED)
_NOT_THERE = (_S.REJECTED, _S.RECALLED, _S.CANCELLED)
_NOT_DISCLOSED = (_G.SECOND_PERSON, _G.DISCLOSED, _G.WITH_REASON)

PACKAGE: tuple[Step, ...] = (
    #     while               act                         leads to         and is done by      when
    _step(_S.DRAFTED,         _A.PROPOSE_RELEASE,         _S.RELEASE_PROPOSED, _EVID,          _G.HAS_EXHIBITS),
    _step(_S.DRAFTED,         _A.DISCLOSE_AT_ONCE,        _S.DISPATCHED,   _DUTY,              _G.FINDS_CHILD, _G.SENDER_VERIFIED, _G.SPOKEN),
    _step(_S.RELEASE_PROPOSED, _A.RETURN,                 _S.DRAFTED,      (_REV, _HEAD),      _G.SECOND_PERSON, _G.WITH_REASON),
    _step(_S.RELEASE_PROPOSED, _A.APPROVE_RELEASE,        _S.APPROVED,     (_REV, _EVID, _HEAD), _G.SECOND_PERSON, _G.DIGEST_SEEN),
    *(_step(status,           _A.HOLD,                    _S.HELD,         (_REV, _COURT),     _G.WITH_REASON) for status in _UNSENT),
    *(_step(status,           _A.CANCEL,                  _S.CANCELLED,    _REV,               _G.WITH_REASON) for status in _UNSENT),
    _step(_S.HELD,            _A.LIFT_HOLD,               _S.DRAFTED,      (_REV, _COURT)),
    _step(_S.HELD,            _A.CANCEL,                  _S.CANCELLED,    (_REV, _COURT),     _G.WITH_REASON),
    _step(_S.APPROVED,        _A.DISPATCH,                _S.DISPATCHED,   _EVID,              _G.SENDER_VERIFIED),
    _step(_S.DISPATCHED,      _A.CONFIRM_RECEIPT,         _S.PACKAGE_RECEIVED, _ASKING,        _G.SAME_HASHES),
    _step(_S.DISPATCHED,      _A.ACCEPT_PROOF_OF_DELIVERY, _S.DELIVERED,   _COORD,             _G.SECOND_PERSON, _G.WITH_REASON),
    _step(_S.DISPATCHED,      _A.REJECT,                  _S.REJECTED,     _ASKING),
    _step(_S.DISPATCHED,      _A.REPORT_LOST,             _S.REJECTED,     (_COORD, _EVID, _ASKING)),
    _step(_S.DISPATCHED,      _A.RECALL,                  _S.RECALLED,     _COORD,             _G.WITH_REASON),
    _step(_S.DELIVERED,       _A.CONFIRM_RECEIPT,         _S.PACKAGE_RECEIVED, _ASKING,        _G.SAME_HASHES),
    _step(_S.DELIVERED,       _A.REJECT,                  _S.REJECTED,     _ASKING),
    _step(_S.REJECTED,        _A.DISPATCH_AGAIN,          _S.DISPATCHED,   _EVID,              _G.SAME_DIGEST, _G.SENDER_VERIFIED),
    _step(_S.RECALLED,        _A.DISPATCH_AGAIN,          _S.DISPATCHED,   _EVID,              _G.SAME_DIGEST, _G.SENDER_VERIFIED),
    _step(_S.REJECTED,        _A.DRAFT_AGAIN,             _S.DRAFTED,      _EVID),
    _step(_S.RECALLED,        _A.DRAFT_AGAIN,             _S.DRAFTED,      _EVID),
    _step(_S.REJECTED,        _A.CANCEL,                  _S.CANCELLED,    _REV,               _G.WITH_REASON),
    _step(_S.RECALLED,        _A.CANCEL,                  _S.CANCELLED,    _REV,               _G.WITH_REASON),
    *(_step(status,           _A.REFUSE_DISCLOSURE,       _S.RECALLED,     _SECOND,            *_NOT_DISCLOSED) for status in _SENT),
    *(_step(status,           _A.REFUSE_DISCLOSURE,       status,          _SECOND,            *_NOT_DISCLOSED) for status in _NOT_THERE),
)

QUESTION: tuple[Step, ...] = (
    #     while               act                         leads to         and is done by
    _step(_S.ASKED,           _A.ANSWER,                  _S.ANSWERED,     (_ASKING, _EXEC, _COURT, _PROV, _COORD)),
    _step(_S.ASKED,           _A.WITHDRAW_QUESTION,       _S.QUESTION_WITHDRAWN, (_COORD, _REV)),
    _step(_S.ASKED,           _A.RECORD_QUESTION_EXPIRY,  _S.EXPIRED,      _CLOCK,             _G.DATE_PASSED),
)

_ANYBODY = OFFICE | OUTSIDE

STILL: tuple[Still, ...] = (
    #      act                            about          done by
    _still(_A.ACKNOWLEDGE,                Kind.REQUEST,  (_COORD, _DUTY, _EXEC)),
    _still(_A.ASK,                        Kind.REQUEST,  (_COORD, _DUTY, _REV, _EXEC)),
    _still(_A.REMIND,                     Kind.REQUEST,  OFFICE),
    _still(_A.REPORT_PROGRESS,            Kind.REQUEST,  (_COORD, _DUTY, _EXEC)),
    _still(_A.REPORT_DELAY,               Kind.REQUEST,  (_COORD, _DUTY, _EXEC)),
    _still(_A.NOTE,                       Kind.REQUEST,  OFFICE),
    _still(_A.CORRECT,                    Kind.REQUEST,  OFFICE,                      _G.SAYS_WHAT_IS_RIGHT),
    _still(_A.ALLOCATE,                   Kind.REQUEST,  (_COORD, _HEAD)),
    _still(_A.HAND_OVER,                  Kind.REQUEST,  OFFICE,                      _G.HAS_IT),
    _still(_A.TAKE_OVER,                  Kind.REQUEST,  OFFICE,                      _G.OFFERED_TO_THEM),
    _still(_A.CLAIM_URGENCY,              Kind.MEASURE,  _ANYBODY,                    _G.ONLY_UP),
    _still(_A.ASSESS_URGENCY,             Kind.MEASURE,  (_COORD, _DUTY, _REV, _HEAD), _G.DOWN_BY_SECOND),
    _still(_A.RECORD_CHILD_STATE,         Kind.REQUEST,  (_COORD, _DUTY)),
    _still(_A.VERIFY_SENDER,              Kind.REQUEST,  (_COORD, _DUTY)),
    _still(_A.POLICE_TOOK_IT,             Kind.REQUEST,  (_COORD, _DUTY, Role.POLICE)),
    _still(_A.ADD_MEASURE,                Kind.REQUEST,  (_COORD, _DUTY, _ASKING),    _G.NEXT_NAME),
    _still(_A.SET_LEGAL_BASIS,            Kind.MEASURE,  (_COORD, _REV)),
    _still(_A.CONFIRM_IN_WRITING,         Kind.REQUEST,  _ASKING),
    _still(_A.RATIFY,                     Kind.MEASURE,  _SECOND,                     _G.SECOND_PERSON, _G.PROVISIONAL),
    _still(_A.RATIFY_DISCLOSURE,          Kind.PACKAGE,  _SECOND,                     _G.SECOND_PERSON, _G.DISCLOSED),
    _still(_A.RECORD_LETTER,              Kind.REQUEST,  (_COORD, _DUTY)),
    _still(_A.LINK,                       Kind.REQUEST,  (_COORD, _REV),              _G.ANOTHER_REQUEST),
    _still(_A.GIVE_SPONTANEOUS_INFORMATION, Kind.REQUEST, (_COORD, _EXEC)),
    _still(_A.ASK_FURTHER_USE,            Kind.REQUEST,  _ASKING),
    _still(_A.ANSWER_FURTHER_USE,         Kind.REQUEST,  _DEC,                        _G.FURTHER_USE_ASKED),
    _still(_A.NOTIFY_EXCULPATORY_USE,     Kind.REQUEST,  _ASKING),
    _still(_A.REPORT_OUTCOME,             Kind.REQUEST,  _ASKING),
    _still(_A.REPORT_BREACH,              Kind.REQUEST,  _ANYBODY),
    _still(_A.RECEIVE_RETURN,             Kind.PACKAGE,  (_EVID, _COORD)),
    _still(_A.GIVE_BACK,                  Kind.REQUEST,  _EVID),
    _still(_A.SETTLE_COST,                Kind.REQUEST,  (_COORD, _HEAD)),
    _still(_A.EXTEND_DEADLINE,            Kind.REQUEST,  (_COORD, _HEAD),            _G.DUTY_OWED, _G.WITH_REASON),
    _still(_A.ACKNOWLEDGE_ESCALATION,     Kind.REQUEST,  OFFICE,                      _G.DUTY_OWED),
    _still(_A.DEPOSIT,                    Kind.MEASURE,  (_EVID, _EXEC, _COORD, _DUTY), _G.NEW_EXHIBIT),
    _still(_A.DRAFT_PACKAGE,              Kind.REQUEST,  (_EVID, _DUTY),              _G.WORK_GOES_ON, _G.EXHIBITS_OF_REQUEST),
    _still(_A.REPORT_DELIVERY,            Kind.PACKAGE,  Role.SYSTEM),
    _still(_A.DOUBT_RECEIPT,              Kind.PACKAGE,  (_EVID, _COORD),             _G.DISPATCHED, _G.WITH_REASON),
    _still(_A.SETTLE_DOUBT,               Kind.PACKAGE,  (_EVID, _COORD, _HEAD),      _G.IN_DOUBT, _G.WITH_REASON),
    _still(_A.OPEN_VAULT,                 Kind.REQUEST,  (_DUTY, _HEAD),               _G.WITH_REASON),
    _still(_A.APPLY_LAW,                  Kind.REQUEST,  (_COORD, _REV, _HEAD),       _G.ANOTHER_LAW, _G.WITH_REASON),
    _still(_A.RECORD_FINDINGS,            Kind.MEASURE,  _REV),
    _still(_A.RECUSE,                     Kind.REQUEST,  OFFICE,                      _G.ONESELF_OR_HEAD, _G.WITH_REASON),
    _still(_A.LIFT_RECUSAL,               Kind.REQUEST,  _HEAD,                       _G.RECUSED, _G.WITH_REASON),
    _still(_A.TELL_CONCERNED,             Kind.MEASURE,  (_COORD, _EXEC, _COURT)),
    _still(_A.CLAIM_PRIVILEGE,            Kind.REQUEST,  (_COORD, _REV, _EXEC, _PROV, _COURT), _G.EXHIBIT_HERE, _G.WITH_REASON),
    _still(_A.DECIDE_PRIVILEGE,           Kind.REQUEST,  _COURT,                      _G.PRIVILEGE_CLAIMED),
    _still(_A.PUT_DOWN_CLAIM,             Kind.MEASURE,  _DUTY,                       _G.NO_EMERGENCY_TOLD, _G.WITH_REASON),
    _still(_A.CONFIRM_CLASS,              Kind.MEASURE,  (_COORD, *_SECOND),          _G.PUT_DOWN),
    _still(_A.PLAN_SAFEGUARD,             Kind.REQUEST,  (_COORD, _DUTY, _REV, _EXEC)),
    _still(_A.RECORD_SAFEGUARD,           Kind.REQUEST,  (_COORD, _DUTY, _EXEC),      _G.SAFEGUARD_PLANNED),
    _still(_A.RECORD_INTERVIEW,           Kind.REQUEST,  (_COORD, _DUTY, _EXEC)),
    _still(_A.RECORD_RECOVERY,            Kind.REQUEST,  (_COORD, _DUTY, _EXEC)),
    _still(_A.ASK_REMOVAL,                Kind.REQUEST,  (_COORD, _DUTY),             _G.PRESERVED_FIRST),
    _still(_A.ASK_ABOUT_PROGRESS,         Kind.REQUEST,  _ASKING),
    _still(_A.SET_TASK,                   Kind.REQUEST,  OFFICE),
    _still(_A.RECORD_TASK,                Kind.REQUEST,  OFFICE,                      _G.TASK_SET),
    _still(_A.CHILD_PROTECTION_TOOK_IT,   Kind.REQUEST,  (_COORD, _DUTY)),
    _still(_A.RECORD_REMEDY,              Kind.MEASURE,  (_COORD, _EXEC, _COURT),     _G.WITH_REASON),
    _still(_A.DECIDE_REMEDY,              Kind.MEASURE,  _COURT,                      _G.REMEDY_SOUGHT, _G.WITH_REASON),
    _still(_A.FIND_OTHER_PROVIDER,        Kind.MEASURE,  (_COORD, _DUTY, _EXEC, _PROV)),
    _still(_A.TELL_OTHER_PROVIDER,        Kind.MEASURE,  (_COORD, _DUTY),             _G.OTHER_PROVIDER_FOUND),
    _still(_A.RECKON,                     Kind.REQUEST,  _CLOCK),
    _still(_A.RING,                       Kind.REQUEST,  _CLOCK),
    _still(_A.TOLD,                       Kind.REQUEST,  _CLOCK),
    _still(_A.NOT_TOLD,                   Kind.REQUEST,  _CLOCK),
)

LATER: tuple[Later, ...] = (
    #      since  to the act            on a          is done also by    and only when
    _later(1, _A.PROPOSE,               Kind.MEASURE, (),                _G.FOLLOWS_FROM_FINDINGS),
    _later(1, _A.RETURN,                Kind.MEASURE, (_HEAD, _COURT),   _G.WHO_DECIDES),
    _later(1, _A.GRANT,                 Kind.MEASURE, (_HEAD, _COURT),   _G.WHO_DECIDES),
    _later(1, _A.GRANT_ANOTHER_MEASURE, Kind.MEASURE, (_HEAD, _COURT),   _G.WHO_DECIDES),
    _later(1, _A.OFFER_CONDITIONS,      Kind.MEASURE, (_HEAD, _COURT),   _G.WHO_DECIDES),
    _later(1, _A.POSTPONE,              Kind.MEASURE, (_HEAD, _COURT),   _G.WHO_DECIDES),
    _later(1, _A.REFUSE,                Kind.MEASURE, (_HEAD, _COURT),   _G.WHO_DECIDES),
    _later(1, _A.DRAFT_PACKAGE,         Kind.REQUEST, (),                _G.NOT_PRIVILEGED),
    _later(1, _A.DISCLOSE_AT_ONCE,      Kind.PACKAGE, (),                _G.NOT_PRIVILEGED),
    _later(1, _A.PROPOSE_RELEASE,       Kind.PACKAGE, (),                _G.NOT_PRIVILEGED),
    _later(1, _A.APPROVE_RELEASE,       Kind.PACKAGE, (),                _G.NOT_PRIVILEGED),
    _later(1, _A.DISPATCH,              Kind.PACKAGE, (),                _G.NOT_PRIVILEGED, _G.REMEDY_OVER),
    _later(1, _A.DISPATCH_AGAIN,        Kind.PACKAGE, (),                _G.NOT_PRIVILEGED, _G.REMEDY_OVER),
    _later(1, _A.REPORT_DELAY,          Kind.REQUEST, (),                _G.SAYS_WHEN),
    _later(2, _A.PROPOSE,               Kind.MEASURE, (),                _G.NOT_GIVEN_TO_US),
    _later(2, _A.ORDER_PROVISIONALLY,   Kind.MEASURE, (),                _G.ASKS),
    _later(2, _A.ASSIGN,                Kind.MEASURE, (),                _G.ASKS),
    _later(2, _A.DO_AGAIN,              Kind.MEASURE, (),                _G.ASKS),
    _later(2, _A.START,                 Kind.MEASURE, (),                _G.ITS_MINUTE),
    _later(2, _A.ORDER_MADE,            Kind.MEASURE, (),                _G.ITS_MINUTE),
    _later(2, _A.DISCLOSE_AT_ONCE,      Kind.PACKAGE, (),                _G.NO_REMEDY_PENDS),
    _later(2, _A.DISPATCH,              Kind.PACKAGE, (),                _G.NO_REMEDY_PENDS),
    _later(2, _A.DISPATCH_AGAIN,        Kind.PACKAGE, (),                _G.NO_REMEDY_PENDS),
    _later(3, _A.DISPATCH,              Kind.PACKAGE, (),                _G.NUMBER_AND_SLIP),
    _later(3, _A.DISPATCH_AGAIN,        Kind.PACKAGE, (),                _G.NUMBER_AND_SLIP),
    _later(5, _A.VOID,                  Kind.REQUEST, (),                _G.NOTHING_BEGUN),
)
# fmt: on

OWED_SINCE: dict[Duty, int] = {
    Duty.ACKNOWLEDGE_ASSIGNMENT: 1,
    Duty.TELL_CHILD_PROTECTION:  2,
    Duty.DECIDE_REMEDY:          2,
    Duty.SEE_IT_ARRIVE:          3,
    Duty.CLEAR_UP_RECEIPT:       3,
    Duty.TELL_OTHER_PROVIDER:    4,
}  # fmt: skip
"""Duties that came later: what a request of an edition before does not owe, whose law may know no clock for them."""

EDITION = max(*(row.edition for row in LATER), *OWED_SINCE.values())
"""Under which edition of the tables a request is received today; it lives by that one to its end."""

PERSONAL: frozenset[Act] = frozenset({
    Act.NOTE, Act.POLICE_TOOK_IT, Act.RECORD_LETTER, Act.CORRECT, Act.ASK, Act.ANSWER, Act.VERIFY_SENDER,
    Act.GIVE_SPONTANEOUS_INFORMATION, Act.RECORD_CHILD_STATE, Act.SUPPLEMENT, Act.REPORT_OUTCOME,
    Act.ASK_FURTHER_USE, Act.NOTIFY_EXCULPATORY_USE, Act.TELL_CONCERNED, Act.CLAIM_PRIVILEGE,
    Act.PLAN_SAFEGUARD, Act.RECORD_SAFEGUARD, Act.RECORD_INTERVIEW, Act.RECORD_RECOVERY, Act.ASK_REMOVAL,
    Act.ASK_ABOUT_PROGRESS, Act.SET_TASK, Act.RECORD_TASK, Act.CHILD_PROTECTION_TOOK_IT,
    Act.RECORD_REMEDY, Act.FIND_OTHER_PROVIDER,
})  # fmt: skip
"""Acts whose words are personal data: sealed under the content key, and gone with it. The record outlives them."""

OWED_BY: dict[Duty, tuple[Role, ...]] = {
    Duty.ACKNOWLEDGE:         (_COORD,),
    Duty.OPEN_REVIEW:         (_COORD,),
    Duty.SUPPLEMENT:          (_ASKING,),
    Duty.CONFIRM_TAKE_OVER:   (_COORD,),
    Duty.SETTLE:              (_COORD,),
    Duty.END_WATCH:           (_COORD,),
    Duty.TELL_POLICE:         (_DUTY,),
    Duty.PROVISIONAL_ACT:     (_DUTY,),
    Duty.REPORT_PROGRESS:     (_COORD,),
    Duty.DECIDE:              (_REV, _DEC),
    Duty.ANSWER_CONSULTATION: (_ASKING,),
    Duty.ANSWER_OFFER:        (_ASKING,),
    Duty.REVIEW_POSTPONEMENT: (_REV,),
    Duty.EXECUTE:             (_EXEC,),
    Duty.RENEW_OR_LET_GO:     (_EXEC,),
    Duty.RESOLVE_SUSPENSION:  (_EXEC, _COURT),
    Duty.STOP:                (_EXEC,),
    Duty.RELEASE:             (_EVID,),
    Duty.RESOLVE_HOLD:        (_REV,),
    Duty.SEND_AGAIN:          (_EVID,),
    Duty.CONFIRM_RECEIPT:     (_ASKING,),
    Duty.ANSWER:              (_ASKING,),
    Duty.RATIFY:              (_REV, _DEC, _HEAD),
    Duty.CONFIRM_IN_WRITING:  (_ASKING,),
    Duty.TELL_OUTCOME:        (_COORD,),
    Duty.TELL_REFUSAL:        (_COORD, _DUTY),
    Duty.ANSWER_FURTHER_USE:  (_DEC,),
    Duty.RETURN:              (_ASKING,),
    Duty.ACKNOWLEDGE_ASSIGNMENT: (_EXEC,),
    Duty.LOOK_AGAIN:          (_REV, _DEC, _HEAD),
    Duty.DECIDE_PRIVILEGE:    (_COURT,),
    Duty.SEE_TO_SAFEGUARDS:   (_COORD,),
    Duty.ANSWER_ON_PROGRESS:  (_COORD,),
    Duty.DO_TASKS:            (_COORD,),
    Duty.TELL_CHILD_PROTECTION: (_DUTY,),
    Duty.DECIDE_REMEDY:       (_COURT,),
    Duty.SEE_IT_ARRIVE:       (_EVID,),
    Duty.CLEAR_UP_RECEIPT:    (_EVID, _HEAD),
    Duty.TELL_OTHER_PROVIDER: (_COORD, _DUTY),
}  # fmt: skip
"""Who owes each duty. Those of the office are told of its first alarm, whomever the ladder names besides."""

DONE_BY: dict[Duty, tuple[Act, ...]] = {
    Duty.ACKNOWLEDGE:         (_A.ACKNOWLEDGE,),
    Duty.TELL_POLICE:         (_A.POLICE_TOOK_IT,),
    Duty.TELL_CHILD_PROTECTION: (_A.CHILD_PROTECTION_TOOK_IT,),
    Duty.REPORT_PROGRESS:     (_A.REPORT_PROGRESS,),
    Duty.ANSWER_ON_PROGRESS:  (_A.REPORT_PROGRESS,),
    Duty.RATIFY:              (_A.RATIFY, _A.RATIFY_DISCLOSURE),
    Duty.CONFIRM_IN_WRITING:  (_A.CONFIRM_IN_WRITING,),
    Duty.ANSWER_FURTHER_USE:  (_A.ANSWER_FURTHER_USE,),
    Duty.RETURN:              (_A.RECEIVE_RETURN,),
    Duty.ACKNOWLEDGE_ASSIGNMENT: (_A.ACKNOWLEDGE,),
    Duty.LOOK_AGAIN:          (_A.CONFIRM_CLASS,),
    Duty.DECIDE_PRIVILEGE:    (_A.DECIDE_PRIVILEGE,),
    Duty.DECIDE_REMEDY:       (_A.DECIDE_REMEDY,),
    Duty.SEE_TO_SAFEGUARDS:   (_A.RECORD_SAFEGUARD,),
    Duty.DO_TASKS:            (_A.RECORD_TASK,),
    Duty.CLEAR_UP_RECEIPT:    (_A.SETTLE_DOUBT,),
    Duty.TELL_OTHER_PROVIDER: (_A.TELL_OTHER_PROVIDER,),
}  # fmt: skip
"""The act that moves nothing by which a duty is done. Others end when their part moves on, or when a letter is kept."""

TABLES: dict[Kind, tuple[Step, ...]] = {
    Kind.REQUEST: REQUEST, Kind.MEASURE: MEASURE, Kind.PACKAGE: PACKAGE, Kind.QUESTION: QUESTION,
}  # fmt: skip

FACTS: dict[Status, Fact] = {fact.status: fact for fact in STATUSES}
STEPS: dict[tuple[Status, Act], Step] = {(step.status, step.act): step for table in TABLES.values() for step in table}
STILLS: dict[Act, Still] = {still.act: still for still in STILL}
"""The rows as they were promised; what a request lives by, `step_of` and `still_of` say."""

FIRST: dict[Kind, Status] = {
    Kind.REQUEST: Status.RECEIVED, Kind.MEASURE: Status.SOUGHT, Kind.PACKAGE: Status.DRAFTED, Kind.QUESTION: Status.ASKED,
}  # fmt: skip
"""In which status a part begins."""


def statuses_of(kind: Kind) -> tuple[Status, ...]:
    """All statuses of one kind of part, in the order of the table."""
    return tuple(fact.status for fact in STATUSES if fact.kind == kind)


def step_of(status: Status, act: Act, edition: int) -> Step | None:
    """The row of an act while a part stands in `status`, for a request of that edition."""
    return _STEPS[edition].get((status, act))


def still_of(act: Act, edition: int) -> Still | None:
    """The row of an act that moves nothing, for a request of that edition."""
    return _STILLS[edition].get(act)


def steps_from(status: Status, edition: int) -> tuple[Step, ...]:
    """The rows that are open while a part stands in `status`."""
    return tuple(step for (while_, _), step in _STEPS[edition].items() if while_ == status)


def _added_to(row: AnyRow, kind: Kind, edition: int) -> AnyRow:
    added: list[Later] = [
        each for each in LATER if (each.act, each.kind) == (row.act, kind) and each.edition <= edition
    ]
    roles = row.roles.union(*(each.roles for each in added))
    return replace(row, roles=roles, guards=(*row.guards, *(guard for each in added for guard in each.guards)))


_EDITIONS = range(EDITION + 1)
_STEPS = {
    edition: {key: _added_to(step, FACTS[step.status].kind, edition) for key, step in STEPS.items()}
    for edition in _EDITIONS
}
_STILLS = {
    edition: {act: _added_to(still, still.about, edition) for act, still in STILLS.items()} for edition in _EDITIONS
}


def has_ended(status: Status) -> bool:
    """Whether a part in this status has ended (a row may still begin it again)."""
    return FACTS[status].ended
