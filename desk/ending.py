"""The end of a process of the service: in order where that can be, in time in any case."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Timer

import structlog

_log = structlog.get_logger()

ENDS_WITHIN = 20.0
"""Seconds from the word to stop: ten for what activities are at, the rest to say what they did, to sign, to let go."""


class Ending:
    """When this process is to end, and what it is at: a server that is gone is no reason to wait for it for ever.

    Nothing is lost when the time is up: what got a receipt is on record, and what did not is done again.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.at = "begin"
        self._once = Lock()

    def listen(self) -> None:
        """From now on SIGINT and SIGTERM ask this process to stop, wherever it is."""
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signal_number, self._ask)

    @contextmanager
    def follows(self) -> Iterator[None]:
        """Whatever ends the block ends the process in time: with 0 if that was asked for, else with 1."""
        try:
            yield
        finally:
            self._in_time(0 if self.asked.is_set() else 1)

    def _ask(self) -> None:
        self.asked.set()
        self._in_time(0)

    def _in_time(self, code: int) -> None:
        """From a thread of its own, once: the loop may be held up by a thread that it waits for."""
        if self._once.acquire(blocking=False):
            timer = Timer(ENDS_WITHIN, self._leave, [code])
            timer.daemon = True
            timer.start()

    def _leave(self, code: int) -> None:
        _log.error("left unfinished: what has a receipt is on record, the rest is done again", act=self.at)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
