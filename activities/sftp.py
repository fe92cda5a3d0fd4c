"""SFTP: a package is put into a folder of its recipient's server, under a name of its own, whole or not at all.

It goes up as NAME.part and gets its name last. What a try left behind is read back and compared with what we have: the
next one goes on behind it, or begins anew where it differs. The host key is the one that is kept here, and no other.
"""

import asyncio
import posixpath
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import asyncssh
from asyncssh import SFTPClient

from activities.parcels import PIECE, Parcel, Sent
from comity.destinations import Recipients, Sftp
from comity.errors import Refused, Unreachable, Unreadable

_KINDS = ("ssh-", "ecdsa-", "sk-")
_PATIENCE = {"connect_timeout": 30, "login_timeout": 60, "keepalive_interval": 15, "keepalive_count_max": 3}
_WITHOUT_AMBIENT = {"config": None, "agent_path": None, "preferred_auth": "publickey", "gss_host": None}
"""Nothing of the account that the worker happens to run under counts: no ~/.ssh, no agent."""


def bring(to: Sftp, recipients: Recipients, parcel: Parcel, sent: Sent) -> None:
    """Put the parcel where that server's folder is. Safe to repeat.

    Raises Unreachable for what may pass by itself, Refused and Unreadable for what a person must mend.
    """
    host_keys = _host_keys(recipients.public(to.host_key).read_text(errors="replace"))
    ours = str(recipients.secret(to.key))
    asyncio.run(_bring(to, (host_keys, ours), parcel, sent))


def _host_keys(text: str) -> list[asyncssh.SSHKey]:
    """The keys in a file, one a line, with or without the host's name before it."""
    lines = (line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    try:
        return [asyncssh.import_public_key(" ".join(_from_kind(words))) for words in lines]
    except asyncssh.KeyImportError:
        raise Unreadable("the file with the SFTP server's host key holds none; write what ssh-keyscan prints") from None


def _from_kind(words: list[str]) -> list[str]:
    at = next((number for number, word in enumerate(words) if word.startswith(_KINDS)), 0)
    return words[at : at + 2]


async def _bring(to: Sftp, keys: tuple[list[asyncssh.SSHKey], str], parcel: Parcel, sent: Sent) -> None:
    async with _told(), _connected(to, keys) as server:
        final = posixpath.join(to.folder, parcel.name)
        if await _lies_there(server, final, parcel, sent):
            return
        await _upload(server, f"{final}.part", parcel, sent)
        await server.rename(f"{final}.part", final)  # last: what has the name is whole; a taken name is refused


@asynccontextmanager
async def _connected(to: Sftp, keys: tuple[list[asyncssh.SSHKey], str]) -> AsyncIterator[SFTPClient]:
    host_keys, ours = keys
    named = {"username": to.user, "known_hosts": (host_keys, [], []), "client_keys": [ours]}
    async with (
        asyncssh.connect(to.host, to.port, **named, **_PATIENCE, **_WITHOUT_AMBIENT) as connection,
        connection.start_sftp_client() as server,
    ):
        yield server


async def _lies_there(server: SFTPClient, name: str, parcel: Parcel, sent: Sent) -> bool:
    """Whether the whole parcel has the name already: a try before this one took effect, and nobody was told.

    Raises Refused when something else has it.
    """
    size = await _size(server, name)
    if size is None:
        return False
    if size != parcel.size or await _alike(server, name, parcel, sent) != size:
        raise Refused("another file has this package's name at its recipient's; recall it, then dispatch it again")
    return True


async def _upload(server: SFTPClient, name: str, parcel: Parcel, sent: Sent) -> None:
    size = await _size(server, name)
    stands = size is not None and size <= parcel.size and await _alike(server, name, parcel, sent) == size
    at = size or 0 if stands else 0
    async with server.open(name, "r+b" if stands else "wb") as file:
        for piece in parcel.pieces(at):
            await file.write(piece, at)
            at += len(piece)
            sent(at)
        await _flushed(file)
    if await _size(server, name) != parcel.size:
        raise Unreachable("the SFTP server has not kept all that it was sent; the next try compares and goes on")


async def _flushed(file: asyncssh.SFTPClientFile) -> None:
    """On the far disk, where the server knows how to be asked for that."""
    try:
        await file.fsync()
    except asyncssh.SFTPOpUnsupported:
        return


async def _size(server: SFTPClient, name: str) -> int | None:
    try:
        return (await server.stat(name)).size
    except asyncssh.SFTPNoSuchFile:
        return None


async def _alike(server: SFTPClient, name: str, parcel: Parcel, sent: Sent) -> int:
    """How many bytes from the beginning on are the same there and here."""
    at = 0
    async with server.open(name, "rb") as file:
        for piece in parcel.pieces():
            found = cast("bytes", await file.read(PIECE, at))
            if found != piece[: len(found)]:
                return at
            at += len(found)
            sent(at)
            if len(found) < len(piece):
                return at
    return at


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    """Every failure as one error that names no host, account, folder or file."""
    try:
        yield
    except asyncssh.HostKeyNotVerifiable:
        raise Refused(
            "the SFTP server does not show the host key that is kept for it, and was sent nothing;"
            " ask its owner by another way which key is right"
        ) from None
    except (asyncssh.PermissionDenied, asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise Refused("the SFTP server does not take our key; give its owner the public part of it") from None
    except asyncssh.SFTPPermissionDenied:
        raise Refused("the SFTP server does not let us read and write in its folder; ask its owner") from None
    except asyncssh.SFTPNoSuchFile:
        raise Refused("there is no such folder on the SFTP server; ask its owner, or mend `folder`") from None
    except (OSError, asyncssh.Error):
        raise Unreachable("the SFTP server does not answer, or broke off; it is tried again by itself") from None
