"""The wire against a real server: sealed from end to end, one trace an act, and nothing lost while a key is away."""

import asyncio
import io
import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowHistory, WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker
from temporalio.workflow import NondeterminismError
from ulid import ULID

from comity.errors import KeyGone, Tampered, Unreachable
from comity.keys.request_keys import KeyClass
from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Particulars
from temporal import logs, tracing
from temporal.plugin import ComityPlugin
from tests.serving import KeysInMemory, another_client, time_skipping
from tests.temporal.careless import Careless
from tests.temporal.halted import Halted
from tests.temporal.steps import Steps, record

MARKER = "Marker Person, account 4711"


@pytest.fixture(scope="module")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    async with time_skipping() as started:
        yield started


def deed(words: str, reason: str = "") -> Deed:
    return Deed(
        id=str(ULID()),
        act=Act.NOTE,
        person="anna",
        role=Role.COORDINATOR,
        particulars=Particulars(words=words, reason=reason),
    )


def worker(client: Client, queue: str) -> Worker:
    """Without a cache every task of a workflow is a replay of all before it."""
    return Worker(client, task_queue=queue, workflows=[Steps], activities=[record], max_cached_workflows=0)


async def started(client: Client, wanted: int) -> tuple[WorkflowHandle[Steps, list[str]], str]:
    queue = uuid4().hex
    return await client.start_workflow(Steps.run, wanted, id=f"request/{ULID()}", task_queue=queue), queue


async def stored(client: Client, handle: WorkflowHandle[Steps, list[str]]) -> bytes:
    """The history as the server has it."""
    execution = WorkflowExecution(workflow_id=handle.id)
    request = GetWorkflowExecutionHistoryRequest(namespace=client.namespace, execution=execution)
    return (await client.workflow_service.get_workflow_execution_history(request)).SerializeToString()


class KeysThatGoAway(KeysInMemory):
    """Keys whose store can be down."""

    def __init__(self) -> None:
        self.away: Exception | None = None
        self.missed = threading.Event()

    def open(self, owner: str, key_class: KeyClass, sealed: bytes, context: str) -> bytes:
        if self.away is not None:
            self.missed.set()
            raise self.away
        return super().open(owner, key_class, sealed, context)


async def test_no_word_of_a_request_stands_in_its_history_and_it_replays_with_the_keys(
    env: WorkflowEnvironment,
) -> None:
    handle, queue = await started(env.client, 2)
    async with worker(env.client, queue):
        assert await handle.execute_update(Steps.act, deed(MARKER)) == MARKER
        with pytest.raises(WorkflowUpdateFailedError) as failed:
            await handle.execute_update(Steps.act, deed(MARKER, reason=MARKER))
        assert str(failed.value.cause) == MARKER
        assert await handle.result() == [MARKER, MARKER]
    assert MARKER.encode() not in await stored(env.client, handle)
    history = await handle.fetch_history()
    assert isinstance(history, WorkflowHistory)
    await Replayer(workflows=[Steps], plugins=[ComityPlugin(KeysInMemory())]).replay_workflow(history)


@pytest.mark.parametrize("away", [Unreachable("the database does not answer"), KeyGone("destroyed"), Tampered("cut")])
async def test_an_act_waits_while_a_key_is_away_and_nothing_is_lost(env: WorkflowEnvironment, away: Exception) -> None:
    keys = KeysThatGoAway()
    handle, queue = await started(env.client, 2)
    async with worker(await another_client(env, keys), queue):
        await handle.execute_update(Steps.act, deed("first"))
        keys.away = away
        second = asyncio.ensure_future(handle.execute_update(Steps.act, deed("second")))
        await asyncio.to_thread(keys.missed.wait)
        assert not second.done()
        keys.away = None
        assert await second == "second"
        assert await handle.result() == ["first", "second"]


async def test_workflow_code_that_asks_the_machine_for_the_time_is_stopped(env: WorkflowEnvironment) -> None:
    queue = uuid4().hex
    async with Worker(
        env.client, task_queue=queue, workflows=[Careless], workflow_failure_exception_types=[NondeterminismError]
    ):
        with pytest.raises(WorkflowFailureError) as failed:
            await env.client.execute_workflow(Careless.run, id=uuid4().hex, task_queue=queue)
    assert "Cannot access time.time" in str(failed.value.cause)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.provider().add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


