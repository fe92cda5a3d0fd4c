"""S3: a package is put into a bucket of its recipient's, as one object of its own name, whole or not at all.

A large one goes up in parts, and has its name when the last is there: an upload that breaks off leaves no object, and
begins anew (what it left of parts, the bucket's own rules clear away).
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import obstore
from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnknownConfigurationKeyError,
)
from obstore.store import S3Store

from activities.parcels import Parcel, Sent
from comity.destinations import Recipients, RecipientsBucket
from comity.errors import Refused, Unreachable
from comity.evidence.shelves import where

_LEAST_PART = 8 << 20
_MOST_PARTS = 9_000
"""S3 takes at most 10,000."""
_PATIENCE = timedelta(minutes=2)


def bring(to: RecipientsBucket, recipients: Recipients, parcel: Parcel, sent: Sent) -> None:
    """Put the parcel into that bucket. Safe to repeat.

    Raises Unreachable for what may pass by itself, Refused for what a person must mend.
    """
    secret = recipients.secret(to.secret).read_text().strip()
    with _told():
        store = _opened(to, secret)
        if not _lies_there(store, parcel):
            _upload(store, parcel, sent)


def _opened(to: RecipientsBucket, secret: str) -> S3Store:
    place = where(to.bucket)
    return S3Store(
        place.bucket,
        prefix=place.prefix or None,
        endpoint=to.endpoint,
        region=to.region,
        access_key_id=to.key,
        secret_access_key=secret,
        client_options={"allow_http": (to.endpoint or "").startswith("http://127.0.0.1:")},
        retry_config={"max_retries": 10, "retry_timeout": _PATIENCE},
    )


def _lies_there(store: S3Store, parcel: Parcel) -> bool:
    """Whether the whole parcel has the name already: a try before this one took effect. Raises Refused for another."""
    try:
        found = obstore.get(store, parcel.name)
    except (NotFoundError, FileNotFoundError):
        return False
    digest, same = hashlib.sha256(), found.meta["size"] == parcel.size
    for piece in found.stream() if same else ():
        digest.update(piece)
    if not same or digest.hexdigest() != parcel.sha256:
        raise Refused("another object has this package's name in the bucket; recall it, then dispatch it again")
    return True


def _upload(store: S3Store, parcel: Parcel, sent: Sent) -> None:
    gone, part = 0, max(_LEAST_PART, parcel.size // _MOST_PARTS)
    writer = obstore.open_writer(store, parcel.name, buffer_size=part, max_concurrency=2)
    for piece in parcel.pieces():
        writer.write(piece)
        gone += len(piece)
        sent(gone)
    writer.close()  # only now: a name is given to what is whole


@contextmanager
def _told() -> Iterator[None]:
    """Every failure as one error that names no bucket and no key."""
    try:
        yield
    except (PermissionError, PermissionDeniedError, UnauthenticatedError):
        raise Refused("the recipient's bucket does not let us read and write in it; ask its owner") from None
    except (InvalidPathError, UnknownConfigurationKeyError, NotFoundError, FileNotFoundError):
        raise Refused("the recipient's bucket is not there; ask its owner, or mend its file") from None
    except (BaseError, OSError):
        raise Unreachable("the recipient's bucket does not answer, or broke off; it is tried again by itself") from None
