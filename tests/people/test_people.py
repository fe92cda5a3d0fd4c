"""People: who holds which role is what the file says, now."""

import os
from pathlib import Path

import pytest

from comity.errors import NotYours, Unreadable
from comity.people import People
from comity.request.lifecycle import OUTSIDE, Role

FILE = """
[people.zoe]
roles = ["duty officer", "coordinator"]
unit = "night"
time_zone = "Asia/Tokyo"
mail = "zoe@authority.example"
deputies = ["anna"]
os_user = "z"

[people.anna]
roles = ["coordinator"]
unit = "north"
time_zone = "Europe/Berlin"
mail = "anna@authority.example"

[people.rev]
roles = ["reviewer"]
unit = "north"
time_zone = "Europe/Berlin"
mail = "rev@authority.example"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "people.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def people(path: Path) -> People:
    return People.load(path)


def test_a_person_is_found_by_id_and_by_account(people: People) -> None:
    assert people.of("zoe").deputies == ("anna",)
    assert people.of_os_user("z") == people.of("zoe")
    assert str(people.of("zoe").zone) == "Asia/Tokyo"


def test_who_holds_a_role_comes_in_the_order_of_the_file(people: People) -> None:
    assert [person.id for person in people.holding(Role.COORDINATOR)] == ["zoe", "anna"]
    assert people.holding(Role.HEAD_OF_UNIT) == ()


def test_nobody_is_let_in_who_is_not_in_the_file(people: People) -> None:
    with pytest.raises(NotYours, match=r"people\.toml"):
        people.of("mallory")
    with pytest.raises(NotYours, match="os_user"):
        people.of_os_user("mallory")
    with pytest.raises(NotYours, match=r"people\.toml"):
        people.may_act("mallory", Role.COORDINATOR, on_behalf=True)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("id_", ["zoe", "anna", "rev"])
def test_on_behalf_opens_the_roles_outside_only_and_only_to_who_enters_for_others(
    people: People, id_: str, role: Role
) -> None:
    held = role in people.of(id_).roles
    entered = role in OUTSIDE and id_ != "rev"
    for on_behalf, may in ((False, held), (True, held or entered)):
        if may:
            people.may_act(id_, role, on_behalf=on_behalf)
        else:
            with pytest.raises(NotYours, match=r"does not hold the role .*; held: "):
                people.may_act(id_, role, on_behalf=on_behalf)


def test_who_enters_an_act_of_somebody_outside_has_its_paper_in_hand_as_themselves(people: People) -> None:
    """Truth protected: custody says of no coordinator that they are the court."""
    assert people.in_hand("zoe", Role.COURT) == Role.DUTY_OFFICER
    assert people.in_hand("zoe", Role.COORDINATOR) == Role.COORDINATOR


def test_a_refusal_says_which_roles_are_held(people: People) -> None:
    with pytest.raises(NotYours) as refused:
        people.may_act("zoe", Role.COURT, on_behalf=False)
    assert str(refused.value) == (
        "zoe does not hold the role 'court'; held: duty officer, coordinator;"
        " a coordinator or duty officer may enter it on behalf of court, with what proves it"
    )


def test_a_changed_file_holds_without_a_restart(people: People, path: Path) -> None:
    assert people.of("rev").roles == (Role.REVIEWER,)
    path.write_text(FILE.replace('["reviewer"]', '["decider"]'))
    assert people.of("rev").roles == (Role.DECIDER,)
    people.may_act("rev", Role.DECIDER, on_behalf=False)


def test_a_file_that_became_unreadable_closes_the_door_but_silences_no_alarm(people: People, path: Path) -> None:
    path.write_text("[people")
    for _ in range(2):
        with pytest.raises(Unreadable, match=r"people\.toml: not TOML"):
            people.may_act("anna", Role.COORDINATOR, on_behalf=False)
    assert [person.id for person in people.holding(Role.COORDINATOR)] == ["zoe", "anna"]
    path.unlink()
    with pytest.raises(Unreadable, match="COMITY_HOME"):
        people.of("anna")
    assert people.holding(Role.REVIEWER)
    path.write_text(FILE)
    assert people.of("anna")


@pytest.mark.parametrize(
    ("was", "now", "fault"),
    [
        ('"reviewer"', '"revewer"', "people.rev.roles.0: Input should be 'coordinator'"),
        ('"reviewer"', '"clock"', "people.rev.roles.0: no person holds the role 'clock'"),
        ('["reviewer"]', "[]", "people.rev.roles: "),
        ("Asia/Tokyo", "Asia/Edo", "people.zoe.time_zone: no such time zone"),
        (
            "zoe@authority.example",
            "zoe@a\\nBcc:x@y.example",
            "people.zoe.mail: not one plain mail address",
        ),
        (
            "zoe@authority.example",
            "Zoe <zoe@authority.example>",
            "people.zoe.mail: not one plain mail address",
        ),
        ('unit = "night"\n', "", "people.zoe.unit: is missing"),
        ('unit = "night"', 'unit = "night"\nsalary = 1', "people.zoe.salary: is no key here"),
        ('["anna"]', '["nobody"]', "people: no table for these deputies: nobody"),
        ('mail = "rev', 'os_user = "z"\nmail = "rev', "people: two people have the same os_user"),
        ("[people.rev]", "[people.Rév]", "people.toml: not TOML"),
        ("[people.rev]", "[people.Rev]", "people.Rev.id: "),
        ("[people.rev]", "[persons.rev]", "persons: is no key here"),
    ],
)
def test_a_fault_is_named_by_its_table_and_never_quotes_an_address(path: Path, was: str, now: str, fault: str) -> None:
    assert was in FILE
    path.write_text(FILE.replace(was, now))
    with pytest.raises(Unreadable) as refused:
        People.load(path)
    assert str(refused.value).startswith(fault)
    assert "@" not in str(refused.value)


def test_a_file_of_another_shape_is_refused(path: Path) -> None:
    path.write_text("people = 3")
    with pytest.raises(Unreadable, match=r"^people: "):
        People.load(path)
    path.write_text("[people]\nanna = 3")
    with pytest.raises(Unreadable, match=r"^people\.anna: "):
        People.load(path)


def test_the_file_is_read_only_when_it_changed(people: People, path: Path) -> None:
    known = people.of("anna")
    assert people.of("anna") is known
    os.utime(path)
    assert people.of("anna") is not known
