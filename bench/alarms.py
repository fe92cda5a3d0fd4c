"""Many alarms due at one instant, beside as many bare timers."""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from bench.apart import apart
from bench.filling import fill, pattern, ringing_at
from bench.plain import DONE_AT, PlainTimer
from bench.relay import relay
from bench.report import Found, Row
from bench.runner import beside
from bench.sides import bare, comity
from bench.spans import collect
from comity.home import Home
from comity.ledger import log
from comity.request.lifecycle import Act
from temporal.names import REQUESTS

_LOOK_AGAIN = 0.1
_TRIED = 30
"""So many tell how long it takes to fill."""
_STARTED_WITHIN = 0.03
"""Seconds to start a bare workflow."""
_A_MONTH = 30 * 86400.0
_AT_REST = 5.0
"""Seconds before the instant in which nothing is done, so that what was begun has ended."""


@dataclass(frozen=True)
class Rang:
    """Seconds from the instant to the median one, and to the last."""

    median: float
    last: float


def measure(asked: argparse.Namespace) -> Found:
    """One side after the other, each alone on the machine: `asked.alarms` at one instant."""
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as folder, beside(collect) as spans, beside(relay) as mail:
        spans_to = f"http://127.0.0.1:{spans.recv()}/v1/traces"
        ours = apart(alarms, Path(folder) / "comity", (spans_to, mail.recv()), asked.alarms)
        theirs = apart(timers, Path(folder) / "bare", asked.alarms)
    return Found((_row(ours, theirs, asked.alarms),))


def alarms(folder: Path, ways_out: tuple[str, int], count: int) -> Rang:
    """Requests of which each rings once: until the ledger has it."""
    return asyncio.run(_alarms(folder, ways_out, count))


async def _alarms(folder: Path, ways_out: tuple[str, int], count: int) -> Rang:
    async with comity(folder, *ways_out) as side:
        events = await pattern(side.counter)
        began = time.perf_counter()
        await fill(side.counter, ringing_at(events, _instant(_A_MONTH)), _TRIED)
        instant = _instant((time.perf_counter() - began) / _TRIED * count)
        await fill(side.counter, ringing_at(events, instant), count)
        await _until(instant)
        return _rang(await asyncio.to_thread(_recorded, side.counter.home, count), instant)


def _recorded(home: Home, count: int) -> list[float]:
    """When each `ring` was seen in the ledger, as seconds of the epoch."""
    seen, since = list[float](), 0
    while len(seen) < count:
        rung, since = _rung(home, since)
        seen += [time.time()] * rung
        time.sleep(_LOOK_AGAIN)
    return seen


def _rung(home: Home, since: int) -> tuple[int, int]:
    """How many have rung in the entries from there on, and where those end."""
    with home.store.reading() as view:
        found = list(log.entries(view, since=since))
    return sum(entry.leaf.act == Act.RING for entry in found), since + len(found)


def timers(folder: Path, count: int) -> Rang:
    """Workflows of which each waits, then has one activity do nothing: until that is done."""
    return asyncio.run(_timers(folder, count))


async def _timers(folder: Path, count: int) -> Rang:
    async with bare(folder, "") as side:
        instant = _instant(_STARTED_WITHIN * count)
        for _ in range(count):
            await side.client.start_workflow(PlainTimer.run, instant, id=f"timer/{uuid4()}", task_queue=REQUESTS)
        await _until(instant)
        while len(DONE_AT) < count:  # noqa: ASYNC110 - nobody sets an event here
            await asyncio.sleep(_LOOK_AGAIN)
        return _rang(DONE_AT, instant)


def _instant(filling: float) -> datetime:
    """Far enough ahead for them to wait by then, when it takes about so many seconds to have them wait."""
    return datetime.now(UTC) + timedelta(seconds=20 + 1.5 * filling)


async def _until(instant: datetime) -> None:
    left = (instant - datetime.now(UTC)).total_seconds()
    if left < _AT_REST:
        raise RuntimeError("they did not wait in time; the machine is busy: do it again when it is not")
    await asyncio.sleep(left)


def _rang(seen: Sequence[float], instant: datetime) -> Rang:
    after = [at - instant.timestamp() for at in seen]
    return Rang(statistics.median(after), max(after))


def _row(ours: Rang, theirs: Rang, count: int) -> Row:
    ratio = ours.last / theirs.last
    return Row(
        "alarms",
        f"**{ratio:.2f} ×**: the last one on record {ours.last:.1f} s after the instant, the last bare one done after "
        f"{theirs.last:.1f} s (the median one {ours.median:.1f} and {theirs.median:.1f} s)",
        "≤ 2 ×",
        ratio <= 2,
        f"{count:,} at one instant, each side alone on the machine; mail to a relay that takes it, in the same seconds",
    )
