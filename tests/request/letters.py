"""The examples as letters, and a small law to compare letters with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hypothesis import settings

from comity.errors import Unreadable
from comity.law.models import Content, Followed, OfKind
from comity.request.letter import Letter
from comity.request.reading import read

FOLDER = Path(__file__).parents[2] / "examples"
PATHS = sorted(FOLDER.glob("*.json"))
STATES = frozenset({"BG", "GR", "IE", "LU", "MA", "PT", "UA"})
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DIGEST = "5" * 64

unhurried = settings(deadline=None)
"""For properties: a machine that is busy with other tests is no fault of a letter."""


@dataclass(frozen=True)
class SmallKind:
    """A kind of measure as far as a letter is compared with it."""

    id: str
    needs: tuple[str, ...] = ()
    lasts: bool = False
    one_person: bool = False
    data_class: str = "none"
    told: tuple[OfKind, ...] = ()
    followed_by: tuple[Followed, ...] = ()


@dataclass(frozen=True)
class SmallInstrument:
    """An instrument as far as a letter is compared with it."""

    contents: tuple[Content, ...] = ()


def _small_instruments() -> Mapping[str, SmallInstrument]:
    return {name: SmallInstrument() for name in ("eio", "cets224", "harare")}


@dataclass(frozen=True)
class SmallLaw:
    """A law of two kinds and three instruments, one of which is not in force and one of which nobody knows."""

    kinds: Mapping[str, SmallKind]
    instruments: Mapping[str, SmallInstrument] = field(default_factory=_small_instruments)
    version: str = "small-0123456789ab"

    def in_force_between(self, instrument: str, one: str, other: str, day: date, /) -> str:
        assert one != other
        assert day
        return {"eio": "yes", "cets224": "no"}.get(instrument, "unknown")


LAW = SmallLaw(
    {
        "bank records": SmallKind("bank records", ("bank.institution", "necessity", "purpose")),
        "expedited preservation": SmallKind("expedited preservation", (), lasts=True, one_person=True),
    }
)


def example(name: str) -> Letter:
    """The example of that name."""
    return read((FOLDER / f"{name}.json").read_bytes(), STATES)


def letter(**fields: Any) -> Letter:
    """A letter that says only this, as it would be read."""
    return read(json.dumps({"requesting_state": "PT", "requested_state": "LU", **fields}).encode(), STATES)


def read_or_refuse(data: bytes) -> Letter | None:
    """The letter that these bytes are; None where they are refused as unreadable, which is the only other end."""
    try:
        return read(data, STATES)
    except Unreadable:
        return None
