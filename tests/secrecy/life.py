"""One request of which every text is a marker, lived from its receipt to its closing by the desk's own functions."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

import bagit
import pytest
from ulid import ULID

from comity.errors import Refused
from comity.request.lifecycle import Act, Role, Status
from comity.request.model import Channel, Deed, Request, digest_of, particulars_of
from desk.counter import Counter
from desk.keeping import GIVEN
from desk.tracing import trace
from tests.addresses import addresses
from tests.processes import Premises, deed, insist, read_json, until
from tests.request.lives import gone_out, on_behalf
from tests.reviews import looked_at
from tests.secrecy.markers import MARK, marked, marked_letter, marker

_BOB, _DAN = "p-bob", "p-dan"
IDENTITY = marker("letter.persons[].identity.family_name")
ON_BEHALF = on_behalf()
CONTENT = f"bytes of an exhibit: {MARK}_content\n".encode() * 4000
BAD_KEY = f"no key at all but {MARK}_key"


@dataclass
class MarkedLife:
    """The request, who does acts on it, and what the commands said on stderr."""

    place: Premises
    counter: Counter
    reference: str
    said: list[bytes] = field(default_factory=list)

    @property
    def request(self) -> Request:
        """As it stands on record."""
        return self.counter.request(self.reference)

    async def do(self, person: str, act: Act, part: str = "request", /, **given: Any) -> Deed:
        """Do an act with a marker in every free text of it."""
        done = self.deed(person, act, part, **given)
        await insist(self.counter, self.reference, done)
        return done

    def deed(self, person: str, act: Act, part: str = "request", /, **given: Any) -> Deed:
        """The same, not yet done."""
        named = {name: given.pop(name) for name in ("role", "on_behalf") if name in given}
        free = marked(particulars_of(act), act.value, **given)
        return deed(self.counter, self.reference, person, act, part, **named, **free)

    async def refused(self, person: str, act: Act, part: str = "request", /, **given: Any) -> None:
        """Try an act that is not possible: it is entered as an attempt."""
        with pytest.raises(Refused) as refusal:
            await self.counter.act(self.reference, self.deed(person, act, part, **given))
        self.said.append(str(refusal.value).encode())

    def comity(self, *words: str, expect: int = 0) -> bytes:
        """One command of the command line, which must end so."""
        ended = self.place.typed(*words)
        assert ended.returncode == expect, ended.stderr.decode()
        self.said.append(ended.stderr)
        return ended.stdout


def letter(place: Premises) -> Path:
    """The marked letter as a file, with a measure that one duty officer may order alone, and information besides."""
    planted = marked_letter() | {"requesting_state": "PT", "requested_state": "LU"}
    for kind in ("expedited preservation", "spontaneous information"):
        planted["measures"].append(planted["measures"][0] | {"kind": kind, "instrument": "budapest"})
    path = place.folder / "letter.json"
    path.write_text(json.dumps(planted, ensure_ascii=False))
    return path


@asynccontextmanager
async def begun(place: Premises) -> AsyncIterator[MarkedLife]:
    """The request handed in by the command line, with an annex."""
    annex = place.folder / f"{MARK}_annex.txt"
    annex.write_bytes(CONTENT)
    async with place.counter() as counter:
        life = MarkedLife(place, counter, "")
        words = ("submit", str(letter(place)), "--attach", str(annex), "--as", "p-anna", "--json")
        life.reference = read_json(life.comity(*words))["reference"]
        yield life


async def live(life: MarkedLife) -> None:
    """The whole life, in the order of its stages, with what is refused on the way."""
    await _arrive(life)
    await _review(life)
    await _execute(life)
    _hand_on(life)
    await _transfer(life)
    written = life.comity("letter", life.reference, "closing", "--about", "M1", "--about", "M2", "--as", "p-anna")
    assert marker("letter.issuing_authority.name").encode() in written
    await life.do("p-anna", Act.CONCLUDE)
    await life.do("p-anna", Act.CLOSE)
    _keep(life)


def _keep(life: MarkedLife) -> None:
    """What it has left is kept longer, with a reason; who may not say so gives one, too."""
    until(lambda: life.place.typed("retention", life.reference).returncode == 0)
    words = ("retention", life.reference, "--keep", "content", "--until", "2090-01-01")
    life.comity(*words, "--reason", marker("of keeping"), "--as", _DAN, expect=1)
    told = life.comity(*words, "--reason", marker("of keeping"), "--as", "p-eve", "--json")
    assert read_json(told)[2]["rule"] == GIVEN
    grounds = ("--reason", marker("of holding"), "--authorisation", marker("authorisation of holding"))
    hold = read_json(life.comity("hold", "place", life.reference, *grounds, "--as", _DAN, "--json"))["id"]
    assert marker("of holding").encode() in life.comity("retention", life.reference)
    life.comity("hold", "lift", life.reference, hold, "--reason", marker("of lifting"), "--as", _DAN, expect=1)
    life.comity("destroy", "propose", life.reference, "vault", "--reason", marker("of ending"), "--as", _DAN, expect=1)
    life.comity("hold", "lift", life.reference, hold, "--reason", marker("of lifting"), "--as", "p-eve")


async def _arrive(life: MarkedLife) -> None:
    unreadable = life.place.folder / "unreadable.json"
    unreadable.write_text(json.dumps({f"{MARK}_field": f"{MARK}_value", "requesting_state": MARK}))
    again = str(letter(life.place))
    life.comity("submit", str(unreadable), "--as", "p-anna", expect=1)
    life.comity("submit", again, "--as", "p-anna", expect=1)
    life.comity("submit", again, "--as", "p-anna", "--supplement")
    for act in (Act.ACKNOWLEDGE, Act.VERIFY_SENDER, Act.POLICE_TOOK_IT, Act.NOTE, Act.REMIND, Act.REPORT_PROGRESS):
        await life.do("p-anna", act)
    await life.do("p-anna", Act.CHILD_PROTECTION_TOOK_IT)
    await life.do("p-anna", Act.FORWARD, "M3")
    now = life.request.received
    await life.do("p-anna", Act.CORRECT, deed=str(ULID()), act=Act.RECEIVE, was=now, instant=now, part="request")
    await life.do("p-anna", Act.LINK, reference=str(ULID()))
    await life.do("p-anna", Act.RECORD_LETTER, **gone_out("letter", "M1"))
    await life.do("p-anna", Act.ALLOCATE, person="p-anna")
    await life.do("p-anna", Act.HAND_OVER, person="p-eve")
    await life.do("p-anna", Act.SETTLE_COST, amount="12.00", currency="EUR", borne_by=Role.REQUESTING_AUTHORITY)
    await life.do("p-anna", Act.RECORD_CHILD_STATE, state="safe")
    soon = datetime.now(UTC) + timedelta(days=9)
    await life.do("p-anna", Act.PLAN_SAFEGUARD, safeguard="referral", protects="victim-1", by=soon)
    await life.do("p-anna", Act.RECORD_SAFEGUARD, name="S1")
    await life.do("p-anna", Act.SET_TASK, task="translation", by=soon)
    await life.do("p-anna", Act.RECORD_TASK, name="T1")
    await life.do("p-fay", Act.ASK_ABOUT_PROGRESS)
    await life.do("p-anna", Act.REPORT_PROGRESS)
    await life.do("p-anna", Act.RECORD_INTERVIEW, heard="victim-1")
    await life.do("p-anna", Act.RECORD_RECOVERY, protects="victim-1", until=soon)
    opened = life.comity("identity", life.reference, "victim-1", "--reason", marker("of opening"), "--as", "p-eve")
    assert IDENTITY.encode() in opened
    await _questions(life)


async def _questions(life: MarkedLife) -> None:
    """The letter's own are withdrawn, one more is asked and answered."""
    told = {"told": marker("of asking"), "field": marker("asked field")}
    await life.do("p-anna", Act.ASK, to=Role.REQUESTING_AUTHORITY, **told)
    await life.do("p-anna", Act.ANSWER, life.request.questions[-1].id, role="requesting authority", on_behalf=ON_BEHALF)
    for question in life.request.questions:
        if question.status == Status.ASKED:
            await life.do("p-anna", Act.WITHDRAW_QUESTION, question.id)


