"""Invented authorities with their keys: who signs, who timestamps, whom packages are wrapped for. Nothing is real."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

LONG_AGO, FAR_AWAY = datetime(2025, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC)


AnyKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Holder:
    """A key (RSA, or on a curve) and the certificate that names its holder."""

    key: AnyKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """Key and certificate, as an X.509 recipient keeps them."""
        private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return private + self.certificate.public_bytes(Encoding.PEM)


def holder(
    name: str,
    above: Holder | None = None,
    *,
    stamps: bool = False,
    until: datetime = FAR_AWAY,
    curve: ec.EllipticCurve | None = None,
) -> Holder:
    """Somebody with a certificate, their own or issued by another; their key is an RSA key, or one on that curve."""
    key: AnyKey = ec.generate_private_key(curve) if curve else rsa.generate_private_key(65537, 2048)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = above.certificate.subject if above else named
    builder = (
        x509.CertificateBuilder(issuer, named, key.public_key(), x509.random_serial_number())
        .not_valid_before(LONG_AGO)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=above is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_usage(ca=above is None, wrapped_for=not stamps), critical=True)
    )
    if stamps:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return Holder(key, builder.sign(above.key if above else key, hashes.SHA256()))


def _usage(*, ca: bool, wrapped_for: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=wrapped_for,
        data_encipherment=False,
        key_agreement=wrapped_for,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True)
class Authority:
    """A timestamp authority: the certificate that is trusted, and what answers requests."""

    root: x509.Certificate
    stamper: DummyTimeStamper

    def ask(self, request: bytes) -> bytes:
        """The answer to a request, both in DER."""
        answer: bytes = self.stamper.request_tsa_response(tsp.TimeStampReq.load(request)).dump()
        return answer


@cache
def authority(at: datetime | None = None) -> Authority:
    """One that is offline, and says that it is `at`, or today."""
    root = holder("timestamp root")
    stamps = holder("timestamp authority", root, stamps=True)
    private = stamps.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    certificate = asn1.Certificate.load(stamps.certificate.public_bytes(Encoding.DER))
    return Authority(root.certificate, DummyTimeStamper(certificate, keys.PrivateKeyInfo.load(private), fixed_dt=at))


@contextmanager
def served(answering: Authority) -> Iterator[str]:
    """The same behind HTTP on loopback. Gives its URL."""

    class Stamping(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = answering.ask(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_said: object) -> None:
            """Nobody reads it."""

    server = HTTPServer(("127.0.0.1", 0), Stamping)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsr"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def written(path: Path, *certificates: x509.Certificate) -> Path:
    """A file of certificates."""
    path.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in certificates))
    return path
