"""What investigators hand in is looked at as a whole before any of it is sealed, and no error names a file of it."""

import os
import socket
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comity.errors import NotFound, Refused
from comity.evidence import intake
from comity.evidence.intake import Found, look, opened

ARABIC = "صورة.jpg"
DECOMPOSED = unicodedata.normalize("NFD", "Résumé é.txt")
SECRET = "Aurelia Inventata"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with five files, one of them empty, in two folders more."""
    below = tmp_path / "seized phone" / SECRET / "b"
    below.mkdir(parents=True)
    names = (f"{SECRET}/b/2", f"{SECRET}/b/10", f"{SECRET}/{ARABIC}", "a", DECOMPOSED)
    for name in names:
        (tmp_path / "seized phone" / name).write_bytes(name.encode() * (name != "a"))
    return tmp_path / "seized phone"


def bytes_of(file: Found) -> bytes:
    with opened(file) as source:
        return b"".join(iter(lambda: source.read(3), b""))


def test_every_file_of_a_folder_is_found_under_its_exact_name_in_the_order_of_bytes(folder: Path) -> None:
    found = look(folder)
    inside = sorted((f"{SECRET}/b/2", f"{SECRET}/b/10", f"{SECRET}/{ARABIC}", "a", DECOMPOSED), key=os.fsencode)
    assert [file.inside for file in found] == inside
    assert [file.name for file in found] == [f"seized phone/{name}" for name in inside]
    assert [(file.number, file.of) for file in found] == [(number, 5) for number in range(1, 6)]
    assert [bytes_of(file) for file in found] == [name.encode() * (name != "a") for name in inside]
    assert [file.size for file in found] == [len(name.encode()) * (name != "a") for name in inside]


def test_a_folder_has_the_name_that_it_really_has(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert [file.name for file in look(Path())] == [file.name for file in look(folder)]


def test_one_file_is_found_under_its_own_name(folder: Path) -> None:
    [file] = look(folder / "a")
    assert (file.name, file.inside, file.size, bytes_of(file)) == ("a", "", 0, b"")


def test_names_that_a_person_takes_for_one_stay_two(tmp_path: Path) -> None:
    """Truth protected: what another machine called two files is not made one, nor renamed, here."""
    names = {"é", "e\u0301", "README", "readme", "STRASSE", "straße"}
    for name in names:
        (tmp_path / name).write_text(name)
    assert {file.inside for file in look(tmp_path)} == names


def test_a_name_that_is_no_utf_8_is_kept_byte_by_byte(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")).write_bytes(b"1")
    assert [os.fsencode(file.inside) for file in look(tmp_path)] == [b"caf\xe9"]


# --- what is refused --------------------------------------------------------------------------------------------------


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


_ODD: dict[str, Callable[[Path], None]] = {
    "symbolic link": lambda path: path.symlink_to("/etc/passwd"),
    "named pipe": os.mkfifo,
    "socket": _socket,
}


@pytest.mark.parametrize("kind", _ODD)
def test_what_is_no_file_is_refused_by_its_place(folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    _ODD[kind](folder / SECRET / "c")
    with pytest.raises(Refused, match=rf"^file 3 of 6 in sorted order is a {kind}; nothing was sealed") as refused:
        look(folder)
    assert SECRET not in str(refused.value)
    with pytest.raises(Refused, match=f"is a {kind}: name the file"):
        look(folder / SECRET / "c")


def test_a_device_is_refused() -> None:
    with pytest.raises(Refused, match="what was named is a device"):
        look(Path(os.devnull))


def test_every_kind_is_told_once_with_its_number(folder: Path) -> None:
    for name in ("l1", "l2", "l3"):
        (folder / name).symlink_to(folder)
    os.mkfifo(folder / "z")
    told = "is a symbolic link, and so with 2 more; file 9 of 9 in sorted order is a named pipe;"
    with pytest.raises(Refused, match=told):
        look(folder)


def test_a_link_to_a_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(Refused, match="what was named is a symbolic link"):
        look(tmp_path / "link")


def test_an_empty_folder_is_refused_and_so_is_one_of_empty_folders(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(Refused, match="there is no file in that folder"):
        look(tmp_path)


def test_more_files_than_a_request_takes_are_counted_and_refused(folder: Path) -> None:
    assert len(look(folder, most=5)) == 5
    with pytest.raises(Refused, match=r"the folder has 5 files, and a request takes 2 at most; .* one archive"):
        look(folder, most=2)


@pytest.mark.parametrize("path", ["nowhere", "a\0b", "a/b"])
def test_where_nothing_stands_nothing_is_taken(tmp_path: Path, path: str) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(NotFound, match="no file or folder stands there"):
        look(tmp_path / path)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that somebody without any rights may enter, as the tests may run as root."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_what_cannot_be_read_is_refused_by_its_place(open_to_all: Path) -> None:
    for name in ("a", SECRET):
        (open_to_all / name).write_bytes(b"1")
    (open_to_all / SECRET).chmod(0)
    with _nobody(), pytest.raises(Refused, match=r"^file 1 of 2 in sorted order cannot be read \(EACCES\)"):
        look(open_to_all)
    (open_to_all / "closed").mkdir(mode=0)
    with _nobody(), pytest.raises(Refused, match=r"^a folder in it cannot be listed \(EACCES\)"):
        look(open_to_all)


class _nobody:  # noqa: N801 - reads as what it is: with nobody
    """Somebody without rights, as far as this process may change who it is."""

    def __enter__(self) -> None:
        self._before = os.geteuid()
        if self._before == 0:
            os.seteuid(65534)

    def __exit__(self, *_: object) -> None:
        os.seteuid(self._before)


def test_what_was_changed_since_it_was_looked_at_is_refused(folder: Path) -> None:
    (_, *_, last) = look(folder)
    last.path.write_bytes(b"longer than before, and by far")
    with pytest.raises(Refused, match="file 5 of 5 in sorted order is not what was looked at"):
        bytes_of(last)
    last.path.unlink()
    last.path.symlink_to("/etc/passwd")
    with pytest.raises(Refused, match=r"file 5 of 5 in sorted order cannot be read \(ELOOP\)"):
        bytes_of(last)


def test_a_file_that_must_have_a_hash_and_has_another_is_refused_at_its_end(folder: Path) -> None:
    (file, *_) = look(folder)
    changed = Found(**{**vars(file), "sha256": "0" * 64})
    with pytest.raises(Refused, match="has changed since its hash was compared"):
        bytes_of(changed)


def test_a_folder_of_as_many_files_as_a_request_takes_is_looked_at_in_seconds(tmp_path: Path) -> None:
    for number in range(intake.MOST_FILES):
        (tmp_path / f"{number}").touch()
    assert len(look(tmp_path)) == intake.MOST_FILES
