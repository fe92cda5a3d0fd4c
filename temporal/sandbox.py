"""Where workflow code runs: `workflows` is loaded anew for each run, what it stands on is passed through."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

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


def runner() -> SandboxedWorkflowRunner:
    """The sandbox that every worker and every replay runs workflows in."""
    return SandboxedWorkflowRunner(SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
