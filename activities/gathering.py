"""Knocks that come together are told together: one mail to each person, however many requests ring at one time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from temporalio import activity

Whose = TypeVar("Whose")
Piece = TypeVar("Piece")
Outcome = TypeVar("Outcome")

AT_MOST: Final = 5.0
"""How many times as long as its pause a mail waits for more, while more keeps coming."""


@dataclass
class _Batch(Generic[Piece, Outcome]):
    """What was gathered for one person, and what will have become of it."""

    outcome: asyncio.Future[Outcome]
    pieces: list[Piece] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)


class Gathering(Generic[Whose, Piece, Outcome]):
    """Gathers pieces by whom they are for, until nothing more has come for a pause, and sends them as one.

    A worker that is to stop sends at once. Whoever handed in a piece is told what became of all of them.
    """

    def __init__(self, pause: float, send: Callable[[Whose, tuple[Piece, ...]], Awaitable[Outcome]]) -> None:
        self._pause = pause
        self._send = send
        self._open: dict[Whose, _Batch[Piece, Outcome]] = {}
        self._sending = set[asyncio.Task[None]]()

    async def hand_in(self, whose: Whose, piece: Piece) -> Outcome:
        """What became of the mail in which it was. Raises nothing that `send` does not."""
        batch = self._open.get(whose)
        if batch is None:
            batch = self._open[whose] = _Batch(asyncio.get_running_loop().create_future())
            sending = asyncio.create_task(self._gathered(whose, batch))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
        batch.pieces.append(piece)
        batch.more.set()
        return await asyncio.shield(batch.outcome)

    async def _gathered(self, whose: Whose, batch: _Batch[Piece, Outcome]) -> None:
        try:
            async with asyncio.timeout(AT_MOST * self._pause):
                while await self._came_more(batch):
                    pass
        except TimeoutError:
            pass
        del self._open[whose]
        try:
            batch.outcome.set_result(await self._send(whose, tuple(batch.pieces)))
        except Exception as error:
            batch.outcome.set_exception(error)

    async def _came_more(self, batch: _Batch[Piece, Outcome]) -> bool:
        """Whether something has come within the pause; not once the worker is to stop."""
        batch.more.clear()
        waits = [asyncio.ensure_future(wait) for wait in (batch.more.wait(), activity.wait_for_worker_shutdown())]
        try:
            done, _ = await asyncio.wait(waits, timeout=self._pause, return_when=asyncio.FIRST_COMPLETED)
        finally:  # also when the mail has waited its longest: else both would wait on, one as long as the worker runs
            for wait in waits:
                wait.cancel()
        return waits[0] in done and not activity.is_worker_shutdown()
