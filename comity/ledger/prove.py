"""The proof that one entry stands in the ledger, as one record that anybody checks without us.

docs/checking-the-ledger.md has a script of a page that checks it with Python's own library and openssl.
"""

from base64 import b64encode
from hashlib import sha256

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from comity.errors import NotFound, Refused, Tampered
from comity.ledger import checkpoint, log, merkle
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.log import Kept


class Proof(BaseModel):
    """That `leaf` (base64) stands at `index` of the ledger of `size` entries of which the note `checkpoint` speaks.

    `path` holds digests in hex, from the leaf to the root (RFC 6962, section 2.1.1). `body` is the SHA-256, in hex, of
    the ciphertext that is kept beside the leaf; None when that is not what the leaf names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    v: int = 0
    leaf: str
    index: int
    size: int
    path: tuple[str, ...]
    checkpoint: str
    body: str | None


def prove(view: sa.Connection, reference: str, *, version: int | None = None, index: int | None = None) -> Proof:
    """The proof of a request's entry of that version, or at that index; of its newest when neither is given.

    Raises NotFound when it has no such entry, Refused when that is not signed yet, Tampered when it would not hold.
    """
    kept = _entry(view, reference, version, index)
    signed = _covering(view, kept.index)
    path = log.inclusion(view, kept.index, signed.size)
    if not merkle.is_included(merkle.leaf_hash(kept.spelt), (kept.index, signed.size), path, signed.root):
        raise Tampered(f"entry {kept.index} is not what was signed; `comity ledger verify` names what differs")
    return Proof(
        leaf=b64encode(kept.spelt).decode(),
        index=kept.index,
        size=signed.size,
        path=tuple(digest.hex() for digest in path),
        checkpoint=signed.note,
        body=_body(kept),
    )


def _entry(view: sa.Connection, reference: str, version: int | None, index: int | None) -> Kept:
    kept = log.entry(view, reference, version=version, index=index)
    if kept is None:
        raise NotFound(f"{reference} has no such entry; `comity trace` shows the index and version of each")
    return kept


def _covering(view: sa.Connection, index: int) -> Checkpoint:
    newest = checkpoint.newest(view)
    if newest is None or newest.size <= index:
        raise Refused(f"entry {index} is not signed yet; while the service runs that takes a second: ask again")
    return newest


def _body(kept: Kept) -> str | None:
    digest = sha256(kept.body).hexdigest()
    return digest if digest == kept.leaf.body else None
