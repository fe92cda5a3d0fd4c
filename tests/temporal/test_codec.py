"""Payloads: sealed under the key of their own request, and opened nowhere else."""

import asyncio
import base64
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import ActivitySerializationContext, DataConverter, WorkflowSerializationContext
from temporalio.exceptions import ApplicationError

from comity.errors import Tampered
from comity.keys.request_keys import KeyClass
from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, DutyNamed, PoliceTookIt, Urgency, UrgencySet
from temporal.codec import ENCODING, Place, SealingCodec, converter, place_of
from tests.serving import KeysInMemory

ONE = "01JA0000000000000000000001"
TWO = "01JA0000000000000000000002"
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"words"')


def codec(workflow_id: str) -> SealingCodec:
    return SealingCodec(KeysInMemory()).with_context(WorkflowSerializationContext("comity", workflow_id))


async def sealed(workflow_id: str, payload: Payload = PLAIN) -> Payload:
    [found] = await codec(workflow_id).encode([payload])
    return found


@pytest.mark.parametrize(
    ("workflow_id", "place"),
    [
        (f"request/{ONE}", Place(ONE, KeyClass.CONTENT, f"request/{ONE}")),
        (f"transfer/{ONE}/P1", Place(ONE, KeyClass.CONTENT, f"transfer/{ONE}/P1")),
        *(
            (other, Place("service", KeyClass.RECORD, "service"))
            for other in (
                *(
                    "sweep",
                    f"retention/{ONE}",
                    "",
                    None,
                    f"request/{ONE}/x",
                    f"request/{ONE[:-1]}",
                    f"request/{ONE.lower()}",
                ),
                *(
                    f"transfer/{ONE}",
                    f"transfer/{ONE}/",
                    f"transfer/{ONE}/P1/x",
                    f"x-request/{ONE}",
                    f"request/{ONE}\n",
                ),
            )
        ),
    ],
)
def test_the_workflow_id_names_the_key(workflow_id: str | None, place: Place) -> None:
    assert place_of(workflow_id) == place


@given(payload=st.builds(Payload, metadata=st.dictionaries(st.text(), st.binary()), data=st.binary()))
def test_every_payload_comes_back_as_it_was_and_shows_nothing(payload: Payload) -> None:
    there = asyncio.run(sealed(f"request/{ONE}", payload))
    assert dict(there.metadata) == {"encoding": ENCODING, "key": ONE.encode(), "workflow": f"request/{ONE}".encode()}
    assert asyncio.run(codec(f"request/{ONE}").decode([there])) == [payload]


async def test_a_payload_that_was_sealed_years_ago_still_opens() -> None:
    """Its exact form is a promise to every open request."""
    metadata = {"encoding": b"binary/comity", "key": ONE.encode(), "workflow": f"request/{ONE}".encode()}
    data = base64.b64decode("AVyqfD0o9lntpUtlM+X5x5tjSYuQkNN/TbaBZkiLrRkOeOs3alJ3jYnC0OT+H5ssdeB5VByJrXQ50p/co+Q=")
    assert await codec(f"request/{ONE}").decode([Payload(metadata=metadata, data=data)]) == [PLAIN]


async def test_a_payload_in_the_clear_is_refused() -> None:
    for payload in (PLAIN, Payload(), Payload(metadata={"encoding": b"binary/encrypted"}, data=b"x")):
        with pytest.raises(Tampered, match="in the clear"):
            await codec(f"request/{ONE}").decode([payload])


@pytest.mark.parametrize("elsewhere", [f"request/{TWO}", f"transfer/{ONE}/P1", "sweep"])
async def test_a_payload_copied_from_elsewhere_is_refused(elsewhere: str) -> None:
    with pytest.raises(Tampered, match="another workflow"):
        await codec(f"request/{ONE}").decode([await sealed(elsewhere)])


async def test_a_payload_that_was_renamed_to_fit_is_refused() -> None:
    """The name in the metadata chooses the key; the seal says whether it is true."""
    copied = await sealed(f"request/{TWO}")
    copied.metadata["key"] = ONE.encode()
    with pytest.raises(Tampered, match="another workflow"):
        await codec(f"request/{ONE}").decode([copied])
    copied.metadata["workflow"] = f"request/{ONE}".encode()
    with pytest.raises(Tampered, match="do not open here"):
        await codec(f"request/{ONE}").decode([copied])
    within = await sealed(f"transfer/{ONE}/P1")
    within.metadata["workflow"] = f"request/{ONE}".encode()
    with pytest.raises(Tampered, match="do not open here"):
        await codec(f"request/{ONE}").decode([within])


