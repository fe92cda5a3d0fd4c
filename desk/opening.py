"""What of a request lies closed: the letter as it stands, and what only a deed may open, the identity of a token."""

from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.register import reading
from comity.request.letter import Letter
from comity.request.model import Deed
from desk.counter import Counter


def letter_of(home: Home, reference: str) -> Letter:
    """The letter of a request, with tokens in the place of identities. Raises NotFound, KeyGone."""
    with home.store.reading() as view:
        sealed = reading.document(view, reference, "letter")
    return Letter.model_validate_json(home.keys.open(reference, KeyClass.CONTENT, sealed, "letter"))


async def opened(counter: Counter, reference: str, token: str, deed: Deed) -> str:
    """What the vault keeps under a token, after the deed that opens it is on record.

    Raises NotFound for a token that is not kept here, and Refused as the door does, after entering the attempt.
    """
    with counter.attempt(reference, deed):
        sealed = _sealed(counter.home, reference, token)
    await counter.act(reference, deed)
    return counter.home.keys.open(reference, KeyClass.VAULT, sealed, f"identity {token}").decode()


def _sealed(home: Home, reference: str, token: str) -> bytes:
    with home.store.reading() as view:
        return reading.identity(view, reference, token)
