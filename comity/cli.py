"""The command line, as far as it works without the service: ledger, evidence, schema, lifecycle.

`desk/commands.py` adds what needs the service, through the entry-point group `comity.commands`.
Exit codes: 0 done, 1 refused (one line on stderr says why, and what is possible instead), 2 usage, 3 not reachable.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from comity.errors import ComityError, NotFound, Refused, Unreachable, Unreadable
from comity.settings import Settings

if TYPE_CHECKING:
    from comity.evidence.bundle import Trust
    from comity.law.library import Law
    from comity.request.letter import Letter

Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Mutual legal assistance: each request one life with its clocks, its custody and its record.",
)
ledger = typer.Typer(no_args_is_help=True, help="The append-only record: verify it, export it, prove an entry.")
evidence = typer.Typer(no_args_is_help=True, help="Exhibits and packages: what comes in, leaves and is received.")
law = typer.Typer(no_args_is_help=True, help="What treaties and laws ask, with the article and how far it was read.")
schema = typer.Typer(no_args_is_help=True, help="The form of what other systems may write.")
app.add_typer(ledger, name="ledger")
app.add_typer(evidence, name="evidence")
app.add_typer(law, name="law")
app.add_typer(schema, name="schema")


def say(text: str) -> None:
    """One thing to standard output."""
    typer.echo(text)


def say_json(value: Any) -> None:
    """One JSON value to standard output."""
    say(json.dumps(value, indent=1, ensure_ascii=False, default=str))


@app.command()
def lifecycle(
    page: Annotated[bool, typer.Option("--page", help="The whole page with its diagrams, as Markdown.")] = False,
    as_json: Json = False,
) -> None:
    """Print the tables that say what may happen to a request."""
    from comity.request import drawing

    if as_json:
        say_json(drawing.rows())
    elif page:
        sys.stdout.write(drawing.page())
    else:
        say(drawing.plain())


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A request as JSON; `-` reads it from the standard input.")],
    to: Annotated[str | None, typer.Option(help="The State that it is for (ISO 3166-1), if another.")] = None,
    as_json: Json = False,
) -> None:
    """Check a request before it is sent: what the requested State will miss. Exit code 1 when a gap blocks it."""
    from comity.law.checking import checked, lines
    from comity.request.gaps import is_urgent

    letter = _letter(file, to)
    found = checked(letter, _law(), datetime.now(UTC))
    if as_json:
        say_json(found.model_dump(mode="json"))
    else:
        say("\n".join(lines(found, urgent=is_urgent(letter))))
    if found.blocked:
        raise typer.Exit(1)


def _letter(file: Path, to: str | None) -> "Letter":
    from comity.law.states import known_states
    from comity.request.reading import read

    states = known_states()
    letter = read(bytes_of(file), states)
    if to is None:
        return letter
    if to.upper() not in states:
        raise Unreadable("--to: there is no State of that code; write it as in ISO 3166-1, with two letters")
    return letter.model_copy(update={"requested_state": to.upper()})


_MORE_THAN_ANY = 1 << 20
"""Bytes: more than any request may have. The reader says what is too large."""


def bytes_of(file: Path) -> bytes:
    """What stands in a file; `-` is the standard input. Raises Unreadable."""
    if str(file) == "-":
        return sys.stdin.buffer.read(_MORE_THAN_ANY)
    try:
        with file.open("rb") as source:
            return source.read(_MORE_THAN_ANY)
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror}") from None


@schema.command("request")
def schema_request() -> None:
    """Print the JSON Schema of a request, so that other systems can write one."""
    from comity.request.letter import schema as of_letter

    say_json(of_letter())


@law.command("list")
def law_list(
    page: Annotated[bool, typer.Option("--page", help="As Markdown: docs/law/README.md.")] = False,
    as_json: Json = False,
) -> None:
    """List the instruments: whether each is in force, and how much of what stands here was read in a text."""
    from comity.law import drawing

    known = _law()
    if as_json:
        say_json([drawing.line(each) for each in known.instruments.values()])
    else:
        say(drawing.index(known).rstrip() if page else drawing.listed(known))


@law.command("show")
def law_show(
    name: Annotated[str, typer.Argument(help="An instrument, a State, a kind of measure, or `measures`: all kinds.")],
    page: Annotated[bool, typer.Option("--page", help="As Markdown: its page of docs/law.")] = False,
    as_json: Json = False,
) -> None:
    """Print an instrument, a profile or a kind of measure: each row with its article, and how far it was read."""
    from comity.law import drawing
    from comity.law.kinds import MEASURES

    known, plain = _law(), " ".join(name.lower().split())
    if plain == MEASURES or (plain in known.kinds and plain not in known.instruments):
        _show_kinds(known, plain, page=page, as_json=as_json)
        return
    profile = known.profile(name.strip().upper(), datetime.now(UTC).date())
    if profile:
        say_json(profile.model_dump(mode="json")) if as_json else say(drawing.plain_profile(profile))
        return
    if plain not in known.instruments:
        raise NotFound(_nothing_called(plain, known))
    found = known.instrument(plain)
    if as_json:
        say_json(found.model_dump(mode="json"))
    else:
        say(drawing.page(found, known).rstrip() if page else drawing.plain(found, known))
    if found.id in known.kinds and not page and not as_json:
        say(f"\n'{found.id}' is a kind of measure as well: `comity law show measures`")


def _nothing_called(name: str, known: "Law") -> str:
    near = get_close_matches(name, [*known.kinds, *known.instruments], n=1)
    meant = f", perhaps '{near[0]}'" if near else ""
    states = sorted({profile.state for profile in known.profiles})
    return (
        f"nothing here is called so{meant}; there are the instruments {', '.join(sorted(known.instruments))}, "
        f"the States {', '.join(states)}, and the kinds that `comity law show measures` lists"
    )


def _show_kinds(known: "Law", name: str, *, page: bool, as_json: bool) -> None:
    """One kind of measure, or all of them; the page is that of all."""
    from comity.law import kinds

    one, plain = known.kinds.get(name), [kind.model_dump(mode="json") for kind in known.kinds.values()]
    if as_json:
        say_json(one.model_dump(mode="json") if one else plain)
    elif page:
        say(kinds.page(known).rstrip())
    else:
        say(kinds.plain(one, known) if one else kinds.listed(known))


@law.command("check")
def law_check(
    folder: Annotated[Path | None, typer.Argument(help="Law files to check; default: those in use.")] = None,
    as_json: Json = False,
) -> None:
    """Read all law files, and this home's rotas; name what is wrong with its line. Exit code 1 when something is."""
    from comity.law.library import Law

    found = Law.load("default", folder=folder) if folder else _law()
    if folder is None:
        _check_rotas()
    if as_json:
        states = sorted({each.state for each in found.profiles})
        say_json({"version": found.version, "instruments": sorted(found.instruments), "profiles": states})
    else:
        held = f"{len(found.instruments)} instruments, {len(found.profiles)} profiles"
        say(f"all files can be read: {held}; version {found.version}")


