"""A timestamp authority, asked over HTTP (RFC 3161, 3.4): it sees a hash, and nothing of what that is of."""

from datetime import timedelta

import httpx

from comity.errors import Unreachable
from comity.evidence.signing import Ask

PATIENCE = timedelta(seconds=10)
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


def asking(url: str) -> Ask:
    """What carries a request to the authority at `url`. Raises Unreachable where none answers with a timestamp."""

    def ask(request: bytes) -> bytes:
        try:
            answer = httpx.post(
                url, content=request, headers={"Content-Type": _QUERY}, timeout=PATIENCE.total_seconds()
            )
        except httpx.HTTPError:
            raise _away() from None
        if answer.status_code != httpx.codes.OK or answer.headers.get("content-type") != _REPLY:
            raise _away()
        return answer.content

    return ask


def _away() -> Unreachable:
    return Unreachable("the timestamp authority (COMITY_TSA) does not answer with a timestamp; it is asked again")
