"""What the tag files of a bag promise, by the golden bytes and by the Library of Congress' own reader."""

import hashlib
from pathlib import Path

import bagit
import pytest

from comity.evidence import bag
from comity.evidence.bag import Hashes

from .conftest import NOW

PAYLOAD = {"data/exhibits/B": b"second", "data/cover.pdf": b"a cover list"}
HASHES = {path: Hashes.of(content) for path, content in PAYLOAD.items()}


def _laid_out(folder: Path) -> Path:
    files = PAYLOAD | bag.tag_files(HASHES, bag.info("R/P1", HASHES, NOW))
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def test_the_bytes_of_tag_files_are_a_promise() -> None:
    files = bag.tag_files(HASHES, bag.info("R/P1", HASHES, NOW))
    assert files["bag-info.txt"].decode() == (
        "Bag-Software-Agent: comity\nBagging-Date: 2026-03-02\nExternal-Identifier: R/P1\nPayload-Oxum: 18.2\n"
    )
    assert files["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    first = hashlib.sha256(b"a cover list").hexdigest()
    second = hashlib.sha256(b"second").hexdigest()
    assert files["manifest-sha256.txt"].decode() == f"{first}  data/cover.pdf\n{second}  data/exhibits/B\n"
    assert [line.split("  ")[1] for line in files["tagmanifest-sha512.txt"].decode().splitlines()] == [
        "bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sha512.txt",
    ]  # fmt: skip


def test_another_reader_finds_it_valid(tmp_path: Path) -> None:
    assert bagit.Bag(str(_laid_out(tmp_path))).validate()


@pytest.mark.parametrize("path", [*PAYLOAD, "bag-info.txt", "manifest-sha512.txt"])
def test_another_reader_finds_what_was_altered(tmp_path: Path, path: str) -> None:
    whole = _laid_out(tmp_path)
    (whole / path).write_bytes(b"other" + (whole / path).read_bytes()[5:])
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(whole)).validate()
