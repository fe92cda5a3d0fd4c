"""Commands in processes of their own that need to load nothing: forked from one that has loaded all of comity."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

_LOADED = (
    "__main__",
    "comity.cli", "desk.commands", "desk.counter", "desk.doctor", "desk.submitting", "desk.depositing", "desk.telling",
    "desk.tracing", "desk.destroying", "desk.keeping", "temporal.client", "tests.forking",
)  # fmt: skip
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([*_LOADED])
_IN, _OUT, _ERR = range(3)


def forked(
    words: tuple[str, ...], environment: dict[str, str], stdin: bytes = b"", *, within: float = 120.0
) -> subprocess.CompletedProcess[bytes]:
    """`comity …` in that environment and no other, to its end, as `subprocess.run` would tell it."""
    with TemporaryDirectory(prefix="comity-forked-") as folder:
        said = [Path(folder) / name for name in ("in", "out", "err")]
        said[_IN].write_bytes(stdin)
        child = _FORKS.Process(target=_typed, args=(words, environment, [str(path) for path in said]))
        child.start()
        child.join(within)
        if child.exitcode is None:
            child.kill()
            raise subprocess.TimeoutExpired(words, within)
        return subprocess.CompletedProcess(words, child.exitcode, said[_OUT].read_bytes(), said[_ERR].read_bytes())


def _typed(words: tuple[str, ...], environment: dict[str, str], said: list[str]) -> None:
    from comity.cli import main

    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(said):
        os.dup2(os.open(path, os.O_RDONLY if number == _IN else os.O_WRONLY | os.O_CREAT), number)
    sys.argv = ["comity", *words]
    main()
