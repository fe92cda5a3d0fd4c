"""The law that one service works with: all data files of one set, read at once and never changed while it runs."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, combinations
from pathlib import Path
from typing import Literal, TypeVar

import tomli
from pydantic import BaseModel, ValidationError

from comity.errors import Fault, NotFound, Refused, Unreadable
from comity.faults import worded
from comity.law.calendars import OfficeCalendar
from comity.law.lines import line_of
from comity.law.models import (
    KEPT,
    Defaults,
    Instrument,
    KindOfMeasure,
    Ladders,
    Measures,
    Profile,
    Retention,
    Safeguard,
    Safeguards,
    Sources,
)
from comity.law.naming import (
    Naming,
    Standing,
    instruments_named,
    kinds_named,
    provisions,
    provisions_of,
    sources_named,
    wrong_citations,
)
from comity.request.deadlines import UNREAD, Provision, Rule, Terms
from comity.request.lifecycle import Duty
from comity.request.model import Ladder, Owed, Record, Request, Urgency
from comity.request.triage import ladder_name

AnyRecord = TypeVar("AnyRecord", bound=Record)

FOLDER = Path(__file__).parent
"""Where the data files lie."""


@dataclass(frozen=True)
class Law:
    """Instruments, kinds of measure, our clocks, ladders and retention, what was read, and the version of it all."""

    version: str
    instruments: dict[str, Instrument]
    kinds: dict[str, KindOfMeasure]
    defaults: Defaults
    ladders: dict[str, Ladder]
    retention: Retention
    sources: dict[str, str]
    profiles: tuple[Profile, ...]
    safeguards: dict[str, Safeguard]
    files: Mapping[str, bytes] = field(repr=False, compare=False)

    @classmethod
    def load(cls, name: str = "default", home: Path = Path("var"), folder: Path = FOLDER) -> "Law":
        """Read the set of that name; `home` is COMITY_HOME, which the set `demo` asks to be a folder named demo.

        Raises Unreadable with file and line or table path, NotFound for a set that does not exist, and Refused for
        the set `demo` elsewhere.
        """
        _refuse_demo_elsewhere(name, home)
        _refuse_unknown(name, folder)
        return _Reading(dict(_files(folder, name)), name).law()

    @classmethod
    def kept(cls, version: str, files: Mapping[str, bytes]) -> "Law":
        """A version that was kept, from its files. It need not know duties and ladders that came later.

        Raises Fault where the files are not those of that version, and Unreadable.
        """
        law = _Reading(files, version.rpartition("-")[0], kept=True).law()
        if law.version != version:
            raise Fault(f"the law kept as {version} has the files of {law.version}")
        return law

    def instrument(self, key: str) -> Instrument:
        """The instrument of that id. Raises NotFound, naming those that there are."""
        if key not in self.instruments:
            raise NotFound(f"no instrument of that id; there are {', '.join(sorted(self.instruments))}")
        return self.instruments[key]

    def kind(self, key: str) -> KindOfMeasure:
        """The kind of measure of that id. Raises NotFound, naming those that there are."""
        if key not in self.kinds:
            raise NotFound(f"no kind of measure of that id; there are {', '.join(sorted(self.kinds))}")
        return self.kinds[key]

    def safeguard(self, key: str) -> Safeguard:
        """The safeguard of that id. Raises NotFound, naming those that there are."""
        if key not in self.safeguards:
            raise NotFound(f"no safeguard of that id; there are {', '.join(self.safeguards)}")
        return self.safeguards[key]

    def profile(self, state: str, day: date) -> Profile | None:
        """What a State requires on a day; None where no file says it."""
        return next((each for each in self.profiles if each.state == state and each.holds_on(day)), None)

    def retention_of(self, state: str, day: date) -> Retention:
        """How long a State keeps, on a day, what is left of a request: by its own rules, else by ours."""
        profile = self.profile(state, day)
        own = profile.retention if profile else None
        return own if own and not self.retention.before_profiles else self.retention

    def in_force_between(self, instrument: str, one: str, other: str, day: date) -> Literal["yes", "no", "unknown"]:
        """Whether an instrument is a basis between two States (ISO 3166-1) on a day. Raises NotFound.

        What is only linked to mutual assistance is none. It is one from the later of the two States' first days on;
        reservations are not looked at.
        """
        read = self.instrument(instrument)
        if read.linked or not read.in_force or (read.applies_from or day) > day:
            return "no"
        bound = {read.parties.binds(state, day) for state in (one, other)}
        return "no" if "no" in bound else "unknown" if "unknown" in bound else "yes"

    def rules_for(
        self, instrument: str, duty: Duty, kind: str | None = None, urgency: Urgency = Urgency.P3
    ) -> tuple[Rule, ...]:
        """The instrument's rules on a duty of a class, of one kind of measure or (None) of the request as a whole.

        An instrument that is not in force, or that no file describes, has none.
        """
        read = self.instruments.get(instrument)
        if read is None or not read.in_force:
            return ()
        bound = [rule for rule in read.rules if rule.duty == duty and rule.binds(kind)]
        return tuple(rule for rule in bound if not rule.classes or urgency in rule.classes)

    def ladder_for(self, duty: Duty, urgency: Urgency) -> Ladder:
        """The ladder that a duty of that class climbs."""
        return self.ladders[ladder_name(duty, urgency)]

    def terms_for(self, owed: Owed, request: Request) -> Terms:
        """What the law says on one duty: of its measure's instrument, or of all instruments of the request."""
        of_part = [measure for measure in request.measures if measure.id == owed.part]
        bases = [(measure.instrument, measure.kind if of_part else None) for measure in of_part or request.measures]
        rules = [
            rule for base, kind in dict.fromkeys(bases) for rule in self.rules_for(base, owed.duty, kind, owed.urgency)
        ]
        return Terms(
            rules=tuple(rules),
            default=self.defaults.rule(owed.duty, owed.urgency),
            asked=self._on_dates_asked(of_part[0].instrument) if of_part else UNREAD,
            preserves=any(self._preserves(measure.kind) for measure in of_part),
            version=self.version,
        )

    def _on_dates_asked(self, instrument: str) -> Provision:
        read = self.instruments.get(instrument)
        return read.asked if read else UNREAD

    def _preserves(self, kind: str) -> bool:
        return kind in self.kinds and self.kinds[kind].preserves


