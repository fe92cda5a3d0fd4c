"""The night of one urgent child-protection request, from the call at 02:00 to its closing: `make demo`.

It types the commands that people type, each in the name of one of them, against a real Temporal server, with a mail
relay on loopback that takes the reminders. The clock is the real one, so the law set `demo` counts in seconds what the
law counts in hours and weeks. All people are invented, and the evidence is a file of harmless bytes.
"""

import contextlib
import io
import json
import os
import re
import shlex
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

LETTER = Path(__file__).parent.resolve() / "p0-livestream-announced.json"
PEOPLE = {
    "nils": ["duty officer", "coordinator", "reviewer"],
    "hanna": ["head of unit"],
    "anna": ["coordinator"],
    "rosa": ["reviewer"],
    "dora": ["decider"],
    "emil": ["evidence officer"],
    "police": ["executing authority"],
}
POLICE = "request/tell the police"
MISSED = f"{POLICE} was due"
PROVIDER = {"to": "duty desk of the provider", "number": "+999 100"}
EXHIBIT_BYTES = 3 << 20

HONEST = """The night of one request. The clock is this machine's: where the story says an hour or a week, the demo
waits seconds, and its law set (COMITY_LAW=demo) counts in seconds what the law counts in hours and weeks.
All people are invented, and the evidence is a file of random bytes."""

KEEPER = """
if read begin; then "$1" up > up.log 2>&1 & fi
cat > /dev/null
kill -TERM $! 2> /dev/null && wait $!
rm -rf "$2"
"""
"""Runs `comity up`, and clears everything away when the pipe from the demo closes: whatever the demo died of."""


# --- what a person at the screen sees ---------------------------------------------------------------------------------


class Post:
    """A mail relay on loopback: what it takes is told on the screen, a line for each duty."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.told = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take one mail."""
        content = envelope.content
        mail = message_from_bytes(content if isinstance(content, bytes) else str(content).encode())
        subject = " ".join(str(mail["Subject"]).split())
        self.taken.append((str(mail["To"]), subject))
        return "250 taken"

    def about(self, duty: str) -> list[str]:
        """To whom mails have gone that named this duty."""
        return [to for to, subject in self.taken if duty in subject]

    def tell(self) -> None:
        """Print what has come since it was last told."""
        new, self.told = self.taken[self.told :], len(self.taken)
        for subject in dict.fromkeys(subject for _, subject in new):
            to = (address.partition("@")[0] for address, about in new if about == subject)
            print(f"    mail to {', '.join(to)}: {subject}")


POST = Post()


def scene(title: str, why: str) -> None:
    """Say what happens next, and why."""
    POST.tell()
    print(f"\n{'─' * 100}\n{title}  {why}")


def comity(*words: str, who: str | None = None, expect: int = 0) -> str:
    """Type one command, show it with its answer, and insist on its exit code."""
    from comity.cli import run

    POST.tell()
    arguments = [*words, *(["--as", f"p-{who}"] if who else [])]
    print(f"\n$ comity {shlex.join(arguments)}")
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments)
    print((out.getvalue() + err.getvalue()).rstrip())
    if code != expect:
        sys.exit(f"the demo stops: exit code {code}, not {expect}")
    if expect:
        print(f"    (refused with exit code {expect}: so it should be)")
    return out.getvalue()


def act(request: str, name: str, who: str, part: str = "request", *, expect: int = 0, **more: Any) -> None:
    """Do an act; keywords are options of `comity act`, `given` what it needs besides."""
    given = more.pop("given", None)
    options = [word for option, value in more.items() for word in (f"--{option}", str(value))]
    about = [] if part == "request" else ["--part", part]
    besides = ["--with", json.dumps(given, ensure_ascii=False)] if given else []
    comity("act", request, name, *about, *besides, *options, who=who, expect=expect)


def answer_to(*words: str) -> str:
    """What a command answers that is not shown."""
    from comity.cli import run

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run([*words])
    return out.getvalue()


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for what the service does by itself, and show the mails meanwhile."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            sys.exit("the demo stops: what was awaited did not come")
        time.sleep(0.2)
        POST.tell()


# --- the story --------------------------------------------------------------------------------------------------------


def live() -> None:
    """The whole story, scene by scene."""
    request = call()
    preserve(request)
    climb(request)
    disclose(request)
    ratify(request)
    confirm(request)
    grant(request)
    transfer(request, obtain(request))
    close(request)


