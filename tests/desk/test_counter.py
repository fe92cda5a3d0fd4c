"""The counter says when nobody answers; the same deed, said again, is done once."""

from datetime import timedelta
from pathlib import Path

import pytest

from activities import arrivals
from comity.errors import NotFound, Unreachable
from comity.request.lifecycle import Act
from comity.request.model import Deed
from tests.office import Office, letter, office, waited


async def is_unanswered(authority: Office, reference: str, deed: Deed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deed is told as unanswered once a second has passed, with what to do about it."""
    with monkeypatch.context() as hurried, pytest.raises(Unreachable, match="say the same again"):
        hurried.setattr(arrivals, "UNANSWERED", timedelta(seconds=1))
        await authority.counter.act(reference, deed)


async def is_done_once(authority: Office, reference: str, deed: Deed) -> None:
    """Said again where somebody answers, it stands on record at the version of its receipt, and nowhere else."""
    receipt = await authority.counter.act(reference, deed)
    assert [event.version for event in authority.events(reference) if event.deed == deed.id] == [receipt.version]


async def test_an_act_that_no_worker_takes_up_is_told_as_unanswered_and_is_done_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Truth protected: nobody waits for ever. The server answers all the while, that there is no answer yet."""
    async with office(tmp_path) as authority:
        reference = await authority.submit(letter("P3"))
        note = authority.deed(reference, "p-anna", Act.NOTE, words="Asked by telephone.")
        async with authority.away():
            await is_unanswered(authority, reference, note, monkeypatch)
        await is_done_once(authority, reference, note)


async def test_an_act_on_a_closed_request_that_no_worker_takes_up_is_told_as_unanswered_and_is_done_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Truth protected: nobody waits for ever, however often they say it, and it is done once a worker is there."""
    async with office(tmp_path) as authority:
        reference = await authority.submit(letter("P3"))
        await authority.do(reference, "p-eve", Act.VOID, reason="entered twice")
        await authority.life(reference).result()
        late = authority.deed(reference, "p-anna", Act.LATE_LETTER)
        async with authority.away():
            for _ in range(2):  # the first starts its life again; the second finds that it lives and does not answer
                await is_unanswered(authority, reference, late, monkeypatch)
        await is_done_once(authority, reference, late)


async def test_what_is_handed_in_where_no_worker_runs_is_told_as_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins by itself once a worker runs."""
    async with office(tmp_path) as authority:
        async with authority.away():
            with (
                monkeypatch.context() as hurried,
                pytest.raises(Unreachable, match="its life begins as soon as") as told,
            ):
                hurried.setattr(arrivals, "UNANSWERED", timedelta(seconds=1))
                await authority.submit(letter("P3"))
            reference = str(told.value).split()[2].rstrip(";")
            with pytest.raises(NotFound, match=f"{reference} has come in and not begun"):
                authority.request(reference)
        assert await waited(lambda: authority.events(reference), bool), "nothing of it came on record"
