"""The request that must follow a preservation: the case as it was written, the preservation named, the rest empty."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from comity.law.library import Law
from comity.request.following import OF_THE_CASE, TO_FILL_IN, Preserved, follow_up, to_be_filled_in
from comity.request.gaps import gaps
from comity.request.letter import Letter
from comity.request.reading import read
from tests.request.letters import NOON, STATES, example, letter
from tests.request.lives import REFERENCE

LAW = Law.load()
UNTIL = datetime(2026, 12, 20, 23, 59, tzinfo=UTC)
KEPT = Preserved(REFERENCE, "M1", "budapest", UNTIL)
TRAFFIC = "production of traffic data"
BEFORE = example("p0-livestream-announced")


def follows(told: Letter = BEFORE, preserved: Preserved = KEPT) -> Letter:
    return follow_up(told, preserved, TRAFFIC)


def test_the_case_stays_as_it_was_written_and_what_only_they_can_say_is_empty() -> None:
    found, plain = follows(), to_be_filled_in(follows())
    assert all(getattr(found, name) == getattr(BEFORE, name) for name in OF_THE_CASE)
    assert {name for name, value in plain.items() if value is None} == set(TO_FILL_IN)
    assert (found.emergency, found.deadline, found.attachments) == (None, None, ())


def test_it_names_the_earlier_request_by_both_numbers_and_the_preservation_with_its_end() -> None:
    found = follows()
    assert (found.foreign_references[0], found.earlier_requests) == (REFERENCE, (BEFORE.own_reference,))
    [asked], [before] = found.measures, BEFORE.measures[:1]
    assert asked.data
    assert before.data
    assert (asked.kind, asked.person, asked.grounds_for_belief) == (TRAFFIC, "suspect-1", before.grounds_for_belief)
    assert (asked.data.provider, asked.data.account) == (before.data.provider, before.data.account)
    assert (asked.data.starts_at, asked.data.ends_at) == (before.data.starts_at, before.data.ends_at)
    assert asked.data.preservation
    assert (asked.data.preservation.reference, asked.data.preservation.expires_at) == (f"{REFERENCE} M1", UNTIL)
    assert (asked.data.intends_request, asked.necessity) == (None, None)


@pytest.mark.parametrize(("until", "expires"), [(UNTIL, UNTIL), (None, datetime(2026, 11, 27, 22, 59, 59, tzinfo=UTC))])
def test_a_preservation_keeps_the_reference_that_it_has_and_the_end_that_stands_on_record(
    until: datetime | None, expires: datetime
) -> None:
    found = follows(example("p1d-preservation-lapsing"), Preserved(REFERENCE, "M1", "budapest", until))
    assert found.measures[0].data
    preservation = found.measures[0].data.preservation
    assert preservation
    assert (preservation.reference, preservation.expires_at) == ("24/7-LU-2026-0377", expires)


def test_it_is_read_again_and_lacks_only_what_they_fill_in() -> None:
    """Truth protected: what is printed is a request, and `comity check` says what is still to be written."""
    told = read(json.dumps(to_be_filled_in(follows())).encode(), STATES)
    assert told == follows()
    assert [lack.field for lack in gaps(told, LAW, NOON)] == [
        "own_reference",
        "purpose",
        "languages.written_in",
        "signature.name",
        "signature.signed_at",
        "transmission.channel",
        "legal_bases[0].article",
        "measures[0].necessity",
    ]


@pytest.mark.parametrize(
    ("fields", "preserved"),
    [
        ({}, Preserved(REFERENCE, "M2", "none", None)),
        ({"measures": [{}]}, KEPT),
        ({"foreign_references": ["A"] * 100, "earlier_requests": ["B"] * 100, "own_reference": "C"}, KEPT),
    ],
    ids=["a measure that was added", "one without particulars", "as many numbers as a letter holds"],
)
def test_of_whatever_letter_it_is_one_that_can_be_read(fields: dict[str, Any], preserved: Preserved) -> None:
    found = follows(letter(**fields), preserved)
    assert read(json.dumps(to_be_filled_in(found)).encode(), STATES) == found
    assert found.foreign_references[0] == REFERENCE
    assert [basis.instrument for basis in found.legal_bases] == [
        key for key in (preserved.instrument,) if key != "none"
    ]
