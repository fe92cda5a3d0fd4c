"""The log: JSON that can be joined with the trace, and no word of what was sealed."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from temporal import logs, tracing

SECRET = "Marker Person, account 4711"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    before = root.handlers, root.level
    logs.configure(stream)
    yield stream
    root.handlers, root.level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def said(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def fail() -> None:
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        raise ValueError(f"no such thing: {SECRET}") from error


def test_a_line_carries_what_the_caller_bound(lines: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(reference="01JA", deed="01JB")
    structlog.get_logger("desk").info("act refused", act="grant")
    [line] = said(lines)
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "act refused",
        "act": "grant",
        "reference": "01JA",
        "deed": "01JB",
        "level": "info",
        "logger": "desk",
    }


def test_of_libraries_only_warnings_are_logged(lines: io.StringIO) -> None:
    """An HTTP client tells each URL that it calls: it may be somebody's, and hold what opens it."""
    for name in ("httpx", "alembic", "temporalio", "desk.up", "worker"):
        logging.getLogger(name).info("plain")
        logging.getLogger(name).warning("grave")
    told = {(line["logger"], line["level"]) for line in said(lines)}
    graves = {(name, "warning") for name in ("httpx", "alembic", "temporalio", "desk.up", "worker")}
    assert told == graves | {("desk.up", "info"), ("worker", "info")}


def test_a_line_within_a_span_names_trace_and_span(lines: io.StringIO) -> None:
    with tracing.act("grant", reference="01JA", deed="01JB"):
        parent = tracing.traceparent()
        logging.getLogger("elsewhere").warning("slow")
    logging.getLogger("elsewhere").warning("outside")
    within, outside = said(lines)
    assert parent == f"00-{within['trace_id']}-{within['span_id']}-01"
    assert "trace_id" not in outside


@pytest.mark.parametrize("logger", [structlog.get_logger("ours"), logging.getLogger("temporalio.activity")])
def test_an_exception_is_its_type_and_place_and_never_its_words(lines: io.StringIO, logger: Any) -> None:
    try:
        fail()
    except ValueError as error:
        logger.exception("failed")
        logger.warning(f"original error: {error}")
        logger.warning(f"later: {error}", exc_info=error)
    assert SECRET not in lines.getvalue()
    first, second, third = said(lines)
    assert first["event"] == "failed"
    assert [error["type"] for error in first["error"]] == ["ValueError", "KeyError"]
    assert all(error["at"].startswith("test_logs.py:") and error["at"].endswith(" fail") for error in first["error"])
    assert second["event"] == "original error: ValueError"
    assert third["error"] == first["error"]


def test_an_exception_that_was_not_raised_has_no_place(lines: io.StringIO) -> None:
    logging.getLogger("x").error("odd", exc_info=ValueError(SECRET))
    structlog.get_logger("x").error("even", exc_info=(None, None, None))
    first, second = said(lines)
    assert first["error"] == [{"type": "ValueError", "at": "not raised"}]
    assert "error" not in second