async def test_an_act_is_one_trace_from_its_caller_to_its_activities_and_none_is_told_twice(
    env: WorkflowEnvironment, spans: InMemorySpanExporter
) -> None:
    handle, queue = await started(env.client, 3)
    reference = handle.id.partition("/")[2]
    async with worker(env.client, queue):
        for words in ("one", "two", "three"):
            done = deed(words)
            with tracing.act("note", reference=reference, deed=done.id):
                await handle.execute_update(Steps.act, done)
        await handle.result()
    found = spans.get_finished_spans()
    acts = [span for span in found if span.name == "act note"]
    assert sorted(span.name for span in found) == ["act note"] * 3 + ["apply"] * 3 + ["record"] * 3
    assert len({span.context.span_id for span in found}) == 9
    assert len({span.context.trace_id for span in found}) == 3
    for span in acts:
        [applied] = [other for other in found if parent_of(other) == span.context.span_id]
        [recorded] = [other for other in found if parent_of(other) == applied.context.span_id]
        assert (applied.name, recorded.name) == ("apply", "record")
    assert acts[0].attributes is not None
    assert acts[0].attributes["request.reference"] == reference


async def test_a_failed_act_names_its_error_and_none_of_its_words(spans: InMemorySpanExporter) -> None:
    with pytest.raises(Unreachable), tracing.act("note", reference="01JA", deed="01JB"):
        raise Unreachable(MARKER)
    [span] = spans.get_finished_spans()
    assert span.status.description == "Unreachable"
    assert MARKER not in span.to_json()
    assert dict(span.resource.attributes) == {"service.name": "comity"}


class Collector(BaseHTTPRequestHandler):
    """Takes what an exporter sends."""

    taken: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        self.taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


EXPORTER = """
import sys
from temporal import tracing
tracing.export_to(sys.argv[1])
with tracing.act("note", reference="01JA", deed="01JB"):
    pass
tracing.provider().shutdown()
"""


async def test_spans_leave_by_otlp_over_http_and_name_no_host() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/v1/traces"
        exporting = await asyncio.create_subprocess_exec(sys.executable, "-c", EXPORTER, address)
        assert await exporting.wait() == 0
        server.shutdown()
    [(path, body)] = Collector.taken
    assert path == "/v1/traces"
    assert b"request.reference" in body
    host = socket.gethostname().encode()
    assert b"host.name" not in body
    assert bytes((0x0A, len(host))) + host not in body, "as protobuf spells a text; two letters alone may stand there"


async def test_an_unreadable_link_is_left_out(spans: InMemorySpanExporter) -> None:
    with tracing.step("record", reference="01JA", after=[None, "nonsense"]):
        pass
    [span] = spans.get_finished_spans()
    assert span.links == ()


async def test_a_replay_is_silent_in_the_log(env: WorkflowEnvironment) -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    logs.configure(stream)
    handle, queue = await started(env.client, 2)
    async with worker(env.client, queue):
        for words in ("one", "two"):
            await handle.execute_update(Steps.act, deed(words))
        await handle.result()
    root.handlers, root.level = handlers, level
    assert stream.getvalue().count('"applied"') == 2


async def test_a_machine_that_halts_for_longer_than_the_sdk_waits_interrupts_no_workflow(
    env: WorkflowEnvironment,
) -> None:
    """What is interrupted may never be let go of: the request would stand still as long as its worker lives."""
    client, queue = await another_client(env, KeysInMemory()), uuid4().hex
    async with Worker(client, task_queue=queue, workflows=[Halted]):
        handle = await client.start_workflow(Halted.run, id=f"request/{ULID()}", task_queue=queue)
        async with asyncio.timeout(30):
            assert await handle.result() == "went on"
    kinds = [event.WhichOneof("attributes") async for event in handle.fetch_history_events()]
    assert "workflow_task_failed_event_attributes" not in kinds
