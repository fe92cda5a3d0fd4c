"""What typed commands have in common: who types, which request is meant, and the counter that is opened for them."""

import asyncio
import os
import pwd
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from comity.cli import say, say_json
from comity.errors import NotFound, NotYours, Unreadable
from comity.home import Home, open_home
from comity.people import People
from comity.register import reading
from comity.settings import Settings

if TYPE_CHECKING:  # the wire is imported when a command needs it: --help stays quick
    from collections.abc import AsyncIterator

    from comity.request.model import Channel
    from desk.counter import Counter
    from desk.filing import Paper

Result = TypeVar("Result")

As = Annotated[str | None, typer.Option("--as", help="Who you are (id in people.toml). Only on loopback.")]
Reference = Annotated[str, typer.Argument(help="A request: its reference, or four letters of its beginning or end.")]
RoleNamed = Annotated[str | None, typer.Option("--role", help="In which role, where you hold several that may.")]
ByChannel = Annotated[str | None, typer.Option(help="How it came: letter, phone, e-mail, courier, in person …")]
Post = Annotated[
    str | None, typer.Option("--post", help="The piece of post that it rests on (`comity list --unmatched`): filed so.")
]
Received = Annotated[datetime | None, typer.Option(help="When we received it, if not now (UTC).")]
DeedId = Annotated[str | None, typer.Option("--id", help="The deed's id, to say the same again: it is done once.")]


def at_the_counter(work: Callable[["Counter"], Coroutine[Any, Any, Result]]) -> Result:
    """What `work` gives, done at the counter of this installation, as one command of one trace."""
    from temporal import tracing

    async def opened() -> Result:
        async with counter_of(Settings()) as counter:
            with tracing.command():
                return await work(counter)

    return asyncio.run(opened())


@asynccontextmanager
async def counter_of(settings: Settings) -> "AsyncIterator[Counter]":
    """The counter of this installation, with the wire open."""
    from desk.counter import Counter
    from temporal import client, tracing

    if settings.otlp:
        tracing.export_to(settings.otlp)
    home = open_home(settings)
    try:
        people = People.load(settings.home / "people.toml")
        yield Counter(home, people, await client.connect(settings, home.keys))
    finally:
        home.close()
        tracing.provider().force_flush()


def person_typing(people: People, named: str | None) -> str:
    """Who is at the counter: named by --as (on loopback only), else the person of this account."""
    if named is None:
        return people.of_os_user(pwd.getpwuid(os.getuid()).pw_name).id
    if Settings().temporal_address.rpartition(":")[0] not in ("127.0.0.1", "localhost", "[::1]"):
        raise NotYours("--as works only where the service is on this machine; use the account mapped in people.toml")
    return people.of(named).id


def found(home: Home, fragment: str) -> str:
    """A reference by its fragment, or by the other State's number (`PT 123/26`)."""
    known = known_by(home, fragment) if " " in fragment.strip() else ()
    if len(known) == 1:
        return known[0]
    if known:
        raise NotFound(f"several requests have that number: {', '.join(known)}; name one of them")
    with home.store.reading() as view:
        return reading.find(view, fragment)


def known_by(home: Home, foreign: str) -> tuple[str, ...]:
    """The requests that have the other State's number: `PT 123/26`."""
    from desk.submitting import foreign_text

    state, _, number = foreign.strip().partition(" ")
    index = home.keys.index(foreign_text(state.upper(), number))
    with home.store.reading() as view:
        return reading.known_by(view, index)


def utc(at: datetime | None) -> datetime | None:
    """An instant as typed on the command line, without its zone."""
    return at.replace(tzinfo=UTC) if at else None


def paper_by(file: Path | None, note: str, channel: str | None, by_post: str | None = None) -> "Paper | None":
    """What proves an act of somebody outside, where it is one. Raises Unreadable for a channel that is none."""
    from comity.request.model import Channel
    from desk.filing import Paper

    if by_post and (file or note or channel):
        raise typer.BadParameter("--post names the paper and the way it came: leave out the file, the note, --channel")
    if file is None and not note:
        return None
    return Paper(channel_named(channel or (Channel.LETTER if file else Channel.PHONE)), file, note)


def channel_named(named: str) -> "Channel":
    """The channel of that name. Raises Unreadable with those that there are."""
    from comity.request.model import Channel

    if named not in list(Channel):
        raise Unreadable(f"--channel: there is no channel of that name; there are {', '.join(Channel)}")
    return Channel(named)


def say_paper(exhibit: str, text: str | None, out: Path | None, *, as_json: bool) -> None:
    """Print a paper that was read, or where it was left."""
    if as_json:
        say_json({"exhibit": exhibit, "text": text, "left": str(out) if out else None})
    else:
        say(text.rstrip("\n") if text is not None else f"left in {out}")


def say_receipt(counter: "Counter", receipt: dict[str, Any], *, as_json: bool) -> None:
    """Print what is on record now, and what is open next."""
    from comity.law.checking import Missing
    from desk.telling import offered, open_lines

    request = counter.request(receipt["reference"])
    if as_json:
        say_json(receipt | {"open_next": offered(request)})
        return
    say(f"{receipt['reference']}: {receipt['act']} on {receipt['part']} is on record (version {receipt['version']})")
    say(f"now {receipt['status']}; stage {receipt['stage']}")
    for line in receipt.get("by_letter", ()):
        say(line)
    for gap in receipt.get("missing", ()):
        say(Missing(**gap).line)
    for letter in receipt.get("went_out", ()):
        told = f"{letter['kind']}, {letter['at']}, exhibit {letter['exhibit']['id']}"
        say(f"went out meanwhile, and may say what was wrong: {told}")
    if date := receipt.get("count_by"):
        command = f"comity act {receipt['reference']} correct --reason ... --with '{date}'"
        say(f"for a deadline to count by that date: {command}")
    for line in open_lines(request, receipt["part"]):
        say(line)
