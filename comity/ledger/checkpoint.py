"""Checkpoints: the ledger's size and root, signed (C2SP tlog-checkpoint in a C2SP signed-note, Ed25519)."""

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256
from operator import attrgetter
from pathlib import Path

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict

from comity.errors import Refused, Tampered, Unreachable, Unreadable
from comity.ledger import log
from comity.store import Store

_ED25519 = b"\x01"  # the signature type of a signed note
_ORIGIN = r"[^\s+]+"  # it names the key too: neither spaces nor plus
_NOTE = re.compile(
    rf"(?P<text>(?P<origin>{_ORIGIN})\n(?P<size>0|[1-9][0-9]{{0,17}})\n(?P<root>[A-Za-z0-9+/]{{43}}=)\n)"
    rf"\n(?P<signatures>(?:— {_ORIGIN} [A-Za-z0-9+/]+=*\n)+)"
)
_KEY = re.compile(rf"(?P<name>{_ORIGIN})\+(?P<id>[0-9a-f]{{8}})\+(?P<key>[A-Za-z0-9+/]{{44}})")


class Checkpoint(BaseModel):
    """What one signed note says: whose ledger, how many entries, their root (32 bytes), with the note itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: str
    size: int
    root: bytes
    note: str


class VerifierKey(BaseModel):
    """A public key by which checkpoints are verified: its name, its id (4 bytes), the Ed25519 key (32 bytes)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    id: bytes
    public: bytes


class Signer:
    """The one key that signs a ledger's checkpoints. `origin` names ledger and key, as in `comity.example/ledger`."""

    def __init__(self, seed: bytes, origin: str) -> None:
        if not re.fullmatch(_ORIGIN, origin):
            raise Refused("an origin has neither spaces nor plus; choose one like comity.example/ledger")
        self.origin = origin
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @classmethod
    def create(cls, path: Path, origin: str) -> "Signer":
        """A new key in a new file (32 bytes, mode 0600). Raises Refused when the file is there already."""
        seed = Ed25519PrivateKey.generate().private_bytes_raw()
        signer = cls(seed, origin)
        _write_new(path, seed, mode=0o600)
        return signer

    @classmethod
    def open(cls, path: Path, origin: str) -> "Signer":
        """The key in this file. Raises Refused when others may read it, Unreadable when it is no seed of 32 bytes."""
        if not path.is_file():
            raise Unreadable(f"{path}: no key file; create one, or give the path of the one that is")
        if path.stat().st_mode & 0o077:
            raise Refused(f"{path}: others than its owner may read this key; chmod 600 it, and think of a new one")
        seed = path.read_bytes()
        if len(seed) != 32:
            raise Unreadable(f"{path}: a signing key is a seed of 32 bytes, this has {len(seed)}")
        return cls(seed, origin)

    @property
    def verifier_key(self) -> str:
        """The public key as auditors are given it: name+id+key (C2SP signed-note, verifier key)."""
        public = self._key.public_key().public_bytes_raw()
        return f"{self.origin}+{_key_id(self.origin, public).hex()}+{_base64(_ED25519 + public)}"

    def sign(self, head: log.Head) -> Checkpoint:
        """The checkpoint of this head. The same head gives the same bytes (RFC 8032)."""
        note = sign_note(self, f"{self.origin}\n{head.size}\n{_base64(head.root)}\n")
        return Checkpoint(origin=self.origin, size=head.size, root=head.root, note=note)

    def signature(self, text: str) -> bytes:
        """The key's id (4 bytes) and its Ed25519 signature of a text, as a signed note carries them."""
        return _key_id(self.origin, self._key.public_key().public_bytes_raw()) + self._key.sign(text.encode())


def sign_note(signer: Signer, text: str) -> str:
    """A text that ends its last line, as a signed note (C2SP): whose first line never looks like another kind's."""
    return f"{text}\n— {signer.origin} {_base64(signer.signature(text))}\n"


def has_signed(key: VerifierKey, note: str) -> bool:
    """Whether a signed note of one text and one signature was signed by this key."""
    text, _, signed = note.rpartition("\n\n— ")
    name, _, signature = signed.partition(" ")
    return signature.endswith("\n") and _has_signed(key, f"{text}\n", (name, signature[:-1]))


def sign_head(store: Store, signer: Signer) -> Checkpoint | None:
    """Sign how far the ledger reaches, and keep it; None when that size is signed already.

    Safe to run twice at once. Signed outside of any lock: a crash before the note is kept loses a note that nobody saw.
    Raises Tampered when the newest checkpoint is no prefix of the ledger: then nothing is signed.
    """
    with store.reading() as view:
        head, last = log.head(view), newest(view)
        if last and last.size < head.size:
            _must_be_prefix(view, last)
    if last and last.size == head.size:
        return None
    if last and last.size > head.size:
        raise Tampered(f"{last.size} entries are signed, {head.size} are left; restore the ledger, nothing was signed")
    signed = signer.sign(head)
    return signed if _keep(store, signed) else None


def newest(view: sa.Connection) -> Checkpoint | None:
    """The newest checkpoint, None when there is none yet. Raises Unreadable."""
    note = view.execute(sa.select(log.CHECKPOINT.c.note).order_by(log.CHECKPOINT.c.size.desc()).limit(1))
    kept = note.scalar_one_or_none()
    return None if kept is None else read(kept)


