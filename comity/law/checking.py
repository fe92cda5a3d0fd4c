"""What the requested State will miss in a request, before it is sent: each gap, how much it weighs, and who says so."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from babel import Locale

from comity.law.library import Law
from comity.law.models import cited, unread
from comity.request.gaps import Lack, claimed, gaps, goes_on_field, instrument_of, is_urgent, kind_of
from comity.request.letter import Languages, Letter
from comity.request.model import Record, Urgency
from comity.request.opening import suggested

BLOCKING: Literal["blocking"] = "blocking"
WILL_DELAY: Literal["will delay"] = "will delay"
_TABLE = "comity/law/measures.toml"
_OUR_PRACTICE = "our practice: every request says it"


class Missing(Record):
    """One gap: `blocking` where nothing can be done without it, else it `will delay`; `by`: article or table."""

    weight: Literal["blocking", "will delay"]
    field: str
    asks: str
    by: str

    @property
    def line(self) -> str:
        """The same for a person."""
        return f"{self.weight:<11} {self.field}: {self.asks} [{self.by}]"


class Checked(Record):
    """A request as it would be read: what it claims, what its facts suggest and why, and what it lacks.

    `declared`: what the requested State reserved or declared of its measures, with the article. `blocked`: it is better
    not sent as it is. Never so of an urgent one: that is accepted, and asked meanwhile.
    """

    claims: Urgency | None
    suggests: Urgency
    because: tuple[str, ...]
    missing: tuple[Missing, ...]
    declared: tuple[str, ...]
    blocked: bool


def checked(letter: Letter, law: Law, now: datetime) -> Checked:
    """What becomes of a letter that comes in now: its gaps, what blocks first."""
    found = [*(_weighed(lack, letter, law) for lack in gaps(letter, law, now)), *_languages(letter, law, now)]
    reading = suggested(letter, now)
    return Checked(
        claims=claimed(letter),
        suggests=reading.urgency,
        because=reading.reasons,
        missing=tuple(sorted(found, key=lambda each: each.weight != BLOCKING)),
        declared=tuple(dict.fromkeys(_declared(letter, law))),
        blocked=not is_urgent(letter) and any(each.weight == BLOCKING for each in found),
    )


def lines(found: Checked, *, urgent: bool) -> list[str]:
    """The same for a person."""
    told = [each.line for each in found.missing]
    told += [] if told else ["nothing is missing that is known here"]
    told += [f"{'declared':<11} {each}" for each in found.declared]
    if urgent and found.missing:
        told.append("urgent: it is accepted as it is, and all of this is asked meanwhile")
    claims = f"claims {found.claims}" if found.claims else "claims no class"
    return [f"urgency     it {claims}; its facts suggest {found.suggests}: {'; '.join(found.because)}", *told]


def _declared(letter: Letter, law: Law) -> Iterator[str]:
    for index, measure in enumerate(letter.measures):
        key, kind = instrument_of(letter, index) or "", kind_of(measure, law)
        if key in law.instruments and kind:
            for each in law.instruments[key].declared((letter.requested_state or "",), kind.id):
                yield f"{each.state} {each.what} [{cited(key, each)}]"


def _languages(letter: Letter, law: Law, now: datetime) -> Iterator[Missing]:
    """A translation that the requested State will ask for, by its profile."""
    profile = law.profile(letter.requested_state or "", now.date())
    told = letter.languages or Languages()
    taken = {row.code: row for row in profile.languages} if profile else {}
    if profile and taken and told.written_in and not {told.written_in, told.translated_into} & set(taken):
        into = " or ".join(sorted(str(Locale("en").languages.get(code, code)) for code in taken))
        mark = "".join(sorted({f", {unread(row)}" for row in taken.values() if not row.verified}))
        asks = f"Please add a translation into {into}."
        by = f"profile {profile.state}, languages{mark}"
        yield Missing(weight=WILL_DELAY, field="languages.translated_into", asks=asks, by=by)


def _weighed(lack: Lack, letter: Letter, law: Law) -> Missing:
    kind = _needing(lack, letter, law)
    of_kind = f"what '{kind}' needs ({_TABLE})" if kind else _row_of_kind(lack, letter, law)
    by = of_kind or _article(lack, letter, law)
    blocks = kind or lack.field in ("requested_state", "measures") or _is_of_basis(lack)
    return Missing(weight=BLOCKING if blocks else WILL_DELAY, field=lack.field, asks=lack.asks, by=by)


def _is_of_basis(lack: Lack) -> bool:
    return lack.field.split("[")[0] == "legal_bases" or lack.field.endswith("].instrument")


def _needing(lack: Lack, letter: Letter, law: Law) -> str | None:
    """The kind of measure that cannot do without the field, by its own table."""
    of_measure = re.match(r"measures\[(\d+)\]\.(.+)", lack.field)
    if of_measure is None:
        return next(
            (kind.id for each in letter.measures if (kind := kind_of(each, law)) and lack.field in kind.needs), None
        )
    kind = kind_of(letter.measures[int(of_measure[1])], law)
    return kind.id if kind and of_measure[2] in kind.needs else None


def _row_of_kind(lack: Lack, letter: Letter, law: Law) -> str | None:
    """What a kind of measure brings with it, against what the letter says: its table, or the article of a law."""
    for index, measure in enumerate(letter.measures):
        kind = law.kinds.get(found.id) if (found := kind_of(measure, law)) else None
        if kind and lack.field == f"measures[{index}].data.data_class":
            return f"what '{kind.id}' yields ({_TABLE})"
        if kind and lack.field == goes_on_field(f"M{index + 1}"):
            told = [row for row in kind.told if row.binds(instrument_of(letter, index))]
            return "; ".join(", ".join(filter(None, (row.article, unread(row)))) for row in told)
    return None


def _article(lack: Lack, letter: Letter, law: Law) -> str:
    """The article of an instrument of this letter that asks for the field."""
    path = re.sub(r"\[\d+\]", "", lack.field)
    for key, kind in _rested_on(lack, letter, law):
        for content in law.instruments[key].contents:
            if path in content.fields and content.binds(kind):
                return cited(key, content)
    return _OUR_PRACTICE


def _rested_on(lack: Lack, letter: Letter, law: Law) -> Iterator[tuple[str, str]]:
    """Instrument and kind of the measure that a gap is in; of each measure, where it is in none."""
    inside = re.match(r"measures\[(\d+)\]", lack.field)
    for index, measure in enumerate(letter.measures):
        key, kind = instrument_of(letter, index) or "", kind_of(measure, law)
        if key in law.instruments and (inside is None or index == int(inside[1])):
            yield key, kind.id if kind else ""
