"""Markers: texts that stand for what must stay secret, planted in every field that can hold any, and looked for."""

import base64
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from comity.request import letter
from comity.request.letter import Letter
from comity.request.model import TOKEN_PATTERN

MARK: Final = "mrk7qx9vw2kzj5"
"""Stands in every marker: lower case and short, so that it fits where only an opaque word is allowed."""

_FREE = {None, letter.REFERENCE_PATTERN, letter.LINE_PATTERN, letter.TEXT_PATTERN}
_FIXED = {
    TOKEN_PATTERN: "victim-1",
    letter.LANGUAGE_PATTERN: "fr",
    letter.ZONE_PATTERN: "Europe/Lisbon",
    letter.CURRENCY_PATTERN: "EUR",
    r"^[A-Z]{2}$": "PT",
}
"""Codes whose form can hold no name."""
DIGEST: Final = "c0ffee5eed" * 6 + "c0de"
"""The hash of an attachment: a hash can be matched against lists of known material."""
BIRTHDAY: Final = "1987-03-29"
_FORMATS = {"date-time": "2031-07-19T03:14:15+01:00", "date": BIRTHDAY}


def marked_letter() -> dict[str, Any]:
    """A letter in which every text that can hold a secret is a marker, and every list has an entry."""
    schema = Letter.model_json_schema()
    planted: dict[str, Any] = _filled(schema, schema["$defs"], "letter")
    return planted


def marker(where: str) -> str:
    """A marker that says where it was planted: one word, so that no two of them share a name."""
    return f"{MARK}_{re.sub('[^a-z0-9]+', '_', where.lower())}"


def _filled(plan: dict[str, Any], known: dict[str, Any], where: str) -> Any:
    plan = _resolved(plan, known)
    if "enum" in plan:
        return plan["enum"][0]
    kind = plan["type"]
    if kind == "object":
        return {name: _filled(inner, known, f"{where}.{name}") for name, inner in plan["properties"].items()}
    if kind == "array":
        return [_filled(plan["items"], known, f"{where}[]")]
    return {"boolean": True, "integer": 1}.get(kind) or _text(plan, where)


def _resolved(plan: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """What a field may be, leaving out that it may be missing."""
    if "anyOf" in plan:
        plan = next(choice for choice in plan["anyOf"] if choice.get("type") != "null")
    return known[plan["$ref"].rpartition("/")[2]] if "$ref" in plan else plan


def _text(plan: dict[str, Any], where: str) -> str:
    pattern = plan.get("pattern")
    if "format" in plan:
        return _FORMATS[plan["format"]]
    if pattern in _FREE:
        return marker(where)
    return DIGEST if pattern == r"^[0-9a-f]{64}$" else _FIXED[str(pattern)]


def marked(kind: type[BaseModel], where: str, /, **given: Any) -> dict[str, Any]:
    """The particulars of an act: what is given, and a marker in every other field that is free text."""
    plan = kind.model_json_schema()
    free = {name: _free(field, f"{where}.{name}") for name, field in plan["properties"].items()}
    return {name: text for name, text in free.items() if text is not None} | given


def _free(field: dict[str, Any], where: str) -> str | list[str] | None:
    if field.get("type") == "array" and _is_free(field["items"]):
        return [marker(where)]
    return marker(where) if _is_free(field) else None


def _is_free(plan: dict[str, Any]) -> bool:
    return plan.get("type") == "string" and not plan.keys() & {"pattern", "format", "enum"}


# --- looking for them -------------------------------------------------------------------------------------------------


def forms(secret: str) -> list[bytes]:
    """A text in the forms in which bytes may hold it: plain, UTF-16, hexadecimal, and base64 from each of its places.

    MARK is plain ASCII, so that it stands unchanged in JSON, also where the text around it is escaped.
    """
    plain = secret.encode()
    whole = [plain, plain.upper(), secret.encode("utf-16-le"), secret.encode("utf-16-be"), plain.hex().encode()]
    return [*whole, *(base64.b64encode(bytes(before) + plain)[4 * (before > 0) : -4] for before in range(3))]


def found_in(data: bytes, secrets: Iterable[bytes]) -> list[str]:
    """What surrounds each secret that stands in some bytes; each form is shown once."""
    places = ((data.find(form), form) for form in secrets)
    return [repr(data[max(0, at - 80) : at + len(form) + 80]) for at, form in places if at >= 0]


def found_below(folder: Path, secrets: Iterable[bytes]) -> dict[str, list[str]]:
    """What was found in each file below a folder, and in its name."""
    wanted = list(secrets)
    looked = {str(path.relative_to(folder)): found_in(_all_of(path), wanted) for path in _files(folder)}
    return {name: found for name, found in looked.items() if found}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _all_of(path: Path) -> bytes:
    return str(path).encode() + b"\n" + path.read_bytes()
