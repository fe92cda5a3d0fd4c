"""Letters out: the knock of an alarm, to everybody on duty in a role that is to be told, by each of their channels."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from temporalio import activity

from activities.gathering import Gathering
from activities.knocks import Knock, Told
from activities.mail import Mail
from activities.webhooks import Webhooks
from comity.people import People, Person
from comity.request.model import Urgency
from comity.rotas import Rotas
from comity.settings import Settings
from comity.webhook_secrets import WebhookSecrets
from temporal import tracing

_SINGLY: Final = frozenset({Urgency.P0, Urgency.P1, Urgency.P1D})
"""Classes whose knocks wait for nothing and share a message with nothing."""


class _Channel:
    """One way to reach people. What is not urgent waits a moment for what else goes to the same person."""

    def __init__(
        self, name: str, send: Callable[[Person, tuple[Knock, ...]], Awaitable[str | None]], digest_seconds: float
    ) -> None:
        self.name = name
        self._send = send
        self._digests = Gathering[Person, Knock, str | None](digest_seconds, send) if digest_seconds else None

    async def tell(self, person: Person, knock: Knock) -> str | None:
        """None when it was taken, else the code of what went wrong."""
        if self._digests is None or knock.urgency in _SINGLY:
            return await self._send(person, (knock,))
        return await self._digests.hand_in(person, knock)


_Codes = dict[str, str | None]
"""What became of a knock to one person, by channel: None where it was taken."""


class Correspondence:
    """What leaves the house in writing."""

    def __init__(self, settings: Settings, people: People, rotas: Rotas) -> None:
        self._people = people
        self._rotas = rotas
        secrets = WebhookSecrets(settings.home)
        self._mail = _Channel("mail", Mail(settings).send, settings.digest_seconds)
        self._webhook = _Channel("webhook", Webhooks(secrets).send, settings.digest_seconds)

    @activity.defn(name="tell")
    async def tell(self, knock: Knock) -> Told:
        """Tell everybody who is on duty in one of the roles, each alone and all at once: nobody waits for another.

        What is not urgent waits a moment for what else that person is to be told, and is told with it in one message.
        Never raises for a channel's sake: a knock that failed is a result, and the next rung is the remedy. Who stands
        in for somebody whose address is refused is told at once.
        Safe to repeat: a second copy, after a crash, carries the same id and is shown once by what reads it.
        """
        people = self._to_be_told(knock)
        with tracing.step("tell", reference=knock.reference):
            codes = await self._put(knock, people)
            codes |= await self._put(knock, self._standing_in(people, codes))
        return Told(
            accepted=tuple(id_ for id_, of_person in codes.items() if None in of_person.values()),
            failed={id_: said for id_, of_person in codes.items() if (said := _said(of_person))},
            tries=activity.info().attempt,
        )

    def _to_be_told(self, knock: Knock) -> list[Person]:
        """Each person once, whatever roles they hold, in the order of the roles and of the file."""
        now = datetime.now(UTC)
        found = (person for role in knock.roles for person in self._rotas.on_duty(role, now))
        return list({person.id: person for person in found}.values())

    def _standing_in(self, people: list[Person], codes: dict[str, _Codes]) -> list[Person]:
        """The deputies, not yet told, of those who have it by no channel and whose address the relay refused."""
        refused = [person for person in people if _is_refused(codes[person.id])]
        deputies = (deputy for person in refused for deputy in self._people.deputies_of(person))
        return list({deputy.id: deputy for deputy in deputies if deputy.id not in codes}.values())

    async def _put(self, knock: Knock, people: list[Person]) -> dict[str, _Codes]:
        outcomes = await asyncio.gather(*(self._to(person, knock) for person in people))
        return dict(zip((person.id for person in people), outcomes, strict=True))

    async def _to(self, person: Person, knock: Knock) -> _Codes:
        channels = (self._mail, self._webhook) if person.webhook else (self._mail,)
        codes = await asyncio.gather(*(channel.tell(person, knock) for channel in channels))
        return {channel.name: code for channel, code in zip(channels, codes, strict=True)}


def _is_refused(codes: _Codes) -> bool:
    return None not in codes.values() and (codes["mail"] or "").startswith("refused")


def _said(codes: _Codes) -> str:
    """What went wrong, by channel where there are two: `refused 550`, `mail refused 550; webhook no answer`."""
    wrong = {channel: code for channel, code in codes.items() if code is not None}
    return "; ".join(code if len(codes) == 1 else f"{channel} {code}" for channel, code in wrong.items())
