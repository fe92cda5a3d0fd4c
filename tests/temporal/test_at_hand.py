"""A worker keeps as many workflows in memory as there is room for, and never fewer than it must."""

import os
from pathlib import Path

from temporal.at_hand import EACH, LEAST, at_hand

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def limit(tmp_path: Path, said: str) -> Path:
    """What a container was given, as the kernel says it."""
    file = tmp_path / "memory.max"
    file.write_text(said)
    return file


def test_a_container_that_was_given_less_keeps_fewer(tmp_path: Path) -> None:
    given = min(MACHINE, 10 * LEAST * EACH)
    assert at_hand(limit(tmp_path, f"{given}\n")) == given // 5 // EACH
    assert at_hand(limit(tmp_path, f"{1 << 20}\n")) == LEAST


def test_without_a_limit_it_goes_by_the_machine(tmp_path: Path) -> None:
    unlimited = max(LEAST, MACHINE // (5 * EACH))
    assert at_hand(limit(tmp_path, "max\n")) == unlimited
    assert at_hand(tmp_path / "none") == unlimited
    assert at_hand(limit(tmp_path, f"{2 * MACHINE}\n")) == unlimited
