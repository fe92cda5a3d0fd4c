"""The commands that need the service, one for each thing that a person or another program asks of it."""

import asyncio
import shlex
import sys
from collections.abc import Callable
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from comity.cli import Json, bytes_of, evidence, say, say_json
from comity.errors import AlreadyKnown, Fault, NotFound, Refused, Unreachable, Unreadable
from comity.home import Home, open_home
from comity.people import People
from comity.register.worklist import Wanted
from comity.request.keeping import Keeping
from comity.request.lifecycle import Stage
from comity.request.model import Direction, Urgency
from comity.rotas import Rotas
from comity.settings import Settings
from desk import custody_commands, retention_commands
from desk.typed import As, DeedId, Reference, RoleNamed
from desk.typed import at_the_counter as _at_the_counter
from desk.typed import found as _found
from desk.typed import known_by as _known_by
from desk.typed import person_typing as _person
from desk.typed import utc as _utc

if TYPE_CHECKING:  # the wire is imported when a command needs it: --help stays quick
    from collections.abc import Iterator

    from comity.request.keeping import KeptRow
    from comity.request.model import Channel, Request
    from desk.counter import Counter
    from desk.depositing import Taken
    from desk.filing import Paper
    from desk.papers import Listed
    from desk.reviving import Revival
    from desk.tracing import Line

Result = TypeVar("Result")

Piece = Annotated[str, typer.Argument(help="A piece of post: its id, or four letters of its beginning or end.")]
OnBehalfOf = Annotated[
    Path | None, typer.Option(help="The letter or slip (a file) that proves an act of somebody outside: it is theirs.")
]
CallNote = Annotated[str, typer.Option(help="The note of the call in which somebody outside did it: it is theirs.")]
ByChannel = Annotated[str | None, typer.Option(help="How it came: letter, phone, e-mail, courier, in person …")]
Post = Annotated[
    str | None, typer.Option("--post", help="The piece of post that it rests on (`comity list --unmatched`): filed so.")
]
Happened = Annotated[datetime | None, typer.Option(help="When it happened, if not now (UTC).")]
Received = Annotated[datetime | None, typer.Option(help="When we received it, if not now (UTC).")]

keys = typer.Typer(no_args_is_help=True, help="The master key ring.")
post = typer.Typer(no_args_is_help=True, help="Post that belongs to no request yet: sealed, and it waits.")


def add_to(app: typer.Typer) -> None:
    """Add the service's commands to the command line."""
    for command in (
        up, worker, submit, oral, act, join, disclose, letter, paper, listing, watch, rota, show, review, trace,
        identity, retention, statistics, revive, doctor,
    ):  # fmt: skip
        app.command(command.__name__ if command is not listing else "list")(command)
    app.command("follow-up")(follow_up)
    app.add_typer(keys, name="keys")
    app.add_typer(post, name="post")
    evidence.command("deposit")(deposit)
    evidence.command("pack")(pack)
    evidence.command("release")(release)
    custody_commands.add()
    retention_commands.add_to(app)


# --- the service itself -----------------------------------------------------------------------------------------------


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


# --- what people do ---------------------------------------------------------------------------------------------------


def submit(
    file: Annotated[Path, typer.Argument(help="A request as JSON (`comity schema request`); - for standard input.")],
    who: As = None,
    received: Annotated[datetime | None, typer.Option(help="When it came in, if not now (UTC).")] = None,
    supplement: Annotated[bool, typer.Option(help="It adds to the request of the same State and reference.")] = False,
    anew: Annotated[bool, typer.Option(help="It is another request under the same reference.")] = False,
    confirms: Annotated[str | None, typer.Option(help="It confirms this request, which was told by voice.")] = None,
    attach: Annotated[list[Path] | None, typer.Option(help="The original or an annex, kept as an exhibit.")] = None,
    as_json: Json = False,
) -> None:
    """Register a request and begin its life. What is readable but deficient is registered, with its questions."""
    from desk.confirming import confirm
    from desk.submitting import Submission
    from desk.submitting import submit as hand_in

    data = bytes_of(file)
    at = received.replace(tzinfo=UTC) if received else datetime.now(UTC)

    async def work(counter: "Counter") -> None:
        person = _person(counter.people, who)
        came = Submission(data, person, at, supplement=supplement, anew=anew)
        oral_one = _found(counter.home, confirms) if confirms else None
        if oral_one:
            confirmed = await confirm(counter, came, oral_one)
            receipt, told = confirmed.receipt, {"by_letter": confirmed.by_letter}
        else:
            receipt, told = await hand_in(counter, came), {}
        for annex in attach or []:
            await _deposited(counter, receipt.reference, ("M1", annex, person, "coordinator"))
        _say_receipt(counter, receipt.model_dump(mode="json") | told, as_json=as_json)

    _at_the_counter(work)


