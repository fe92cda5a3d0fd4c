"""Certificates of destruction: what was destroyed, by which rule and whom, signed by the ledger's signer.

A certificate is a C2SP signed note (Ed25519) that a person can read: its first line says what it is and has spaces, so
that it can never be taken for a checkpoint, whose first line is an origin without any. It holds opaque ids and dates
only, and stands in the ledger in the clear: whoever has the public key can verify it when every key is gone.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from comity.errors import Tampered, Unreadable
from comity.ledger.checkpoint import Signer, VerifierKey, has_signed, sign_note

TITLE = "comity certificate of destruction, format 0"
_REPEATED = ("keys", "exhibits", "things", "left")
_WORD = {"keys": "key", "exhibits": "exhibit", "things": "thing", "left": "left"}


class Certificate(BaseModel):
    """What one certificate says. `keys`: owner and ring key of each key that was destroyed. `exhibits`: each with what
    became of its file. `things`: whose description is destroyed, and which are not. `left`: what stays, and where."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    ledger: str
    request: str
    kind: Literal["vault", "content", "record"] = Field(alias="class")
    proposal: str
    rule: str
    article: str
    due: AwareDatetime
    proposed: str
    decided: str
    destroyed: AwareDatetime
    keys: tuple[str, ...]
    exhibits: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def signed(self, signer: Signer) -> str:
        """The signed note. The same certificate gives the same bytes (RFC 8032)."""
        return sign_note(signer, "".join(f"{line}\n" for line in (TITLE, *self._lines())))

    def _lines(self) -> Iterator[str]:
        for name, value in self.model_dump(by_alias=True, mode="python").items():
            values: Sequence[object] = value if name in _REPEATED else (value,)
            yield from (f"{_WORD.get(name, name)}: {_spelt(each)}" for each in values)

    @classmethod
    def read(cls, note: str) -> Self:
        """What a note says, its signature not yet verified. Raises Unreadable."""
        title, _, text = note.partition("\n\n")[0].partition("\n")
        said: dict[str, list[str]] = {}
        for line in text.splitlines():
            word, _, value = line.partition(": ")
            said.setdefault(word, []).append(value)
        try:
            if title != TITLE:
                raise Unreadable(f"this is no certificate of destruction: it does not begin with '{TITLE}'")
            return cls.model_validate(_fields(said))
        except ValidationError:
            raise Unreadable("this certificate lacks a line, has one twice, or one that says nothing known") from None


def _fields(said: dict[str, list[str]]) -> dict[str, object]:
    """Each word as its field: what may be said once is the one value, or all of them, which no field takes."""
    many = {word: name for name, word in _WORD.items()}
    fields: dict[str, object] = {}
    for word, values in said.items():
        fields[many.get(word, word)] = values if word in many or len(values) > 1 else values[0]
    return fields


def verified(note: str, keys: Iterable[VerifierKey]) -> Certificate:
    """What a certificate says, once one of these keys proves that its ledger's signer said it.

    Raises Unreadable when it is none, Tampered when none of the keys has signed it.
    """
    certificate = Certificate.read(note)
    if not any(key.name == certificate.ledger and has_signed(key, note) for key in keys):
        raise Tampered("none of the keys given has signed this certificate; ask for it again, and for the ledger's key")
    return certificate


def _spelt(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return str(value)
