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

from comity.people import People, Person
from comity.request.lifecycle import Role
from comity.request.model import PersonId, Ulid, Urgency
from comity.settings import Settings
from temporal import tracing

_UNFOLDED = SMTP.clone(max_line_length=998)  # RFC 5322, 2.1.1: a folded subject is shown with a gap by some readers

PATIENCE: Final = 8.0
"""Seconds for one recipient, from the first byte to the relay's word that it has the mail. P0 climbs in minutes."""
_GOODBYE: Final = 1.0


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


class Told(BaseModel):
    """Who has it, as far as the relay knows; for the others a short code: `refused 550`, `no answer`, `not sent`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accepted: tuple[PersonId, ...]
    failed: dict[PersonId, str]
    tries: int


class Correspondence:
    """What leaves the house in writing."""

    def __init__(self, settings: Settings, people: People) -> None:
        self._settings = settings
        self._people = people

    @activity.defn(name="tell")
    async def tell(self, knock: Knock) -> Told:
        """Mail everybody who holds one of the roles, each alone and all at once, so that nobody waits for another.

        Never raises for the relay's sake: a knock that failed is a result, and the next rung is the remedy.
        Safe to repeat: a second copy, after a crash, carries the same Message-ID and is shown once by what reads it.
        """
        people = self._to_be_told(knock)
        with tracing.step("tell", reference=knock.reference):
            outcomes = await asyncio.gather(*(self._send(knock, person) for person in people))
        codes = dict(zip((person.id for person in people), outcomes, strict=True))
        return Told(
            accepted=tuple(id_ for id_, code in codes.items() if code is None),
            failed={id_: code for id_, code in codes.items() if code is not None},
            tries=activity.info().attempt,
        )

    def _to_be_told(self, knock: Knock) -> list[Person]:
        """Each person once, whatever roles they hold, in the order of the roles and of the file."""
        found = (person for role in knock.roles for person in self._people.holding(role))
        return list({person.id: person for person in found}.values())

    async def _send(self, knock: Knock, person: Person) -> str | None:
        """None when the relay took it, else the code of what went wrong: never its words, they may quote an address."""
        try:
            await self._deliver(letter(knock, person, self._settings.mail_from))
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return f"refused {refused.recipients[0].code}"
        except aiosmtplib.SMTPResponseException as refused:
            return f"refused {refused.code}"
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


def letter(knock: Knock, person: Person, sender: str) -> EmailMessage:
    """The mail to one person: text/plain, UTF-8, marked as sent by a machine (RFC 3834)."""
    mail = EmailMessage(policy=_UNFOLDED)
    mail["From"] = sender
    mail["To"] = person.mail
    mail["Subject"] = f"[comity] {knock.urgency} {knock.reference}: {knock.duty} {_time(knock, UTC)}"
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{_key(knock, person)}@{_domain(sender)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_text(knock, person))
    return mail


def _text(knock: Knock, person: Person) -> str:
    times = [_time(knock, UTC), *([_time(knock, person.zone)] if knock.due else [])]
    return f"Request: {knock.reference}\nClass:   {knock.urgency}\nDuty:    {knock.duty}\nTime:    {'; '.join(times)}\n"


def _time(knock: Knock, zone: tzinfo) -> str:
    """`due 2026-03-01 14:20 UTC`: with its date, since a mail is also read the day after."""
    if knock.due is None:
        return "no date set"
    return f"{'was due' if knock.overdue else 'due'} {knock.due.astimezone(zone):%Y-%m-%d %H:%M} {zone}"


def _key(knock: Knock, person: Person) -> str:
    """The alarm's key and the person, as SHA-256 in hex: the same for every copy, and it tells nothing."""
    parts = [knock.reference, knock.duty, knock.generation, knock.rung, person.id]
    return sha256(json.dumps(parts).encode()).hexdigest()


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
