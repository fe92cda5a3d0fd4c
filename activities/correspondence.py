"""Letters out: the knock of an alarm, by mail, to everybody who holds a role that is to be told.

A mail is only the knock. It names the reference, the class, the duty and when that is due, and nothing else: it
travels in the clear, and through machines that are not ours.
"""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

import aiosmtplib
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from temporalio import activity

from activities.gathering import Gathering
from comity.people import People, Person
from comity.request.lifecycle import Role
from comity.request.model import Alarm, Owed, PersonId, Ulid, Urgency
from comity.rotas import Rotas
from comity.settings import Settings
from temporal import tracing

_UNFOLDED = SMTP.clone(max_line_length=998)  # RFC 5322, 2.1.1: a folded subject is shown with a gap by some readers

PATIENCE: Final = 8.0
"""Seconds for one recipient, from the first byte to the relay's word that it has the mail. P0 climbs in minutes."""
LINES: Final = 100
"""How many mails are handed to the relay at one time; others wait, outside their patience."""
_GOODBYE: Final = 1.0
_REFUSED: Final = "refused"
_SINGLY: Final = frozenset({Urgency.P0, Urgency.P1, Urgency.P1D})
"""Classes whose knocks wait for nothing and share a mail with nothing."""


class Knock(BaseModel):
    """An alarm that rang: whom to tell that what is due. Its key: reference, duty, generation, rung."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: Ulid
    duty: str = Field(description="its key in the request: `M1/decide`")
    urgency: Urgency
    due: AwareDatetime | None
    generation: int
    rung: int
    round: int
    overdue: bool
    roles: tuple[Role, ...]

    @classmethod
    def of(cls, reference: str, owed: Owed, alarm: Alarm) -> "Knock":
        """The knock of one alarm of one duty."""
        return cls(
            reference=reference,
            duty=alarm.duty,
            urgency=owed.urgency,
            due=owed.due,
            generation=alarm.generation,
            rung=alarm.rung,
            round=alarm.round,
            overdue=alarm.overdue,
            roles=alarm.tell,
        )


class Told(BaseModel):
    """Who has it, as far as the relay knows; for the others a short code: `refused 550`, `no answer`, `not sent`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accepted: tuple[PersonId, ...]
    failed: dict[PersonId, str]
    tries: int


