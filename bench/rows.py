"""What lives must reach: rows of the table, each with the figures that it rests on."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.life import LIFE
from bench.report import Row
from bench.runner import History, Took

AT_A_TIME = 20


@dataclass(frozen=True)
class Rounds:
    """The same work done by both, in turns: one pair a round."""

    comity: Sequence[Took]
    bare: Sequence[Took]

    @property
    def rates(self) -> list[float]:
        """Lives a second of comity against bare, a round."""
        return [ours.rate / theirs.rate for ours, theirs in zip(self.comity, self.bare, strict=True)]


def acts(rounds: Rounds, spans: int) -> Row:
    """How many lives a second, twenty at a time."""
    ratio = statistics.median(rounds.rates)
    processor = _processor(rounds.comity) / _processor(rounds.bare)
    return Row(
        "acts",
        f"**{ratio:.2f} ×** (rounds {_range(rounds.rates)}): {_rate(rounds.comity)} against {_rate(rounds.bare)} "
        f"lives/s, with {processor:.2f} × the processor time; {spans / _lives(rounds.comity):.0f} spans a life; "
        f"comity used, a life: {_used(rounds.comity)}; bare: {_used(rounds.bare)}",
        "≥ 1.0 ×",
        ratio >= 1.0,
        f"{_ran(rounds)}, {AT_A_TIME} at a time",
        "no more processor time than bare takes, since both cores are taken: see above where it goes",
    )


def one_act(rounds: Rounds) -> Row:
    """How long one act waits for its receipt when nothing else goes on."""
    ours, theirs = _waits(rounds.comity), _waits(rounds.bare)
    ratio = statistics.median(ours) / statistics.median(theirs)
    return Row(
        "one act",
        f"**{ratio:.2f} ×** at p50: {_percentile(ours, 50)} against {_percentile(theirs, 50)} ms; "
        f"p99 {_percentile(ours, 99)} against {_percentile(theirs, 99)} ms",
        "≤ 1.3 ×",
        ratio <= 1.3,
        f"{_ran(rounds)}, one at a time",
        "fewer steps between an act and its record: see above where the time goes",
    )


def history(ours: History, theirs: History) -> Row:
    """What a life leaves on the server."""
    number = len(LIFE.acts)
    events, kib = ours.events.total() / number, ours.size / number / 1024
    idle = sum(before == after for before, after in zip(ours.told, ours.told[1:], strict=False))
    return Row(
        "history",
        f"**{events:.1f} events** and **{kib:.1f} KiB** an act, encrypted (bare: {theirs.events.total() / number:.1f} "
        f"and {theirs.size / number / 1024:.1f}); search attributes told {len(ours.told)} times a life, "
        f"{idle} of them for nothing",
        "≤ 14 and ≤ 5 KiB; attributes only when changed",
        events <= 14 and kib <= 5 and not idle,
        "one life",
        "fewer events a duty, and smaller payloads",
    )


def _ran(rounds: Rounds) -> str:
    """How often, how many."""
    return f"{len(rounds.comity)} rounds of {len(rounds.comity[0].lives)} lives, in turns"


def _rate(rounds: Sequence[Took]) -> str:
    return f"{statistics.median(took.rate for took in rounds):.1f}"


def _lives(rounds: Sequence[Took]) -> int:
    return sum(len(took.lives) for took in rounds)


def _processor(rounds: Sequence[Took]) -> float:
    """Seconds of processor time a life, of worker and server together."""
    return sum(took.worker.processor + took.server.processor for took in rounds) / _lives(rounds)


def _used(rounds: Sequence[Took]) -> str:
    """Processor time a life, and memory at the end, of worker and server."""
    worker, server = (
        f"{sum(use.processor for use in uses) / _lives(rounds) * 1000:.0f} ms and {uses[-1].memory // 2**20} MiB"
        for uses in ([took.worker for took in rounds], [took.server for took in rounds])
    )
    return f"worker {worker}, server {server}"


def _waits(rounds: Sequence[Took]) -> list[float]:
    return [wait for took in rounds for wait in took.waits]


def _percentile(waits: Sequence[float], percent: int) -> str:
    return f"{statistics.quantiles(waits, n=100)[percent - 1] * 1000:.1f}"


def _range(ratios: Sequence[float]) -> str:
    return " ".join(f"{ratio:.2f}" for ratio in ratios)
