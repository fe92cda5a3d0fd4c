"""Whatever is altered, the auditor finds it and names the entry; what was not altered holds without a database."""

import random
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from comity.errors import Refused, Tampered, Unreadable
from comity.ledger import leaf, log, merkle, verify
from comity.ledger.checkpoint import Signer, sign_head
from comity.ledger.export import Exported, export
from comity.ledger.record import Stored
from comity.ledger.verify import Report, verify_export, verify_store
from comity.store import Store
from tests.ledger.records import ORIGIN, altered, deed, filled, signer

KEYS = [signer().verifier_key]
SIZE = 11
SIGNED = (0, 1, 4, 9, 11)
EXPORT = (
    '{"checkpoints":1,"root":"786f52154fefc8587d2b124ea9fa4308ca4bf63cd7fe79fcf5796811e23e0189","size":1,'
    '"v":0}\n'
    '{"body":"c2VhbGVkIDA=","hash":"786f52154fefc8587d2b124ea9fa4308ca4bf63cd7fe79fcf5796811e23e0189","in'
    'dex":0,"leaf":"eyJhY3QiOiJncmFudCIsImF0IjoiMjAyNi0wMy0yOFQyMjowMDowMC4wMDAwMDBaIiwiYm9keSI6Ijk5ODZjN'
    "jZjMTRhOWNkNTFjZWEzMmUzMWZlMTc2YjBkY2Q1MWMzZTc3NDBkNGE0MjBmODg1ZmIyNTIwNDNjZWIiLCJraW5kIjoiZGVlZCIsI"
    "nBlcnNvbiI6InAtMCIsInByZXYiOiIiLCJyZWZlcmVuY2UiOiJyZXF1ZXN0LTAiLCJyb2xlIjoiZGVjaWRlciIsInN0YXR1cyI6I"
    'mdyYW50ZWQiLCJ2IjowLCJ2ZXJzaW9uIjowfQ=="}\n'
    '{"checkpoint":"comity.example/ledger\\n1\\neG9SFU/vyFh9KxJOqfpDCMpL9jzX/nn89XloEeI+AYk=\\n\\n— comit'
    "y.example/ledger ObHiZ8kYHJ2sv0Jl/8ZoqrqNQmCUScoj0/tRXMRilVNHp8ZzFxQwFBlOAn0HLWinAbr1HnOELg79cCYF6my"
    'XmR2C7A0=\\n","size":1}\n'
).encode()


@pytest.fixture
def ledger(store: Store) -> Store:
    """Eleven entries of three requests, with five checkpoints among them."""
    for start, end in zip((0, *SIGNED), SIGNED, strict=False):
        with store.transaction() as tx:
            log.append(tx, [deed(number) for number in range(start, end)])
        sign_head(store, signer())
    return store


@pytest.fixture
def exported(ledger: Store, tmp_path: Path) -> Path:
    """The same as an export."""
    path = tmp_path / "ledger.jsonl"
    with ledger.reading() as view:
        export(view, path)
    return path


def _failed(report: Report) -> set[int]:
    return {step.number for step in report.steps if not step.ok}


def test_a_good_ledger_holds_in_every_step(ledger: Store) -> None:
    report = verify_store(ledger, KEYS)
    assert [(step.number, step.ok, step.detail) for step in report.steps] == [
        (1, True, "11 entries of 3 requests"),
        (2, True, "11 entries of 3 requests"),
        (3, True, "11 entries of 3 requests"),
        (4, True, "11 entries of 3 requests"),
        (5, True, "11 entries of 3 requests"),
        (6, True, "11 entries of 3 requests"),
        (7, True, "5 checkpoints; the newest 0 entries are not signed yet"),
        (8, True, "5 checkpoints; the newest 0 entries are not signed yet"),
    ]
    assert report.ok
    assert report.first_leaf is None


def test_an_export_holds_without_the_database(ledger: Store, exported: Path) -> None:
    expected = verify_store(ledger, KEYS)
    altered(ledger, log.LEAF.delete())
    assert verify_export(exported, KEYS) == expected


def test_an_export_has_these_bytes_for_ever(store: Store, tmp_path: Path) -> None:
    sign_head(filled(store, 1), signer())
    with store.reading() as view:
        export(view, tmp_path / "ledger.jsonl")
    assert (tmp_path / "ledger.jsonl").read_bytes() == EXPORT


def test_an_export_never_overwrites(ledger: Store, exported: Path) -> None:
    kept = exported.read_bytes()
    with ledger.reading() as view, pytest.raises(Refused, match="choose another name"):
        export(view, exported)
    assert exported.read_bytes() == kept


