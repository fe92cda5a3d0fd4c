"""The receipt of a package: written and signed by whoever received it, checked by whoever sent it."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate
from pydantic import ValidationError

from comity.errors import NotFound, Refused, Tampered, Unreadable
from comity.evidence import signing
from comity.evidence.landing import landing
from comity.evidence.manifest import Receipt
from comity.evidence.signing import Signatory, Signed

NAME = "receipt.json"
_SIGNATURE = ".p7s"
NAME_OF_SIGNATURE = f"{NAME}{_SIGNATURE}"
_LARGEST = 1 << 20


def create_signatory(identity: Path, name: str, at: datetime) -> Path:
    """A key to sign receipts with, and its certificate, beside an identity file. Returns the certificate's file.

    Raises Refused when either stands there.
    """
    key, certificate = _beside(identity)
    try:
        signing.create(key, certificate, name, at)
    except FileExistsError:
        raise Refused("a key or certificate to sign receipts with stands beside it already; use it") from None
    return certificate


def signatory_of(identity: Path) -> Signatory | None:
    """Who signs the receipts of an identity; None where no such key lies beside it. Raises NotFound, Unreadable."""
    key, certificate = _beside(identity)
    return Signatory.open(key, certificate) if key.exists() else None


def _beside(identity: Path) -> tuple[Path, Path]:
    return identity.with_suffix(".signer.key"), identity.with_suffix(".signer.crt")


def write(folder: Path, receipt: Receipt, signs: Signatory | None) -> None:
    """Write receipt.json last, and before it the signature of its bytes (CAdES), where somebody signs it."""
    text = receipt.model_dump_json(indent=1).encode()
    if signs is not None:
        with landing(folder, NAME_OF_SIGNATURE) as file:
            file.write(signing.sign(text, signs, None))
    with landing(folder, NAME) as file:
        file.write(text)


def read(path: Path) -> Receipt:
    """What a receipt says, whoever may have written it. Raises NotFound, Unreadable."""
    try:
        return Receipt.model_validate_json(_bytes(path))
    except ValidationError as error:
        faults = ", ".join(sorted({".".join(map(str, fault["loc"])) or "its form" for fault in error.errors()}))
        raise Unreadable(f"the receipt cannot be read ({faults}); ask the recipient for it again") from None


def signed(path: Path, trusted: Iterable[Certificate], at: datetime) -> Signed:
    """By which certificate a receipt is signed: of its bytes, by one that is trusted at `at`.

    Raises NotFound where there is no signature beside it, Tampered and Refused for one that is another's.
    """
    beside = path.with_name(f"{path.name}{_SIGNATURE}")
    if not beside.is_file():
        raise NotFound(f"the recipient signs its receipts, and no signature lies beside this one ({beside.suffix})")
    try:
        return signing.check(_bytes(path), _bytes(beside), trusted, at)
    except Tampered:
        raise Tampered(
            "the signature beside the receipt is not of this receipt: altered or forged; ask the recipient directly"
        ) from None


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError:
        raise NotFound("no receipt can be read there; name the recipient's receipt.json") from None
