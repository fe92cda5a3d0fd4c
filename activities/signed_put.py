"""HTTPS: a package is put to an address that its recipient has signed, which may be used for this package alone.

The address is a secret: whoever has it may do what we may. It stands in no error, log, span or payload. What an answer
that was lost has left there is known again by size and hash, where the server lets us read it; else the same bytes
are put to the same address once more, which is the same package. A put that breaks off begins anew.
"""

import hashlib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from activities.parcels import Parcel, Sent
from comity.destinations import Recipients, SignedUrl
from comity.errors import Refused, Unreachable, Unreadable
from comity.evidence.landing import landing

_PATIENCE = httpx.Timeout(30, read=300, write=60)
_TAKEN = (httpx.codes.CONFLICT, httpx.codes.PRECONDITION_FAILED)
_NO_LONGER = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.GONE, httpx.codes.NOT_FOUND)
_LATER = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS)


def bring(to: SignedUrl, recipients: Recipients, parcel: Parcel, sent: Sent) -> None:
    """Put the parcel to that address. Safe to repeat: one address takes one package, and no other after it.

    Raises Unreachable for what may pass by itself, Refused and Unreadable for what a person must mend.
    """
    url = _address(recipients.secret(to.url))
    _spent_on(url, parcel)
    with _told(), httpx.Client(verify=_trusted(to, recipients), timeout=_PATIENCE, trust_env=False) as client:
        _answered(client.put(url, content=_counted(parcel, sent), headers=_headers(parcel)), client, parcel)


def _address(file: Path) -> httpx.URL:
    try:
        url = httpx.URL(file.read_text().strip())
    except (httpx.InvalidURL, UnicodeDecodeError):
        url = httpx.URL()
    if url.scheme != "https" or not url.host:
        raise Unreadable("the file with the signed address holds none; write one line that begins with https://")
    return url


def _spent_on(url: httpx.URL, parcel: Parcel) -> None:
    """Let an address serve one package: a second one would lie on top of the first. Kept as a hash of the address."""
    folder, name = parcel.path.parent.parent, f"address-{hashlib.sha256(str(url).encode()).hexdigest()}"
    try:
        with landing(folder, name) as file:
            file.write(parcel.name.encode())
    except FileExistsError:
        if (folder / name).read_text() != parcel.name:
            raise Refused("this signed address was used for another package; ask for a fresh one") from None


def _trusted(to: SignedUrl, recipients: Recipients) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=recipients.public(to.authority) if to.authority else None)
    except ssl.SSLError:
        raise Unreadable("the file with the certificates that the server is known by holds none in PEM") from None


def _counted(parcel: Parcel, sent: Sent) -> Iterator[bytes]:
    gone = 0
    for piece in parcel.pieces():
        yield piece
        gone += len(piece)
        sent(gone)


def _headers(parcel: Parcel) -> dict[str, str]:
    """The length in advance; and what lies there already is not written over, where the server knows that header."""
    return {
        "Content-Length": str(parcel.size),
        "Content-Type": "application/octet-stream",
        "If-None-Match": "*",
    }


def _answered(answer: httpx.Response, client: httpx.Client, parcel: Parcel) -> None:
    code = answer.status_code
    if answer.is_success:
        return
    if code in _TAKEN:
        _is_ours(client, answer.request.url, parcel)
    elif code in _NO_LONGER:
        raise Refused(f"the signed address is not taken, or no longer ({code}); ask for a fresh one")
    elif answer.is_server_error or code in _LATER:
        raise Unreachable(f"the server of the signed address cannot take it now ({code}); it is tried again by itself")
    else:
        raise Refused(f"the server of the signed address does not take the package ({code}); ask its owner")


def _is_ours(client: httpx.Client, url: httpx.URL, parcel: Parcel) -> None:
    """Something lies there already: a put before this one took effect, if it has our size and hash."""
    digest, size = hashlib.sha256(), 0
    with client.stream("GET", url) as answer:
        for piece in answer.iter_bytes() if answer.is_success else ():
            digest.update(piece)
            size += len(piece)
    if (size, digest.hexdigest()) != (parcel.size, parcel.sha256):
        raise Refused(
            "something else lies at the signed address, or we may not read what does; ask its owner what came,"
            " or for a fresh address"
        )


@contextmanager
def _told() -> Iterator[None]:
    """Every failure as one error without the address."""
    try:
        yield
    except httpx.ConnectError as error:
        if isinstance(_root(error), ssl.SSLCertVerificationError):
            raise Refused(
                "the server of the signed address does not show a certificate that we trust, and was sent nothing;"
                " ask its owner, or name its authority"
            ) from None
        raise Unreachable(_AWAY) from None
    except (httpx.HTTPError, httpx.StreamError, OSError):
        raise Unreachable(_AWAY) from None


_AWAY = "the server of the signed address does not answer, or broke off; it is tried again by itself"


def _root(error: BaseException) -> BaseException:
    while below := error.__cause__ or error.__context__:
        error = below
    return error
