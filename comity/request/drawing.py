"""The lifecycle drawn for people: its tables as Markdown, its diagrams as Mermaid."""

from collections.abc import Iterator

from comity.request.lifecycle import (
    DONE_BY,
    FIRST,
    LATER,
    OWED_BY,
    OWED_SINCE,
    STATUSES,
    STILL,
    TABLES,
    Kind,
    Later,
    Step,
    Still,
    has_ended,
)


def page() -> str:
    """docs/lifecycle.md, whole."""
    of_kinds = (line for kind in Kind for line in _of_kind(kind))
    return "\n".join([*_head(), *of_kinds, *_still(), *_later(), *_owing()]) + "\n"


def _head() -> list[str]:
    return [
        "# The lifecycle",
        "",
        "Drawn from the tables in `comity/request/lifecycle.py` by `comity lifecycle --page`; a test compares them.",
        "A row reads: *while* a part is in this status, the act *leads to* that status, done by this role, *when*.",
        "",
    ]


def _of_kind(kind: Kind) -> Iterator[str]:
    yield from (f"## {kind.value.capitalize()}", "", *_statuses(kind), "", *diagram(kind), "", *table(kind), "")


def _statuses(kind: Kind) -> Iterator[str]:
    yield from ("| status | stage | ended | owes while it lasts |", "| --- | --- | --- | --- |")
    for fact in STATUSES:
        if fact.kind == kind:
            stage = fact.stage.value if fact.stage else "that of its parts"
            yield f"| {fact.status} | {stage} | {'yes' if fact.ended else ''} | {', '.join(fact.owes)} |"


def diagram(kind: Kind) -> Iterator[str]:
    """The life of one kind of part as a Mermaid state diagram: one arrow for all acts between two statuses."""
    yield from ("```mermaid", "stateDiagram-v2", f"    [*] --> {_name(FIRST[kind])}")
    arrows: dict[tuple[str, str], list[str]] = {}
    for step in TABLES[kind]:
        arrows.setdefault((_name(step.status), _name(step.leads_to)), []).append(step.act)
    yield from (f"    {start} --> {end}: {' / '.join(acts)}" for (start, end), acts in arrows.items())
    ends = [fact.status for fact in STATUSES if fact.kind == kind and has_ended(fact.status)]
    yield from (f"    {_name(status)} --> [*]" for status in ends)
    yield "```"


def _name(status: str) -> str:
    return status.replace(" ", "_")


def table(kind: Kind) -> Iterator[str]:
    """The rows of one kind of part as a Markdown table."""
    yield from ("| while | act | leads to | done by | when |", "| --- | --- | --- | --- | --- |")
    yield from (_row(step) for step in TABLES[kind])


def _row(step: Step) -> str:
    return (
        f"| {step.status} | {step.act} | {step.leads_to} | {', '.join(sorted(step.roles))} | {'; '.join(step.guards)} |"
    )


def _still() -> Iterator[str]:
    yield from ("## In any status, moving nothing", "", "| act | about | done by | when |", "| --- | --- | --- | --- |")
    for still in STILL:
        yield f"| {still.act} | {still.about} | {', '.join(sorted(still.roles))} | {'; '.join(still.guards)} |"


def _later() -> Iterator[str]:
    yield from ("", "## What was added to these rows", "")
    yield "For requests received under that edition or a later one (docs/decisions/0025)."
    yield from ("", "| since edition | act | on a | done also by | and only when |", "| --- | --- | --- | --- | --- |")
    for row in LATER:
        roles, guards = ", ".join(sorted(row.roles)), "; ".join(row.guards)
        yield f"| {row.edition} | {row.act} | {row.kind} | {roles} | {guards} |"


def _owing() -> Iterator[str]:
    yield from ("", "## Who owes each duty", "")
    yield "Where no act is named it is done when its part moves on, or when a letter is kept."
    yield from ("", "| duty | owed by | done by the act | since edition |", "| --- | --- | --- | --- |")
    for duty, roles in OWED_BY.items():
        acts = " or ".join(DONE_BY.get(duty, ()))
        yield f"| {duty} | {', '.join(roles)} | {acts} | {OWED_SINCE.get(duty, 0)} |"


def plain() -> str:
    """The tables as text for a terminal."""
    widths = (18, 26, 20, 44)
    lines = [_columns(("while", "act", "leads to", "done by [when]"), widths)]
    for kind in Kind:
        lines += ["", kind.value.upper()]
        lines += [_columns(_told(step), widths) for step in TABLES[kind]]
    lines += ["", "IN ANY STATUS, MOVING NOTHING"]
    lines += [_columns(("", *_told_of(still)), widths) for still in STILL]
    lines += ["", "ADDED SINCE, for requests received under that edition or a later one"]
    lines += [_columns((f"edition {row.edition}", row.act, f"({row.kind})", _by(row)), widths) for row in LATER]
    return "\n".join(lines)


def _told(step: Step) -> tuple[str, str, str, str]:
    return step.status, step.act, step.leads_to, _by(step)


def _told_of(still: Still) -> tuple[str, str, str]:
    return still.act, f"({still.about})", _by(still)


def _by(row: Step | Still | Later) -> str:
    when = f" [{'; '.join(row.guards)}]" if row.guards else ""
    return ", ".join(sorted(row.roles)) + when


def _columns(cells: tuple[str, ...], widths: tuple[int, ...]) -> str:
    return " ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def rows() -> list[dict[str, object]]:
    """The tables as plain values, a row each; what moves nothing has no `while` and leads nowhere."""
    return [*_moving(), *_still_rows()]


def _still_rows() -> list[dict[str, object]]:
    return [
        {
            "of": still.about.value,
            "while": None,
            "act": still.act.value,
            "leads_to": None,
            "roles": sorted(still.roles),
            "when": list(still.guards),
        }
        for still in STILL
    ]


def _moving() -> list[dict[str, object]]:
    return [
        {
            "of": kind.value,
            "while": step.status.value,
            "act": step.act.value,
            "leads_to": step.leads_to.value,
            "roles": sorted(step.roles),
            "when": list(step.guards),
        }
        for kind in Kind
        for step in TABLES[kind]
    ]
