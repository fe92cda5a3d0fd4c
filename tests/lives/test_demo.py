"""The demo is a promise: one urgent request lives its whole life by the commands that people type."""

import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


def test_the_demo_lives_to_its_end() -> None:
    ended = subprocess.run([sys.executable, DEMO], capture_output=True, text=True, timeout=180)  # noqa: S603
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    for promised in (
        "another person must do this",  # two persons decide
        "mail to hanna@ca.example",  # the ladder reached the head of unit
        "the receipt differs for",  # a receipt is checked
        "P1 → package received",  # and the package goes out again
        "request → closed",
        "holds  8. every checkpoint is a prefix of the ledger",
    ):
        assert promised in ended.stdout, promised
