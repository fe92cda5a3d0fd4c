"""Acts on the same hundred requests when they are all that is open, and among many more."""

import argparse
import asyncio
import itertools
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ulid import ULID

from bench.apart import apart
from bench.filling import fill, pattern, ringing_at
from bench.life import LIFE
from bench.report import Found, Row
from bench.runner import beside, resident, server_pid
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
    """First with a hundred open, then with `asked.open`."""
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as folder, beside(collect) as spans:
        spans_to = f"http://127.0.0.1:{spans.recv()}/v1/traces"
        few, many, filled = apart(grow, Path(folder), spans_to, asked.open)
    return Found((_row(few, many, asked.open, filled),))


def grow(folder: Path, spans_to: str, count: int) -> tuple[Open, Open, float]:
    """What acts take before and after, and how many seconds the filling took."""
    return asyncio.run(_grow(folder, spans_to, count))


async def _grow(folder: Path, spans_to: str, count: int) -> tuple[Open, Open, float]:
    async with comity(folder, spans_to) as side:
        events = ringing_at(await pattern(side.counter), datetime.now(UTC) + _A_MONTH)
        fixed = await fill(side.counter, events, _FIXED)
        await _acts(side.counter, fixed)  # what is done once is not measured
        few = await _open(side, fixed, fixed)
        began = time.perf_counter()
        others = await fill(side.counter, events, count - _FIXED)
        filled = time.perf_counter() - began
        await _acts(side.counter, fixed)
        return few, await _open(side, fixed, fixed + others), filled


async def _open(side: Comity, fixed: Sequence[str], all_open: Sequence[str]) -> Open:
    again = list(itertools.chain.from_iterable([fixed] * _TURNS))
    on_fixed = await _acts(side.counter, again)
    on_any = await _acts(side.counter, random.choices(all_open, k=len(again)))  # noqa: S311 - no secret
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
        f"{count:,} open against {_FIXED}, filled in {filled:.0f} s; {_FIXED * _TURNS} acts each, "
        f"{_AT_A_TIME} at a time",
    )


def _p50(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1000


def _p99(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98] * 1000