def newest_beside(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that `write_daily` wrote there, None when there is none yet. Raises Unreadable."""
    notes = (read(path.read_text()) for path in folder.glob("*.checkpoint"))
    return max(notes, key=attrgetter("size"), default=None)


def _must_be_prefix(view: sa.Connection, last: Checkpoint) -> None:
    if log.root_at(view, last.size) != last.root:
        raise Tampered(f"the ledger is not what was signed at {last.size} entries; verify it, nothing was signed")


def _keep(store: Store, signed: Checkpoint) -> bool:
    """Whether it was kept: not when another signer has kept this size or a larger one meanwhile."""
    with store.transaction() as tx:
        if tx.dialect.name == "postgresql":  # one signer at a time; on SQLite the transaction is that lock
            tx.execute(sa.text("lock table ledger_checkpoint in share row exclusive mode"))
        largest = tx.execute(sa.select(sa.func.max(log.CHECKPOINT.c.size))).scalar_one()
        if largest is not None and largest >= signed.size:
            return False
        tx.execute(log.CHECKPOINT.insert().values(size=signed.size, note=signed.note))
        return True


def read(note: str) -> Checkpoint:
    """What a note says, its signature not yet verified. Raises Unreadable."""
    found = _NOTE.fullmatch(note)
    if not found or _base64(b64decode(found["root"])) != found["root"]:
        raise Unreadable("this is no checkpoint: origin, size, root, an empty line, then signature lines")
    return Checkpoint(origin=found["origin"], size=int(found["size"]), root=b64decode(found["root"]), note=note)


def read_key(spelt: str) -> VerifierKey:
    """The public key that name+id+key spells. Raises Unreadable."""
    found = _KEY.fullmatch(spelt.strip())
    key = b64decode(found["key"]) if found else b""
    if not found or key[:1] != _ED25519 or _key_id(found["name"], key[1:]).hex() != found["id"]:
        raise Unreadable("this is no Ed25519 verifier key, spelt name+id+key; ask for it again")
    return VerifierKey(name=found["name"], id=bytes.fromhex(found["id"]), public=key[1:])


def verified(note: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """What the note says, once one of these keys proves that its ledger's signer said it.

    Raises Unreadable when it is no checkpoint, Tampered when none of the keys has signed it.
    """
    checkpoint = read(note)
    text, _, signatures = note.partition("\n\n")
    for line in signatures.splitlines():
        _, name, signature = line.split(" ")
        if name == checkpoint.origin and any(_has_signed(key, f"{text}\n", (name, signature)) for key in keys):
            return checkpoint
    raise Tampered(f"none of the keys given has signed the checkpoint of {checkpoint.size} entries")


def _has_signed(key: VerifierKey, text: str, signed: tuple[str, str]) -> bool:
    name, signature = signed
    try:
        given = b64decode(signature)
        if (name, given[:4], _base64(given)) != (key.name, key.id, signature):
            return False
        Ed25519PublicKey.from_public_bytes(key.public).verify(given[4:], text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def write_daily(view: sa.Connection, folder: Path) -> list[Path]:
    """Write each day's newest checkpoint to a second place, one file for a day and size, never overwritten.

    The day is that of the checkpoint's last entry, in UTC. Safe to repeat; returns the files that are new.
    Raises Tampered when a file of that name says something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [(folder / f"{day}-{size}.checkpoint", note) for day, size, note in _daily(view)]
    return [path for path, note in written if _written_once(path, note.encode())]


def _daily(view: sa.Connection) -> list[tuple[str, int, str]]:
    day = sa.func.substr(sa.type_coerce(log.LEAF.c.at, sa.String), 1, 10)
    last = log.LEAF.c.index == log.CHECKPOINT.c.size - 1
    sizes = sa.select(day.label("day"), sa.func.max(log.CHECKPOINT.c.size).label("size"))
    days = sizes.select_from(sa.join(log.CHECKPOINT, log.LEAF, last)).group_by(day).subquery()
    wanted = sa.select(days.c.day, days.c.size, log.CHECKPOINT.c.note)
    joined = wanted.join(log.CHECKPOINT, log.CHECKPOINT.c.size == days.c.size).order_by(days.c.size)
    return [(row.day, row.size, row.note) for row in view.execute(joined)]


def _written_once(path: Path, note: bytes) -> bool:
    """Whether the file is new."""
    if not path.exists():
        _write_new(path, note, mode=0o444)
        return True
    if path.read_bytes() != note:
        raise Tampered(f"{path.name}: this copy and the ledger's checkpoint differ; keep both, verify against the copy")
    return False


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all: a crash leaves at most the draft beside it. Raises Refused, Unreachable."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError as error:
        raise Refused(f"{path}: there is such a file already; it is never overwritten, choose another name") from error
    except OSError as error:
        raise Unreachable(f"{path} cannot be written ({error.strerror}); make room, it is tried again") from error
    finally:
        draft.unlink(missing_ok=True)


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def _base64(octets: bytes) -> str:
    return b64encode(octets).decode()
