"""The records that the data files of law are read into, so that a bad file is refused with the place at fault."""

from collections import Counter
from collections.abc import Collection
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from comity.errors import Unreadable
from comity.request.deadlines import (
    AGREED,
    NO_NUMBER,
    Length,
    LengthText,
    OfKinds,
    Provision,
    Rule,
    Start,
    Unit,
    length_of,
)
from comity.request.keeping import IN_ORDER, Keeping
from comity.request.lifecycle import OFFICE, Duty, Role
from comity.request.model import Country, Ladder, Record, Rung, Token, Urgency
from comity.request.triage import ladder_name

KEPT = {"kept": True}
"""The context in which a law is read that was kept: it says nothing of duties and ladders that came later."""


def _is_kept(info: ValidationInfo) -> bool:
    return bool(info.context) and info.context == KEPT


INVENTED = "invented"
"""The source of what was made up to show the shape of a row."""


def unread(says: Provision) -> str:
    """What is shown beside a row that nobody has read or asked; "" where somebody has."""
    if says.verified:
        return ""
    return "INVENTED, ASK THAT STATE" if says.source == INVENTED else "CHECK AGAINST THE TEXT"


def cited(key: str, says: Provision) -> str:
    """Where an instrument says something, marked where nobody has read it."""
    return ", ".join(filter(None, (f"{key} {says.article}", unread(says))))


# --- instruments ------------------------------------------------------------------------------------------------------


class Parties(Record):
    """The States that an instrument binds, as ISO 3166-1 codes, or that nobody has read the list.

    `since`: the first day on which it binds one, where that was read; `until`: the last, for whoever left it.
    `outside`: whom a text names as not bound; `closed`: nobody else can be, as in a treaty of two States.
    """

    states: tuple[Country, ...] | Literal["unknown"]
    closed: bool = False
    since: dict[Country, date] = Field(default_factory=dict)
    until: dict[Country, date] = Field(default_factory=dict)
    verified: bool
    outside: tuple[Country, ...] = ()
    source: str
    note: str = ""

    @field_validator("states")
    @classmethod
    def _named_once(cls, states: tuple[Country, ...] | str) -> tuple[Country, ...] | str:
        _each_once(list(states) if isinstance(states, tuple) else [])
        return states

    @field_validator("since", "until")
    @classmethod
    def _of_those_named(cls, days: dict[Country, date], info: ValidationInfo) -> dict[Country, date]:
        if strangers := sorted(set(days) - set(info.data.get("states", days))):
            raise ValueError(f"not among `states`: {', '.join(strangers)}")
        return days

    @field_validator("until")
    @classmethod
    def _after_its_beginning(cls, until: dict[Country, date], info: ValidationInfo) -> dict[Country, date]:
        since = info.data.get("since", {})
        if early := sorted(state for state, day in until.items() if day < since.get(state, day)):
            raise ValueError(f"it ends before it begins for {', '.join(early)}")
        return until

    @field_validator("outside")
    @classmethod
    def _not_both(cls, outside: tuple[Country, ...], info: ValidationInfo) -> tuple[Country, ...]:
        if both := sorted(set(outside) & set(info.data.get("states", ()))):
            raise ValueError(f"among `states` as well: {', '.join(both)}")
        if outside and info.data.get("verified") is False:
            raise ValueError("only a list that was read (verified) says whom it does not bind")
        return outside

    @field_validator("closed")
    @classmethod
    def _closed_by_its_names(cls, closed: bool, info: ValidationInfo) -> bool:
        if closed and info.data.get("states") == "unknown":
            raise ValueError("only a treaty whose `states` are named is closed to others")
        return closed

    @property
    def says(self) -> Provision:
        """Where the list stands, and whether it was read there."""
        return Provision(article="parties", verified=self.verified, source=self.source, note=self.note)

    def binds(self, state: Country, day: date) -> Literal["yes", "no", "unknown"]:
        """Whether a State is bound on a day. One whose first day nobody has read is, on any; silence is `unknown`."""
        if self.states != "unknown" and state in self.states:
            return "yes" if self.since.get(state, day) <= day <= self.until.get(state, day) else "no"
        return "no" if self.closed or state in self.outside else "unknown"


