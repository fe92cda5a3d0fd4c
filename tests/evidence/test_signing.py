"""What a signature and a timestamp promise, made here and checked by us: of these bytes, by them, on that day."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from comity.errors import NotFound, Refused, Tampered, Unreachable, Unreadable
from comity.evidence import signing
from comity.evidence.signing import Signatory
from tests.evidence.enclosures import TODAY, sender
from tests.pki import FAR_AWAY, Holder, authority, holder

DATA = b"a list of hashes"


def _signatory(of: Holder, *above: Holder) -> Signatory:
    key = of.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return Signatory((of.certificate, *(each.certificate for each in above)), key)


def test_what_was_signed_is_by_whom_it_was_signed() -> None:
    signed = signing.check(DATA, signing.sign(DATA, sender(), None), sender().certificates, TODAY)
    assert signed.fingerprint == sender().fingerprint


def test_other_bytes_are_not_what_was_signed() -> None:
    with pytest.raises(Tampered, match="not of what stands there"):
        signing.check(DATA + b".", signing.sign(DATA, sender(), None), sender().certificates, TODAY)


@pytest.mark.parametrize("junk", [b"", b"junk", b"0\x80" * 40, bytes(4000)])
def test_what_is_no_signature_is_told_so(junk: bytes) -> None:
    with pytest.raises(Tampered, match="cannot be read"):
        signing.check(DATA, junk, sender().certificates, TODAY)


def test_a_certificate_that_was_issued_by_one_that_is_trusted_is_trusted() -> None:
    root = holder("a ministry, invented")
    signs = _signatory(holder("its central authority", root), root)
    assert signing.check(DATA, signing.sign(DATA, signs, None), [root.certificate], TODAY)
    with pytest.raises(Refused, match="not the one named"):
        signing.check(DATA, signing.sign(DATA, signs, None), sender().certificates, TODAY)


@pytest.mark.parametrize("above", [None, holder("a root")], ids=["its own", "issued"])
def test_a_certificate_that_has_run_out_is_refused(above: Holder | None) -> None:
    old = holder("an authority of before", above, until=TODAY - timedelta(days=1))
    signature = signing.sign(DATA, _signatory(old), None)
    trusted = [(above or old).certificate]
    assert signing.check(DATA, signature, trusted, TODAY - timedelta(days=2))
    with pytest.raises(Refused, match="was not valid on that day"):
        signing.check(DATA, signature, trusted, TODAY)


def test_a_timestamp_is_of_these_bytes_and_of_that_authority() -> None:
    token = signing.timestamp(DATA, authority().ask, [authority().root])
    at = signing.check_timestamp(DATA, token, [authority().root])
    assert abs(at - TODAY) < timedelta(hours=6)
    with pytest.raises(Refused, match="not of what stands there"):
        signing.check_timestamp(DATA + b".", token, [authority().root])
    with pytest.raises(Refused, match="not of the authority named"):
        signing.check_timestamp(DATA, token, [holder("another root").certificate])
    with pytest.raises(Refused):
        signing.check_timestamp(DATA, b"junk", [authority().root])


def test_an_answer_to_another_question_is_no_timestamp() -> None:
    """Whoever stands between us and the authority gives the answer of yesterday."""
    kept: list[bytes] = []

    def replayed(request: bytes) -> bytes:
        kept.append(authority().ask(request))
        return kept[0]

    signing.timestamp(DATA, replayed, [authority().root])
    with pytest.raises(Refused, match="none that its certificate stands for"):
        signing.timestamp(DATA, replayed, [authority().root])


def test_an_authority_that_is_away_is_told_as_it_is() -> None:
    def away(_: bytes) -> bytes:
        raise Unreachable("nobody answers")

    with pytest.raises(Unreachable):
        signing.sign(DATA, sender(), away)


def test_a_key_of_our_own_is_its_owners_alone_and_never_written_over(tmp_path: Path) -> None:
    signing.create(tmp_path / "key", tmp_path / "crt", "central authority of XA", TODAY)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        signing.create(tmp_path / "key", tmp_path / "crt", "central authority of XA", TODAY)
    [own] = Signatory.open(tmp_path / "key", tmp_path / "crt").certificates
    assert TODAY < own.not_valid_after_utc < FAR_AWAY


def test_a_key_and_a_certificate_that_do_not_belong_together_sign_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        signing.create(tmp_path / f"{name}.key", tmp_path / f"{name}.crt", name, TODAY)
    with pytest.raises(Unreadable, match="not that of the key beside it"):
        Signatory.open(tmp_path / "one.key", tmp_path / "two.crt")
    with pytest.raises(NotFound, match="no key to sign with"):
        Signatory.open(tmp_path / "none.key", tmp_path / "two.crt")
    (tmp_path / "one.key").write_text("junk")
    with pytest.raises(Unreadable, match="no PEM key"):
        Signatory.open(tmp_path / "one.key", tmp_path / "one.crt")
    (tmp_path / "one.crt").write_text("junk")
    with pytest.raises(Unreadable, match="no PEM certificate"):
        signing.read_certificates(tmp_path / "one.crt")
    with pytest.raises(NotFound):
        signing.read_certificates(tmp_path / "none.crt")
