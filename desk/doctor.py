"""What is missing or unreachable, where everything listens, and how to mend it."""

import json
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from pydantic import BaseModel
from temporalio.client import Client

from activities.exhibits import opened_seal, particulars_of
from activities.standing import Amiss
from activities.sweep import amiss
from activities.unrung import AT_ONCE, STILL
from comity import home as homes
from comity.destinations import Recipients
from comity.errors import ComityError, Fault, KeyGone, Unreachable
from comity.evidence import exhibits, recipient
from comity.evidence.exhibits import Sealed
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.law.library import Law
from comity.ledger import checkpoint, log
from comity.ledger.leaf import Kind
from comity.people import People
from comity.register import destruction, holds, reading
from comity.request.lifecycle import Role
from comity.rotas import AHEAD, Rotas
from comity.settings import Settings
from comity.webhook_secrets import WebhookSecrets
from desk.entering import is_entered
from desk.tracing import trace
from desk.underway import under_way
from temporal import client as wire

_SHORT = timedelta(seconds=5)
_DESTROYED_WITHIN = timedelta(hours=1)
_SIGNS_STILL = timedelta(days=60)
_NEEDED = (Role.COORDINATOR, Role.DUTY_OFFICER, Role.REVIEWER, Role.DECIDER, Role.EVIDENCE_OFFICER, Role.HEAD_OF_UNIT)


