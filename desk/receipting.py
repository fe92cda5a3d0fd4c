"""The receipt that a recipient sent back, read and checked before it is entered as its act."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from comity.errors import ComityError, Refused, Tampered
from comity.home import Home
from comity.request.lifecycle import Act
from comity.request.model import Package, Request
from comity.request.rules import part_of
from desk.counter import Counter


class Tried(BaseModel):
    """A receipt that is not the recipient's: of which package it was said to be, and the SHA-256 of its file."""

    model_config = ConfigDict(frozen=True)

    act: Act = Act.CONFIRM_RECEIPT
    person: str
    part: str
    receipt: str | None


def of_receipt(counter: Counter, request: Request, by: tuple[str, str], path: Path | None) -> dict[str, Any]:
    """The particulars of `confirm receipt`: the recipient's own hashes, and by which certificate they are signed.

    `by`: the person who enters it, and the package. Where the recipient's certificate is here, only what is signed by
    it counts. Raises, after entering the attempt, NotFound, Unreadable, Refused for a signature by another or of
    another day, and Tampered for one of other bytes, or for a receipt of another package.
    """
    if path is None:
        return {}
    try:
        return _checked(counter.home, request, by[1], path)
    except (Refused, Tampered) as fault:
        _enter(counter, request.reference, by, path, fault)
        raise


def _checked(home: Home, request: Request, part: str, path: Path) -> dict[str, Any]:
    from comity.evidence import receipts  # what signs takes half a second to load: only a receipt has to wait for it

    receipt = receipts.read(path)
    if (receipt.reference, receipt.package) != (request.reference, part):
        raise Tampered("the receipt is of another package than the one named; look at the recipient's receipt.json")
    hashes = {item.id: item.sha256 for item in receipt.exhibits}
    return {"content": receipt.content_digest, "exhibits": hashes} | _signed(home, part_of(request, part), path)


def _signed(home: Home, package: object, path: Path) -> dict[str, Any]:
    if not isinstance(package, Package) or not home.recipient_certificate(package.recipient).exists():
        return {}
    from comity.evidence import receipts
    from comity.evidence.signing import read_certificates

    trusted = read_certificates(home.recipient_certificate(package.recipient))
    return {"signed_by": receipts.signed(path, trusted, datetime.now(UTC)).fingerprint}


def _enter(counter: Counter, reference: str, by: tuple[str, str], path: Path, fault: ComityError) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    counter.enter_attempt(reference, Tried(person=by[0], part=by[1], receipt=digest), fault)