class Correspondence:
    """What leaves the house in writing."""

    def __init__(self, settings: Settings, people: People, rotas: Rotas) -> None:
        self._settings = settings
        self._people = people
        self._rotas = rotas
        self._lines = asyncio.Semaphore(LINES)
        self._digests = Gathering[Person, Knock, str | None](settings.digest_seconds, self._send)

    @activity.defn(name="tell")
    async def tell(self, knock: Knock) -> Told:
        """Mail everybody who is on duty in one of the roles, each alone and all at once: nobody waits for another.

        What is not urgent waits a moment for what else that person is to be told, and is told with it in one mail.
        Never raises for the relay's sake: a knock that failed is a result, and the next rung is the remedy. Who stands
        in for somebody whose address is refused is told at once.
        Safe to repeat: a second copy, after a crash, carries the same Message-ID and is shown once by what reads it.
        """
        people = self._to_be_told(knock)
        with tracing.step("tell", reference=knock.reference):
            codes = await self._mailed(knock, people)
            codes |= await self._mailed(knock, self._standing_in(people, codes))
        return Told(
            accepted=tuple(id_ for id_, code in codes.items() if code is None),
            failed={id_: code for id_, code in codes.items() if code is not None},
            tries=activity.info().attempt,
        )

    def _to_be_told(self, knock: Knock) -> list[Person]:
        """Each person once, whatever roles they hold, in the order of the roles and of the file."""
        now = datetime.now(UTC)
        found = (person for role in knock.roles for person in self._rotas.on_duty(role, now))
        return list({person.id: person for person in found}.values())

    def _standing_in(self, people: list[Person], codes: dict[str, str | None]) -> list[Person]:
        """The deputies, not yet told, of those whose address the relay refused; a relay that is away has none."""
        refused = [person for person in people if (codes[person.id] or "").startswith(_REFUSED)]
        deputies = (deputy for person in refused for deputy in self._people.deputies_of(person))
        return list({deputy.id: deputy for deputy in deputies if deputy.id not in codes}.values())

    async def _mailed(self, knock: Knock, people: list[Person]) -> dict[str, str | None]:
        """By person: None, or the code of what went wrong."""
        outcomes = await asyncio.gather(*(self._told(knock, person) for person in people))
        return dict(zip((person.id for person in people), outcomes, strict=True))

    async def _told(self, knock: Knock, person: Person) -> str | None:
        alone = knock.urgency in _SINGLY or not self._settings.digest_seconds
        return await (self._send(person, (knock,)) if alone else self._digests.hand_in(person, knock))

    async def _send(self, person: Person, knocks: tuple[Knock, ...]) -> str | None:
        """None when the relay took it, else the code of what went wrong: never its words, they may quote an address."""
        try:
            async with self._lines:
                await self._deliver(letter(knocks, person, self._settings.mail_from))
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return f"{_REFUSED} {refused.recipients[0].code}"
        except aiosmtplib.SMTPResponseException as refused:
            return f"{_REFUSED} {refused.code}"
        except (TimeoutError, OSError):  # aiosmtplib's own for a lost connection are both
            return "no answer"
        except aiosmtplib.SMTPException:
            return "not sent"
        return None

    async def _deliver(self, mail: EmailMessage) -> None:
        relay = aiosmtplib.SMTP(
            hostname=self._settings.smtp_host,
            port=self._settings.smtp_port,
            local_hostname=_domain(self._settings.mail_from),  # else it asks the resolver, and tells our host name
            timeout=PATIENCE,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                await relay.connect()
                # Given as a message, it would be folded again.
                await relay.sendmail(str(mail["From"]), [str(mail["To"])], mail.as_bytes())
            with suppress(aiosmtplib.SMTPException):  # it has the mail, whatever it says to a goodbye
                await relay.quit(timeout=_GOODBYE)
        finally:
            relay.close()  # its own `async with` says goodbye to a silent relay as well, and waits as long again


def letter(knocks: tuple[Knock, ...], person: Person, sender: str) -> EmailMessage:
    """The mail to one person, of one knock or of several: text/plain, UTF-8, marked as sent by a machine (RFC 3834)."""
    mail = EmailMessage(policy=_UNFOLDED)
    mail["From"] = sender
    mail["To"] = person.mail
    mail["Subject"] = f"[comity] {_subject(knocks)}"
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{_key(knocks, person)}@{_domain(sender)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_text(knocks[0], person) if len(knocks) == 1 else _list(knocks, person))
    return mail


def _subject(knocks: tuple[Knock, ...]) -> str:
    if len(knocks) == 1:
        return _line(knocks[0], UTC)
    classes = sorted({knock.urgency for knock in knocks}, key=lambda urgency: urgency.rank)
    return f"{', '.join(classes)}: {len(knocks)} reminders, {sum(knock.overdue for knock in knocks)} of what is overdue"


def _line(knock: Knock, zone: tzinfo) -> str:
    return f"{knock.urgency} {knock.reference}: {knock.duty} {_time(knock, zone)}"


def _list(knocks: tuple[Knock, ...], person: Person) -> str:
    """A line for each, the most urgent and earliest first."""
    in_order = sorted(knocks, key=lambda knock: (knock.urgency.rank, knock.due is None, knock.due, knock.reference))
    return "".join(f"{_line(knock, person.zone)}\n" for knock in in_order)


def _text(knock: Knock, person: Person) -> str:
    times = [_time(knock, UTC), *([_time(knock, person.zone)] if knock.due else [])]
    return f"Request: {knock.reference}\nClass:   {knock.urgency}\nDuty:    {knock.duty}\nTime:    {'; '.join(times)}\n"


def _time(knock: Knock, zone: tzinfo) -> str:
    """`due 2026-03-01 14:20 UTC`: with its date, since a mail is also read the day after."""
    if knock.due is None:
        return "no date set"
    return f"{'was due' if knock.overdue else 'due'} {knock.due.astimezone(zone):%Y-%m-%d %H:%M} {zone}"


def _key(knocks: tuple[Knock, ...], person: Person) -> str:
    """The alarms' keys and the person, as SHA-256 in hex: the same for every copy, and it tells nothing."""
    keys = sorted([knock.reference, knock.duty, knock.generation, knock.rung] for knock in knocks)
    return sha256(json.dumps([part for key in keys for part in key] + [person.id]).encode()).hexdigest()


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
