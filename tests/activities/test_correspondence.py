"""The knock: who can be told is told at once, whatever becomes of the others; the mail says no more than it must."""

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from temporalio.testing import ActivityEnvironment

from activities import mail as by_mail
from activities.correspondence import Correspondence
from activities.knocks import Knock, Told
from comity.people import People
from comity.request.lifecycle import Role
from comity.request.model import Urgency
from comity.rotas import Rotas
from comity.settings import Settings
from tests.people.calendars import rota_of

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


def opened(people: People, bound: socket.socket, folder: Path, digest_seconds: float) -> Correspondence:
    settings = Settings(
        smtp_port=bound.getsockname()[1], mail_from="comity@authority.example", digest_seconds=digest_seconds
    )
    return Correspondence(settings, people, Rotas(folder / "rotas", people, "Europe/Berlin"))


@pytest.fixture
def letters(people: People, bound: socket.socket, tmp_path: Path) -> Correspondence:
    """Each knock is a mail of its own."""
    return opened(people, bound, tmp_path, digest_seconds=0)


@pytest.fixture
def digests(people: People, bound: socket.socket, tmp_path: Path) -> Correspondence:
    """What is not urgent is gathered for a moment."""
    return opened(people, bound, tmp_path, digest_seconds=0.5)


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


async def test_who_stands_in_for_somebody_whose_address_is_refused_is_told_at_once(
    letters: Correspondence, relay: Relay, tmp_path: Path
) -> None:
    """Once, though two stand aside for the same person; where the relay refuses all, it is not asked for ever."""
    (tmp_path / "people.toml").write_text(PEOPLE.replace('mail = "anna', 'deputies = ["cara", "bert"]\nmail = "anna'))
    knock = KNOCK.model_copy(update={"roles": (Role.COORDINATOR,)})
    relay.refused["anna@authority.example"] = "550 moved"
    assert await told(letters, knock) == Told(accepted=("bert", "cara"), failed={"anna": "refused 550"}, tries=1)
    assert [to for envelope in relay.taken for to in envelope.rcpt_tos].count("bert@authority.example") == 1
    relay.at_data = "552 full"
    assert set((await told(letters, knock)).failed) == {"anna", "bert", "cara"}


async def test_of_those_who_hold_a_role_whoever_is_on_duty_is_told(
    letters: Correspondence, relay: Relay, tmp_path: Path
) -> None:
    """The head of unit has no rota: both are told. Bert is told though it is Anna's shift: he holds that role too."""
    (tmp_path / "rotas").mkdir()
    rota = rota_of(("20200101T000000Z", "20990101T000000Z", "anna"))
    (tmp_path / "rotas" / "coordinator.ics").write_bytes(rota)
    assert (await told(letters, KNOCK.model_copy(update={"roles": (Role.COORDINATOR,)}))).accepted == ("anna",)
    assert (await told(letters)).accepted == ("anna", "bert", "cara")


STANDARD = KNOCK.model_copy(update={"urgency": Urgency.P3, "roles": (Role.COORDINATOR,)})


def knocks(number: int) -> list[Knock]:
    """What so many requests of class P3 ring at once, each with a deadline of its own."""
    return [
        STANDARD.model_copy(
            update={"reference": f"01JA{each:022}", "due": KNOCK.due and KNOCK.due - timedelta(days=each)}
        )
        for each in range(number)
    ]


async def test_five_hundred_requests_that_ring_at_once_are_one_mail_to_each_person(
    digests: Correspondence, relay: Relay
) -> None:
    """Truth protected: a deadline that many miss is no flood, and of each it is known who was told."""
    outcomes = await asyncio.gather(*(told(digests, knock) for knock in knocks(500)))
    assert outcomes == [Told(accepted=("anna", "bert"), failed={}, tries=1)] * 500
    assert sorted(to for envelope in relay.taken for to in envelope.rcpt_tos) == [
        "anna@authority.example",
        "bert@authority.example",
    ]
    mail = relay.mails["bert@authority.example"]
    assert mail["Subject"] == "[comity] P3: 500 reminders, 0 of what is overdue"
    lines = mail.get_content().splitlines()
    assert len(lines) == 500
    assert lines[-1] == "P3 01JA0000000000000000000000: M1/decide due 2026-03-01 23:20 Asia/Tokyo"
    assert lines == sorted(lines, reverse=True)


