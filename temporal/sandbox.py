"""Where workflow code runs: `workflows` is loaded anew for each run, what it stands on is passed through."""

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext, WorkflowSerializationContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

PASSED_THROUGH = (
    "comity",
    "activities",
    "temporal.names",
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
    "opentelemetry",
    "structlog",
)
"""Modules that are not loaded again for each run. That `comity.request` reads no clock is a promise of tests/house."""


class OwnPayloads(WorkflowInstance):
    """A workflow in the sandbox, all of whose payloads are its own: it has no children and signals nobody.

    The SDK asks for the context of every payload, several times, and asks it inside the sandbox: that was 13 % of the
    worker's time. A child's payload would be sealed for its parent, and refused where it is opened.
    """

    def __init__(self, inside: WorkflowInstance, details: WorkflowInstanceDetails) -> None:
        self._inside = inside
        self._context = WorkflowSerializationContext(details.info.namespace, details.info.workflow_id)
        self._target = StorageDriverStoreContext(target=None)

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """As the sandbox does it."""
        return self._inside.activate(act)

    def get_serialization_context(self, command_info: object) -> SerializationContext:  # noqa: ARG002
        """The workflow's own, whatever the command."""
        return self._context

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:  # noqa: ARG002
        """None is used."""
        return self._target

    def get_info(self) -> Info:
        """As the sandbox knows it."""
        return self._inside.get_info()

    def get_thread_id(self) -> int | None:
        """As the sandbox knows it."""
        return self._inside.get_thread_id()


class Runner(SandboxedWorkflowRunner):
    """The SDK's sandbox, told once whose payloads they are."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """One workflow in its sandbox."""
        return OwnPayloads(super().create_instance(det), det)


def runner() -> SandboxedWorkflowRunner:
    """The sandbox that every worker and every replay runs workflows in."""
    return Runner(SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
