"""A bag that somebody else made is what its manifests say, or is refused with every fault by kind and number."""

import hashlib
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import bagit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import ComityError, Refused, Unreadable
from comity.evidence.foreign_bag import compared, is_bag
from comity.evidence.intake import Found, look, opened

SECRET = "Aurelia Inventata"
ALGORITHMS = ("sha256", "sha512")


def made(folder: Path, *algorithms: str) -> Path:
    """A bag made by the library itself: four files, of which one is empty, and names of several kinds."""
    (folder / SECRET).mkdir(parents=True)
    names = ("a", f"{SECRET}/صورة.jpg", unicodedata.normalize("NFD", "é"), "two  spaces\nand a line")
    for number, name in enumerate(names):
        (folder / name).write_bytes(name.encode() * number)
    bagit.make_bag(str(folder), {"Contact-Name": SECRET}, checksums=list(algorithms or ALGORITHMS))
    return folder


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    return made(tmp_path / "bag")


def taken(bag: Path) -> tuple[Found, ...]:
    """What the command does before it seals."""
    files = look(bag)
    assert is_bag(files)
    return compared(bag, files)


def refused(bag: Path) -> str:
    """Why it is refused; no name is told."""
    with pytest.raises(Unreadable) as error:
        taken(bag)
    assert SECRET not in str(error.value)
    return str(error.value).removeprefix("the bag is not what it says (RFC 8493): ").partition("; nothing was")[0]


def changed(path: Path, change: Callable[[str], str]) -> None:
    path.write_bytes(change(path.read_bytes().decode()).encode())


def test_payload_and_tag_files_are_taken_each_with_its_hash(bag: Path) -> None:
    files = taken(bag)
    tags = {file.inside for file in files if not file.inside.startswith("data/")}
    assert tags >= {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "manifest-sha512.txt", "tagmanifest-sha256.txt"}
    assert len(files) == len(tags) + 4
    for file in files:
        assert file.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha512", "blake2b"])
def test_a_bag_of_another_hash_is_compared_by_that_hash_and_taken_with_ours(tmp_path: Path, algorithm: str) -> None:
    bag = made(tmp_path / "bag", algorithm)
    assert all(file.sha256 for file in taken(bag))
    (bag / "data" / "a").write_bytes(b"?")
    assert f"manifest-{algorithm}: 1 file differs" in refused(bag)


def test_every_fault_of_every_manifest_is_told_by_its_number(bag: Path) -> None:
    (bag / "data" / SECRET / "new").write_bytes(b"")
    (bag / "data" / SECRET / "newer").write_bytes(b"")
    (bag / "data" / "a").write_bytes(b"?")
    next(path for path in (bag / "data").iterdir() if "spaces" in path.name).unlink()
    changed(bag / "bag-info.txt", lambda text: text + "Contact-Name: another\n")
    faults = "1 file differs, 1 is missing, 2 are not listed"
    assert refused(bag) == (
        f"manifest-sha256: {faults}; manifest-sha512: {faults};"
        " tagmanifest-sha256: 1 file differs; tagmanifest-sha512: 1 file differs"
    )


def _without_tag_manifests(bag: Path) -> None:
    for path in bag.glob("tagmanifest-*"):
        path.unlink()


def test_a_name_that_came_in_another_normalisation_is_the_same_name(bag: Path) -> None:
    """A Mac writes what the manifest calls é as two letters: its bytes are what counts, and its name stays as it is."""
    _without_tag_manifests(bag)
    for name in ALGORITHMS:
        changed(bag / f"manifest-{name}.txt", lambda text: unicodedata.normalize("NFC", text))
    assert f"data/{unicodedata.normalize('NFD', 'é')}" in [file.inside for file in taken(bag)]


@pytest.mark.parametrize("path", ["../outside", "data/../../outside", "/etc/passwd", "..\\outside", "../bag-beside/x"])
@pytest.mark.parametrize("manifest", ["manifest-sha256.txt", "tagmanifest-sha512.txt", "fetch.txt"])
def test_a_path_that_climbs_out_is_refused_and_not_opened(bag: Path, path: str, manifest: str) -> None:
    """`../bag-beside/x` is one that the library lets pass; a pipe there would hang whoever opens it."""
    (bag.parent / "bag-beside").mkdir()
    for outside in (bag.parent / "outside", bag.parent / "bag-beside" / "x"):
        os.mkfifo(outside)
    first = "http://example.org/x  12 " if manifest == "fetch.txt" else f"{'0' * 64}  "
    with (bag / manifest).open("a") as lines:
        lines.write(f"{first}{path}\n")
    assert refused(bag) == "1 of the paths in its manifests lead out of the bag"


def test_a_link_in_a_bag_is_refused_before_any_of_it_is_read(bag: Path) -> None:
    (bag / "bag-info.txt").unlink()
    (bag / "bag-info.txt").symlink_to("/dev/zero")
    with pytest.raises(Refused, match="is a symbolic link"):
        taken(bag)


