"""One writer among many, to be run as a process and killed."""

import random

from comity.ledger import log
from comity.store import Store
from tests.ledger.records import deed


class Rollback(Exception):
    """What else was in the transaction could not be done."""


def write(url: str, seed: int, target: int) -> None:
    """Append batches of one to four until the ledger has `target` entries; one in ten is rolled back."""
    chance, store = random.Random(seed), Store(url)  # noqa: S311
    size = 0
    while size < target:
        try:
            with store.transaction() as tx:
                size = log.append(tx, [deed(chance.randrange(10**6)) for _ in range(chance.randint(1, 4))])[-1]
                if chance.random() < 0.1:
                    raise Rollback
        except Rollback:
            size = 0