class Finding(BaseModel):
    """One thing that was looked at: whether it is well, where it is, and if not, how to mend it."""

    what: str
    well: bool
    detail: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything, in the order in which one thing needs another."""
    findings = [
        _of("home", lambda: _home(settings)),
        _of("law", lambda: _law(settings)),
        _of("people", lambda: _people(settings)),
        _of("rotas", lambda: _rotas(settings)),
        _of("webhooks", lambda: _webhooks(settings)),
        _of("recipients", lambda: _recipients(settings)),
    ]
    findings.append(_of("mail relay", lambda: _relay(settings)))
    if not findings[0].well:
        return findings
    home = homes.open_home(settings)
    try:
        findings += [_of("database", lambda: _database(home)), _of("ledger", lambda: _ledger(home))]
        findings += [
            _of("exhibits", lambda: _exhibits(home)),
            _of("vault", lambda: _vault(home)),
            _of("signatory", lambda: _signatory(home, datetime.now(UTC))),
            _of("alarms", lambda: _alarms(home)),
            _of("kept", lambda: _kept(home)),
        ]
        findings += await _temporal(home)
    finally:
        home.close()
    return findings


def _of(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what=what, well=True, detail=look())
    except ComityError as error:
        return Finding(what=what, well=False, detail=str(error))


async def _of_wire(what: str, look: Awaitable[str]) -> Finding:
    try:
        return Finding(what=what, well=True, detail=await look)
    except ComityError as error:
        return Finding(what=what, well=False, detail=str(error))


def _home(settings: Settings) -> str:
    opened = homes.open_home(settings)
    opened.signer()
    opened.close()
    return str(settings.home.absolute())


def _signatory(home: Home, now: datetime) -> str:
    """Who signs packages, and until when: what is signed afterwards is refused by whoever receives it."""
    own = home.signatory().certificates[0]
    ends = own.not_valid_after_utc
    if ends - now < _SIGNS_STILL:
        raise Fault(
            f"the certificate that signs packages is valid until {ends:%Y-%m-%d}: put another, with its key, into "
            "package-signer.crt and package-signer.key, and hand it out (`comity evidence certificate`)"
        )
    return f"signs packages until {ends:%Y-%m-%d}; SHA-256 of its certificate {home.signatory().fingerprint[:16]}…"


def _law(settings: Settings) -> str:
    law = Law.load(settings.law, settings.home)
    return f"{law.version}, {len(law.instruments)} instruments"


def _people(settings: Settings) -> str:
    people = People.load(settings.home / "people.toml")
    missing = [role for role in _NEEDED if not people.holding(role)]
    if missing:
        raise Fault(f"nobody is {', '.join(missing)}; add them to people.toml, or alarms for them reach nobody")
    return "every role of the authority is held"


def _rotas(settings: Settings) -> str:
    """No hole, and none that runs out unseen."""
    rotas = Rotas(settings.home / "rotas", People.load(settings.home / "people.toml"), settings.zone)
    now = datetime.now(UTC)
    found = rotas.check(now)
    if ending := [rota.file for rota in found if any(rota.gaps(now, now + AHEAD))]:
        raise Fault(f"these run out within two weeks: {', '.join(ending)}; `comity rota` says when, add what follows")
    return ", ".join(rota.role for rota in found) or "none: everybody who holds a role is told"


def _webhooks(settings: Settings) -> str:
    people = People.load(settings.home / "people.toml")
    WebhookSecrets(settings.home).check(people)
    told = sum(bool(person.webhook) for person in people.all())
    return f"{told} of {len(people.all())} people are told by webhook, too"


def _recipients(settings: Settings) -> str:
    """Every file that says where packages are taken can be read, what it names is beside it, and keys close today."""
    recipients, keys = Recipients(settings.home), _keys_of_recipients(settings)
    checks = [(name, partial(recipients.check, name)) for name in recipients.with_destination()]
    checks += [(name, partial(_closes_today, path)) for name, path in keys.items()]
    wrong = list[str]()
    for name, check in checks:
        try:
            check()
        except ComityError as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        raise Fault("; ".join(wrong))
    return f"{len(recipients.with_destination())} take their packages by machine"


def _keys_of_recipients(settings: Settings) -> dict[str, Path]:
    """The file of the key that packages are closed to: an age key goes before a certificate."""
    folder = settings.home / "recipients"
    return {path.stem: path for ending in ("crt", "age") for path in sorted(folder.glob(f"*.{ending}"))}


def _closes_today(path: Path) -> None:
    recipient.check(path.read_text().strip(), datetime.now(UTC))


def _relay(settings: Settings) -> str:
    address = (settings.smtp_host, settings.smtp_port)
    try:
        socket.create_connection(address, 3.0).close()
    except OSError as error:
        raise Unreachable(f"no mail relay at {address[0]}:{address[1]}; set COMITY_SMTP_HOST and _PORT") from error
    return f"{address[0]}:{address[1]}"


def _database(home: Home) -> str:
    with home.store.reading() as view:
        waiting = list(reading.not_begun(view))
    if waiting:
        raise Fault(f"came in and not begun: {', '.join(waiting)}; `comity up` begins them")
    return home.store.url.partition("@")[2] or home.store.url


def _kept(home: Home) -> str:
    """How many requests are held; and no destruction that was decided and is not done."""
    with home.store.reading() as view:
        held, late = holds.held(view), destruction.unfinished(view, datetime.now(UTC) - _DESTROYED_WITHIN, AT_ONCE)
    if late:
        raise Fault(f"decided and not destroyed yet: {', '.join(late)}; is a worker running? the sweep begins it again")
    return f"{len(held)} requests are held (`comity hold list`); all that was to be destroyed is"


def _alarms(home: Home) -> str:
    with home.store.reading() as view:
        still = reading.unrung(view, datetime.now(UTC) - STILL, limit=AT_ONCE)
    if still:
        named = ", ".join(f"{reference} ({duty})" for reference, duty in still)
        raise Fault(f"planned and not rung: {named}; a sweep rings for them, mend what is said of them below")
    return "each rang when it was planned"


def _ledger(home: Home) -> str:
    """No entry that was signed is gone: by the checkpoints in the database, and by those in the second place."""
    with home.store.reading() as view:
        head, newest = log.head(view), checkpoint.newest(view)
        beside = checkpoint.newest_beside(home.checkpoints)
        signed = max((known.size for known in (newest, beside) if known), default=0)
        if signed > head.size:
            raise Fault(
                f"{signed} entries are signed and {head.size} are left: restore the database, then verify the ledger"
            )
        if beside and log.root_at(view, beside.size) != beside.root:
            raise Fault(
                f"its first {beside.size} entries are not those of checkpoints/: verify it --against that file; "
                "where an older copy was restored on purpose, keep that file elsewhere, with what tells of it"
            )
    return f"{head.size} entries, {newest.size if newest else 0} signed"


def _exhibits(home: Home) -> str:
    """Each exhibit of an open request was told to it, or its file was deposited again: else a process died between.

    Of a thing it is its custody that tells.
    """
    with home.store.reading() as view:
        sealed = [each for reference in reading.living(view) for each in exhibits.of_request(view, reference)]
    things = [each for each in sealed if particulars_of(home, each).item]
    half = [each.exhibit for each in things if not is_entered(home, each.reference, each.exhibit)]
    if half:
        raise Fault(f"described, and not collected: {', '.join(half)}; say `comity evidence item` again with that --id")
    stories = {reference: _deeds(home, reference) for reference in {each.reference for each in sealed}}
    files = [each for each in sealed if each not in things]
    untold = [each.exhibit for each in files if not _is_told(home, each, stories[each.reference])]
    if untold:
        raise Fault(
            f"sealed, and no request was told: {', '.join(untold)}; deposit the file again:"
            " nothing is sealed twice, and its request is told then"
        )
    return f"{len(sealed)} of open requests, each of them told of"


def _vault(home: Home) -> str:
    """Every exhibit that is listed has its bytes, unless their key was destroyed; what no list knows is told of."""
    with home.store.reading() as view:
        listed = exhibits.ids(view)
    standing = home.vault.standing()
    lost = [each for each in sorted(listed - standing.whole) if _is_wanted(home, each)]
    if lost:
        raise Fault(
            f"it lacks what is listed: {', '.join(lost)}; restore these files from a copy:"
            " until then nobody reads them, and they leave in no package"
        )
    unlisted = len((standing.whole | standing.begun) - listed)
    told = f"; {unlisted} on no list: under way, or given up" if unlisted else ""
    return f"{len(listed & standing.whole)} exhibits, each with its bytes{told}"


def _is_wanted(home: Home, exhibit: str) -> bool:
    """Whether its bytes could be opened if they were here."""
    with home.store.reading() as view:
        reference = exhibits.find(view, exhibit).reference
    try:
        return bool(home.keys.raw(reference, KeyClass.CONTENT))
    except KeyGone:
        return False


def _deeds(home: Home, reference: str) -> str:
    """All that was ever done in a request, as text."""
    return "\n".join(json.dumps(line.what) for line in trace(home, reference) if line.kind == Kind.DEED)


def _is_told(home: Home, exhibit: Sealed, deeds: str) -> bool:
    return exhibit.exhibit in deeds or opened_seal(home, exhibit).sha256 in deeds


async def _temporal(home: Home) -> list[Finding]:
    try:
        client = await wire.connect(home.settings, home.keys)
    except ComityError as error:
        return [Finding(what="Temporal", well=False, detail=str(error))]
    address = home.settings.temporal_address
    return [
        Finding(what="Temporal", well=True, detail=address),
        await _of_wire("requests", _alive(home, client)),
        await _of_wire("stuck", _stuck(client)),
        await _of_wire("transfers", _transfers(client)),
    ]


async def _alive(home: Home, client: Client) -> str:
    """Every request that is open on record lives in Temporal as it stands on record, and no other."""
    found: dict[Amiss, list[str]] = {}
    for finding in await amiss(client, home):
        found.setdefault(finding.amiss, []).append(finding.reference)
    if found:
        raise Fault("; ".join(_mended(*each) for each in sorted(found.items())))
    with home.store.reading() as view:
        return f"{len(list(reading.living(view)))} open, all of them alive"


def _mended(what: Amiss, references: list[str]) -> str:
    named = " ".join(sorted(references))
    if what == Amiss.UNKNOWN:
        return f"{what}: {named}: restore a newer copy of the database"
    if what == Amiss.SILENT:
        return f"{what}: {named}: a worker must run (`comity up`); if one does, ask again in a minute"
    return f"{what}: `comity revive {named}`"


async def _transfers(client: Client) -> str:
    """How far each package is that is being brought. One that failed is tried again by itself; its error says more."""
    found = await under_way(client)
    told = "; ".join(f"{each.reference} {each.line}" for each in found)
    if any(each.waits for each in found):
        raise Fault(f"not brought yet, and tried again: {told}")
    return told or "none under way"


async def _stuck(client: Client) -> str:
    """No workflow is parked by an error that is not a person's to mend."""
    query = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'"
    stuck = [found.id async for found in client.list_workflows(query)]
    if stuck:
        raise Fault(f"parked by a fault: {', '.join(stuck)}; the worker's log names it, nothing is lost meanwhile")
    return "none"
