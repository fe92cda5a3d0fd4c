"""A function called in a process of its own, so that its memory and its imports are counted alone."""

import multiprocessing
import os
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar, cast

from temporal import logs

T = TypeVar("T")
_SPAWN = multiprocessing.get_context("spawn")


def apart(work: Callable[..., T], *with_: Any) -> T:
    """What it returns. Raises RuntimeError with its traceback when it raises."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_call, args=(theirs, work, with_))
    process.start()
    theirs.close()
    answer = ours.recv()
    process.join()
    if isinstance(answer, BaseException):
        raise answer
    return cast("T", answer)


def most_memory() -> int:
    """The most that this process had in memory at a time, in bytes (proc(5), VmHWM)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _call(answer: Connection, work: Callable[..., object], with_: tuple[object, ...]) -> None:
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - no path of ours
        logs.configure(nowhere)
        try:
            answer.send(work(*with_))
        except Exception as error:  # told to the one who asked, who stops
            answer.send(RuntimeError("".join(traceback.format_exception(error))))
    os._exit(0)  # the SDK may crash at the exit of the interpreter (sdk-python#300)
