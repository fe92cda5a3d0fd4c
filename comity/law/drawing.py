"""The law data written out for a lawyer: as text for a terminal, and as the Markdown of docs/law."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from comity.law.library import Law
from comity.law.models import (
    INVENTED,
    Channel,
    ContactPoint,
    Ground,
    Instrument,
    OthersLimit,
    Parties,
    Profile,
    Reservation,
    Retention,
    Said,
    SaidOfKinds,
    unread,
)
from comity.request.deadlines import AGREED, NO_NUMBER, Provision, Rule

UNKNOWN = "unknown: nobody has read of it"
NO_LIST = "unknown: no list was read"
_WIDTH = 110
_GLUE = "\u00a0"  # a space where no line is broken


@dataclass(frozen=True)
class Row:
    """One thing that an instrument says: in words, and where it says so."""

    words: str
    says: Provision

    @property
    def told(self) -> str:
        """The words with their note."""
        return f"{self.words}; {self.says.note}" if self.says.note else self.words

    @property
    def mark(self) -> str:
        """How far it was read."""
        if self.says.verified:
            return f"read: {self.says.source}"
        return unread(self.says) if self.says.source == INVENTED else f"{unread(self.says)} ({self.says.source})"


def sections(instrument: Instrument) -> list[tuple[str, list[Row]]]:
    """All that the file of an instrument holds, a heading and its rows each; no row: nobody has read of one."""
    told = {
        "What it covers": _all(instrument.covers),
        "By which ways": [_of_channel(each) for each in instrument.channels],
        "What a request must say": [Row(f"{each.what}{_of_kinds(each)}", each) for each in instrument.contents],
        "Time limits that are counted here": [Row(limit(rule), rule) for rule in instrument.rules],
        "Dates that are asked for": [Row(_of_dates(instrument.asked), instrument.asked)],
        "Time limits of others": [Row(_of_other(limit), limit) for limit in instrument.others],
        "Grounds": [Row(_of_ground(ground), ground) for ground in instrument.grounds],
        "What is no ground": _all(instrument.no_grounds),
        "Confidentiality": _all(instrument.confidentiality),
        "Use of the answer": _all(instrument.use),
        "What goes back": _all(instrument.returns),
        "Costs": _all(instrument.costs),
        "Reservations and declarations": [Row(_of_reservation(each), each) for each in instrument.reservations],
    }
    return list(told.items())


def read_of(instrument: Instrument) -> tuple[int, int]:
    """How many of its rows were read in a text, and how many there are."""
    rows = [row for _, rows in sections(instrument) for row in rows]
    return sum(row.says.verified for row in rows), len(rows)


def _all(said: tuple[Said, ...]) -> list[Row]:
    return [Row(each.what, each) for each in said]


def _of_channel(channel: Channel) -> Row:
    return Row(f"{channel.way}{' (urgent)' if channel.urgent else ''}", channel)


def _of_dates(asked: Provision) -> str:
    unread = asked.article.startswith(("unknown", "none"))
    return "whether they are taken into account" if unread else "they are taken into account"


def limit(rule: Rule) -> str:
    """A time limit in words."""
    bound = ", ".join((*rule.kinds, *rule.classes))
    of = f" ({bound})" if bound else ""
    if rule.length == NO_NUMBER:
        return f"{rule.duty}{of}: no number"
    least = "at least " if rule.least else ""
    longer = {NO_NUMBER: "", AGREED: "; longer by agreement"}.get(rule.extension, f"; once longer, by {rule.extension}")
    stopped = "" if rule.stops == "nothing" else f"; stopped by {rule.stops}"
    return f"{rule.duty}{of}: {least}{rule.length} from: {rule.starts}{longer}{stopped}"


def _of_other(limit: OthersLimit) -> str:
    longer = "" if limit.extension == NO_NUMBER else f"; longer: {limit.extension}"
    return f"{limit.who}: {limit.what}: {limit.length} from: {limit.starts}{longer}"


def _of_ground(ground: Ground) -> str:
    may = f"{_MAY[ground.nature]} {ground.effect}; consult first: {ground.consult_first}"
    return f"{may}: {ground.what}{_of_kinds(ground)}"


def _of_kinds(said: SaidOfKinds) -> str:
    return f" (of {', '.join(said.kinds)})" if said.kinds else ""


_MAY = {"mandatory": "must", "discretionary": "may", "unknown": "must or may (unknown)"}


def _of_reservation(reservation: Reservation) -> str:
    return f"{reservation.state}: {reservation.what}{_of_kinds(reservation)}"


def standing(instrument: Instrument) -> str:
    """Whether it can be a basis at all."""
    if instrument.linked:
        return "linked, not mutual legal assistance"
    return "in force" if instrument.in_force else "NOT IN FORCE"


def parties(instrument: Instrument) -> str:
    """Whom it binds and since when, and whom it does not bind, as far as that was read."""
    of = instrument.parties
    told = [f"nobody before {instrument.applies_from}"] if instrument.applies_from else []
    named = ", ".join(_bound(of))
    told.append(f"{'since the day beside it, where that was read: ' if of.since else ''}{named or NO_LIST}")
    told += [f"not bound: {', '.join(of.outside)}"] if of.outside else []
    told += ["nobody else can be"] if of.closed else []
    told += [of.note] if of.note else []
    return f"{'; '.join(told)} [{Row('', of.says).mark}]"


def articles(instrument: Instrument) -> str:
    """What its rows may cite, as far as it was counted, and where."""
    counted = [f"{text.named} {text.range} [{text.source}]" for text in instrument.texts if text.counted]
    return "; ".join(counted) or "unknown: nobody has counted them"


def _bound(of: Parties) -> Iterator[str]:
    """Each State with its first day, and the last of one that left; a day that nobody has read is left out."""
    for state in of.states if of.states != "unknown" else ():
        since = f"{_GLUE}{of.since[state]}" if state in of.since else ""
        until = f"{_GLUE}until{_GLUE}{of.until[state]}" if state in of.until else ""
        yield f"{state}{since}{until}"


def _of_parties(instrument: Instrument, word: str, indent: str = "") -> str:
    """Wrapped; a State and its days stay on one line."""
    told = f"{word}: {parties(instrument)}"
    return textwrap.fill(told, _WIDTH, subsequent_indent=indent, break_on_hyphens=False).replace(_GLUE, " ")


# --- for a terminal ---------------------------------------------------------------------------------------------------


def plain(instrument: Instrument, law: Law) -> str:
    """One instrument as text."""
    lines = [f"{instrument.id}  {instrument.name}", f"{standing(instrument)}; {instrument.status}"]
    lines += [_of_parties(instrument, "parties", "  "), f"articles: {articles(instrument)}"]
    for heading, rows in sections(instrument):
        lines += ["", heading.upper(), *(wrapped(row) for row in rows)]
        lines += [] if rows else [f"  {UNKNOWN}"]
    return "\n".join([*lines, "", *_sources(instrument, law)])


def wrapped(row: Row) -> str:
    """A row for a terminal."""
    told = f"{row.says.article}: {row.told} [{row.mark}]"
    return textwrap.fill(told, _WIDTH, initial_indent="  ", subsequent_indent="      ")


def _sources(instrument: Instrument, law: Law) -> Iterator[str]:
    """What the numbers behind `read` are."""
    marks = [row.mark for _, rows in sections(instrument) for row in rows]
    named = set(
        re.findall(r"\bS[0-9]+\b", " ".join([*marks, instrument.status, parties(instrument), articles(instrument)]))
    )
    yield from (f"{key}: {what}" for key, what in law.sources.items() if key in named)


def listed(law: Law) -> str:
    """All instruments, a line each: how much of what stands here was read in a text."""
    lines = [_columns("id", "standing", "read", "name")]
    for each in _in_order(law):
        read, rows = read_of(each)
        lines.append(_columns(each.id, standing(each), f"{read} of {rows}", each.name))
    known = ", ".join(sorted({each.state for each in law.profiles}))
    return "\n".join([*lines, "", f"profiles of States: {known} (`comity law show {law.profiles[0].state}`)", _KINDS])


_KINDS = "kinds of measure: `comity law show measures` lists them; each is shown by its name"


def line(instrument: Instrument) -> dict[str, object]:
    """The same of one as plain values."""
    read, rows = read_of(instrument)
    named = {"id": instrument.id, "name": instrument.name, "standing": standing(instrument)}
    return named | {"status": instrument.status, "rows": rows, "read": read}


def _columns(key: str, state: str, read: str, name: str) -> str:
    return f"{key:<14}{state:<37}{read:<10}{name}"


def _in_order(law: Law) -> list[Instrument]:
    return sorted(law.instruments.values(), key=lambda each: each.id)


def of_profile(profile: Profile) -> list[tuple[str, list[Row]]]:
    """All that a profile holds, as `sections` of an instrument; no row: nobody has asked."""
    told = {
        "Authority": [Row(profile.authority.what, profile.authority)],
        "Languages": [Row(f"{each.code}, {each.what}", each) for each in profile.languages],
        "By which ways": [_of_channel(each) for each in profile.channels],
        "Contact points": [Row(_of_contact(each), each) for each in profile.contacts],
        "Who decides": [
            Row(f"{each.what}: {', '.join((each.role, *each.deputies))}", each) for each in profile.deciders
        ],
        "Grounds on which it must refuse": [Row(f"{each.ground}: {each.what}", each) for each in profile.mandatory],
        "Remedies": [Row(f"{each.what}: {each.period} from: {each.starts}", each) for each in profile.remedies],
        "How long it keeps what a closed request has left": _of_retention(profile.retention),
    }
    return list(told.items())


def _of_retention(rules: Retention | None) -> list[Row]:
    return [Row(f"{what}: {length} after closing", rules) for what, length in rules.lengths.items()] if rules else []


def _of_contact(contact: ContactPoint) -> str:
    hours = "at any hour" if contact.around_the_clock else f"{contact.hours} {contact.zone}"
    return f"{contact.what}: {contact.number}, {hours}; checked on {contact.checked_on}"


def plain_profile(profile: Profile) -> str:
    """One profile as text."""
    until = f" until {profile.valid_until}" if profile.valid_until else ""
    lines = [f"{profile.state}  {profile.name}, from {profile.valid_from}{until}; {', '.join(profile.zones)}"]
    for heading, rows in of_profile(profile):
        lines += ["", heading.upper(), *(wrapped(row) for row in rows)]
        lines += [] if rows else [f"  {UNKNOWN}"]
    return "\n".join(lines)


# --- as Markdown ------------------------------------------------------------------------------------------------------


def page(instrument: Instrument, law: Law) -> str:
    """docs/law, the page of one instrument."""
    lines = [
        f"# {instrument.name}",
        "",
        f"Drawn from `comity/law/instruments/{instrument.id}.toml` by `comity law show {instrument.id} --page`.",
        "",
        f"**{standing(instrument).capitalize()}**: {instrument.status}.",
        "",
        _of_parties(instrument, "Parties"),
        "",
        f"Articles: {articles(instrument)}.",
    ]
    for heading, rows in sections(instrument):
        lines += ["", f"## {heading}", "", *(bullet(row) for row in rows)]
        lines += [] if rows else [UNKNOWN.capitalize() + "."]
    sources = [f"- {line}" for line in _sources(instrument, law)]
    return "\n".join([*lines, *(["", "## Sources", "", *sources] if sources else [])]) + "\n"


def bullet(row: Row) -> str:
    """A row as Markdown; what nobody read stands out."""
    mark = row.mark if row.says.verified else f"**{row.mark}**"
    return f"- **{row.says.article}** {row.told} ({mark})"


def index(law: Law) -> str:
    """docs/law/README.md."""
    lines = [
        "# The law, as far as it was read",
        "",
        "Drawn from comity/law/instruments by `comity law list --page`. What was not read in a text says so.",
        "",
        "| instrument | standing | read in a text |",
        "| --- | --- | --- |",
    ]
    for each in _in_order(law):
        read, rows = read_of(each)
        lines.append(f"| [{each.name}]({each.id}.md) | {standing(each)} | {read} of {rows} |")
    return "\n".join([*lines, "", "What each kind of measure brings with it: [kinds of measure](measures.md)."]) + "\n"