def oral(
    caller: Annotated[str | None, typer.Option(help="Who is calling.")] = None,
    authority: Annotated[str | None, typer.Option(help="For whom; its State first: `PT Polícia Judiciária`.")] = None,
    number: Annotated[str | None, typer.Option(help="The number to call back.")] = None,
    happening: Annotated[str | None, typer.Option(help="What is happening, in the caller's words.")] = None,
    where: Annotated[str | None, typer.Option(help="The account or the place.")] = None,
    wanted: Annotated[str | None, typer.Option(help="What is wanted: a kind of measure.")] = None,
    urgency: Annotated[str, typer.Option(help="The class that is claimed.")] = "P0",
    received: Annotated[datetime | None, typer.Option(help="When the call came, if not now (UTC).")] = None,
    anew: Annotated[bool, typer.Option(help="It is another case than the one told within the last day.")] = False,
    who: As = None,
    as_json: Json = False,
) -> None:
    """Open a request told by voice, from six fields. In a terminal those that are missing are asked for."""
    from desk.oral import Call, next_commands, open_oral
    from desk.telling import show_opened

    six = {
        "caller": caller,
        "authority": authority,
        "number": number,
        "happening": happening,
        "where": where,
        "wanted": wanted,
    }
    given = {name: text for name, text in six.items() if text is not None}
    told = _six_fields(dict(given))

    async def work(counter: "Counter") -> None:
        call = Call(_person(counter.people, who), _utc(received) or datetime.now(UTC), urgency, told, anew)
        with _typed_is_not_lost(told, given):
            request = await open_oral(counter, call)
        if as_json:
            say_json(request.model_dump(mode="json") | {"next": next_commands(request)})
        else:
            show_opened(request, next_commands(request))

    _at_the_counter(work)


def _six_fields(told: dict[str, str]) -> dict[str, str]:
    """What was told, whole: in a terminal what is missing is asked for. Nothing is registered when that breaks off."""
    from comity.law.library import Law
    from desk.oral import ask_for_missing, missing

    if not missing(told):
        return told
    if not sys.stdin.isatty():
        wanting = ", ".join(f"--{name}" for name in missing(told))
        raise typer.BadParameter(f"these are missing: {wanting}; in a terminal they are asked for one by one")
    settings = Settings()
    try:
        return ask_for_missing(
            told, Law.load(settings.law, settings.home), input, lambda line: typer.echo(line, err=True)
        )
    except (KeyboardInterrupt, EOFError):
        _say_typed(told)
        raise typer.Exit(1) from None


@contextmanager
def _typed_is_not_lost(told: dict[str, str], given: dict[str, str]) -> "Iterator[None]":
    """What was answered one by one is not to be answered again for --anew."""
    try:
        yield
    except AlreadyKnown:
        if told != given:
            _say_typed(told)
        raise


def _say_typed(told: dict[str, str]) -> None:
    typed = "".join(f"\n  --{name} {shlex.quote(text)}" for name, text in told.items())
    typer.echo(f"\ncomity: nothing was registered; what was typed:{typed or ' nothing'}", err=True)


