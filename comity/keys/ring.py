"""The master key ring: a file of keys that unwrap, one of which wraps.

Every change writes a whole new file beside the old one and puts it in its place, one writer at a time: a crash leaves
the old ring or the new one, and two writers lose no key of each other's.
"""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from ulid import ULID

from comity.errors import Refused, Unreachable
from comity.keys import envelope

_KeyInHex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_OTHERS = 0o077


class Ring(BaseModel):
    """The ring as its file holds it (JSON): keys of 256 bits in hex by their ids, and the id of the one that wraps."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    format: Literal[0] = 0
    wraps: str
    keys: dict[str, _KeyInHex] = Field(repr=False)

    @model_validator(mode="after")
    def _holds_the_key_that_wraps(self) -> Self:
        if self.wraps not in self.keys:
            raise ValueError("the key that wraps is not on the ring")
        return self

    def wrap(self, key: bytes, *place: str) -> bytes:
        """`key` closed under the wrapping key, for one place."""
        return envelope.seal(bytes.fromhex(self.keys[self.wraps]), key, *place)

    def unwrap(self, ring_key: str, wrapped: bytes, *place: str) -> bytes:
        """What `wrap` closed under `ring_key`. Raises Unreachable when the ring lacks that key, Tampered."""
        if ring_key not in self.keys:
            raise Unreachable(f"the key ring does not hold key {ring_key}; put back the ring file that holds it")
        return envelope.unseal(bytes.fromhex(self.keys[ring_key]), wrapped, *place)


def create(path: Path) -> Ring:
    """A new ring of one key, in a new file that only its owner may read. Raises Refused when a file stands there."""
    ring = _with_a_new_key({})
    with _written_beside(path, ring) as fresh:
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            raise Refused("a key ring stands there already; load it, or choose another path") from None
    return ring


def load(path: Path) -> Ring:
    """The ring in that file.

    Raises Unreachable when the file is missing, not readable or damaged (an outage: it may come back), and Refused
    when others than its owner may read it.
    """
    try:
        with path.open("rb") as file:
            mode, text = os.fstat(file.fileno()).st_mode & 0o777, file.read()
    except OSError as error:
        raise Unreachable(f"the key ring cannot be read ({error.strerror}); put its file back") from None
    if mode & _OTHERS:
        raise Refused(f"others may read the key ring (mode {mode:04o}); run: chmod 600 {path}")
    try:
        return Ring.model_validate_json(text)
    except ValidationError:
        raise Unreachable("the key ring's file is damaged; put back a copy of it") from None


def add_key(path: Path) -> Ring:
    """The ring with a new key that wraps from now on; all others go on unwrapping. Raises as `load`."""
    return _changed(path, lambda ring: _with_a_new_key(ring.keys))


def keep_only(path: Path, in_use: Set[str]) -> Ring:
    """The ring without its keys that are neither `in_use` nor wrapping: what they wrapped is lost for ever."""

    def change(ring: Ring) -> Ring:
        kept = {name: key for name, key in ring.keys.items() if name in in_use | {ring.wraps}}
        return ring.model_copy(update={"keys": kept})

    return _changed(path, change)


def _with_a_new_key(keys: dict[str, str]) -> Ring:
    name = str(ULID())
    return Ring(wraps=name, keys={**keys, name: secrets.token_hex(32)})


def _changed(path: Path, change: Callable[[Ring], Ring]) -> Ring:
    with _alone_in(path.parent):
        ring = change(load(path))
        with _written_beside(path, ring) as fresh:
            fresh.rename(path)
    return ring


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One writer of the ring at a time, over all processes; the lock goes with its holder."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


@contextmanager
def _written_beside(path: Path, ring: Ring) -> Iterator[Path]:
    """The ring in a file of its own, on the disk, for the block to put in its place; the place is on disk after it."""
    descriptor, name = mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600 from its first instant
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(ring.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)
        _on_disk(path.parent)


def _on_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
