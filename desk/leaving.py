"""What somebody takes along from the counter is left in a new file that only its owner reads."""

import os
from collections.abc import Iterable
from pathlib import Path

from comity.errors import Refused


def refuse_old_file(path: Path | None, option: str = "--out") -> None:
    """Raises Refused for a file that is there already: nothing is written over. `option` is where it was named."""
    if path is not None and path.exists():
        raise Refused(f"{option}: there is such a file already; choose another name")


def leave(path: Path, chunks: Iterable[bytes]) -> None:
    """Write `chunks` into a new file, mode 0600."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.writelines(chunks)
