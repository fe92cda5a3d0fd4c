"""A request told by voice is opened from six fields: all else becomes a question, and nothing urgent waits for it.

An oral request is to be confirmed in writing (UNTOC art. 18(14), Budapest Convention art. 25(3)): that is a duty with
its clock. Preservation and the police wait for nothing; a disclosure waits until the caller was called back.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ulid import ULID

from comity.errors import Unreadable
from comity.law.library import Law
from comity.law.models import KindOfMeasure
from comity.law.states import known_states
from comity.request.letter import LINE_PATTERN, TEXT_PATTERN
from comity.request.lifecycle import Act, Duty, Role, Status
from comity.request.model import Channel, Deed, LetterKept, Measure, Request, Urgency, Way
from comity.request.rules import ALONE_AT_NIGHT, INFORMATION
from desk.counter import Counter, Tried
from desk.filing import CALL_NOTE, Paper, file_paper
from desk.submitting import Submission, submit

CALLER = "officer-999"
"""The token of who called: a contact officer, whose name and number stand in the vault only.

The last one, so that the letter which confirms the call has the others for its own persons.
"""

_TAKES_CALLS = frozenset({Role.DUTY_OFFICER, Role.COORDINATOR})


@dataclass(frozen=True)
class Field:
    """One of the six: how its option is called, how it is asked for, and what helps to answer it."""

    name: str
    asks: str
    hint: str
    longest: int = 500
    pattern: str = LINE_PATTERN


SIX = (
    Field("caller", "Who is calling", "the name of the person on the line; it goes into the vault"),
    Field("authority", "For which authority", "its State first, then its name: PT Polícia Judiciária"),
    Field("number", "Call-back number", "as the caller gives it; before a disclosure it is verified from our own list"),
    Field("happening", "What is happening", "the danger, in the caller's words", 20_000, TEXT_PATTERN),
    Field("where", "Account or place", "user-1@provider.example, or an address"),
    Field("wanted", "What is wanted", "a number of the list above"),
)


@dataclass(frozen=True)
class Call:
    """Who takes the call, when it came, how urgent it is said to be, and what was told, by the names of the six.

    `anew`: it is another case than the one that the same authority told within the last day.
    """

    person: str
    received: datetime
    urgency: str
    told: Mapping[str, str]
    anew: bool = False


# --- asking -----------------------------------------------------------------------------------------------------------


def missing(told: Mapping[str, str]) -> list[str]:
    """The names of the fields that are not told yet."""
    return [field.name for field in SIX if field.name not in told]


def ask_for_missing(
    told: dict[str, str], law: Law, typed: Callable[[], str], say: Callable[[str], None]
) -> dict[str, str]:
    """Ask for what is missing, each field until its answer can be taken, and put it into `told` at once.

    So whatever was answered before `typed` raises is there to be told.
    """
    for field in SIX:
        if field.name not in told:
            for line in _choices(law) if field.name == "wanted" else ():
                say(line)
            say(f"{field.asks}? ({field.hint})")
            told[field.name] = _answer(field, law, typed, say)
    return told


def _answer(field: Field, law: Law, typed: Callable[[], str], say: Callable[[str], None]) -> str:
    while True:
        try:
            return _taken(field, typed(), law)
        except Unreadable as wrong:
            say(str(wrong))


def _choices(law: Law) -> list[str]:
    """The kinds of measure with their numbers: what one person may order at night comes first."""
    return [
        f"{number:>3}  {kind.id}{'  (one officer may order it alone at night)' if kind.one_person else ''}"
        for number, kind in enumerate(_wanted(law), 1)
    ]


def _wanted(law: Law) -> list[KindOfMeasure]:
    return sorted(law.kinds.values(), key=lambda kind: not kind.one_person)


def _taken(field: Field, typed: str, law: Law) -> str:
    """What was typed for a field, as it is kept. Raises Unreadable, saying what belongs there."""
    text = typed.strip()
    if not text:
        raise Unreadable(f"--{field.name}: something must be said: {field.hint}")
    if len(text) > field.longest or not re.match(field.pattern, text):
        raise Unreadable(f"--{field.name}: at most {field.longest} characters are taken, none of control")
    if field.name == "authority":
        _state_and_name(text)
    return _kind_named(text, law).id if field.name == "wanted" else text


def _state_and_name(authority: str) -> tuple[str, str]:
    state, _, name = authority.partition(" ")
    if state.upper() not in known_states() or not name.strip():
        raise Unreadable("--authority: it begins with the code of its State, then its name: PT Polícia Judiciária")
    return state.upper(), name.strip()


def _kind_named(text: str, law: Law) -> KindOfMeasure:
    """A kind of measure by its number in the list or by its name."""
    offered = {str(number): kind for number, kind in enumerate(_wanted(law), 1)}
    named = offered | {kind.id: kind for kind in offered.values()}
    found = named.get(" ".join(text.lower().split()))
    if found is None:
        alone = ", ".join(kind.id for kind in offered.values() if kind.one_person)
        raise Unreadable(f"--wanted: a kind of measure, or its number from 1 to {len(offered)}; first of all: {alone}")
    return found


# --- opening ----------------------------------------------------------------------------------------------------------


async def open_oral(counter: Counter, call: Call) -> Request:
    """Register what was told and begin its life; the note of the call is sealed as an exhibit. Returns the request.

    Raises Unreadable for a field that cannot be taken, NotYours, AlreadyKnown for what the same authority told within
    the last day from the same number or about the same place, and Unreachable: then what was told is on record.
    """
    law = counter.home.laws.today
    told = {field.name: _taken(field, call.told.get(field.name, ""), law) for field in SIX}
    with counter.attempt("", Tried(act="take a call", person=call.person)):
        role = counter.role_for(call.person, _TAKES_CALLS, on_behalf=False)
    letter = _letter(call, told, law.kind(told["wanted"]), counter.home.settings.own_state)
    data, again = json.dumps(letter).encode(), _known_again(told)
    submission = Submission(data, call.person, call.received, Channel.PHONE, anew=call.anew, role=role, told=again)
    receipt = await submit(counter, submission)
    await _keep_note(counter, receipt.reference, submission, _note(call, told))
    return counter.request(receipt.reference)


def _known_again(told: Mapping[str, str]) -> tuple[str, ...]:
    """By what the same call is known again: its authority, with its number or with its account or place.

    A line break stands in none of the six, nor in the other State's number, which is indexed beside these.
    """
    authority = " ".join(_state_and_name(told["authority"])).casefold()
    number = "".join(sign for sign in told["number"] if sign.isalnum()) or told["number"]
    place = " ".join(told["where"].split())
    return tuple(
        "\n".join(("told by voice", authority, what.casefold())) for what in (f"number {number}", f"at {place}")
    )


def _letter(call: Call, told: Mapping[str, str], kind: KindOfMeasure, us: str) -> dict[str, Any]:
    """The six fields as the letter that they are: what it lacks is asked."""
    state, name = _state_and_name(told["authority"])
    at = call.received.isoformat()
    who = {"family_name": told["caller"], "contact": told["number"]}
    return {
        "requesting_state": state,
        "requested_state": us,
        "issuing_authority": {"name": name, "contact": {"person": CALLER}},
        "measures": [{"kind": kind.id} | _placed(kind, told["where"])],
        "persons": [{"token": CALLER, "role": "contact officer", "protected": True, "identity": who}],
        "emergency": {
            "claimed": _class(call.urgency),
            "facts": told["happening"],
            "spoken": {"taken_by": call.person, "taken_at": at},
        },
        "transmission": {"channel": "oral", "received_at": at},
    }


def _class(named: str) -> Urgency:
    if named not in list(Urgency):
        raise Unreadable(f"--urgency: there is no class of that name; there are {', '.join(Urgency)}")
    return Urgency(named)


def _placed(kind: KindOfMeasure, where: str) -> dict[str, Any]:
    """The account or place, in the field where this kind of measure needs it, else as the assistance sought."""
    place = next((need for need in kind.needs if need.endswith((".account", ".place", ".identification"))), "")
    room, _, field = place.partition(".")
    return {room: {field: where}} if field else {"description": where}


def _note(call: Call, told: Mapping[str, str]) -> str:
    lines = [f"call taken at {call.received.isoformat()}", *(f"{field.asks}: {told[field.name]}" for field in SIX)]
    return "\n".join(lines) + "\n"


async def _keep_note(counter: Counter, reference: str, submission: Submission, note: str) -> None:
    name = str(ULID())
    filed = file_paper(
        counter.home, reference, Paper(submission.channel, note=note), (name, submission.person, submission.role)
    )
    letter = LetterKept(kind=CALL_NOTE, way=Way.IN, channel=submission.channel, exhibit=filed, reason="as it was told")
    deed = Deed(
        id=name,
        act=Act.RECORD_LETTER,
        person=submission.person,
        role=submission.role,
        received=submission.received,
        particulars=letter,
    )
    await counter.act(reference, deed)


# --- what comes next --------------------------------------------------------------------------------------------------


def next_commands(request: Request) -> list[str]:
    """What is to be done now, as commands to copy: what waits for nothing comes first."""
    named = f"comity act {request.reference}"
    spoken = """--with '{"to": "...", "number": "..."}' --words "..." """.rstrip()
    ordering = [f'{named} "{_alone(part)}" --part {part.id} {spoken}' for part in _orderable(request)]
    taken = """--with '{"name": "...", "function": "...", "number": "..."}'"""
    verify = f"""{named} "{Act.VERIFY_SENDER}" --with '{{"number": "..."}}' --words "called back" """.rstrip()
    owed = {duty.duty for duty in request.duties}
    telling = [f'{named} "{act}" {taken}' for duty, act in _TAKEN.items() if duty in owed]
    return [*ordering, *telling, *([] if request.sender_verified else [verify])]


_TAKEN = {
    Duty.TELL_POLICE: Act.POLICE_TOOK_IT,
    Duty.TELL_CHILD_PROTECTION: Act.CHILD_PROTECTION_TOOK_IT,
}
"""Who is told by voice, and the act that says that somebody there has taken it."""


def _alone(measure: Measure) -> Act:
    return Act.FORWARD if measure.kind == INFORMATION else Act.ORDER_PROVISIONALLY


def _orderable(request: Request) -> list[Measure]:
    alone = (part for part in request.measures if part.one_person and part.urgency in ALONE_AT_NIGHT)
    return [part for part in alone if part.status == Status.SOUGHT]
