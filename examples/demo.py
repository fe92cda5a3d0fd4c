"""One urgent child-protection request, lived from its receipt to its closing: `make demo`.

It types the commands that people type, each in the name of one of them, against a real Temporal server, with a mail
relay on loopback that takes the reminders. Clocks and ladders are the set `demo`, in seconds. All people are invented,
and the evidence is a file of harmless bytes.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HERE = Path(__file__).parent
PEOPLE = {
    "night": ["duty officer", "coordinator"],
    "rosa": ["reviewer"],
    "dirk": ["decider", "reviewer"],
    "dora": ["decider"],
    "emil": ["evidence officer"],
    "hanna": ["head of unit"],
    "police": ["executing authority"],
}


class Post:
    """A mail relay on loopback: every mail that it takes is a line on the screen."""

    def __init__(self) -> None:
        self.subjects: list[str] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take one mail."""
        content = envelope.content
        mail = message_from_bytes(content if isinstance(content, bytes) else str(content).encode())
        subject = " ".join(str(mail["Subject"]).split())
        self.subjects.append(subject)
        print(f"    mail to {mail['To']}: {subject}", file=sys.__stdout__)  # commands have their own stdout
        return "250 taken"

    def about(self, duty: str) -> int:
        """How many mails named this duty."""
        return sum(duty in subject for subject in self.subjects)


def comity(*words: str, who: str | None = None, expect: int = 0) -> str:
    """Type one command, show it with its answer, and insist on its exit code."""
    from comity.cli import run

    arguments = [*words, *(["--as", f"p-{who}"] if who else [])]
    shown = " ".join(f"'{word}'" if " " in word else word for word in arguments)
    print(f"\n$ comity {shown}")
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments)
    said = (out.getvalue() + err.getvalue()).rstrip()
    if "--json" not in words or code != expect:
        print(said)
    if code != expect:
        sys.exit(f"the demo stops: exit code {code}, not {expect}\n{said}")
    return out.getvalue()


def act(reference: str, name: str, who: str, part: str = "request", **more: Any) -> None:
    """Do an act; keywords are options of `comity act`."""
    options = [word for option, value in more.items() if option != "expect" for word in (f"--{option}", str(value))]
    comity("act", reference, name, "--part", part, *options, who=who, expect=more.get("expect", 0))


def say(text: str) -> None:
    """A line of the story."""
    print(f"\n--- {text}")


def until(holds: Callable[[], bool], seconds: float = 40.0) -> None:
    """Wait for what the service does by itself."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            sys.exit("the demo stops: what was awaited did not come")
        time.sleep(0.1)


def shown(reference: str) -> dict[str, Any]:
    """The request as `comity show --json` prints it."""
    from comity.cli import run

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run(["show", reference, "--json"])
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


@contextmanager
def service(home: Path) -> Iterator[None]:
    """`comity up` in a process of its own, ended by SIGTERM."""
    log = (home.parent / "up.log").open("w")
    process = subprocess.Popen([Path(sys.executable).parent / "comity", "up"], stdout=log, stderr=log)  # noqa: S603
    try:
        until(lambda: '"ready"' in (home.parent / "up.log").read_text() or process.poll() is not None, 60)
        if process.poll() is not None:
            sys.exit((home.parent / "up.log").read_text())
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        log.close()


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(home: Path) -> None:
    """A home with its people, and a recipient's key pair at the other authority."""
    home.mkdir(parents=True, mode=0o700)
    (home / "people.toml").write_text(
        "\n".join(
            f'[people.p-{name}]\nroles = {json.dumps(roles)}\nunit = "demo"\n'
            f'time_zone = "Europe/Luxembourg"\nmail = "{name}@ca.example"\n'
            for name, roles in PEOPLE.items()
        )
    )
    (home / "recipients").mkdir(mode=0o700)
    public = comity("evidence", "identity", str(home.parent / "lisbon.key")).strip()
    (home / "recipients" / "lisbon.age").write_text(public)


def live(home: Path, post: Post) -> None:
    """The whole life."""
    reference = submit()
    climb(reference, post)
    decide(reference)
    execute(reference)
    transfer(home, reference)
    close(home, reference)


def submit() -> str:
    """Submission: a P0 request comes in from a JSON file."""
    say("SUBMISSION. At night a request comes in: a child is at risk within hours.")
    receipt = json.loads(comity("submit", str(HERE / "p0-livestream-announced.json"), "--json", who="night"))
    print(f"registered: {receipt['reference']}, stage {receipt['stage']}")
    return str(receipt["reference"])


def climb(reference: str, post: Post) -> None:
    """A duty is missed; its ladder climbs by mail, is held by an acknowledgement, and climbs again until it is done."""
    duty = "request/tell the police"
    say("Nobody does anything. The clocks ring, and whoever is next is told, by mail.")
    until(lambda: post.about(duty) >= 5)
    say("Somebody says: I have it. That holds the ladder for a while; it does not do the duty.")
    act(reference, "acknowledge an escalation", "night", **{"with": json.dumps({"duty": duty})})
    heard = post.about(duty)
    until(lambda: post.about(duty) > heard)
    say("Still not done: it climbed again. Now the police have it, and it is silent.")
    took = {"name": "N. Muller", "function": "duty desk", "number": "+352 000 000", "reference": "POL-1"}
    act(reference, "record that the police took it", "night", **{"with": json.dumps(took)})
    act(reference, "acknowledge", "night")
    comity("show", reference)


