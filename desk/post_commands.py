"""The commands of post that belongs to no request yet."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from comity.cli import Json, say, say_json
from comity.request.model import Urgency
from desk.typed import (
    As,
    ByChannel,
    Received,
    at_the_counter,
    paper_by,
    person_typing,
    say_paper,
    utc,
)

if TYPE_CHECKING:  # the wire is imported when a command needs it: --help stays quick
    from desk.counter import Counter

Piece = Annotated[str, typer.Argument(help="A piece of post: its id, or four letters of its beginning or end.")]

post = typer.Typer(no_args_is_help=True, help="Post that belongs to no request yet: sealed, and it waits.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(post, name="post")


@post.command("take")
def take_post(
    file: Annotated[Path | None, typer.Argument(help="The letter or slip, as a file.")] = None,
    note: Annotated[str, typer.Option(help="Or the note of a call.")] = "",
    channel: ByChannel = None,
    urgency: Annotated[Urgency, typer.Option(help="How long it may wait: the ladder that it climbs.")] = Urgency.P3,
    state: Annotated[str | None, typer.Option("--from", help="The State that it comes from, where seen: PT.")] = None,
    number: Annotated[str | None, typer.Option(help="That State's number on it, where there is one.")] = None,
    received: Received = None,
    who: As = None,
    as_json: Json = False,
) -> None:
    """Take in what nobody can place yet: it is sealed at once, and people are told until it is filed."""
    from desk.posting import Came, lines, take

    paper = paper_by(file, note, channel)
    if paper is None:
        raise typer.BadParameter("give the file of a letter or slip, or --note")
    at = utc(received) or datetime.now(UTC)

    async def work(counter: "Counter") -> None:
        came = Came(paper, person_typing(counter.people, who), at, urgency, state and state.upper(), number)
        taken = take(counter, came)
        if as_json:
            say_json(taken.model_dump(mode="json"))
        for line in [] if as_json else lines(taken, came):
            say(line)

    at_the_counter(work)


@post.command("read")
def read_post(
    piece: Piece,
    reason: Annotated[str, typer.Option(help="Why it is read: it stands in its custody.")],
    out: Annotated[Path | None, typer.Option(help="A new file to leave it in, where it is no plain text.")] = None,
    who: As = None,
    as_json: Json = False,
) -> None:
    """Read a piece of post. Its custody says who did, first."""
    from desk.papers import Wanted
    from desk.posting import found, read

    async def work(counter: "Counter") -> None:
        meant = found(counter.home, piece)
        text = read(counter, meant, Wanted(meant.exhibit, person_typing(counter.people, who), reason, out))
        say_paper(meant.exhibit, text, out, as_json=as_json)

    at_the_counter(work)


@post.command("aside")
def set_post_aside(
    piece: Piece,
    reason: Annotated[str, typer.Option(help="Why it belongs to no request of ours, and where it went.")],
    who: As = None,
    as_json: Json = False,
) -> None:
    """Let a piece wait no longer that belongs to no request of ours. Its paper stays sealed here."""
    from desk.posting import found, set_aside

    async def work(counter: "Counter") -> None:
        meant = found(counter.home, piece)
        set_aside(counter, meant, person_typing(counter.people, who), reason)
        say_json({"piece": meant.id}) if as_json else say(f"{meant.id}: set aside")

    at_the_counter(work)
