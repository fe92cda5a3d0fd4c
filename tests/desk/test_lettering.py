"""Letters over a real server: written, sealed, recorded, left for whoever hands them on, and kept when they come in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from ulid import ULID

from comity.errors import DeedReused, NotFound, NotOpen, NotYours, Objection, Refused, Unreadable
from comity.evidence import exhibits
from comity.keys.request_keys import KeyClass
from comity.ledger.leaf import Kind
from comity.letters.rendering import instant
from comity.request.lifecycle import Act, Role
from comity.request.model import Channel, Way
from comity.request.rules import part_of
from desk.disclosing import Telling, disclose
from desk.filing import Paper
from desk.lettering import Lettered, Said, lettered
from desk.oral import open_oral
from tests.desk.test_oral import call
from tests.office import Office, letter, office, waited
from tests.request.lives import SPOKEN
from tests.reviews import ground_for

TOLD, KEPT = "Proceedings of our own are under way.", "the second suspect is ours"
REFUSAL = Said("refusal", channel="e-mail")
FOREIGN = "Офіс Генерального прокурора"


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("letters")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def refused(authority: Office) -> str:
    """A request of which M1 is refused, with a reason that is told and one that is kept; M2 is sought."""
    reference = await authority.submit(letter("P3", "P3"))
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    await refuse(authority, reference, "M1")
    return reference


async def refuse(authority: Office, reference: str, part: str) -> None:
    """Bob consults and proposes to refuse, Carla does."""
    await authority.do(reference, "p-bob", Act.CONSULT, part, until=datetime.now(UTC) + timedelta(days=5))
    await authority.do(reference, "p-fay", Act.ANSWER_CONSULTATION, part)
    ground = ground_for(authority.counter, authority.request(reference), part, Act.REFUSE)
    kept = {"ground": ground, "reason": KEPT, "words": KEPT}
    await authority.review(reference, part, ground)
    await authority.do(reference, "p-bob", Act.PROPOSE, part, outcome=Act.REFUSE, told=TOLD, **kept)
    seen = getattr(part_of(authority.request(reference), part), "proposal", None)
    await authority.do(reference, "p-carla", Act.REFUSE, part, seen=seen, **kept)


async def said(authority: Office, reference: str, words: Said, person: str = "p-anna") -> Lettered:
    """What becomes of it; the whole ledger is verified afterwards."""
    told = await lettered(authority.counter, reference, person, words)
    authority.verified()
    return told


def in_the_vault(authority: Office, reference: str, exhibit: str) -> bytes:
    """The bytes of an exhibit, opened."""
    opened = partial(authority.home.keys.open, reference, KeyClass.CONTENT, context=f"exhibit {exhibit}")
    return b"".join(authority.home.vault.read(exhibit, lambda wrapped: opened(sealed=wrapped)))


async def test_a_refusal_that_is_recorded_ends_the_duty_to_tell_the_outcome(
    authority: Office, refused: str, tmp_path: Path
) -> None:
    """Its bytes in the vault are the text, and the text tells the reason that is told and not the one that is kept."""
    assert authority.owed(refused, "M1/tell the outcome")
    out = tmp_path / "refusal.txt"
    told = await said(authority, refused, replace(REFUSAL, out=out))
    assert told.text
    assert told.exhibit
    assert (TOLD in told.text, KEPT in told.text) == (True, False)
    assert authority.owed(refused, "M1/tell the outcome") is None
    assert in_the_vault(authority, refused, told.exhibit.id) == told.text.encode() == out.read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600
    kept = authority.request(refused).letters[-1]
    assert (kept.kind, kept.way, kept.channel, kept.about) == ("refusal", Way.OUT, Channel.E_MAIL, ("M1",))
    assert (kept.exhibit, told.exhibit.sha256) == (told.exhibit, sha256(told.text.encode()).hexdigest())
    assert "\n".join(told.lines()).endswith(told.next)
    assert told.next.startswith("hand this on by e-mail; nothing was sent")


async def test_the_sealing_of_a_letter_is_custody_of_it(authority: Office, refused: str) -> None:
    told = await said(authority, refused, REFUSAL)
    assert told.exhibit
    with authority.home.store.reading() as view:
        assert exhibits.find(view, told.exhibit.id).reference == refused
    assert [entry.leaf.kind for entry in authority.entries(refused)[-2:]] == [Kind.CUSTODY, Kind.DEED]


async def test_a_draft_leaves_no_trace(authority: Office, refused: str) -> None:
    before = authority.entries(refused)
    told = await said(authority, refused, replace(REFUSAL, draft=True))
    assert told.text
    assert TOLD in told.text
    assert (told.receipt, told.exhibit, list(told.lines())) == (None, None, [told.text.rstrip("\n")])
    assert authority.entries(refused) == before


async def test_the_other_authority_stands_in_it_as_it_writes_itself(authority: Office, refused: str) -> None:
    told = await said(authority, refused, Said("acknowledgement", draft=True))
    assert told.text
    assert FOREIGN in told.text
    assert told.about == ("M1", "M2")


async def test_the_questions_are_those_that_the_letter_raised(authority: Office) -> None:
    reference = await authority.submit(letter("P3", purpose=None))
    questions = authority.request(reference).questions
    told = await said(authority, reference, Said("questions", draft=True))
    assert told.text
    assert told.about == tuple(question.id for question in questions)
    assert told.text.count("- Q") == told.text.count("Please state") == len(questions) > 0


async def test_the_same_said_again_under_its_id_is_the_same_letter(authority: Office, refused: str) -> None:
    """It is dated by its id: a letter that was on its way when the machine stopped is not written twice."""
    words = replace(REFUSAL, deed=str(ULID()))
    first, again = await said(authority, refused, words), await said(authority, refused, words)
    assert again == first
    assert [kept.exhibit for kept in authority.request(refused).letters].count(first.exhibit) == 1  # type: ignore[arg-type]
    with pytest.raises(DeedReused):
        await said(authority, refused, replace(words, kind="progress"))


async def test_a_second_refusal_tells_of_what_the_first_did_not_and_said_again_of_the_same(authority: Office) -> None:
    reference = await authority.submit(letter("P3", "P3"))
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    told = []
    for part in ("M1", "M2"):
        await refuse(authority, reference, part)
        words = replace(REFUSAL, deed=str(ULID()))
        told += [await said(authority, reference, words) for _ in range(2)]
    assert [each.about for each in told] == [("M1",), ("M1",), ("M2",), ("M2",)]
    assert (told[0], told[2]) == (told[1], told[3])
    assert len(authority.request(reference).letters) == 2


async def test_an_edited_text_goes_out_as_it_is(authority: Office, refused: str, tmp_path: Path) -> None:
    edited = tmp_path / "edited.txt"
    edited.write_bytes("رسالة محررة\r\n{{ view.kind }}\n".encode())
    told = await said(authority, refused, replace(REFUSAL, text=edited))
    assert told.exhibit
    assert in_the_vault(authority, refused, told.exhibit.id) == edited.read_bytes()


async def test_a_letter_that_comes_in_is_kept_as_it_came(authority: Office, refused: str, tmp_path: Path) -> None:
    """Of any kind; it counts from the instant at which it was received."""
    scan, received = tmp_path / "scan.pdf", datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=3)
    scan.write_bytes(b"%PDF-1.4 invented")
    words = Said(
        "opinion",
        coming=Paper(Channel.COURIER, scan),
        channel="courier",
        received=received,
        about=("M2",),
        deed=str(ULID()),
    )
    told, again = await said(authority, refused, words), await said(authority, refused, words)
    assert told == again
    assert (told.text, told.next) == (None, "")
    kept = authority.request(refused).letters[-1]
    assert (kept.kind, kept.way, kept.about, kept.at) == ("opinion", Way.IN, ("M2",), received.replace(tzinfo=UTC))
    assert in_the_vault(authority, refused, kept.exhibit.id) == scan.read_bytes()


async def test_a_last_letter_sets_the_date_that_is_waited_for(authority: Office) -> None:
    reference = await authority.submit(letter("P3"))
    until = datetime(2027, 1, 31, 12, 0)  # noqa: DTZ001 - as it is typed
    await said(authority, reference, Said("last-letter", until=until))
    assert authority.request(reference).last_letter_until == until.replace(tzinfo=UTC)


# --- at night ---------------------------------------------------------------------------------------------------------

ON_DUTY = {"role": Role.DUTY_OFFICER}


async def by_voice(authority: Office) -> str:
    """An oral P0, whose data one officer has ordered to be kept; what found the child was told by phone."""
    reference = (await open_oral(authority.counter, call())).reference
    await authority.do(reference, "p-bob", Act.ORDER_PROVISIONALLY, "M1", **ON_DUTY, **SPOKEN)
    await authority.do(reference, "p-bob", Act.VERIFY_SENDER, number="+999 2", **ON_DUTY)
    telling = Telling(str(ULID()), "p-bob", "3 Example Street", "the caller", "+999 2", "the child is there")
    await disclose(authority.counter, reference, telling)
    await authority.reckoned(reference)
    return reference


async def test_one_officer_alone_writes_all_that_a_night_needs(authority: Office) -> None:
    """And in the morning, whoever was told of it at night is told that it was not ratified."""
    reference = await by_voice(authority)
    due = {owed.key: owed.due for owed in authority.request(reference).duties}
    oral = await said(authority, reference, Said("confirmation of an oral request"), "p-bob")
    confirm_by = due["request/confirm in writing"]
    assert confirm_by
    assert instant(confirm_by) in flat(oral)
    until = datetime(2027, 2, 20)  # noqa: DTZ001 - as it is typed
    order = await said(authority, reference, Said("preservation order", until=until), "p-bob")
    assert "the data of the account user-77b1@nuage.example" in flat(order)
    assert "20 February 2027, 00:00 UTC" in flat(order)
    note = await said(authority, reference, Said("disclosure note"), "p-bob")
    assert "P1: 1 exhibit, told by phone." in flat(note)
    assert "It is a lead" in flat(note)
    police = await said(authority, reference, Said("note for the police"), "p-bob")
    assert police.about == ("M1",)
    assert [each for each in (oral, order, note, police) if "Figueira" in flat(each)] == []


async def test_that_a_night_was_not_ratified_is_told_once_it_was_refused(authority: Office) -> None:
    reference = await by_voice(authority)
    for kind in ("ratification", "ratification refused"):
        with pytest.raises(Objection, match="nothing in this request is ready"):
            await said(authority, reference, Said(kind))
    await authority.do(reference, "p-eve", Act.RATIFY, "M1")
    await authority.do(reference, "p-eve", Act.REFUSE_DISCLOSURE, "P1", reason=KEPT)
    assert authority.owed(reference, "P1/tell that it was not ratified")
    told = await said(authority, reference, Said("ratification refused", channel="phone"))
    assert (told.about, KEPT in flat(told)) == (("P1",), False)
    assert authority.owed(reference, "P1/tell that it was not ratified") is None
    assert (await said(authority, reference, Said("ratification", to="provider"))).about == ("M1",)


def flat(told: Lettered) -> str:
    """The text in one line."""
    return " ".join((told.text or "").split())


# --- what is wrong ----------------------------------------------------------------------------------------------------

_HERE = Path(__file__)
WRONG: dict[str, tuple[Said, type[Refused], str]] = {
    "an unknown kind": (Said("ode"), NotFound, "there are acknowledgement, "),
    "no date": (Said("last letter"), Unreadable, "needs a date"),
    "a part that is not there": (replace(REFUSAL, about=("M9",)), NotFound, "no part M9"),
    "a part that is none": (replace(REFUSAL, about=("x",)), NotFound, "no part x"),
    "a part that is not refused": (replace(REFUSAL, about=("M2",)), Objection, "cannot speak of M2: it is 'sought'"),
    "a year that no letter means": (Said("delay", until=datetime(1500, 1, 1)), Unreadable, "1900"),  # noqa: DTZ001
    "an unknown channel": (replace(REFUSAL, channel="pigeon"), Unreadable, "there are letter, courier"),
    "an unknown role": (replace(REFUSAL, to="janitor"), NotOpen, "there are coordinator"),
    "an id that is none": (replace(REFUSAL, deed="mine"), Unreadable, "26 letters and digits"),
    "an id beyond all years": (replace(REFUSAL, deed="7" + "Z" * 25), Unreadable, "26 letters and digits"),
    "no text there": (replace(REFUSAL, text=_HERE / "none"), NotFound, "--text"),
    "an old file": (replace(REFUSAL, out=_HERE), Refused, "--out: there is such a file already"),
    "a kind that is no word": (Said("Ünfug", coming=Paper(Channel.LETTER, _HERE)), Unreadable, "kind"),
    "a letter in, edited": (
        Said("opinion", coming=Paper(Channel.LETTER, _HERE), text=_HERE),
        Unreadable,
        "leave out --text",
    ),
    "a letter in, not there": (Said("opinion", coming=Paper(Channel.LETTER, _HERE / "none")), NotFound, "no file"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_what_is_wrong_is_refused_before_anything_is_sealed(authority: Office, refused: str, what: str) -> None:
    words, error, says = WRONG[what]
    before = authority.entries(refused)
    with pytest.raises(error) as refusal:
        await said(authority, refused, words)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)
    new = authority.entries(refused)[len(before) :]
    assert [(entry.leaf.kind, entry.leaf.act) for entry in new] == [("attempt", "record letter")]


@pytest.mark.parametrize(
    ("data", "says"), [(b" \n", "a text is needed"), (b"a" * 1_100_000, "at most"), (b"\xff", "UTF-8")]
)
async def test_a_text_that_is_none_is_refused(
    authority: Office, refused: str, tmp_path: Path, data: bytes, says: str
) -> None:
    edited = tmp_path / "edited.txt"
    edited.write_bytes(data)
    with pytest.raises(Unreadable, match=says):
        await said(authority, refused, replace(REFUSAL, text=edited))


async def test_who_may_record_no_letter_writes_none(authority: Office, refused: str) -> None:
    with pytest.raises(NotYours):
        await said(authority, refused, REFUSAL, "p-carla")


async def test_letters_of_a_closed_request_say_what_begins_it_again(authority: Office) -> None:
    reference = await authority.submit(letter("P3"))
    await authority.do(reference, "p-eve", Act.VOID, reason="entered twice")
    await waited(lambda: authority.request(reference).status, lambda status: status == "closed")
    with pytest.raises(NotOpen, match="late letter"):
        await said(authority, reference, Said("acknowledgement"))
