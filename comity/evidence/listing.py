"""The signed list of a container: ASiCManifest (ETSI EN 319 162-1, annex A), the hash of every file that is signed.

A list is compared with the one that must stand there, byte by byte: no XML of anybody else's is ever read.
"""

import base64
from collections.abc import Mapping

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n'
    '<asic:SigReference URI="{signature}" MimeType="{mimetype}"/>\n'
)
_ROW = (
    '<asic:DataObjectReference URI="{name}">'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    "<ds:DigestValue>{digest}</ds:DigestValue>"
    "</asic:DataObjectReference>\n"
)


def listing(signature: str, mimetype: str, files: Mapping[str, str]) -> bytes:
    """The list that `signature` (a path of the container) is made over: SHA-256 in hex by path, in their order."""
    rows = (_ROW.format(name=name, digest=_base64(digest)) for name, digest in files.items())
    return (_HEAD.format(signature=signature, mimetype=mimetype) + "".join(rows) + "</asic:ASiCManifest>\n").encode()


def _base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()
