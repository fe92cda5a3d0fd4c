"""Alarms that did not ring: planned on record, and rung by nobody when their instant had passed.

A request that stands still (a fault has parked it, it was lost with Temporal's database) rings nothing by itself. The
register knows what it planned, so the sweep rings in its place, by the alarm's own key; what it rang is entered once.
"""

from datetime import datetime, timedelta

import structlog
from pydantic import BaseModel, ConfigDict, Field
from temporalio import activity

from activities.notices import notice
from comity.home import Home
from comity.keys.record_key import RecordCipher
from comity.ledger import log
from comity.register import reading
from comity.request.lifecycle import Role
from comity.request.model import Alarm, Ladder, Owed, PersonId, Ulid
from comity.request.rules import owing

_log = structlog.get_logger()

STILL = timedelta(minutes=5)
"""How long after its instant an alarm is rung by the sweep: a request that is well rings within seconds."""
AT_ONCE = 20
"""How many duties one sweep rings for, the most urgent first: a server that is away for all is no flood of mail."""


class Unrung(BaseModel):
    """A duty whose next rung has not rung, the ladder that it climbs, and the ids of what sweeps rang for it before."""

    model_config = ConfigDict(frozen=True)

    reference: Ulid
    owed: Owed
    ladder: Ladder
    rung_before: tuple[str, ...]
    owing: tuple[Role, ...] = Field((), description="who owes it, where the request says more than the table does")


class RungInstead(BaseModel):
    """An alarm that the sweep rang, and who was told."""

    model_config = ConfigDict(frozen=True)

    reference: Ulid
    alarm: Alarm
    people: tuple[PersonId, ...] = ()

    @property
    def name(self) -> str:
        """What it is known by: the alarm's key."""
        return f"{_of(self.alarm.duty)}{self.alarm.generation}, rung {self.alarm.rung}"


def _of(duty: str) -> str:
    return f"rung for {duty}, generation "


class Watchman:
    """Looks for what did not ring. Moves no duty: that is the request's own, when it goes on."""

    def __init__(self, home: Home) -> None:
        self._home = home

    @activity.defn(name="unrung")
    def unrung(self, now: datetime) -> list[Unrung]:
        """The duties whose next rung was planned for `STILL` before `now` or earlier. Changes nothing."""
        with self._home.store.reading() as view:
            found = reading.unrung(view, now - STILL, AT_ONCE)
        return [each for reference, duty in found if (each := self._looked_up(reference, duty))]

    def _looked_up(self, reference: str, duty: str) -> Unrung | None:
        """As the request stands on record: it may have moved on since it was found."""
        with self._home.store.reading() as view:
            request = reading.snapshot(view, RecordCipher(self._home.keys, reference), reference)
            before = log.named(view, reference, _of(duty))
        owed = next((owed for owed in request.duties if owed.key == duty and owed.next_at), None)
        if owed is None:
            return None
        _log.error("alarm did not ring", reference=reference)
        ladder = request.ladders[owed.ladder]
        return Unrung(reference=reference, owed=owed, ladder=ladder, rung_before=before, owing=owing(request, owed))

    @activity.defn(name="rung instead")
    def enter(self, rung: RungInstead) -> None:
        """Enter what the sweep rang. Safe to repeat: an alarm has one id."""
        entry = notice(self._home, rung.reference, rung, act="ring instead", name=rung.name)
        with self._home.store.transaction() as tx:
            if not log.stands(tx, rung.reference, rung.name):
                log.append(tx, [entry])
