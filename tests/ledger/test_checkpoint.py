"""Checkpoints: their exact bytes, their key, and that nothing is signed which is no prefix of what follows."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.errors import Refused, Tampered, Unreadable
from comity.ledger import checkpoint, log, merkle
from comity.ledger.checkpoint import Signer, sign_head, write_daily
from comity.store import Store
from tests.ledger.records import ORIGIN, altered, deed, filled, signer

NOTE = """\
comity.example/ledger
1
SII7PGEzZkzntiGaAFrV7XtakaaaCqgAzFHOHNQIaVU=

— comity.example/ledger ObHiZ/Y6ZbtalB3AxN5QZXvHcQfkG4/+X7s5Y5uTT7ZnU1BRUILIULLBKzXD1AyS0cLtuX5x3as0gc4DJsjAKRxNbQg=
"""
KEY = "comity.example/ledger+39b1e267+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"


def test_a_checkpoint_has_these_bytes_for_ever() -> None:
    frontier = (merkle.leaf_hash(b"only"),)
    assert signer().sign(log.Head(size=1, frontier=frontier)).note == NOTE
    assert signer().verifier_key == KEY


@pytest.mark.parametrize(
    ("spelt", "name"),
    [
        ("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "PeterNeumann"),
        ("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8", "sum.golang.org"),
    ],
)
def test_verifier_keys_of_other_logs_are_read(spelt: str, name: str) -> None:
    """The key id is computed as C2SP says: these two are published with it."""
    assert checkpoint.read_key(spelt).name == name


@pytest.mark.parametrize(
    "alter",
    [
        lambda key: key.replace("comity", "comitx"),
        lambda key: key[:-2] + ("AA" if key[-2:] != "AA" else "BB"),
        lambda key: key.replace("+", " "),
        lambda key: key.rpartition("+")[0] + "+Ag" + key.rpartition("+")[2][2:],
        lambda key: key[:0],
    ],
)
def test_a_verifier_key_that_was_altered_is_refused(alter: Callable[[str], str]) -> None:
    with pytest.raises(Unreadable, match="no Ed25519 verifier key"):
        checkpoint.read_key(alter(signer().verifier_key))


def test_a_new_key_is_kept_so_that_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    made = Signer.create(path, ORIGIN)
    assert (path.stat().st_mode & 0o777, path.stat().st_size) == (0o600, 32)
    assert Signer.open(path, ORIGIN).verifier_key == made.verifier_key
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.key"]


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    Signer.create(path, ORIGIN)
    kept = path.read_bytes()
    with pytest.raises(Refused, match="never overwritten"):
        Signer.create(path, ORIGIN)
    assert path.read_bytes() == kept
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o601, 0o660, 0o644])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "ledger.key"
    Signer.create(path, ORIGIN)
    path.chmod(mode)
    with pytest.raises(Refused, match="chmod 600"):
        Signer.open(path, ORIGIN)


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    with pytest.raises(Unreadable, match="no key file"):
        Signer.open(path, ORIGIN)
    path.touch(mode=0o600)
    with pytest.raises(Unreadable, match="32 bytes, this has 0"):
        Signer.open(path, ORIGIN)


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb"])
def test_an_origin_names_a_key_so_it_has_neither_spaces_nor_plus(origin: str) -> None:
    with pytest.raises(Refused, match="choose one like"):
        Signer(bytes(32), origin)


def test_the_head_is_signed_once(store: Store) -> None:
    filled(store, 5)
    signed = sign_head(store, signer())
    assert signed is not None
    with store.reading() as view:
        assert (signed.size, signed.root) == (5, log.head(view).root)
        assert checkpoint.newest(view) == signed
    assert sign_head(store, signer()) is None
    assert checkpoint.verified(signed.note, [checkpoint.read_key(signer().verifier_key)]) == signed


def test_the_empty_ledger_is_signed_too(store: Store) -> None:
    """Whoever begins an office can show that nothing came before."""
    signed = sign_head(store, signer())
    assert signed is not None
    assert (signed.size, signed.root) == (0, merkle.EMPTY)
    assert sign_head(store, signer()) is None


def test_nothing_is_signed_over_a_ledger_that_was_rewritten(store: Store) -> None:
    sign_head(filled(store, 4), signer())
    node = log.NODE.c.level == 2
    altered(store, log.NODE.update().where(node).values(hash=bytes(32)))
    with store.transaction() as tx:
        log.append(tx, [deed(4)])
    with pytest.raises(Tampered, match="not what was signed at 4 entries"):
        sign_head(store, signer())


def test_nothing_is_signed_over_a_ledger_that_was_cut(store: Store) -> None:
    sign_head(filled(store, 4), signer())
    altered(store, log.HEAD.update().values(size=0, frontier=b""))
    with pytest.raises(Tampered, match="4 entries are signed, 0 are left"):
        sign_head(store, signer())


class _Overtaken(Signer):
    """A signer whom another one overtakes while it signs."""

    store: Store

    def sign(self, head: log.Head) -> checkpoint.Checkpoint:
        with self.store.transaction() as tx:
            log.append(tx, [deed(9)])
        assert sign_head(self.store, signer()) is not None
        return super().sign(head)


def test_a_signer_that_was_overtaken_keeps_nothing(store: Store) -> None:
    """Checkpoints are kept in the order of their sizes, whoever signs."""
    overtaken = _Overtaken(bytes(32), ORIGIN)
    overtaken.store = filled(store, 2)
    assert sign_head(store, overtaken) is None
    with store.reading() as view:
        newest = checkpoint.newest(view)
    assert newest is not None
    assert newest.size == 3


def _alterations(note: str) -> list[str]:
    return [note[:at] + chr(ord(sign) ^ 1) + note[at + 1 :] for at, sign in enumerate(note)]


def test_no_altered_checkpoint_is_verified() -> None:
    keys = [checkpoint.read_key(signer().verifier_key)]
    note = signer().sign(log.Head(size=12, frontier=(bytes(32), bytes(32)))).note
    assert checkpoint.verified(note, keys).size == 12
    for altered_note in [*_alterations(note), note[:-1], note + "\n", note + note, ""]:
        with pytest.raises((Unreadable, Tampered)):
            checkpoint.verified(altered_note, keys)


def test_a_witness_may_have_signed_below() -> None:
    keys = [checkpoint.read_key(signer().verifier_key)]
    note = signer().sign(log.Head(size=0, frontier=())).note
    assert checkpoint.verified(note + "— witness.example AAAAAAAA\n", keys).size == 0


@pytest.mark.parametrize("origin", [ORIGIN, "other.example/ledger"])
def test_a_checkpoint_of_another_key_is_refused(origin: str) -> None:
    other = Signer(Ed25519PrivateKey.generate().private_bytes_raw(), origin)
    note = other.sign(log.Head(size=0, frontier=())).note
    with pytest.raises(Tampered, match="none of the keys given"):
        checkpoint.verified(note, [checkpoint.read_key(signer().verifier_key)])
    assert checkpoint.verified(note, [checkpoint.read_key(other.verifier_key)]).origin == origin


def test_the_key_of_one_ledger_signs_for_no_other() -> None:
    """A key that an auditor trusts for another log cannot speak for this one."""
    foreign = Signer(bytes(32), "other.example/ledger")
    note = foreign.sign(log.Head(size=0, frontier=())).note
    posing = note.replace("other.example/ledger\n", f"{ORIGIN}\n", 1)
    with pytest.raises(Tampered):
        checkpoint.verified(posing, [checkpoint.read_key(foreign.verifier_key)])


def _signed_each(store: Store, sizes: list[int]) -> None:
    for start, end in zip([0, *sizes], sizes, strict=False):
        with store.transaction() as tx:
            log.append(tx, [deed(number) for number in range(start, end)])
        sign_head(store, signer())


def test_each_days_newest_checkpoint_is_written_to_a_second_place_once(store: Store, tmp_path: Path) -> None:
    """Entry 0 is of 22:00 on 28 March, entry 2 of midnight: the second day begins with it."""
    folder = tmp_path / "second"
    _signed_each(store, [1, 2, 3, 5])
    with store.reading() as view:
        written = write_daily(view, folder)
        newest = checkpoint.newest(view)
        assert write_daily(view, folder) == []
    assert [path.name for path in written] == ["2026-03-28-2.checkpoint", "2026-03-29-5.checkpoint"]
    assert newest is not None
    assert written[1].read_text() == newest.note
    assert written[0].stat().st_mode & 0o222 == 0


def test_a_copy_in_the_second_place_that_differs_is_named_and_left(store: Store, tmp_path: Path) -> None:
    _signed_each(store, [1])
    copy = tmp_path / "2026-03-28-1.checkpoint"
    copy.write_text("another")
    with store.reading() as view, pytest.raises(Tampered, match="keep both"):
        write_daily(view, tmp_path)
    assert copy.read_text() == "another"
