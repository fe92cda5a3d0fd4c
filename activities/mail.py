"""The knock by mail: to one person, in the clear, through machines that are not ours.

It names the reference, the class, the duty and when that is due, and nothing else.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from email.message import Message
from email.policy import compat32
from email.utils import format_datetime
from typing import Final

import aiosmtplib

from activities.knocks import Knock, in_order, key_of
from comity.people import Person
from comity.settings import Settings

# RFC 5322, 2.1.1: a folded subject is shown with a gap by some readers. The newer policies parse each header as it is
# written, which took six times as long.
_UNFOLDED = compat32.clone(linesep="\r\n", max_line_length=998)

PATIENCE: Final = 8.0
"""Seconds for one recipient, from the first byte to the relay's word that it has the mail. P0 climbs in minutes."""
LINES: Final = 100
"""How many mails are handed to the relay at one time; others wait, outside their patience."""
_GOODBYE: Final = 1.0


class Mail:
    """The relay that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lines = asyncio.Semaphore(LINES)

    async def send(self, person: Person, knocks: tuple[Knock, ...]) -> str | None:
        """None when the relay took it, else the code of what went wrong: never its words, they may quote an address."""
        try:
            async with self._lines:
                await self._deliver(letter(knocks, person, self._settings.mail_from))
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return f"refused {refused.recipients[0].code}"
        except aiosmtplib.SMTPResponseException as refused:
            return f"refused {refused.code}"
        except (TimeoutError, OSError):  # aiosmtplib's own for a lost connection are both
            return "no answer"
        except aiosmtplib.SMTPException:
            return "not sent"
        return None

    async def _deliver(self, mail: Message) -> None:
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


def letter(knocks: tuple[Knock, ...], person: Person, sender: str) -> Message:
    """The mail to one person, of one knock or of several: text/plain, UTF-8, marked as sent by a machine (RFC 3834)."""
    mail = Message(policy=_UNFOLDED)
    mail["From"] = sender
    mail["To"] = person.mail
    mail["Subject"] = f"[comity] {_subject(knocks)}"
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{key_of(knocks, person)}@{_domain(sender)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Type"] = 'text/plain; charset="utf-8"'
    mail["Content-Transfer-Encoding"] = "7bit"
    mail["MIME-Version"] = "1.0"
    mail.set_payload(_text(knocks[0], person) if len(knocks) == 1 else _list(knocks, person))
    return mail


def _subject(knocks: tuple[Knock, ...]) -> str:
    if len(knocks) == 1:
        return _line(knocks[0], UTC)
    classes = sorted({knock.urgency for knock in knocks}, key=lambda urgency: urgency.rank)
    return f"{', '.join(classes)}: {len(knocks)} reminders, {sum(knock.overdue for knock in knocks)} of what is overdue"


def _line(knock: Knock, zone: tzinfo) -> str:
    return f"{knock.urgency} {knock.reference}: {knock.duty} {_time(knock, zone)}"


def _list(knocks: tuple[Knock, ...], person: Person) -> str:
    """A line for each duty, as it rang last; after an outage one may have rung several times at once."""
    rung: dict[tuple[str, str], list[Knock]] = {}
    for knock in in_order(knocks):
        rung.setdefault((knock.reference, knock.duty), []).append(knock)
    return "".join(f"{_line(each[-1], person.zone)}{_often(len(each))}\n" for each in rung.values())


def _often(times: int) -> str:
    return f" ({times} reminders)" if times > 1 else ""


def _text(knock: Knock, person: Person) -> str:
    times = [_time(knock, UTC), *([_time(knock, person.zone)] if knock.due else [])]
    return f"Request: {knock.reference}\nClass:   {knock.urgency}\nDuty:    {knock.duty}\nTime:    {'; '.join(times)}\n"


def _time(knock: Knock, zone: tzinfo) -> str:
    """`due 2026-03-01 14:20 UTC`: with its date, since a mail is also read the day after."""
    if knock.due is None:
        return "no date set"
    return f"{'was due' if knock.overdue else 'due'} {knock.due.astimezone(zone):%Y-%m-%d %H:%M} {zone}"


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
