"""The demo is a promise: the night of one request, by the commands that people type, and nothing of it left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import until

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


def begun(folder: Path) -> "subprocess.Popen[bytes]":
    """The demo, with a folder of its own for what it leaves lying about, and what it says in `said`.

    A shell has what it starts in the background ignore Ctrl-C, and all that this starts: the demo is to hear it.
    """
    command = ["env", "--default-signal=INT", sys.executable, str(DEMO)]
    with (folder / "said").open("wb") as said:
        environment = os.environ | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(command, env=environment, stdout=said, stderr=said)  # noqa: S603


def left(folder: Path) -> list[Path]:
    """What stands there besides what it said."""
    return [path for path in folder.iterdir() if path.name != "said"]


def test_the_demo_lives_to_its_end(tmp_path: Path) -> None:
    demo = begun(tmp_path)
    ended = demo.wait(180)
    said = (tmp_path / "said").read_text()
    assert ended == 0, said[-8000:]
    for promised in (
        "mail to hanna",  # the ladder reached the head of unit
        "request/tell the police was due",  # and climbed on after the deadline
        "the sender is not verified",  # a disclosure waits for a call back
        "another person must do this",  # what one did is ratified by another
        "`comity join",  # what came twice is found
        "altered or forged; ask the recipient directly",  # a receipt is checked
        "P2 → package received",
        "request → closed",
        "holds  8. every checkpoint is a prefix of the ledger",
    ):
        assert promised in said, promised
    assert left(tmp_path) == []


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_whatever_ends_the_demo_nothing_of_it_is_left(tmp_path: Path, sign: signal.Signals) -> None:
    """A service and a folder that nobody asked for would stay behind, and the next demo would be blamed."""
    demo = begun(tmp_path)
    until(lambda: "$ comity oral" in (tmp_path / "said").read_text())
    (folder,) = left(tmp_path)
    demo.send_signal(sign)
    assert demo.wait(30) != 0
    until(lambda: not folder.exists())
