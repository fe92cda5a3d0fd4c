"""What outlives the closing of a request: its dates reckoned and asked for, people told of them, and both entered."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy

from activities.notices import By, notice
from comity.home import Home
from comity.keys.record_key import RecordCipher
from comity.law.calendars import OfficeCalendar
from comity.law.library import Law
from comity.law.models import Retention
from comity.ledger import log
from comity.register import destruction, reading, retention
from comity.request.deadlines import end_of_period, length_of
from comity.request.keeping import Keeping, KeptRow, kept_until
from comity.request.lifecycle import Status
from comity.request.model import PersonId, Urgency
from temporal.names import REQUESTS

AT_ONCE = 100
"""How many requests one sweep begins to look at: a lost database is no flood of mail."""
_MACHINE = "system"


class Standing(BaseModel):
    """What a closed request has left: its class, the dates until which each is kept, and what is to be destroyed."""

    model_config = ConfigDict(frozen=True)

    urgency: Urgency
    rows: tuple[KeptRow, ...]
    decided: tuple[Keeping, ...] = ()


class Telling(BaseModel):
    """That people were told of one date of a request, at an instant."""

    model_config = ConfigDict(frozen=True)

    reference: str
    row: KeptRow
    people: tuple[PersonId, ...]
    at: AwareDatetime

    @property
    def name(self) -> str:
        """What it is known by: once for each date, and each time that people are told of it."""
        return f"retention of {self.row.what} until {self.row.due:%Y-%m-%dT%H:%M:%SZ}, told {self.row.told + 1} times"


class Archivist:
    """Looks after the dates of what closed requests have left. Decides nothing, and destroys nothing."""

    def __init__(self, home: Home, client: Client, calendar: OfficeCalendar) -> None:
        self._home = home
        self._client = client
        self._calendar = calendar

    @activity.defn(name="keep")
    async def keep(self, reference: str) -> None:
        """Have a request looked after from now on, or looked at again. Safe to repeat: one workflow has its id."""
        await looked_at(self._client, reference)

    @activity.defn(name="kept")
    def kept(self, reference: str) -> Standing | None:
        """What a request has left and until when; None when it is not closed, or has nothing left. Safe to repeat.

        The dates of a closing are reckoned once, in the transaction that sees it closed: a newer law moves none.
        """
        with self._home.store.reading() as view:
            standing, ends = reading.standing(view, reference), destruction.of(view, reference)
        decided = tuple(each.what for each in ends if each.decided_at and not each.certified_at)
        gone = tuple(each.what for each in ends if each.shredded_at)
        rows = () if Keeping.RECORD in gone else self._rows(reference, gone)
        if standing.status != Status.CLOSED or not (rows or decided):
            return None
        return Standing(urgency=Urgency(standing.urgency), rows=rows, decided=decided)

    def _rows(self, reference: str, gone: tuple[Keeping, ...]) -> tuple[KeptRow, ...]:
        cipher = RecordCipher(self._home.keys, reference)
        with self._home.store.transaction() as tx:
            if reading.standing(tx, reference).status != Status.CLOSED:
                return ()
            if not retention.is_reckoned(tx, reference):
                request = reading.snapshot(tx, cipher, reference)
                law = self._home.laws.of(request.law)
                rules = self._rules_on(request.since, law)
                dates = kept_until(request, request.since, rules.lengths, self._calendar)
                left = {what: due for what, due in dates.items() if what not in gone}
                retention.reckon(tx, reference, left, self._in_words(rules, law))
            return retention.rows(tx, reference)

    def _rules_on(self, instant: datetime, law: Law) -> Retention:
        """Those of our own State on that day."""
        return law.retention_of(self._home.settings.own_state, self._calendar.day_of(instant))

    def _in_words(self, rules: Retention, law: Law) -> dict[Keeping, str]:
        """What each date rests on, with the versions that counted it."""
        versions = f"law {law.version}, {self._calendar.version}"
        return {
            what: f"{length} after closing, or its last date; {rules.told}; {versions}"
            for what, length in rules.lengths.items()
        }

    @activity.defn(name="told of what is kept")
    def told(self, telling: Telling) -> None:
        """Enter who was told, and when they are told again. Safe to repeat: each telling has one id, and one count."""
        what, by = telling.row.what, By(at=telling.at)
        entry = notice(
            self._home, telling.reference, telling, act="tell of what is kept", name=telling.name, by=by, status=what
        )
        rules = self._rules_on(telling.at, self._home.laws.today)
        again = end_of_period(telling.at, length_of(rules.told_again), self._calendar)
        with self._home.store.transaction() as tx:
            retention.told(tx, telling.reference, telling.row, again)
            if not log.stands(tx, telling.reference, telling.name):
                log.append(tx, [entry])

    @activity.defn(name="unkept")
    def unkept(self, before: datetime) -> list[str]:
        """Closed requests that nobody has looked at when it was due: their workflow was lost. Changes nothing.

        Also those of which something is to be destroyed, and was not finished.
        """
        with self._home.store.reading() as view:
            found = *destruction.unfinished(view, before, AT_ONCE), *retention.late(view, before, AT_ONCE)
        return list(dict.fromkeys(found))[:AT_ONCE]


async def looked_at(client: Client, reference: str) -> None:
    """Begin the retention workflow of a request, or have the one that lives look again. Raises RPCError.

    One call of the server does either, so that none is begun twice and no word reaches one that is ending.
    """
    await client.start_workflow(
        "Retention",
        reference,
        id=f"retention/{reference}",
        task_queue=REQUESTS,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        start_signal="look again",
    )
