"""The knock: who can be told is told at once, whatever becomes of the others; the mail says no more than it must."""

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from temporalio.testing import ActivityEnvironment

from activities import correspondence
from activities.correspondence import Correspondence, Knock, Told
from comity.people import People
from comity.request.lifecycle import Role
from comity.request.model import Urgency
from comity.settings import Settings

REFERENCE = "01JA0000000000000000000001"
PEOPLE = """
[people.anna]
roles = ["coordinator"]
unit = "north"
time_zone = "Europe/Berlin"
mail = "anna@authority.example"

[people.bert]
roles = ["coordinator", "head of unit"]
unit = "north"
time_zone = "Asia/Tokyo"
mail = "bert@authority.example"

[people.cara]
roles = ["head of unit"]
unit = "north"
time_zone = "Etc/UTC"
mail = "cara@authority.example"
"""
KNOCK = Knock(
    reference=REFERENCE,
    duty="M1/decide",
    urgency=Urgency.P0,
    due=datetime(2026, 3, 1, 14, 20, tzinfo=UTC),
    generation=2,
    rung=1,
    round=0,
    overdue=False,
    roles=(Role.COORDINATOR, Role.HEAD_OF_UNIT),
)


class Relay:
    """A relay that keeps what it takes; `refused` maps an address to its answer; `late` hangs on an address."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.refused: dict[str, str] = {}
        self.late = ""
        self.at_data = "250 taken"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address == self.late:
            await asyncio.Event().wait()
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return self.at_data

    @property
    def mails(self) -> dict[str, EmailMessage]:
        """What was taken, by its recipient."""
        return {envelope.rcpt_tos[0]: read(envelope) for envelope in self.taken}


def read(envelope: Envelope) -> EmailMessage:
    mail = message_from_bytes(envelope.original_content or b"", policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


@pytest.fixture
async def relay(bound: socket.socket) -> AsyncIterator[Relay]:
    relay = Relay()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(relay, hostname="relay.example", loop=loop), sock=bound)
    async with server:
        yield relay


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


@pytest.fixture
def people(tmp_path: Path) -> People:
    path = tmp_path / "people.toml"
    path.write_text(PEOPLE)
    return People.load(path)


@pytest.fixture
def letters(people: People, bound: socket.socket) -> Correspondence:
    port = bound.getsockname()[1]
    return Correspondence(Settings(smtp_port=port, mail_from="comity@authority.example"), people)


async def told(letters: Correspondence, knock: Knock = KNOCK, attempt: int = 1) -> Told:
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, attempt=attempt)
    result = await environment.run(letters.tell, knock)
    assert isinstance(result, Told)
    return result


async def test_everybody_in_the_roles_is_told_once_and_alone(letters: Correspondence, relay: Relay) -> None:
    assert await told(letters, attempt=3) == Told(accepted=("anna", "bert", "cara"), failed={}, tries=3)
    assert sorted(tuple(envelope.rcpt_tos) for envelope in relay.taken) == [
        ("anna@authority.example",),
        ("bert@authority.example",),
        ("cara@authority.example",),
    ]
    for address, mail in relay.mails.items():
        assert mail["To"] == address


async def test_the_mail_names_reference_class_duty_and_time_and_nothing_else(
    letters: Correspondence, relay: Relay
) -> None:
    await told(letters)
    mail = relay.mails["bert@authority.example"]
    assert mail["Subject"] == f"[comity] P0 {REFERENCE}: M1/decide due 2026-03-01 14:20 UTC"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content_charset() == "utf-8"
    assert mail.get_content() == (
        f"Request: {REFERENCE}\r\n"
        "Class:   P0\r\n"
        "Duty:    M1/decide\r\n"
        "Time:    due 2026-03-01 14:20 UTC; due 2026-03-01 23:20 Asia/Tokyo\r\n"
    )
    assert set(mail.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
    }


async def test_what_is_overdue_or_has_no_date_is_told_as_such(letters: Correspondence, relay: Relay) -> None:
    await told(letters, KNOCK.model_copy(update={"overdue": True, "roles": (Role.COORDINATOR,)}))
    assert relay.mails["anna@authority.example"]["Subject"].endswith("M1/decide was due 2026-03-01 14:20 UTC")
    relay.taken.clear()
    await told(letters, KNOCK.model_copy(update={"due": None}))
    assert relay.mails["anna@authority.example"]["Subject"].endswith("M1/decide no date set")
    assert relay.mails["anna@authority.example"].get_content().endswith("Time:    no date set\r\n")


async def test_a_second_copy_after_a_crash_carries_the_same_message_id(letters: Correspondence, relay: Relay) -> None:
    await told(letters)
    first = {address: mail["Message-ID"] for address, mail in relay.mails.items()}
    await told(letters, attempt=2)
    assert {address: mail["Message-ID"] for address, mail in relay.mails.items()} == first
    assert len(relay.taken) == 6
    assert len(set(first.values())) == 3
    assert first["anna@authority.example"] == (
        "<4b772bfc29b5840c223190d414cba7a762133f3c5a325f3372f55ae1de708793@authority.example>"
    )
    for name, value in (("rung", 2), ("generation", 3), ("duty", "M2/decide"), ("reference", REFERENCE[:-1] + "2")):
        await told(letters, KNOCK.model_copy(update={name: value}))
        assert relay.mails["anna@authority.example"]["Message-ID"] != first["anna@authority.example"]


async def test_one_refused_recipient_holds_up_nobody_and_no_word_of_the_relay_is_kept(
    letters: Correspondence, relay: Relay
) -> None:
    relay.refused["anna@authority.example"] = "550 <anna@authority.example> moved to bert@elsewhere.example"
    relay.refused["cara@authority.example"] = "451 later"
    result = await told(letters)
    assert result == Told(accepted=("bert",), failed={"anna": "refused 550", "cara": "refused 451"}, tries=1)
    assert "example" not in result.model_dump_json()


async def test_a_relay_that_takes_no_mail_at_all_is_a_refusal_for_each(letters: Correspondence, relay: Relay) -> None:
    relay.at_data = "552 full"
    assert (await told(letters)).failed == dict.fromkeys(("anna", "bert", "cara"), "refused 552")


async def test_a_recipient_on_whom_the_relay_hangs_holds_up_nobody(
    letters: Correspondence, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correspondence, "PATIENCE", 0.5)
    relay.late = "anna@authority.example"
    assert await told(letters) == Told(accepted=("bert", "cara"), failed={"anna": "no answer"}, tries=1)


async def test_a_relay_that_refuses_the_connection_gives_no_answer(
    letters: Correspondence, bound: socket.socket
) -> None:
    bound.close()
    result = await told(letters)
    assert result.accepted == ()
    assert set(result.failed.values()) == {"no answer"}


async def test_a_relay_that_says_nothing_gives_no_answer(
    letters: Correspondence, bound: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correspondence, "PATIENCE", 0.2)
    bound.listen()
    assert set((await told(letters)).failed.values()) == {"no answer"}


async def test_where_nobody_holds_the_role_nobody_was_told_and_nothing_failed(letters: Correspondence) -> None:
    assert await told(letters, KNOCK.model_copy(update={"roles": (Role.DECIDER,)})) == Told(
        accepted=(), failed={}, tries=1
    )
