"""The papers of a file can be read again by who works on it, and by nobody unseen."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ulid import ULID

from comity.errors import NotYours, Objection, Refused, Unreadable
from comity.request.lifecycle import Role
from comity.request.model import Channel
from desk.depositing import Intake, take_in, unwatched
from desk.filing import Paper, file_paper
from desk.papers import Wanted, papers, read
from desk.tracing import Line, trace
from tests.office import Office, letter, office

NOTE = "He called back from the number of the directory.\n"


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        yield opened


async def filed(authority: Office, tmp_path: Path) -> tuple[str, str, str]:
    """A request with a note of a call and a scan. Returns its reference and the ids of both."""
    reference = await authority.submit(letter("P3"))
    scan = tmp_path / "scan.bin"
    scan.write_bytes(bytes(range(256)))
    told = (Paper(Channel.PHONE, note=NOTE), Paper(Channel.COURIER, file=scan))
    ids = [file_paper(authority.home, reference, each, (str(ULID()), "p-anna", Role.COORDINATOR)).id for each in told]
    return reference, ids[0], ids[1]


def touched(authority: Office, reference: str, exhibit: str) -> list[Line]:
    """What its custody says."""
    return [line for line in trace(authority.home, reference) if line.what.get("exhibit") == exhibit]


async def test_a_paper_is_listed_and_read_and_its_custody_says_who_did_and_why(
    authority: Office, tmp_path: Path
) -> None:
    reference, note, scan = await filed(authority, tmp_path)
    assert [(each.exhibit, each.name, each.size) for each in papers(authority.counter, reference)] == [
        (note, "call note", len(NOTE)),
        (scan, "scan.bin", 256),
    ]
    assert read(authority.counter, reference, Wanted(note, "p-bob", "to prepare the decision")) == NOTE
    [sealed, accessed] = touched(authority, reference, note)
    assert (accessed.act, accessed.person, accessed.what["reason"]) == (
        "accessed",
        "p-bob",
        "to prepare the decision",
    )
    assert accessed.what["hash_before"] == sealed.what["hash_after"]
    authority.verified()


async def test_what_is_no_text_is_left_in_a_new_file_of_its_readers_own(authority: Office, tmp_path: Path) -> None:
    reference, _, scan = await filed(authority, tmp_path)
    with pytest.raises(Unreadable, match="--out FILE"):
        read(authority.counter, reference, Wanted(scan, "p-bob", "to see it"))
    out = tmp_path / "taken along"
    assert read(authority.counter, reference, Wanted(scan, "p-bob", "to see it", out)) is None
    assert (out.read_bytes(), out.stat().st_mode & 0o777) == (bytes(range(256)), 0o600)
    with pytest.raises(Refused, match="choose another name"):
        read(authority.counter, reference, Wanted(scan, "p-bob", "to see it", out))


async def test_a_text_that_would_order_a_terminal_about_is_no_text(authority: Office, tmp_path: Path) -> None:
    reference = await authority.submit(letter("P3"))
    sent = tmp_path / "note\u202etxt.exe"
    sent.write_text("\x9b2J")
    by = (str(ULID()), "p-anna", Role.COORDINATOR)
    paper = file_paper(authority.home, reference, Paper(Channel.COURIER, file=sent), by)
    [listed] = papers(authority.counter, reference)
    assert listed.line.endswith(r"note\u202etxt.exe")
    with pytest.raises(Unreadable, match="--out FILE"):
        read(authority.counter, reference, Wanted(paper.id, "p-bob", "to see it"))


async def test_evidence_and_people_outside_are_refused_and_the_attempt_is_on_record(
    authority: Office, tmp_path: Path
) -> None:
    reference, note, _ = await filed(authority, tmp_path)
    (tmp_path / "found").write_bytes(b"harmless bytes")
    officer = ("M1", "p-dan", Role.EVIDENCE_OFFICER)
    [taken] = await take_in(authority.counter, Intake(tmp_path / "found", reference, *officer), unwatched)
    found = taken.seal.exhibit
    with pytest.raises(Objection, match="leaves in a package"):
        read(authority.counter, reference, Wanted(found, "p-bob", "to see it"))
    with pytest.raises(Objection, match="no such paper"):
        read(authority.counter, reference, Wanted(str(ULID()), "p-bob", "to see it"))
    with pytest.raises(NotYours):
        read(authority.counter, reference, Wanted(note, "p-fay", "to see it"))
    tried = [line for line in trace(authority.home, reference) if line.kind == "attempt"]
    assert [line.what["tried"]["exhibit"] for line in tried][0::2] == [found, note]
    assert [line.act for line in touched(authority, reference, found)] == ["sealed"]
