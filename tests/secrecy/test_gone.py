"""After its keys are destroyed nothing yields a request: no vault, history or register, with all keys that are left."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from ulid import ULID

from comity.errors import KeyGone
from comity.evidence.putting import Wrapping
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.register import destruction
from comity.request.keeping import IN_ORDER, Keeping
from comity.request.lifecycle import Act, Status
from tests.conftest import PROVING
from tests.lives.test_destruction import time_has_come_at
from tests.office import letter as plain_letter
from tests.processes import Premises, premises, read_json, until
from tests.secrecy.life import MarkedLife, begun
from tests.secrecy.markers import MARK, marker
from tests.secrecy.remains import (
    ciphertexts,
    holding,
    keys_left,
    of_others,
    postgres_folder,
    still_opens,
    tells,
    wrapped_keys,
)

SECRET = MARK.encode()
BYTES = f"bytes of an exhibit: {MARK}_content\n".encode()
CONTENT = (b"_letter_persons", b"_note_", b"_annex", b"_found", b"of_a_thing")


class _BreaksOff(io.RawIOBase):
    """A source of more than one part, which breaks off in its second."""

    def __init__(self) -> None:
        self._left = 9

    def read(self, size: int = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ConnectionError("the line is cut")
        return bytes(size)


@dataclass
class Ended:
    """A request of which all is destroyed, class by class, and what could be told of it after each."""

    place: Premises
    home: Home
    reference: str
    wrapped: dict[tuple[str, KeyClass], tuple[str, bytes]]
    told: dict[str, list[bytes]] = field(default_factory=dict)
    where: dict[str, set[str]] = field(default_factory=dict)
    files: dict[str, set[str]] = field(default_factory=dict)
    said: dict[str, bytes] = field(default_factory=dict)


@asynccontextmanager
async def lived(place: Premises) -> AsyncIterator[MarkedLife]:
    """A marked request with an annex, a note, an exhibit, a thing and a deposit that broke off; entered by mistake."""
    running = await asyncio.to_thread(place.up)
    async with begun(place) as life:
        (place.folder / f"{MARK}_found.bin").write_bytes(BYTES)
        await life.do("p-anna", Act.OPEN_REVIEW)
        await life.do("p-anna", Act.NOTE, words=marker("note words"))
        as_dan = ("--as", "p-dan", "--role", "evidence officer", "--json")
        life.comity("evidence", "deposit", life.reference, str(place.folder / f"{MARK}_found.bin"), *as_dan)
        what = ("--description", marker("of a thing"), "--seal-number", "BAG-7", "--place", "Lisbon", "--from", "owner")
        life.comity("evidence", "item", life.reference, *what, "--reason", "seized", *as_dan)
        _break_off(life.counter.home, life.reference)
        other = place.folder / "other.json"
        other.write_bytes(plain_letter("P3"))
        life.comity("submit", str(other), "--as", "p-anna")
        await life.do("p-eve", Act.VOID, reason=marker("of voiding"))
        until(lambda: life.request.status == Status.CLOSED)
        until(lambda: place.typed("retention", life.reference).returncode == 0)
        yield life
    assert running.end() == 0


def _break_off(home: Home, reference: str) -> None:
    """What stands of it is in no list."""
    exhibit = str(ULID())
    seal = partial(home.keys.seal, reference, KeyClass.CONTENT, context=f"exhibit {exhibit}")
    with suppress(ConnectionError):
        home.vault.deposit(_BreaksOff(), exhibit, Wrapping(seal, seal), at=datetime.now(UTC))


async def look(ended: Ended, when: str) -> None:
    """Try everything that is left."""
    sealed = await ciphertexts(ended.home, ended.place.settings.temporal_address, ended.place.settings.namespace)
    keys = keys_left(ended.home).values()
    ended.told[when] = [text for each in sealed.values() for text in tells(keys, each, SECRET)]
    ended.where[when] = {where for where, each in sealed.items() if tells(keys, each, SECRET)}
    ended.files[when] = holding(ended.place.home, [wrapped for _, wrapped in ended.wrapped.values()])


async def end(ended: Ended, life: MarkedLife, what: Keeping) -> None:
    """Dan proposes, Eve decides; the worker destroys."""
    words, reason = ("destroy", "propose", ended.reference, what), ("--reason", marker("of ending"))
    digest = read_json(life.comity(*words, *reason, "--as", "p-dan", "--json"))["digest"]
    life.comity("destroy", "decide", ended.reference, what, "--seen", digest[:8], "--as", "p-eve")
    until(lambda: life.place.typed("destroy", "certificate", ended.reference, what).returncode == 0)
    ended.said[what] = life.comity("destroy", "certificate", ended.reference, what)
    await look(ended, what)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"] if PROVING else ["sqlite"])
async def ended(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ended]:
    """Everything destroyed, by the commands of two people, while the service runs."""
    more = {"database": request.getfixturevalue("fresh_postgres")} if request.param == "postgresql" else {}
    with premises(tmp_path_factory.mktemp("gone"), law="default", **more) as place:
        async with lived(place) as life:
            home = life.counter.home
            with home.store.reading() as view:
                owners = destruction.owners(view, life.reference)
            gone = Ended(place, home, life.reference, wrapped_keys(home, owners))
            await look(gone, "before")
            time_has_come_at(home, life.reference)
            for what in IN_ORDER:
                await end(gone, life, what)
            gone.said["trace"] = life.comity("trace", life.reference)
            yield gone


def names(told: list[bytes]) -> bytes:
    """All that was read, as one."""
    return b"\n".join(told)


def test_before_everything_is_told_by_whoever_has_the_keys(ended: Ended) -> None:
    """A search that finds nothing proves nothing unless it would have found something."""
    told = names(ended.told["before"])
    assert [each for each in CONTENT if each not in told] == []
    assert ended.where["before"] == {"database", "histories"}


def test_when_content_is_destroyed_nothing_yields_it_and_the_record_still_tells_its_story(ended: Ended) -> None:
    told = names(ended.told["content"])
    assert [each for each in CONTENT if each in told] == []
    assert b"of_voiding" in told
    assert ended.where["content"] == {"database"}


def test_when_the_record_is_destroyed_nothing_yields_anything(ended: Ended) -> None:
    assert ended.told["record"] == []
    for owner, key_class in ended.wrapped:
        ended.home.keys.forget((owner,), key_class)
        with pytest.raises(KeyGone):
            ended.home.keys.raw(owner, key_class)


def test_no_wrapped_key_is_left_in_any_file_of_the_home(ended: Ended) -> None:
    if "postgresql" not in ended.place.settings.database_url:
        assert ended.files["before"] & {"comity.db", "comity.db-wal"}
    assert ended.files["record"] == set()


def test_no_exhibit_is_left_in_the_vault_nor_what_was_given_up(ended: Ended) -> None:
    assert [path for path in (ended.place.home / "vault").rglob("*") if path.is_file()] == []
    assert ended.said["content"].count(b"file removed") == 3
    assert ended.said["content"].count(b"thing: ") == 1


def test_certificates_are_verified_by_the_public_key_alone_and_say_who_and_why(ended: Ended, tmp_path: Path) -> None:
    key = ended.place.typed("ledger", "key").stdout.decode().strip()
    for what in IN_ORDER:
        (tmp_path / what).write_bytes(ended.said[what])
        alone = ended.place.typed("ledger", "certificate", str(tmp_path / what), "--key", key)
        assert alone.stdout.startswith(b"holds: signed by")
        assert b"proposed: p-dan" in alone.stdout
        (tmp_path / what).write_bytes(ended.said[what].replace(b"p-dan", b"p-eve"))
        assert ended.place.typed("ledger", "certificate", str(tmp_path / what), "--key", key).returncode == 1


def test_the_ledger_verifies_and_the_trace_says_what_is_gone_and_what_was_certified(ended: Ended) -> None:
    key = ended.place.typed("ledger", "key").stdout.decode().strip()
    assert ended.place.typed("ledger", "verify", "--key", key).returncode == 0
    assert b"its key was destroyed" in ended.said["trace"]
    assert ended.said["trace"].count(b"certify destruction") == 3


def test_copies_of_wrapped_keys_open_no_more_once_the_ring_is_rotated_and_retired(ended: Ended) -> None:
    """Truth protected: what backups and PostgreSQL's write-ahead log still hold ends with the ring keys."""
    assert all(still_opens(ended.home, wrapped, place) for place, wrapped in ended.wrapped.items())
    if "postgresql" in ended.place.settings.database_url:
        store, wrapped_once = ended.home.store, [wrapped for _, wrapped in ended.wrapped.values()]
        kept = holding(postgres_folder(store), wrapped_once, but=of_others(store))
        assert kept <= {"pg_wal"}
    assert ended.place.typed("keys", "rotate").returncode == 0
    assert ended.place.typed("keys", "retire").returncode == 0
    assert not any(still_opens(ended.home, wrapped, place) for place, wrapped in ended.wrapped.items())
