"""What a custody entry must say."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from comity.evidence.custody import Action, CustodyEntry
from comity.request.lifecycle import Role
from comity.request.model import canonical

from .conftest import ONE

ENTRY = CustodyEntry(
    exhibit=ONE,
    action=Action.RECEIVED,
    person="ioana",
    role=Role.EVIDENCE_OFFICER,
    organisation="Central Authority, Evidence Unit",
    reason="came with the answer to M1",
    at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    zone="Europe/Bucharest",
    handed_by="court registry",
    handed_to="ioana",
    hash_before="ab" * 32,
    hash_after="ab" * 32,
)


def _with(**other: object) -> CustodyEntry:
    return CustodyEntry.model_validate({**ENTRY.model_dump(), **other})


def test_the_form_of_an_entry_is_a_promise() -> None:
    """Entries are hashed into the ledger: these bytes may never change."""
    same = "ab" * 32
    assert ENTRY.model_dump_json(exclude_none=True) == (
        '{"exhibit":"01JNBXS0000000000000000001","action":"received","person":"ioana","role":"evidence officer",'
        '"organisation":"Central Authority, Evidence Unit","reason":"came with the answer to M1",'
        '"at":"2026-03-02T09:30:00Z","zone":"Europe/Bucharest","handed_by":"court registry","handed_to":"ioana",'
        f'"hash_before":"{same}","hash_after":"{same}"}}'
    )


def test_what_came_later_is_left_out_where_it_is_not_said() -> None:
    """An entry of 0.1.0 has the bytes that it had: they are compared, and hashed."""
    said = _with(
        seal_number_before="S-1", seal_number_after="S-2", condition="screen cracked", signed=ONE, late="a strike"
    )
    added = set(json.loads(canonical(said))) - set(json.loads(canonical(ENTRY)))
    assert added == {"seal_number_before", "seal_number_after", "condition", "signed", "late"}
    assert "seal" not in canonical(ENTRY).decode()


@pytest.mark.parametrize("action", ["received", "moved", "released", "returned"])
@pytest.mark.parametrize("end", ["handed_by", "handed_to"])
def test_what_changes_hands_says_from_whom_to_whom(action: str, end: str) -> None:
    with pytest.raises(ValidationError, match="say both"):
        _with(action=action, **{end: None})


@pytest.mark.parametrize("action", ["collected", "sealed", "accessed", "analysed", "copied", "destroyed"])
def test_what_stays_in_one_hand_needs_no_other(action: str) -> None:
    assert _with(action=action, handed_by=None, handed_to=None).action == action


def test_sealing_states_the_hash() -> None:
    with pytest.raises(ValidationError, match="states the hash"):
        _with(action="sealed", hash_after=None)


def test_a_hash_that_changed_can_be_entered() -> None:
    """The entry that matters most is the one that records a difference: it must never be refused."""
    assert _with(action="accessed", hash_after="cd" * 32).hash_after != ENTRY.hash_before


@pytest.mark.parametrize("zone", ["Nowhere/Land", "", "../etc/passwd", "/etc/localtime"])
def test_a_zone_that_does_not_exist_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="no such time zone"):
        _with(zone=zone)


@pytest.mark.parametrize("field", ["reason", "organisation"])
def test_who_and_why_are_never_empty(field: str) -> None:
    with pytest.raises(ValidationError):
        _with(**{field: ""})


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        _with(at=datetime(2026, 3, 2, 9, 30))  # noqa: DTZ001


def test_instants_written_in_another_zone_are_the_same_entry() -> None:
    assert _with(at=datetime(2026, 3, 2, 11, 30, tzinfo=timezone(timedelta(hours=2)))) == ENTRY
