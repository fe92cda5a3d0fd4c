"""The knock by webhook (Standard Webhooks): signed, so that who gets it knows that it is ours and as we sent it.

It says what a mail says: reference, class, duty, and when that is due. It fails otherwise than mail does.
"""

import asyncio
import json
from datetime import UTC, datetime
from functools import cache
from ssl import SSLContext
from typing import Final

import httpx
from standardwebhooks import Webhook

from activities.knocks import Knock, in_order, key_of
from comity.people import Person
from comity.webhook_secrets import WebhookSecrets

PATIENCE: Final = 8.0
"""Seconds for one call, from its first byte to the answer."""


class Webhooks:
    """Calls the webhooks of people."""

    def __init__(self, secrets: WebhookSecrets) -> None:
        self._secrets = secrets

    async def send(self, person: Person, knocks: tuple[Knock, ...]) -> str | None:
        """None when it was taken (2xx), else the code of what went wrong: never a word of the answer, or of the URL."""
        secret = self._secrets.secret_of(person)
        if person.webhook is None or secret is None:
            return "no secret"
        body, now = _body(knocks), datetime.now(UTC)
        key = key_of(knocks, person)
        headers = {
            "content-type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(key, now, body),
        }
        try:
            async with (
                asyncio.timeout(PATIENCE),
                _client() as client,
                client.stream("POST", person.webhook, content=body.encode(), headers=headers) as answer,
            ):
                return None if answer.is_success else f"refused {answer.status_code}"
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):
            return "no answer"


def _client() -> httpx.AsyncClient:
    """Asks no proxy of the environment, follows nowhere, and reads nothing of the answer but its status."""
    return httpx.AsyncClient(verify=_trust(), timeout=PATIENCE, trust_env=False)


@cache
def _trust() -> SSLContext:
    """Which certificates are believed; making it costs as much as a hundred calls."""
    return httpx.create_ssl_context()


def _body(knocks: tuple[Knock, ...]) -> str:
    """`reminders`: one, or several that are not urgent and rang at once."""
    told = [
        knock.model_dump(mode="json", include={"reference", "urgency", "duty", "due", "overdue"})
        for knock in in_order(knocks)
    ]
    return json.dumps({"type": "reminders", "data": {"reminders": told}}, sort_keys=True, separators=(",", ":"))
