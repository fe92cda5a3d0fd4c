"""Spans: one for each act, from whoever asked for it to what it made the activities do.

A span lasts as long as its act, never as long as a request: one over months would be exported when it ends. Temporal's
own spans stay off for the same reason. What a replay repeats is not told twice.
"""

from opentelemetry import trace
from temporalio.contrib.opentelemetry import ReplaySafeTracerProvider, create_tracer_provider


def provider() -> ReplaySafeTracerProvider:
    """This process's provider of tracers, made when it is first asked for."""
    standing = trace.get_tracer_provider()
    if isinstance(standing, ReplaySafeTracerProvider):
        return standing
    made = create_tracer_provider()
    trace.set_tracer_provider(made)
    return made
