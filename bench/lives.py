"""Whole lives beside bare workflows: acts, one act, history."""

import argparse
import tempfile
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

from bench import rows
from bench.life import LIFE
from bench.report import Found
from bench.runner import History, Running, Took, beside, running
from bench.spans import collect


def measure(asked: argparse.Namespace) -> Found:
    """Both sides in turns, `asked.rounds` times `asked.lives` lives."""
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as folder, ExitStack() as stack:
        spans = stack.enter_context(beside(collect))
        spans_to = f"http://127.0.0.1:{spans.recv()}/v1/traces"
        comity, bare = (
            stack.enter_context(running(name, Path(folder) / name, spans_to)) for name in ("comity", "bare")
        )
        _warm(comity, bare)
        idle = _rounds(comity, bare, (asked.rounds * 2, 5, 1))
        histories = _histories(comity, bare)
        before = _counted(spans)
        busy = _rounds(comity, bare, (asked.rounds, asked.lives, rows.AT_A_TIME))
        table = (rows.acts(busy, _counted(spans) - before), rows.one_act(idle), rows.history(*histories))
    return Found(table, _events(*histories))


def _counted(spans: Connection) -> int:
    spans.send("how many")
    number: int = spans.recv()
    return number


def _warm(*sides: Running) -> None:
    """What is done once, such as the first import in the sandbox, is not measured."""
    for side in sides:
        side.lives(rows.AT_A_TIME, rows.AT_A_TIME)


def _rounds(comity: Running, bare: Running, work: tuple[int, int, int]) -> rows.Rounds:
    """`work`: rounds, lives in each, lives at a time. Who goes first changes with each round."""
    count, lives, at_a_time = work
    took: dict[str, list[Took]] = {"comity": [], "bare": []}
    for number in range(count):
        for side in (comity, bare) if number % 2 else (bare, comity):
            took[side.name].append(side.lives(lives, at_a_time))
    return rows.Rounds(**took)


def _histories(comity: Running, bare: Running) -> tuple[History, History]:
    ours, theirs = (side.history(side.lives(1, 1).lives[0].workflow_id) for side in (comity, bare))
    return ours, theirs


def _events(ours: History, theirs: History) -> str:
    """Events of one life by type, the most frequent first."""
    lines = [
        f"| {kind.lower().replace('_', ' ')} | {ours.events[kind]} | {theirs.events[kind]} |"
        for kind, _ in (ours.events | theirs.events).most_common()
    ]
    head = f"Events of one life of {len(LIFE.acts)} acts, by type:"
    return "\n".join([head, "", "| event | comity | bare |", "| --- | ---: | ---: |", *lines])