class Channel(Provision):
    """One way by which requests travel under an instrument, and whether it is for urgent ones only."""

    way: str
    urgent: bool = False


class Said(Provision):
    """One thing that an instrument says, in our own words."""

    what: str = Field(min_length=1)


class SaidOfKinds(Said, OfKinds):
    """One thing that is said of some kinds of measure, in words."""


class Ground(SaidOfKinds):
    """One reason to refuse, postpone or condition; `consult_first`: whether the other State is consulted before."""

    id: Token
    nature: Literal["mandatory", "discretionary", "unknown"]
    effect: Literal["refuse", "postpone", "condition"]
    consult_first: Literal["yes", "where appropriate", "no", "unknown"]


class Content(SaidOfKinds):
    """One thing that a request must say; `fields`: the paths of comity.request.letter that say it.

    Where `kinds` are named, whatever a measure of these kinds lacks of its own fields is asked for.
    """

    fields: tuple[str, ...] = ()


class OthersLimit(Said):
    """A time limit that binds somebody else: shown to a lawyer, and counted by nobody here."""

    who: str
    length: LengthText
    starts: str
    extension: str = NO_NUMBER


class Reservation(SaidOfKinds):
    """A reservation or declaration of one Party that was read."""

    state: Country


class Text(Record):
    """What can be cited of one text: its articles, and how many numbered paragraphs those have whose text was read.

    `named`: what stands before its numbers where another text is spoken of; `inserted`: articles as `9bis`.
    """

    named: str = Field(min_length=1)
    articles: int | Literal["unknown"] = Field(description="the number of its last article")
    inserted: tuple[str, ...] = ()
    paragraphs: dict[str, int] = Field(default_factory=dict, description="0: it has none that is numbered")
    source: str = Field(description="where its articles were counted; `none`: nowhere")

    @model_validator(mode="after")
    def _counted_where_there(self) -> "Text":
        if self.counted and self.source == "none":
            raise ValueError("what was counted names its source")
        if strangers := sorted(article for article in self.paragraphs if not self.has(article)):
            raise ValueError(f"paragraphs of articles that it does not have: {', '.join(strangers)}")
        return self

    @property
    def counted(self) -> bool:
        """Whether anybody has counted its articles."""
        return self.articles != "unknown"

    def has(self, article: str) -> bool:
        """Whether that article can be there: of a text whose articles nobody counted, any."""
        if self.articles == "unknown" or article in self.inserted:
            return True
        return article.isdecimal() and 1 <= int(article) <= self.articles

    @property
    def range(self) -> str:
        """Its articles, in words."""
        return " and ".join([f"1 to {self.articles}", *([", ".join(self.inserted)] if self.inserted else [])])


