"""Custody is entered by who had an exhibit in hand, told whole, and printed; bytes are read after their entry only."""

import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment
from ulid import ULID

from activities.evidence import Departure, EvidenceRoom
from comity.errors import DeedReused, NotFound, NotYours, Objection, Refused, Unreadable
from comity.evidence import recipient
from comity.evidence.custody import OUR_OFFICE, Action
from comity.request.lifecycle import Act, Role
from desk import entering, itemising
from desk.custody import custody_of, lines, listed
from desk.depositing import Intake, take_in, unwatched
from desk.doctor import Finding, examine
from desk.entering import Entered, Said, enter
from desk.itemising import Collected, register
from desk.printing import pdf, signed
from desk.tracing import trace
from tests.office import Office, letter, office

PLACE = "مخزن الأدلة، تونس"
WHAT = {"description": "a mobile telephone, black", "make": "Invented", "serial": "SN-0001"}


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("custody")) as opened:
        yield opened


@pytest.fixture
async def reference(authority: Office) -> str:
    """A request."""
    return await authority.submit(letter("P3"))


async def deposited(
    authority: Office, reference: str, folder: Path, data: bytes = b"harmless bytes", role: Role = Role.EVIDENCE_OFFICER
) -> str:
    """A file that Dan has deposited for M1; its exhibit."""
    path = folder / "found.bin"
    path.write_bytes(data)
    handed = Intake(path, reference, "M1", "p-dan", role)
    [taken] = await take_in(authority.counter, handed, unwatched)
    return taken.seal.exhibit


def said(exhibit: str, action: str = "moved", **more: Any) -> Said:
    """What a person says was done; handed on from the unit to the store."""
    named: dict[str, Any] = {name: more.pop(name) for name in ("role", "happened", "name", "reason") if name in more}
    ends = {"handed_by": "unit", "handed_to": "store"} if action == "moved" else {}
    return Said(exhibit, action, **({"reason": "for safe keeping"} | named), more=ends | more)


def collected(reference: str, **more: Any) -> Collected:
    """A telephone, sealed in a bag by its number."""
    named: dict[str, Any] = {name: more.pop(name) for name in ("exhibit", "happened", "described") if name in more}
    named = {"described": WHAT, "reason": "ordered by the court"} | named
    first = {"handed_by": "the owner", "handed_to": "unit", "place": PLACE, "seal_number_after": "BAG-7"}
    return Collected(reference, **named, more=first | more)


def attempts(authority: Office, reference: str) -> list[str]:
    """The acts that were refused."""
    return [line.act for line in trace(authority.home, reference) if line.kind == "attempt"]


# --- entered ----------------------------------------------------------------------------------------------------------


async def test_what_a_person_did_stands_in_the_ledger_under_their_name(
    authority: Office, reference: str, tmp_path: Path
) -> None:
    exhibit = await deposited(authority, reference, tmp_path)
    done = enter(authority.counter, "p-dan", said(exhibit, place=PLACE, seal_number_after="S-1", condition="whole"))
    line = list(trace(authority.home, reference))[-1]
    assert (line.index, line.kind, line.act, line.person, line.role) == (
        done.index, "custody", "moved", "p-dan", "evidence officer",
    )  # fmt: skip
    assert (line.what["place"], line.what["seal_number_after"], line.what["condition"]) == (PLACE, "S-1", "whole")
    authority.verified()


async def test_who_executes_is_of_their_unit_and_everybody_else_of_the_central_authority(
    authority: Office, reference: str, tmp_path: Path
) -> None:
    """Truth protected: no entry says of the police, or of a laboratory, that they are the central authority."""
    exhibit = await deposited(authority, reference, tmp_path, role=Role.EXECUTING_AUTHORITY)
    enter(authority.counter, "p-dan", said(exhibit))
    enter(authority.counter, "p-dan", said(exhibit, role="executing authority"))
    enter(authority.counter, "p-dan", said(exhibit, role="executing authority", organisation="the laboratory"))
    organisations = [link.custody.organisation for link in custody_of(authority.home, exhibit).entries]
    assert organisations == ["central", OUR_OFFICE, "central", "the laboratory"]


