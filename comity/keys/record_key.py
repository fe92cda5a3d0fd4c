"""What is under the record key of one request, and which of its events are under the content key instead."""

from functools import partial

from comity.keys.keys import Keys
from comity.keys.request_keys import KeyClass
from comity.request.lifecycle import PERSONAL, Act


def key_class_of(act: Act) -> KeyClass:
    """Under which of a request's keys the event of an act is sealed."""
    return KeyClass.CONTENT if act in PERSONAL else KeyClass.RECORD


class RecordCipher:
    """Closes and opens what is under the record key of one request."""

    def __init__(self, keys: Keys, reference: str) -> None:
        keys.raw(reference, KeyClass.RECORD)  # opened before a transaction is: opening takes a connection of its own
        self.seal = partial(_seal, keys, reference)
        self.open = partial(_open, keys, reference)
        self.keyed = partial(keys.keyed, reference, KeyClass.RECORD)


def _seal(keys: Keys, reference: str, plain: bytes, context: str) -> bytes:
    return keys.seal(reference, KeyClass.RECORD, plain, context)


def _open(keys: Keys, reference: str, sealed: bytes, context: str) -> bytes:
    return keys.open(reference, KeyClass.RECORD, sealed, context)
