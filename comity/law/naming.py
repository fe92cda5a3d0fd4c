"""What one law file names of another, and where: a name that nothing has is a slip of whoever wrote it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from comity.law.models import Instrument, KindOfMeasure, OfKind, Profile, Safeguard
from comity.request.deadlines import Provision

_SOURCE = re.compile(r"\bS[0-9]+\b")


class Naming(NamedTuple):
    """The names that stand in one place of one file; `path`: the file, `place`: as `line_of` takes it."""

    path: str
    place: tuple[int | str, ...]
    names: frozenset[str]


def kinds_named(instruments: Iterable[Instrument], safeguards: Iterable[Safeguard]) -> Iterator[Naming]:
    """Kinds of measure, in what instruments say of some kinds, and before which a safeguard is looked at."""
    for read in instruments:
        for number, rule in enumerate(read.rules):
            yield Naming(_file_of(read), ("rules", number, "kinds"), frozenset(rule.kinds))
        for number, ground in enumerate(read.grounds):
            yield Naming(_file_of(read), ("grounds", number, "kinds"), frozenset(ground.kinds))
        for number, content in enumerate(read.contents):
            yield Naming(_file_of(read), ("contents", number, "kinds"), frozenset(content.kinds))
        for number, reservation in enumerate(read.reservations):
            yield Naming(_file_of(read), ("reservations", number, "kinds"), frozenset(reservation.kinds))
    for number, safeguard in enumerate(safeguards):
        yield Naming("safeguards.toml", ("safeguards", number, "before"), frozenset(safeguard.before))


def instruments_named(kinds: Iterable[KindOfMeasure]) -> Iterator[Naming]:
    """Instruments, in the rows of the kinds of measure."""
    for place, row in _rows_of_kinds(kinds):
        yield Naming("measures.toml", (*place, "instruments"), frozenset(row.instruments))


def sources_named(
    instruments: Iterable[Instrument], kinds: Iterable[KindOfMeasure], safeguards: Iterable[Safeguard]
) -> Iterator[Naming]:
    """Sources, in every row that says what was read."""
    for read in instruments:
        yield from _sources_in(_file_of(read), read)
        yield Naming(_file_of(read), ("parties", "source"), frozenset(_SOURCE.findall(read.parties.source)))
    for row_at, row in _rows_of_kinds(kinds):
        yield Naming("measures.toml", (*row_at, "source"), _sources_of(row))
    for number, safeguard in enumerate(safeguards):
        yield Naming("safeguards.toml", ("safeguards", number, "source"), _sources_of(safeguard))


def sources_of(profiles: Mapping[str, Profile]) -> Iterator[Naming]:
    """The same in profiles, by the path of each."""
    for path, read in profiles.items():
        yield from _sources_in(path, read)


def _sources_in(path: str, read: Instrument | Profile) -> Iterator[Naming]:
    for table in type(read).model_fields:
        rows = getattr(read, table)
        if isinstance(rows, Provision):
            yield Naming(path, (table, "source"), _sources_of(rows))
        for number, row in enumerate(rows if isinstance(rows, tuple) else ()):
            if isinstance(row, Provision):
                yield Naming(path, (table, number, "source"), _sources_of(row))


def _rows_of_kinds(kinds: Iterable[KindOfMeasure]) -> Iterator[tuple[tuple[int | str, ...], OfKind]]:
    for number, kind in enumerate(kinds):
        for column in type(kind).model_fields:
            rows = getattr(kind, column)
            for index, row in enumerate(rows if isinstance(rows, tuple) else ()):
                if isinstance(row, OfKind):
                    yield ("kinds", number, column, index), row


def _sources_of(row: Provision) -> frozenset[str]:
    return frozenset(_SOURCE.findall(row.source))


def _file_of(read: Instrument) -> str:
    return f"instruments/{read.id}.toml"
