"""A few bytes closed to the key of a certificate: CMS EnvelopedData (RFC 5652, AES-256-CBC).

For an RSA key by RSAES-OAEP (RFC 3560), for one on a curve by ephemeral-static ECDH (RFC 5753). `openssl cms -decrypt`
opens both.
"""

import os
from typing import Any

from asn1crypto import cms
from asn1crypto.keys import PrivateKeyInfo
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.crypt.pubkey import (
    RecipientEncryptionPolicy,
    SimpleEnvelopeKeyDecrypter,
    _recipient_info,
    read_envelope_key,
)
from pyhanko.pdf_utils.misc import PdfError

from comity.errors import Refused
from comity.evidence.signing import asn1_of

OpensWith = RSAPrivateKey | EllipticCurvePrivateKey
"""A private key that opens an envelope."""

_BLOCK = 128
_POLICY = RecipientEncryptionPolicy(ignore_key_usage=True, prefer_oaep=True)
"""pyHanko asks for key encipherment of any key, which none on a curve has; `recipient.fit` asks for what is due."""
_NOT_FOR_IT = "this key does not open it: wrapped for another certificate; ask the sender"


def closed(content: bytes, certificate: x509.Certificate) -> bytes:
    """The envelope (DER) that only the key of the certificate opens."""
    key, vector = os.urandom(32), os.urandom(_BLOCK // 8)
    info = _recipient_info(key, asn1_of(certificate), _POLICY)
    enciphered = {
        "content_type": "data",
        "content_encryption_algorithm": {"algorithm": "aes256_cbc", "parameters": vector},
        "encrypted_content": _enciphered(content, key, vector),
    }
    version = "v0" if info.name == "ktri" else "v2"
    envelope = {"version": version, "recipient_infos": [info], "encrypted_content_info": enciphered}
    return bytes(cms.ContentInfo({"content_type": "enveloped_data", "content": envelope}).dump())


def opened(envelope: bytes, key: OpensWith, certificate: x509.Certificate) -> bytes:
    """What was closed to that certificate. Raises Refused when it was closed to another, or is no envelope."""
    private = PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    try:
        read = cms.ContentInfo.load(envelope, strict=True)["content"]
        once = read_envelope_key(read, SimpleEnvelopeKeyDecrypter(asn1_of(certificate), private))
        return _deciphered(read["encrypted_content_info"], once or b"")
    except (ValueError, TypeError, KeyError, NotImplementedError, PdfError):
        raise Refused(_NOT_FOR_IT) from None


def _enciphered(content: bytes, key: bytes, vector: bytes) -> bytes:
    padder, encryptor = PKCS7(_BLOCK).padder(), Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()


def _deciphered(info: Any, key: bytes) -> bytes:
    vector = info["content_encryption_algorithm"].encryption_iv
    unpadder, decryptor = PKCS7(_BLOCK).unpadder(), Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    padded = decryptor.update(info["encrypted_content"].native) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()
