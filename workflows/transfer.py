"""One package leaving: written, brought to its recipient, again and again until it is, then reported to its request."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from ulid import ULID

    from activities.evidence import Departure, EvidenceRoom, Report
    from activities.sending import Sender
    from comity.request.model import BY_WIRE

# A folder that is full or away is tried again for as long as it takes; the request's own clock tells people.
DELIVERING: workflow.ActivityConfig = {
    "start_to_close_timeout": timedelta(hours=12),
    "heartbeat_timeout": timedelta(seconds=20),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=15)),
}
# A server that is away, and a file of ours that a person must mend, are tried again for as long as it takes. A worker
# that dies is noticed within the heartbeat's time-out.
SENDING: workflow.ActivityConfig = {
    "start_to_close_timeout": timedelta(hours=24),
    "heartbeat_timeout": timedelta(seconds=20),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=15)),
}
REPORTING: workflow.ActivityConfig = {
    "start_to_close_timeout": timedelta(seconds=60),
    "retry_policy": RetryPolicy(maximum_interval=timedelta(seconds=30)),
}


@workflow.defn(name="Transfer")
class Transfer:
    """Carries one package on one attempt; id `transfer/<ulid>/<package>-<attempt>`."""

    @workflow.run
    async def run(self, departure: Departure) -> str:
        """Write it, bring it where it is taken, report that through the request's door. Returns the outcome."""
        outcome = await workflow.execute_activity_method(EvidenceRoom.deliver, departure, **DELIVERING)
        if departure.channel in BY_WIRE:
            outcome = await workflow.execute_activity_method(Sender.send, departure, **SENDING)
        deed = str(ULID.from_bytes(workflow.uuid4().bytes))
        report = Report(departure=departure, deed=deed, outcome=outcome)
        await workflow.execute_activity_method(EvidenceRoom.report, report, **REPORTING)
        return outcome
