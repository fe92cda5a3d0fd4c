"""The commands of what people read: lists, a request, its story, what is kept, numbers."""

import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from comity.cli import Json, say, say_json
from comity.errors import NotFound, Unreachable, Unreadable
from comity.home import Home, open_home
from comity.people import People
from comity.register.worklist import Wanted
from comity.request.keeping import Keeping
from comity.request.lifecycle import Stage
from comity.request.model import Direction, Urgency
from comity.rotas import Rotas
from comity.settings import Settings
from desk import retention_commands
from desk.typed import (
    As,
    Reference,
    RoleNamed,
    at_the_counter,
    found,
    known_by,
    person_typing,
    utc,
)

if TYPE_CHECKING:  # the wire is imported when a command needs it: --help stays quick
    from collections.abc import Iterator

    from comity.request.keeping import KeptRow
    from comity.request.model import Request
    from desk.counter import Counter
    from desk.tracing import Line


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("list")(listing)
    for command in (watch, rota, show, trace, identity, retention, statistics):
        app.command()(command)


def listing(
    mine: Annotated[bool, typer.Option(help="Only those allocated to you, or with a duty that you have.")] = False,
    unit: Annotated[str | None, typer.Option(help="Only those allocated to people of this unit.")] = None,
    unallocated: Annotated[bool, typer.Option(help="Only those that nobody has.")] = False,
    foreign: Annotated[str | None, typer.Option(help="Only those of the other State's number: `PT 123/26`.")] = None,
    stage: Annotated[Stage | None, typer.Option(help="Only this stage.")] = None,
    urgency: Annotated[Urgency | None, typer.Option(help="Only this class.")] = None,
    direction: Annotated[Direction | None, typer.Option(help="Only these: who asks whom.")] = None,
    requesting: Annotated[str | None, typer.Option(help="Only of this requesting State: `PT`.")] = None,
    overdue: Annotated[bool, typer.Option(help="Only what is late.")] = False,
    owed_to_us: Annotated[bool, typer.Option(help="What others owe us, a line a duty: who, what, since when.")] = False,
    unmatched: Annotated[bool, typer.Option(help="Post that belongs to no request yet.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="Also those that are watched or closed.")] = False,
    size: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    after: Annotated[str | None, typer.Option(help="Where the page before ended, as its last line says.")] = None,
    who: As = None,
    as_json: Json = False,
) -> None:
    """List what is to be done, the next due first: open requests, unless you say which."""
    from desk.listing import debts, post, requests
    from desk.listing import show as show_page

    home, at = open_home(Settings()), datetime.now(UTC)
    named = {"stage": stage, "urgency": urgency, "direction": direction, "requesting": requesting}
    wanted = _whose(home, who, mine=mine, unit=unit, unallocated=unallocated, foreign=foreign).model_copy(
        update={
            "where": {column: str(value) for column, value in named.items() if value},
            "due_before": at if overdue else None,
            "watched_and_closed": all_ or foreign is not None,
        }
    )
    if unmatched:
        page = post(home, after, size)
    elif owed_to_us:
        page = debts(home, wanted, after, size)
    else:
        page = requests(home, wanted, after, size, at)
    say_json(page.model_dump(mode="json")) if as_json else show_page(page, at)


def _whose(
    home: Home, who: str | None, *, mine: bool, unit: str | None, unallocated: bool, foreign: str | None
) -> Wanted:
    """Whose requests a list is to show; of these options one makes sense at a time."""
    if sum((mine, bool(unit), unallocated, bool(foreign))) > 1:
        raise typer.BadParameter("say one of --mine, --unit, --unallocated, --foreign")
    people = People.load(home.folder / "people.toml") if mine or unit else None
    if people and unit:
        return Wanted(people=tuple(person.id for person in people.of_unit(unit)))
    if people:
        me = person_typing(people, who)
        return Wanted(people=(me,), holder=me)
    return Wanted(unallocated=unallocated, references=known_by(home, foreign) if foreign else None)


def watch(
    once: Annotated[bool, typer.Option(help="Print the board as it is now, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Show the duty room's board, P0 and P1 first, anew each second. q or Ctrl-C ends it."""
    from desk.watching import board, print_once, show_live

    home = open_home(Settings())
    if as_json:
        say_json([row.model_dump(mode="json") for row in board(home, size=1000)])
    elif once or not sys.stdout.isatty():
        print_once(home)
    else:
        show_live(home)


_NO_ROTA = "there is no rota: everybody who holds a role is told (a rota lies in COMITY_HOME/rotas: duty-officer.ics)"


def rota(as_json: Json = False) -> None:
    """Show who is on duty in each role that has a rota, for two weeks. Exit code 1 when a rota has a hole."""
    from desk.rostering import lines, roster

    settings, now = Settings(), datetime.now(UTC)
    people = People.load(settings.home / "people.toml")
    found = [roster(each, now) for each in Rotas(settings.home / "rotas", people, settings.zone).all()]
    if as_json:
        say_json([each.model_dump(mode="json") for each in found])
    else:
        say("\n\n".join("\n".join(lines(each)) for each in found) or _NO_ROTA)
    if any(each.holes for each in found):
        raise typer.Exit(1)


def show(
    reference: Reference,
    deadlines: Annotated[bool, typer.Option("--deadlines", help="Instead: how each deadline was counted.")] = False,
    review: Annotated[bool, typer.Option("--review", help="Instead: each reviewer's checklist.")] = False,
    release: Annotated[
        str | None, typer.Option("--release", help="Instead: what is looked at before this package is approved: P1.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show one request: where it stands, what is owed by when and why, and what is open for whom."""
    from desk.recorded import on_record
    from desk.telling import show_deadlines, show_release, show_request, show_review, whole

    if sum((deadlines, review, release is not None)) > 1:
        raise typer.BadParameter("say one of --deadlines, --review, --release")
    home = open_home(Settings())
    request = on_record(home, found(home, reference))
    if release is not None:
        show_release(home, request, release, as_json=as_json)
    elif review:
        show_review(home, request, as_json=as_json)
    elif deadlines:
        show_deadlines(home, request, as_json=as_json)
    elif as_json:
        say_json(whole(home, request))
    else:
        show_request(home, request)
        _say_under_way(request)


def _say_under_way(request: "Request") -> None:
    """How far what is being brought is: that alone the register does not know."""
    from desk.recorded import is_under_way

    async def work(counter: "Counter") -> None:
        from desk.underway import under_way

        for each in await under_way(counter.client, request.reference):
            say(f"leaving  {each.line}")

    if is_under_way(request):
        try:
            at_the_counter(work)
        except Unreachable:
            say("leaving  how far it is, the Temporal server does not say now")


def trace(
    reference: Annotated[str | None, typer.Argument(help="A request, as elsewhere; without it, all of them.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only what was recorded from then on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only what was recorded before (UTC).")] = None,
    who: Annotated[str | None, typer.Option(help="Only what this person did (id in people.toml).")] = None,
    what: Annotated[str | None, typer.Option(help="Only this act (grant) or kind of entry (attempt).")] = None,
    html: Annotated[Path | None, typer.Option(help="A new file for the story of one request, drawn over time.")] = None,
    as_json: Json = False,
) -> None:
    """Tell the story of a request, or across requests, in order: deeds, refusals, clocks, alarms, custody."""
    from desk.telling import json_lines, show_trace
    from desk.tracing import Wanted, across, word

    if not any((reference, since, until, who, what)):
        raise typer.BadParameter("name a request, or at least one of --since, --until, --who, --what")
    if html and (reference is None or since or until or who or what):
        raise typer.BadParameter("--html draws the whole story of one request: name it, without a filter")
    home = open_home(Settings())
    full = _found_or_post(home, reference) if reference else None
    named = word(what) if what else None
    lines = across(home, Wanted(reference=full, since=utc(since), until=utc(until), who=who, what=named))
    if html:
        _draw(html, lines)
    elif as_json:
        for row in json_lines(lines):
            say(row)
    else:
        show_trace(lines, named=full is None)


def _found_or_post(home: Home, fragment: str) -> str:
    """The same, and pieces of post, which have a story too."""
    try:
        return found(home, fragment)
    except NotFound:
        from desk.posting import found as piece_found

        with suppress(NotFound):
            return piece_found(home, fragment).id
        raise


def _draw(path: Path, lines: "Iterator[Line]") -> None:
    from desk.picturing import write

    write(path, lines, at=datetime.now(UTC))
    say(f"written: {path}; it holds what the story tells, for those alone who may read that")


def identity(
    reference: Reference,
    token: Annotated[
        str, typer.Argument(help="The token that stands for somebody: child-1. `as received`: the letter.")
    ],
    reason: Annotated[str, typer.Option(help="Why it must be known.")],
    who: As = None,
    role: RoleNamed = None,
) -> None:
    """Open the identity behind a token. That is a deed: it is on record before the first byte is shown."""
    from desk.acting import Said, deed_of
    from desk.opening import opened

    said = Said(act="open vault", part="request", role=role, words=token, reason=reason)

    async def work(counter: "Counter") -> None:
        full = found(counter.home, reference)
        say(await opened(counter, full, token, deed_of(counter, full, person_typing(counter.people, who), said)))

    at_the_counter(work)


def retention(
    reference: Reference,
    keep: Annotated[Keeping | None, typer.Option(help="What to keep longer, or to review later.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Until when (UTC): later than it stands.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    who: As = None,
    as_json: Json = False,
) -> None:
    """Show until when what a closed request has left is kept, and by which rule; or keep it longer, as head of unit."""
    from desk.keeping import kept

    home = open_home(Settings())
    full = found(home, reference)
    retention_commands.say_holds(home, full, as_json=as_json)
    rows = kept(home, full) if keep is None else _prolonged(full, keep, until, reason, who)
    retention_commands.say_fates(home, full, rows, as_json=as_json)


def _prolonged(
    reference: str, keep: Keeping, until: datetime | None, reason: str, who: str | None
) -> "tuple[KeptRow, ...]":
    from desk.keeping import Prolonging, prolong

    if until is None or not reason:
        raise typer.BadParameter("--keep needs --until DATE and --reason TEXT")
    try:
        said = Prolonging(what=keep, until=until.replace(tzinfo=UTC), reason=reason)
    except ValidationError as error:
        raise Unreadable("; ".join(f"--{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())) from None

    async def work(counter: "Counter") -> "tuple[KeptRow, ...]":
        return await prolong(counter, reference, person_typing(counter.people, who), said)

    return at_the_counter(work)


def statistics(
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m"], help="The first month.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m"], help="The last month; default: the last that is over.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Count requests, outcomes, days and what was done in time, by month. No number under five is shown, nor found."""
    from desk.counting import lines, statistics_of

    found = statistics_of(open_home(Settings()), since, until)
    if as_json:
        say_json([table.model_dump() for table in found])
    else:
        say("\n".join(lines(found)))
