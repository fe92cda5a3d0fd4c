"""A recipient's bucket gets a package once and whole; no error names the bucket, or its keys."""

from pathlib import Path

import pytest

from activities import bucket_put
from activities.parcels import PIECE, Parcel
from comity.destinations import Recipients, RecipientsBucket
from comity.errors import ComityError, Refused, Unreachable
from comity.evidence.shelves import Where
from tests.buckets import Server, put_into

NAME = "requester"
SIZE = 20 * PIECE + 17


@pytest.fixture
def place(s3: Server) -> Where:
    """An empty bucket."""
    return s3.bucket(None)


@pytest.fixture
def recipients(tmp_path: Path, place: Where) -> Recipients:
    """One recipient, who takes packages there."""
    (tmp_path / "recipients").mkdir()
    put_into(place, tmp_path / "recipients", NAME)
    return Recipients(tmp_path)


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    """A package as it was written, larger than two parts of an upload."""
    path = tmp_path / "written"
    path.write_bytes(b"\1\2\3\4" * (SIZE // 4) + b"\5" * (SIZE % 4))
    return Parcel(path, "package-1.age")


def brought(recipients: Recipients, parcel: Parcel) -> list[int]:
    """Put it. Returns how many bytes had gone, at each step."""
    told: list[int] = []
    bucket_put.bring(to(recipients), recipients, parcel, told.append)
    return told


def to(recipients: Recipients) -> RecipientsBucket:
    """Where that recipient takes packages."""
    found = recipients.destination(NAME)
    assert isinstance(found, RecipientsBucket)
    return found


def objects(s3: Server, place: Where) -> dict[str, bytes]:
    """All that lies in the bucket, as boto3 sees it."""
    listed = s3.client().list_objects_v2(Bucket=place.bucket).get("Contents", [])
    got = {each["Key"]: s3.client().get_object(Bucket=place.bucket, Key=each["Key"]) for each in listed}
    return {key: each["Body"].read() for key, each in got.items()}


def test_it_arrives_whole_and_is_not_sent_twice(
    s3: Server, place: Where, recipients: Recipients, parcel: Parcel
) -> None:
    assert brought(recipients, parcel)[-1] == SIZE
    assert objects(s3, place) == {f"vault/{parcel.name}": parcel.path.read_bytes()}
    assert brought(recipients, parcel) == []  # it is read, compared, and left alone


def test_what_breaks_off_leaves_no_object_and_begins_anew(
    s3: Server, place: Where, recipients: Recipients, parcel: Parcel
) -> None:
    def breaks(number: int) -> None:
        if number >= SIZE - PIECE:
            raise Unreachable("this worker stops")

    with pytest.raises(Unreachable):
        bucket_put.bring(to(recipients), recipients, parcel, breaks)
    assert objects(s3, place) == {}
    assert brought(recipients, parcel)[0] == PIECE
    assert objects(s3, place) == {f"vault/{parcel.name}": parcel.path.read_bytes()}


@pytest.mark.parametrize("other", [b"short", b"\1" * SIZE])
def test_another_object_of_that_name_is_left_alone(
    s3: Server, place: Where, recipients: Recipients, parcel: Parcel, other: bytes
) -> None:
    s3.client().put_object(Bucket=place.bucket, Key=f"vault/{parcel.name}", Body=other)
    with pytest.raises(Refused, match="recall it, then dispatch it again"):
        brought(recipients, parcel)
    assert objects(s3, place) == {f"vault/{parcel.name}": other}


@pytest.mark.parametrize(
    ("was", "is_", "told"),
    [("only-in-tests", "another-key", Refused), ("s3://b", "s3://no-such-b", Refused)],
)
def test_each_failure_is_one_error_without_a_name(
    recipients: Recipients, parcel: Parcel, tmp_path: Path, was: str, is_: str, told: type[ComityError]
) -> None:
    file = tmp_path / "recipients" / f"{NAME}.toml"
    file.write_text(file.read_text().replace(was, is_))
    with pytest.raises(told, match="bucket") as caught:
        brought(recipients, parcel)
    for named in (to(recipients).bucket.partition("://")[2], to(recipients).key, "127.0.0.1", parcel.name):
        assert named not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_bucket_that_is_away_is_told_so(
    recipients: Recipients, parcel: Parcel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_put, "_PATIENCE", bucket_put._PATIENCE / 120)
    file = tmp_path / "recipients" / f"{NAME}.toml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("endpoint")]
    file.write_text("\n".join([*lines, 'endpoint = "http://127.0.0.1:1"']))
    with pytest.raises(Unreachable, match="does not answer"):
        brought(recipients, parcel)
