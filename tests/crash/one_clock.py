"""An entry to `comity` by a clock that libfaketime has set: `python -m tests.crash.one_clock [server] up`.

With `server` the embedded server goes by this process's clock too.
"""

import select
import sys
import time
from typing import SupportsIndex

from comity.cli import main
from comity.settings import Settings
from temporal import embedded
from temporal.conditions import Conditions


def _by_our_clock() -> None:
    command = embedded._command

    def under_ours(settings: Settings, conditions: Conditions) -> list[str]:
        return [sys.executable, "-m", "tests.crash.asked_for_time", *command(settings, conditions)]

    embedded._command = under_ours


def _sleep(seconds: SupportsIndex | float) -> None:
    """libfaketime takes an instant to sleep until for one of its clock, and refuses one that it takes for past."""
    select.select([], [], [], float(seconds))


if __name__ == "__main__":
    time.sleep = _sleep
    if sys.argv[1] == "server":
        del sys.argv[1]
        _by_our_clock()
    main()
