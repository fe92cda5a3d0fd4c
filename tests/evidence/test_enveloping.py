"""What is closed to a certificate is opened by its key alone, here and by openssl."""

import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Refused, Unreadable
from comity.evidence import enveloping, recipient
from tests.pki import Holder, holder

CONTENT = b"an identity, invented\n"
HOLDERS = {
    "RSA": holder("central authority of XB"),
    **{
        curve.name: holder("central authority of XB", curve=curve)
        for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP256R1())
    },
}
EACH = pytest.mark.parametrize("lisbon", HOLDERS.values(), ids=HOLDERS)


def openssl(folder: Path, *words: str) -> bytes:
    said = subprocess.run(["openssl", "cms", *words], cwd=folder, capture_output=True, check=False)  # noqa: S603, S607
    assert said.returncode == 0, said.stderr.decode()
    return said.stdout


@EACH
def test_openssl_opens_what_is_closed_here(tmp_path: Path, lisbon: Holder) -> None:
    (tmp_path / "recipient.pem").write_bytes(lisbon.pem)
    (tmp_path / "package.p7m").write_bytes(enveloping.closed(CONTENT, lisbon.certificate))
    key = ["-inkey", "recipient.pem", "-recip", "recipient.pem"]
    assert openssl(tmp_path, "-decrypt", "-inform", "DER", "-in", "package.p7m", *key) == CONTENT


def test_what_openssl_closes_to_an_rsa_key_is_opened_here(tmp_path: Path) -> None:
    """For a key on a curve it leaves out which curve its own half is on, and pyHanko does not guess."""
    lisbon = HOLDERS["RSA"]
    (tmp_path / "recipient.pem").write_bytes(lisbon.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "plain").write_bytes(CONTENT)
    made = openssl(tmp_path, "-encrypt", "-aes256", "-binary", "-outform", "DER", "-in", "plain", "recipient.pem")
    assert enveloping.opened(made, lisbon.key, lisbon.certificate) == CONTENT


def test_what_was_closed_by_pkcs_1_v_1_5_is_opened() -> None:
    """So packages were closed before."""
    lisbon = HOLDERS["RSA"]
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(CONTENT).add_recipient(lisbon.certificate)
    made = builder.set_content_encryption_algorithm(AES256).encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    assert enveloping.opened(made, lisbon.key, lisbon.certificate) == CONTENT


@given(data=st.data(), name=st.sampled_from(["RSA", "secp256r1"]))
def test_an_envelope_that_was_altered_opens_to_nothing_else_or_is_refused(data: st.DataObject, name: str) -> None:
    """CBC proves nothing by itself: what is altered may open to other bytes, of which none are an identity."""
    lisbon = HOLDERS[name]
    envelope = bytearray(enveloping.closed(CONTENT, lisbon.certificate))
    envelope[data.draw(st.integers(0, len(envelope) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(Refused):
        assert isinstance(enveloping.opened(bytes(envelope), lisbon.key, lisbon.certificate), bytes)


@given(st.binary(max_size=200))
def test_what_is_no_envelope_is_refused(junk: bytes) -> None:
    lisbon = HOLDERS["secp256r1"]
    with pytest.raises(Refused, match="this key does not open it"):
        enveloping.opened(junk, lisbon.key, lisbon.certificate)


@pytest.mark.parametrize("curve", [None, ec.SECP256R1()], ids=["RSA", "on a curve"])
def test_a_certificate_that_signs_alone_is_not_closed_to(curve: ec.EllipticCurve | None) -> None:
    """RFC 5280, 4.2.1.3: its holder may keep no key that opens anything, or none that may be used so."""
    signs = holder("who signs alone", stamps=True, curve=curve)
    with pytest.raises(Unreadable, match=r"is not for key (encipherment|agreement): it signs alone"):
        recipient.fit(signs.certificate)


def test_a_certificate_that_says_nothing_of_its_use_is_fit() -> None:
    lisbon = HOLDERS["secp256r1"]
    named = lisbon.certificate.subject
    builder = x509.CertificateBuilder(named, named, lisbon.certificate.public_key(), 1)
    builder = builder.not_valid_before(lisbon.certificate.not_valid_before_utc)
    plain = builder.not_valid_after(lisbon.certificate.not_valid_after_utc).sign(lisbon.key, hashes.SHA256())
    assert recipient.fit(plain) is plain


SHORT = [rsa.generate_private_key(65537, 2047), ec.generate_private_key(ec.SECP192R1())]  # noqa: S505


@pytest.mark.parametrize("key", SHORT)
def test_a_key_that_is_too_short_is_not_closed_to(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
    lisbon = HOLDERS["RSA"].certificate
    builder = x509.CertificateBuilder(lisbon.subject, lisbon.subject, key.public_key(), 1)
    builder = builder.not_valid_before(lisbon.not_valid_before_utc).not_valid_after(lisbon.not_valid_after_utc)
    with pytest.raises(Unreadable, match=f"too short, {key.key_size} bits"):
        recipient.fit(builder.sign(HOLDERS["RSA"].key, hashes.SHA256()))


def test_a_key_that_agrees_on_nothing_is_refused() -> None:
    """Ed25519 signs alone."""
    lisbon, key = HOLDERS["RSA"].certificate, Ed25519PrivateKey.generate()
    builder = x509.CertificateBuilder(lisbon.subject, lisbon.subject, key.public_key(), 1)
    builder = builder.not_valid_before(lisbon.not_valid_before_utc).not_valid_after(lisbon.not_valid_after_utc)
    with pytest.raises(Unreadable, match="RSA keys and keys on a curve alone; ask the recipient"):
        recipient.fit(builder.sign(key, None))
