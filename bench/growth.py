"""Acts on a hundred requests when they are all that is open, and among many more, in turns."""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
import traceback
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

from ulid import ULID

from bench.filling import fill, pattern, ringing_at
from bench.life import LIFE
from bench.report import Found, Row
from bench.runner import answer, beside, resident, server_pid, until_done
from bench.sides import Comity, comity
from bench.spans import collect
from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Particulars
from desk.counter import Counter

_FIXED = 100
_AT_A_TIME = 4
_TURNS = 10
_A_MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Open:
    """With so many open: seconds of each act on the fixed ones and on any; bytes of worker and server."""

    fixed: Sequence[float]
    any: Sequence[float]
    worker: int
    server: int


def measure(asked: argparse.Namespace) -> Found:
    """Two of comity, one with a hundred open and one with `asked.open`, whose acts take turns."""
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as folder, ExitStack() as stack:
        spans = stack.enter_context(beside(collect))
        spans_to = f"http://127.0.0.1:{spans.recv()}/v1/traces"
        few, many = (
            stack.enter_context(beside(partial(_hold, Path(folder) / str(count), spans_to, count)))
            for count in (_FIXED, asked.open)
        )
        filled = [cast("float", answer(side)) for side in (few, many)]
        turns = [_turn(few, many) if number % 2 else _turn(many, few)[::-1] for number in range(_TURNS)]
        on_few, on_many = (_together(side) for side in zip(*turns, strict=True))
    return Found((_row(on_few, on_many, asked.open, filled[1]),))


def _turn(one: Connection, other: Connection) -> tuple[Open, Open]:
    """Acts on one side, then on the other."""
    return _asked(one), _asked(other)


def _asked(side: Connection) -> Open:
    side.send("act")
    return cast("Open", answer(side))


def _together(turns: Sequence[Open]) -> Open:
    fixed = [second for turn in turns for second in turn.fixed]
    on_any = [second for turn in turns for second in turn.any]
    return Open(fixed, on_any, turns[-1].worker, turns[-1].server)


def _hold(folder: Path, spans_to: str, count: int, orders: Connection) -> None:
    """A process with so many open: says how many seconds filling took, then acts when it is told to, until None."""
    until_done(folder.with_suffix(".log"), _held(folder, spans_to, count, orders))


async def _held(folder: Path, spans_to: str, count: int, orders: Connection) -> None:
    async with comity(folder, spans_to) as side:
        try:
            events = ringing_at(await pattern(side.counter), datetime.now(UTC) + _A_MONTH)
            began = time.perf_counter()
            references = await fill(side.counter, events, count)
            filled = time.perf_counter() - began
            await _acts(side.counter, references[:_FIXED])  # what is done once is not measured
            orders.send(filled)
            while await asyncio.to_thread(orders.recv):
                orders.send(await _open(side, references))
        except Exception as error:  # told to the one who asked, who stops
            orders.send(RuntimeError("".join(traceback.format_exception(error))))


async def _open(side: Comity, references: Sequence[str]) -> Open:
    on_fixed = await _acts(side.counter, references[:_FIXED])
    on_any = await _acts(side.counter, random.choices(references, k=_FIXED))  # noqa: S311 - no secret
    return Open(on_fixed, on_any, resident(os.getpid()), resident(server_pid(side)))


async def _acts(counter: Counter, references: Iterable[str]) -> list[float]:
    """Seconds from act to receipt, one act on each."""
    seconds, left = list[float](), iter(references)

    async def one_after_the_other() -> None:
        for reference in left:
            began = time.perf_counter()
            await counter.act(reference, _note())
            seconds.append(time.perf_counter() - began)

    await asyncio.gather(*(one_after_the_other() for _ in range(_AT_A_TIME)))
    return seconds


def _note() -> Deed:
    """An act that any open request takes, again and again."""
    words = Particulars(words="Asked the executing unit by telephone; they answer this week.")
    return Deed(
        id=str(ULID()), act=Act.NOTE, person=LIFE.acts[0].person, role=Role.COORDINATOR, expected=0, particulars=words
    )


def _row(few: Open, many: Open, count: int, filled: float) -> Row:
    late, usual = _p99(many.fixed) / _p99(few.fixed), _p50(many.any) / _p50(few.any)
    return Row(
        "growth",
        f"**{late:.2f} ×** at p99 on the fixed {_FIXED}: {_p99(many.fixed):.0f} against {_p99(few.fixed):.0f} ms (p50 "
        f"{_p50(many.fixed):.0f} and {_p50(few.fixed):.0f}); **{usual:.2f} ×** at p50 on any: {_p50(many.any):.0f} "
        f"against {_p50(few.any):.0f} ms (p99 {_p99(many.any):.0f} and {_p99(few.any):.0f}); "
        f"memory: worker {many.worker >> 20} against {few.worker >> 20} MiB, "
        f"server {many.server >> 20} against {few.server >> 20} MiB",
        "≤ 1.5 × and ≤ 1.5 ×, memory stated",
        max(late, usual) <= 1.5,
        f"{count:,} open against {_FIXED}, filled in {filled:.0f} s; {_FIXED * _TURNS} acts each, in {_TURNS} turns, "
        f"{_AT_A_TIME} at a time",
    )


def _p50(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1000


def _p99(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98] * 1000
