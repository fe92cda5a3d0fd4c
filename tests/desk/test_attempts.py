"""What is refused before it is a deed is on record as well: who tried what, and nothing was sealed or done."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from comity.errors import NotFound, NotOpen, NotYours, Refused, Stale, Unreadable
from comity.ledger.log import Kept
from comity.request.lifecycle import Act
from comity.request.model import Channel, Decision, Deed
from desk import lettering, oral
from desk.acting import Said, deed_of
from desk.confirming import confirm
from desk.disclosing import Telling, disclose
from desk.filing import Paper
from desk.opening import opened
from desk.reviewing import blank, findings
from desk.submitting import Submission, submit
from tests.office import TOLD, Office, letter, office
from tests.request.lives import ulid

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
NOTE = Paper(Channel.PHONE, note="They called: it is done.")


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("attempts")) as at_work:
        yield at_work


@pytest.fixture(scope="module")
async def reference(authority: Office) -> str:
    """A request under review."""
    submitted = await authority.submit(letter("P3"))
    await authority.do(submitted, "p-anna", Act.OPEN_REVIEW)
    return submitted


def deed(authority: Office, reference: str, person: str, act: str, part: str = "M1", **more: object) -> Deed:
    """A deed as somebody typed it."""
    words = {"part": part, "role": None, "words": "", "reason": "a reason"} | more
    return deed_of(authority.counter, reference, person, Said(act=act, **words))  # type: ignore[arg-type]


def attempts(authority: Office, reference: str) -> list[Kept]:
    """What was tried on a request, or on none, in vain."""
    return [entry for entry in authority.entries(reference) if entry.leaf.kind == "attempt"]


async def _acts(authority: Office, reference: str) -> None:
    deed(authority, reference, "p-dan", "open vault", "request")


async def _opens_what_is_not_kept(authority: Office, reference: str) -> None:
    tried = deed(authority, reference, "p-eve", "open vault", "request")
    await opened(authority.counter, reference, "child-9", tried)


async def _discloses_nothing(authority: Office, reference: str) -> None:
    nothing = Telling(ulid(), "p-bob", to="the caller", number="+999 2", said=" ", reason="a reason")
    await disclose(authority.counter, reference, nothing)


async def _acts_for_others(authority: Office, reference: str) -> None:
    deed(authority, reference, "p-anna", "complete", on_behalf=NOTE)


async def _finds(authority: Office, reference: str) -> None:
    form = blank(authority.home, authority.request(reference), "M1").replace('reason = ""', 'reason = "none"')
    findings(authority.counter, authority.request(reference), ("M1", form), ("p-dan", None))


async def _writes(authority: Office, reference: str) -> None:
    await lettering.lettered(authority.counter, reference, "p-carla", lettering.Said(kind="acknowledgement"))


async def _confirms(authority: Office, reference: str) -> None:
    await confirm(authority.counter, Submission(letter("P3"), "p-dan", NOW), reference)


async def _submits(authority: Office, _reference: str) -> None:
    await submit(authority.counter, Submission(letter("P3"), "p-dan", NOW))


async def _takes_a_call(authority: Office, _reference: str) -> None:
    await oral.open_oral(authority.counter, oral.Call("p-dan", NOW, "P0", TOLD))


TRIED: dict[Callable[[Office, str], Awaitable[None]], tuple[type[Refused], str, str]] = {
    _acts: (NotYours, "open vault", "p-dan"),
    _opens_what_is_not_kept: (NotFound, "open vault", "p-eve"),
    _discloses_nothing: (Unreadable, "disclose at once", "p-bob"),
    _acts_for_others: (NotOpen, "complete", "p-anna"),
    _finds: (NotYours, "record findings", "p-dan"),
    _writes: (NotYours, "record letter", "p-carla"),
    _confirms: (NotYours, "confirm in writing", "p-dan"),
    _submits: (NotYours, "submit", "p-dan"),
    _takes_a_call: (NotYours, "take a call", "p-dan"),
}


@pytest.mark.parametrize("what", TRIED, ids=lambda what: what.__name__)
async def test_what_is_refused_before_it_is_a_deed_is_one_entry(
    authority: Office, reference: str, what: Callable[[Office, str], Awaitable[None]]
) -> None:
    """Truth protected: somebody who tries to open an identity and may not is seen by whoever looks for it."""
    refusal, act, person = TRIED[what]
    on = reference if what not in (_submits, _takes_a_call) else ""
    before = len(authority.entries(on))
    with pytest.raises(refusal):
        await what(authority, reference)
    new = authority.entries(on)[before:]
    assert [(entry.leaf.kind, entry.leaf.act, entry.leaf.person) for entry in new] == [("attempt", act, person)]


async def test_who_may_not_is_told_who_may(authority: Office, reference: str) -> None:
    with pytest.raises(NotYours, match=r"p-dan does not hold a role that may do this \(reviewer\); held: evidence"):
        deed(authority, reference, "p-dan", "consult")
    with pytest.raises(NotYours, match=r"on behalf of court, executing authority, .* \(--role says of whom\)"):
        deed(authority, reference, "p-eve", "claim privilege")


async def test_a_digest_is_named_by_its_beginning_and_that_of_another_is_refused_and_on_record(
    authority: Office,
) -> None:
    """Nobody decides on what has changed since they looked, and that they were about to is seen."""
    reference = await authority.submit(letter("P3"))
    with pytest.raises(Stale, match="nothing stands on M1 that has a digest"):
        deed(authority, reference, "p-carla", "grant", particulars='{"seen": "00000000"}')
    await authority.do(reference, "p-anna", Act.ACKNOWLEDGE)
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    await authority.review(reference, "M1")
    await authority.do(reference, "p-bob", Act.PROPOSE, "M1", outcome=Act.GRANT)
    stands = authority.request(reference).measures[0].proposal
    assert stands
    other = "0" * 12 if stands[0] != "0" else "1" * 12
    for wrong in (other, stands[:7], "looked at"):
        with pytest.raises(Stale, match=f"what stands on M1 now has the digest {stands[:12]}, not the one named"):
            deed(authority, reference, "p-carla", "grant", particulars=f'{{"seen": "{wrong}"}}')
    tried = [(entry.leaf.act, entry.leaf.person) for entry in attempts(authority, reference)]
    assert tried == [(Act.GRANT, "p-carla")] * 4
    right = deed(authority, reference, "p-carla", "grant", particulars=f'{{"seen": "{stands[:8]}"}}').particulars
    assert isinstance(right, Decision)
    assert right.seen == stands
