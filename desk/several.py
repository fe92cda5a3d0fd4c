"""Several deeds from one command: each has an id of its own, made from the command's, so that all may be said again."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from ulid import ULID

from comity.register import reading
from comity.request.fold import fold, happen
from comity.request.model import Deed, Receipt
from comity.request.rules import check
from desk.counter import Counter


def id_for(command: str, what: str) -> str:
    """The id of one deed of a command, itself a ULID of the same instant: the same names give the same id."""
    stem = ULID.from_str(command).bytes
    return str(ULID.from_bytes(stem[:6] + hashlib.sha256(stem + what.encode()).digest()[:10]))


def foresee(counter: Counter, reference: str, deeds: Sequence[Deed]) -> None:
    """Check all deeds of a command one after another before the first is done; those on record are done already.

    Raises Refused as the door would, after entering the attempt: a command that cannot be done whole is not begun.
    """
    request, now = counter.request(reference), datetime.now(UTC)
    for deed in deeds:
        if counter.on_record(reference, deed.id):
            continue
        with counter.attempt(reference, deed):
            counter.people.may_act(deed.person, deed.role, on_behalf=deed.on_behalf is not None)
            check(request, deed, now)
        request = fold(request, happen(request, deed, now))


async def do_once(counter: Counter, reference: str, deed: Deed) -> Receipt:
    """Do one deed of a command, or give the receipt that it got: what it says of revisions may have moved since."""
    with counter.home.store.reading() as view:
        known = reading.receipt(view, reference, deed.id)
    return known[1] if known else await counter.act(reference, deed)