@given(at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_no_bit_of_a_payload_can_be_turned(at: int, bit: int) -> None:
    there = asyncio.run(sealed(f"request/{ONE}"))
    data = bytearray(there.data)
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(Tampered):
        asyncio.run(codec(f"request/{ONE}").decode([Payload(metadata=there.metadata, data=bytes(data))]))


async def test_what_belongs_to_the_service_opens_under_any_id_of_its_own() -> None:
    """A schedule's payloads are sealed under the prefix of the id that they are opened under."""
    assert await codec("sweep-2026-03-01T00:00:00Z").decode([await sealed("sweep")]) == [PLAIN]


async def test_where_the_wire_does_not_say_whose_it_is_the_payload_does() -> None:
    assert await SealingCodec(KeysInMemory()).decode([await sealed(f"request/{ONE}")]) == [PLAIN]
    [own] = await SealingCodec(KeysInMemory()).encode([PLAIN])
    assert own.metadata["workflow"] == b"service"


async def test_an_activity_shares_the_place_of_its_workflow() -> None:
    context = ActivitySerializationContext(
        namespace="comity",
        activity_id="1",
        activity_type="record",
        activity_task_queue="requests",
        workflow_id=f"request/{ONE}",
        workflow_type="Request",
        is_local=False,
    )
    there = SealingCodec(KeysInMemory()).with_context(context)
    assert await there.decode([await sealed(f"request/{ONE}")]) == [PLAIN]


async def test_a_key_that_is_slow_to_come_does_not_hold_up_the_event_loop() -> None:
    asked, answer = threading.Event(), threading.Event()

    class SlowKeys(KeysInMemory):
        def remembers(self, owner: str, key_class: KeyClass) -> bool:  # noqa: ARG002 - the same for all
            return False

        def seal(self, owner: str, key_class: KeyClass, plain: bytes, context: str) -> bytes:
            asked.set()
            answer.wait()
            return super().seal(owner, key_class, plain, context)

    sealing = asyncio.ensure_future(SealingCodec(SlowKeys()).encode([PLAIN]))
    await asyncio.to_thread(asked.wait)
    assert not sealing.done()
    answer.set()
    assert len(await sealing) == 1


async def test_keys_that_are_at_hand_are_used_where_the_event_loop_runs() -> None:
    """A thread for each payload costs seven times what sealing it does (measured: 155 µs against 21 µs)."""
    used_in = set()

    class NearKeys(KeysInMemory):
        def seal(self, owner: str, key_class: KeyClass, plain: bytes, context: str) -> bytes:
            used_in.add(threading.current_thread())
            return super().seal(owner, key_class, plain, context)

    await SealingCodec(NearKeys()).encode([PLAIN])
    assert used_in == {threading.current_thread()}


def travelling() -> DataConverter:
    return converter(KeysInMemory()).with_context(WorkflowSerializationContext("comity", f"request/{ONE}"))


@pytest.mark.parametrize(
    ("act", "particulars"),
    [
        (Act.ASSESS_URGENCY, UrgencySet(urgency=Urgency.P0, reason="a reason")),
        (Act.ACKNOWLEDGE_ESCALATION, DutyNamed(duty="M1/decide")),
        (Act.POLICE_TOOK_IT, PoliceTookIt(name="A Person", function="duty", number="112")),
    ],
)
async def test_a_deed_arrives_with_its_particulars(act: Act, particulars: DutyNamed) -> None:
    deed = Deed(
        id=ONE,
        act=act,
        person="anna",
        role=Role.COORDINATOR,
        happened=datetime(2026, 3, 1, tzinfo=UTC),
        particulars=particulars,
    )
    [there] = await travelling().encode([deed])
    assert b"anna" not in there.SerializeToString()
    [back] = await travelling().decode([there], [Deed])
    assert back == deed
    assert type(back.particulars) is type(particulars)


async def test_what_was_never_set_is_not_sent() -> None:
    deed = Deed(id=ONE, act=Act.NOTE, person="anna", role=Role.COORDINATOR)
    [plain] = travelling().payload_converter.to_payloads([deed])
    assert (
        plain.data == f'{{"id":"{ONE}","act":"note","person":"anna","role":"coordinator","particulars":{{}}}}'.encode()
    )


async def test_a_failure_shows_its_type_only() -> None:
    failure = Failure()
    try:
        raise ApplicationError("a marker", "another marker", type="Stale") from ValueError("a third marker")
    except ApplicationError as error:
        await travelling().encode_failure(error, failure)
    assert b"marker" not in failure.SerializeToString()
    back = await travelling().decode_failure(failure)
    assert isinstance(back, ApplicationError)
    assert (back.message, back.details, back.type) == ("a marker", ("another marker",), "Stale")
