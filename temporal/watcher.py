"""Ends a server when the one who started it is gone, however it went: run as a script, it imports nothing of ours.

The kernel closes the write end of the pipe when the starter dies, also by SIGKILL. The server holds a lock on its pid
file for as long as it lives, and the watcher does not: who finds the file locked knows that its pid is the server's.
"""

import os
import subprocess
import sys
import threading


def watch(pipe: int, lock: int, command: list[str]) -> None:
    """Start `command`, and end it when the write end of `pipe` is closed. Should it end first, leave with its code.

    It is killed: what it has taken stands on its disk (WAL, full sync), and ending by itself takes it two seconds.
    """
    server = subprocess.Popen(command, pass_fds=[lock], start_new_session=True)  # noqa: S603 - our own command line
    os.pwrite(lock, f"{server.pid}\n".encode(), 0)
    os.close(lock)
    threading.Thread(target=lambda: os._exit(server.wait() & 0xFF), daemon=True).start()
    os.read(pipe, 1)
    server.kill()
    server.wait()


if __name__ == "__main__":
    watch(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