def call() -> str:
    """One officer takes the call, and opens the request with six fields."""
    scene(
        "02:00, A HOLIDAY",
        "A call from Lisbon: a child is at risk within the hour. Nils is alone, and opens a request.",
    )
    told = {
        "caller": "Rui Exemplo Figueira",
        "authority": "PT Polícia Judiciária",
        "number": "+999 21 555 0111",
        "happening": "an offer to stream abuse within the hour",
        "where": "user-77b1@nuage.example",
        "wanted": "expedited preservation",
    }
    return named_in(comity("oral", *(word for field in told for word in (f"--{field}", told[field])), who="nils"))


def named_in(answer: str) -> str:
    """What people type of the reference in an answer: its last letters."""
    found = re.search(r"\b[0-9A-Z]{26}\b", answer)
    return found[0][-4:] if found else sys.exit("the demo stops: the answer names no request")


def preserve(request: str) -> None:
    """One duty officer alone may order what keeps the data."""
    scene(
        "02:04", "The law data say what one officer may order alone. He phones the provider, and enters what he said."
    )
    keep = "Keep all that is held on the account; the order follows in writing."
    act(request, "order provisionally", "nils", "M1", words=keep, given=PROVIDER)
    act(request, "acknowledge", "nils")
    act(request, "open review", "nils")


def climb(request: str) -> None:
    """A duty is missed; its ladder climbs by mail, is held by an acknowledgement, and climbs again until it is done."""
    scene(
        "02:10", "Nobody has told the police. The clock knows it: mails climb from rung to rung, to the head of unit."
    )
    until(lambda: any("hanna" in to for to in POST.about(POLICE)))
    scene(
        "02:20", "Hanna says: I have it. That holds the ladder for a while, it does not do the duty. The data are kept."
    )
    act(request, "acknowledge an escalation", "hanna", given={"duty": POLICE})
    act(request, "start", "police", "M1")
    act(request, "put in force", "police", "M1", given={"until": in_days(90)})
    heard = len(POST.about(MISSED))
    until(lambda: len(POST.about(MISSED)) > heard)
    scene("02:31", "Overdue, and climbing again: only a name at the police ends it. Now somebody there has taken it.")
    took = {"name": "N. Muller", "function": "duty desk", "number": "+352 000 000", "reference": "POL-1"}
    act(request, "record that the police took it", "nils", given=took)
    comity("watch", "--once")


def disclose(request: str) -> None:
    """What finds the child is asked for, and told at once, to a caller who was called back."""
    scene("02:40", "What finds the child is one more measure, ordered as fast. The provider looks at once.")
    act(request, "add measure", "nils", given={"kind": "emergency disclosure of data"})
    find = "Tell us from where the account was last used; a child is in danger."
    act(request, "order provisionally", "nils", "M2", words=find, given=PROVIDER)
    act(request, "start", "nils", "M2", note="the duty desk of the provider has the order, and looks")
    scene("02:50", "The provider names an address. One officer may tell it at once, to a sender who was called back.")
    number = "+999 21 555 0100"
    tell = ["disclose", request, "--to", "Rui Exemplo Figueira", "--number", number, "--measure", "M2"]
    tell += ["--said", "last used from 3 Example Street", "--reason", "the child is there"]
    comity(*tell, who="nils", expect=1)
    act(request, "verify sender", "nils", words="called back", given={"number": number})
    comity(*tell, who="nils")
    act(request, "complete", "nils", "M2", note="the provider has told all that was asked")


def in_days(number: int) -> str:
    """An instant so many days from now."""
    return (datetime.now(UTC) + timedelta(days=number)).isoformat(timespec="seconds")


def ratify(request: str) -> None:
    """Four eyes come after the act, never instead of it."""
    scene("08:30", "What one did alone, another person ratifies. The child is safe, and the pace is another from here.")
    act(request, "ratify", "nils", "M1", role="reviewer", expect=1)
    act(request, "ratify", "rosa", "M1")
    act(request, "ratify", "rosa", "M2")
    act(request, "ratify disclosure", "rosa", "P1")
    act(request, "accept proof of delivery", "anna", "P1", reason="the caller read it back")
    act(request, "record the child's state", "anna", given={"state": "safe"}, words="found, and safe")
    act(request, "assess urgency", "rosa", "M1", given={"urgency": "P3"}, reason="nobody is in danger any more")
    comity("show", request)


