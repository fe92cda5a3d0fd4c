"""What a package brings along besides exhibits: on what conditions, what is in it, who had each; and who signs it."""

import json
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from activities.exhibits import Particulars, custody_links, opened_seal, particulars_of
from activities.printing import printed
from activities.stamping import asking
from comity.errors import Unreadable
from comity.evidence import case, exhibits
from comity.evidence.bundle import CONDITIONS, COVER, Enclosure, Signing, custody_of
from comity.evidence.chain import in_order
from comity.evidence.manifest import Manifest
from comity.evidence.naming import visible
from comity.evidence.seal import Seal
from comity.evidence.signing import read_certificates
from comity.home import Home
from comity.request.model import Package, Request
from comity.request.rules import part_of

TEMPLATE = Path(__file__).parent / "templates" / "cover.typ"


class _Exhibit(BaseModel):
    """One exhibit of a package: its seal, how its giver called it, and the measure by which it was obtained."""

    model_config = ConfigDict(frozen=True)

    seal: Seal
    known: Particulars

    @property
    def name(self) -> str:
        """How its giver called it; of what nobody is to open not even that is told."""
        return "" if self.known.never_open else self.known.name


def enclosure(home: Home, request: Request, package: str, seals: dict[str, Seal], at: datetime) -> Enclosure:
    """All that goes into a package but the bytes of its exhibits. `seals`: with what a container asks for."""
    sent = part_of(request, package)
    assert isinstance(sent, Package)  # noqa: S101 - a departure names a package
    inside = [_exhibit(home, exhibit.id, seals[exhibit.id]) for exhibit in sent.exhibits]
    manifest = Manifest.of(request.reference, package, list(seals.values()))
    papers = {CONDITIONS: _conditions(request, sent, inside), COVER: _cover(request, sent, inside, at)}
    return Enclosure(manifest, seals, papers | _custody(home, request.reference, inside), at)


def _exhibit(home: Home, exhibit: str, seal: Seal) -> _Exhibit:
    with home.store.reading() as view:
        return _Exhibit(seal=seal, known=particulars_of(home, exhibits.find(view, exhibit)))


def seals_of(home: Home, sent: Package) -> dict[str, Seal]:
    """The seals of a package's exhibits as they are kept, by id."""
    with home.store.reading() as view:
        listed = [exhibits.find(view, exhibit.id) for exhibit in sent.exhibits]
    return {sealed.exhibit: opened_seal(home, sealed) for sealed in listed}


def _conditions(request: Request, sent: Package, inside: list[_Exhibit]) -> bytes:
    """On what conditions each exhibit may be used, for the recipient's own software."""
    measures = {
        measure.id: {"conditions": list(measure.conditions), "instrument": measure.instrument, "kind": measure.kind}
        for measure in request.measures
        if measure.id in {each.known.measure for each in inside}
    }
    said = {
        "exhibits": {each.seal.exhibit: each.known.measure for each in inside},
        "measures": measures,
        "package": sent.id,
        "reference": request.reference,
        "return_by": sent.return_by.isoformat() if sent.return_by else None,
    }
    return json.dumps(said, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _custody(home: Home, reference: str, inside: list[_Exhibit]) -> dict[str, bytes]:
    links = tuple(custody_links(home, reference))
    told = {}
    for each in inside:
        chain = in_order([link for link in links if link.custody.exhibit == each.seal.exhibit])
        told[custody_of(each.seal.exhibit)] = case.graph(each.seal, each.name or None, chain)
    return told


def _cover(request: Request, sent: Package, inside: list[_Exhibit], at: datetime) -> bytes:
    """The cover list. A package waits for no font: names in a script of which none is here are spelt out."""
    told = {
        "package": f"{request.reference}/{sent.id}",
        "packed": f"{at:%Y-%m-%d %H:%M:%S} UTC",
        "head": _head(request, sent, at),
        "conditions": [(measure.id, text) for measure in request.measures for text in measure.conditions],
        "exhibits": [_row(each) for each in inside],
    }
    try:
        return printed(TEMPLATE, told, at)
    except Unreadable:
        return printed(TEMPLATE, json.loads(json.dumps(told, default=str).encode("ascii", "backslashreplace")), at)


def _head(request: Request, sent: Package, at: datetime) -> list[tuple[str, str]]:
    rows = (
        ("request", request.reference),
        ("package", sent.id),
        ("from", f"the central authority of {request.requested}"),
        ("to", f"{sent.recipient}, for {request.requesting}"),
        ("instruments", ", ".join(sorted({measure.instrument for measure in request.measures}))),
        ("packed", f"{at:%Y-%m-%d %H:%M:%S} UTC"),
        ("originals back by", f"{sent.return_by:%Y-%m-%d}" if sent.return_by else ""),
        ("digest of the content", sent.content),
    )
    return [row for row in rows if row[1]]


def _row(each: _Exhibit) -> dict[str, str]:
    return {
        "id": each.seal.exhibit,
        "size": str(each.seal.size),
        "measure": each.known.measure or "the request",
        "name": visible(each.name),
        "sha256": each.seal.sha256,
    }


def signs(home: Home) -> Signing:
    """Who signs what leaves, and which timestamp authority is asked. Raises NotFound, Unreadable."""
    settings = home.settings
    if settings.tsa is None:
        return Signing(home.signatory())
    if settings.tsa_certificates is None:
        raise Unreadable("COMITY_TSA names a timestamp authority: COMITY_TSA_CERTIFICATES must name its certificates")
    return Signing(home.signatory(), asking(settings.tsa), read_certificates(settings.tsa_certificates))
