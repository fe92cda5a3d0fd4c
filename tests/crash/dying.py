"""An entry to `comity` that is killed at one exact point: `python -m tests.crash.dying POINT COUNT up`.

The points are those around the record, where a crash could tear register, ledger and workflow apart, and those at which
a client could leave something half done. Nothing in the service knows of them.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from comity.cli import main
from comity.keys.request_keys import KeyClass
from comity.ledger import log
from comity.ledger.leaf import Entry
from comity.request.model import Deed
from comity.store import Store
from desk import submitting
from desk.counter import Counter
from temporal.codec import Place, SealingCodec


class _Countdown:
    """Kills this process the so-maniest time that it is told."""

    def __init__(self, left: int) -> None:
        self._left = left

    def tell(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _before_commit(countdown: _Countdown) -> None:
    """The batch is written, not committed: it must be as if it had never been tried."""
    append = log.append

    def appended(tx: sa.Connection, entries: Sequence[Entry]) -> list[int]:
        indices = append(tx, entries)
        if _is_record(entries):
            countdown.tell()
        return indices

    log.append = appended


def _after_commit(countdown: _Countdown) -> None:
    """The batch is committed, and Temporal does not know it: it comes again and must change nothing."""
    append, transaction = log.append, Store.transaction
    recorded: list[Entry] = []

    def appended(tx: sa.Connection, entries: Sequence[Entry]) -> list[int]:
        recorded.extend(entry for entry in entries if _is_record([entry]))
        return append(tx, entries)

    @contextmanager
    def committed(store: Store) -> Iterator[sa.Connection]:
        with transaction(store) as tx:
            yield tx
        if recorded:
            recorded.clear()
            countdown.tell()

    log.append = appended
    Store.transaction = committed  # type: ignore[assignment,method-assign]


def _before_task_completes(countdown: _Countdown) -> None:
    """The act is applied in the workflow, and Temporal does not know it: it was never done, and is done again."""
    seal = SealingCodec._sealed

    def sealed(codec: SealingCodec, payload: Any) -> Any:
        place = codec._place
        if isinstance(place, Place) and place.key_class == KeyClass.CONTENT and b'"events":[' in payload.data:
            countdown.tell()
        return seal(codec, payload)

    SealingCodec._sealed = sealed  # type: ignore[assignment,method-assign]


def _is_record(entries: Sequence[Entry]) -> bool:
    return any(entry.version is not None for entry in entries)


def _before_begun(countdown: _Countdown) -> None:
    """A request has come in and is kept, and its life was not begun."""

    async def dying(*_: Any) -> None:
        countdown.tell()

    submitting.begin_request = dying  # type: ignore[assignment,attr-defined]


def _before_act(countdown: _Countdown) -> None:
    """A client has looked and made ready, and has not said its deed."""

    async def dying(*_: Any) -> None:
        countdown.tell()

    Counter.act = dying  # type: ignore[assignment,method-assign]


def _before_receipt(countdown: _Countdown) -> None:
    """The deed is done, and its client never learns it."""
    act = Counter.act

    async def dying(counter: Counter, reference: str, deed: Deed) -> None:
        await act(counter, reference, deed)
        countdown.tell()

    Counter.act = dying  # type: ignore[assignment,method-assign]


POINTS: dict[str, Callable[[_Countdown], None]] = {
    "before-commit": _before_commit,
    "after-commit": _after_commit,
    "before-task-completes": _before_task_completes,
}

OF_CLIENTS: dict[str, Callable[[_Countdown], None]] = {
    "before-begun": _before_begun,
    "before-act": _before_act,
    "before-receipt": _before_receipt,
}

if __name__ == "__main__":
    point, count, *sys.argv[1:] = sys.argv[1:]
    (POINTS | OF_CLIENTS)[point](_Countdown(int(count)))
    main()
