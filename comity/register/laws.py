"""The versions of the law that requests keep: each lies here whole, as long as a request may ask for it."""

import json
import zlib
from datetime import datetime
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa

from comity.errors import Fault
from comity.law.library import Law
from comity.register.tables import LAW
from comity.store import Store, insert


def keep(tx: sa.Connection, law: Law, at: datetime) -> None:
    """Keep a version of the law. Safe to repeat, and by two at once: both hold the same."""
    if tx.execute(sa.select(LAW.c.version).where(LAW.c.version == law.version)).first() is None:
        plain = json.dumps({path: text.decode() for path, text in law.files.items()}, sort_keys=True)
        row = {"version": law.version, "at": at, "files": zlib.compress(plain.encode(), 9)}
        tx.execute(insert(tx.dialect.name, LAW).on_conflict_do_nothing(), row)


def kept(view: sa.Connection, version: str) -> Law:
    """A version that was kept. Raises Fault where it was not: what a request keeps was kept before it."""
    packed = view.execute(sa.select(LAW.c.files).where(LAW.c.version == version)).scalar()
    if packed is None:
        raise Fault(f"the law {version} that a request keeps is not on record; restore the register's table `law`")
    files: dict[str, str] = json.loads(zlib.decompress(packed))
    return Law.kept(version, {path: text.encode() for path, text in files.items()})


class Laws:
    """The law of today, and those that requests keep, each read once and when it is asked for."""

    def __init__(self, store: Store, name: str, home: Path) -> None:
        self._store = store
        self._set = (name, home)
        self._read: dict[str, Law] = {}

    @cached_property
    def today(self) -> Law:
        """The law of this installation. Raises what `Law.load` raises."""
        return Law.load(*self._set)

    def of(self, version: str) -> Law:
        """The law of a version; of a request that keeps none ("") that of today. Raises Fault, and Unreachable."""
        if version in ("", self.today.version):
            return self.today
        if version not in self._read:
            with self._store.reading() as view:
                self._read[version] = kept(view, version)
        return self._read[version]
