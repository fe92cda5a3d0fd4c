"""What reads strangers' bytes is fuzzed with coverage guidance, in a process of its own: only our errors come out."""

import random
import subprocess
import sys

import pytest

from tests.evidence.fuzzing import TARGETS
from tests.results import Results

_BETWEEN = ("/bin/sh", "-c", '"$@"; exit $?', "sh")
"""A child is taken to have held what its parent's memory came to when it was started: so the parent is a small one."""


@pytest.mark.parametrize("target", TARGETS)
def test_whatever_a_stranger_writes_ends_in_an_error_of_ours(target: str, results: Results, *, proving: bool) -> None:
    seed, runs = random.SystemRandom().randrange(1, 1 << 31), 200_000 if proving else 2_000
    fuzz = [sys.executable, "-m", "tests.evidence.fuzzing", target, f"-runs={runs}", f"-seed={seed}", "-max_len=20000"]
    with results.of(f"a fuzzed {target}", "one of our errors, and nothing else", count=runs, seed=seed):
        done = subprocess.run([*_BETWEEN, *fuzz], capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr[-3000:]
        assert f"Done {runs} runs" in done.stderr
