"""`make bench`: measures, prints the table, and with --write keeps it in docs/benchmarks.md."""

import argparse
import tempfile
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

from bench import rows
from bench.report import report
from bench.runner import History, Running, Took, collecting, running

_DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_MARK = "<!-- what follows is written by `python -m bench --write` -->\n"


def main() -> None:
    """Run and report."""
    asked = _asked()
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as folder, ExitStack() as stack:
        spans = stack.enter_context(collecting())
        spans_to = f"http://127.0.0.1:{spans.recv()}/v1/traces"
        comity, bare = (
            stack.enter_context(running(name, Path(folder) / name, spans_to)) for name in ("comity", "bare")
        )
        _warm(comity, bare)
        idle = _rounds(comity, bare, (asked.rounds * 2, 5, 1))
        histories = _histories(comity, bare)
        before = _counted(spans)
        busy = _rounds(comity, bare, (asked.rounds, asked.lives, rows.AT_A_TIME))
        table = [rows.acts(busy, _counted(spans) - before), rows.one_act(idle), rows.history(*histories)]
    text = report(table, histories, _said(asked))
    print(text)
    if asked.write:
        _DOCUMENT.write_text(_DOCUMENT.read_text().partition(_MARK)[0] + _MARK + "\n" + text)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often each side has its turn")
    parser.add_argument("--lives", type=int, default=60, help="lives in each turn, 20 at a time")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/benchmarks.md")
    return parser.parse_args()


def _said(asked: argparse.Namespace) -> str:
    return (
        f"{asked.rounds} rounds of {asked.lives} lives, {rows.AT_A_TIME} at a time, in turns; one act: "
        f"{asked.rounds * 2} rounds of 5 lives, one at a time."
    )


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


if __name__ == "__main__":
    main()
