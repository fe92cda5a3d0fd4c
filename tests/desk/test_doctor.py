"""What doctor sees of a ledger: entries that were signed and are gone, in the database or in the second place."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from comity.evidence import exhibits, recipient, signing
from comity.evidence.exhibits import Sealed
from comity.evidence.putting import Wrapping
from comity.home import Home, make
from comity.keys.request_keys import KeyClass
from comity.ledger import log, merkle
from comity.ledger.checkpoint import sign_head, write_daily
from comity.ledger.log import Head
from comity.settings import Settings
from desk.doctor import Finding, examine
from tests.ledger.records import deed
from tests.pki import holder

ONE, TWO = "01K0000000000000000000000A", "01K0000000000000000000000B"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home with two entries, signed, their checkpoint in the second place; no service runs."""
    made = make(Settings(home=tmp_path / "home", temporal_port=9, smtp_port=9), datetime.now(UTC))
    for number in range(2):
        with made.store.transaction() as tx:
            log.append(tx, [deed(number)])
    sign_head(made.store, made.signer())
    with made.store.reading() as view:
        write_daily(view, made.checkpoints)
    yield made
    made.close()


async def ledger(home: Home) -> Finding:
    """What doctor says of the ledger."""
    [found] = [finding for finding in await examine(home.settings) if finding.what == "ledger"]
    return found


def kept(home: Home, head: Head) -> None:
    """A checkpoint in the second place, signed when the ledger stood so."""
    (home.checkpoints / f"2026-11-21-{head.size}.checkpoint").write_text(home.signer().sign(head).note)


async def test_a_ledger_that_is_as_it_was_signed_is_well(home: Home) -> None:
    found = await ledger(home)
    assert (found.well, found.detail) == (True, "2 entries, 2 signed")


async def test_entries_that_are_gone_with_their_checkpoints_are_missed_by_the_second_place(home: Home) -> None:
    """Truth protected: whoever restores an older copy, or cuts the end off, is found out without an auditor."""
    kept(home, Head(size=3, frontier=(merkle.leaf_hash(b"1"), merkle.leaf_hash(b"2"))))
    found = await ledger(home)
    assert (found.well, found.detail.partition(":")[0]) == (False, "3 entries are signed and 2 are left")


async def test_another_ledger_of_that_length_is_found_out(home: Home) -> None:
    for written in home.checkpoints.iterdir():
        written.unlink()
    kept(home, Head(size=1, frontier=(merkle.leaf_hash(b"another"),)))
    found = await ledger(home)
    assert not found.well
    assert "its first 1 entries are not those of checkpoints/" in found.detail


async def test_where_packages_are_taken_is_looked_at(home: Home) -> None:
    """The file's name is told here, to who mends it; errors elsewhere have none."""

    async def recipients() -> Finding:
        [found] = [finding for finding in await examine(home.settings) if finding.what == "recipients"]
        return found

    assert (await recipients()).well
    (home.folder / "recipients" / "pt-central.toml").write_text('by = "https"\nurl = "pt-central.url"\n')
    assert "pt-central: a file that recipients/NAME.toml names is not beside it" in (await recipients()).detail
    (home.folder / "recipients" / "pt-central.url").write_text("https://pt.example/put")
    (home.folder / "recipients" / "pt-central.url").chmod(0o600)
    assert (await recipients()).detail == "1 take their packages by machine"
    old = holder("who was here before", until=datetime.now(UTC) - timedelta(days=1))
    (home.folder / "recipients" / "old.crt").write_bytes(old.certificate.public_bytes(Encoding.PEM))
    assert "old: the recipient's certificate is valid from 2025-01-01 to " in (await recipients()).detail
    recipient.create(home.folder / "identity")
    (home.folder / "recipients" / "old.age").write_text(recipient.create(home.folder / "another"))
    assert (await recipients()).well, "packages are closed to the age key; the certificate is for receipts"


async def test_an_exhibit_whose_bytes_are_gone_is_missed_before_anybody_asks_for_it(home: Home) -> None:
    """Truth protected: a vault restored from an older copy, or a file that somebody took away, is told of."""

    async def vault() -> Finding:
        [found] = [finding for finding in await examine(home.settings) if finding.what == "vault"]
        return found

    assert (await vault()).detail == "0 exhibits, each with its bytes"
    _deposited(home, ONE)
    _deposited(home, TWO)
    with home.store.transaction() as tx:
        exhibits.enter(tx, Sealed(exhibit=ONE, reference=ONE, sealed_at=NOW, particulars=b"closed", seal=b"closed"))
    assert (await vault()).detail == "1 exhibits, each with its bytes; 1 on no list: under way, or given up"
    home.vault.remove(ONE)
    found = await vault()
    assert (found.well, found.detail.partition(";")[0]) == (False, f"it lacks what is listed: {ONE}")
    with home.store.transaction() as tx:
        home.keys.destroy(tx, ONE, KeyClass.CONTENT, NOW)
    assert (await vault()).well, "its key was destroyed, and so its bytes are nobody's to miss"


def _deposited(home: Home, exhibit: str) -> None:
    """An exhibit of the request of the same id, in the vault and on no list."""
    with home.store.transaction() as tx:
        home.keys.create(tx, exhibit, NOW)
    close = partial(home.keys.seal, exhibit, KeyClass.CONTENT, context=exhibit)
    unclose = partial(home.keys.open, exhibit, KeyClass.CONTENT, context=exhibit)
    home.vault.deposit(io.BytesIO(b"harmless"), exhibit, Wrapping(close, unclose), at=NOW)


async def test_a_certificate_that_signs_packages_is_replaced_before_it_runs_out(home: Home) -> None:
    found = await _signatory(home)
    assert found.well
    assert "signs packages until" in found.detail
    for name in ("package-signer.key", "package-signer.crt"):
        (home.folder / name).unlink()
    made = datetime.now(UTC) - timedelta(days=3 * 365 - 59)
    signing.create(home.folder / "package-signer.key", home.folder / "package-signer.crt", "an authority", made)
    found = await _signatory(home)
    assert not found.well
    assert "put another, with its key" in found.detail


async def _signatory(home: Home) -> Finding:
    [found] = [finding for finding in await examine(home.settings) if finding.what == "signatory"]
    return found
