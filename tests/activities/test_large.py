"""A package of gigabytes goes by each channel, whole, and costs no memory."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from activities import bucket_put, sftp, signed_put
from activities.parcels import PIECE, Parcel, Sent
from comity.destinations import Recipients, RecipientsBucket, SignedUrl
from comity.destinations import Sftp as ToSftp
from comity.evidence.shelves import Where
from tests.addresses import addresses
from tests.buckets import Server, put_into
from tests.evidence.conftest import resident_mib
from tests.sshd import sshd

NAME = "requester"
GROWS_BY = 64.0
"""MiB at most, of a package of any size."""


@pytest.fixture
def recipients(tmp_path: Path) -> Recipients:
    """Where the files of recipients lie."""
    (tmp_path / "recipients").mkdir()
    return Recipients(tmp_path)


@pytest.fixture
def parcel(tmp_path: Path, *, proving: bool) -> Parcel:
    """2 GiB and a little, of holes with a byte of its own in each 16 MiB: no end and no order of it goes unseen."""
    path, size = tmp_path / "written.age", (2 << 30 if proving else 48 << 20) + 5
    with path.open("wb") as file:
        for number, place in enumerate(range(0, size, 16 * PIECE)):
            file.seek(place)
            file.write(bytes([1 + number % 255]))
        file.truncate(size)
    return Parcel(path, "package-1.age")


def watched(bring: Callable[[Parcel, Sent], None], parcel: Parcel) -> float:
    """Bring it twice. Returns how much memory it took more, at most, in MiB."""
    before, highest = resident_mib(), [0.0]
    for _ in range(2):
        told: list[int] = []

        def seen(number: int, told: list[int] = told) -> None:
            told.append(number)
            if len(told) % 64 == 0:
                highest.append(resident_mib() - before)

        bring(parcel, seen)
    return max(highest)


def digest_of(pieces: Iterator[bytes]) -> str:
    """SHA-256 of what lies there."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def test_by_sftp(tmp_path: Path, recipients: Recipients, parcel: Parcel) -> None:
    with sshd(tmp_path) as server:
        server.known_to(tmp_path / "recipients", NAME)
        to = recipients.destination(NAME)
        assert isinstance(to, ToSftp)
        assert watched(partial(sftp.bring, to, recipients), parcel) < GROWS_BY
        [there] = server.incoming.iterdir()
        assert there.name == parcel.name
        assert digest_of(Parcel(there, there.name).pieces()) == parcel.sha256


def test_into_a_bucket(tmp_path: Path, s3: Server, recipients: Recipients, parcel: Parcel) -> None:
    place: Where = s3.bucket(None)
    put_into(place, tmp_path / "recipients", NAME)
    to = recipients.destination(NAME)
    assert isinstance(to, RecipientsBucket)
    assert watched(partial(bucket_put.bring, to, recipients), parcel) < GROWS_BY + 3 * 64
    [there] = s3.client().list_objects_v2(Bucket=place.bucket)["Contents"]
    got = s3.client().get_object(Bucket=place.bucket, Key=there["Key"])["Body"]
    assert (there["Size"], digest_of(got.iter_chunks(PIECE))) == (parcel.size, parcel.sha256)


def test_to_a_signed_address(tmp_path: Path, recipients: Recipients, parcel: Parcel) -> None:
    """The server lies in this process and keeps all of it, so that memory says nothing here."""
    with addresses(tmp_path / "server") as server:
        server.known_to(tmp_path / "recipients", NAME)
        to = recipients.destination(NAME)
        assert isinstance(to, SignedUrl)
        watched(partial(signed_put.bring, to, recipients), parcel)
        [there] = server.put.values()
        assert hashlib.sha256(there).hexdigest() == parcel.sha256
        assert server.puts == 1
