"""What a receipt promises: written last, signed by who received, and refused where it is not theirs."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from comity.errors import NotFound, Refused, Tampered, Unreadable
from comity.evidence import receipts, signing
from comity.evidence.manifest import Receipt
from tests.evidence.enclosures import MANIFEST, TODAY, sender

RECEIPT = Receipt(
    reference=MANIFEST.reference,
    package=MANIFEST.package,
    content_digest=MANIFEST.content_digest,
    exhibits=MANIFEST.exhibits,
    received_at=datetime(2026, 3, 2, tzinfo=UTC),
)


def test_a_receipt_is_signed_by_the_key_beside_the_identity(tmp_path: Path) -> None:
    certificate = receipts.create_signatory(tmp_path / "mine.key", "central authority of XB", TODAY)
    assert certificate == tmp_path / "mine.signer.crt"
    receipts.write(tmp_path, RECEIPT, receipts.signatory_of(tmp_path / "mine.key"))
    trusted = signing.read_certificates(certificate)
    signed = receipts.signed(tmp_path / "receipt.json", trusted, TODAY)
    assert signed.fingerprint == signing.fingerprint(trusted[0])
    assert receipts.read(tmp_path / "receipt.json") == RECEIPT
    with pytest.raises(Refused, match="stands beside it already"):
        receipts.create_signatory(tmp_path / "mine.key", "central authority of XB", TODAY)


def test_a_receipt_that_was_altered_after_it_was_signed_is_found(tmp_path: Path) -> None:
    receipts.write(tmp_path, RECEIPT, sender())
    receipt = tmp_path / "receipt.json"
    altered = receipt.read_bytes().replace(b'"P1"', b'"P2"')
    receipt.chmod(0o600)
    receipt.write_bytes(altered)
    with pytest.raises(Tampered, match="altered or forged"):
        receipts.signed(receipt, sender().certificates, TODAY)


def test_a_receipt_that_somebody_else_has_signed_is_refused(tmp_path: Path) -> None:
    receipts.create_signatory(tmp_path / "other.key", "somebody else", TODAY)
    receipts.write(tmp_path, RECEIPT, receipts.signatory_of(tmp_path / "other.key"))
    with pytest.raises(Refused, match="not the one named"):
        receipts.signed(tmp_path / "receipt.json", sender().certificates, TODAY)


def test_a_receipt_without_its_signature_is_told_so(tmp_path: Path) -> None:
    assert receipts.signatory_of(tmp_path / "mine.key") is None
    receipts.write(tmp_path, RECEIPT, None)
    with pytest.raises(NotFound, match="no signature lies beside this one"):
        receipts.signed(tmp_path / "receipt.json", sender().certificates, TODAY)


@pytest.mark.parametrize(("text", "said"), [("{}", "content_digest"), ("junk", "its form"), ("", "its form")])
def test_what_is_no_receipt_is_unreadable_by_its_fields_alone(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "receipt.json").write_text(text)
    with pytest.raises(Unreadable, match=said):
        receipts.read(tmp_path / "receipt.json")
    with pytest.raises(NotFound):
        receipts.read(tmp_path / "none.json")
