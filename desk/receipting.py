"""The receipt that a recipient sent back, read and checked before it is entered as its act."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from ulid import ULID

from comity.errors import ComityError, Doubtful, NotFound, Refused, Tampered, Unreadable
from comity.home import Home
from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Package, Particulars, ReceiptOfPackage, Request
from comity.request.rules import differing_exhibits, part_of
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
    it counts. Raises, after entering the attempt, NotFound and Unreadable for what is none, and Doubtful for what is
    signed by another, on another day, over other bytes, or tells of another package or other hashes than were sent.
    """
    if path is None:
        return {}
    try:
        return _checked(counter.home, request, by[1], path)
    except (Refused, Tampered) as fault:
        _enter(counter, request.reference, by, path, fault)
        if isinstance(fault, NotFound | Unreadable):
            raise
        raise Doubtful(str(fault)) from None


async def doubt(counter: Counter, reference: str, by: tuple[str, str], fault: Doubtful) -> None:
    """Say on record that a receipt is in doubt: from then on it is owed that somebody clears it up.

    Raises Refused where the package stands so that there is none to doubt; what was tried is on record all the same.
    """
    role = counter.role_for(by[0], frozenset({Role.EVIDENCE_OFFICER, Role.COORDINATOR}), on_behalf=False)
    said = Particulars(reason=f"a receipt was refused: {fault}")
    deed = Deed(id=str(ULID()), act=Act.DOUBT_RECEIPT, part=by[1], person=by[0], role=role, particulars=said)
    await counter.act(reference, deed)


def _checked(home: Home, request: Request, part: str, path: Path) -> dict[str, Any]:
    from comity.evidence import receipts  # what signs takes half a second to load: only a receipt has to wait for it

    receipt = receipts.read(path)
    if (receipt.reference, receipt.package) != (request.reference, part):
        raise Tampered("the receipt is of another package than the one named; look at the recipient's receipt.json")
    package = part_of(request, part)
    if not isinstance(package, Package):
        raise NotFound(f"{part} is no package; name one like P1")
    told = ReceiptOfPackage(
        content=receipt.content_digest, exhibits={item.id: item.sha256 for item in receipt.exhibits}
    )
    signed = _signed(home, package, path)
    if differing := differing_exhibits(package, told):
        raise Tampered(f"the receipt differs for {', '.join(differing)}; 'reject' it, then dispatch again")
    return {"content": told.content, "exhibits": told.exhibits} | signed


def _signed(home: Home, package: Package, path: Path) -> dict[str, Any]:
    if not home.recipient_certificate(package.recipient).exists():
        return {}
    from comity.evidence import receipts
    from comity.evidence.signing import read_certificates

    trusted = read_certificates(home.recipient_certificate(package.recipient))
    return {"signed_by": receipts.signed(path, trusted, datetime.now(UTC)).fingerprint}


def _enter(counter: Counter, reference: str, by: tuple[str, str], path: Path, fault: ComityError) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    counter.enter_attempt(reference, Tried(person=by[0], part=by[1], receipt=digest), fault)
