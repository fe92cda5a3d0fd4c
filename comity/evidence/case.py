"""The custody of an exhibit for other forensic software: a graph in CASE/UCO, as JSON-LD.

One action for each entry of its custody, each informed by the one before; the exhibit with its hashes; its provenance
record. Every name of a thing follows from the exhibit, so the same custody gives the same bytes.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from comity.evidence.chain import Link
from comity.evidence.custody import CustodyEntry
from comity.evidence.seal import Seal

_CONTEXT = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "kb": "urn:comity:",
    "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "uco-location": "https://ontology.unifiedcyberontology.org/uco/location/",
    "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_Node = dict[str, Any]


def graph(seal: Seal, name: str | None, chain: Sequence[Link]) -> bytes:
    """The custody of one exhibit, the oldest entry first. `name`: how its giver called it, where that may be said."""
    nodes = [_exhibit(seal, name), _provenance(seal, chain), *_of_entries(seal, chain)]
    whole = {"@context": _CONTEXT, "@graph": list({node["@id"]: node for node in nodes}.values())}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _exhibit(seal: Seal, name: str | None) -> _Node:
    file: _Node = {
        "@id": _id(seal.exhibit, "file"),
        "@type": "uco-observable:FileFacet",
        "uco-observable:sizeInBytes": _typed("integer", str(seal.size)),
    }
    hashes = [("SHA256", seal.sha256), ("SHA512", seal.sha512)]
    content = {
        "@id": _id(seal.exhibit, "content"),
        "@type": "uco-observable:ContentDataFacet",
        "uco-observable:hash": [_hash(seal.exhibit, method, digest) for method, digest in hashes if digest],
    }
    named = {"uco-observable:fileName": name} if name else {}
    return {
        "@id": _id(seal.exhibit, "exhibit"),
        "@type": "uco-observable:ObservableObject",
        "uco-core:hasFacet": [file | named, content],
    }


def _hash(exhibit: str, method: str, digest: str) -> _Node:
    return {
        "@id": _id(exhibit, method),
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": method,
        "uco-types:hashValue": _typed("hexBinary", digest),
    }


def _provenance(seal: Seal, chain: Sequence[Link]) -> _Node:
    """The record that ties the exhibit's number to it, and to what it was taken from."""
    taken = [
        {"@id": _id(parent, "exhibit")} for parent in dict.fromkeys(each.custody.parent for each in chain) if parent
    ]
    return {
        "@id": _id(seal.exhibit, "provenance"),
        "@type": "case-investigation:ProvenanceRecord",
        "uco-core:description": f"exhibit {seal.exhibit}",
        "case-investigation:exhibitNumber": seal.exhibit,
        "uco-core:object": [{"@id": _id(seal.exhibit, "exhibit")}, *taken],
    }


def _of_entries(seal: Seal, chain: Sequence[Link]) -> Iterator[_Node]:
    before: str | None = None
    for link in chain:
        action = _id(seal.exhibit, f"entry {link.index}")
        yield from _around(link.custody)
        yield _action(seal, link, action) | ({"case-investigation:wasInformedBy": {"@id": before}} if before else {})
        before = action


def _action(seal: Seal, link: Link, action: str) -> _Node:
    entry, at = link.custody, _typed("dateTime", link.custody.at.isoformat())
    used = {"uco-action:instrument": {"@id": _id(entry.tool, "tool")}} if entry.tool else {}
    where = {"uco-action:location": {"@id": _id(entry.place, "place")}} if entry.place else {}
    return {
        "@id": action,
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": str(entry.action),
        "uco-core:description": list(_said(link)),
        "uco-action:startTime": at,
        "uco-action:endTime": at,
        "uco-action:performer": {"@id": _performer(entry)},
        "uco-action:object": [{"@id": _id(seal.exhibit, "exhibit")}],
        "uco-action:result": [{"@id": _id(seal.exhibit, "provenance")}],
        **used,
        **where,
    }


def _said(link: Link) -> Iterator[str]:
    """What an entry says beyond who, when, where and with what: a line each, with its label."""
    entry = link.custody
    rows = {
        "reason": entry.reason,
        "role": str(entry.role),
        "time zone of the place": entry.zone,
        "from": entry.handed_by,
        "to": entry.handed_to,
        "SHA-256 before": entry.hash_before,
        "SHA-256 after": entry.hash_after,
        "physical seal before": entry.seal_number_before,
        "physical seal after": entry.seal_number_after,
        "condition": entry.condition,
        "authorisation": entry.authorisation,
        "signed sheet": entry.signed,
        "entered late": entry.late,
        "index in the ledger": str(link.index),
    }
    yield from (f"{label}: {told}" for label, told in rows.items() if told)


def _around(entry: CustodyEntry) -> Iterator[_Node]:
    """Who did it, with what, and where."""
    yield {
        "@id": _performer(entry),
        "@type": "uco-identity:Identity",
        "uco-core:name": f"{entry.person}, {entry.organisation}",
    }
    if entry.tool:
        version = {"uco-tool:version": entry.tool_version} if entry.tool_version else {}
        yield {"@id": _id(entry.tool, "tool"), "@type": "uco-tool:Tool", "uco-core:name": entry.tool, **version}
    if entry.place:
        yield {"@id": _id(entry.place, "place"), "@type": "uco-location:Location", "uco-core:name": entry.place}
    if entry.parent:
        yield {"@id": _id(entry.parent, "exhibit"), "@type": "uco-observable:ObservableObject"}


def _performer(entry: CustodyEntry) -> str:
    return _id(f"{entry.person} {entry.organisation}", "identity")


def _id(what: str, part: str) -> str:
    """A name that ends with a UUID, as the ontology asks for: the same for the same thing."""
    return f"kb:{part.split(' ')[0].lower()}-{uuid5(NAMESPACE_URL, f'urn:comity:{part}:{what}')}"


def _typed(kind: str, value: str) -> _Node:
    return {"@type": f"xsd:{kind}", "@value": value}
