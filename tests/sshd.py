"""A real SFTP server for tests: Debian's sshd on loopback, with a host key and an account's keys of its own."""

import os
import pwd
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from tests.buckets import end_with_parent

SSHD = "/usr/sbin/sshd"
_STARTS_WITHIN = 30.0
_ONLY_SFTP = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
ForceCommand internal-sftp
Subsystem sftp internal-sftp
"""


@dataclass
class Sshd:
    """One server; what is sent to it lies in `incoming`."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def incoming(self) -> Path:
        """Where packages are put."""
        return self.folder / "incoming"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where it locks up what has not logged in
        words = [SSHD, "-D", "-e", "-f", str(self.folder / "config")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, preexec_fn=end_with_parent)  # noqa: S603
        end = time.monotonic() + _STARTS_WITHIN
        while not _listens(self.port):
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, "sshd does not listen"
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, and whoever is logged in."""
        if self.process:
            for session in _children(self.process.pid):
                os.kill(session, 9)
            self.process.kill()
            self.process.wait()
            self.process = None

    def known_to(self, recipients: Path, name: str) -> None:
        """Write the files by which packages for that recipient come here."""
        user = pwd.getpwuid(os.getuid()).pw_name
        (recipients / f"{name}.host").write_text((self.folder / "host.pub").read_text())
        (recipients / f"{name}.ssh").write_bytes((self.folder / "account").read_bytes())
        (recipients / f"{name}.ssh").chmod(0o600)
        (recipients / f"{name}.toml").write_text(
            f'by = "sftp"\nhost = "127.0.0.1"\nport = {self.port}\nuser = "{user}"\n'
            f'folder = "{self.incoming}"\nhost_key = "{name}.host"\nkey = "{name}.ssh"\n'
        )

    def files(self) -> dict[str, bytes]:
        """What lies there, by name."""
        return {path.name: path.read_bytes() for path in self.incoming.iterdir()}


@contextmanager
def sshd(folder: Path) -> Iterator[Sshd]:
    """A server that listens as long as the block lasts."""
    server = Sshd(folder / f"sshd-{secrets.token_hex(4)}", _free_port())
    server.incoming.mkdir(parents=True)
    new_key(server.folder / "host")
    new_key(server.folder / "account")
    (server.folder / "authorized").write_bytes((server.folder / "account.pub").read_bytes())
    (server.folder / "config").write_text(_ONLY_SFTP.format(port=server.port, folder=server.folder))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def new_key(path: Path) -> None:
    """A key pair: `path`, and `path`.pub."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(path)
    key.write_public_key(f"{path}.pub")
    path.chmod(0o600)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [int(child), *_children(int(child))]
    return found


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
