"""The commands of the service itself: start it, look after its keys, see what is missing, revive."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from comity.cli import Json, say, say_json
from comity.errors import Fault, NotFound, Refused
from comity.home import open_home
from comity.settings import Settings
from desk.typed import (
    As,
    at_the_counter,
    found,
    person_typing,
)

if TYPE_CHECKING:  # the wire is imported when a command needs it: --help stays quick
    from desk.counter import Counter
    from desk.reviving import Revival

keys = typer.Typer(no_args_is_help=True, help="The master key ring.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (up, worker, doctor, revive):
        app.command()(command)
    app.add_typer(keys, name="keys")


def up() -> None:
    """Start everything on this machine: Temporal server, worker, signer. Ctrl-C stops it; nothing is lost."""
    from desk.up import up as start

    asyncio.run(start(Settings()))


def worker() -> None:
    """Start one more worker, against the Temporal server that the settings name."""
    from desk.up import work

    asyncio.run(work(Settings()))


@keys.command("rotate")
def rotate() -> None:
    """Make a new master key and wrap every request's keys under it. Histories are not touched. Safe to repeat."""
    from comity.keys.rotation import rotate as turn

    home = open_home(Settings())
    say(f"rewrapped: {turn(home.store, home.ring_path)} keys under a new master key; the old one opens what is old")


@keys.command("retire")
def retire() -> None:
    """Take off the ring each key that wraps nothing any more. Copies of the database from its time open no more."""
    from comity.keys.rotation import retire as take_off

    home = open_home(Settings())
    say(f"on the ring: {len(take_off(home.store, home.ring_path).keys)} keys; no copy from before opens with it")


def doctor(as_json: Json = False) -> None:
    """Say what is missing or unreachable, and how to mend it. Exit code 1 when something is."""
    from desk.doctor import examine

    findings = asyncio.run(examine(Settings()))
    if as_json:
        say_json([finding.model_dump() for finding in findings])
    else:
        for finding in findings:
            say(f"{'ok  ' if finding.well else 'MEND'} {finding.what}: {finding.detail}")
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


def revive(
    references: Annotated[list[str], typer.Argument(metavar="REFERENCE...", help="The requests that doctor names.")],
    who: As = None,
    as_json: Json = False,
) -> None:
    """Carry requests forward again from their record, when their workflow was lost, ended or restored."""

    async def work(counter: "Counter") -> None:
        person = person_typing(counter.people, who)
        carried = [await _revived(counter, reference, person) for reference in references]
        if as_json:
            say_json([revival.model_dump(mode="json") for revival in carried if revival])
        for revival in [] if as_json else filter(None, carried):
            say(f"{revival.reference}: was {revival.amiss}; goes on at version {revival.version}")
        if not all(carried):
            raise typer.Exit(1)

    at_the_counter(work)


async def _revived(counter: "Counter", named: str, person: str) -> "Revival | None":
    """What became of one; a refusal is told, and keeps no other from being carried forward."""
    from desk.reviving import revive as begin_again

    try:
        return await begin_again(counter, await _recorded(counter, named), person)
    except (Refused, Fault) as refusal:
        typer.echo(f"comity: {named}: {refusal}", err=True)
        return None


async def _recorded(counter: "Counter", named: str) -> str:
    from desk.reviving import refuse_unrecorded

    try:
        return found(counter.home, named)
    except NotFound:
        await refuse_unrecorded(counter, named.strip().upper())
        raise
