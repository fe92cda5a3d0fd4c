"""A real S3 server for tests (SeaweedFS, from its wheel), and buckets in it that keep what is put in, or do not."""

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from comity.evidence.shelves import Where

KEY, SECRET = "only-in-tests", "nothing-to-hide"
_PORTS = (
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port",
    "s3.port.grpc", "admin.port", "admin.port.grpc",
)  # fmt: skip
_STARTS_WITHIN = 60.0
_DIES_WITH_PARENT = 1


@dataclass(frozen=True)
class Server:
    """A server that listens on loopback."""

    endpoint: str

    def client(self) -> Any:
        """boto3's own view of it: no library that comity reads or writes through."""
        once = Config(retries={"max_attempts": 1}, connect_timeout=2, read_timeout=10)
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=once,
        )

    def bucket(self, mode: str | None = "COMPLIANCE") -> Where:
        """A new bucket whose default retention is of that mode; None: it locks nothing."""
        name, client = f"b{secrets.token_hex(6)}", self.client()
        client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=mode is not None)
        if mode:
            rule = {"DefaultRetention": {"Mode": mode, "Days": 1}}
            lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
            client.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
        return Where(name, "vault", self.endpoint, "us-east-1", KEY, SECRET)


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server with its data in a folder. It ends with the block, and with this process."""
    ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
    weed = str(shutil.which("weed", path=Path(sys.executable).parent))
    words = [
        weed,
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-webdav=false",
        "-admin.ui=false",
        "-s3.autoCreateBucket=false",
    ]
    words += [f"-{name}={port}" for name, port in ports.items()]
    known = os.environ | {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, env=known, stdout=log, stderr=log, preexec_fn=end_with_parent)  # noqa: S603
    server = Server(f"http://127.0.0.1:{ports['s3.port']}")
    try:
        _until(lambda: server.client().list_buckets(), process)
        yield server
    finally:
        process.kill()
        process.wait()


def end_with_parent() -> None:
    """For a child to do first: it ends when this process does, however that ends."""
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)


def _free_ports(number: int) -> list[int]:
    held = [socket.socket() for _ in range(number)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def _until(asked: Callable[[], object], process: "subprocess.Popen[bytes]") -> None:
    """Ask until there is an answer."""
    end = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            asked()
        except (BotoCoreError, ClientError):
            assert process.poll() is None, "the S3 server ended"
            assert time.monotonic() < end, "the S3 server does not answer"
            time.sleep(0.1)
        else:
            return


def put_into(place: Where, recipients: Path, name: str) -> None:
    """Write the files by which packages for that recipient are put into a bucket."""
    (recipients / f"{name}.secret").write_text(f"{place.secret}\n")
    (recipients / f"{name}.secret").chmod(0o600)
    (recipients / f"{name}.toml").write_text(
        f'by = "s3"\nbucket = "s3://{place.bucket}/{place.prefix}"\nendpoint = "{place.endpoint}"\n'
        f'key = "{place.key}"\nsecret = "{name}.secret"\n'
    )