async def _review(life: MarkedLife) -> None:
    opaque = {"kind": f"{MARK} kind", "instrument": f"{MARK} law"}
    await life.do("p-anna", Act.OPEN_REVIEW)
    await life.do("p-anna", Act.ADD_MEASURE, measure={"id": "M4", "urgency": "P3", **opaque})
    await life.do("p-anna", Act.SET_LEGAL_BASIS, "M4", instrument=f"{MARK} other law")
    await life.do(_BOB, Act.ASSESS_URGENCY, "M4", urgency="P2", role=Role.REVIEWER)
    await life.do("p-fay", Act.WITHDRAW, "M4")
    await life.do(_BOB, Act.CONSULT, "M1", until=datetime.now(UTC) + timedelta(days=9))
    await life.do("p-fay", Act.ANSWER_CONSULTATION, "M1")
    found = looked_at(life.counter, life.request, "M2")["findings"]
    said = [each | {"reason": marker("of finding")} for each in found]
    await life.do(_BOB, Act.RECORD_FINDINGS, "M2", findings=said, role=Role.REVIEWER)
    await life.do("p-eve", Act.RECUSE, person="p-gus")
    await life.do("p-eve", Act.LIFT_RECUSAL, person="p-gus")
    await life.refused("p-anna", Act.PROPOSE, "M1", outcome=Act.GRANT)
    proposed = await life.do(_BOB, Act.PROPOSE, "M1", outcome=Act.GRANT)
    with pytest.raises(Refused, match="another deed"):
        await life.counter.act(life.reference, proposed.model_copy(update={"part": "M2"}))
    await life.do("p-carla", Act.GRANT, "M1", seen=digest_of(proposed.particulars))
    late = {"duty": "M1/execute", "estimate": datetime.now(UTC) + timedelta(days=400)}
    await life.do("p-anna", Act.REPORT_DELAY, **late)