@pytest.mark.parametrize("step", [3, 4, 8, 11])
def test_where_the_record_is_cut_into_chunks_makes_no_difference(ledger: Store, exported: Path, step: int) -> None:
    whole = verify_store(ledger, KEYS)
    assert whole.ok
    assert verify.verify(Stored(ledger.url, step), KEYS) == whole
    assert verify.verify(Exported(exported, step * 300), KEYS) == whole


def test_many_chunks_are_judged_by_several_processes_alike(tmp_path: Path) -> None:
    ledger = Store(f"sqlite:///{tmp_path / 'comity.db'}")
    ledger.migrate()
    sign_head(filled(ledger, 40), signer())
    altered(ledger, log.LEAF.update().where(log.LEAF.c.index == 36).values(body=b"other"))
    report = verify.verify(Stored(ledger.url, 2), KEYS)
    ledger.close()
    assert (_failed(report), report.first_leaf) == ({5}, 36)
    assert report.steps[0].detail == "40 entries of 3 requests"


def test_entries_not_signed_yet_are_counted(ledger: Store) -> None:
    with ledger.transaction() as tx:
        log.append(tx, [deed(11), deed(12)])
    report = verify_store(ledger, KEYS)
    assert report.ok
    assert report.steps[6].detail == "5 checkpoints; the newest 2 entries are not signed yet"


def test_a_ledger_that_nobody_signed_does_not_hold(store: Store) -> None:
    report = verify_store(filled(store, 3), KEYS)
    assert _failed(report) == {7}
    assert "no checkpoint" in report.steps[6].detail


def test_an_empty_ledger_holds_once_it_is_signed(store: Store, tmp_path: Path) -> None:
    sign_head(store, signer())
    assert verify_store(store, KEYS).ok
    with store.reading() as view:
        export(view, tmp_path / "empty.jsonl")
    assert verify_export(tmp_path / "empty.jsonl", KEYS).ok


# What somebody with the database's password may alter: one byte in any column.


def _one_off(column: str, value: Any, chance: random.Random) -> Any:
    """The value with one bit of it altered; what was empty is filled."""
    if value is None:
        return "x" if column == "id" else 1
    if isinstance(value, int):
        return value ^ 1 << chance.randrange(8, 20)  # so that it meets no other key
    at, bit = chance.randrange(len(value)), 1 << chance.randrange(7 if isinstance(value, bytes) else 4)
    if isinstance(value, bytes):
        return value[:at] + bytes([value[at] ^ bit]) + value[at + 1 :]
    return value[:at] + chr(ord(value[at]) ^ bit) + value[at + 1 :]


def _as_kept(table: sa.Table) -> sa.TableClause:
    """The table with its instants as the text that is kept, so that a byte of it can be altered."""
    columns = [sa.column(c.name, sa.String() if c.name == "at" else c.type) for c in table.columns]
    return sa.table(table.name, *columns)


def _each_alteration(store: Store, table: sa.TableClause, rounds: int) -> Iterator[tuple[str, Any]]:
    """Every cell of the table altered in turn, then put back: the column, the value of the row's first column."""
    chance = random.Random(20261122)  # noqa: S311
    with store.reading() as view:
        rows = [dict(row) for row in view.execute(sa.select(table)).mappings()]
    cells = [(row, name) for row in rows for name in row] * rounds
    for row, name in cells if rounds > 1 else chance.sample(cells, min(len(cells), 30)):
        other = [row | {name: _one_off(name, row[name], chance)} if each is row else each for each in rows]
        _replaced(store, table, other)
        yield name, next(iter(row.values()))
    _replaced(store, table, rows)


def _replaced(store: Store, table: sa.TableClause, rows: list[dict[str, Any]]) -> None:
    with store.transaction() as tx:
        tx.execute(table.delete())
        tx.execute(table.insert(), rows)


def test_one_byte_altered_beside_or_in_a_leaf_is_found_and_the_entry_named(ledger: Store, proving: bool) -> None:
    for column, index in _each_alteration(ledger, _as_kept(log.LEAF), 20 if proving else 1):
        report = verify_store(ledger, KEYS)
        assert (report.ok, report.first_leaf) == (False, index), column
    assert verify_store(ledger, KEYS).ok


@pytest.mark.parametrize(
    ("table", "steps"), [(log.NODE, {6}), (log.HEAD, {1, 6}), (log.CHECKPOINT, {7, 8})], ids=lambda value: str(value)
)
def test_one_byte_altered_in_any_other_table_is_found(
    ledger: Store, table: sa.Table, steps: set[int], proving: bool
) -> None:
    for column, _ in _each_alteration(ledger, _as_kept(table), 20 if proving else 1):
        assert _failed(verify_store(ledger, KEYS)) & steps, column
    assert verify_store(ledger, KEYS).ok


# What somebody may alter in an export: any byte.


