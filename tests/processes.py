"""The service as it really runs: `comity up` and `comity worker` in processes of their own, beside a mail relay."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from ulid import ULID

from comity.errors import Unreachable
from comity.home import make, open_home
from comity.people import People
from comity.request.lifecycle import Act
from comity.request.model import Deed, Receipt, particulars_of
from comity.request.rules import part_of
from comity.settings import Settings
from desk.counter import Counter
from temporal import client
from tests.forking import forked
from tests.office import PEOPLE, ROLES
from tests.reviews import stamped

ROOT = Path(__file__).parents[1]
COMITY = str(Path(sys.executable).parent / "comity")
HEARING = ("env", "--default-signal=INT", COMITY)
"""The command line as a person starts it: Ctrl-C reaches it, also where a job in the background started the tests."""
READY_WITHIN = 60.0
STARVED = 240.0
"""Seconds that a process may take on a machine that has much else to do: a bound on waiting, and nothing promised."""
_AGAIN = 0.05


class Post:
    """A mail relay that keeps what it takes, as it came."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []
        self.came: list[datetime] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Keep one mail."""
        assert isinstance(envelope.content, bytes)
        self.contents.append(envelope.content)
        self.came.append(datetime.now(UTC))
        return "250 taken"


@dataclass
class Process:
    """One process of the service; its log is what it says on stderr."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def ready(self) -> None:
        """Wait until it says that it is ready."""
        until(lambda: b'"ready"' in self.log.read_bytes() or self.process.poll() is not None, STARVED)
        assert self.process.poll() is None, self.log.read_text()

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Ask it to stop. Returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@dataclass
class Premises:
    """One COMITY_HOME with its ports; what was started here is ended when the block of `premises` ends."""

    folder: Path
    settings: Settings
    post: Post
    started: list[Process] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """COMITY_HOME."""
        return self.settings.home

    @property
    def environment(self) -> dict[str, str]:
        """All that a process of the service is told."""
        told = self.settings.model_dump(exclude_none=True, exclude_defaults=True)
        return {f"COMITY_{name.upper()}": str(value) for name, value in told.items()} | {"HOME": str(self.folder)}

    def start(self, *words: str, entry: tuple[str, ...] = (COMITY,)) -> Process:
        """Start `comity …`, or another entry to it, and do not wait."""
        log = self.folder / f"{len(self.started)}-{words[-1]}.log"
        with log.open("wb") as said:
            running = subprocess.Popen(  # noqa: S603 - our own command line
                [*entry, *words], env=self.environment, stdout=said, stderr=said, cwd=ROOT
            )
        self.started.append(Process(running, log))
        return self.started[-1]

    def up(self) -> Process:
        """`comity up`, ready."""
        running = self.start("up")
        running.ready()
        return running

    def comity(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """One command in a process of its own, to its end."""
        command = [COMITY, *words]
        return subprocess.run(  # noqa: S603 - our own command line
            command, env=self.environment, input=stdin, capture_output=True, timeout=120, check=False, cwd=ROOT
        )

    def typed(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """The same, and quicker: its process is forked from one that has loaded everything."""
        return forked(words, self.environment | {"PATH": os.environ["PATH"]})

    def prepare(self) -> None:
        """Make the home, with the people of tests/office.py."""
        make(self.settings, datetime.now(UTC)).close()
        (self.home / "people.toml").write_text(PEOPLE)

    @asynccontextmanager
    async def counter(self) -> AsyncIterator[Counter]:
        """The counter of this process, with its own way to the server."""
        home = open_home(self.settings)
        people = People.load(self.home / "people.toml")
        try:
            yield Counter(home, people, await client.connect(self.settings, home.keys))
        finally:
            home.close()


@contextmanager
def premises(folder: Path, **more: Any) -> Iterator[Premises]:
    """A home with people and a relay, in which nothing runs yet."""
    post = Post()
    relay = Controller(post, hostname="127.0.0.1", port=free_port())
    relay.start()
    ours: dict[str, Any] = {"law": "demo", "digest_seconds": 0}
    settings = Settings(home=folder / "demo", smtp_port=relay.port, temporal_port=free_port(), **(ours | more))
    place = Premises(folder, settings, post)
    place.prepare()
    try:
        yield place
    finally:
        for running in place.started:
            if running.process.poll() is None:
                running.end()
        relay.stop()


def free_port() -> int:
    """A port of loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for what another process does."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "what was awaited did not come"
        time.sleep(_AGAIN)


def server_pid(home: Path) -> int:
    """The embedded Temporal server's process."""
    return int((home / "temporal.pid").read_text())


def children_of(pid: int) -> list[int]:
    """The processes that any thread of a process has started."""
    told = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for each in told for child in each.split()]


def is_alive(pid: int) -> bool:
    """Whether a process of that id runs (and is no zombie)."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def deed(counter: Counter, reference: str, person: str, act: Act, part: str = "request", /, **more: Any) -> Deed:
    """A deed by a person who has just looked; `role`, `on_behalf` as in a deed, all else particulars."""
    named = {name: more.pop(name) for name in ("role", "on_behalf", "happened", "expected", "id") if name in more}
    standing = part_of(counter.request(reference), part)
    seen = {"id": str(ULID()), "role": ROLES[person], "expected": standing.revision} | named
    given = stamped(counter, counter.request(reference), part, more) if act == Act.PROPOSE else more
    return Deed(act=act, part=part, person=person, particulars=particulars_of(act)(**given), **seen)


async def insist(counter: Counter, reference: str, wanted: Deed, seconds: float = 90.0) -> Receipt:
    """Do a deed, and say the same again for as long as nobody answers, as the command line advises."""
    until = time.monotonic() + seconds  # a timeout would cancel, which the counter takes for a server that is away
    while True:
        try:
            return await counter.act(reference, wanted)
        except Unreachable:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(_AGAIN)


def read_json(said: bytes) -> Any:
    """What a command printed with --json."""
    return json.loads(said)
