"""What each fault was seen to do: a line for each, kept by `make prove` for the table of docs/reliability.md."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

KEPT = Path(__file__).parents[1] / ".prove" / "seen.jsonl"


class Seen(BaseModel):
    """One run of one mechanism: the fault, what must hold, how often it was tried, whether it held every time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: str
    must: str
    count: int
    seed: int | None
    seconds: float
    held: bool
    note: str


@dataclass
class Trial:
    """A fault that is tried now; the test sets how often, and what it measured besides."""

    fault: str
    must: str
    count: int = 1
    seed: int | None = None
    note: str = ""


class Results:
    """Prints what was tried; when proving, keeps it as well."""

    def __init__(self, kept: Path | None) -> None:
        self._kept = kept

    @contextmanager
    def of(self, fault: str, must: str, *, count: int = 1, seed: int | None = None) -> Iterator[Trial]:
        """Try a fault in the block: it held when the block does not raise."""
        trial, began, held = Trial(fault, must, count, seed), time.monotonic(), False
        try:
            yield trial
            held = True
        finally:
            self._enter(Seen(**vars(trial), seconds=round(time.monotonic() - began, 1), held=held))

    def _enter(self, seen: Seen) -> None:
        line = seen.model_dump_json() + "\n"
        sys.stdout.write(line)
        if self._kept:
            self._kept.parent.mkdir(exist_ok=True)
            with self._kept.open("a") as file:  # one write of one line: several processes may prove at once
                file.write(line)
