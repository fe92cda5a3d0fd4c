"""The kinds of measure written out for a lawyer: what is ours to set, what laws say of each, which limits name it."""

from collections.abc import Iterator

from comity.law.drawing import Row, bullet, limit, standing, wrapped
from comity.law.library import Law
from comity.law.models import KindOfMeasure, OfKind

MEASURES = "measures"
"""The name of the table that holds them all, and of its page."""

NO_ROW = "no row: nobody has read of one"


def ours(kind: KindOfMeasure) -> list[str]:
    """What we set of a kind: no text says it for us."""
    yields = "no data, or data of any class" if kind.data_class == "none" else f"{kind.data_class} data"
    told = [
        "it is in force until a date: renewed, lifted, or expired" if kind.lasts else "it is done once",
        f"it coerces{'' if kind.coercive else ' nobody'}; who decides stands in each State's profile",
        f"one duty officer {'may' if kind.one_person else 'may not'} order it alone at night (P0, P1, P1d)",
        f"dual criminality: {kind.dual_criminality}",
        f"it yields {yields}",
        f"the letter must say: {', '.join(kind.needs) or 'nothing besides'}",
    ]
    return [*told, *(["it keeps data from being lost"] if kind.preserves else []), *([kind.note] if kind.note else [])]


def sections(kind: KindOfMeasure, law: Law) -> list[tuple[str, list[Row]]]:
    """What laws say of a kind, a heading and its rows each; the limits are those that instruments count for it."""
    told = {
        "What the offence must be": [_row(each) for each in kind.thresholds],
        "Who learns of it, and when": [_row(each, f"; when: {each.when}") for each in kind.told],
        "What must follow": [_row(each, f": {' or '.join(each.kinds)}") for each in kind.followed_by],
        "What never waits for it": [_row(each) for each in kind.parallel],
        "A provider in another State": [_row(each) for each in kind.other_provider],
        "On what terms it is given": [_row(each) for each in kind.given],
        "How long at most": [_row(each, f": {each.length}") for each in kind.longest],
        "Time limits that name it": list(_limits(kind, law)),
    }
    return list(told.items())


def _row(said: OfKind, more: str = "") -> Row:
    under = f" (under {', '.join(said.instruments)})" if said.instruments else ""
    return Row(f"{said.what}{more}{under}", said)


def _limits(kind: KindOfMeasure, law: Law) -> Iterator[Row]:
    for instrument in sorted(law.instruments.values(), key=lambda each: each.id):
        for rule in instrument.rules:
            if kind.id in rule.kinds:
                yield Row(f"{instrument.id} ({standing(instrument)}): {limit(rule)}", rule)


def plain(kind: KindOfMeasure, law: Law) -> str:
    """One kind as text."""
    lines = [kind.id, *(f"  {each}" for each in ours(kind))]
    for heading, rows in sections(kind, law):
        lines += ["", heading.upper(), *(wrapped(row) for row in rows)]
        lines += [] if rows else [f"  {NO_ROW}"]
    return "\n".join(lines)


def page(law: Law) -> str:
    """docs/law, the page of all kinds; a heading without a row is left out."""
    lines = [
        "# Kinds of measure",
        "",
        f"Drawn from `comity/law/measures.toml` by `comity law show {MEASURES} --page`. What stands in plain words is",
        "ours to set, or has its source at the head of that file; what names an article was read, or says so. Where a",
        "heading is missing, nobody has read of one.",
    ]
    for kind in law.kinds.values():
        lines += ["", f"## {kind.id.capitalize()}", "", *(f"- {each}" for each in ours(kind))]
        for heading, rows in sections(kind, law):
            lines += ["", f"### {heading}", "", *(bullet(row) for row in rows)] if rows else []
    return "\n".join(lines) + "\n"


def listed(law: Law) -> str:
    """All kinds, a line each."""
    return "\n".join(f"{kind.id:<42}{_in_short(kind)}" for kind in law.kinds.values())


def _in_short(kind: KindOfMeasure) -> str:
    facts = {
        "lasts": kind.lasts,
        "coerces": kind.coercive,
        "one person at night": kind.one_person,
        "somebody learns of it": kind.told,
        "a request must follow": kind.followed_by,
        "waits for nothing": kind.parallel,
    }
    return ", ".join(name for name, holds in facts.items() if holds)