def confirm(request: str) -> None:
    """The courier's letter came under another reference: it is joined, and confirms the call."""
    scene(
        "WEEK THREE (here: the next second)",
        "Lisbon's letter comes by courier. The day desk takes it for a new request.",
    )
    write_letter(Path("courier.json"))
    other = named_in(comity("submit", "courier.json", who="anna"))
    scene(
        "THE SAME CASE",
        "It is what confirms the call. What came twice is joined, by a second person; then it confirms.",
    )
    comity("submit", "courier.json", "--confirms", request, who="anna", expect=1)
    comity("join", other, request, who="nils")
    comity("submit", "courier.json", "--confirms", request, who="anna")
    act(other, "close", "anna")


def write_letter(path: Path) -> None:
    """The written letter: all that was told, and the content of the account besides, under another instrument."""
    letter = json.loads(LETTER.read_text())
    del letter["emergency"]
    calm = [measure | {"urgency": "P3"} for measure in letter["measures"]]
    content = calm[1] | {"kind": "production of content data", "description": "What the account holds."}
    deadline = {"by": in_days(30), "reason_code": "other", "reason": "the date of the hearing"}
    whole = letter | {"measures": [*calm, content], "deadline": deadline}
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1))


def grant(request: str) -> None:
    """Content takes two: one proposes, another decides."""
    scene(
        "LEGAL REVIEW",
        "The content is sought under the EIO: its grounds are looked at, one person proposes, another decides.",
    )
    form = comity("review", request, "M3", who="rosa")
    Path("findings.toml").write_text(form.replace('reason = ""', 'reason = "looked at: nothing points to it"'))
    comity("review", request, "M3", "--found", "findings.toml", who="rosa")
    granting = {"outcome": "grant", "told": "granted as asked"}
    act(request, "propose", "rosa", "M3", given=granting)
    act(request, "grant", "dora", "M3", given={"seen": seen(request, "measures", "proposal")})
    comity("letter", request, "decision", "--about", "M3", "--channel", "courier", "--out", "decision.txt", who="anna")


def seen(request: str, parts: str, digest: str) -> str:
    """The beginning of the digest of the last of these parts, as `comity show` prints it."""
    return str(json.loads(answer_to("show", request, "--json"))[parts][-1][digest])[:12]


def obtain(request: str) -> str:
    """It is executed, and what was obtained is sealed. Returns the exhibit's id."""
    scene("EXECUTION", "The police obtain the content. It becomes an exhibit: hashed and encrypted as it is read.")
    act(request, "assign", "anna", "M3")
    act(request, "start", "police", "M3")
    Path("account.bin").write_bytes(os.urandom(EXHIBIT_BYTES))
    sealed = comity("evidence", "deposit", request, "account.bin", "--part", "M3", who="emil")
    act(request, "complete", "police", "M3")
    return sealed.split()[2].rstrip(",")


def transfer(request: str, exhibit: str) -> None:
    """A package leaves by two people, and is received when its recipient has the same hashes."""
    scene(
        "EVIDENCE TRANSFER", "It leaves in a package that only Lisbon can open: proposed by one, released by another."
    )
    act(request, "draft package", "emil", given={"exhibits": [exhibit], "recipient": "lisbon"})
    act(request, "propose release", "emil", "P2")
    approved = {"seen": seen(request, "packages", "content")}
    act(request, "approve release", "emil", "P2", given=approved, expect=1)
    act(request, "approve release", "rosa", "P2", given=approved)
    left = comity("evidence", "release", request, "P2", who="emil").rpartition(": ")[2].strip()
    scene("IN LISBON", "Whoever receives it needs no service and no account here: a key of their own opens it.")
    Path("luxembourg.crt").write_text(comity("evidence", "certificate"))
    trusting = ("--identity", "lisbon.key", "--certificate", "luxembourg.crt")
    comity("evidence", "verify", left, *trusting)
    comity("evidence", "receive", left, *trusting, "--out", "received")
    check_receipt(request, Path("received/receipt.json"))


def check_receipt(request: str, receipt: Path) -> None:
    """A receipt that was altered ends nothing; the true one ends the transfer."""
    scene("THE RECEIPT", "It carries the recipient's own hashes, and its signature: one that was altered is refused.")
    told = json.loads(receipt.read_text())
    told["exhibits"][0]["sha256"] = "0" * 64
    spoilt = Path("spoilt.json")
    spoilt.write_text(json.dumps(told))
    spoilt.with_name("spoilt.json.p7s").write_bytes(receipt.with_name("receipt.json.p7s").read_bytes())
    for each, code in ((spoilt, 1), (receipt, 0)):
        came = {"receipt": each, "on-behalf": each, "channel": "e-mail"}
        act(request, "confirm receipt", "anna", "P2", expect=code, **came)