async def test_said_again_under_its_id_it_is_entered_once(authority: Office, reference: str, tmp_path: Path) -> None:
    exhibit, name = await deposited(authority, reference, tmp_path), str(ULID())
    first = enter(authority.counter, "p-dan", said(exhibit, name=name))
    assert enter(authority.counter, "p-dan", said(exhibit, name=name)) == first
    assert [link.custody.action for link in custody_of(authority.home, exhibit).entries] == ["sealed", "moved"]
    with pytest.raises(DeedReused, match="an id of its own"):
        enter(authority.counter, "p-dan", said(exhibit, name=name, place="elsewhere"))


async def test_said_again_days_later_it_is_not_late(
    authority: Office, reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exhibit, name, now = await deposited(authority, reference, tmp_path), str(ULID()), datetime.now(UTC)
    first = enter(authority.counter, "p-dan", said(exhibit, name=name, happened=now))
    monkeypatch.setattr(entering, "datetime", Later)
    with pytest.raises(Objection, match="--late"):
        enter(authority.counter, "p-dan", said(exhibit, happened=now))
    assert enter(authority.counter, "p-dan", said(exhibit, name=name, happened=now)) == first


class Later(datetime):
    """A clock that is two days on."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Later":
        """Two days from now."""
        return cls.fromtimestamp((datetime.now(tz) + timedelta(days=2)).timestamp(), tz)


REFUSED: dict[str, tuple[str, str, dict[str, Any], type[Refused], str]] = {
    "by who had nothing in hand": ("p-carla", "moved", {}, NotYours, "does not hold"),
    "as who has nothing in hand": ("p-dan", "moved", {"role": "decider"}, NotYours, "entered as one of"),
    "what the service enters": ("p-dan", "sealed", {}, Objection, "not entered by hand"),
    "what is for retention": ("p-dan", "destroyed", {}, Objection, "not entered by hand"),
    "a word that is none": ("p-dan", "lost", {}, Objection, "not entered by hand"),
    "from nobody": ("p-dan", "moved", {"handed_by": None}, Unreadable, "say both"),
    "in no zone": ("p-dan", "moved", {"zone": "Nowhere/Land"}, Unreadable, "no such time zone"),
    "no hash": ("p-dan", "accessed", {"hash_before": "123"}, Unreadable, "hash_before"),
    "a parent of another request": ("p-dan", "copied", {"parent": str(ULID())}, Objection, "no such exhibit"),
    "a sheet of another request": ("p-dan", "copied", {"signed": str(ULID())}, Objection, "no such exhibit"),
    "what no page can show": ("p-dan", "moved", {"place": "a\x07b"}, Unreadable, "that no page can show: place"),
    "an id that is none": ("p-dan", "accessed", {"name": "Aurelia"}, Unreadable, "--id"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
async def test_a_refused_entry_is_an_attempt_and_nothing_else(
    authority: Office, reference: str, tmp_path: Path, what: str
) -> None:
    person, action, more, error, says = REFUSED[what]
    exhibit = await deposited(authority, reference, tmp_path)
    with pytest.raises(error, match=says):
        enter(authority.counter, person, said(exhibit, action, **more))
    assert attempts(authority, reference) == ["enter custody"]
    assert len(custody_of(authority.home, exhibit).entries) == 1


async def test_a_name_neither_turns_round_nor_orders_a_terminal_about(
    authority: Office, reference: str, tmp_path: Path
) -> None:
    """It is spelt out where a person reads it, and stands as it came where a program does."""
    path = tmp_path / "report\u202efdp.exe\x1b[2J"
    path.write_bytes(b"harmless bytes")
    handed = Intake(path, reference, "M1", "p-dan", Role.EVIDENCE_OFFICER)
    [taken] = await take_in(authority.counter, handed, unwatched)
    custody = custody_of(authority.home, taken.seal.exhibit)
    assert custody.name == path.name
    told = [*lines(custody), *(each.line for each in listed(authority.home, reference))]
    assert [line for line in told if "\u202e" in line or "\x1b" in line] == []
    assert [r"report\u202efdp.exe\x1b[2J" in line for line in told].count(True) == 2


async def test_what_is_no_exhibit_has_no_custody(authority: Office) -> None:
    before = len(attempts(authority, ""))
    with pytest.raises(NotFound):
        enter(authority.counter, "p-dan", said(str(ULID())))
    assert attempts(authority, "")[before:] == ["enter custody"]


async def test_nothing_happens_in_the_future_and_what_comes_late_says_why(
    authority: Office, reference: str, tmp_path: Path
) -> None:
    exhibit, now = await deposited(authority, reference, tmp_path), datetime.now(UTC)
    with pytest.raises(Objection, match="in the future"):
        enter(authority.counter, "p-dan", said(exhibit, happened=now + timedelta(hours=1)))
    before = now - timedelta(days=2)
    with pytest.raises(Objection, match="--late"):
        enter(authority.counter, "p-dan", said(exhibit, happened=before))
    enter(authority.counter, "p-dan", said(exhibit, "collected", happened=before, late="the court sat on it"))
    first = custody_of(authority.home, exhibit).entries[0]
    assert (first.custody.action, first.custody.at) == ("collected", before)
    assert first.recorded >= now
    assert any("late: the court sat on it" in line for line in lines(custody_of(authority.home, exhibit)))
    authority.verified()


async def test_a_copy_knows_its_parent_and_the_parent_its_copies(
    authority: Office, reference: str, tmp_path: Path
) -> None:
    phone = register(authority.counter, "p-dan", collected(reference)).custody.exhibit
    image = await deposited(authority, reference, tmp_path)
    enter(authority.counter, "p-dan", said(image, "copied", parent=phone, tool="imager", tool_version="4.2"))
    assert custody_of(authority.home, image).parents == (phone,)
    assert custody_of(authority.home, phone).children == (image,)
    with pytest.raises(Objection, match="come of itself"):
        enter(authority.counter, "p-dan", said(phone, "copied", parent=image))
    with pytest.raises(Objection, match="leave it out"):
        enter(authority.counter, "p-dan", said(image, "accessed", parent=phone))


# --- things -----------------------------------------------------------------------------------------------------------


async def test_a_thing_is_an_exhibit_with_custody_from_its_first_hands(authority: Office, reference: str) -> None:
    done = register(authority.counter, "p-dan", collected(reference))
    told = custody_of(authority.home, done.custody.exhibit)
    assert (told.item, told.name) == (True, "a mobile telephone, black")
    first, sealed = (link.custody for link in told.entries)
    assert (first.action, first.handed_by, first.place, first.seal_number_after) == (
        "collected", "the owner", PLACE, "BAG-7",
    )  # fmt: skip
    assert (sealed.action, sealed.hash_after) == (Action.SEALED, told.sha256)
    assert told.breaks == ()
    assert [(each.what, each.entries) for each in listed(authority.home, reference)] == [("thing", 2)]
    authority.verified()


async def test_a_thing_said_again_by_its_id_is_registered_once(authority: Office, reference: str) -> None:
    exhibit = str(ULID())
    first = register(authority.counter, "p-dan", collected(reference, exhibit=exhibit))
    assert register(authority.counter, "p-dan", collected(reference, exhibit=exhibit)) == first
    with pytest.raises(DeedReused):
        register(authority.counter, "p-dan", collected(reference, exhibit=exhibit, described={"description": "a car"}))
    assert len(custody_of(authority.home, exhibit).entries) == 2


async def test_the_doctor_knows_a_thing_by_its_custody_and_names_one_that_was_left_half_way(
    authority: Office, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies after the description was sealed: said again by its id, the thing is whole."""
    register(authority.counter, "p-dan", collected(reference))
    assert (await found_by_doctor(authority)).well
    exhibit = str(ULID())
    with monkeypatch.context() as dying:
        dying.setattr(itemising, "entered", _dies)
        with pytest.raises(KeyboardInterrupt):
            register(authority.counter, "p-dan", collected(reference, exhibit=exhibit))
    named = await found_by_doctor(authority)
    assert (named.well, exhibit in named.detail) == (False, True)
    register(authority.counter, "p-dan", collected(reference, exhibit=exhibit))
    assert (await found_by_doctor(authority)).well


def _dies(*_: object) -> Entered:
    raise KeyboardInterrupt


async def found_by_doctor(authority: Office) -> Finding:
    """What the doctor says of exhibits."""
    return next(each for each in await examine(authority.home.settings) if each.what == "exhibits")


async def test_a_thing_has_no_hash_of_its_own(authority: Office, reference: str) -> None:
    phone = register(authority.counter, "p-dan", collected(reference)).custody.exhibit
    with pytest.raises(Objection, match="a thing has no hash"):
        enter(authority.counter, "p-dan", said(phone, "analysed", hash_before="ab" * 32))


@pytest.mark.parametrize(
    ("person", "more", "error"),
    [
        ("p-carla", {}, NotYours),
        ("p-dan", {"described": {"description": ""}}, Unreadable),
        ("p-dan", {"described": {"description": "a\nb"}}, Unreadable),
        ("p-dan", {"parent": str(ULID())}, Objection),
        ("p-dan", {"happened": datetime(2020, 1, 1, tzinfo=UTC)}, Objection),
    ],
)
async def test_a_thing_that_is_refused_leaves_no_exhibit(
    authority: Office, reference: str, person: str, more: dict[str, Any], error: type[Refused]
) -> None:
    with pytest.raises(error):
        register(authority.counter, person, collected(reference, **more))
    assert attempts(authority, reference) == ["register a thing"]
    assert list(listed(authority.home, reference)) == []


# --- told -------------------------------------------------------------------------------------------------------------


async def chain_of(authority: Office, reference: str) -> tuple[str, list[Entered]]:
    """A telephone that went from hand to hand; its id, and the entries after it was sealed."""
    phone = register(authority.counter, "p-dan", collected(reference)).custody.exhibit
    steps = [
        said(phone, "moved", handed_by="unit", handed_to="laboratory", zone="Africa/Tunis", authorisation="ORD 12/26"),
        said(phone, "analysed", seal_number_before="BAG-7", seal_number_after="BAG-8", tool="reader", tool_version="3"),
        said(phone, "moved", handed_by="laboratory", handed_to="unit", seal_number_before="BAG-8"),
    ]
    return phone, [enter(authority.counter, "p-dan", step) for step in steps]


async def test_the_chain_reads_from_its_first_hands_to_its_last(authority: Office, reference: str) -> None:
    phone, done = await chain_of(authority, reference)
    told = custody_of(authority.home, phone)
    text = "\n".join(lines(told))
    assert text.count(told.sha256) == 1
    assert told.sha256[:12] + "…" in text
    for shown in (PLACE, "BAG-7 → BAG-8", "unit → laboratory", "Africa/Tunis", "ORD 12/26", "reader 3", "p-dan as"):
        assert shown in text
    assert [line.split()[0] for line in text.splitlines() if line[:4].strip().rstrip(".").isdigit()] == [
        "1.", "2.", "3.", "4.", "5.",
    ]  # fmt: skip
    assert all(f"in the ledger {each.index}" in text for each in done)
    assert text.endswith("The chain of custody is unbroken: 5 entries.")


async def test_a_gap_between_two_hands_is_named(authority: Office, reference: str) -> None:
    phone, _ = await chain_of(authority, reference)
    enter(authority.counter, "p-dan", said(phone, handed_by="laboratory", handed_to="store"))
    told = custody_of(authority.home, phone)
    assert [each.number for each in told.breaks] == [6]
    assert list(lines(told))[-1].startswith("THE CHAIN IS BROKEN at entry 6: it is handed on by others")


async def test_telling_custody_enters_nothing(authority: Office, reference: str) -> None:
    """What is told are entries, no bytes: as with the story of a request."""
    phone, _ = await chain_of(authority, reference)
    before = len(authority.entries(reference))
    list(lines(custody_of(authority.home, phone)))
    assert len(authority.entries(reference)) == before


async def test_the_page_can_be_read_by_another_tool(authority: Office, reference: str, tmp_path: Path) -> None:
    phone, _ = await chain_of(authority, reference)
    at, told = datetime.now(UTC), custody_of(authority.home, phone)
    page = tmp_path / "custody.pdf"
    page.write_bytes(pdf(told, at))
    text = _poppler("pdftotext", "-layout", str(page), "-")
    for shown in (phone, told.sha256, "BAG-7 → BAG-8", "unit → laboratory", "unbroken: 5 entries"):
        assert shown in text
    assert "مخزن" in text
    assert "تونس" in text
    assert pdf(told, at) == page.read_bytes()
    assert all(line.split()[-5] == "yes" for line in _poppler("pdffonts", str(page)).splitlines()[2:])
    assert "pdfaid:part>2<" in _poppler("pdfinfo", "-meta", str(page))


async def test_the_signature_of_the_page_is_checked_by_another_tool(
    authority: Office, reference: str, tmp_path: Path
) -> None:
    phone, _ = await chain_of(authority, reference)
    page = signed(authority.home, pdf(custody_of(authority.home, phone), datetime.now(UTC)))
    (tmp_path / "custody.pdf").write_bytes(page)
    told = _poppler("pdfsig", str(tmp_path / "custody.pdf"))
    assert "Signature is Valid" in told
    assert "Total document signed" in told
    assert "central authority of LU" in told
    assert 'pdfaid:part="2"' in _poppler("pdfinfo", "-meta", str(tmp_path / "custody.pdf"))
    (tmp_path / "altered.pdf").write_bytes(page.replace(b"/Type", b"/Tupe", 1))
    assert "Signature is Valid" not in _poppler("pdfsig", str(tmp_path / "altered.pdf"))


async def test_a_script_without_a_font_is_refused_not_left_out(authority: Office, reference: str) -> None:
    """U+0378 is no character of any script: no font has it."""
    phone = register(authority.counter, "p-dan", collected(reference, place="\u0378")).custody.exhibit
    with pytest.raises(Unreadable, match="no font here"):
        pdf(custody_of(authority.home, phone), datetime.now(UTC))


async def test_what_is_said_is_shown_as_it_was_said_and_never_read_as_markup(
    authority: Office, reference: str, tmp_path: Path
) -> None:
    said_so = "#panic() $x^2$ *bold* \\u{41} @ref <label> [x] // no comment"
    phone = register(authority.counter, "p-dan", collected(reference, place=said_so)).custody.exhibit
    (tmp_path / "custody.pdf").write_bytes(pdf(custody_of(authority.home, phone), datetime.now(UTC)))
    assert said_so in _poppler("pdftotext", "-layout", str(tmp_path / "custody.pdf"), "-")


def _poppler(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True).stdout.decode()  # noqa: S603


# --- bytes that leave -------------------------------------------------------------------------------------------------


async def test_the_bytes_of_a_package_are_read_after_the_entry_that_says_so(
    authority: Office, reference: str, tmp_path: Path
) -> None:
    """The exhibit cannot be read at first: that it was to be read is on record already, and it is entered once."""
    authority.home.recipient("requester").write_text(recipient.create(tmp_path / "identity"))
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    exhibit = await deposited(authority, reference, tmp_path)
    await authority.do(reference, "p-dan", Act.DRAFT_PACKAGE, exhibits=(exhibit,), recipient="requester")
    await authority.do(reference, "p-dan", Act.PROPOSE_RELEASE, "P1")
    seen = authority.request(reference).packages[0].content
    await authority.do(reference, "p-bob", Act.APPROVE_RELEASE, "P1", seen=seen)
    room, departure = (
        EvidenceRoom(authority.home, authority.env.client),
        Departure(reference=reference, package="P1", attempt=1),
    )
    [kept] = authority.home.folder.joinpath("vault").glob(f"*{exhibit}*")
    away = kept.rename(tmp_path / "away")
    with pytest.raises(NotFound):
        ActivityEnvironment().run(room.deliver, departure)
    assert actions(authority, exhibit) == ["sealed", "copied"]
    away.rename(kept)
    for _ in range(2):
        ActivityEnvironment().run(room.deliver, departure)
    assert actions(authority, exhibit) == ["sealed", "copied", "released"]
    assert custody_of(authority.home, exhibit).breaks == ()


def actions(authority: Office, exhibit: str) -> list[str]:
    """What was done with an exhibit, in order."""
    return [link.custody.action for link in custody_of(authority.home, exhibit).entries]
