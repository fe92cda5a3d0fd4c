"""Information without a request, over a real server: a child at risk that nobody has asked about, both ways."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ulid import ULID

from comity.request.lifecycle import Act, Duty, Role, Status
from comity.request.model import Direction, Urgency
from desk.lettering import Said, lettered
from desk.oral import Call, next_commands, open_oral
from tests.office import TOLD, Office, letter, of_today, office
from tests.request.lives import SPOKEN

TAKEN = {"name": "Ana Exemplo", "function": "on duty", "number": "+999 26 555 0120"}
NIGHT = {"role": Role.DUTY_OFFICER}


def information(**fields: Any) -> bytes:
    """The example, under a number of its own."""
    told = of_today("information-of-a-child-at-risk")
    return json.dumps(told | {"own_reference": str(ULID())} | fields).encode()


async def write(authority: Office, reference: str, kind: str) -> str:
    """A letter of that kind, as it goes into the file."""
    written = await lettered(authority.counter, reference, "p-anna", Said(kind=kind))
    return " ".join((written.text or "").split())


async def closed(authority: Office, reference: str) -> None:
    for act in (Act.CONCLUDE, Act.CLOSE):
        await authority.do(reference, "p-anna", act)
    assert (await authority.agreed(reference)).status == Status.CLOSED


async def test_what_is_given_to_us_of_a_child_rings_until_police_and_child_protection_have_it(tmp_path: Path) -> None:
    """Truth protected: that nobody asked for it makes it no less urgent."""
    async with office(tmp_path) as authority:
        reference = await authority.submit(information())
        request = await authority.reckoned(reference)
        assert (request.direction, request.urgency) == (Direction.GIVEN_TO_US, Urgency.P1)
        assert request.questions == ()
        calls = {f"request/{duty}" for duty in (Duty.TELL_POLICE, Duty.TELL_CHILD_PROTECTION)}
        for call in calls:
            owed = authority.owed(reference, call)
            assert owed is not None
            assert owed.next_at is not None
            await authority.forward_to(reference, owed.next_at)
            assert authority.rung(reference, call)
        await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
        await authority.do(reference, "p-bob", Act.POLICE_TOOK_IT, **NIGHT, **TAKEN)
        await authority.do(reference, "p-bob", Act.CHILD_PROTECTION_TOOK_IT, **NIGHT, **TAKEN)
        await authority.do(reference, "p-anna", Act.FORWARD, "M1", **SPOKEN)
        text = await write(authority, reference, "acknowledgement")
        assert "the information that you gave us without a request" in text
        assert "- for police and child protection; as evidence only after a request" in text
        await authority.do(reference, "p-anna", Act.ACKNOWLEDGE)
        assert authority.request(reference).duties == ()
        await closed(authority, reference)


async def test_what_we_give_at_night_is_ratified_in_the_morning(tmp_path: Path) -> None:
    async with office(tmp_path) as authority:
        reference = await authority.submit(information(requesting_state="LU", requested_state="PT"))
        request = await authority.reckoned(reference)
        assert (request.direction, request.other_state) == (Direction.GIVEN_BY_US, "PT")
        assert {"request/acknowledge", "request/report progress"} & {owed.key for owed in request.duties} == set()
        await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
        await authority.do(reference, "p-bob", Act.GIVE_AT_ONCE, "M1", **NIGHT, **SPOKEN)
        assert "M1/ratify" in {owed.key for owed in authority.request(reference).duties}
        text = await write(authority, reference, "information")
        assert "We give you information" in text
        assert "Parquet général, autorité centrale" in text
        assert "PJ 5521" not in text
        await authority.do(reference, "p-carla", Act.RATIFY, "M1")
        for act in (Act.POLICE_TOOK_IT, Act.CHILD_PROTECTION_TOOK_IT):
            await authority.do(reference, "p-bob", act, **NIGHT, **TAKEN)
        await closed(authority, reference)


async def test_what_we_give_by_day_is_granted_by_two_and_on_its_conditions(tmp_path: Path) -> None:
    async with office(tmp_path) as authority:
        told = {"emergency": None, "requesting_state": "LU", "requested_state": "PT"}
        reference = await authority.submit(information(**told))
        await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
        await authority.decide(reference, "M1", Act.GRANT)
        await authority.do(reference, "p-anna", Act.GIVE_INFORMATION, "M1", **SPOKEN)
        assert "the account is not to be told of our investigation" in await write(authority, reference, "information")
        await closed(authority, reference)


async def test_a_call_that_asks_for_nothing_is_information(tmp_path: Path) -> None:
    async with office(tmp_path) as authority:
        told = TOLD | {"wanted": "spontaneous information"}
        request = await open_oral(authority.counter, Call("p-bob", datetime.now(UTC), "P0", told))
        assert (request.direction, request.oral) == (Direction.GIVEN_TO_US, True)
        [pass_on, *calls] = next_commands(request)
        assert f'"{Act.FORWARD}" --part M1' in pass_on
        assert [Act.POLICE_TOOK_IT in calls[0], Act.CHILD_PROTECTION_TOOK_IT in calls[1]] == [True, True]
        await authority.do(request.reference, "p-bob", Act.FORWARD, "M1", **NIGHT, **SPOKEN)
        assert authority.request(request.reference).measures[0].status == Status.DONE


async def test_who_gave_what_we_decline_is_told_so(tmp_path: Path) -> None:
    async with office(tmp_path) as authority:
        reference = await authority.submit(information(emergency=None))
        await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
        await authority.do(reference, "p-eve", Act.DECLINE_INFORMATION, "M1", reason="it must be told to the defence")
        assert "M1/tell the outcome" in {owed.key for owed in authority.request(reference).duties}
        assert "We have not made use of it" in await write(authority, reference, "information declined")
        await authority.do(reference, "p-anna", Act.ACKNOWLEDGE)
        assert authority.request(reference).duties == ()


async def test_whoever_executes_is_told_the_minute_and_what_a_child_needs(tmp_path: Path) -> None:
    """Truth protected: a child is not heard a third time since nobody told the court of the first two."""
    at = "2027-01-12T05:00:00+00:00"
    child = {
        "token": "child-1", "role": "victim", "protected": True, "child": True, "interviews_so_far": 1,
        "special_measures": "heard once only, by a woman, with an interpreter for Portuguese",
    }  # fmt: skip
    sought = [{"kind": "bank records", "instrument": "untoc", "urgency": "P3", "execute_at": at}]
    async with office(tmp_path) as authority:
        reference = await authority.submit(letter("P3", measures=sought, persons=[child]))
        await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
        by = datetime(2027, 1, 10, 12, tzinfo=UTC)
        await authority.do(reference, "p-anna", Act.PLAN_SAFEGUARD, safeguard="referral", protects="child-1", by=by)
        await authority.do(reference, "p-anna", Act.RECORD_INTERVIEW, heard="child-1")
        await authority.decide(reference, "M1", Act.GRANT)
        await authority.do(reference, "p-anna", Act.ASSIGN, "M1")
        text = await write(authority, reference, "assignment")
        assert "at the same minute, 12 January 2027, 05:00 UTC, neither before nor after" in text
        assert "- child-1: a child, or to be treated as one; interviewed 2 times already" in text
        assert "needs: heard once only, by a woman, with an interpreter for Portuguese" in text
        assert "referral by 10 January 2027, 12:00 UTC" in text
