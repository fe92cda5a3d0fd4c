"""One writer among many, to be run as a process and killed."""

import random
from contextlib import suppress
from ctypes import c_bool

from comity.ledger import log
from comity.store import Store
from tests.ledger.records import deed


class Rollback(Exception):
    """What else was in the transaction could not be done."""


def write(url: str, seed: int, enough: c_bool) -> None:
    """Append batches of one to four until it is enough; one in ten is rolled back."""
    chance, store = random.Random(seed), Store(url)  # noqa: S311
    while not enough.value:
        with suppress(Rollback), store.transaction() as tx:
            log.append(tx, [deed(chance.randrange(10**6)) for _ in range(chance.randint(1, 4))])
            if chance.random() < 0.1:
                raise Rollback
