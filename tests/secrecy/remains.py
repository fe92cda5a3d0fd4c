"""What an installation still has of a request: every ciphertext, every key that opens, and every byte of every file."""

from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from comity.errors import KeyGone, Tampered
from comity.home import Home
from comity.keys import envelope, request_keys, ring
from comity.keys.request_keys import KeyClass
from comity.store import METADATA, Store

_SHORTEST = 29
"""Bytes of a sealed value that holds nothing: form, nonce, tag."""


async def ciphertexts(home: Home, address: str, namespace: str) -> dict[str, list[bytes]]:
    """By where it stands: every sealed value of the database, payload of a history, file of the vault."""
    client = await Client.connect(address, namespace=namespace)
    histories = [data async for each in client.list_workflows() for data in await _payloads(client, each)]
    files = [path.read_bytes() for path in (home.folder / "vault").rglob("*") if path.is_file()]
    return {"database": [*_columns(home)], "histories": histories, "vault": files}


def _columns(home: Home) -> Iterator[bytes]:
    with home.store.reading() as view:
        for table in METADATA.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, sa.LargeBinary):
                    yield from (bytes(value) for value in view.execute(sa.select(column)).scalars() if value)


async def _payloads(client: Client, workflow: Any) -> Any:
    history = await client.get_workflow_handle(workflow.id, run_id=workflow.run_id).fetch_history()
    return [data for event in history.events for data in _data(event)]


def _data(message: Any) -> Iterator[bytes]:
    if isinstance(message, Payload):
        yield message.data
        return
    for _, value in message.ListFields():
        yield from (data for each in _inner(value) if isinstance(each, Message) for data in _data(each))


def _inner(value: Any) -> Iterator[Any]:
    """What one field of a message holds: a message, several, or several by name."""
    if isinstance(value, Message):
        yield value
    elif hasattr(value, "values"):
        yield from value.values()
    elif not isinstance(value, str | bytes | int | float):
        yield from value


def keys_left(home: Home, but: Iterable[tuple[str, KeyClass]] = ()) -> dict[tuple[str, KeyClass], bytes]:
    """Each key that the ring still opens, by owner and class."""
    held, table = ring.load(home.ring_path), request_keys.TABLE
    with home.store.reading() as view:
        rows = view.execute(sa.select(table).where(table.c.wrapped.is_not(None))).all()
    names = {(row.owner, KeyClass(row.key_class)): row for row in rows}
    return {name: held.unwrap(row.ring_key, row.wrapped, *name) for name, row in names.items() if name not in set(but)}


def wrapped_keys(home: Home, owners: Iterable[str]) -> dict[tuple[str, KeyClass], tuple[str, bytes]]:
    """The keys of these owners as they stand: the ring key, and the wrapped bytes."""
    places = [(owner, key_class) for owner in owners for key_class in KeyClass]
    with home.store.reading() as view:
        return {place: request_keys.wrapped(view, *place) for place in places}


def opened(key: bytes, sealed: bytes) -> bytes:
    """What a key makes of a sealed value, whatever it was bound to: GCM's own stream, its tag not asked."""
    if len(sealed) < _SHORTEST:
        return b""
    stream = Cipher(AES(key), CTR(sealed[1:13] + (2).to_bytes(4, "big"))).decryptor()
    return stream.update(sealed[13:])


def tells(keys: Iterable[bytes], sealed: Iterable[bytes], secret: bytes) -> list[bytes]:
    """What around a secret can be read of all that is sealed, with any of these keys or with none."""
    plain = [text for each in sealed for text in (each, *(opened(key, each) for key in keys))]
    return [text[max(0, at - 20) : at + 120] for text in plain if (at := text.find(secret)) >= 0]


def still_opens(home: Home, wrapped: tuple[str, bytes], place: tuple[str, KeyClass]) -> bool:
    """Whether any key on the ring opens a wrapped key that somebody has kept."""
    held = ring.load(home.ring_path)
    for key in held.keys.values():
        try:
            envelope.unseal(bytes.fromhex(key), wrapped[1], *place)
        except (Tampered, KeyGone):
            continue
        return True
    return False


def holding(folder: Path, secrets: Iterable[bytes], *, but: Container[Path] = ()) -> set[str]:
    """The files below a folder that hold one of these, by the first part of their path; those of some not looked at."""
    wanted = list(secrets)
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent not in but]
    found = [path for path in files if _holds(_bytes(path), wanted)]
    return {path.relative_to(folder).parts[0] for path in found}


def _holds(content: bytes, secrets: Iterable[bytes]) -> bool:
    return any(secret in content for secret in secrets)


def postgres_folder(store: Store) -> Path:
    """Where the server of a database keeps all of it, once what it has in memory is written."""
    with store.reading() as view:
        folder = Path(view.execute(sa.text("show data_directory")).scalar_one())
    engine = sa.create_engine(store.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as alone:
        alone.execute(sa.text("checkpoint"))
    engine.dispose()
    return folder


def of_others(store: Store) -> set[Path]:
    """Where the same server keeps the databases of other tests."""
    with store.reading() as view:
        others = (
            view.execute(sa.text("select oid from pg_database where datname <> current_database()")).scalars().all()
        )
        folder = Path(view.execute(sa.text("show data_directory")).scalar_one())
        return {folder / "base" / str(oid) for oid in others}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # the database has let go of it meanwhile
        return b""
