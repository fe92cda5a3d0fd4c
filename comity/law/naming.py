"""What one law file names of another, and where: a name that nothing has is a slip of whoever wrote it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from comity.law.citing import texts_of, wrong_citation
from comity.law.models import Instrument, KindOfMeasure, OfKind, Profile, Safeguard
from comity.request.deadlines import Provision

_SOURCE = re.compile(r"\bS[0-9]+\b")


class Naming(NamedTuple):
    """The names that stand in one place of one file; `path`: the file, `place`: as `line_of` takes it."""

    path: str
    place: tuple[int | str, ...]
    names: frozenset[str]


class Standing(NamedTuple):
    """A row that says where a law says something, and where the row stands; as Naming."""

    path: str
    place: tuple[int | str, ...]
    row: Provision


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


def provisions(
    instruments: Iterable[Instrument], kinds: Iterable[KindOfMeasure], safeguards: Iterable[Safeguard]
) -> Iterator[Standing]:
    """Every row that says where a law says something, but those of profiles."""
    for read in instruments:
        yield from _rows_in(_file_of(read), read)
    for place, row in _rows_of_kinds(kinds):
        yield Standing("measures.toml", place, row)
    for number, safeguard in enumerate(safeguards):
        yield Standing("safeguards.toml", ("safeguards", number), safeguard)


def provisions_of(profiles: Mapping[str, Profile]) -> Iterator[Standing]:
    """The same of profiles, by the path of each."""
    for path, read in profiles.items():
        yield from _rows_in(path, read)


def sources_named(instruments: Iterable[Instrument], standing: Iterable[Standing]) -> Iterator[Naming]:
    """Sources, in every row that says what was read."""
    for path, place, row in standing:
        yield Naming(path, (*place, "source"), _sources_in(row.source))
    for read in instruments:
        yield Naming(_file_of(read), ("parties", "source"), _sources_in(read.parties.source))
        for number, text in enumerate(read.texts):
            yield Naming(_file_of(read), ("texts", number, "source"), _sources_in(text.source))


def wrong_citations(
    instruments: Mapping[str, Instrument], standing: Iterable[Standing]
) -> Iterator[tuple[Standing, str]]:
    """Rows that cite what no text has, and why: an instrument cites its own text, what rests on one cites that."""
    texts = texts_of(instruments)
    for each in standing:
        own = instruments.get(_own_of(each))
        if why := wrong_citation(each.row.article, own.texts[0] if own and own.texts else None, texts):
            yield each, why


def _own_of(standing: Standing) -> str:
    """The instrument of which a row speaks, or ""."""
    if isinstance(standing.row, OfKind):
        return standing.row.instruments[0] if len(standing.row.instruments) == 1 else ""
    return standing.path.removeprefix("instruments/").removesuffix(".toml")


def _rows_in(path: str, read: Instrument | Profile) -> Iterator[Standing]:
    for table in type(read).model_fields:
        rows = getattr(read, table)
        if isinstance(rows, Provision):
            yield Standing(path, (table,), rows)
        for number, row in enumerate(rows if isinstance(rows, tuple) else ()):
            if isinstance(row, Provision):
                yield Standing(path, (table, number), row)


def _rows_of_kinds(kinds: Iterable[KindOfMeasure]) -> Iterator[tuple[tuple[int | str, ...], OfKind]]:
    for number, kind in enumerate(kinds):
        for column in type(kind).model_fields:
            rows = getattr(kind, column)
            for index, row in enumerate(rows if isinstance(rows, tuple) else ()):
                if isinstance(row, OfKind):
                    yield ("kinds", number, column, index), row


def _sources_in(source: str) -> frozenset[str]:
    return frozenset(_SOURCE.findall(source))


def _file_of(read: Instrument) -> str:
    return f"instruments/{read.id}.toml"
