"""The keys of whoever receives packages: age's X25519 form as age-keygen writes it, or an X.509 certificate."""

import os
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from pyrage import IdentityError, RecipientError, x25519

from comity.errors import NotFound, Refused, Unreadable

_SECRET = "AGE-SECRET-KEY-1"  # noqa: S105  (how every such line begins, not a secret)
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_PEM = b"-----BEGIN"
_OF_RSA, _ON_A_CURVE = ("key_encipherment", 2048), ("key_agreement", 256)
"""For what a key must be that something is closed to (RFC 5280, 4.2.1.3), and how many bits long (NIST SP 800-57)."""
_ASK = "ask the recipient for another, or for an age key"
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
    """The certificate (PEM, that may be encrypted to) that a recipient's key is; None for an age key.

    Raises Unreadable.
    """
    if not key.lstrip().startswith(_CERTIFICATE):
        public_key(key)
        return None
    try:
        return fit(x509.load_pem_x509_certificate(key.encode()))
    except ValueError:
        raise Unreadable(_NO_KEY) from None


def fit(certificate: x509.Certificate) -> x509.Certificate:
    """The certificate, if something may be closed to its key. Raises Unreadable: another kind, too short, to sign."""
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey | EllipticCurvePublicKey):
        raise Unreadable(f"a package is closed to RSA keys and keys on a curve alone; {_ASK}")
    usage, least = _OF_RSA if isinstance(key, RSAPublicKey) else _ON_A_CURVE
    if key.key_size < least:
        raise Unreadable(f"the key of this certificate is too short, {key.key_size} bits and not {least}; {_ASK}")
    if not _may(certificate, usage):
        raise Unreadable(f"this certificate is not for {usage.replace('_', ' ')}: it signs alone; {_ASK}")
    return certificate


def _may(certificate: x509.Certificate, usage: str) -> bool:
    """Whether its key may be used so; one that says nothing of its use may."""
    try:
        return bool(getattr(certificate.extensions.get_extension_for_class(x509.KeyUsage).value, usage))
    except x509.ExtensionNotFound:
        return True


def check(key: str, at: datetime) -> None:
    """That packages may be closed to a recipient's key at an instant. Raises Unreadable, also outside its days."""
    certificate = certificate_of(key)
    if certificate is None:
        return
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not first <= at <= last:
        days = f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        raise Unreadable(f"the recipient's certificate is valid {days}; ask for the one of today, by another way")


def public_key(text: str) -> x25519.Recipient:
    """The recipient whose public key this is. Raises Unreadable."""
    try:
        return x25519.Recipient.from_str(text)
    except RecipientError:
        raise Unreadable(_NO_KEY) from None


def wrapped(identity: x25519.Identity, certificate: x509.Certificate) -> bytes:
    """An identity for one package, closed to the key of a certificate (CMS EnvelopedData, DER)."""
    from comity.evidence.enveloping import closed

    return closed(f"{identity}\n".encode(), certificate)


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
    from comity.evidence.enveloping import opened

    try:
        key = serialization.load_pem_private_key(pem, password=None)
        certificate = x509.load_pem_x509_certificate(pem)
    except (ValueError, TypeError):
        raise Unreadable("a PEM identity file holds the key, without a password, and its certificate") from None
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise Unreadable("packages are wrapped for RSA keys and keys on a curve alone; hand out an age key instead")
    try:
        wrapped = envelope.read_bytes()
    except OSError:
        raise NotFound("the identity that opens the package (.p7m) does not lie beside it; put it there") from None
    return opened(wrapped, key, certificate)