def _check_rotas() -> None:
    from comity.people import People
    from comity.rotas import Rotas

    settings = Settings()
    if any((settings.home / "rotas").glob("*.ics")):
        people = People.load(settings.home / "people.toml")
        Rotas(settings.home / "rotas", people, settings.zone).check(datetime.now(UTC))


def _law() -> "Law":
    from comity.law.library import Law

    settings = Settings()
    return Law.load(settings.law, settings.home)


@ledger.command("key")
def ledger_key() -> None:
    """Print the public key by which auditors verify this ledger."""
    from comity.home import open_home

    say(open_home(Settings()).signer().verifier_key)


@ledger.command("verify")
def ledger_verify(
    key: Annotated[list[str], typer.Option(help="A public key that the auditor trusts (name+id+key). Repeatable.")],
    export: Annotated[Path | None, typer.Argument(help="An export; without it, the database of COMITY_HOME.")] = None,
    against: Annotated[Path | None, typer.Option(help="An older checkpoint, kept elsewhere.")] = None,
    as_json: Json = False,
) -> None:
    """Verify the ledger offline, step by step. Exit code 1 when a step does not hold."""
    from comity.ledger.verify import verify_export, verify_store
    from comity.store import Store

    older = _text(against) if against else None
    report = verify_export(export, key, older) if export else verify_store(Store(Settings().database_url), key, older)
    if as_json:
        say_json(report.model_dump(mode="json") | {"ok": report.ok})
    else:
        for step in report.steps:
            say(f"{'holds ' if step.ok else 'FAILS '} {step.number}. {step.name}: {step.detail}")
    if not report.ok:
        raise typer.Exit(1)