def test_one_byte_altered_anywhere_in_an_export_is_found_and_its_entry_named(exported: Path, proving: bool) -> None:
    whole, chance = exported.read_bytes(), random.Random(20261122)  # noqa: S311
    other = exported.with_suffix(".altered")
    places = range(len(whole)) if proving else sorted(chance.sample(range(len(whole)), 400))
    for place in places:
        other.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :])
        report = verify_export(other, KEYS)
        line = whole.count(b"\n", 0, place)
        assert not report.ok, place
        assert line not in LEAF_LINES or report.first_leaf == LEAF_LINES[line], place


CHECKPOINT_LINES = {1, 3, 7, 13, 16}
LEAF_LINES = dict(zip(sorted(set(range(1, 17)) - CHECKPOINT_LINES), range(SIZE), strict=True))


@pytest.mark.parametrize("line", range(17))
def test_a_line_taken_away_from_an_export_is_found(exported: Path, line: int) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)
    exported.write_bytes(b"".join(lines[:line] + lines[line + 1 :]))
    report = verify_export(exported, KEYS)
    assert not report.ok
    assert line not in LEAF_LINES or report.first_leaf == LEAF_LINES[line]


@pytest.mark.parametrize("line", range(1, 17))
def test_a_line_twice_in_an_export_is_found(exported: Path, line: int) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)
    exported.write_bytes(b"".join(lines[: line + 1] + lines[line:]))
    assert not verify_export(exported, KEYS).ok


@pytest.mark.parametrize("content", [b"", b"\n", b"[" * 100_000, b"\xff\n", b'{"v":0}\n'])
def test_what_is_no_export_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(content)
    report = verify_export(path, KEYS)
    assert _failed(report) == {1, 2, 3, 4, 5, 6, 7, 8}
    assert "no header" in report.steps[0].detail
    assert report.steps[1].detail == "not judged to the end: see step 1"


# What somebody without the key may do who knows how the ledger is made: write everything anew.


def _rewritten(store: Store, number: int) -> None:
    """Every table as if entry `number` had always been another, its digests, nodes and head made to fit."""
    entries = [deed(at) for at in range(SIZE)]
    entries[number] = entries[number].model_copy(update={"act": "refuse"})
    for table in (log.LEAF, log.NODE):
        altered(store, table.delete())
    altered(store, log.HEAD.update().values(size=0, frontier=b""))
    with store.transaction() as tx:
        log.append(tx, entries)


@pytest.mark.parametrize("number", range(SIZE))
def test_a_ledger_written_anew_differs_from_its_checkpoints(ledger: Store, tmp_path: Path, number: int) -> None:
    """Only the checkpoints are left to say so: they say between which entries."""
    _rewritten(ledger, number)
    proven = max(size for size in SIGNED if size <= number)
    signed = min(size for size in SIGNED if size > number)
    with ledger.reading() as view:
        export(view, tmp_path / "anew.jsonl")
    for report in (verify_store(ledger, KEYS), verify_export(tmp_path / "anew.jsonl", KEYS)):
        assert (_failed(report), report.first_leaf) == ({8}, proven)
        assert report.steps[7].detail.endswith(f"differs is before {signed}")


def test_a_ledger_written_anew_with_checkpoints_of_another_key_is_refused(ledger: Store) -> None:
    _rewritten(ledger, 5)
    altered(ledger, log.CHECKPOINT.delete())
    sign_head(ledger, Signer(bytes(32), ORIGIN))
    report = verify_store(ledger, KEYS)
    assert _failed(report) == {7}
    assert "none of the keys given" in report.steps[6].detail


def test_one_leaf_written_anew_is_named_by_the_one_that_follows_it(ledger: Store) -> None:
    """Leaf, digest and ciphertext agree among themselves; chain and tree do not agree with them."""
    other = deed(4).model_copy(update={"act": "refuse"})
    with ledger.reading() as view:
        prev = next(iter(log.entries(view, since=4))).leaf.prev
    spelt = leaf.spell(other, prev, sha256(other.body).hexdigest())
    changed = {"leaf": spelt, "hash": merkle.leaf_hash(spelt)}
    altered(ledger, log.LEAF.update().where(log.LEAF.c.index == 4).values(changed))
    report = verify_store(ledger, KEYS)
    assert _failed(report) == {4, 6, 8}
    assert report.steps[3].detail == "entry 7 does not name entry 4: one of the two was altered"
    assert report.first_leaf == 4


def test_an_entry_taken_away_is_named(ledger: Store) -> None:
    altered(ledger, log.LEAF.delete().where(log.LEAF.c.index == 6))
    report = verify_store(ledger, KEYS)
    assert (report.first_leaf, report.steps[0].detail) == (6, "entry 6 is missing, 7 stands there")


