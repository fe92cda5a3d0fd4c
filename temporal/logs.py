"""The log: one JSON object a line on stderr, silent on replay, without the words of any exception.

An exception's text may quote what is sealed elsewhere, and Temporal's own log prints such texts. So our log and the
standard library's go through the same processors: of an exception they keep its type and place, and those it came from.
"""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger
from temporalio import workflow

OURS = ("activities", "comity", "desk", "temporal", "worker", "workflows")
"""Whose plain lines are logged; of libraries only warnings: what they say beside may quote an address or a URL."""


def configure(stream: TextIO = sys.stderr) -> None:
    """Log to `stream` from now on. Callers bind `reference` and `deed` with structlog.contextvars, and never a name."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _with_span,
        _type_and_place,
    ]
    handler = logging.StreamHandler(stream)
    handler.addFilter(_is_new)
    handler.setFormatter(_as_json(shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _as_json(foreign: list[Processor]) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=foreign,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )


def _is_new(_record: logging.LogRecord) -> bool:
    """Whether this is said for the first time: a replay says again what was said."""
    return not (workflow.in_workflow() and workflow.unsafe.is_replaying_history_events())


def _with_span(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = trace.format_trace_id(span.trace_id)
        event["span_id"] = trace.format_span_id(span.span_id)
    return event


def _type_and_place(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put types and places for the exception that is told of, and take its words out of the line beside it."""
    told = _told(event.pop("exc_info", None))
    line = str(event.get("event", ""))
    for error in _chain(told or sys.exception()):
        if str(error):
            line = line.replace(str(error), type(error).__name__)
    event["event"] = line
    if told is not None:
        event["error"] = [{"type": type(error).__name__, "at": _place(error)} for error in _chain(told)]
    return event


def _told(exc_info: object) -> BaseException | None:
    """The exception behind whatever a logger was given as exc_info."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return sys.exception() if exc_info else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _place(error: BaseException) -> str:
    """The innermost frame: file, line and function."""
    step = error.__traceback__
    if step is None:
        return "not raised"
    while step.tb_next is not None:
        step = step.tb_next
    code = step.tb_frame.f_code
    return f"{Path(code.co_filename).name}:{step.tb_lineno} {code.co_name}"
