"""Recorded lives are lived again by the code of today: the same commands, and the same state at the end of each run.

A replay alone would not do: it compares the shape of commands, not what was asked of an activity, for how long a timer
was set, nor what the request became (seen by running: a changed argument replays).
"""

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    Replayer,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from comity.request import fold
from comity.request.model import Event, Request, canonical
from temporal.plugin import ComityPlugin
from tests.histories import beside
from tests.histories.lives import CARRIED, LIVES, NIGHT, OVERFULL, TURNED
from tests.serving import KeysInMemory
from workflows.request import RequestLife
from workflows.retention import Retention
from workflows.sweep import Sweep
from workflows.transfer import Transfer

_FOLDER = Path(__file__).parent / "recorded"
RECORDED = {path.stem: json.loads(path.read_text()) for path in _FOLDER.glob("*.json")}
BESIDE = {path.stem: json.loads(path.read_text()) for path in (_FOLDER / beside.FOLDER).glob("*.json")}


class Witness(Interceptor):
    """Keeps the state in which each run of a request ends, however it ends; of any run, what it gives back."""

    def __init__(self) -> None:
        self.states: list[Any] = []
        self.given: list[Any] = []

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002, ARG002 - the SDK's name
    ) -> type[WorkflowInboundInterceptor]:
        """An interceptor that tells this witness."""
        states, given = self.states, self.given

        class Telling(WorkflowInboundInterceptor):
            async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
                try:
                    given.append(await super().execute_workflow(input))
                    return given[-1]
                finally:
                    if workflow.info().workflow_type == "Request":
                        life: RequestLife = workflow.instance()
                        states.append(json.loads(canonical(life._request)))

        return Telling


CAME_LATER = {"measures": ("stops",)}
"""Fields of parts that came after the lives were recorded, of which a recorded state says nothing."""


async def replayed(run: dict[str, Any], workflow_id: str) -> Any:
    """The state in which a run ends when it is lived again, without what no state said when it was recorded."""
    witness = Witness()
    replayer = Replayer(workflows=[RequestLife], plugins=[ComityPlugin(KeysInMemory())], interceptors=[witness])
    await replayer.replay_workflow(WorkflowHistory.from_json(workflow_id, run["history"]))
    [state] = witness.states
    for parts, fields in CAME_LATER.items():
        for field in fields:
            if not any(field in recorded for recorded in run["state"][parts]):
                for part in state[parts]:
                    part.pop(field, None)
    return state


@pytest.mark.parametrize("name", sorted(RECORDED))
async def test_a_recorded_life_is_lived_again_to_the_same_state(name: str) -> None:
    for run in RECORDED[name]["runs"]:
        assert await replayed(run, RECORDED[name]["workflow"]) == run["state"]


def test_every_life_is_recorded_and_one_of_them_continued_as_new() -> None:
    assert set(RECORDED) == {life.name for life in LIVES} | {NIGHT, OVERFULL, TURNED, CARRIED}
    assert len(RECORDED["continued"]["runs"]) > 1


def test_one_life_rang_on_a_full_page_before_that_was_turned_first_and_one_since() -> None:
    """Only the second says so in its history, by the mark of a change of the workflow."""
    lengths = [len(run["history"]["events"]) for run in RECORDED[OVERFULL]["runs"]]
    assert max(lengths) > 4 * 60, "it was to be far longer than the server suggested"
    assert not _marks(OVERFULL)
    assert _marks(TURNED)


def _marks(name: str) -> list[Any]:
    events = [event for run in RECORDED[name]["runs"] for event in run["history"]["events"]]
    marked = [
        event["markerRecordedEventAttributes"]["markerName"] for event in events if "markerRecorded" in str(event)
    ]
    return [mark for mark in marked if mark == "core_patch"]


@pytest.mark.parametrize("name", beside.NAMES)
async def test_what_ran_beside_a_request_is_lived_again_to_the_same_end(name: str) -> None:
    """What still waited when it was recorded waits again."""
    recorded, witness = BESIDE[name], Witness()
    replayer = Replayer(
        workflows=[Transfer, Retention, Sweep], plugins=[ComityPlugin(KeysInMemory())], interceptors=[witness]
    )
    await replayer.replay_workflow(WorkflowHistory.from_json(recorded["workflow"], recorded["history"]))
    ended = "workflowExecutionCompletedEventAttributes" in recorded["history"]["events"][-1]
    assert witness.given == ([recorded["result"]] if ended else [])


async def test_code_that_comes_to_another_state_by_the_same_commands_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its replay raises nothing: that the states differ is all that tells."""
    real = fold.fold

    def careless(request: Request, event: Event) -> Request:
        return real(request, event).model_copy(update={"reminders": 7})

    monkeypatch.setattr(fold, "fold", careless)
    life = RECORDED["disputed"]
    [run] = life["runs"]
    state = await replayed(run, life["workflow"])
    assert state == run["state"] | {"reminders": 7}
