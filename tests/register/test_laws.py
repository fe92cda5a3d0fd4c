"""The law that requests keep lies in the register whole, and is read again as it was, whatever later code asks."""

import json
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from comity.errors import Fault, Unreadable
from comity.law.library import Law
from comity.register.laws import Laws, keep, kept
from comity.register.tables import LAW
from comity.request.lifecycle import Duty
from comity.store import Store

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = Law.load()


def earlier() -> Law:
    """A law that knows no privilege, nor the ladder of P4: as one that was kept before they came."""
    files = dict(TODAY.files)
    for path in ("defaults/default.toml", "instruments/eio.toml"):
        files[path] = files[path].replace(b'"decide on privilege"', b'# "decide on privilege"')
    unversioned = Law.kept(_version(files), files)
    assert Duty.DECIDE_PRIVILEGE not in unversioned.defaults.clocks
    return unversioned


def _version(files: dict[str, bytes]) -> str:
    with pytest.raises(Fault) as told:
        Law.kept("default-000000000000", files)
    return str(told.value).rpartition(" ")[2]


def test_a_law_is_kept_once_and_read_again_as_it_was(store: Store) -> None:
    for _ in range(2):
        with store.transaction() as tx:
            keep(tx, TODAY, NOW)
    with store.reading() as view:
        assert view.execute(sa.select(sa.func.count()).select_from(LAW)).scalar() == 1
        assert kept(view, TODAY.version) == TODAY


def test_a_law_that_was_kept_need_not_know_what_came_later(store: Store) -> None:
    """Truth protected: a request of years ago is counted by its own law, whatever duties there are by then."""
    before = earlier()
    with store.transaction() as tx:
        keep(tx, before, NOW)
    laws = Laws(store, "default", Path("nowhere"))
    assert laws.of("") is laws.today
    assert laws.of(TODAY.version) is laws.today
    assert laws.of(before.version) == before
    assert laws.of(before.version) is laws.of(before.version)


def test_a_law_that_is_not_there_or_was_altered_is_a_fault(store: Store) -> None:
    with store.reading() as view, pytest.raises(Fault, match="default-000000000000 that a request keeps is not on"):
        kept(view, "default-000000000000")
    spoilt = {path: text.decode() for path, text in TODAY.files.items()}
    spoilt["instruments/eio.toml"] = spoilt["instruments/eio.toml"].replace('"90 days"', '"900 days"')
    with store.transaction() as tx:
        row = {"version": TODAY.version, "at": NOW, "files": zlib.compress(json.dumps(spoilt).encode())}
        tx.execute(LAW.insert().values(row))
    with store.reading() as view, pytest.raises(Fault, match=f"the law kept as {TODAY.version} has the files of"):
        kept(view, TODAY.version)


def test_a_law_of_today_knows_every_duty(tmp_path: Path) -> None:
    for path, text in earlier().files.items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text)
    with pytest.raises(Unreadable, match=r"missing: decide on privilege\.P0"):
        Law.load(folder=tmp_path)
