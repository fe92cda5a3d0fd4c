"""The table of docs/reliability.md, made anew from what `make prove` has seen: `python -m tests.crash.table`."""

import os
import platform
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from tests.results import KEPT, Seen

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- made by `make prove`: begin -->\n", "<!-- made by `make prove`: end -->\n"
AT_MOST = 3
"""Of how many runs a row tells each."""

HEAD = "| fault | what must hold | count | seen | seconds | seeds, and what was measured |\n|---|---|---|---|---|---|\n"


def machine() -> str:
    """The machine and the day, as one sentence."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}"
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB, {system}."


def table(seen: Iterable[Seen]) -> str:
    """A row for each fault: how often, how long, by which seeds, and whether it held every time."""
    ordered = sorted(seen, key=lambda one: (one.fault, one.must))
    return HEAD + "".join(_row(list(runs)) for _, runs in groupby(ordered, lambda one: (one.fault, one.must)))


def _row(runs: list[Seen]) -> str:
    failed = sum(not run.held for run in runs)
    seconds = sum(run.seconds for run in runs)
    verdict = f"{failed} of {len(runs)} runs failed" if failed else "held"
    count = sum(run.count for run in runs)
    return f"| {runs[0].fault} | {runs[0].must} | {count} | {verdict} | {seconds:.0f} | {'; '.join(_told(runs))} |\n"


def _told(runs: list[Seen]) -> Iterator[str]:
    """Of many runs the seeds of those that failed, and the first notes; all stand in what was kept."""
    few = len(runs) <= AT_MOST
    yield from (f"seed {run.seed}" for run in runs if run.seed is not None and (few or not run.held))
    notes = list(dict.fromkeys(run.note for run in runs if run.note))
    yield from notes[:AT_MOST]
    if len(notes) > AT_MOST:
        yield f"{len(notes) - AT_MOST} more like these"


def renewed(page: str, made: str) -> str:
    """The page with what stands between its two marks replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{made}{END}{after}"


def main() -> None:
    """Write what was kept into the page."""
    seen = [Seen.model_validate_json(line) for line in KEPT.read_text().splitlines()]
    PAGE.write_text(renewed(PAGE.read_text(), f"\n{machine()}\n\n{table(seen)}\n"))


if __name__ == "__main__":
    main()
