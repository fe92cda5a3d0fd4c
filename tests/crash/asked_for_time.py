"""A server without a C library, by the clock of this process: `python -m tests.crash.asked_for_time COMMAND …`.

libfaketime stands between a program and its C library; the Temporal server has none and reads the kernel's page of
clocks (vDSO). So its way to that page is taken from it as it starts (ptrace), whereupon it asks the kernel, and the
kernel asks us (seccomp, Linux 5.19 on x86-64). We answer with our own clock, which libfaketime may have set wrong.
Only the time of day is answered here: what measures spans of time goes by the kernel, as on a machine that steps.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import Final, NoReturn

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLOCK_GETTIME: Final = 228
_SECCOMP: Final = 317
_X86_64: Final = 0xC000003E
_ALLOW: Final = 0x7FFF0000
_ASK: Final = 0x7FC00000
_LISTENER_KILLABLE: Final = 8 | 32
_RECEIVE: Final = 0xC0502100
_SEND: Final = 0xC0182101
_NO_NEW_PRIVILEGES: Final = 38
_DIES_WITH_PARENT: Final = 1
_TRACE_ME, _REGISTERS, _DETACH = 0, 12, 17
_STACK_POINTER: Final = 19
_PAGE_OF_CLOCKS, _IGNORED = 33, 1
_NANO: Final = 1_000_000_000


def _filter() -> bytes:
    """Asks us of `clock_gettime(CLOCK_REALTIME)`, and lets all else pass: six steps of classic BPF."""
    load, equal, give = 0x20, 0x15, 0x06
    steps = (
        (load, 0, 0, 4),
        (equal, 0, 4, _X86_64),
        (load, 0, 0, 0),
        (equal, 0, 2, _CLOCK_GETTIME),
        (load, 0, 0, 16),
        (equal, 1, 0, time.CLOCK_REALTIME),
        (give, 0, 0, _ALLOW),
        (give, 0, 0, _ASK),
    )
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _kernel(number: int, *words: object) -> int:
    told: int = _LIBC.syscall(number, *words)
    if told < 0:
        raise OSError(ctypes.get_errno(), "the kernel does not let us answer for it")
    return told


def _become(command: list[str], told: socket.socket) -> NoReturn:
    """In the child: the command, traced until it has started, its questions about the time sent to `told`."""
    _LIBC.ptrace(_TRACE_ME, 0, None, None)
    _LIBC.prctl(_DIES_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    _LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    steps = ctypes.create_string_buffer(_filter())
    program = struct.pack("HxxxxxxP", len(steps.raw) // 8, ctypes.addressof(steps))
    listener = _kernel(_SECCOMP, 1, _LISTENER_KILLABLE, ctypes.c_char_p(program))
    socket.send_fds(told, [b"."], [listener])
    os.close(listener)
    os.execv(command[0], command)  # noqa: S606 - our own command line


def _take_the_page(pid: int) -> None:
    """Make the auxiliary vector of a process that has just started name no page of clocks."""
    registers = (ctypes.c_uint64 * 27)()
    _LIBC.ptrace(_REGISTERS, pid, None, registers)
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:  # noqa: PTH123 - no file, but memory
        at = registers[_STACK_POINTER]
        at += 8 * (_word(memory.fileno(), at) + 2)  # its arguments, their number and their end
        while _word(memory.fileno(), at):
            at += 8
        at += 8
        while (what := _word(memory.fileno(), at)) not in (_PAGE_OF_CLOCKS, 0):
            at += 16
        if what:
            os.pwrite(memory.fileno(), struct.pack("Q", _IGNORED), at)
    _LIBC.ptrace(_DETACH, pid, None, None)


def _word(memory: int, at: int) -> int:
    word: int
    (word,) = struct.unpack("Q", os.pread(memory, 8, at))
    return word


def _answer(pid: int, listener: int) -> None:
    """Answer each question with our own time of day, until nobody is left to ask."""
    memory = os.open(f"/proc/{pid}/mem", os.O_RDWR)
    while True:
        with suppress(FileNotFoundError):  # who asked is gone
            _one(memory, listener)


def _one(memory: int, listener: int) -> None:
    asked = bytearray(80)
    fcntl.ioctl(listener, _RECEIVE, asked)
    (question,), (into,) = struct.unpack_from("Q", asked), struct.unpack_from("Q", asked, 40)
    now = time.time_ns()
    os.pwrite(memory, struct.pack("qq", now // _NANO, now % _NANO), into)
    fcntl.ioctl(listener, _SEND, struct.pack("QqiI", question, 0, 0, 0))


def main(command: list[str]) -> int:
    """Run it to its end. Returns its exit code."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        _become(command, theirs)
    _, (listener,), _, _ = socket.recv_fds(ours, 1, 1)
    os.waitpid(pid, 0)  # stopped: it has become the command and done nothing yet
    _take_the_page(pid)
    threading.Thread(target=_answer, args=(pid, listener), daemon=True).start()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]) & 0xFF)
