"""Coverage-guided fuzzing (atheris) of what reads strangers' bytes: `python -m tests.evidence.fuzzing package -runs=N`.

Whatever comes in, the only way out is one of our own errors; anything else ends the process with a crash that libFuzzer
reports.
"""

import io
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["comity.evidence"]):
    from comity.errors import ComityError
    from comity.evidence import bundle, foreign_bag, intake, receipts
    from comity.evidence.bundle import Trust

from tests.evidence.enclosures import ENCLOSURE, TODAY, enclosure_of, signs

SMALL = {next(iter(ENCLOSURE.seals)): b"a statement"}


def package(data: bytes) -> None:
    """The plain form of a package, as whoever knows a recipient's public key may write it."""
    trust = Trust((), (), TODAY)
    try:
        for _ in bundle.opened(io.BytesIO(data), lambda _: nullcontext(len), trust):
            pass
    except ComityError:
        return


def receipt(data: bytes) -> None:
    """A receipt that somebody sent back."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            receipts.read(Path(file.name))
        except ComityError:
            return


def bag(data: bytes) -> None:
    """The manifest of a bag that somebody else made, around one file that is there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        (folder / "data/a.txt").write_bytes(b"harmless")
        (folder / "bagit.txt").write_bytes(b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
        (folder / "manifest-sha256.txt").write_bytes(data)
        try:
            foreign_bag.compared(folder, intake.look(folder))
        except ComityError:
            return


TARGETS: dict[str, Callable[[bytes], None]] = {"package": package, "receipt": receipt, "bag": bag}


def seeds(folder: Path) -> None:
    """What is well-formed, for the fuzzer to begin with."""
    plain = b"".join(bundle.pack(enclosure_of(SMALL), lambda e: iter([SMALL[e]]), signs()))
    (folder / "package").write_bytes(plain)
    (folder / "manifest").write_bytes(b"a" * 64 + b"  data/a.txt\n")
    (folder / "receipt").write_bytes(ENCLOSURE.manifest.canonical())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as corpus:
        seeds(Path(corpus))
        atheris.Setup([sys.argv[0], corpus, *sys.argv[2:]], TARGETS[sys.argv[1]])
        atheris.Fuzz()
