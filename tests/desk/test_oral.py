"""A call at night: six fields open a request, everything else is asked, and nothing urgent waits."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from comity.errors import AlreadyKnown, NotYours, Objection, Unreadable
from comity.keys.request_keys import KeyClass
from comity.law.library import Law
from comity.register import reading, worklist
from comity.register.tables import FOREIGN_REFERENCE
from comity.register.worklist import Wanted
from comity.request.lifecycle import Act, Duty, Role, Status
from comity.request.model import Channel, Request, Urgency, Way
from desk.disclosing import Telling, disclose
from desk.oral import CALLER, SIX, Call, ask_for_missing, missing, next_commands, open_oral
from desk.tracing import Wanted as Trace
from desk.tracing import across
from tests.office import TOLD, Office, office
from tests.request.lives import SPOKEN, ulid

LAW = Law.load()
ON_DUTY = {"role": Role.DUTY_OFFICER}


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("oral")) as opened:
        yield opened


def call(person: str = "p-bob", urgency: str = "P0", **told: str) -> Call:
    """What Bob hears on the phone."""
    return Call(person, datetime.now(UTC), urgency, TOLD | told, anew=True)


async def opened(authority: Office, **told: str) -> Request:
    """A request that a call has opened, whatever was told before."""
    request = await open_oral(authority.counter, call(**told))
    authority.verified()
    return request


def owed(request: Request) -> set[str]:
    """The duties of the whole request."""
    return {duty.duty for duty in request.duties}


def references(authority: Office) -> set[str]:
    """All requests on record."""
    with authority.home.store.reading() as view:
        return {row.reference for row in worklist.page(view, Wanted(watched_and_closed=True), size=100)}


# --- what is opened ---------------------------------------------------------------------------------------------------


async def test_six_fields_open_a_request_of_the_highest_class_with_its_clocks(authority: Office) -> None:
    request = await opened(authority)
    assert (request.oral, request.urgency, request.requesting) == (True, Urgency.P0, "PT")
    assert [(m.kind, m.one_person) for m in request.measures] == [("expedited preservation", True)]
    assert {Duty.CONFIRM_IN_WRITING, Duty.TELL_POLICE, Duty.PROVISIONAL_ACT, Duty.ACKNOWLEDGE} <= owed(request)
    assert all(duty.reckoned and duty.next_at for duty in request.duties if duty.duty == Duty.CONFIRM_IN_WRITING)


async def test_every_field_that_was_not_told_is_a_question_and_none_that_was(authority: Office) -> None:
    asked = {question.field for question in (await opened(authority)).questions}
    assert {"own_reference", "legal_bases", "signature.name", "measures[0].data.provider"} <= asked
    assert asked.isdisjoint({"measures[0].data.account", "emergency.facts", "issuing_authority.name", "measures"})


async def test_who_called_stands_in_the_vault_and_nowhere_in_the_letter(authority: Office) -> None:
    request = await opened(authority)
    home, reference = authority.home, request.reference
    with home.store.reading() as view:
        letter = home.keys.open(reference, KeyClass.CONTENT, reading.document(view, reference, "letter"), "letter")
        sealed = reading.identity(view, reference, CALLER)
    assert TOLD["caller"].encode() not in letter
    assert TOLD["number"].encode() not in letter
    assert json.loads(home.keys.open(reference, KeyClass.VAULT, sealed, f"identity {CALLER}")) == {
        "family_name": TOLD["caller"], "contact": TOLD["number"],
    }  # fmt: skip


async def test_the_note_of_the_call_is_a_letter_of_the_file(authority: Office) -> None:
    request = await opened(authority)
    (note,) = request.letters
    assert (note.kind, note.way, note.channel) == ("call note", Way.IN, Channel.PHONE)


async def test_preservation_and_the_police_do_not_wait_for_the_sender_and_a_disclosure_does(authority: Office) -> None:
    reference = (await opened(authority)).reference
    await authority.do(reference, "p-bob", Act.ORDER_PROVISIONALLY, "M1", **ON_DUTY, **SPOKEN)
    await authority.do(
        reference, "p-bob", Act.POLICE_TOOK_IT, name="R. Sato", function="desk", number="+999 1", **ON_DUTY
    )
    telling = Telling(ulid(), "p-bob", "3 Example Street", "the caller", "+999 2", "the child is there")
    with pytest.raises(Objection, match="call back"):
        await disclose(authority.counter, reference, telling)
    await authority.do(reference, "p-bob", Act.VERIFY_SENDER, number="+999 2", **ON_DUTY)
    assert (await disclose(authority.counter, reference, telling)).status == Status.DISPATCHED


async def test_what_comes_next_is_what_is_not_done_yet(authority: Office) -> None:
    request = await opened(authority)
    acts = [command.split('"')[1] for command in next_commands(request)]
    assert acts == [
        Act.ORDER_PROVISIONALLY, Act.POLICE_TOOK_IT, Act.CHILD_PROTECTION_TOOK_IT, Act.VERIFY_SENDER,
    ]  # fmt: skip
    calm = await open_oral(authority.counter, call(urgency="P3", wanted="search and seizure", where="3 Example Street"))
    assert [command.split('"')[1] for command in next_commands(calm)] == [Act.VERIFY_SENDER]


@pytest.mark.parametrize(
    ("wanted", "path"),
    [("search and seizure", "search.place"), ("bank records", "bank.account"), ("freezing", "property.identification")],
)
async def test_the_place_stands_where_the_kind_of_measure_needs_it(authority: Office, wanted: str, path: str) -> None:
    asked = {question.field for question in (await opened(authority, wanted=wanted)).questions}
    assert f"measures[0].{path}" not in asked
    assert any(field and field.startswith("measures[0].") for field in asked)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"caller": "  "}, "--caller: something must be said"),
        ({"authority": "Polícia Judiciária"}, "begins with the code of its State"),
        ({"authority": "PT"}, "begins with the code of its State"),
        ({"wanted": "telepathy"}, "--wanted: a kind of measure, or its number"),
        ({"wanted": "0"}, "--wanted: a kind of measure, or its number"),
        ({"number": "+999\x07"}, "--number: at most 500 characters are taken, none of control"),
        ({"urgency": "P9"}, "--urgency: there is no class of that name; there are P0"),
    ],
)
async def test_a_field_that_cannot_be_taken_registers_nothing(
    authority: Office, wrong: dict[str, str], says: str
) -> None:
    before = references(authority)
    with pytest.raises(Unreadable, match=says):
        await open_oral(authority.counter, call(**wrong))
    assert references(authority) == before


async def test_only_who_takes_calls_opens_a_request_by_voice(authority: Office) -> None:
    with pytest.raises(NotYours, match="p-dan does not hold a role that may do this"):
        await open_oral(authority.counter, call("p-dan"))


# --- what is told again -----------------------------------------------------------------------------------------------


def first(**told: str) -> Call:
    """A call from a number and about a place that nobody has named before."""
    return replace(call(number=f"+999 21 {ulid()}", where=f"{ulid()}@nuage.example", **told), anew=False)


def again(call: Call, **changed: Any) -> Call:
    """The same call a minute later, but for what was changed."""
    later = {"received": call.received + timedelta(minutes=1), "told": call.told | changed.pop("told", {})}
    return replace(call, **(later | changed))


OTHER = {"number": "+999 1 22 33", "where": "somewhere else"}


@pytest.mark.parametrize("same", ["number", "where"])
async def test_what_is_told_twice_within_a_day_is_refused_with_our_reference(authority: Office, same: str) -> None:
    """A hurried officer says it twice: two requests would have two ladders, and half of the deeds each."""
    told = first()
    reference = (await open_oral(authority.counter, told)).reference
    before = references(authority)
    spelled = {same: f" {told.told[same].upper()}  ", "authority": "pt  POLÍCIA judiciária", "caller": "somebody else"}
    with pytest.raises(AlreadyKnown, match=f"it is {reference}.*say --anew"):
        await open_oral(authority.counter, again(told, told=OTHER | spelled))
    assert references(authority) == before
    assert [line.act for line in across(authority.home, Trace(what="attempt"))][-1] == "submit"


async def test_a_number_is_the_same_however_it_is_written(authority: Office) -> None:
    told = first()
    await open_oral(authority.counter, told)
    spelled = told.told["number"].replace(" ", "-")
    with pytest.raises(AlreadyKnown):
        await open_oral(authority.counter, again(told, told=OTHER | {"number": spelled}))


@pytest.mark.parametrize(
    "changed",
    [
        {"anew": True},
        {"told": {"authority": "PT Ministério Público"}},
        {"told": {"authority": "FR Police judiciaire"}},
        {"told": {"number": "+999 1 44 55", "where": "yet another place"}},
    ],
)
async def test_another_case_another_authority_and_another_number_and_place_are_opened(
    authority: Office, changed: dict[str, Any]
) -> None:
    told = first()
    one = await open_oral(authority.counter, told)
    other = await open_oral(authority.counter, again(told, **changed))
    assert one.reference != other.reference


async def test_after_a_day_the_same_is_another_case(authority: Office) -> None:
    told = replace(first(), received=datetime.now(UTC) - timedelta(hours=24, minutes=1))
    await open_oral(authority.counter, told)
    assert await open_oral(authority.counter, replace(told, received=datetime.now(UTC)))


async def test_by_what_a_call_is_known_again_does_not_stand_in_the_clear(authority: Office) -> None:
    told = first()
    reference = (await open_oral(authority.counter, told)).reference
    with authority.home.store.reading() as view:
        query = sa.select(FOREIGN_REFERENCE.c.index).where(FOREIGN_REFERENCE.c.reference == reference)
        kept = view.execute(query).scalars().all()
    assert len(kept) == 2
    assert all(re.fullmatch("[0-9a-f]{64}", index) for index in kept)


# --- what is asked ----------------------------------------------------------------------------------------------------


class Terminal:
    """Answers what is asked for, line by line; a line that is an error is raised."""

    def __init__(self, *lines: str | type[BaseException]) -> None:
        self.lines = list(lines)
        self.said: list[str] = []

    def typed(self) -> str:
        """The next line."""
        line = self.lines.pop(0)
        if isinstance(line, str):
            return line
        raise line

    def asked(self, **told: str) -> dict[str, str]:
        """What was told in the end."""
        return ask_for_missing(told, LAW, self.typed, self.said.append)


def test_what_is_missing_is_asked_for_each_with_a_line_of_help() -> None:
    terminal = Terminal(*list(TOLD.values())[:-1], "1")
    assert terminal.asked() == TOLD
    for field in SIX:
        assert f"{field.asks}? ({field.hint})" in terminal.said
    assert any(line.startswith("  1  expedited preservation") for line in terminal.said)


def test_what_was_told_as_an_option_is_not_asked_again() -> None:
    told = {name: text for name, text in TOLD.items() if name != "number"}
    terminal = Terminal(TOLD["number"])
    assert terminal.asked(**told) == TOLD
    assert missing(told) == ["number"]


def test_an_empty_or_wrong_answer_is_asked_again_and_nothing_typed_is_lost() -> None:
    terminal = Terminal("", "Lisbon police", "PT Polícia Judiciária")
    told = {name: text for name, text in TOLD.items() if name != "authority"}
    assert terminal.asked(**told) == TOLD
    assert sum("begins with the code" in line for line in terminal.said) == 1
    assert sum("something must be said" in line for line in terminal.said) == 1


def test_what_was_typed_before_it_broke_off_is_known() -> None:
    told: dict[str, str] = {}
    with pytest.raises(KeyboardInterrupt):
        ask_for_missing(told, LAW, Terminal(TOLD["caller"], KeyboardInterrupt).typed, lambda _: None)
    assert told == {"caller": TOLD["caller"]}


def test_what_one_officer_may_order_alone_is_offered_first() -> None:
    terminal = Terminal("1")
    terminal.asked(**{name: text for name, text in TOLD.items() if name != "wanted"})
    offered = [line for line in terminal.said if line[:3].strip().isdigit()]
    alone = ["alone at night" in line for line in offered]
    assert alone == sorted(alone, reverse=True)
    assert len(offered) == len(LAW.kinds)
