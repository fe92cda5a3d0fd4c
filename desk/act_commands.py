"""The commands of what people do with a request: it comes in, acts are done on it, letters leave and are read."""

import shlex
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from comity.cli import Json, bytes_of, say, say_json
from comity.errors import AlreadyKnown, Unreadable
from comity.home import open_home
from comity.settings import Settings
from desk.evidence_commands import deposited
from desk.typed import (
    As,
    ByChannel,
    DeedId,
    Post,
    Received,
    Reference,
    RoleNamed,
    at_the_counter,
    channel_named,
    found,
    paper_by,
    person_typing,
    say_paper,
    say_receipt,
    utc,
)

if TYPE_CHECKING:  # the wire is imported when a command needs it: --help stays quick
    from collections.abc import Iterator

    from desk.counter import Counter
    from desk.papers import Listed

OnBehalfOf = Annotated[
    Path | None, typer.Option(help="The letter or slip (a file) that proves an act of somebody outside: it is theirs.")
]
CallNote = Annotated[str, typer.Option(help="The note of the call in which somebody outside did it: it is theirs.")]
Happened = Annotated[datetime | None, typer.Option(help="When it happened, if not now (UTC).")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (submit, oral, act, disclose, join, letter, review, paper):
        app.command()(command)
    app.command("follow-up")(follow_up)


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
    """Register a request and begin its life. What is readable but deficient is registered, and its gaps told."""
    from desk.confirming import confirm
    from desk.submitting import Submission, missed
    from desk.submitting import submit as hand_in

    data = bytes_of(file)
    at = received.replace(tzinfo=UTC) if received else datetime.now(UTC)

    async def work(counter: "Counter") -> None:
        person = person_typing(counter.people, who)
        came = Submission(data, person, at, supplement=supplement, anew=anew)
        oral_one = found(counter.home, confirms) if confirms else None
        told: dict[str, Any]
        if oral_one:
            confirmed = await confirm(counter, came, oral_one)
            receipt, told = confirmed.receipt, {"by_letter": confirmed.by_letter}
        else:
            receipt = await hand_in(counter, came)
            gaps = () if supplement else missed(counter.home, came)
            told = {"missing": [each.model_dump() for each in gaps]}
        for annex in attach or []:
            await deposited(counter, receipt.reference, ("M1", annex, person, "coordinator"))
        say_receipt(counter, receipt.model_dump(mode="json") | told, as_json=as_json)

    at_the_counter(work)


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
        call = Call(person_typing(counter.people, who), utc(received) or datetime.now(UTC), urgency, told, anew)
        with _typed_is_not_lost(told, given):
            request = await open_oral(counter, call)
        if as_json:
            say_json(request.model_dump(mode="json") | {"next": next_commands(request)})
        else:
            show_opened(request, next_commands(request))

    at_the_counter(work)


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
    from desk.filling import date_told, went_out_wrong
    from desk.posting import acted

    said = Said(
        act=name, part=part, role=role, words=words, reason=reason, particulars=particulars, receipt=receipt,
        on_behalf=paper_by(on_behalf, note, channel, by_post), happened=happened, received=received, seen=seen,
        deed=deed_id,
    )  # fmt: skip

    async def work(counter: "Counter") -> None:
        full, person = found(counter.home, reference), person_typing(counter.people, who)
        deed, done = await acted(counter, full, (person, said), by_post)
        wrong = [letter.model_dump(mode="json") for letter in went_out_wrong(counter, full, deed)]
        date = date_told(counter.request(full), deed)
        told = {name: what for name, what in (("went_out", wrong), ("count_by", date)) if what}
        say_receipt(counter, done.model_dump(mode="json") | told, as_json=as_json)

    at_the_counter(work)


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
        full, person = found(counter.home, reference), person_typing(counter.people, who)
        telling = Telling(deed_id or str(ULID()), person, said, to, number, reason, measure, channel_named(channel))
        say_receipt(counter, (await tell(counter, full, telling)).model_dump(mode="json"), as_json=as_json)

    at_the_counter(work)


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
        twice, other = found(counter.home, reference), found(counter.home, into)
        by = (person_typing(counter.people, who), deed_id or str(ULID()))
        say_receipt(counter, (await join_into(counter, twice, other, by)).model_dump(mode="json"), as_json=as_json)

    at_the_counter(work)


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
        coming=paper_by(coming, "", channel, by_post), received=received, reason=reason, draft=draft, deed=deed_id,
    )  # fmt: skip

    async def work(counter: "Counter") -> None:
        full, person = found(counter.home, reference), person_typing(counter.people, who)
        told = await lettered(counter, full, (person, said), by_post)
        if as_json:
            say_json(told.model_dump(mode="json"))
        else:
            say("\n".join(told.lines()))

    at_the_counter(work)


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
        full, person = found(counter.home, reference), person_typing(counter.people, who)
        say_json(drawn_up(counter, full, Wanted(person=person, measure=measure, kind=kind)))

    at_the_counter(work)


def review(
    reference: Reference,
    part: Annotated[str, typer.Argument(help="The measure: M1.")],
    form: Annotated[Path | None, typer.Option("--found", help="The form, filled in; `-` is standard input.")] = None,
    who: As = None,
    deed_id: DeedId = None,
    as_json: Json = False,
) -> None:
    """Print a form with each ground of a measure's law; with --found, enter what was found on them."""
    from desk.recorded import on_record
    from desk.reviewing import blank, findings

    if form is None:
        home = open_home(Settings())
        say(blank(home, on_record(home, found(home, reference)), part))
        return
    text = bytes_of(form).decode(errors="replace")

    async def work(counter: "Counter") -> None:
        full = found(counter.home, reference)
        deed = findings(counter, counter.request(full), (part, text), (person_typing(counter.people, who), deed_id))
        say_receipt(counter, (await counter.act(full, deed)).model_dump(mode="json"), as_json=as_json)

    at_the_counter(work)


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
        full = found(counter.home, reference)
        if exhibit is None:
            _say_papers(list(papers(counter, full)), as_json=as_json)
            return
        if not reason.strip():
            raise Unreadable("say why it is read: --reason")
        text = read(counter, full, Wanted(exhibit, person_typing(counter.people, who), reason, out))
        say_paper(exhibit, text, out, as_json=as_json)

    at_the_counter(work)


def _say_papers(found: "list[Listed]", *, as_json: bool) -> None:
    if as_json:
        say_json([each.model_dump(mode="json") for each in found])
    for each in [] if as_json else found:
        say(each.line)
