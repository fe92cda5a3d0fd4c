"""One trace an act: from who asked for it to the mail, in spans, log lines and the ledger alike."""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_trace_id

from comity.errors import Refused
from comity.request.lifecycle import Act, Role
from comity.request.model import Event
from desk.depositing import Intake, take_in, unwatched
from desk.tracing import trace
from temporal import logs, tracing
from tests.office import Office, letter, office, waited


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.provider().add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the worker says, a JSON object a line."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    logs.configure(stream)
    yield stream
    root.handlers, root.level = handlers, level


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        yield opened


def trace_of(span: ReadableSpan) -> str:
    return format_trace_id(span.context.trace_id)


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def by_act(authority: Office, reference: str) -> dict[Act, Event]:
    return {event.act: event for event in authority.events(reference)}


def recorded(log: io.StringIO) -> list[dict[str, Any]]:
    said = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in said if line["event"] == "recorded"]


async def test_from_the_command_to_the_mail_it_is_one_trace(authority: Office, spans: InMemorySpanExporter) -> None:
    """A request comes in; what its clock does about its duties at once belongs to the trace of that act."""
    reference = await authority.submit(letter("P0"))
    await waited(lambda: by_act(authority, reference), lambda found: Act.TOLD in found)
    found = by_act(authority, reference)
    [of_act] = {found[act].trace for act in (Act.RECEIVE, Act.RECKON, Act.RING, Act.TOLD)}
    own = [span for span in spans.get_finished_spans() if trace_of(span) == of_act]
    assert {span.name for span in own} == {"act receive", "door receive", "record", "ring", "tell"}
    assert [span.name for span in own if span.parent is None] == ["act receive"]
    inside = {span.context.span_id for span in named(spans, "ring")}
    assert all(span.parent is not None and span.parent.span_id in inside for span in named(spans, "tell"))


async def test_span_log_line_and_ledger_name_the_same_trace(
    authority: Office, spans: InMemorySpanExporter, log: io.StringIO
) -> None:
    reference = await authority.submit(letter("P3"))
    await authority.reckoned(reference)
    done = await authority.do(reference, "p-anna", Act.ACKNOWLEDGE)
    [asked], [door] = named(spans, "act acknowledge"), named(spans, "door acknowledge")
    [line] = [line for line in recorded(log) if done.deed in line["deeds"]]
    [told] = [line for line in trace(authority.home, reference) if line.act == Act.ACKNOWLEDGE]
    assert {trace_of(asked), trace_of(door), line["trace_id"]} == {told.trace}
    assert line["span_id"] in {f"{span.context.span_id:016x}" for span in named(spans, "record")}


async def test_what_one_command_seals_and_does_is_one_trace(
    authority: Office, tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    reference = await authority.submit(letter("P3"))
    (tmp_path / "found").write_bytes(b"harmless bytes")
    officer = ("M1", "p-dan", Role.EVIDENCE_OFFICER)
    with tracing.command():
        await take_in(authority.counter, Intake(tmp_path / "found", reference, *officer), unwatched)
    [typed] = named(spans, "command")
    lines = {line.kind: line.trace for line in trace(authority.home, reference) if line.person == "p-dan"}
    assert lines == {"custody": trace_of(typed), "deed": trace_of(typed)}


async def test_an_act_is_linked_to_the_act_before_it(authority: Office, spans: InMemorySpanExporter) -> None:
    reference = await authority.submit(letter("P3"))
    for act in (Act.ACKNOWLEDGE, Act.OPEN_REVIEW):
        await authority.do(reference, "p-anna", act)
    doors = [span for name in ("receive", "acknowledge", "open review") for span in named(spans, f"door {name}")]
    linked = [[link.context.span_id for link in span.links] for span in doors]
    assert linked == [[], [doors[0].context.span_id], [doors[1].context.span_id]]
    assert len({trace_of(span) for span in doors}) == 3


async def test_a_refused_act_has_its_trace_too(authority: Office, spans: InMemorySpanExporter) -> None:
    reference = await authority.submit(letter("P3"))
    with pytest.raises(Refused):
        await authority.do(reference, "p-anna", Act.CLOSE)
    [told] = [line for line in trace(authority.home, reference) if line.kind == "attempt"]
    [asked] = named(spans, "act close")
    assert told.trace == trace_of(asked)


async def test_what_is_owed_for_an_act_rings_in_its_trace_however_many_acts_and_runs_later(
    tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    async with office(tmp_path, continue_after=40) as authority:
        reference = await authority.submit(letter("P3"))
        first = (await authority.life(reference).describe()).run_id
        for number in range(12):
            await authority.do(reference, "p-anna", Act.NOTE, words=f"note {number}")
        assert (await authority.life(reference).describe()).run_id != first
        owed = authority.owed(reference, "request/acknowledge")
        assert owed is not None
        assert owed.next_at is not None
        await authority.forward_to(reference, owed.next_at)
        events = authority.events(reference)
        rung = {event.trace for event in events if event.act == Act.RING}
        assert rung == {events[0].trace}
        assert events[0].trace in {trace_of(span) for span in named(spans, "act receive")}
