"""Commands typed in this process: for what they say; that a process ends with the same code is tried beside it."""

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest

from comity.cli import run
from tests.processes import Premises


class Typist:
    """Types commands against one home; starting a process for each would take seconds."""

    def __init__(self, place: Premises) -> None:
        self.place = place

    def __call__(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """What a process would have ended with."""
        out, err = _stream(b""), _stream(b"")
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "stdin", _stream(stdin))
            for name, value in self.place.environment.items():
                patch.setenv(name, value)
            code = run(list(words))
        return subprocess.CompletedProcess(words, code, _written(out), _written(err))


def _stream(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")


def _written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()
