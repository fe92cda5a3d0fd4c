"""The secrets under which webhooks are signed: webhook-secrets.toml in COMITY_HOME, which only its owner may read.

[secrets]
anna = "whsec_…"                  # by the id of people.toml; at least 24 bytes in base64 (Standard Webhooks)
"""

import base64
import binascii
from pathlib import Path
from typing import Annotated

import tomli
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from comity.errors import Refused, Unreadable
from comity.faults import faults_of
from comity.people import People, Person
from comity.request.model import PersonId
from comity.watched import Watched

FILE = "webhook-secrets.toml"
_PREFIX = "whsec_"
_SHORTEST = 24
_OTHERS = 0o077


def _strong(secret: str) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if not secret.startswith(_PREFIX) or len(key) < _SHORTEST:
        raise ValueError(f"write {_PREFIX} and {_SHORTEST} bytes or more in base64")
    return secret


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    secrets: dict[PersonId, Annotated[str, AfterValidator(_strong)]]


class WebhookSecrets:
    """The secrets, as the file says at this moment."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._file = Watched[dict[PersonId, str]](self._path, _read, {})

    def secret_of(self, person: Person) -> str | None:
        """The secret of a person's webhook, by the last readable state of the file; None where there is none."""
        try:
            return self._file.now().get(person.id)
        except Refused:
            return self._file.latest.get(person.id)

    def check(self, people: People) -> None:
        """Raises Unreadable or Refused unless the file is there and in order for everybody who has a webhook."""
        named = [person.id for person in people.all() if person.webhook]
        there = self._file.now() if named and self._path.exists() else {}
        missing = [id_ for id_ in named if id_ not in there]
        if missing:
            whom = ", ".join(missing)
            raise Unreadable(
                f'{FILE}: no secret for the webhook of {whom}; in [secrets], write ID = "{_PREFIX}…" for each'
            )


def _read(path: Path) -> dict[PersonId, str]:
    if path.stat().st_mode & _OTHERS:
        raise Refused(f"others may read {FILE}; run: chmod 600 {path}")
    try:
        return _File.model_validate(tomli.loads(path.read_text())).secrets
    except ValidationError as error:
        raise Unreadable("\n".join(f"{FILE}: {fault}" for fault in faults_of(error, _File, "secrets"))) from None
    except (tomli.TOMLDecodeError, UnicodeDecodeError):
        raise Unreadable(f"{FILE}: not TOML in UTF-8") from None