@ledger.command("export")
def ledger_export(path: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write the whole ledger to one file that can be verified without us. It holds ciphertext only."""
    from comity.home import open_home
    from comity.ledger.export import export

    with open_home(Settings()).store.reading() as view:
        export(view, path)
    say(f"written: {path}")


@ledger.command("prove")
def ledger_prove(
    reference: Annotated[str, typer.Argument(help="A request: its reference, or four letters of it.")],
    version: Annotated[int | None, typer.Option(help="The entry of this version of the request.")] = None,
    index: Annotated[int | None, typer.Option(help="The entry at this index of the ledger.")] = None,
    out: Annotated[Path | None, typer.Option(help="A new file to write it to; without it, standard output.")] = None,
) -> None:
    """Prove that an entry stands in the ledger: by default the newest of a request. It opens nothing that is sealed."""
    from comity.home import open_home
    from comity.ledger.prove import prove
    from comity.register import reading

    with open_home(Settings()).store.reading() as view:
        proof = prove(view, reading.find(view, reference), version=version, index=index).model_dump()
    if out is None:
        say_json(proof)
    else:
        _write_new(out, json.dumps(proof, indent=1, ensure_ascii=False))
        say(f"written: {out}")


@ledger.command("certificate")
def ledger_certificate(
    file: Annotated[Path, typer.Argument(help="A certificate of destruction; `-` reads it from the standard input.")],
    key: Annotated[list[str], typer.Option(help="A public key that you trust (name+id+key). Repeatable.")],
    as_json: Json = False,
) -> None:
    """Verify a certificate of destruction offline, with the ledger's public key alone. Exit code 1 when it is none."""
    from comity.ledger.certificate import verified
    from comity.ledger.checkpoint import read_key

    note = bytes_of(file).decode(errors="replace")
    certificate = verified(note, [read_key(each) for each in key])
    if as_json:
        say_json(certificate.model_dump(mode="json", by_alias=True))
    else:
        say(f"holds: signed by {certificate.ledger}")
        say(note.partition("\n\n")[0])


Identity = Annotated[Path, typer.Option(help="The identity file whose public key it was made for.")]
Certificate = Annotated[Path | None, typer.Option(help="The sender's certificates (PEM), as you were given them.")]
Tsa = Annotated[Path | None, typer.Option(help="Certificates (PEM) of the timestamp authority that you trust.")]


@evidence.command("identity")
def evidence_identity(
    path: Annotated[Path, typer.Argument(help="The file to make; keep it secret.")],
    name: Annotated[str, typer.Option(help="The name of your authority, for the certificate.")] = "recipient",
) -> None:
    """Make a key pair to receive packages with, and one to sign receipts; print the public key to hand out."""
    from comity.evidence import receipts, recipient

    say(recipient.create(path))
    certificate = receipts.create_signatory(path, name, datetime.now(UTC))
    typer.echo(f"hand out {certificate} as well: by it your receipts are checked", err=True)


@evidence.command("certificate")
def evidence_certificate() -> None:
    """Print the certificate by which recipients check who signed a package, to hand out; its SHA-256 on stderr."""
    from comity.evidence.signing import pem
    from comity.home import open_home

    signs = open_home(Settings()).signatory()
    say(pem(signs.certificates))
    typer.echo(f"SHA-256 of the first: {signs.fingerprint}", err=True)


@evidence.command("receive")
def evidence_receive(
    package: Annotated[Path, typer.Argument(help="The package as it came.")],
    identity: Identity,
    out: Annotated[Path, typer.Option(help="An empty or new folder for what is in it, and for the receipt.")],
    certificate: Certificate = None,
    tsa: Tsa = None,
    as_json: Json = False,
) -> None:
    """Open a package, check every hash and who signed it, and write the receipt to send back. Needs no service."""
    from comity.evidence import receipts
    from comity.evidence.receiving import receive

    signs = receipts.signatory_of(identity)
    receipt = receive(package, identity, out, _trust(certificate, tsa), signs)
    if as_json:
        say_json(receipt.model_dump(mode="json"))
    else:
        number = len(receipt.exhibits)
        held = f"{number} {'exhibit' if number == 1 else 'exhibits'}"
        say(f"received: {held} of {receipt.package}, each with the hash of the manifest")
        say(f"send back: {out / receipts.NAME}{f' and {receipts.NAME_OF_SIGNATURE}, together' if signs else ''}")


@evidence.command("verify")
def evidence_verify(
    package: Annotated[Path, typer.Argument(help="The package as it came.")],
    identity: Identity,
    certificate: Certificate = None,
    tsa: Tsa = None,
    as_json: Json = False,
) -> None:
    """Check a package step by step, keeping nothing. Exit code 1 when a step does not hold."""
    from comity.evidence.receiving import verify

    findings = verify(package, identity, _trust(certificate, tsa))
    if as_json:
        say_json([finding.model_dump() for finding in findings])
    else:
        for finding in findings:
            say(f"{'holds ' if finding.holds else 'FAILS '} {finding.step}. {finding.what} {finding.why_not}".rstrip())
    if not all(finding.holds for finding in findings):
        raise typer.Exit(1)


def _trust(certificate: Path | None, tsa: Path | None) -> "Trust":
    from comity.evidence.bundle import Trust
    from comity.evidence.signing import read_certificates

    senders, authorities = (read_certificates(each) if each else () for each in (certificate, tsa))
    return Trust(senders, authorities, datetime.now(UTC))


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x") as file:
            file.write(f"{text}\n")
    except FileExistsError as error:
        raise Refused(f"{path}: there is such a file already; choose another name") from error


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise typer.BadParameter(f"cannot be read: {error.strerror}") from None


# --- how every command ends -------------------------------------------------------------------------------------------


def main() -> None:
    """Run one command, and end with its exit code.

    The process ends by `os._exit`, since Temporal's core can abort at interpreter exit after the work is done.
    """
    code = run(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    _add_service_commands()
    try:
        app(arguments, prog_name="comity")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except ComityError as error:
        typer.echo(f"comity: {error}", err=True)
        return 3 if isinstance(error, Unreachable) else 1
    return 0


@cache
def _add_service_commands() -> None:
    for found in entry_points(group="comity.commands"):
        try:
            add: Callable[[typer.Typer], None] = found.load()
        except ModuleNotFoundError:
            _say_what_is_missing(app)
            continue
        add(app)


def _say_what_is_missing(to: typer.Typer) -> None:
    """Each command of the service, saying what it needs."""
    for name in OF_THE_SERVICE:
        to.command(name, help="Not installed here: runs from the service's checkout or image.")(_not_here)


OF_THE_SERVICE = (
    "up", "worker", "submit", "oral", "act", "join", "disclose", "letter", "follow-up", "paper", "list", "watch",
    "rota", "show", "review", "trace", "identity", "retention", "statistics", "revive", "doctor",
)  # fmt: skip


def _not_here() -> None:
    raise Unreachable("the service is not installed here; run this command from its checkout or image")
