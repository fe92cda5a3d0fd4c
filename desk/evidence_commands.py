"""The commands by which exhibits come in, and packages leave."""

import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from comity.cli import Json, evidence, say, say_json
from desk.typed import (
    As,
    DeedId,
    Reference,
    RoleNamed,
    at_the_counter,
    found,
    person_typing,
    say_receipt,
)

if TYPE_CHECKING:  # the wire is imported when a command needs it: --help stays quick
    from collections.abc import Iterator

    from desk.counter import Counter
    from desk.depositing import Taken


def add() -> None:
    """Add these commands to those of evidence."""
    for command in (deposit, pack, release):
        evidence.command()(command)


def deposit(
    reference: Reference,
    path: Annotated[Path, typer.Argument(help="A file, a folder or a BagIt bag: each file of it is an exhibit.")],
    part: Annotated[str, typer.Option(help="The measure that it was obtained by.")] = "M1",
    never_open: Annotated[bool, typer.Option("--never-open", help="As `comity evidence mark` does, at once.")] = False,
    who: As = None,
    role: RoleNamed = None,
    as_json: Json = False,
) -> None:
    """Seal a file, or each file of a folder or bag, into the vault and enter it in its request. Safe to repeat."""
    from desk.depositing import told

    async def work(counter: "Counter") -> None:
        full = found(counter.home, reference)
        person = person_typing(counter.people, who)
        taken = await deposited(counter, full, (part, path, person, role), never_open=never_open, bar=not as_json)
        if not as_json:
            for line in told(taken):
                say(line)
        elif path.is_dir():
            say_json([each.model_dump(mode="json") for each in taken])
        else:
            say_json(taken[0].seal.model_dump(mode="json"))

    at_the_counter(work)


def pack(
    reference: Reference,
    package: Annotated[str, typer.Argument(help="The package, approved for release, that a person carries: P1")],
    who: As = None,
    as_json: Json = False,
) -> None:
    """Write an approved package for whoever carries it, encrypted to its recipient; then record the hand-over."""
    from desk.carrying import pack as write

    async def work(counter: "Counter") -> None:
        full, person = found(counter.home, reference), person_typing(counter.people, who)
        files = [str(path) for path in await write(counter, full, (package, person))]
        if as_json:
            say_json(files)
        else:
            say(
                "\n".join((*files, f"handed over? `comity evidence release {reference} {package} --number … --slip …`"))
            )

    at_the_counter(work)


def release(
    reference: Reference,
    package: Annotated[str, typer.Argument(help="The package, approved for release (or to go again): P1")],
    number: Annotated[str, typer.Option(help="Of what a person carries: the number that it has there.")] = "",
    slip: Annotated[Path | None, typer.Option(help="The slip that it was handed over for, as a file.")] = None,
    note: Annotated[str, typer.Option(help="Where there is no slip: who took it, and when.")] = "",
    who: As = None,
    deed_id: DeedId = None,
    as_json: Json = False,
) -> None:
    """Send an approved package to its recipient, and say where it was left; or record that it was handed over."""
    from desk.handing import Handed, hand_over
    from desk.releasing import release as send

    async def work(counter: "Counter") -> None:
        full, person = found(counter.home, reference), person_typing(counter.people, who)
        if number or slip or note:
            receipt = await hand_over(counter, full, (package, person), Handed(number, slip, note, deed_id))
            say_receipt(counter, receipt.model_dump(mode="json"), as_json=as_json)
            return
        left = await send(counter, full, package, person)
        if as_json:
            say_json(left.model_dump(mode="json"))
        else:
            say(f"{left.outcome}: {left.path}")

    at_the_counter(work)


async def deposited(
    counter: "Counter",
    reference: str,
    what: tuple[str, Path, str, str | None],
    *,
    never_open: bool = False,
    bar: bool = False,
) -> "list[Taken]":
    """Hand in what lies at a path, for a measure, as a person in a role: `(measure, path, person, role)`."""
    from comity.request.lifecycle import STILLS, Act
    from desk.acting import role_named
    from desk.depositing import Intake, take_in

    part, path, person, named = what
    role = role_named(named) or counter.role_for(person, STILLS[Act.DEPOSIT].roles, on_behalf=False)
    with _progress(wanted=bar) as progress:
        return await take_in(counter, Intake(path, reference, part, person, role, never_open), progress)


@contextmanager
def _progress(*, wanted: bool) -> "Iterator[Callable[[int, int], None]]":
    """A bar on a terminal, nothing elsewhere."""
    from desk.depositing import unwatched

    if not wanted or not sys.stderr.isatty():
        yield unwatched
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("sealing")
        yield lambda done, of: bars.update(task, completed=done, total=of)
