"""A client to the Temporal server, the queues it serves and what it may search for."""

from datetime import timedelta
from typing import Final

from temporalio.client import Client

from comity.errors import Unreachable
from comity.settings import Settings
from temporal.codec import Seals
from temporal.plugin import ComityPlugin

IDENTITY: Final = "comity"
"""How every process of ours signs its calls: by no host name and no process id. Who did what stands in the deed."""

PATIENCE = timedelta(seconds=5)


async def connect(settings: Settings, keys: Seals) -> Client:
    """A client that seals every payload under `keys`, and speaks in the namespace of the settings.

    Raises Unreachable when no server answers within 5 seconds.
    """
    address = settings.temporal_address
    try:
        return await Client.connect(
            address,
            namespace=settings.namespace,
            plugins=[ComityPlugin(keys)],
            identity=IDENTITY,
            connect_timeout=PATIENCE,
        )
    except (RuntimeError, TimeoutError) as error:
        raise Unreachable(
            f"no Temporal server answers at {address}; start one with `comity up`, or name yours in COMITY_TEMPORAL"
        ) from error
