"""The disk is full at any write: nothing half-written remains, nothing accepted is lost, and the next try succeeds."""

import asyncio
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyrage import x25519

from comity.errors import ComityError
from comity.evidence import package
from comity.evidence.bundle import Signing
from comity.evidence.putting import Wrapping
from comity.home import Home, make
from comity.keys.request_keys import SERVICE, KeyClass
from comity.ledger import checkpoint, log
from comity.ledger.checkpoint import sign_head
from comity.ledger.leaf import Entry, Kind
from comity.ledger.verify import verify_store
from comity.request.lifecycle import Act
from comity.settings import Settings
from tests.crash.disks import Disk, disk
from tests.crash.life import LETTER, Client, examine, insisted
from tests.evidence.enclosures import enclosure_of
from tests.processes import deed, premises, until
from tests.results import Results

CONTENT = b"harmless" * 400_000
EXHIBIT, REFERENCE = "01JNBXS0000000000000000001", "01JNBXR6K3V8ZD5T0M7QHYWGAC"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PUBLIC = str(x25519.Identity.generate().to_public())
ENCLOSURE = enclosure_of({EXHIBIT: CONTENT})


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Disk]:
    """A disk that can be filled."""
    with disk(tmp_path / "disk") as made:
        yield made


def _deposit(home: Home) -> object:
    return home.vault.deposit(io.BytesIO(CONTENT), EXHIBIT, Wrapping(lambda key: key, lambda key: key), at=NOW)


def _pack(home: Home) -> object:
    folder, by = home.outgoing("lisbon"), Signing(home.signatory())
    return package.write(folder, ENCLOSURE, PUBLIC, lambda _: iter([CONTENT]), by)


def _enter(home: Home) -> object:
    entry = Entry(
        kind=Kind.ATTEMPT,
        reference="",
        id="x",
        act="submit",
        status="",
        role="",
        person="",
        at=NOW,
        body=home.keys.seal(SERVICE, KeyClass.RECORD, CONTENT, "attempt x"),
    )
    with home.store.transaction() as tx:
        return log.append(tx, [entry])


def _sign(home: Home) -> object:
    return sign_head(home.store, home.signer())


def _copy(home: Home) -> object:
    with home.store.reading() as view:
        return checkpoint.write_daily(view, home.checkpoints)


WRITES: dict[str, Callable[[Home], object]] = {
    "an exhibit into the vault": _deposit,
    "a package": _pack,
    "an entry": _enter,
    "a checkpoint": _sign,
    "a checkpoint's copy": _copy,
}


def _standing(home: Home) -> dict[str, int]:
    """All files that stand in the folders of a home, and how far the ledger reaches."""
    files = {
        str(path.relative_to(home.folder)): path.stat().st_size
        for name in ("vault", "outgoing", "checkpoints")
        for path in (home.folder / name).rglob("*")
        if path.is_file()
    }
    with home.store.reading() as view:
        newest = checkpoint.newest(view)
        return files | {"entries": log.head(view).size, "signed": newest.size if newest else 0}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_finds_no_room_leaves_nothing_and_succeeds_when_there_is(
    small: Disk, write: str, results: Results
) -> None:
    """One error that says what to do; what stood there stands as it did."""
    home = make(Settings(home=small.folder / "home"), NOW)
    for earlier in WRITES:
        if earlier == write:
            break
        WRITES[earlier](home)
    before = _standing(home)
    with results.of("the disk full", f"{write}: whole or not at all, and the next try succeeds") as trial:
        trial.note = small.name
        small.fill()
        try:
            with pytest.raises(ComityError, match="room"):
                WRITES[write](home)
        finally:
            small.free()
        assert _standing(home) == before
        assert WRITES[write](home)
        assert _standing(home) != before
    _sign(home)
    assert verify_store(home.store, [home.signer().verifier_key]).ok
    home.close()


async def test_a_service_whose_disk_is_full_goes_on_when_there_is_room(small: Disk, results: Results) -> None:
    """Home, Temporal's state and the log lie on it: acts wait, alarms ring afterwards, all of it once."""
    with premises(small.folder) as place:
        running = place.up()
        async with place.counter() as counter:
            client = Client(counter)
            await client.begin(LETTER)
            await asyncio.to_thread(until, lambda: bool(place.post.came))
            with results.of("the disk full for 5 s under `comity up`", "acts wait and are done once") as trial:
                trial.note = small.name
                noted = deed(counter, client.reference, "p-anna", Act.NOTE)
                small.fill(running.pid)
                doing = asyncio.create_task(insisted(client, noted))
                await asyncio.wait([doing], timeout=5)
                small.free()
                if running.process.poll() is not None:  # the server ended with its disk, and `up` said so
                    trial.note += "; ended, and was started again"
                    await asyncio.to_thread(place.up)
                await doing
                assert (await asyncio.to_thread(place.typed, "doctor")).returncode == 0
                await examine(client)