async def _execute(life: MarkedLife) -> None:
    await life.do("p-anna", Act.ASSIGN, "M1")
    for act in (Act.START, Act.COMPLETE):
        await life.do(_DAN, act, "M1", role=Role.EXECUTING_AUTHORITY)
    await life.do(_BOB, Act.ORDER_PROVISIONALLY, "M2", role=Role.DUTY_OFFICER)
    await life.do("p-carla", Act.RATIFY, "M2", role=Role.DECIDER)
    await life.refused("p-anna", Act.ASK_REMOVAL)
    await life.do(_DAN, Act.START, "M2", role=Role.EXECUTING_AUTHORITY)
    in_a_year = datetime.now(UTC) + timedelta(days=365)
    await life.do(_DAN, Act.PUT_IN_FORCE, "M2", until=in_a_year, role=Role.EXECUTING_AUTHORITY)
    await life.do(_DAN, Act.LIFT, "M2", role=Role.EXECUTING_AUTHORITY)


def _hand_on(life: MarkedLife) -> None:
    """A thing with custody, each word of it a marker; and an entry that is refused."""
    about = ("--reason", marker("of custody"), "--place", marker("custody.place"), "--as", _DAN)
    who = ("--role", "evidence officer", "--organisation", marker("custody.organisation"))
    hands = ("--from", marker("custody.handed_by"), "--to", marker("custody.handed_to"))
    what = ("--description", marker("of a thing"), "--serial", marker("thing.serial"), "--seal-number", marker("bag"))
    words = ("evidence", "item", life.reference, *what, *hands, *about, *who, "--json")
    thing = read_json(life.comity(*words))["custody"]["exhibit"]
    life.comity("evidence", "enter", thing, "moved", *about, *who, expect=1)
    life.comity("evidence", "enter", thing, "moved", *hands, *about, *who, "--condition", marker("custody.condition"))
    apart = ("--hash", sha256(MARK.encode()).hexdigest(), "--description", marker("of what is elsewhere"))
    held = ("--held-by", marker("elsewhere.held_by"), "--held-as", marker("elsewhere.held_as"), hands[0], hands[1])
    kept = read_json(life.comity("evidence", "elsewhere", life.reference, *apart, *held, *about, *who, "--json"))
    life.comity("evidence", "mark", kept["custody"]["exhibit"], "--reason", marker("of marking"), "--as", _DAN)
    assert marker("of a thing").encode() in life.comity("evidence", "custody", thing)


