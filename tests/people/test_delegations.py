"""A role that is given to somebody else holds from one day to another, in their own time zone, and on no other day."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from comity.errors import NotYours, Unreadable
from comity.people import People
from comity.request.lifecycle import Role
from tests.people.test_people import FILE

GIVEN = 'delegations = [{ role = "reviewer", by = "rev", since = 2026-12-01, until = 2026-12-02 }]\n'
ZOE = FILE.replace('deputies = ["anna"]\n', f'deputies = ["anna"]\n{GIVEN}')


def at(path: Path, now: str, file: str = ZOE) -> People:
    """The people of a file, at an instant."""
    path.write_text(file)
    return People(path, lambda: datetime.fromisoformat(now).astimezone(UTC))


@pytest.mark.parametrize(("now", "holds"), [
    ("2026-11-30T14:59:59+00:00", False),
    ("2026-11-30T15:00:00+00:00", True),  # midnight in Tokyo
    ("2026-12-02T14:59:59+00:00", True),
    ("2026-12-02T15:00:00+00:00", False),
])  # fmt: skip
def test_a_delegation_holds_for_its_days_where_the_delegate_lives(tmp_path: Path, now: str, holds: bool) -> None:
    people = at(tmp_path / "people.toml", now)
    assert (Role.REVIEWER in people.roles_of("zoe")) == holds
    assert [person.id for person in people.holding(Role.REVIEWER)] == (["zoe", "rev"] if holds else ["rev"])
    if holds:
        people.may_act("zoe", Role.REVIEWER, on_behalf=False)
    else:
        with pytest.raises(NotYours, match="zoe does not hold the role 'reviewer'; held: duty officer, coordinator"):
            people.may_act("zoe", Role.REVIEWER, on_behalf=False)


@pytest.mark.parametrize(("was", "says", "fault"), [
    ('by = "rev"', 'by = "anna"', "'reviewer' is not anna's to delegate to them"),
    ('by = "rev"', 'by = "mallory"', "'reviewer' is not mallory's to delegate to them"),
    ('by = "rev"', 'by = "zoe"', "'reviewer' is not zoe's to delegate to them"),
    ("until = 2026-12-02", "until = 2026-11-02", "it ends on 2026-11-02, before it begins on 2026-12-01"),
    ('role = "reviewer"', 'role = "clock"', "no person holds the role 'clock'"),
])  # fmt: skip
def test_a_delegation_that_cannot_be_is_refused(tmp_path: Path, was: str, says: str, fault: str) -> None:
    """What is delegated is the giver's own: a role that was only lent to them is not theirs to give."""
    path = tmp_path / "people.toml"
    path.write_text(ZOE.replace(was, says))
    with pytest.raises(Unreadable, match=fault):
        People.load(path)
