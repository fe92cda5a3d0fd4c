"""A mail relay for as long as a benchmark runs: it takes every mail and keeps none."""

import asyncio
from multiprocessing.connection import Connection

from aiosmtpd.smtp import SMTP, Envelope, Session


class _Taking:
    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802 - its name
        return "250 taken"


def relay(told: Connection) -> None:
    """Listen on a port of loopback, which is told first, until anything is sent."""
    asyncio.run(_listen(told))


async def _listen(told: Connection) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(_Taking()), "127.0.0.1", 0)
    async with server:
        told.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(told.recv)