def act(
    reference: Reference,
    name: Annotated[str, typer.Argument(metavar="ACT", help="The act, as `comity show` offers it.")],
    part: Annotated[str, typer.Option(help="The part: request, M1, P1, Q1 …")] = "request",
    who: As = None,
    role: RoleNamed = None,
    words: Annotated[str, typer.Option(help="Words for the file.")] = "",
    reason: Annotated[str, typer.Option(help="The reason.")] = "",
    particulars: Annotated[str, typer.Option("--with", help="What the act needs besides, as a JSON object.")] = "{}",
    receipt: Annotated[Path | None, typer.Option(help="The recipient's receipt.json, for `confirm receipt`.")] = None,
    on_behalf: OnBehalfOf = None,
    note: CallNote = "",
    by_post: Post = None,
    channel: ByChannel = None,
    happened: Happened = None,
    received: Received = None,
    seen: Annotated[int | None, typer.Option(help="The revision that you saw; default: as on record.")] = None,
    deed_id: DeedId = None,
    as_json: Json = False,
) -> None:
    """Do an act on a request. A refusal says what is open instead, and for whom."""
    from desk.acting import Said
    from desk.filling import went_out_wrong
    from desk.posting import acted

    said = Said(
        act=name, part=part, role=role, words=words, reason=reason, particulars=particulars, receipt=receipt,
        on_behalf=_paper(on_behalf, note, channel, by_post), happened=happened, received=received, seen=seen,
        deed=deed_id,
    )  # fmt: skip

    async def work(counter: "Counter") -> None:
        full, person = _found(counter.home, reference), _person(counter.people, who)
        deed, done = await acted(counter, full, (person, said), by_post)
        wrong = [letter.model_dump(mode="json") for letter in went_out_wrong(counter, full, deed)]
        told = {"went_out": wrong} if wrong else {}
        _say_receipt(counter, done.model_dump(mode="json") | told, as_json=as_json)

    _at_the_counter(work)


def disclose(
    reference: Reference,
    to: Annotated[str, typer.Option(help="To whom it was said.")],
    number: Annotated[str, typer.Option(help="On which number, address or portal.")],
    said: Annotated[str, typer.Option(help="What was said: sealed as an exhibit of the measure.")],
    reason: Annotated[str, typer.Option(help="How it finds or protects the child.")],
    measure: Annotated[str | None, typer.Option(help="The measure that obtained it, where several may have.")] = None,
    channel: Annotated[str, typer.Option(help="By which way it was said.")] = "phone",
    who: As = None,
    deed_id: DeedId = None,
    as_json: Json = False,
) -> None:
    """Tell at once what finds the child, as one duty officer: sealed, drafted, disclosed. A second person ratifies."""
    from ulid import ULID

    from desk.disclosing import Telling
    from desk.disclosing import disclose as tell

    async def work(counter: "Counter") -> None:
        full, person = _found(counter.home, reference), _person(counter.people, who)
        telling = Telling(deed_id or str(ULID()), person, said, to, number, reason, measure, _channel(channel))
        _say_receipt(counter, (await tell(counter, full, telling)).model_dump(mode="json"), as_json=as_json)

    _at_the_counter(work)


def join(
    reference: Reference,
    into: Annotated[str, typer.Argument(help="The request that goes on.")],
    who: As = None,
    deed_id: DeedId = None,
    as_json: Json = False,
) -> None:
    """Join a request that came twice into the one that goes on, as a second person. Each names the other."""
    from ulid import ULID

    from desk.joining import join as join_into

    async def work(counter: "Counter") -> None:
        twice, other = _found(counter.home, reference), _found(counter.home, into)
        by = (_person(counter.people, who), deed_id or str(ULID()))
        _say_receipt(counter, (await join_into(counter, twice, other, by)).model_dump(mode="json"), as_json=as_json)

    _at_the_counter(work)


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
        full = _found(counter.home, reference)
        person = _person(counter.people, who)
        taken = await _deposited(counter, full, (part, path, person, role), never_open=never_open, bar=not as_json)
        if not as_json:
            for line in told(taken):
                say(line)
        elif path.is_dir():
            say_json([each.model_dump(mode="json") for each in taken])
        else:
            say_json(taken[0].seal.model_dump(mode="json"))

    _at_the_counter(work)


