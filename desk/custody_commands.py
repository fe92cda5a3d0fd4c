"""The commands of custody: told to whoever asks, entered by who had an exhibit in hand."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from comity.cli import Json, bytes_of, evidence, say, say_json
from comity.home import Home, open_home
from comity.settings import Settings
from desk.typed import As, Reference, RoleNamed, at_the_counter, found, person_typing, utc

if TYPE_CHECKING:  # the wire is imported when a command needs it: --help stays quick
    from collections.abc import Callable

    from desk.counter import Counter
    from desk.custody import Custody
    from desk.entering import Entered

Reason = Annotated[str, typer.Option(help="Why it was done.")]
Happened = Annotated[datetime | None, typer.Option(help="When it was done, if not now (UTC).")]
Zone = Annotated[str | None, typer.Option(help="The time zone of the place: Europe/Luxembourg.")]
Late = Annotated[str | None, typer.Option(help="Why it is entered more than 24 hours after.")]
Place = Annotated[str | None, typer.Option(help="Where it was done, or where it lies now.")]
Condition = Annotated[str | None, typer.Option(help="In what condition it was found.")]
Organisation = Annotated[str | None, typer.Option(help="Of which authority you are; who executes is of their unit.")]
By = Annotated[str | None, typer.Option("--from", help="Who handed it over.")]
To = Annotated[str | None, typer.Option("--to", help="Who took it over.")]
Parent = Annotated[str | None, typer.Option(help="The exhibit that it was copied or taken from, by its id.")]
Authorisation = Annotated[str | None, typer.Option(help="The order, warrant or approval, by its number.")]
Signed = Annotated[str | None, typer.Option(help="The hand-over sheet that both signed: its exhibit.")]
EntryId = Annotated[str | None, typer.Option("--id", help="An ULID, to say the same again: it is entered once.")]


def add() -> None:
    """Add these commands to those of evidence."""
    for command in (custody, enter, item, elsewhere, mark):
        evidence.command(command.__name__)(command)
    evidence.command("return")(take_back)


def custody(
    exhibit: Annotated[str, typer.Argument(help="An exhibit by its id; or a request, whose exhibits are listed.")],
    pdf: Annotated[
        Path | None, typer.Option(help="A new file for the same as PDF/A, to be put before a court.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell who had an exhibit, when, where and why, the oldest entry first, and whether the chain is unbroken."""
    from desk.custody import custody_of, is_exhibit, lines

    home = open_home(Settings())
    if not is_exhibit(home, exhibit):
        _list(home, found(home, exhibit), as_json=as_json)
        return
    told = custody_of(home, exhibit)
    if pdf:
        _print(home, pdf, told)
    elif as_json:
        say_json(told.model_dump(mode="json") | {"unbroken": not told.breaks})
    else:
        say("\n".join(lines(told)))


def _list(home: Home, reference: str, *, as_json: bool) -> None:
    from desk.custody import listed

    rows = list(listed(home, reference))
    if as_json:
        say_json([row.model_dump(mode="json") for row in rows])
    for row in [] if as_json else rows:
        say(row.line)


def _print(home: Home, path: Path, told: "Custody") -> None:
    from desk.leaving import leave, refuse_old_file
    from desk.printing import pdf, signed

    refuse_old_file(path, "--pdf")
    leave(path, [signed(home, pdf(told, datetime.now(UTC)))])
    say(f"written: {path}; it holds what the custody says, for those alone who may read that")


def enter(
    exhibit: Annotated[str, typer.Argument(help="The exhibit, by its id.")],
    action: Annotated[str, typer.Argument(help="collected, received, moved, accessed, analysed, copied or returned.")],
    reason: Reason,
    by: By = None,
    to: To = None,
    place: Place = None,
    seal_before: Annotated[str | None, typer.Option(help="The numbers of the physical seals that were found.")] = None,
    seal_after: Annotated[str | None, typer.Option(help="The numbers of those that were left.")] = None,
    condition: Condition = None,
    parent: Parent = None,
    hash_before: Annotated[str | None, typer.Option(help="Its SHA-256 in hex, as it was found.")] = None,
    hash_after: Annotated[str | None, typer.Option(help="Its SHA-256 in hex, as it was left.")] = None,
    tool: Annotated[str | None, typer.Option(help="With which tool it was done.")] = None,
    tool_version: Annotated[str | None, typer.Option(help="The version of the tool.")] = None,
    authorisation: Authorisation = None,
    signed: Signed = None,
    organisation: Organisation = None,
    happened: Happened = None,
    zone: Zone = None,
    late: Late = None,
    who: As = None,
    role: RoleNamed = None,
    name: EntryId = None,
    as_json: Json = False,
) -> None:
    """Enter in an exhibit's custody what was done with it, as who had it in hand. No entry is ever altered."""
    from desk.entering import Said
    from desk.entering import enter as enter_said

    more = {
        "handed_by": by, "handed_to": to, "place": place, "seal_number_before": seal_before,
        "seal_number_after": seal_after, "condition": condition, "parent": parent, "hash_before": hash_before,
        "hash_after": hash_after, "tool": tool, "tool_version": tool_version, "authorisation": authorisation,
        "signed": signed, "organisation": organisation, "zone": zone, "late": late,
    }  # fmt: skip
    said = Said(exhibit, action, reason, role, utc(happened), name, more)
    _done(lambda counter, person: enter_said(counter, person, said), who, as_json=as_json)