def test_an_entry_put_beyond_the_head_is_found(ledger: Store) -> None:
    with ledger.reading() as view:
        row = dict(view.execute(sa.select(log.LEAF).where(log.LEAF.c.index == 10)).mappings().one())
    altered(ledger, log.LEAF.insert().values(row | {"index": -1}))
    report = verify_store(ledger, KEYS)
    assert report.steps[0].detail == "the head says 11 entries, there are 12"


@pytest.mark.parametrize("table", [log.NODE, log.HEAD, log.CHECKPOINT, log.LEAF], ids=str)
def test_a_table_that_was_emptied_is_found(ledger: Store, table: sa.Table) -> None:
    altered(ledger, table.delete())
    assert not verify_store(ledger, KEYS).ok


def test_a_node_too_many_is_found(ledger: Store) -> None:
    altered(ledger, log.NODE.insert().values(level=9, index=9, hash=bytes(32)))
    assert _failed(verify_store(ledger, KEYS)) == {6}


def test_a_leaf_of_version_1_is_not_taken_for_one_of_version_0(ledger: Store) -> None:
    with ledger.reading() as view:
        spelt = next(iter(log.entries(view, since=3))).spelt.replace(b'"v":0', b'"v":1')
    altered(ledger, log.LEAF.update().where(log.LEAF.c.index == 3).values(leaf=spelt, hash=merkle.leaf_hash(spelt)))
    report = verify_store(ledger, KEYS)
    assert {2, 6, 8} <= _failed(report)
    assert report.first_leaf == 3


# The checkpoint that the auditor kept elsewhere.


def _note(store: Store, size: int) -> str:
    with store.reading() as view:
        note = view.execute(sa.select(log.CHECKPOINT.c.note).where(log.CHECKPOINT.c.size == size)).scalar_one()
    return str(note)


@pytest.mark.parametrize("size", SIGNED)
def test_a_checkpoint_kept_elsewhere_is_a_prefix(ledger: Store, exported: Path, size: int) -> None:
    kept = _note(ledger, size)
    altered(ledger, log.CHECKPOINT.delete().where(log.CHECKPOINT.c.size == size, log.CHECKPOINT.c.size < SIZE))
    for report in (verify_store(ledger, KEYS, kept), verify_export(exported, KEYS, kept)):
        assert report.ok
        assert report.steps[8].detail == f"{size} entries are as they were signed"


def test_entries_taken_away_with_their_checkpoints_are_found_by_the_one_kept_elsewhere(ledger: Store) -> None:
    """The one attack that needs no key: back to an older state, whole. The record alone cannot show it."""
    kept = _note(ledger, 11)
    altered(ledger, log.LEAF.delete().where(log.LEAF.c.index >= 4))
    altered(ledger, log.CHECKPOINT.delete().where(log.CHECKPOINT.c.size > 4))
    altered(ledger, log.NODE.delete().where(((log.NODE.c.index + 1) * sa.func.power(2, log.NODE.c.level)) > 4))
    with ledger.reading() as view:
        frontier = log.root_at(view, 4)
    altered(ledger, log.HEAD.update().values(size=4, frontier=frontier))
    assert verify_store(ledger, KEYS).ok
    report = verify_store(ledger, KEYS, kept)
    assert (_failed(report), report.first_leaf) == ({9}, 4)
    assert report.steps[8].detail == "11 entries are signed elsewhere, 4 are here"


def test_a_ledger_written_anew_and_signed_anew_differs_from_the_checkpoint_kept_elsewhere(ledger: Store) -> None:
    """Whoever holds database and key can still not change what an auditor has taken home."""
    kept = _note(ledger, 4)
    _rewritten(ledger, 2)
    altered(ledger, log.CHECKPOINT.delete())
    sign_head(ledger, signer())
    assert verify_store(ledger, KEYS).ok
    assert _failed(verify_store(ledger, KEYS, kept)) == {9}


def test_a_checkpoint_or_key_that_cannot_be_read_is_refused_before_anything_is_judged(ledger: Store) -> None:
    with pytest.raises(Unreadable):
        verify_store(ledger, ["nonsense"])
    with pytest.raises(Unreadable):
        verify_store(ledger, KEYS, "nonsense")
    with pytest.raises(Tampered, match="none of the keys given"):
        verify_store(ledger, [], _note(ledger, 4))


def test_without_a_key_nothing_is_proven(ledger: Store) -> None:
    assert _failed(verify_store(ledger, [])) == {7}


def test_a_ledger_signed_by_one_key_after_another_holds_by_both(ledger: Store) -> None:
    """A key may be replaced: the old one goes on to prove what it signed."""
    second = Signer(bytes(32), ORIGIN)
    with ledger.transaction() as tx:
        log.append(tx, [deed(11)])
    sign_head(ledger, second)
    assert verify_store(ledger, [*KEYS, second.verifier_key]).ok
    assert _failed(verify_store(ledger, [second.verifier_key])) == {7}