async def test_what_rang_several_times_meanwhile_is_one_line_as_it_rang_last(
    digests: Correspondence, relay: Relay
) -> None:
    """Truth protected: after an outage a person reads each duty once, and that it is late."""
    climbed = [STANDARD.model_copy(update={"rung": rung, "overdue": rung == 2}) for rung in (2, 0, 1)]
    await asyncio.gather(*(told(digests, knock) for knock in (*climbed, knocks(3)[2])))
    mail = relay.mails["bert@authority.example"]
    assert mail["Subject"] == "[comity] P3: 4 reminders, 1 of what is overdue"
    lines = mail.get_content().splitlines()
    assert [line for line in lines if STANDARD.reference in line] == [
        f"P3 {STANDARD.reference}: M1/decide was due 2026-03-01 23:20 Asia/Tokyo (3 reminders)"
    ]
    assert len(lines) == 2


async def test_what_is_urgent_waits_for_nothing_and_is_told_singly(digests: Correspondence, relay: Relay) -> None:
    urgent = [STANDARD.model_copy(update={"urgency": each}) for each in (Urgency.P0, Urgency.P1, Urgency.P1D)]
    waiting = [asyncio.create_task(told(digests, knock)) for knock in knocks(2)]
    await asyncio.gather(*(told(digests, knock) for knock in urgent))
    assert not any(task.done() for task in waiting)
    assert len(relay.taken) == 2 * len(urgent)
    await asyncio.gather(*waiting)
    assert len(relay.taken) == 2 * len(urgent) + 2


async def test_a_digest_that_is_refused_was_told_to_nobody_of_it(digests: Correspondence, relay: Relay) -> None:
    relay.refused["anna@authority.example"] = "550 moved"
    outcomes = await asyncio.gather(*(told(digests, knock) for knock in knocks(3)))
    assert outcomes == [Told(accepted=("bert",), failed={"anna": "refused 550"}, tries=1)] * 3


async def test_a_digest_said_again_has_the_same_id_and_one_knock_that_of_its_alarm(
    digests: Correspondence, letters: Correspondence, relay: Relay
) -> None:
    ids = []
    for said in (knocks(3), knocks(3)[::-1]):
        await asyncio.gather(*(told(digests, knock) for knock in said))
        ids.append(relay.mails["anna@authority.example"]["Message-ID"])
    assert ids[0] == ids[1]
    for by in (digests, letters):
        await told(by, STANDARD)
        ids.append(relay.mails["anna@authority.example"]["Message-ID"])
    assert ids[2] == ids[3] != ids[0]


async def test_a_worker_that_is_to_stop_sends_what_it_has_gathered_at_once(
    people: People, bound: socket.socket, tmp_path: Path, relay: Relay
) -> None:
    patient = opened(people, bound, tmp_path, digest_seconds=3600)
    environment = ActivityEnvironment()
    asyncio.get_running_loop().call_later(0.1, environment.worker_shutdown)
    assert (await environment.run(patient.tell, STANDARD)).accepted == ("anna", "bert")
    assert len(relay.taken) == 2


async def test_a_relay_that_takes_no_mail_at_all_is_a_refusal_for_each(letters: Correspondence, relay: Relay) -> None:
    relay.at_data = "552 full"
    assert (await told(letters)).failed == dict.fromkeys(("anna", "bert", "cara"), "refused 552")


async def test_a_recipient_on_whom_the_relay_hangs_holds_up_nobody(
    letters: Correspondence, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_mail, "PATIENCE", 0.5)
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
    monkeypatch.setattr(by_mail, "PATIENCE", 0.2)
    bound.listen()
    assert set((await told(letters)).failed.values()) == {"no answer"}


async def test_where_nobody_holds_the_role_nobody_was_told_and_nothing_failed(letters: Correspondence) -> None:
    assert await told(letters, KNOCK.model_copy(update={"roles": (Role.DECIDER,)})) == Told(
        accepted=(), failed={}, tries=1
    )
