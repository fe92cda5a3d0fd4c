"""A signed address gets one package, once and whole; no error tells the address, nor what is signed in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from activities import signed_put
from activities.parcels import PIECE, Parcel
from comity.destinations import Recipients, SignedUrl
from comity.errors import ComityError, Refused, Unreachable, Unreadable
from tests.addresses import Addresses, addresses, certificate

NAME = "requester"
SIZE = 3 * PIECE + 17


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Addresses]:
    """One server."""
    with addresses(tmp_path / "server") as listening:
        yield listening


@pytest.fixture
def recipients(tmp_path: Path, server: Addresses) -> Recipients:
    """One recipient, who has signed an address there."""
    (tmp_path / "recipients").mkdir()
    server.known_to(tmp_path / "recipients", NAME)
    return Recipients(tmp_path)


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    """A package as it was written."""
    return written(tmp_path, "package-1.age", b"\1")


def written(folder: Path, name: str, content: bytes) -> Parcel:
    """A package in the folder of its attempt."""
    path = folder / "outgoing" / "1" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content * SIZE)
    return Parcel(path, name)


def brought(recipients: Recipients, parcel: Parcel) -> list[int]:
    """Put it. Returns how many bytes had gone, at each step."""
    to = recipients.destination(NAME)
    assert isinstance(to, SignedUrl)
    told: list[int] = []
    signed_put.bring(to, recipients, parcel, told.append)
    return told


def lies_there_alone(server: Addresses, parcel: Parcel) -> bool:
    """The package, and nothing beside it."""
    return list(server.put.values()) == [parcel.path.read_bytes()]


def test_it_arrives_whole(server: Addresses, recipients: Recipients, parcel: Parcel) -> None:
    assert brought(recipients, parcel) == [PIECE, 2 * PIECE, 3 * PIECE, SIZE]
    assert lies_there_alone(server, parcel)


def test_an_answer_that_was_lost_is_known_by_what_lies_there(
    server: Addresses, recipients: Recipients, parcel: Parcel
) -> None:
    server.loses = 1
    with pytest.raises(Unreachable, match="broke off"):
        brought(recipients, parcel)
    brought(recipients, parcel)
    assert lies_there_alone(server, parcel)
    assert server.puts == 1


def test_something_else_at_the_address_is_left_alone(server: Addresses, recipients: Recipients, parcel: Parcel) -> None:
    brought(recipients, parcel)
    [path] = server.put
    server.put[path] = b"something else"
    with pytest.raises(Refused, match="something else lies at"):
        brought(recipients, parcel)
    assert server.put == {path: b"something else"}


def test_what_may_not_be_read_there_is_not_taken_for_ours(
    server: Addresses, recipients: Recipients, parcel: Parcel
) -> None:
    brought(recipients, parcel)
    server.readable = False
    with pytest.raises(Refused, match="or we may not read what does"):
        brought(recipients, parcel)


def test_an_address_takes_one_package_and_no_other_on_top_of_it(
    server: Addresses, recipients: Recipients, parcel: Parcel, tmp_path: Path
) -> None:
    brought(recipients, parcel)
    server.put.clear()
    with pytest.raises(Refused, match="used for another package"):
        brought(recipients, written(tmp_path, "package-2.age", b"\2"))
    assert server.put == {}
    server.known_to(tmp_path / "recipients", NAME)
    brought(recipients, written(tmp_path, "package-2.age", b"\2"))
    assert len(server.put) == 1


@pytest.mark.parametrize(
    ("code", "told"),
    [(403, Refused), (404, Refused), (410, Refused), (400, Refused), (500, Unreachable), (503, Unreachable)],
)
def test_what_the_server_answers_is_told_by_its_number(
    server: Addresses, recipients: Recipients, parcel: Parcel, code: int, told: type[ComityError]
) -> None:
    server.answers = [code]
    with pytest.raises(told, match=f"({code})") as caught:
        brought(recipients, parcel)
    assert _tells_nothing(caught.value, recipients)
    brought(recipients, parcel)
    assert lies_there_alone(server, parcel)


def test_a_redirection_is_not_followed(server: Addresses, recipients: Recipients, parcel: Parcel) -> None:
    server.answers = [307]
    with pytest.raises(Refused, match="307"):
        brought(recipients, parcel)


def test_a_server_under_another_authority_is_sent_nothing(
    server: Addresses, recipients: Recipients, parcel: Parcel, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    certificate(tmp_path / "other")
    (tmp_path / "recipients" / f"{NAME}.ca").write_bytes((tmp_path / "other" / "ca.pem").read_bytes())
    with pytest.raises(Refused, match="a certificate that we trust") as caught:
        brought(recipients, parcel)
    assert _tells_nothing(caught.value, recipients)
    (tmp_path / "recipients" / f"{NAME}.ca").write_text("none")
    with pytest.raises(Unreadable, match="none in PEM"):
        brought(recipients, parcel)
    assert server.put == {}


@pytest.mark.parametrize("address", ["http://127.0.0.1/put?signature=told", "not an address: told", "https://", ""])
def test_only_one_https_address_is_taken(recipients: Recipients, parcel: Parcel, tmp_path: Path, address: str) -> None:
    (tmp_path / "recipients" / f"{NAME}.url").write_text(address)
    with pytest.raises(Unreadable, match="https://") as caught:
        brought(recipients, parcel)
    assert "told" not in str(caught.value)


def test_a_server_that_is_away_is_told_without_its_address(
    recipients: Recipients, parcel: Parcel, tmp_path: Path
) -> None:
    (tmp_path / "recipients" / f"{NAME}.url").write_text("https://127.0.0.1:1/put?signature=told")
    with pytest.raises(Unreachable, match="does not answer") as caught:
        brought(recipients, parcel)
    assert _tells_nothing(caught.value, recipients)


def _tells_nothing(error: BaseException, recipients: Recipients) -> bool:
    address = recipients.secret(f"{NAME}.url").read_text().strip()
    said = f"{error} {error.__cause__}"
    return not any(part in said for part in (address, "127.0.0.1", "signature", address.rpartition("=")[2]))
