"""The key pair of whoever receives packages: age's X25519 form, in the file that age-keygen writes."""

import os
from pathlib import Path

from pyrage import IdentityError, RecipientError, x25519

from comity.errors import NotFound, Refused, Unreadable

_SECRET = "AGE-SECRET-KEY-1"  # noqa: S105  (how every such line begins, not a secret)


def create(path: Path) -> str:
    """A new identity, in a new file that only its owner may read. Returns its public key (`age1…`), to be handed out.

    Raises Refused when a file stands there.
    """
    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused("an identity stands there already; use it, or choose another path") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(f"# public key: {public}\n{identity}\n")
    return public


def identity(path: Path) -> x25519.Identity:
    """The identity in that file. Raises NotFound, Unreadable."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        raise NotFound(
            "no identity file stands there; name the one whose public key the package was made for"
        ) from None
    try:
        return x25519.Identity.from_str(next(line for line in lines if line.startswith(_SECRET)).strip())
    except (StopIteration, IdentityError):
        raise Unreadable(f"no line of the identity file is an age identity ({_SECRET}…)") from None


def public_key(text: str) -> x25519.Recipient:
    """The recipient whose public key this is. Raises Unreadable."""
    try:
        return x25519.Recipient.from_str(text)
    except RecipientError:
        raise Unreadable("this is no public key of a recipient; one begins with age1") from None