def _refuse_demo_elsewhere(name: str, home: Path) -> None:
    if name == "demo" and home.absolute().name != "demo":
        raise Refused(
            "the law set 'demo' counts in seconds and works only where COMITY_HOME is a folder named 'demo'; "
            "use COMITY_LAW=default, or another COMITY_HOME"
        )


def _refuse_unknown(name: str, folder: Path) -> None:
    sets = sorted(path.stem for path in (folder / "ladders").glob("*.toml"))
    if name not in sets:
        raise NotFound(f"no law set of that name; there are {', '.join(sets)}")


# --- reading ----------------------------------------------------------------------------------------------------------


_OF_ALL = ("measures", "safeguards", "sources")
_OF_A_SET = ("defaults", "ladders", "retention")
"""The folders in which each set has a file of its own; all else is the same for all sets."""


def _files(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """The files of one set that are there, by their path in the folder, in the order in which they are read."""
    found = [*folder.glob("instruments/*.toml"), *folder.glob("profiles/*.toml")]
    found += [folder / f"{name}.toml" for name in _OF_ALL] + [*(folder / of / f"{name}.toml" for of in _OF_A_SET)]
    for path in sorted(found):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


class _Reading:
    """One pass over the files of a set, which digests what it reads."""

    def __init__(self, files: Mapping[str, bytes], name: str, *, kept: bool = False) -> None:
        self._files = files
        self._name = name
        self._kept = kept
        self._digest = hashlib.sha256()

    def law(self) -> Law:
        instruments = [self._instrument(path) for path in self._in("instruments")]
        measures = self._read("measures.toml", Measures)
        defaults = self._read(f"defaults/{self._name}.toml", Defaults)
        safeguards = self._read("safeguards.toml", Safeguards)
        sources = self._read("sources.toml", Sources)
        ladders = self._read(f"ladders/{self._name}.toml", Ladders)
        retention = self._read(f"retention/{self._name}.toml", Retention)
        grounds = {ground.id for read in instruments for ground in read.grounds}
        profiles = {path: self._profile(path, grounds) for path in self._in("profiles")}
        _refuse_overlap(profiles)
        kinds, said = {kind.id: kind for kind in measures.kinds}, safeguards.safeguards
        if not self._kept:
            self._refuse_strangers("kind of measure", {*kinds}, kinds_named(instruments, said))
            self._refuse_strangers("instrument", {read.id for read in instruments}, instruments_named(measures.kinds))
            rows = [*provisions(instruments, measures.kinds, said)]
            named = sources_named(instruments, chain(rows, provisions_of(profiles)))
            self._refuse_strangers("source", {*sources.sources}, named)
            self._refuse_wrong_citations(instruments, rows)
        return Law(
            version=f"{self._name}-{self._digest.hexdigest()[:12]}",
            instruments={read.id: read for read in instruments},
            kinds=kinds,
            defaults=defaults,
            ladders={name: row.ladder(name) for name, row in ladders.ladders.items()},
            retention=retention,
            sources=sources.sources,
            profiles=tuple(profiles.values()),
            safeguards={each.id: each for each in said},
            files=self._files,
        )

    def _in(self, room: str) -> list[str]:
        return sorted(path for path in self._files if path.startswith(f"{room}/"))

    def _instrument(self, path: str) -> Instrument:
        read = self._read(path, Instrument)
        stem = path.removeprefix("instruments/").removesuffix(".toml")
        if read.id != stem:
            raise self._fault(path, ("id",), f"it must be the name of the file, '{stem}'")
        return read

    def _profile(self, path: str, grounds: set[str]) -> Profile:
        """One profile: its grounds are those of instruments, its zones and holidays those that the libraries know."""
        read = self._read(path, Profile)
        named = [(("mandatory", number, "ground"), {row.ground}) for number, row in enumerate(read.mandatory)]
        named += [(("deciders", number, "grounds"), set(row.grounds)) for number, row in enumerate(read.deciders)]
        for place, found in named:
            if unknown := ", ".join(sorted(found - grounds)):
                raise self._fault(path, place, f"no instrument has a ground of that id: {unknown}")
        for zone in read.zones:
            try:
                OfficeCalendar.of(read.state, zone, read.subdivision)
            except NotFound as error:
                raise self._fault(path, ("zones",), str(error)) from None
        return read

    def _refuse_strangers(self, what: str, known: set[str], named: Iterable[Naming]) -> None:
        """A name of a kind of measure, an instrument or a source that no file has, where another names it."""
        for path, place, names in named:
            if unknown := ", ".join(sorted(names - known)):
                raise self._fault(path, place, f"there is no {what} of that id: {unknown}")

    def _refuse_wrong_citations(self, instruments: Iterable[Instrument], rows: Iterable[Standing]) -> None:
        wrong = [
            str(self._fault(row.path, (*row.place, "article"), why))
            for row, why in wrong_citations({read.id: read for read in instruments}, rows)
        ]
        if wrong:
            raise Unreadable("\n".join(wrong))

    def _read(self, where: str, model: type[AnyRecord]) -> AnyRecord:
        text = self._files.get(where)
        if text is None:
            raise Unreadable(f"law/{where}: this file is missing from the set '{self._name}'")
        self._digest.update(f"{where}\0{len(text)}\0".encode() + text)
        try:
            return model.model_validate(tomli.loads(text.decode()), context=KEPT if self._kept else None)
        except (UnicodeDecodeError, tomli.TOMLDecodeError) as error:
            raise Unreadable(f"law/{where}: {error}") from error
        except ValidationError as error:
            raise Unreadable("\n".join(_faults(where, text.decode(), error, model))) from error

    def _fault(self, path: str, place: tuple[int | str, ...], why: str) -> Unreadable:
        line = line_of(self._files[path].decode(), place)
        return Unreadable(f"law/{path}: line {line}: {_path(place)}: {why}")


def _refuse_overlap(profiles: Mapping[str, Profile]) -> None:
    for (path, one), (another, other) in combinations(profiles.items(), 2):
        if one.state == other.state and (one.holds_on(other.valid_from) or other.holds_on(one.valid_from)):
            day = max(one.valid_from, other.valid_from)
            raise Unreadable(
                f"law/{another}: it holds for {one.state} on {day}, as law/{path} does; "
                "give the earlier one a `valid_until`, the day before"
            )


def _faults(where: str, text: str, error: ValidationError, model: type[BaseModel]) -> list[str]:
    return [
        f"law/{where}: line {line_of(text, fault['loc'])}: {_path(fault['loc'])}: {worded(fault, model)}"
        for fault in error.errors()
    ]


def _path(steps: tuple[int | str, ...]) -> str:
    """`rules[2].length`, as one would write it; tables are counted from 1."""
    written = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in steps)
    return written.removeprefix(".") or "the whole file"
