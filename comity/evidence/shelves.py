"""Where sealed bytes stand: a folder, or a bucket that lets nobody take them away before their time.

An object is put whole or not at all, once, and never written over. The bucket is spoken to through obstore; a folder is
not, since its writer neither waits for the disk nor says clearly that there is no room (docs/decisions/0029).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import S3Store

from comity.errors import Refused, Unreachable, Unreadable
from comity.evidence.landing import landing

Bytes = bytes | memoryview

PATIENCE = timedelta(minutes=2)
"""How long a bucket that answers "not now" is asked again, before we say that it is away."""
_TRIES = 10_000
"""More than fit into that time: a pause may be a tenth of a second, and a hundred tries were over after some 40 s."""


@dataclass(frozen=True)
class Where:
    """A bucket, and by whose keys it is reached; without keys, by the role of the machine."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    key: str | None = None
    secret: str | None = None


def where(url: str, **reached_by: str | None) -> Where:
    """The bucket that `s3://BUCKET/PREFIX` names. Raises Unreadable."""
    scheme, _, path = url.partition("://")
    bucket, _, prefix = path.partition("/")
    if scheme != "s3" or not bucket:
        raise Unreadable("COMITY_VAULT: a bucket is named as s3://BUCKET/PREFIX; without it, exhibits lie in a folder")
    return Where(bucket, prefix.strip("/"), **reached_by)  # type: ignore[arg-type]


class Shelf(Protocol):
    """A place for objects. Threads and processes may share it. Names are relative paths."""

    def put(self, name: str, pieces: Sequence[Bytes]) -> None:
        """Keep the pieces as one object, durable when this returns. Raises FileExistsError, Refused, Unreachable."""

    def size(self, name: str) -> int:
        """How many bytes an object has. Raises FileNotFoundError, Unreachable."""

    def get(self, name: str, start: int, length: int) -> bytes:
        """So many bytes of an object from `start` on, fewer at its end. Raises FileNotFoundError, Unreachable."""

    def names(self, folder: str) -> list[str]:
        """The names of all objects below a folder, in order."""

    def remove(self, name: str) -> bool:
        """Take an object away. Safe to repeat. Returns whether this shelf lets objects go: one that locks does not."""


class Folder:
    """Objects as files that only their owner may read. No write-once store: whoever rules the machine can delete."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder

    def put(self, name: str, pieces: Sequence[Bytes]) -> None:
        """Keep the pieces as one file. Raises FileExistsError, and Refused when the disk is full."""
        path = self._folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with landing(path.parent, path.name) as file:
            for piece in pieces:
                file.write(piece)

    def size(self, name: str) -> int:
        """How many bytes a file has. Raises FileNotFoundError."""
        return (self._folder / name).stat().st_size

    def get(self, name: str, start: int, length: int) -> bytes:
        """So many bytes of a file from `start` on, fewer at its end. Raises FileNotFoundError."""
        with (self._folder / name).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def names(self, folder: str) -> list[str]:
        """The names of all whole files below a folder, in order."""
        found = (path for path in (self._folder / folder).rglob("[!.]*") if path.is_file())
        return sorted(str(path.relative_to(self._folder)) for path in found)

    def remove(self, name: str) -> bool:
        """Unlink a file, and the folders that it leaves empty. What stood on the disk is ciphertext of a dead key."""
        path = self._folder / name
        path.unlink(missing_ok=True)
        for above in path.relative_to(self._folder).parents[:-1]:
            with suppress(OSError):  # it holds something, or is gone
                (self._folder / above).rmdir()
        return True


class Bucket:
    """Objects of an S3 bucket. Where it locks them by default, not even its owner deletes one before its time."""

    def __init__(self, place: Where) -> None:
        self._store = S3Store(
            place.bucket,
            prefix=place.prefix or None,
            endpoint=place.endpoint,
            region=place.region,
            access_key_id=place.key,
            secret_access_key=place.secret,
            client_options={"allow_http": (place.endpoint or "").startswith("http://127.0.0.1:")},
            retry_config={"max_retries": _TRIES, "retry_timeout": PATIENCE},
        )

    def put(self, name: str, pieces: Sequence[Bytes]) -> None:
        """Keep the pieces as one object. Raises FileExistsError, and Unreachable when the bucket does not take it."""
        with _told():
            obstore.put(self._store, name, b"".join(pieces), mode="create")

    def size(self, name: str) -> int:
        """How many bytes an object has. Raises FileNotFoundError, Unreachable."""
        with _told():
            return obstore.head(self._store, name)["size"]

    def get(self, name: str, start: int, length: int) -> bytes:
        """So many bytes of an object from `start` on, fewer at its end. Raises FileNotFoundError, Unreachable."""
        with _told():
            return bytes(obstore.get_range(self._store, name, start=start, length=length))

    def names(self, folder: str) -> list[str]:
        """The names of all objects below a folder, in order. Raises Unreachable."""
        with _told():
            return sorted(each["path"] for page in obstore.list(self._store, folder) for each in page)

    def remove(self, name: str) -> bool:  # noqa: ARG002 - nothing is asked of the bucket
        """Nothing: a locked object stays until its time, and to delete it would only hide it behind a marker."""
        return False


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except AlreadyExistsError as error:
        raise FileExistsError("that name is taken") from error
    except (NotFoundError, FileNotFoundError) as error:
        raise FileNotFoundError("no object of that name") from error
    except PermissionError as error:
        raise Refused("the bucket does not allow that; look at its policy, and at the keys of this service") from error
    except BaseError as error:
        raise Unreachable(
            "the bucket does not answer; nothing half-kept: say it again, it goes on from there"
        ) from error
