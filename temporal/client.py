"""A client to the Temporal server, the queues it serves and what it may search for."""

from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from comity.errors import Unreachable
from comity.settings import Settings
from temporal.codec import Seals
from temporal.plugin import ComityPlugin

REQUESTS: Final = "requests"
"""The task queue of the workflow and of the record: what must be in order."""

NOTICES: Final = "notices"
"""The task queue of knocks: a slow mail relay holds up nothing else."""

TRANSFERS: Final = "transfers"
"""The task queue of packages that leave."""

STAGE = SearchAttributeKey.for_keyword("ComityStage")
URGENCY = SearchAttributeKey.for_keyword("ComityUrgency")
DIRECTION = SearchAttributeKey.for_keyword("ComityDirection")
REQUESTING = SearchAttributeKey.for_keyword("ComityRequesting")
REQUESTED = SearchAttributeKey.for_keyword("ComityRequested")

SEARCH_ATTRIBUTES = (STAGE, URGENCY, DIRECTION, REQUESTING, REQUESTED)
"""All that stands in the clear about a request, beside its reference and its instants (docs/trust.md)."""

IDENTITY: Final = "comity"
"""How every process of ours signs its calls: by no host name and no process id. Who did what stands in the deed."""

PATIENCE = timedelta(seconds=5)


async def connect(settings: Settings, keys: Seals) -> Client:
    """A client that seals every payload under `keys`, and speaks in the namespace of the settings.

    Raises Unreachable when no server answers within 5 seconds.
    """
    address = settings.temporal or f"127.0.0.1:{settings.temporal_port}"
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