async def _transfer(life: MarkedLife) -> None:
    """The package leaves once the recipient's key is one: before, each try fails with a text that quotes the file.

    Then it goes to an address that is a secret: first nobody answers there. The file with it is gone when all is over.
    """
    recipients = life.place.home / "recipients"
    secret = marker("of the address")
    sealed = _deposited(life)
    public = life.comity("evidence", "identity", str(life.place.folder / "lisbon.key"))
    (recipients / "lisbon.age").write_text(BAD_KEY)
    await life.do("p-anna", Act.CLAIM_PRIVILEGE, exhibit=sealed["exhibit"])
    by_court = {"role": Role.COURT, "on_behalf": ON_BEHALF}
    await life.do("p-anna", Act.DECIDE_PRIVILEGE, exhibit=sealed["exhibit"], upheld=False, **by_court)
    await life.do("p-anna", Act.TELL_CONCERNED, "M1", until=datetime.now(UTC) + timedelta(days=10))
    await life.do("p-anna", Act.RECORD_REMEDY, "M1")
    await life.do("p-anna", Act.DECIDE_REMEDY, "M1", upheld=False, **by_court)
    found = {"provider": marker("of another provider"), "country": "IE", "path": marker("of its path")}
    await life.do("p-anna", Act.FIND_OTHER_PROVIDER, "M1", **found)
    await life.do("p-anna", Act.TELL_OTHER_PROVIDER, "M1")
    await life.do(_DAN, Act.DRAFT_PACKAGE, exhibits=(sealed["exhibit"],), recipient="lisbon", channel=Channel.HTTPS)
    await life.do(_DAN, Act.PROPOSE_RELEASE, "P1")
    await life.do(_BOB, Act.APPROVE_RELEASE, "P1", seen=life.request.packages[0].content, role=Role.REVIEWER)
    await life.do(_DAN, Act.DISPATCH, "P1", at_once=True)
    until(lambda: b"deliver" in _log(life))
    with addresses(life.place.folder / "signed") as server:
        server.known_to(recipients, "lisbon")
        (recipients / "lisbon.url").write_text(f"https://127.0.0.1:1/{secret}?signature={secret}")
        (recipients / "lisbon.age").write_bytes(public)
        until(lambda: b"'activity_type': 'send'" in _log(life), 60)
        (recipients / "lisbon.url").write_text(f"https://127.0.0.1:{server.port}/{secret}?signature={secret}")
        until(lambda: Act.REPORT_DELIVERY in _acts(life), 60)
        assert list(server.put) == [f"/{secret}?signature={secret}"]
    (recipients / "lisbon.url").unlink()
    await _receive(life)


def _deposited(life: MarkedLife) -> Any:
    """A folder that is refused for a link in it, then as a bag that is not what it says, and taken as a folder."""
    seized = life.place.folder / f"{MARK}_seized"
    (seized / f"{MARK}_below").mkdir(parents=True)
    (seized / f"{MARK}_below" / f"{MARK}_found.bin").write_bytes(CONTENT[::-1] + CONTENT)
    bag = Path(copytree(seized, life.place.folder / f"{MARK}_bag"))
    bagit.make_bag(str(bag), {"Contact-Name": marker("of the bag")})
    (bag / "data" / f"{MARK}_below" / f"{MARK}_found.bin").write_bytes(CONTENT)
    (seized / f"{MARK}_link").symlink_to(bag)
    as_dan = ("--as", _DAN, "--role", "evidence officer", "--json")
    for refused in (seized, bag):
        life.comity("evidence", "deposit", life.reference, str(refused), *as_dan, expect=1)
    (seized / f"{MARK}_link").unlink()
    [taken] = read_json(life.comity("evidence", "deposit", life.reference, str(seized), *as_dan))
    return taken["seal"]


async def _receive(life: MarkedLife) -> None:
    [package] = (life.place.home / "outgoing" / "lisbon").rglob("*.age")
    identity, out = life.place.folder / "lisbon.key", life.place.folder / "received"
    sender = life.place.folder / "luxembourg.crt"
    sender.write_bytes(life.comity("evidence", "certificate"))
    trusting = ("--identity", str(identity), "--certificate", str(sender))
    life.comity("evidence", "receive", str(package), *trusting, "--out", str(out))
    receipt = ("--receipt", str(out / "receipt.json"), "--as", "p-anna", "--note", marker("of the call"))
    life.comity("act", life.reference, "confirm receipt", "--part", "P1", "--words", marker("of the receipt"), *receipt)


def _log(life: MarkedLife) -> bytes:
    return life.place.started[0].log.read_bytes()


def _acts(life: MarkedLife) -> set[str]:
    return {line.act for line in trace(life.counter.home, life.reference)}


def digests() -> Iterable[str]:
    """The hashes of what was handed over, by which known material is found."""
    return (sha256(MARK.encode()).hexdigest(), sha256(CONTENT).hexdigest(), sha256(CONTENT[::-1] + CONTENT).hexdigest())
