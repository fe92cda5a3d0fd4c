"""The knock by webhook: signed, as sparing of words as a mail, and a second way that fails otherwise."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog
from standardwebhooks import Webhook, WebhookVerificationError
from temporalio.testing import ActivityEnvironment

from activities import webhooks as by_webhook
from activities.correspondence import Correspondence
from activities.knocks import Knock, Told
from comity.errors import Refused, Unreadable
from comity.people import People
from comity.request.lifecycle import Role
from comity.request.model import Urgency
from comity.rotas import Rotas
from comity.settings import Settings
from comity.webhook_secrets import FILE, WebhookSecrets
from temporal import logs
from tests.activities import test_correspondence as correspondence
from tests.processes import free_port

SECRET = "whsec_" + "c2l4dGVlbiBieXRlcyBhcmUgdG9vIGZldyBoZXJl"
KNOCK = correspondence.KNOCK.model_copy(update={"roles": (Role.COORDINATOR,)})


@dataclass
class Pager:
    """A server that takes what is posted, answers a status, and may hang or answer for ever."""

    port: int = 0
    status: str = "204 No Content"
    hangs: bool = False
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers["content-length"]))
        spelt = dict(line.split(": ", 1) for line in head[1:] if line)
        self.taken.append(({name.lower(): value for name, value in spelt.items()}, body))
        if not self.hangs:
            writer.write(
                f"HTTP/1.1 {self.status}\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".encode()
            )
        await writer.drain()
        await reader.read()
        writer.close()


@pytest.fixture
async def pager() -> AsyncIterator[Pager]:
    found = Pager()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


def home(folder: Path, url: str, *, secret: str = SECRET, mode: int = 0o600) -> Path:
    (folder / "people.toml").write_text(
        '[people.anna]\nroles = ["coordinator"]\nunit = "u"\ntime_zone = "UTC"\nmail = "anna@a.example"\n'
        f'webhook = "{url}"\ndeputies = ["bert"]\n'
        '[people.bert]\nroles = ["head of unit"]\nunit = "u"\ntime_zone = "UTC"\nmail = "bert@a.example"\n'
    )
    (folder / FILE).write_text(f'[secrets]\nanna = "{secret}"\n')
    (folder / FILE).chmod(mode)
    return folder


async def told(folder: Path, knock: Knock = KNOCK) -> Told:
    """With a relay that is away, so that all depends on the webhook."""
    people = People.load(folder / "people.toml")
    settings = Settings(home=folder, smtp_port=free_port(), digest_seconds=0.2)
    result = await ActivityEnvironment().run(
        Correspondence(settings, people, Rotas(folder / "rotas", people, "UTC")).tell, knock
    )
    assert isinstance(result, Told)
    return result


async def test_with_the_relay_away_a_person_is_told_by_webhook(tmp_path: Path, pager: Pager) -> None:
    """Truth protected: one channel that fails keeps nobody from being told, and the entry says which did."""
    folder = home(tmp_path, f"http://127.0.0.1:{pager.port}/anna")
    assert await told(folder) == Told(accepted=("anna",), failed={"anna": "mail no answer"}, tries=1)
    ((headers, body),) = pager.taken
    assert Webhook(SECRET).verify(body, headers) == {
        "type": "reminders",
        "data": {
            "reminders": [
                {
                    "reference": KNOCK.reference,
                    "urgency": "P0",
                    "duty": "M1/decide",
                    "due": "2026-03-01T14:20:00Z",
                    "overdue": False,
                }
            ]
        },
    }
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"P0", b"P4"), headers)


async def test_the_same_alarm_has_the_same_id_each_time(tmp_path: Path, pager: Pager) -> None:
    folder = home(tmp_path, f"http://127.0.0.1:{pager.port}/anna")
    for knock in (KNOCK, KNOCK, KNOCK.model_copy(update={"rung": 2})):
        await told(folder, knock)
    first, second, third = (headers["webhook-id"] for headers, _ in pager.taken)
    assert first == second != third


@pytest.mark.parametrize(("status", "code"), [
    ("500 No", "refused 500"), ("302 Found", "refused 302"), ("410 Gone", "refused 410"),
])  # fmt: skip
async def test_any_other_answer_is_a_refusal_and_nobody_is_followed(
    tmp_path: Path, pager: Pager, status: str, code: str
) -> None:
    pager.status = status
    found = await told(home(tmp_path, f"http://127.0.0.1:{pager.port}/anna"))
    assert found == Told(accepted=(), failed={"anna": f"mail no answer; webhook {code}"}, tries=1)
    assert len(pager.taken) == 1


async def test_a_webhook_that_hangs_is_given_up(tmp_path: Path, pager: Pager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_webhook, "PATIENCE", 0.3)
    pager.hangs = True
    found = await told(home(tmp_path, f"http://127.0.0.1:{pager.port}/anna"))
    assert found.failed == {"anna": "mail no answer; webhook no answer"}


async def test_no_line_of_the_log_names_where_a_person_is_told(tmp_path: Path, pager: Pager) -> None:
    """Truth protected: an address of a pager is personal, and often all that is needed to call it."""
    root, said = logging.getLogger(), io.StringIO()
    before = root.handlers, root.level
    logs.configure(said)
    try:
        for status in ("204 No Content", "500 No"):
            pager.status = status
            await told(home(tmp_path, f"http://127.0.0.1:{pager.port}/hook-of-anna"))
    finally:
        root.handlers, root.level = before
        structlog.reset_defaults()
    assert len(pager.taken) == 2
    assert "hook-of-anna" not in said.getvalue()
    assert str(pager.port) not in said.getvalue()


async def test_what_is_not_urgent_comes_in_one_call(tmp_path: Path, pager: Pager) -> None:
    folder = home(tmp_path, f"http://127.0.0.1:{pager.port}/anna")
    people = People.load(folder / "people.toml")
    letters = Correspondence(
        Settings(home=folder, smtp_port=free_port(), digest_seconds=0.3), people, Rotas(folder, people, "UTC")
    )
    knocks = [KNOCK.model_copy(update={"urgency": Urgency.P3, "rung": rung}) for rung in range(3)]
    await asyncio.gather(*(ActivityEnvironment().run(letters.tell, knock) for knock in knocks))
    ((_, body),) = pager.taken
    assert len(json.loads(body)["data"]["reminders"]) == 3


@pytest.mark.parametrize("url", [
    "http://pager.example/anna", "https://", "ftp://pager.example", "https://anna:pw@pager.example", "pager.example",
    "http://127.0.0.1.example/anna",
])  # fmt: skip
def test_an_address_that_would_show_who_is_told_of_what_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(Unreadable, match=r"people\.anna\.webhook: write an https:// address") as refused:
        People.load(home(tmp_path, url) / "people.toml")
    assert "example" not in str(refused.value)


def test_a_secret_that_others_may_read_or_that_is_weak_or_missing_is_refused(tmp_path: Path) -> None:
    url = "https://pager.example/anna"
    people = People.load(home(tmp_path, url) / "people.toml")
    WebhookSecrets(tmp_path).check(people)
    with pytest.raises(Refused, match=r"others may read webhook-secrets\.toml; run: chmod 600"):
        WebhookSecrets(home(tmp_path, url, mode=0o640)).check(people)
    for weak in ("whsec_" + "c2hvcnQ=", SECRET.removeprefix("whsec_"), "whsec_not base64"):
        with pytest.raises(Unreadable, match=r"webhook-secrets\.toml: secrets\.anna: ") as refused:
            WebhookSecrets(home(tmp_path, url, secret=weak)).check(people)
        assert weak not in str(refused.value)
    (tmp_path / FILE).write_text("[secrets]\n")
    with pytest.raises(
        Unreadable, match=r'no secret for the webhook of anna; in \[secrets\], write ID = "whsec_…" for each'
    ):
        WebhookSecrets(tmp_path).check(people)
    (tmp_path / FILE).unlink()
    with pytest.raises(Unreadable, match=r"webhook-secrets\.toml: no secret for the webhook of anna"):
        WebhookSecrets(tmp_path).check(people)


async def test_while_the_secrets_cannot_be_read_the_last_ones_sign(tmp_path: Path, pager: Pager) -> None:
    folder = home(tmp_path, f"http://127.0.0.1:{pager.port}/anna")
    secrets, (anna, _) = WebhookSecrets(folder), People.load(folder / "people.toml").all()
    assert secrets.secret_of(anna) == SECRET
    (folder / FILE).write_text("half a fi")
    assert secrets.secret_of(anna) == SECRET