class Instrument(Record):
    """One treaty or law, as comity/law/instruments holds it. Where it has no row of a kind, nobody has read of one.

    `linked`: it is no basis for mutual legal assistance, and stands here since requests touch it.
    """

    id: Token
    name: str
    in_force: bool
    linked: bool = False
    status: str = Field(description="what is known of its entry into force, with the source")
    applies_from: date | None = Field(default=None, description="before that day it binds nobody")
    parties: Parties
    texts: tuple[Text, ...] = Field((), description="what its rows cite; its own text stands first")
    asked: Provision = Field(description="where it says that dates asked for are taken into account")
    covers: tuple[Said, ...] = ()
    channels: tuple[Channel, ...] = ()
    contents: tuple[Content, ...] = ()
    rules: tuple[Rule, ...] = ()
    others: tuple[OthersLimit, ...] = ()
    grounds: tuple[Ground, ...] = ()
    no_grounds: tuple[Said, ...] = ()
    confidentiality: tuple[Said, ...] = ()
    use: tuple[Said, ...] = ()
    returns: tuple[Said, ...] = ()
    costs: tuple[Said, ...] = ()
    reservations: tuple[Reservation, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> "Instrument":
        _each_once([rule.id for rule in self.rules] + [ground.id for ground in self.grounds])
        return self

    @field_validator("parties")
    @classmethod
    def _nobody_before_it_applies(cls, parties: Parties, info: ValidationInfo) -> Parties:
        first = info.data.get("applies_from")
        if first and (early := sorted(state for state, day in parties.since.items() if day < first)):
            raise ValueError(f"it applies from {first}, and cannot bind before: {', '.join(early)}")
        return parties

    def declared(self, states: Collection[Country], kind: str) -> tuple[Reservation, ...]:
        """What these States reserved or declared of a kind of measure, as far as it was read."""
        return tuple(each for each in self.reservations if each.state in states and each.binds(kind))

    @model_validator(mode="after")
    def _stops_on_its_own_grounds(self) -> "Instrument":
        postponing = {ground.id for ground in self.grounds if ground.effect == "postpone"}
        unknown = sorted({ground for rule in self.rules for ground in rule.stopped_by} - postponing)
        if unknown:
            raise ValueError(f"stopped_by: it has no ground to postpone of that id: {', '.join(unknown)}")
        return self


def _each_once(names: list[str]) -> None:
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise ValueError(f"named more than once: {', '.join(twice)}")


# --- profiles of States -----------------------------------------------------------------------------------------------


class LanguageTaken(Said):
    """A language in which a State takes requests (ISO 639); `what`: on which terms."""

    code: str


class ContactPoint(Said):
    """Where a State is called back: a sender is verified by the number that stands here, never by one in a letter."""

    number: str
    hours: str
    zone: str
    around_the_clock: bool = False
    checked_on: date


class Decider(Said):
    """Who decides something in this State, and who in that person's place.

    `grounds`: on these grounds, whatever the measure; `coercive`: on measures that coerce, or on those that do not.
    What is left out does not matter.
    """

    role: Role
    deputies: tuple[Role, ...] = ()
    grounds: tuple[Token, ...] = ()
    coercive: bool | None = None

    def binds(self, kind: "KindOfMeasure | None") -> bool:
        """Whether it may come to decide on a measure of that kind; of one that nobody knows it may."""
        return self.coercive is None or kind is None or kind.coercive == self.coercive


class MandatoryGround(Said):
    """A ground that an instrument leaves open, and on which this State's law must refuse."""

    ground: Token


class Remedy(Said):
    """What a person concerned may do against a measure, and within which period."""

    period: LengthText
    starts: str


class Profile(Record):
    """What one jurisdiction requires, from one day on until another, as comity/law/profiles holds it.

    `zones`: IANA names, the central authority's first. `subdivision`: whose holidays count (ISO 3166-2).
    """

    state: Country
    name: str
    valid_from: date
    valid_until: date | None = None
    zones: tuple[str, ...] = Field(min_length=1)
    subdivision: str | None = None
    authority: Said
    languages: tuple[LanguageTaken, ...] = ()
    channels: tuple[Channel, ...] = ()
    contacts: tuple[ContactPoint, ...] = ()
    deciders: tuple[Decider, ...] = ()
    mandatory: tuple[MandatoryGround, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    retention: "Retention | None" = Field(None, description="how long it keeps what a closed request has left")

    def holds_on(self, day: date) -> bool:
        """Whether it is the one of that day."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


class Sources(Record):
    """What was read of the law, and where, by the number under which the other files name it."""

    sources: dict[str, str]


# --- measures ---------------------------------------------------------------------------------------------------------


class OfKind(Said):
    """One thing that is so of a kind of measure; `instruments`: where it rests on one of these, on any when empty."""

    instruments: tuple[Token, ...] = ()

    def binds(self, instrument: str | None) -> bool:
        """Whether it is so of a measure that rests on that instrument."""
        return not self.instruments or instrument in self.instruments


class Told(OfKind):
    """That somebody whom the measure concerns learns of it, and when: secrecy cannot be kept from them."""

    when: str = Field(min_length=1)


class Followed(OfKind):
    """What must follow a measure: a request for one of these kinds."""

    kinds: tuple[Token, ...] = Field(min_length=1)


class Longest(OfKind):
    """How long it may be in force at most."""

    length: LengthText


class KindOfMeasure(Record):
    """One kind of measure; `needs`: the paths inside the measure (comity.request.letter) that it cannot do without.

    `data_class`: the class of data that it yields; `none`: no data, or of any class. Where it has no row of a column,
    nobody has read of one. Columns are only added, with defaults: older files are read by later code.
    """

    id: Token
    lasts: bool = Field(description="it is in force for a time, and ends")
    one_person: bool = Field(description="one duty officer may order it alone at night (P0, P1, P1d)")
    coercive: bool
    preserves: bool = Field(default=False, description="it keeps data from being lost")
    dual_criminality: Literal["by the instrument", "not needed"]
    needs: tuple[str, ...] = ()
    note: str = ""
    data_class: Literal["subscriber", "traffic", "content", "none"] = "none"
    thresholds: tuple[OfKind, ...] = Field((), description="what the offence must be")
    told: tuple[Told, ...] = ()
    followed_by: tuple[Followed, ...] = ()
    parallel: tuple[OfKind, ...] = Field((), description="it is a police measure that never waits for this request")
    other_provider: tuple[OfKind, ...] = Field((), description="what is told at once of one found in the path")
    longest: tuple[Longest, ...] = ()
    given: tuple[OfKind, ...] = Field((), description="on what terms it is given without a request")


class Safeguard(Said):
    """What protects a victim, a child or a witness; `before`: the kinds of measure before which it is looked at."""

    id: Token
    before: tuple[Token, ...] = ()


class Safeguards(Record):
    """All of them, as comity/law/safeguards.toml holds them."""

    safeguards: tuple[Safeguard, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _named_once(self) -> "Safeguards":
        _each_once([each.id for each in self.safeguards])
        return self


class Measures(Record):
    """All kinds of measure, as comity/law/measures.toml holds them."""

    kinds: tuple[KindOfMeasure, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _named_once(self) -> "Measures":
        _each_once([kind.id for kind in self.kinds])
        return self

    @model_validator(mode="after")
    def _followed_by_kinds(self) -> "Measures":
        named = {kind for each in self.kinds for row in each.followed_by for kind in row.kinds}
        unknown = sorted(named - {kind.id for kind in self.kinds})
        if unknown:
            raise ValueError(f"followed_by: there is no kind of that id: {', '.join(unknown)}")
        return self


# --- our default clocks -----------------------------------------------------------------------------------------------


OURS = "our default"
"""Where a number of ours stands."""


class Defaults(Record):
    """Our own clocks for every duty and urgency class, where no instrument sets a number, or a later one."""

    note: str
    never_extended_classes: frozenset[Urgency]
    never_extended_duties: frozenset[Duty]
    clocks: dict[Duty, dict[Urgency, LengthText]]

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> "Defaults":
        if not _is_kept(info):
            _no_gap({f"{duty}.{urgency}" for duty, row in self.clocks.items() for urgency in row}, _EVERY_CLOCK)
        return self

    def rule(self, duty: Duty, urgency: Urgency) -> Rule:
        """Our default for one duty in one class. It counts from the duty's opening."""
        fixed = urgency in self.never_extended_classes or duty in self.never_extended_duties
        return Rule(
            id=f"default/{duty}",
            duty=duty,
            article=OURS,
            verified=False,
            source="ours to set",
            note=self.note,
            starts=Start.OPENED,
            length=self.clocks[duty][urgency],
            extension=NO_NUMBER if fixed else AGREED,
        )


_EVERY_CLOCK = frozenset(f"{duty}.{urgency}" for duty in Duty for urgency in Urgency)


def _no_gap(given: set[str], needed: frozenset[str]) -> None:
    missing = sorted(needed - given)
    if missing:
        raise ValueError(f"missing: {', '.join(missing)}")


# --- ladders ----------------------------------------------------------------------------------------------------------

_DAY = timedelta(days=1)
_SPANS = {
    Unit.SECOND: timedelta(seconds=1),
    Unit.MINUTE: timedelta(minutes=1),
    Unit.HOUR: timedelta(hours=1),
    Unit.DAY: _DAY,
    Unit.WEEK: 7 * _DAY,
}


def _span(text: str) -> timedelta:
    """`5 minutes`, `3 days` (of 24 hours), `at once`; `3 days before` is negative. Raises ValueError."""
    if text == "at once":
        return timedelta()
    length = _length(text.removesuffix(" before"))
    if length.unit not in _SPANS:
        raise ValueError(f"'{text}': a ladder counts in {', '.join(_SPANS)}")
    span = length.number * _SPANS[length.unit]
    return -span if text.endswith(" before") else span


def _length(text: str) -> Length:
    try:
        return length_of(text)
    except Unreadable as error:
        raise ValueError(str(error)) from None


def _inside(role: Role) -> Role:
    if role not in OFFICE:
        raise ValueError(f"'{role}' is outside the authority: a person tells them, not the clock")
    return role


class RungRow(Record):
    """One rung as it is written: when it is climbed, and who is told."""

    when: Annotated[timedelta, BeforeValidator(_span)]
    tell: tuple[Annotated[Role, AfterValidator(_inside)], ...] = Field(min_length=1)


class LadderRow(Record):
    """One ladder as it is written."""

    counted_from: Literal["opening", "deadline"]
    pause: Annotated[timedelta, BeforeValidator(_span)]
    rungs: tuple[RungRow, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _upwards(self) -> "LadderRow":
        spans = [rung.when for rung in self.rungs]
        if any(later <= earlier for earlier, later in pairwise(spans)):
            raise ValueError("each rung must be later than the one before it")
        return self

    def ladder(self, name: str) -> Ladder:
        """The ladder as a request keeps it."""
        rungs = tuple(Rung(after=row.when, tell=row.tell) for row in self.rungs)
        return Ladder(name=name, from_due=self.counted_from == "deadline", pause=self.pause, rungs=rungs)


_EVERY_LADDER = frozenset(ladder_name(duty, urgency) for duty in Duty for urgency in Urgency)


class Ladders(Record):
    """All ladders of one set, by name."""

    note: str
    ladders: dict[str, LadderRow]

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> "Ladders":
        if not _is_kept(info):
            _no_gap(set(self.ladders), _EVERY_LADDER)
        return self


# --- what outlives closure --------------------------------------------------------------------------------------------

_ABOUT = {Unit.WORKING_DAY: _DAY, Unit.MONTH: 30 * _DAY, Unit.YEAR: 365 * _DAY}


def _roughly(length: LengthText) -> timedelta:
    """How long a length is without a calendar: near enough to see that a file gives them in order."""
    read = length_of(length)
    return read.number * (_SPANS | _ABOUT)[read.unit]


class Ends(Record):
    """How long each class of key is kept after the closing, the first to end first."""

    vault: LengthText
    content: LengthText
    record: LengthText

    @field_validator("content", "record")
    @classmethod
    def _in_order(cls, length: LengthText, info: ValidationInfo) -> LengthText:
        earlier = IN_ORDER[IN_ORDER.index(Keeping(str(info.field_name))) - 1]
        if earlier in info.data and _roughly(length) < _roughly(info.data[earlier]):
            raise ValueError(f"'{length}' ends before '{earlier}' does ({info.data[earlier]})")
        return length


class Retention(Provision):
    """Rules on what a closed request has left: a State's own, in its profile, else ours (comity/law/retention).

    All count from its closing. `review_again`: for how long at most a review is put off. `told_again`: how long until
    the undecided are told again. `before_profiles`: they go before those of any State (the demo counts in seconds).
    """

    review: LengthText
    review_again: LengthText
    told_again: LengthText
    kept: Ends
    before_profiles: bool = False

    @property
    def told(self) -> str:
        """The article of these rules, or that they are invented; that nobody has verified it where nobody has."""
        said = self.source if self.source == INVENTED else self.article
        return said if self.verified else f"{said}, not verified"

    @property
    def lengths(self) -> dict[Keeping, str]:
        """How long after the closing each is due."""
        return {Keeping.REVIEW: self.review, **{what: getattr(self.kept, what) for what in IN_ORDER}}
