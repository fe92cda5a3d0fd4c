"""A package at its recipient's: opened, checked and receipted, without the service that sent it.

The steps of a verification are the text of `_steps`: each is announced before it is taken, and the first that does
not hold ends it. The encryption proves that the package is whole, not who sent it: format 0 carries no signature.
"""

import os
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from io import BufferedReader, FileIO
from pathlib import Path
from typing import BinaryIO

import pyrage
from pydantic import BaseModel, ConfigDict

from comity.errors import ComityError, NotFound, Refused, Tampered
from comity.evidence import bundle, recipient
from comity.evidence.landing import landing
from comity.evidence.manifest import Manifest, Receipt

_BUFFER = 1 << 20
_Keep = Callable[[str], AbstractContextManager[Callable[[bytes], object]]]


class Finding(BaseModel):
    """One step of a verification: what must hold, whether it does, and if not, why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    what: str
    holds: bool
    why_not: str = ""


def receive(path: Path, identity_file: Path, out: Path, *, at: datetime) -> Receipt:
    """Open a package into the folder `out`: each exhibit under its id, and `receipt.json` last, to be sent back.

    Raises Refused when `out` holds anything, when the identity is another or the disk full, and Tampered when the
    package is not whole. Without a receipt.json in it, nothing in `out` counts as received.
    """
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise Refused("the folder to receive into is not empty; choose a new one")
    manifest = _last_word(_steps(path, recipient.identity(identity_file), lambda name: _landed(out, name)))
    receipt = Receipt(
        reference=manifest.reference,
        package=manifest.package,
        content_digest=manifest.content_digest,
        exhibits=manifest.exhibits,  # each was hashed on its way out, and was what the manifest says
        received_at=at,
    )
    with landing(out, "receipt.json") as file:
        file.write(receipt.model_dump_json(indent=1).encode())
    return receipt


def verify(path: Path, identity_file: Path) -> tuple[Finding, ...]:
    """The same checks in the same order, without keeping anything. The last finding says whether all of it holds.

    Raises NotFound and Unreadable for the identity file alone.
    """
    findings: list[Finding] = []
    steps = _steps(path, recipient.identity(identity_file), lambda _: nullcontext(len))
    try:
        for number, what in enumerate(steps, start=1):
            findings.append(Finding(step=number, what=what, holds=True))
    except ComityError as error:
        findings[-1] = findings[-1].model_copy(update={"holds": False, "why_not": str(error)})
    return tuple(findings)


def _steps(path: Path, identity: pyrage.x25519.Identity, keep: _Keep) -> Generator[str, None, Manifest]:
    yield "the identity opens the package"
    with _decrypted(path, identity) as plain:
        plain.begin()
        yield "it begins with a manifest of format 0"
        manifest = bundle.read_manifest(plain)
        for item in manifest.exhibits:
            yield f"exhibit {item.id} has the size and the hash of the manifest"
            with keep(item.id) as kept:
                bundle.read_exhibit(plain, item, kept)
        yield "nothing more follows, and the encryption is whole to its last byte"
        bundle.read_end(plain)
    return manifest


def _last_word(steps: Generator[str, None, Manifest]) -> Manifest:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


@contextmanager
def _landed(out: Path, name: str) -> Iterator[Callable[[bytes], object]]:
    with landing(out, name) as file:
        yield file.write


class _Decrypted:
    """What another thread decrypts, as it comes; where it ends, the decryption must have ended well."""

    def __init__(self, pipe: "BufferedReader[FileIO]", decryption: Future[None]) -> None:
        self._pipe, self._decryption = pipe, decryption

    def begin(self) -> None:
        if not self._pipe.peek(1):
            self._decryption.result()

    def read(self, size: int, /) -> bytes:
        piece = self._pipe.read(size)
        if len(piece) < size:
            self._decryption.result()  # raises what ended it too early
        return piece


@contextmanager
def _decrypted(path: Path, identity: pyrage.x25519.Identity) -> Iterator[_Decrypted]:
    with _file(path) as package, ThreadPoolExecutor(1) as beside:
        reading, writing = os.pipe()
        decryption = beside.submit(_decrypt, package, writing, identity)
        with BufferedReader(
            FileIO(reading), _BUFFER
        ) as pipe:  # closed before the thread is awaited: it must not wait for us
            yield _Decrypted(pipe, decryption)


def _file(path: Path) -> BinaryIO:
    try:
        return path.open("rb", _BUFFER)
    except FileNotFoundError:
        raise NotFound("no package stands there") from None


def _decrypt(package: BinaryIO, writing: int, identity: pyrage.x25519.Identity) -> None:
    with os.fdopen(writing, "wb", _BUFFER) as pipe:
        try:
            pyrage.decrypt_io(package, pipe, [identity])
        except pyrage.DecryptError:
            raise Refused(
                "this identity does not open it: made for another key, or no package; ask the sender"
            ) from None
        except OSError:  # so pyrage reports a chunk that fails its tag, and a stream cut short
            raise Tampered("the encryption is broken: altered or cut short on its way; ask for it again") from None
