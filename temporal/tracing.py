"""Spans: one for each act, from whoever asked for it to what it made the activities do.

A span lasts as long as its act, never as long as a request: one over months would be exported when it ends. Temporal's
own spans stay off for the same reason. What a replay repeats is not told twice. A span carries the reference and the
deed's id, and no exception's text: that may quote what is sealed elsewhere.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache

from opentelemetry import trace
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
def act(name: str, *, reference: str, deed: str, before: str | None = None) -> Iterator[None]:
    """The span of one act. `before` is the traceparent of the act before on the same request, and is linked to."""
    attributes = {"request.reference": reference, "deed.id": deed}
    with _span(f"act {name}", attributes, _links(before)):
        yield


@contextmanager
def step(name: str, *, reference: str, after: Iterable[str | None] = ()) -> Iterator[None]:
    """The span of something done for an act: in an activity, or in workflow code, where it is silent on replay.

    `after` are traceparents of the acts that it is done for, where it is not done within one of them: it links to each.
    """
    with _span(name, {"request.reference": reference}, [link for parent in after for link in _links(parent)]):
        yield


def traceparent() -> str | None:
    """The current span as W3C Trace Context writes it, to be kept with what was done; None outside any span."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


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
    context = trace.get_current_span(_PROPAGATOR.extract({"traceparent": before})).get_span_context()
    return [Link(context)] if context.is_valid else []