_DECLARED = "bagit.txt is not the two lines that it should be, in one of iso-8859-1, us-ascii, utf-16, utf-8"
_WRONG: dict[str, tuple[str, Callable[[str], str | None], str]] = {
    "no version": ("bagit.txt", lambda text: text.partition("\n")[2], _DECLARED),
    "no encoding": ("bagit.txt", lambda text: text.partition("\n")[0], _DECLARED),
    "an encoding that unpacks": ("bagit.txt", lambda text: text.replace("UTF-8", "bz2"), _DECLARED),
    "a byte-order mark": ("bagit.txt", lambda text: f"\ufeff{text}", _DECLARED),
    "a version to come": ("bagit.txt", lambda text: text.replace("0.97", "7.0"), "is not written as it should be"),
    "an encoding that is another": (
        "bagit.txt",
        lambda text: text.replace("UTF-8", "US-ASCII"),
        "2 of its manifests are not written in the encoding that bagit.txt names",
    ),
    "a sum that is another": (
        "bag-info.txt",
        lambda text: text.replace("Payload-Oxum: ", "Payload-Oxum: 1"),
        "its layout, Payload-Oxum or fetch.txt is wrong",
    ),
    "a sum that is none": (
        "bag-info.txt",
        lambda text: text.replace("Payload-Oxum: ", "Payload-Oxum: x\nX: "),
        "its layout, Payload-Oxum or fetch.txt is wrong",
    ),
    "a line listed twice": (
        "manifest-sha256.txt",
        lambda text: text + f"{'0' * 64}  data/a\n",
        "is not written as it should be",
    ),
    "files to be fetched": (
        "fetch.txt",
        lambda _: "http://example.org/x",
        "its layout, Payload-Oxum or fetch.txt is wrong",
    ),
}


@pytest.mark.parametrize("wrong", _WRONG)
def test_what_is_laid_out_otherwise_is_refused_by_its_kind(bag: Path, wrong: str) -> None:
    name, change, says = _WRONG[wrong]
    _without_tag_manifests(bag)
    (bag / name).touch()
    changed(bag / name, lambda text: change(text) or "")
    assert says in refused(bag)


def test_a_bag_without_payload_or_manifest_is_none(tmp_path: Path) -> None:
    bag = made(tmp_path / "bag")
    for path in bag.glob("*manifest-*"):
        path.unlink()
    assert refused(bag) == "it has no manifest"
    shutil.rmtree(bag / "data")
    assert refused(bag) == "it has no manifest"


def test_a_manifest_that_would_fill_the_memory_is_not_read(bag: Path) -> None:
    os.truncate(bag / "manifest-sha256.txt", 1 << 40)
    assert refused(bag) == "1 of its manifests and tag files have more than 64 MiB"


def test_a_hash_without_a_length_of_its_own_proves_nothing(bag: Path) -> None:
    _without_tag_manifests(bag)
    shutil.copy(bag / "manifest-sha256.txt", bag / "manifest-shake_256.txt")
    assert refused(bag) == "manifest-shake_256: 4 files differ"


def test_from_version_1_0_on_every_manifest_names_every_file(bag: Path) -> None:
    _without_tag_manifests(bag)
    changed(bag / "manifest-sha512.txt", lambda text: "".join(text.splitlines(keepends=True)[1:]))
    assert len(taken(bag)) == 8
    changed(bag / "bagit.txt", lambda text: text.replace("0.97", "1.0"))
    assert refused(bag) == "manifest-sha512: 1 is not listed"


def test_a_bag_that_changes_between_looking_and_sealing_is_refused(bag: Path) -> None:
    files = taken(bag)
    payload = next(file for file in files if file.inside == f"data/{SECRET}/صورة.jpg")
    inode = payload.path.stat().st_ino
    payload.path.write_bytes(b"x" * payload.size)
    assert payload.path.stat().st_ino == inode
    with pytest.raises(Refused, match="has changed since its hash was compared"), opened(payload) as source:
        while source.read(1 << 20):
            pass


def test_the_library_says_nothing_in_a_log(bag: Path, caplog: pytest.LogCaptureFixture) -> None:
    (bag / "data" / SECRET / "new").write_bytes(b"")
    refused(bag)
    assert caplog.text == ""


# --- anything at all --------------------------------------------------------------------------------------------------

_TAGS = ("bagit.txt", "bag-info.txt", *(f"{tag}manifest-{name}.txt" for tag in ("", "tag") for name in ALGORITHMS))
_ODDITIES = [b"", b"\n", b"\0", b"\xff\xfe", b"../", b"/", b"*", b"%0A", b"  ", b":", b"\xc2\x85", b"data/", b"0" * 64]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bag to copy."""
    return made(tmp_path_factory.mktemp("bags") / "whole")


@settings(max_examples=200, deadline=None)
@given(
    changes=st.lists(
        st.tuples(
            st.sampled_from([*_TAGS, "fetch.txt", "data/a"]),
            st.floats(0, 1),
            st.integers(0, 40),
            st.one_of(st.sampled_from(_ODDITIES), st.binary(max_size=20)),
        ),
        max_size=3,
    )
)
def test_a_bag_changed_anywhere_is_refused_or_is_one_that_the_library_accepts(
    whole: Path, changes: list[tuple[str, float, int, bytes]]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        bag = shutil.copytree(whole, Path(place) / "bag")
        for name, where, cut, put in changes:
            before = (bag / name).read_bytes() if (bag / name).exists() else b""
            at = int(where * len(before))
            (bag / name).write_bytes(before[:at] + put + before[at + cut :])
        with suppress(ComityError):
            assert len(taken(bag)) >= 10
            assert bagit.Bag(str(bag)).validate()
