"""`make bench`: measures, prints the table, and with --write keeps it in docs/benchmarks.md."""

import argparse
from collections.abc import Callable
from pathlib import Path

from bench import alarms, evidence, growth, ledger, lives, worklist
from bench.report import Found, kept_in, now, report

_DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"

MEASURES: dict[str, Callable[[argparse.Namespace], Found]] = {
    "lives": lives.measure,
    "growth": growth.measure,
    "alarms": alarms.measure,
    "evidence": evidence.measure,
    "ledger": ledger.measure,
    "worklist": worklist.measure,
}
"""What `--only` names: each gives one row of the table, `lives` gives acts, one act, history."""


def main() -> None:
    """Run what was asked for, and report. Each row is written as soon as it is there: a later one may break off."""
    asked = _asked()
    for name in asked.only or MEASURES:
        when = now()
        found = MEASURES[name](asked)
        print(report(found, when), flush=True)
        if asked.write:
            _DOCUMENT.write_text(kept_in(_DOCUMENT.read_text(), found, when))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASURES, help="measure this alone; may be said again")
    parser.add_argument("--rounds", type=int, default=7, help="lives: how often each side has its turn")
    parser.add_argument("--lives", type=int, default=60, help="lives: how many in each turn, 20 at a time")
    parser.add_argument("--open", type=int, default=1000, help="growth: how many are open, 10000 to the full")
    parser.add_argument("--alarms", type=int, default=1000, help="alarms: how many are due at one instant")
    parser.add_argument("--mib", type=int, default=2048, help="evidence: size of the exhibit")
    parser.add_argument("--entries", type=int, default=1_000_000, help="ledger: how many are verified")
    parser.add_argument("--requests", type=int, default=1_000_000, help="worklist: over how many")
    parser.add_argument("--write", action="store_true", help="keep the rows in docs/benchmarks.md; others stay")
    return parser.parse_args()


if __name__ == "__main__":
    main()
