"""Signatures that a court can have checked without us: CAdES (ETSI EN 319 122-1) over CMS, with RFC 3161 timestamps.

Nothing is fetched: whoever checks names the certificates that they trust; revocation is not asked for (docs/trust.md).
"""

import asyncio
import io
import os
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from asn1crypto import cms, keys, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, async_sign_pdf
from pyhanko.sign.signers.pdf_cms import SimpleSigner
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import StandardCMSSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from comity.errors import NotFound, Refused, Tampered, Unreadable

Ask = Callable[[bytes], bytes]
"""Gives the DER answer of a timestamp authority to a DER request (RFC 3161). Raises Unreachable."""

_YEARS_OF_OUR_OWN = 3
_HASH = "sha256"


@dataclass(frozen=True)
class Signatory:
    """Who signs: a private key, and the certificate that names its holder, with those above it."""

    certificates: tuple[x509.Certificate, ...]
    key: bytes
    """PKCS#8, DER."""

    @classmethod
    def open(cls, key: Path, certificates: Path) -> Self:
        """Read a PEM key without a password, and PEM certificates, the signer's first. Raises NotFound, Unreadable."""
        chain = read_certificates(certificates)
        try:
            private = serialization.load_pem_private_key(key.read_bytes(), password=None)
        except FileNotFoundError:
            raise NotFound("no key to sign with stands there; put its file back") from None
        except (ValueError, TypeError):
            raise Unreadable("the key to sign with is no PEM key without a password") from None
        if private.public_key() != chain[0].public_key():
            raise Unreadable("the first certificate to sign with is not that of the key beside it")
        return cls(chain, private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex."""
        return fingerprint(self.certificates[0])


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, in hex: what people compare on the telephone."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def pem(certificates: Iterable[x509.Certificate]) -> str:
    """Certificates as a file of them is written."""
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates).rstrip()


def create(key: Path, certificate: Path, name: str, at: datetime) -> None:
    """A new P-256 key, and a certificate of its own for three years; a CA's may replace both files.

    Raises FileExistsError when either stands there.
    """
    private = ec.generate_private_key(ec.SECP256R1())
    own = _own_certificate(private, name, at)
    _write(certificate, own.public_bytes(Encoding.PEM), 0o644)
    _write(key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)


def _own_certificate(private: ec.EllipticCurvePrivateKey, name: str, at: datetime) -> x509.Certificate:
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signs = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder(named, named, private.public_key(), x509.random_serial_number())
        .not_valid_before(at - timedelta(hours=1))
        .not_valid_after(at + timedelta(days=365 * _YEARS_OF_OUR_OWN))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(signs, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """The PEM certificates in a file, at least one. Raises NotFound, Unreadable."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except OSError:
        raise NotFound("no certificate file can be read there; name the one that you were given") from None
    except ValueError:
        raise Unreadable("the certificate file holds no PEM certificate") from None


# --- signing ----------------------------------------------------------------------------------------------------------


def sign(data: bytes, by: Signatory, ask: Ask | None) -> bytes:
    """A detached CAdES signature (DER): with a timestamp in it (CAdES-T), where a timestamp authority is asked.

    Raises Unreachable when the authority does not answer, and Refused when it answers something else.
    """
    stamper = _Asking(ask) if ask else None
    signed = _run(_signer(by).async_sign_general_data(data, _HASH, use_cades=True, timestamper=stamper))
    return bytes(signed.dump())


def sign_page(page: bytes, by: Signatory, ask: Ask | None) -> bytes:
    """The same PDF with a signature in it (PAdES), which any reader of PDF checks. Raises as `sign`."""
    how = PdfSignatureMetadata(field_name="Signature", md_algorithm=_HASH, subfilter=SigSeedSubFilter.PADES)
    writer, stamper = IncrementalPdfFileWriter(io.BytesIO(page)), _Asking(ask) if ask else None
    signed: io.BytesIO = _run(async_sign_pdf(writer, how, _signer(by), timestamper=stamper))
    return signed.getvalue()


def _signer(by: Signatory) -> SimpleSigner:
    return SimpleSigner(
        signing_cert=asn1_of(by.certificates[0]),
        signing_key=keys.PrivateKeyInfo.load(by.key),
        cert_registry=_store(by.certificates),
    )


def _store(certificates: Iterable[x509.Certificate]) -> SimpleCertificateStore:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple([asn1_of(each) for each in certificates])
    return store


class _Asking(TimeStamper):
    """A timestamp authority behind whatever carries the question."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._ask = ask

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._ask(req.dump()))


def timestamp(data: bytes, ask: Ask, trusted: Iterable[x509.Certificate]) -> bytes:
    """A timestamp token (DER) over `data`, checked before it is kept. Raises Unreachable, and Refused for another."""
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = ask(request.as_bytes())
    try:
        response = decode_timestamp_response(answer)
        _verifier(trusted, request.nonce).verify_message(response, data)
    except (ValueError, VerificationError):
        raise Refused(
            "the timestamp authority's answer is none that its certificate stands for; look at both settings"
        ) from None
    return response.time_stamp_token()


# --- checking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signed:
    """Whose certificate a signature was made with (SHA-256, hex)."""

    fingerprint: str


def check(data: bytes, signature: bytes, trusted: Iterable[x509.Certificate], at: datetime) -> Signed:
    """That the signature is one of `data`, by a certificate that is trusted, or that one of those has issued, at `at`.

    Raises Tampered when it is not of these bytes, and Refused when its certificate is another, or was not valid then.
    """
    trust = ValidationContext(
        trust_roots=[asn1_of(each) for each in trusted], allow_fetching=False, moment=at, revocation_mode="soft-fail"
    )
    usage = KeyUsageConstraints(key_usage={"digital_signature"})
    try:
        signed = cms.ContentInfo.load(signature, strict=True)["content"]
        status = _run(async_validate_detached_cms(data, signed, trust, key_usage_settings=usage))
    except (ValueError, TypeError, KeyError, AttributeError, SignatureValidationError):
        raise Tampered("the signature cannot be read; ask the sender for it again") from None
    return _judged(status, at)


def _judged(status: StandardCMSSignatureStatus, at: datetime) -> Signed:
    """A certificate that is itself trusted has its own days, too: no path is looked at for them."""
    if not (status.intact and status.valid):
        raise Tampered("the signature is not of what stands there; ask the sender for it again, and tell them why")
    own = status.signing_cert
    if not status.trusted or not own.not_valid_before <= at <= own.not_valid_after:
        raise Refused(
            "the signature's certificate is not the one named, nor issued by it, or was not valid on that day; ask the "
            "sender, by another way, for the certificate of today"
        )
    return Signed(own.sha256.hex())


def check_timestamp(data: bytes, token: bytes, trusted: Iterable[x509.Certificate]) -> datetime:
    """The instant by which `data` was there, as a trusted timestamp authority says. Raises Refused."""
    try:
        response = _answer(token)
        _verifier(trusted, None).verify_message(response, data)
        return response.tst_info.gen_time
    except (ValueError, TypeError, VerificationError):
        raise Refused(
            "the timestamp is not of what stands there, or not of the authority named; ask for its certificate of today"
        ) from None


def _answer(token: bytes) -> TimeStampResponse:
    """A token as the answer that it came in (RFC 3161, 2.4.2)."""
    granted = {"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(token, strict=True)}
    return decode_timestamp_response(tsp.TimeStampResp(granted).dump())


def _verifier(trusted: Iterable[x509.Certificate], nonce: int | None) -> Any:
    return VerifierBuilder(roots=list(trusted), nonce=nonce).build()


def asn1_of(certificate: x509.Certificate) -> asn1.Certificate:
    """The same certificate, as pyHanko takes it."""
    return asn1.Certificate.load(certificate.public_bytes(Encoding.DER))


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """pyHanko's work is asynchronous and waits for nothing; ours is not, and may stand in a loop."""
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, work).result()
