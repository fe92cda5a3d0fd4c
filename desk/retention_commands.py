"""The commands of what is kept and of its end: holds, proposals, decisions, certificates."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from comity.cli import Json, say, say_json
from comity.errors import Unreadable
from comity.home import Home, open_home
from comity.request.keeping import Keeping
from comity.settings import Settings
from desk.typed import As, Reference, at_the_counter, found, person_typing

if TYPE_CHECKING:  # the wire is imported when a command needs it: --help stays quick
    from comity.request.destroying import Destruction
    from comity.request.keeping import KeptRow
    from desk.counter import Counter
    from desk.holding import Told

hold = typer.Typer(no_args_is_help=True, help="Legal holds: while one stands, nothing of its request is destroyed.")
destroy = typer.Typer(no_args_is_help=True, help="The end of what closed requests have left: by two people, certified.")

What = Annotated[Keeping, typer.Argument(help="vault, then content, then record.")]
Reason = Annotated[str, typer.Option(help="Why.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(hold, name="hold")
    app.add_typer(destroy, name="destroy")


@hold.command()
def place(
    reference: Reference,
    reason: Reason,
    authorisation: Annotated[str, typer.Option(help="The order or instruction that it rests on, by its number.")],
    who: As = None,
    as_json: Json = False,
) -> None:
    """Hold a request, open or closed. One person of the office may: it only keeps."""
    from desk.holding import Grounds
    from desk.holding import place as place_hold

    try:
        grounds = Grounds(reason=reason, authorisation=authorisation)
    except ValidationError as error:
        raise Unreadable("; ".join(f"--{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())) from None

    async def work(counter: "Counter") -> "Told":
        return place_hold(counter, found(counter.home, reference), person_typing(counter.people, who), grounds)

    _say_hold(at_the_counter(work), as_json=as_json)


@hold.command()
def lift(
    reference: Reference,
    named: Annotated[str, typer.Argument(metavar="HOLD", help="The hold: its id, or four letters of it.")],
    reason: Reason,
    who: As = None,
    as_json: Json = False,
) -> None:
    """Lift a hold, as another reviewer, decider or head of unit than who placed it."""
    from desk.holding import lift as lift_hold

    async def work(counter: "Counter") -> "Told":
        by = (person_typing(counter.people, who), named)
        return lift_hold(counter, found(counter.home, reference), by, reason)

    _say_hold(at_the_counter(work), as_json=as_json)


def _say_hold(told: "Told", *, as_json: bool) -> None:
    say_json(told.model_dump(mode="json")) if as_json else say(told.line)


@hold.command("list")
def listing(
    reference: Annotated[str | None, typer.Argument(help="All holds of one request; without it, what is held.")] = None,
    as_json: Json = False,
) -> None:
    """List the requests on which a hold stands, or all holds that one request ever had, with their reasons."""
    from desk.holding import held, told

    home = open_home(Settings())
    if reference is None:
        _say_held(held(home), as_json=as_json)
    elif as_json:
        say_json([each.model_dump(mode="json") for each in told(home, found(home, reference))])
    else:
        say_holds(home, found(home, reference))


def _say_held(rows: tuple[tuple[str, str], ...], *, as_json: bool) -> None:
    if as_json:
        say_json([{"reference": reference, "status": status} for reference, status in rows])
    for reference, status in () if as_json else rows:
        say(f"{reference}  {status}  held")


def say_holds(home: Home, reference: str, *, as_json: bool = False) -> None:
    """Print the holds of a request, those that were lifted as well; in JSON they stand with each date."""
    from desk.holding import told

    for each in () if as_json else told(home, reference):
        say(each.line)


def say_fates(home: Home, reference: str, rows: "tuple[KeptRow, ...]", *, as_json: bool) -> None:
    """Print the dates of a closed request, with how far the destruction of each class has come."""
    from desk.keeping import fates, lines

    told = fates(home, rows, reference)
    if as_json:
        say_json([row.model_dump(mode="json") for row in told])
        return
    for line in lines(told):
        say(line)


@destroy.command()
def propose(reference: Reference, what: What, reason: Reason, who: As = None, as_json: Json = False) -> None:
    """Propose to destroy the keys of one class of a closed request, whose date has come."""
    from desk.destroying import Said
    from desk.destroying import propose as propose_it

    _step(reference, lambda counter, full, person: propose_it(counter, full, person, Said(what, reason)), who, as_json)


@destroy.command()
def decide(
    reference: Reference,
    what: What,
    seen: Annotated[str, typer.Option(help="The digest of the proposal that you saw (`comity retention R`).")],
    reason: Reason = "",
    who: As = None,
    as_json: Json = False,
) -> None:
    """Decide, as a second person, that what was proposed is destroyed. Nothing brings it back."""
    from desk.destroying import Said
    from desk.destroying import decide as decide_it

    said = Said(what, reason, seen)
    _step(reference, lambda counter, full, person: decide_it(counter, full, person, said), who, as_json)


@destroy.command()
def decline(reference: Reference, what: What, reason: Reason, who: As = None, as_json: Json = False) -> None:
    """Take back a proposal, or a decision that is not done yet. One person may: it only keeps."""
    from desk.destroying import Said
    from desk.destroying import decline as decline_it

    _step(reference, lambda counter, full, person: decline_it(counter, full, person, Said(what, reason)), who, as_json)


def _step(
    reference: str,
    does: "Callable[[Counter, str, str], Coroutine[Any, Any, Destruction]]",
    who: str | None,
    as_json: bool,
) -> None:
    from desk.destroying import line

    async def work(counter: "Counter") -> "Destruction":
        return await does(counter, found(counter.home, reference), person_typing(counter.people, who))

    done = at_the_counter(work)
    say_json(done.model_dump(mode="json")) if as_json else say(line(done))


@destroy.command()
def certificate(
    reference: Reference,
    what: What,
    out: Annotated[Path | None, typer.Option(help="A new file for it; without it, standard output.")] = None,
) -> None:
    """Print the signed certificate of what was destroyed; `comity ledger certificate` verifies it anywhere."""
    from desk.destroying import certificate as certificate_of
    from desk.leaving import leave, refuse_old_file

    home = open_home(Settings())
    note = certificate_of(home, found(home, reference), what)
    refuse_old_file(out)
    if out is None:
        typer.echo(note, nl=False)
    else:
        leave(out, [note.encode()])
        say(f"written: {out}")
