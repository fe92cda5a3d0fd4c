"""Spans: one for each act, from whoever asked for it to what it made the activities do.

A span lasts as long as its act, never as long as a request: one over months would be exported when it ends. Temporal's
own spans stay off for the same reason. What a replay repeats is not told twice. A span carries the reference and the
deed's id, and no exception's text: that may quote what is sealed elsewhere.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio.contrib.opentelemetry import ReplaySafeTracerProvider, create_tracer_provider

_PROPAGATOR = TraceContextTextMapPropagator()


def provider() -> ReplaySafeTracerProvider:
    """This process's provider of tracers, made when it is first asked for. Without `export_to` spans go nowhere."""
    standing = trace.get_tracer_provider()
    if isinstance(standing, ReplaySafeTracerProvider):
        return standing
    made = create_tracer_provider(resource=Resource({"service.name": "comity"}))  # and not the host's name
    # The SDK's interceptor asks for a tracer at every call, also with its spans off: making one costs more than a span.
    made.get_tracer = cache(made.get_tracer)  # type: ignore[method-assign]
    trace.set_tracer_provider(made)
    return made


def export_to(endpoint: str) -> None:
    """Send spans there from now on, by OTLP over HTTP: the whole address, mostly ending in /v1/traces."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # it brings an HTTP client

    provider().add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))


@contextmanager
def command() -> Iterator[None]:
    """The span of one command as it was typed: the acts, papers and refusals that come of it belong to one trace."""
    with _span("command", {}, []):
        yield


@contextmanager
def act(name: str, *, reference: str, deed: str) -> Iterator[None]:
    """The span of one act, where it is asked for: all that is done for it belongs to its trace."""
    with _span(f"act {name}", {"request.reference": reference, "deed.id": deed}, []):
        yield


@contextmanager
def step(name: str, *, reference: str, after: Iterable[str | None] = ()) -> Iterator[None]:
    """The span of something done for an act: in an activity, or in workflow code, where it is silent on replay.

    `after` are traceparents of other acts that it has to do with: it links to each.
    """
    with _span(name, {"request.reference": reference}, [link for parent in after for link in _links(parent)]):
        yield


@contextmanager
def within(parent: str | None) -> Iterator[None]:
    """As part of the trace of this traceparent, whatever span is current; of none when it is None or unreadable.

    A task that begins in the block stays part of it. In workflow code the block holds no await.
    """
    token = context.attach(_PROPAGATOR.extract({"traceparent": parent or ""}, context=Context()))
    try:
        yield
    finally:
        context.detach(token)


def traceparent() -> str | None:
    """The current span as W3C Trace Context writes it, to be kept with what was done; None outside any span."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def trace_id() -> str | None:
    """The id of the trace that this belongs to (W3C, 32 hex digits); None outside any span."""
    span = trace.get_current_span().get_span_context()
    return trace.format_trace_id(span.trace_id) if span.is_valid else None


@contextmanager
def _span(name: str, attributes: dict[str, str], links: list[Link]) -> Iterator[None]:
    with (
        provider()
        .get_tracer("comity")
        .start_as_current_span(
            name, attributes=attributes, links=links, record_exception=False, set_status_on_exception=False
        ) as span,
        _failing_by_type_only(span),
    ):
        yield


@contextmanager
def _failing_by_type_only(span: Span) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise


def _links(before: str | None) -> list[Link]:
    if before is None:
        return []
    linked = trace.get_current_span(_PROPAGATOR.extract({"traceparent": before})).get_span_context()
    return [Link(linked)] if linked.is_valid else []