def pack(
    reference: Reference,
    package: Annotated[str, typer.Argument(help="The package, approved for release, that a person carries: P1")],
    who: As = None,
    as_json: Json = False,
) -> None:
    """Write an approved package for whoever carries it, encrypted to its recipient; then record the hand-over."""
    from desk.carrying import pack as write

    async def work(counter: "Counter") -> None:
        full, person = _found(counter.home, reference), _person(counter.people, who)
        files = [str(path) for path in await write(counter, full, (package, person))]
        if as_json:
            say_json(files)
        else:
            say(
                "\n".join((*files, f"handed over? `comity evidence release {reference} {package} --number … --slip …`"))
            )

    _at_the_counter(work)


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
        full, person = _found(counter.home, reference), _person(counter.people, who)
        if number or slip or note:
            receipt = await hand_over(counter, full, (package, person), Handed(number, slip, note, deed_id))
            _say_receipt(counter, receipt.model_dump(mode="json"), as_json=as_json)
            return
        left = await send(counter, full, package, person)
        if as_json:
            say_json(left.model_dump(mode="json"))
        else:
            say(f"{left.outcome}: {left.path}")

    _at_the_counter(work)


def letter(
    reference: Reference,
    kind: Annotated[str, typer.Argument(help="The kind of letter: refusal, nil-report … A wrong one names all.")],
    about: Annotated[
        list[str] | None, typer.Option(help="A part that it is about; default: all that it is for.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="To whom, where it may go to several: provider, court …")] = None,
    until: Annotated[datetime | None, typer.Option(help="The date in it (UTC), where it has one.")] = None,
    channel: Annotated[
        str | None, typer.Option(help="By which way it goes, or came: e-mail, courier, phone …; default: letter")
    ] = None,
    text: Annotated[Path | None, typer.Option(help="An edited text (a file), instead of the one drafted here.")] = None,
    out: Annotated[Path | None, typer.Option(help="A new file with the text, for the person who hands it on.")] = None,
    coming: Annotated[Path | None, typer.Option("--in", help="A letter that came in (a file): keep it.")] = None,
    by_post: Post = None,
    received: Received = None,
    reason: Annotated[str, typer.Option(help="The reason, where it is entered late.")] = "",
    draft: Annotated[bool, typer.Option("--draft", help="Print the text only; record nothing.")] = False,
    who: As = None,
    deed_id: DeedId = None,
    as_json: Json = False,
) -> None:
    """Write a letter from its template, or keep one that came in, as an exhibit. Sending it is left to a person."""
    from desk.lettering import Said
    from desk.posting import lettered

    said = Said(
        kind=kind, about=tuple(about or ()), to=to, until=until, channel=channel or "letter", text=text, out=out,
        coming=_paper(coming, "", channel, by_post), received=received, reason=reason, draft=draft, deed=deed_id,
    )  # fmt: skip

    async def work(counter: "Counter") -> None:
        full, person = _found(counter.home, reference), _person(counter.people, who)
        told = await lettered(counter, full, (person, said), by_post)
        if as_json:
            say_json(told.model_dump(mode="json"))
        else:
            say("\n".join(told.lines()))

    _at_the_counter(work)


def follow_up(
    reference: Reference,
    measure: Annotated[str, typer.Argument(help="The preservation: M1")],
    kind: Annotated[str, typer.Option(help="Which kind is to follow, where the letter names no class of data.")] = "",
    who: As = None,
) -> None:
    """Print the request that must follow a preservation, prefilled, as JSON for `comity check`: an access, on record.

    Attach it by hand to what an expiry alarm makes you write: nothing is sent, and what is empty is theirs to fill in.
    """
    from desk.following import Wanted, drawn_up

    async def work(counter: "Counter") -> None:
        full, person = _found(counter.home, reference), _person(counter.people, who)
        say_json(drawn_up(counter, full, Wanted(person=person, measure=measure, kind=kind)))

    _at_the_counter(work)


def paper(
    reference: Reference,
    exhibit: Annotated[str | None, typer.Argument(help="Which one, by its id; without: all are listed.")] = None,
    reason: Annotated[str, typer.Option(help="Why it is read: it stands in the paper's custody.")] = "",
    out: Annotated[Path | None, typer.Option(help="A new file to leave it in, where it is no plain text.")] = None,
    who: As = None,
    as_json: Json = False,
) -> None:
    """List the papers of a file (letters, slips, notes, annexes), or read one: its custody says who did, first."""
    from desk.papers import Wanted, papers, read

    async def work(counter: "Counter") -> None:
        full = _found(counter.home, reference)
        if exhibit is None:
            _say_papers(list(papers(counter, full)), as_json=as_json)
            return
        if not reason.strip():
            raise Unreadable("say why it is read: --reason")
        text = read(counter, full, Wanted(exhibit, _person(counter.people, who), reason, out))
        _say_paper(exhibit, text, out, as_json=as_json)

    _at_the_counter(work)


# --- post that belongs to no request yet ------------------------------------------------------------------------------


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

    paper = _paper(file, note, channel)
    if paper is None:
        raise typer.BadParameter("give the file of a letter or slip, or --note")
    at = _utc(received) or datetime.now(UTC)

    async def work(counter: "Counter") -> None:
        came = Came(paper, _person(counter.people, who), at, urgency, state and state.upper(), number)
        taken = take(counter, came)
        if as_json:
            say_json(taken.model_dump(mode="json"))
        for line in [] if as_json else lines(taken, came):
            say(line)

    _at_the_counter(work)


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
        text = read(counter, meant, Wanted(meant.exhibit, _person(counter.people, who), reason, out))
        _say_paper(meant.exhibit, text, out, as_json=as_json)

    _at_the_counter(work)


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
        set_aside(counter, meant, _person(counter.people, who), reason)
        say_json({"piece": meant.id}) if as_json else say(f"{meant.id}: set aside")

    _at_the_counter(work)


# --- what people read -------------------------------------------------------------------------------------------------


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


_NO_ROTA = "there is no rota: everybody who holds a role is told (a rota lies in COMITY_HOME/rotas: duty-officer.ics)"


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
    from desk.counter import on_record
    from desk.telling import show_deadlines, show_release, show_request, show_review, whole

    if sum((deadlines, review, release is not None)) > 1:
        raise typer.BadParameter("say one of --deadlines, --review, --release")
    home = open_home(Settings())
    request = on_record(home, _found(home, reference))
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
    from desk.underway import is_under_way, under_way

    async def work(counter: "Counter") -> None:
        for each in await under_way(counter.client, request.reference):
            say(f"leaving  {each.line}")

    if is_under_way(request):
        try:
            _at_the_counter(work)
        except Unreachable:
            say("leaving  how far it is, the Temporal server does not say now")


def review(
    reference: Reference,
    part: Annotated[str, typer.Argument(help="The measure: M1.")],
    found: Annotated[Path | None, typer.Option(help="The form, filled in; `-` is standard input.")] = None,
    who: As = None,
    deed_id: DeedId = None,
    as_json: Json = False,
) -> None:
    """Print a form with each ground of a measure's law; with --found, enter what was found on them."""
    from desk.counter import on_record
    from desk.reviewing import blank, findings

    if found is None:
        home = open_home(Settings())
        say(blank(home, on_record(home, _found(home, reference)), part))
        return
    text = bytes_of(found).decode(errors="replace")

    async def work(counter: "Counter") -> None:
        full = _found(counter.home, reference)
        deed = findings(counter, counter.request(full), (part, text), (_person(counter.people, who), deed_id))
        _say_receipt(counter, (await counter.act(full, deed)).model_dump(mode="json"), as_json=as_json)

    _at_the_counter(work)


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
    lines = across(home, Wanted(reference=full, since=_utc(since), until=_utc(until), who=who, what=named))
    if html:
        _draw(html, lines)
    elif as_json:
        for row in json_lines(lines):
            say(row)
    else:
        show_trace(lines, named=full is None)


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
        full = _found(counter.home, reference)
        say(await opened(counter, full, token, deed_of(counter, full, _person(counter.people, who), said)))

    _at_the_counter(work)


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
    full = _found(home, reference)
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
        return await prolong(counter, reference, _person(counter.people, who), said)

    return _at_the_counter(work)


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


def revive(
    references: Annotated[list[str], typer.Argument(metavar="REFERENCE...", help="The requests that doctor names.")],
    who: As = None,
    as_json: Json = False,
) -> None:
    """Carry requests forward again from their record, when their workflow was lost, ended or restored."""

    async def work(counter: "Counter") -> None:
        person = _person(counter.people, who)
        carried = [await _revived(counter, reference, person) for reference in references]
        if as_json:
            say_json([revival.model_dump(mode="json") for revival in carried if revival])
        for revival in [] if as_json else filter(None, carried):
            say(f"{revival.reference}: was {revival.amiss}; goes on at version {revival.version}")
        if not all(carried):
            raise typer.Exit(1)

    _at_the_counter(work)


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
        return _found(counter.home, named)
    except NotFound:
        await refuse_unrecorded(counter, named.strip().upper())
        raise


# --- helpers of the commands ------------------------------------------------------------------------------------------


def _say_papers(found: "list[Listed]", *, as_json: bool) -> None:
    if as_json:
        say_json([each.model_dump(mode="json") for each in found])
    for each in [] if as_json else found:
        say(each.line)


def _say_paper(exhibit: str, text: str | None, out: Path | None, *, as_json: bool) -> None:
    if as_json:
        say_json({"exhibit": exhibit, "text": text, "left": str(out) if out else None})
    else:
        say(text.rstrip("\n") if text is not None else f"left in {out}")


def _found_or_post(home: Home, fragment: str) -> str:
    """The same, and pieces of post, which have a story too."""
    from desk.posting import found

    try:
        return _found(home, fragment)
    except NotFound:
        with suppress(NotFound):
            return found(home, fragment).id
        raise


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
        me = _person(people, who)
        return Wanted(people=(me,), holder=me)
    return Wanted(unallocated=unallocated, references=_known_by(home, foreign) if foreign else None)


def _paper(file: Path | None, note: str, channel: str | None, by_post: str | None = None) -> "Paper | None":
    """What proves an act of somebody outside, where it is one. Raises Unreadable for a channel that is none."""
    from comity.request.model import Channel
    from desk.filing import Paper

    if by_post and (file or note or channel):
        raise typer.BadParameter("--post names the paper and the way it came: leave out the file, the note, --channel")
    if file is None and not note:
        return None
    return Paper(_channel(channel or (Channel.LETTER if file else Channel.PHONE)), file, note)


def _channel(named: str) -> "Channel":
    from comity.request.model import Channel

    if named not in list(Channel):
        raise Unreadable(f"--channel: there is no channel of that name; there are {', '.join(Channel)}")
    return Channel(named)


async def _deposited(
    counter: "Counter",
    reference: str,
    what: tuple[str, Path, str, str | None],
    *,
    never_open: bool = False,
    bar: bool = False,
) -> "list[Taken]":
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


def _say_receipt(counter: "Counter", receipt: dict[str, Any], *, as_json: bool) -> None:
    from desk.telling import offered, open_lines

    request = counter.request(receipt["reference"])
    if as_json:
        say_json(receipt | {"open_next": offered(request)})
        return
    say(f"{receipt['reference']}: {receipt['act']} on {receipt['part']} is on record (version {receipt['version']})")
    say(f"now {receipt['status']}; stage {receipt['stage']}")
    for line in receipt.get("by_letter", ()):
        say(line)
    for letter in receipt.get("went_out", ()):
        told = f"{letter['kind']}, {letter['at']}, exhibit {letter['exhibit']['id']}"
        say(f"went out meanwhile, and may say what was wrong: {told}")
    for line in open_lines(request, receipt["part"]):
        say(line)
