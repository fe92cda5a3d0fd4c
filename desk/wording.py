"""How an instant, and the names of several parts, are written for people. It imports nothing of ours."""

from collections.abc import Iterable
from datetime import datetime


def instant(at: datetime | None) -> str:
    """An instant as people read it, in UTC, to the second; "" where there is none."""
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else ""


def together(names: Iterable[str]) -> str:
    """Names of parts, those that follow one another as one: `M1, Q1 to Q18`."""
    runs: list[list[str]] = []
    for name in names:
        if runs and name == _next(runs[-1][-1]):
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _next(part: str) -> str | None:
    return f"{part[0]}{int(part[1:]) + 1}" if part[1:].isdigit() else None