def decide(reference: str) -> None:
    """Legal review: one person may order preservation at night; the disclosure takes two."""
    say("LEGAL REVIEW. One duty officer alone may order what keeps the data: the law data say which kinds.")
    call = json.dumps({"to": "the provider's duty desk", "number": "+352 000 100"})
    words = "Keep the connection records as they stand; the order follows in writing."
    act(reference, "order provisionally", "night", "M1", words=words, **{"with": call})
    act(reference, "open review", "night")
    say("The disclosure is proposed by one person and decided by another; the same person is refused.")
    act(
        reference, "propose", "dirk", "M2", **{"with": json.dumps({"outcome": "grant", "ground": "2014/41/EU, art. 9"})}
    )
    seen = json.dumps({"seen": shown(reference)["measures"][1]["proposal"]})
    act(reference, "grant", "dirk", "M2", **{"with": seen}, expect=1)
    act(reference, "grant", "dora", "M2", **{"with": seen})


def execute(reference: str) -> None:
    """Execution: both measures are done, and what was obtained is sealed."""
    say("EXECUTION. The data are preserved and disclosed; the child is found.")
    ends = (datetime.now(UTC) + timedelta(days=60)).isoformat()
    act(reference, "start", "police", "M1")
    act(reference, "put in force", "police", "M1", **{"with": json.dumps({"until": ends})})
    act(reference, "assign", "night", "M2")
    act(reference, "start", "police", "M2")
    act(reference, "record the child's state", "night", **{"with": json.dumps({"safe": True})}, words="found, and safe")
    act(reference, "complete", "police", "M2")
    act(reference, "lift", "police", "M1")
    say("What one officer ordered alone is ratified by a second person.")
    act(reference, "ratify", "dora", "M1")


def transfer(home: Path, reference: str) -> None:
    """Evidence transfer: a package, two people, a receipt that is checked."""
    say("EVIDENCE TRANSFER. What was obtained becomes an exhibit, and leaves in an encrypted package.")
    found = home.parent / "connection-records.bin"
    found.write_bytes(os.urandom(3 << 20))
    exhibits = [deposit(reference, found, measure) for measure in ("M1", "M2")]
    draft = json.dumps({"exhibits": exhibits, "recipient": "lisbon"})
    act(reference, "draft package", "emil", **{"with": draft})
    act(reference, "propose release", "emil", "P1")
    seen = json.dumps({"seen": shown(reference)["packages"][0]["content"]})
    act(reference, "approve release", "emil", "P1", **{"with": seen}, expect=1)
    act(reference, "approve release", "rosa", "P1", **{"with": seen})
    receipt = received(home, reference, "first")
    say("The receipt comes back with a wrong hash: it is refused, the package rejected, and sent again.")
    spoilt = json.loads(receipt.read_text())
    spoilt["exhibits"][0]["sha256"] = "0" * 64
    receipt.write_text(json.dumps(spoilt))
    act(reference, "confirm receipt", "night", "P1", receipt=receipt, **{"on-behalf": receipt}, expect=1)
    act(reference, "reject", "night", "P1", **{"on-behalf": receipt}, reason="a hash differs")
    second = received(home, reference, "second")
    act(reference, "confirm receipt", "night", "P1", receipt=second, **{"on-behalf": second})


def deposit(reference: str, file: Path, measure: str) -> str:
    """Seal a file; returns the exhibit's id."""
    sealed = json.loads(comity("evidence", "deposit", reference, str(file), "--part", measure, "--json", who="emil"))
    print(f"sealed: exhibit {sealed['exhibit']}, SHA-256 {sealed['sha256']}")
    return str(sealed["exhibit"])


def received(home: Path, reference: str, name: str) -> Path:
    """Send the package, open it at the other authority, and bring back its receipt."""
    left = json.loads(comity("evidence", "release", reference, "P1", "--json", who="emil"))
    identity, out = home.parent / "lisbon.key", home.parent / name
    comity("evidence", "verify", left["path"], "--identity", str(identity))
    comity("evidence", "receive", left["path"], "--identity", str(identity), "--out", str(out))
    return out / "receipt.json"


def close(home: Path, reference: str) -> None:
    """Closure: nothing is owed any more; the whole story, and the proof of it."""
    say("CLOSURE. Every measure and package has ended, and nothing is owed.")
    act(reference, "conclude", "night")
    act(reference, "close", "night")
    say("The whole story, from the ledger.")
    comity("trace", reference)
    say("And the proof that it was not altered, by the ledger's public key alone.")
    export = str(home.parent / "ledger.export")
    comity("ledger", "export", export)
    comity("ledger", "verify", export, "--key", comity("ledger", "key").strip())


def main() -> None:
    """Set the stage, live the life, end everything that was started."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="comity-demo-"))
    home = folder / "demo"
    smtp_port, temporal_port = free_port(), free_port()
    os.environ |= {
        "COMITY_HOME": str(home), "COMITY_LAW": "demo", "COMITY_SMTP_PORT": str(smtp_port),
        "COMITY_TEMPORAL_PORT": str(temporal_port),
    }  # fmt: skip
    post = Post()
    relay = Controller(post, hostname="127.0.0.1", port=smtp_port)
    relay.start()
    prepare(home)
    with service(home):
        live(home, post)
    relay.stop()
    shutil.rmtree(folder)
    print(f"\nThe whole life took {time.monotonic() - began:.0f} s; {len(post.subjects)} mails were sent.")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
