"""A package at its recipient's: opened, checked and receipted, without the service that sent it.

The steps of a verification are the text of `_steps`: each is announced before it is taken, and the first that does
not hold ends it.
"""

import os
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from io import BufferedReader, FileIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import pyrage
from pydantic import BaseModel, ConfigDict

from comity.errors import ComityError, NotFound, Refused, Tampered
from comity.evidence import bundle, receipts, recipient
from comity.evidence.bundle import Keep, Trust
from comity.evidence.landing import landing
from comity.evidence.manifest import Manifest, Receipt
from comity.evidence.signing import Signatory

_BUFFER = 1 << 20


class Finding(BaseModel):
    """One step of a verification: what must hold, whether it does, and if not, why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int
    what: str
    holds: bool
    why_not: str = ""


def receive(path: Path, identity_file: Path, out: Path, trust: Trust, signs: Signatory | None = None) -> Receipt:
    """Open a package into the folder `out`, as any unzip would, and write the receipt to send back last.

    Where somebody signs it, its signature lies beside it. Raises Refused when `out` holds anything, when the identity
    or a certificate is another or the disk full, and Tampered when the package is not whole. Without a receipt.json in
    it, nothing in `out` counts as received.
    """
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise Refused("the folder to receive into is not empty; choose a new one")
    identity = recipient.identity(identity_file, path)
    manifest = _last_word(_steps(path, identity, lambda name: _landed(out, name), trust))
    receipt = Receipt(
        reference=manifest.reference,
        package=manifest.package,
        content_digest=manifest.content_digest,
        exhibits=manifest.exhibits,  # each was hashed on its way out, and was what the manifest says
        received_at=trust.at,
    )
    receipts.write(out, receipt, signs)
    return receipt


def verify(path: Path, identity_file: Path, trust: Trust) -> tuple[Finding, ...]:
    """The same checks in the same order, without keeping anything. The last finding says whether all of it holds.

    Raises NotFound, Refused and Unreadable for the identity file alone.
    """
    findings: list[Finding] = []
    steps = _steps(path, recipient.identity(identity_file, path), lambda _: nullcontext(len), trust)
    try:
        for number, what in enumerate(steps, start=1):
            findings.append(Finding(step=number, what=what, holds=True))
    except ComityError as error:
        findings[-1] = findings[-1].model_copy(update={"holds": False, "why_not": str(error)})
    return tuple(findings)


def _steps(path: Path, identity: pyrage.x25519.Identity, keep: Keep, trust: Trust) -> Generator[str, None, Manifest]:
    yield "the identity opens the package"
    with _decrypted(path, identity) as plain:
        plain.begin()
        return (yield from bundle.opened(plain, keep, trust))


def _last_word(steps: Generator[str, None, Manifest]) -> Manifest:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


@contextmanager
def _landed(out: Path, name: str) -> Iterator[Callable[[bytes], object]]:
    """A file of the container in the folder; its name is one of those that a package holds."""
    within = PurePosixPath(name)
    (out / within.parent).mkdir(mode=0o700, parents=True, exist_ok=True)
    with landing(out / within.parent, within.name) as file:
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