def item(
    reference: Reference,
    description: Annotated[str, typer.Option(help="What it is, so that it is known again. It is sealed.")],
    seal_number: Annotated[str, typer.Option(help="The numbers of the physical seals or bags on it.")],
    place: Annotated[str, typer.Option(help="Where it was collected.")],
    by: Annotated[str, typer.Option("--from", help="From whom it was collected.")],
    reason: Reason,
    make: Annotated[str | None, typer.Option(help="Its make.")] = None,
    model: Annotated[str | None, typer.Option(help="Its model.")] = None,
    serial: Annotated[str | None, typer.Option(help="Its serial number.")] = None,
    to: To = None,
    condition: Condition = None,
    parent: Parent = None,
    authorisation: Authorisation = None,
    signed: Signed = None,
    organisation: Organisation = None,
    happened: Happened = None,
    zone: Zone = None,
    late: Late = None,
    who: As = None,
    role: RoleNamed = None,
    name: EntryId = None,
    as_json: Json = False,
) -> None:
    """Register a thing (a telephone, a paper original) as an exhibit: described, sealed by number, with custody."""
    from desk.itemising import Collected, register

    what = {"description": description, "make": make, "model": model, "serial": serial}
    more = {
        "handed_by": by, "handed_to": to, "place": place, "seal_number_after": seal_number, "condition": condition,
        "parent": parent, "authorisation": authorisation, "signed": signed, "organisation": organisation,
        "zone": zone, "late": late,
    }  # fmt: skip
    thing = Collected(reference, what, reason, name, role, utc(happened), more)
    _done(lambda counter, person: register(counter, person, thing), who, as_json=as_json)


def elsewhere(
    reference: Reference,
    sha256: Annotated[
        str, typer.Option("--hash", help="The object's SHA-256 in hex. It is sealed with the description.")
    ],
    description: Annotated[str, typer.Option(help="What it is, in words that show nothing of it. It is sealed.")],
    held_by: Annotated[str, typer.Option(help="Who holds it.")],
    held_as: Annotated[str, typer.Option(help="Under which number they hold it.")],
    place: Annotated[str, typer.Option(help="Where they hold it.")],
    by: Annotated[str, typer.Option("--from", help="From whom it came to them.")],
    reason: Reason,
    authorisation: Authorisation = None,
    organisation: Organisation = None,
    happened: Happened = None,
    zone: Zone = None,
    late: Late = None,
    who: As = None,
    role: RoleNamed = None,
    name: EntryId = None,
    as_json: Json = False,
) -> None:
    """Register an object by hash and description only: its bytes stay with who holds them, and never come here."""
    from desk.itemising import Collected, register

    what = {"description": description, "sha256": sha256.strip().lower(), "held_by": held_by, "held_as": held_as}
    more = {
        "handed_by": by, "handed_to": held_by, "seal_number_after": held_as, "place": place,
        "authorisation": authorisation, "organisation": organisation, "zone": zone, "late": late,
    }  # fmt: skip
    thing = Collected(reference, what, reason, name, role, utc(happened), more)
    _done(lambda counter, person: register(counter, person, thing), who, as_json=as_json)


def mark(
    exhibit: Annotated[str, typer.Argument(help="The exhibit, by its id.")],
    reason: Reason,
    who: As = None,
    as_json: Json = False,
) -> None:
    """Mark an exhibit as never to be opened, as abuse material is. The mark is sealed, and nobody takes it off."""
    from desk.marking import mark as mark_it

    async def work(counter: "Counter") -> None:
        mark_it(counter, person_typing(counter.people, who), exhibit, reason)

    at_the_counter(work)
    if as_json:
        say_json({"exhibit": exhibit, "never_open": True})
    else:
        say(f"exhibit {exhibit}: its bytes leave closed to a recipient, and no other way")


def take_back(
    reference: Reference,
    package: Annotated[str, typer.Argument(help="The package that was lent: P1.")],
    found_file: Annotated[Path, typer.Argument(metavar="FOUND", help="What was found, as a JSON list; `-`: stdin.")],
    reason: Reason,
    by: By = None,
    who: As = None,
    name: EntryId = None,
    as_json: Json = False,
) -> None:
    """Take back what was lent: seals and hashes are compared with what left. Exit code 1 when something differs."""
    from desk.returning import Compared, Return, read
    from desk.returning import take_back as took_back

    what = read(bytes_of(found_file).decode(errors="replace"))

    async def work(counter: "Counter") -> "tuple[Compared, ...]":
        back = Return(found(counter.home, reference), package, what, reason, by, name)
        return await took_back(counter, person_typing(counter.people, who), back)

    compared = at_the_counter(work)
    if as_json:
        say_json([each.model_dump(mode="json") for each in compared])
    for each in () if as_json else compared:
        say(each.line)
    if any(each.faults for each in compared):
        raise typer.Exit(1)


def _done(work: "Callable[[Counter, str], Entered]", who: str | None, *, as_json: bool) -> None:
    """Enter what was said, and say under which id and index it stands."""

    async def entered(counter: "Counter") -> "Entered":
        return work(counter, person_typing(counter.people, who))

    done = at_the_counter(entered)
    if as_json:
        say_json(done.model_dump(mode="json"))
    else:
        say(f"exhibit {done.custody.exhibit}: {done.custody.action} is entry {done.index} of the ledger ({done.id})")
