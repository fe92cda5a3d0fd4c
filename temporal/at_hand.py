"""How many workflows a worker keeps in memory: as many as a fifth of the memory that it may use has room for.

An act on one that it does not keep waits until its history was fetched and lived again.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

EACH: Final = 400 << 10
"""Bytes that one takes (seen: a worker of 211 MiB with 100 of them has 541 MiB with 1,000)."""
LEAST: Final = 1000
_OF_A_CONTAINER: Final = Path("/sys/fs/cgroup/memory.max")


def at_hand(of_a_container: Path = _OF_A_CONTAINER) -> int:
    """How many it keeps on this machine, or in this container."""
    return max(LEAST, _memory(of_a_container) // (5 * EACH))


def _memory(of_a_container: Path) -> int:
    """Bytes of the machine, or less where a container (cgroup v2) was given less."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # there is no such file, or it says `max`
        return min(whole, int(of_a_container.read_text()))
    return whole
