"""Where sealed bytes stand: the same promises of a folder and of a bucket, and what only a bucket promises."""

import hashlib
import http.client
import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from pydantic import SecretStr

from activities import locking
from comity.errors import Refused, Tampered, Unreachable, Unreadable
from comity.evidence import shelves
from comity.evidence.chunks import CHUNK, PART
from comity.evidence.shelves import Bucket, Folder, Shelf, Where, where
from comity.evidence.vault import Vault
from comity.home import bucket_of, make
from comity.settings import Settings
from tests.buckets import KEY, SECRET, Server

from .conftest import NOW, ONE, Generated, Safe, generated, memory_flat

LARGE = 2 * PART * CHUNK + 17


@pytest.fixture
def place(s3: Server) -> Where:
    """A bucket that keeps."""
    return s3.bucket()


@pytest.fixture(params=["folder", "bucket"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """A shelf of each kind in turn."""
    if request.param == "folder":
        return Folder(tmp_path / "vault")
    return Bucket(request.getfixturevalue("place"))


def test_an_object_is_put_once_and_never_written_over(shelf: Shelf) -> None:
    shelf.put("parts/a", [b"one", memoryview(b" two")])
    with pytest.raises(FileExistsError):
        shelf.put("parts/a", [b"other"])
    assert (shelf.size("parts/a"), shelf.get("parts/a", 4, 99), shelf.get("parts/a", 0, 3)) == (7, b"two", b"one")


def test_what_is_not_there_is_not_found(shelf: Shelf) -> None:
    with pytest.raises(FileNotFoundError):
        shelf.size("a")
    with pytest.raises(FileNotFoundError):
        shelf.get("a", 0, 1)
    assert shelf.names("parts") == []


def test_names_below_a_folder_come_in_order(shelf: Shelf) -> None:
    for name in ("parts/b/2", "parts/a/1", "else", "parts/b/1"):
        shelf.put(name, [b"x"])
    assert shelf.names("parts") == ["parts/a/1", "parts/b/1", "parts/b/2"]
    assert shelf.names("parts/b") == ["parts/b/1", "parts/b/2"]


def test_an_exhibit_is_sealed_gone_on_with_and_read_on_each_shelf(shelf: Shelf, safe: Safe) -> None:
    vault = Vault(shelf)
    with pytest.raises(ConnectionResetError):
        vault.deposit(Generated(LARGE, breaks_at=2 * PART * CHUNK + 5), ONE, safe.wrapping, at=NOW)
    assert len(shelf.names(f"parts/{ONE}")) > 1
    assert vault.standing() == (frozenset(), frozenset({ONE}))
    seal = vault.deposit(Generated(LARGE), ONE, safe.wrapping, at=NOW)
    assert (seal.sha256, len(safe.handed_out)) == (hashlib.sha256(generated(LARGE)).hexdigest(), 1)
    assert b"".join(vault.read(ONE, safe.unwrap)) == generated(LARGE)
    assert b"".join(vault.read_range(ONE, safe.unwrap, start=LARGE - 20, length=99)) == generated(LARGE)[-20:]
    assert vault.standing() == (frozenset({ONE}), frozenset())


# --- a bucket ---------------------------------------------------------------------------------------------------------


def test_nobody_deletes_shortens_or_writes_over_what_a_bucket_keeps(s3: Server, place: Where, safe: Safe) -> None:
    """Not with the keys of the service, not with those of the owner: that is what COMPLIANCE means."""
    Vault(Bucket(place)).deposit(Generated(LARGE), ONE, safe.wrapping, at=NOW)
    owner = s3.client()
    kept = owner.list_object_versions(Bucket=place.bucket)["Versions"]
    assert len(kept) == 5  # a key, three parts, a head
    for each in kept:
        named = {"Bucket": place.bucket, "Key": each["Key"], "VersionId": each["VersionId"]}
        sooner = {"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(minutes=1)}
        for act, more in (
            (owner.delete_object, {}),
            (owner.delete_object, {"BypassGovernanceRetention": True}),
            (owner.put_object_retention, {"Retention": sooner}),
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                act(**named, **more)
    owner.put_object(Bucket=place.bucket, Key=f"vault/{ONE}", Body=b"another version on top")
    before = {each["VersionId"] for each in kept}
    assert before < {each["VersionId"] for each in owner.list_object_versions(Bucket=place.bucket)["Versions"]}
    with pytest.raises(Tampered, match=ONE):
        list(Vault(Bucket(place)).read(ONE, safe.unwrap))


@pytest.mark.parametrize("mode", [None, "GOVERNANCE"])
def test_a_bucket_that_does_not_keep_is_refused_at_the_start(s3: Server, mode: str | None) -> None:
    with pytest.raises(Refused, match="default retention of mode COMPLIANCE"):
        locking.check(s3.bucket(mode))


def test_a_bucket_that_keeps_is_taken(place: Where) -> None:
    locking.check(place)
    with pytest.raises(Unreachable):
        locking.check(replace(place, bucket="no-such-bucket"))


@pytest.mark.parametrize("url", ["bucket", "https://bucket/x", "s3://", "s3:///x"])
def test_a_bucket_is_named_as_one(url: str) -> None:
    with pytest.raises(Unreadable, match="s3://BUCKET/PREFIX"):
        where(url)


def test_the_vault_of_a_home_may_be_a_bucket(tmp_path: Path, place: Where, safe: Safe) -> None:
    named = Settings(
        home=tmp_path / "home",
        vault=f"s3://{place.bucket}/other",
        vault_endpoint=place.endpoint,
        vault_key=KEY,
        vault_secret=SecretStr(SECRET),
    )
    assert SECRET not in repr(named)
    assert bucket_of(named) == replace(place, prefix="other")
    home = make(named, NOW)
    home.vault.deposit(io.BytesIO(b"a statement"), ONE, safe.wrapping, at=NOW)
    assert Bucket(replace(place, prefix="other")).names("") == [ONE]
    home.close()


# --- a bucket that is away --------------------------------------------------------------------------------------------


@contextmanager
def refusing(server: Server, times: int, *, seconds: float = 0) -> Iterator[str]:
    """What stands before a server and says "503, slow down", so many times and for so long, before it lets any pass."""
    left, host, until = [times], server.endpoint.removeprefix("http://"), time.monotonic() + seconds

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            left[0] -= 1
            away = left[0] >= 0 or time.monotonic() < until
            status, headers, answer = (503, [], b"") if away else self._asked(body)
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            length = dict(headers).get("Content-Length", "0") if self.command == "HEAD" else str(len(answer))
            self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(answer)

        def _asked(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            with closing(http.client.HTTPConnection(host)) as behind:
                behind.request(self.command, self.path, body, dict(self.headers))
                answer = behind.getresponse()
                return answer.status, answer.getheaders(), answer.read()

        do_GET = do_PUT = do_HEAD = do_POST = _pass  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as door:
        threading.Thread(target=door.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{door.server_address[1]}"
        door.shutdown()


def test_a_bucket_that_says_not_now_is_asked_again_and_nothing_is_lost(s3: Server, place: Where, safe: Safe) -> None:
    with refusing(s3, 6) as endpoint:
        vault = Vault(Bucket(replace(place, endpoint=endpoint)))
        seal = vault.deposit(Generated(LARGE), ONE, safe.wrapping, at=NOW)
    assert seal == Vault(Bucket(place)).examine(ONE, safe.unwrap, at=NOW)


def test_a_bucket_that_says_not_now_for_a_minute_loses_nothing(
    s3: Server, place: Where, safe: Safe, proving: bool
) -> None:
    """Issue 5: a 503 for a minute. `make prove` waits for the whole of it."""
    seconds = 60 if proving else 3
    began = time.monotonic()
    with refusing(s3, 0, seconds=seconds) as endpoint:
        seal = Vault(Bucket(replace(place, endpoint=endpoint))).deposit(Generated(LARGE), ONE, safe.wrapping, at=NOW)
    assert time.monotonic() - began >= seconds
    assert seal == Vault(Bucket(place)).examine(ONE, safe.unwrap, at=NOW)


def test_a_bucket_that_stays_away_is_one_clear_error_and_the_deposit_goes_on_later(
    s3: Server, place: Where, safe: Safe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "PATIENCE", timedelta(seconds=1))
    with refusing(s3, 10_000) as endpoint:
        away = Vault(Bucket(replace(place, endpoint=endpoint)))
        with pytest.raises(Unreachable, match="it goes on from there"):
            away.deposit(Generated(LARGE), ONE, safe.wrapping, at=NOW)
    assert Vault(Bucket(place)).deposit(Generated(LARGE), ONE, safe.wrapping, at=NOW).size == LARGE


@pytest.mark.parametrize("spoil", [lambda p: replace(p, secret="wrong"), lambda p: replace(p, bucket="no-such-bucket")])
def test_a_bucket_that_does_not_let_us_in_is_told_apart(place: Where, spoil: Callable[[Where], Where]) -> None:
    with pytest.raises((Refused, Unreachable, FileNotFoundError)) as refused:
        Bucket(spoil(place)).put("a", [b"x"])
    assert SECRET not in str(refused.value)


def test_memory_stays_flat_when_a_large_exhibit_goes_to_a_bucket(place: Where, safe: Safe, proving: bool) -> None:
    size, vault = (1024 if proving else 48) * CHUNK, Vault(Bucket(place))
    with memory_flat(100):
        vault.deposit(Generated(size), ONE, safe.wrapping, at=NOW)
