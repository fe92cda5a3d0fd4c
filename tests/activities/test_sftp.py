"""A real SFTP server gets a package once and whole, whatever a try before has left there; errors name nobody."""

import hashlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from activities import sftp
from activities.parcels import PIECE, Parcel
from comity.destinations import Recipients, Sftp
from comity.errors import ComityError, Refused, Unreachable, Unreadable
from tests.sshd import Sshd, new_key, sshd

NAME = "requester"
SIZE = 5 * PIECE + 17
_AWAY = 3 * PIECE


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """One server for all of them."""
    with sshd(tmp_path_factory.mktemp("sftp")) as server:
        yield server


@pytest.fixture
def server(listening: Sshd) -> Sshd:
    """The server, with nothing in its folder."""
    for path in listening.incoming.iterdir():
        path.unlink()
    return listening


@pytest.fixture
def recipients(tmp_path: Path, server: Sshd) -> Recipients:
    """One recipient, who takes packages there."""
    folder = tmp_path / "recipients"
    folder.mkdir()
    server.known_to(folder, NAME)
    return Recipients(tmp_path)


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    """A package as it was written."""
    path = tmp_path / "written"
    path.write_bytes(b"".join(hashlib.sha256(bytes([number])).digest() * 32768 for number in range(6))[:SIZE])
    return Parcel(path, "package-1.age")


def brought(recipients: Recipients, parcel: Parcel, breaks: Callable[[int], None] = lambda _: None) -> list[int]:
    """Bring it. Returns how many bytes lay there, at each step."""
    told: list[int] = []

    def sent(number: int) -> None:
        told.append(number)
        breaks(number)

    sftp.bring(to(recipients), recipients, parcel, sent)
    return told


def to(recipients: Recipients) -> Sftp:
    """Where that recipient takes packages."""
    found = recipients.destination(NAME)
    assert isinstance(found, Sftp)
    return found


def lies_there_alone(server: Sshd, parcel: Parcel) -> bool:
    """The package under its name, and nothing beside it."""
    return server.files() == {parcel.name: parcel.path.read_bytes()}


def test_it_arrives_whole_under_its_name_and_is_not_sent_twice(
    server: Sshd, recipients: Recipients, parcel: Parcel
) -> None:
    assert brought(recipients, parcel)[-1] == SIZE
    assert lies_there_alone(server, parcel)
    written = (server.incoming / parcel.name).stat()
    brought(recipients, parcel)
    assert lies_there_alone(server, parcel)
    assert (server.incoming / parcel.name).stat().st_mtime_ns == written.st_mtime_ns


def test_what_broke_off_is_compared_and_gone_on_with(server: Sshd, recipients: Recipients, parcel: Parcel) -> None:
    """The server goes away in the middle, and comes back."""

    def breaks(number: int) -> None:
        if number == _AWAY:
            server.stop()

    with pytest.raises(Unreachable):
        brought(recipients, parcel, breaks)
    assert list(server.files()) == [f"{parcel.name}.part"]
    left = len(server.files()[f"{parcel.name}.part"])
    server.start()
    told = brought(recipients, parcel)
    assert left > 0
    assert told == sorted(told)  # what lay there was read, and never written again
    assert lies_there_alone(server, parcel)


@pytest.mark.parametrize("left", [b"something else", b"\0" * (2 * SIZE)])
def test_a_partial_file_that_differs_is_begun_anew(
    server: Sshd, recipients: Recipients, parcel: Parcel, left: bytes
) -> None:
    (server.incoming / f"{parcel.name}.part").write_bytes(left)
    brought(recipients, parcel)
    assert lies_there_alone(server, parcel)


def test_a_partial_file_that_differs_at_its_end_is_begun_anew(
    server: Sshd, recipients: Recipients, parcel: Parcel
) -> None:
    half = parcel.path.read_bytes()[: 2 * PIECE + 5]
    (server.incoming / f"{parcel.name}.part").write_bytes(half[:-1] + bytes([half[-1] ^ 1]))
    told = brought(recipients, parcel)
    assert told != sorted(told)
    assert lies_there_alone(server, parcel)


@pytest.mark.parametrize("other", [b"short", b"\1" * SIZE])
def test_another_file_of_that_name_is_left_alone(
    server: Sshd, recipients: Recipients, parcel: Parcel, other: bytes
) -> None:
    (server.incoming / parcel.name).write_bytes(other)
    with pytest.raises(Refused, match="recall it, then dispatch it again"):
        brought(recipients, parcel)
    assert server.files() == {parcel.name: other}


def _another_host_key(folder: Path) -> None:
    new_key(folder / "other")
    (folder / f"{NAME}.host").write_text((folder / "other.pub").read_text())


def _no_host_key(folder: Path) -> None:
    (folder / f"{NAME}.host").write_text("127.0.0.1 nothing")


def _another_key(folder: Path) -> None:
    new_key(folder / f"{NAME}.ssh")


def _readable_key(folder: Path) -> None:
    (folder / f"{NAME}.ssh").chmod(0o644)


def _changed(**fields: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        lines = (folder / f"{NAME}.toml").read_text().splitlines()
        kept = [line for line in lines if line.split(" ")[0] not in fields]
        (folder / f"{NAME}.toml").write_text("\n".join([*kept, *(f"{key} = {fields[key]}" for key in fields)]))

    return change


def _nobody_listens() -> str:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return str(held.getsockname()[1])


@pytest.mark.parametrize(
    ("fault", "told", "why"),
    [
        (_another_host_key, Refused, "does not show the host key"),
        (_no_host_key, Unreadable, "holds none"),
        (_another_key, Refused, "does not take our key"),
        (_readable_key, Refused, "others may read"),
        (_changed(user='"nobody-of-that-name"'), Refused, "does not take our key"),
        (_changed(folder='"/of/that/name"'), Refused, "no such folder"),
        (_changed(folder='"/proc"'), ComityError, "SFTP server"),
        (_changed(port=_nobody_listens()), Unreachable, "does not answer"),
        (_changed(host='"no-such-host.invalid"'), Unreachable, "does not answer"),
    ],
)
def test_each_failure_is_one_error_without_a_name(
    server: Sshd, recipients: Recipients, parcel: Parcel, fault: Callable[[Path], None], told: type, why: str
) -> None:
    folder = recipients.public(f"{NAME}.toml").parent
    fault(folder)
    before = to(recipients)
    with pytest.raises(ComityError, match=why) as caught:
        brought(recipients, parcel)
    assert isinstance(caught.value, told)
    for named in (before.host, before.user, before.key, str(server.incoming), "127.0.0.1", parcel.name):
        assert named not in str(caught.value)
    assert caught.value.__cause__ is None
    assert server.files() == {}