def close(request: str) -> None:
    """Nothing is owed any more: closed, and the whole story with its proof."""
    scene("CLOSURE", "The preservation is lifted, Lisbon is told how it ended, and nothing is owed any more.")
    act(request, "lift", "police", "M1")
    comity("letter", request, "closing", "--about", "M1", "--channel", "e-mail", "--out", "closing.txt", who="anna")
    act(request, "conclude", "anna")
    act(request, "close", "anna")
    scene("THE TRACE", "The whole story, from the ledger: deeds, refusals, clocks, mails, custody.")
    comity("trace", request)
    scene("THE PROOF", "With an export and a public key, nothing else, an auditor sees that nothing was altered.")
    comity("ledger", "export", "ledger.export")
    comity("ledger", "verify", "ledger.export", "--key", comity("ledger", "key").strip())


# --- the stage --------------------------------------------------------------------------------------------------------


@contextmanager
def stage() -> Iterator[None]:
    """A folder of its own, a mail relay, and `comity up` in its home; all of it goes with the demo."""
    folder = tempfile.mkdtemp(prefix="comity-demo-")
    os.chdir(folder)
    smtp, temporal = free_port(), free_port()
    os.environ |= {"COMITY_HOME": "demo", "COMITY_LAW": "demo"}
    os.environ |= {"COMITY_SMTP_PORT": str(smtp), "COMITY_TEMPORAL_PORT": str(temporal)}
    relay = Controller(POST, hostname="127.0.0.1", port=smtp)
    with kept(folder) as begin:
        furnish(Path("demo"))
        relay.start()
        begin()
        yield
        relay.stop()


@contextmanager
def kept(folder: str) -> Iterator[Callable[[], None]]:
    """The keeper, in a session of its own, where no Ctrl-C reaches it; gives what makes it start the service."""
    command = ["/bin/sh", "-c", KEEPER, "keeper", str(Path(sys.executable).parent / "comity"), folder]
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603
    try:
        yield lambda: begun(keeper)
    finally:
        keeper.communicate()


def begun(keeper: "subprocess.Popen[bytes]") -> None:
    """Let the service begin, and wait until it is ready."""
    assert keeper.stdin  # noqa: S101 - it was asked for
    keeper.stdin.write(b"begin\n")
    keeper.stdin.flush()
    log = Path("up.log")
    until(
        lambda: log.exists() and re.search(r'"ready"|^comity: |^Traceback', log.read_text(), re.MULTILINE) is not None
    )
    if '"ready"' not in log.read_text():
        sys.exit(log.read_text())


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def furnish(home: Path) -> None:
    """A home with its people, and the public key of the other authority."""
    scene("BEFORE THE NIGHT", "A home with seven people, and the key by which Lisbon receives packages.")
    home.mkdir(mode=0o700)
    (home / "people.toml").write_text("".join(person(name, roles) for name, roles in PEOPLE.items()))
    for name, roles in PEOPLE.items():
        print(f"    p-{name:<7}{', '.join(roles)}")
    (home / "recipients").mkdir(mode=0o700)
    recipients = home / "recipients"
    (recipients / "lisbon.age").write_text(comity("evidence", "identity", "lisbon.key").strip())
    (recipients / "lisbon.crt").write_bytes(Path("lisbon.signer.crt").read_bytes())


def person(name: str, roles: list[str]) -> str:
    """One table of people.toml."""
    return (
        f'[people.p-{name}]\nroles = {json.dumps(roles)}\nunit = "demo"\n'
        f'time_zone = "Europe/Luxembourg"\nmail = "{name}@ca.example"\n'
    )


def main() -> None:
    """Set the stage, live the story, end everything that was started."""
    began = time.monotonic()
    print(HONEST)
    try:
        with stage():
            live()
    except KeyboardInterrupt:
        sys.exit("\nthe demo was stopped; nothing of it is left")
    POST.tell()
    print(
        f"\nThe night took {time.monotonic() - began:.0f} s; {len(POST.taken)} mails were sent. Nothing of it is left."
    )
    sys.stdout.flush()
    os._exit(0)  # as `comity` ends: Temporal's core can abort at interpreter exit, after the work is done


if __name__ == "__main__":
    main()
