"""The lives that are recorded: short, and between them through every kind of row."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from comity.law.library import Law
from comity.request.lifecycle import Act, Role
from comity.request.model import Request
from comity.request.rules import part_of
from tests.crash.life import ACTS
from tests.request.lives import gone_out

Row = tuple[str, Act, str, Role, Callable[[Request], dict[str, Any]]]


@dataclass(frozen=True)
class Life:
    """One life: the example that it begins with, its acts, how far time is put forward before them so that alarms
    ring, whether a relay takes their mails, and after how many events the server suggests to continue as new."""

    name: str
    example: str
    acts: tuple[Row, ...]
    waits: timedelta | None = None
    relay: bool = True
    continue_after: int | None = None


def _nothing(_request: Request) -> dict[str, Any]:
    return {}


def _because(_request: Request) -> dict[str, Any]:
    return {"reason": "for the record"}


def _until(_request: Request) -> dict[str, Any]:
    return {"until": datetime.now(UTC) + timedelta(days=20)}


def _proposing(outcome: Act, ground: str = "an/article") -> Callable[[Request], dict[str, Any]]:
    return lambda _: {"outcome": outcome, "ground": ground, "reason": "a reason"}


_OWN, _DUAL = "eio/own proceedings", "eio/dual criminality"


def _finding(applies: str = "") -> Callable[[Request], dict[str, Any]]:
    grounds = [each.id for each in Law.load().instruments["eio"].grounds]
    found = [{"ground": each, "applies": each == applies, "reason": "looked at"} for each in grounds]
    return lambda _: {"findings": found}


def _seen_of(part: str, ground: str = "") -> Callable[[Request], dict[str, Any]]:
    return lambda request: {"seen": part_of(request, part).proposal, "ground": ground, "reason": "a reason"}  # type: ignore[union-attr]


def _support_person(_request: Request) -> dict[str, Any]:
    by = datetime.now(UTC) + timedelta(days=9)
    return {"safeguard": "support person", "protects": "witness-1", "by": by}


def _late(_request: Request) -> dict[str, Any]:
    return {"duty": "M1/execute", "estimate": datetime.now(UTC) + timedelta(days=99)}


def _another_provider(_request: Request) -> dict[str, Any]:
    return {"provider": "Invented Relay Ltd", "country": "IE", "path": "handed over by 192.0.2.7"}


def _seen(index: int) -> Callable[[Request], dict[str, Any]]:
    return lambda request: {"seen": request.measures[index].proposal, "ground": "an/article", "reason": "a reason"}


# fmt: off
_ASKED: tuple[Row, ...] = (
    ("p-anna",  Act.ASK,                 "request", Role.COORDINATOR,          lambda _: {"to": Role.PROVIDER}),
    ("p-anna",  Act.WITHDRAW_QUESTION,   "Q1",      Role.COORDINATOR,          _nothing),
)
_DISPUTED: tuple[Row, ...] = (
    ("p-anna",  Act.ACKNOWLEDGE,         "request", Role.COORDINATOR,          _nothing),
    ("p-anna",  Act.OPEN_REVIEW,         "request", Role.COORDINATOR,          _nothing),
    ("p-bob",   Act.CONSULT,             "M1",      Role.REVIEWER,             _until),
    ("p-fay",   Act.ANSWER_CONSULTATION, "M1",      Role.REQUESTING_AUTHORITY, _nothing),
    ("p-bob",   Act.PROPOSE,             "M1",      Role.REVIEWER,             _proposing(Act.REFUSE)),
    ("p-carla", Act.REFUSE,              "M1",      Role.DECIDER,              _seen(0)),
    ("p-bob",   Act.PROPOSE,             "M2",      Role.REVIEWER,             _proposing(Act.OFFER_CONDITIONS)),
    ("p-carla", Act.OFFER_CONDITIONS,    "M2",      Role.DECIDER,              _seen(1)),
    ("p-fay",   Act.ACCEPT,              "M2",      Role.REQUESTING_AUTHORITY, _nothing),
    ("p-anna",  Act.ASSIGN,              "M2",      Role.COORDINATOR,          _nothing),
    ("p-dan",   Act.START,               "M2",      Role.EXECUTING_AUTHORITY,  _nothing),
    ("p-dan",   Act.SUSPEND,             "M2",      Role.EXECUTING_AUTHORITY,  _because),
    ("p-fay",   Act.WITHDRAW,            "M2",      Role.REQUESTING_AUTHORITY, _nothing),
    ("p-dan",   Act.STOPPED,             "M2",      Role.EXECUTING_AUTHORITY,  _because),
    ("p-fay",   Act.WITHDRAW,            "M3",      Role.REQUESTING_AUTHORITY, _nothing),
    ("p-anna",  Act.RECORD_LETTER,       "request", Role.COORDINATOR,          lambda _: gone_out("refusal", "M1")),
    ("p-anna",  Act.CONCLUDE,            "request", Role.COORDINATOR,          _nothing),
    ("p-anna",  Act.CLOSE,               "request", Role.COORDINATOR,          _nothing),
)
_CLOSE: tuple[Row, ...] = (
    ("p-anna",  Act.CLOSE,               "request", Role.COORDINATOR,          _nothing),
)
_REVIEWED: tuple[Row, ...] = (
    ("p-anna",  Act.ACKNOWLEDGE,         "request", Role.COORDINATOR,          _nothing),
    ("p-anna",  Act.OPEN_REVIEW,         "request", Role.COORDINATOR,          _nothing),
    ("p-eve",   Act.RECUSE,              "request", Role.HEAD_OF_UNIT,         lambda _: {"person": "p-gus", "reason": "kin"}),  # noqa: E501
    ("p-anna",  Act.PLAN_SAFEGUARD,      "request", Role.COORDINATOR,          _support_person),
    ("p-bob",   Act.RECORD_FINDINGS,     "M1",      Role.REVIEWER,             _finding()),
    ("p-bob",   Act.PROPOSE,             "M1",      Role.REVIEWER,             lambda _: {"outcome": Act.GRANT}),
    ("p-eve",   Act.GRANT,               "M1",      Role.HEAD_OF_UNIT,         _seen_of("M1")),
    ("p-bob",   Act.RECORD_FINDINGS,     "M2",      Role.REVIEWER,             _finding(_DUAL)),
    ("p-bob",   Act.PROPOSE,             "M2",      Role.REVIEWER,             _proposing(Act.REFUSE, _DUAL)),
    ("p-carla", Act.REFUSE,              "M2",      Role.DECIDER,              _seen_of("M2", _DUAL)),
    ("p-fay",   Act.WITHDRAW,            "M3",      Role.REQUESTING_AUTHORITY, _nothing),
    ("p-anna",  Act.ASSIGN,              "M1",      Role.COORDINATOR,          _nothing),
    ("p-dan",   Act.ACKNOWLEDGE,         "request", Role.EXECUTING_AUTHORITY,  _nothing),
    ("p-dan",   Act.START,               "M1",      Role.EXECUTING_AUTHORITY,  _nothing),
    ("p-dan",   Act.SUSPEND,             "M1",      Role.EXECUTING_AUTHORITY,  lambda _: {"ground": _OWN, "reason": "a trial"}),  # noqa: E501
    ("p-dan",   Act.CONTINUE,            "M1",      Role.EXECUTING_AUTHORITY,  _nothing),
    ("p-anna",  Act.REPORT_DELAY,        "request", Role.COORDINATOR,          _late),
    ("p-anna",  Act.TELL_CONCERNED,      "M1",      Role.COORDINATOR,          _until),
    ("p-dan",   Act.RECORD_INTERVIEW,    "request", Role.EXECUTING_AUTHORITY,  lambda _: {"heard": "witness-1"}),
    ("p-anna",  Act.RECORD_SAFEGUARD,    "request", Role.COORDINATOR,          lambda _: {"name": "S1"}),
    ("p-dan",   Act.COMPLETE,            "M1",      Role.EXECUTING_AUTHORITY,  _nothing),
    ("p-anna",  Act.RECORD_LETTER,       "request", Role.COORDINATOR,          lambda _: gone_out("closing", "M1", "M2")),  # noqa: E501
    ("p-anna",  Act.CONCLUDE,            "request", Role.COORDINATOR,          _nothing),
    ("p-anna",  Act.CLOSE,               "request", Role.COORDINATOR,          _nothing),
)
_LED_ON: tuple[Row, ...] = (
    ("p-anna",  Act.ACKNOWLEDGE,         "request", Role.COORDINATOR,          _nothing),
    ("p-anna",  Act.OPEN_REVIEW,         "request", Role.COORDINATOR,          _nothing),
    ("p-dan",   Act.FIND_OTHER_PROVIDER, "M1",      Role.EXECUTING_AUTHORITY,  _another_provider),
    ("p-dan",   Act.FIND_OTHER_PROVIDER, "M1",      Role.EXECUTING_AUTHORITY,  _another_provider),
    ("p-anna",  Act.RECORD_LETTER,       "request", Role.COORDINATOR,          lambda _: gone_out("another provider", "M1")),  # noqa: E501
    ("p-anna",  Act.TELL_OTHER_PROVIDER, "M1",      Role.COORDINATOR,          _nothing),
    ("p-fay",   Act.WITHDRAW,            "M1",      Role.REQUESTING_AUTHORITY, _nothing),
    ("p-dan",   Act.FIND_OTHER_PROVIDER, "M1",      Role.EXECUTING_AUTHORITY,  _another_provider),
    ("p-fay",   Act.WITHDRAW,            "M2",      Role.REQUESTING_AUTHORITY, _nothing),
    ("p-anna",  Act.CONCLUDE,            "request", Role.COORDINATOR,          _nothing),
    ("p-anna",  Act.TELL_OTHER_PROVIDER, "M1",      Role.COORDINATOR,          _nothing),
    ("p-anna",  Act.CLOSE,               "request", Role.COORDINATOR,          _nothing),
)
_VOIDED: tuple[Row, ...] = (
    ("p-eve",   Act.VOID,                "request", Role.HEAD_OF_UNIT,         _because),
)
# fmt: on

NIGHT = "night"
"""The story of tests/lives/test_night.py, whose people do more than acts of the door."""

OVERFULL, TURNED = "overfull", "turned"
"""The ringing of tests/workflows/test_page.py: as it was before a full page was turned first, and since then."""

CARRIED = "carried"
"""The story of tests/histories/carried.py: rows of edition 3."""

LIVES = (
    Life("urgent", "p0-livestream-announced", (*_ASKED, *ACTS, *_CLOSE), waits=timedelta(minutes=12)),
    Life("continued", "p0-livestream-announced", (*ACTS, *_CLOSE), continue_after=80),
    Life("reviewed", "p2-suspect-about-to-flee", _REVIEWED),
    Life("led-on", "p1d-preservation-lapsing", _LED_ON, waits=timedelta(hours=7)),
    Life("disputed", "p3-bank-records-three-measures", _DISPUTED, waits=timedelta(days=9), relay=False),
    Life("unheard", "p3-bank-records-three-measures", _VOIDED, waits=timedelta(days=9), relay=False),
)
