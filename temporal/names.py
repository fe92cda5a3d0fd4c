"""The names that both sides of the wire know: queues, and what the server may search for."""

from typing import Final

from temporalio.common import SearchAttributeKey

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
