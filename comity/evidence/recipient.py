"""The keys of whoever receives packages: age's X25519 form as age-keygen writes it, or an X.509 certificate."""

import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from pyrage import IdentityError, RecipientError, x25519

from comity.errors import NotFound, Refused, Unreadable

_SECRET = "AGE-SECRET-KEY-1"  # noqa: S105  (how every such line begins, not a secret)
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_PEM = b"-----BEGIN"
_NO_KEY = "this is no public key of a recipient; one begins with age1, or is a PEM certificate"


def create(path: Path) -> str:
    """A new identity, in a new file that only its owner may read. Returns its public key (`age1…`), to be handed out.

    Raises Refused when a file stands there.
    """
    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused("an identity stands there already; use it, or choose another path") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(f"# public key: {public}\n{identity}\n")
    return public


def certificate_of(key: str) -> x509.Certificate | None:
    """The certificate (PEM, of an RSA key) that a recipient's key is; None for an age key. Raises Unreadable."""
    if not key.lstrip().startswith(_CERTIFICATE):
        public_key(key)
        return None
    try:
        certificate = x509.load_pem_x509_certificate(key.encode())
    except ValueError:
        raise Unreadable(_NO_KEY) from None
    if not isinstance(certificate.public_key(), RSAPublicKey):
        raise Unreadable("a package is wrapped for certificates with RSA keys alone; ask the recipient for an age key")
    return certificate


def public_key(text: str) -> x25519.Recipient:
    """The recipient whose public key this is. Raises Unreadable."""
    try:
        return x25519.Recipient.from_str(text)
    except RecipientError:
        raise Unreadable(_NO_KEY) from None


def wrapped(identity: x25519.Identity, certificate: x509.Certificate) -> bytes:
    """An identity for one package, closed to the key of a certificate (CMS EnvelopedData, DER)."""
    envelope = pkcs7.PKCS7EnvelopeBuilder().set_data(f"{identity}\n".encode()).add_recipient(certificate)
    envelope = envelope.set_content_encryption_algorithm(AES256)
    return envelope.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def wrapped_beside(package: Path) -> Path:
    """Where the wrapped identity of a package lies: beside it."""
    return package.with_suffix(".p7m")


def identity(path: Path, package: Path | None = None) -> x25519.Identity:
    """The identity in that file; where a PEM key stands there, with its certificate, the one that lies wrapped beside
    the package. Raises NotFound, Unreadable, and Refused when the key does not open it.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotFound(
            "no identity file stands there; name the one whose public key the package was made for"
        ) from None
    if content.lstrip().startswith(_PEM) and package is not None:
        content = _unwrapped(content, wrapped_beside(package))
    return _age(content)


def _age(content: bytes) -> x25519.Identity:
    try:
        lines = content.decode().splitlines()
        return x25519.Identity.from_str(next(line for line in lines if line.startswith(_SECRET)).strip())
    except (StopIteration, IdentityError, UnicodeDecodeError):
        raise Unreadable(f"no line of the identity file is an age identity ({_SECRET}…)") from None


def _unwrapped(pem: bytes, envelope: Path) -> bytes:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
        certificate = x509.load_pem_x509_certificate(pem)
    except (ValueError, TypeError):
        raise Unreadable("a PEM identity file holds the key, without a password, and its certificate") from None
    if not isinstance(key, RSAPrivateKey):
        raise Unreadable("packages are wrapped for RSA keys alone; hand out an age key instead")
    try:
        return pkcs7.pkcs7_decrypt_der(envelope.read_bytes(), certificate, key, [])
    except OSError:
        raise NotFound("the identity that opens the package (.p7m) does not lie beside it; put it there") from None
    except ValueError:
        raise Refused("this key does not open it: wrapped for another certificate; ask the sender") from None
