"""Each rule of each instrument that sets a number, counted by hand."""

from datetime import datetime

import pytest

from comity.law.calendars import OfficeCalendar
from comity.law.library import Law
from comity.request.deadlines import NO_NUMBER, Rule, Start, end_of_period, length_of
from comity.request.lifecycle import Duty
from comity.request.model import Urgency

LAW = Law.load()
RULES: dict[str, Rule] = {rule.id: rule for read in LAW.instruments.values() for rule in read.rules}

COUNTED = [
    # rule                           zone                from                        until
    ("eio/acknowledge",              "Europe/Paris",     "2026-11-02T08:15:00Z",     "2026-11-09T22:59:59.999999Z"),
    ("eio/acknowledge",              "Europe/Sofia",     "2026-12-24T21:59:59Z",     "2026-12-31T21:59:59.999999Z"),
    ("eio/acknowledge",              "Europe/Sofia",     "2026-12-24T22:00:00Z",     "2027-01-01T21:59:59.999999Z"),
    ("eio/acknowledge again",        "Europe/Paris",     "2026-03-25T10:00:00Z",     "2026-04-01T21:59:59.999999Z"),
    ("eio/decide",                   "Europe/Paris",     "2026-03-01T10:00:00Z",     "2026-03-31T21:59:59.999999Z"),
    ("eio/decide",                   "Europe/Lisbon",    "2026-10-01T10:00:00Z",     "2026-10-31T23:59:59.999999Z"),
    ("eio/provisional measure",      "Europe/Paris",     "2026-03-28T12:00:00Z",     "2026-03-29T12:00:00Z"),
    ("eio/object to interception",   "Europe/Madrid",    "2026-10-23T12:00:00Z",     "2026-10-27T12:00:00Z"),
    ("eio/execute",                  "Europe/Berlin",    "2026-01-15T16:45:00Z",     "2026-04-15T21:59:59.999999Z"),
    ("budapest/preserve at least",   "America/New_York", "2026-03-01T17:00:00Z",     "2026-05-01T03:59:59.999999Z"),
    ("budapest/preserve at least",   "Asia/Tokyo",       "2026-03-01T17:00:00Z",     "2026-05-01T14:59:59.999999Z"),
    ("budapest/preserve at most",    "America/New_York", "2026-03-01T17:00:00Z",     "2026-05-31T03:59:59.999999Z"),
    ("cets224/give effect to an order", "Europe/Belgrade", "2026-02-01T09:00:00Z",   "2026-03-18T22:59:59.999999Z"),
    ("freezing/decide urgent",       "Europe/Paris",     "2026-10-24T12:00:00Z",     "2026-10-26T12:00:00Z"),
    ("freezing/execute urgent",      "Europe/Paris",     "2026-11-06T16:00:00Z",     "2026-11-08T16:00:00Z"),
    ("freezing/confiscation",        "Europe/Berlin",    "2026-02-01T09:00:00Z",     "2026-03-18T22:59:59.999999Z"),
    ("eevidence/object",             "Europe/Paris",     "2026-11-02T08:15:00Z",     "2026-11-12T22:59:59.999999Z"),
    ("eevidence/object in an emergency", "Europe/Paris", "2026-10-23T12:00:00Z",     "2026-10-27T12:00:00Z"),
    ("eevidence/enforce",            "Europe/Paris",     "2026-12-22T09:00:00Z",     "2026-12-30T22:59:59.999999Z"),
    ("eumla2000/interception",       "Europe/Madrid",    "2026-10-23T12:00:00Z",     "2026-10-27T12:00:00Z"),
    ("uncybercrime/preserve at least", "America/New_York", "2026-03-01T17:00:00Z",   "2026-05-01T03:59:59.999999Z"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "zone", "start", "due"), COUNTED)
def test_a_rule_counts_as_by_hand(rule: str, zone: str, start: str, due: str) -> None:
    """Weekends and holidays of the country move none of these ends: no rule of ours was read to say so."""
    calendar = OfficeCalendar.of("FR", zone)
    counted = end_of_period(datetime.fromisoformat(start), length_of(RULES[rule].length), calendar)
    assert counted == datetime.fromisoformat(due)
    assert not RULES[rule].ends_on_working_day


def test_every_rule_with_a_number_was_counted_by_hand() -> None:
    assert {rule for rule, *_ in COUNTED} == {rule.id for rule in RULES.values() if rule.length != NO_NUMBER}


@pytest.mark.parametrize(("rule", "duty", "starts", "length", "article", "verified"), [
    ("eio/acknowledge",            Duty.ACKNOWLEDGE,     Start.RECEIVED,     "1 week",   "16(1)", True),
    ("eio/acknowledge again",      Duty.ACKNOWLEDGE_ASSIGNMENT, Start.OPENED, "1 week",  "16(1)", True),
    ("eio/decide",                 Duty.DECIDE,          Start.RECEIVED,     "30 days",  "12(3)", True),
    ("eio/provisional measure",    Duty.DECIDE,          Start.RECEIVED,     "24 hours", "32(2)", True),
    ("eio/object to interception", Duty.DECIDE,          Start.RECEIVED,     "96 hours", "31(3)", True),
    ("eio/execute",                Duty.EXECUTE,         Start.DECIDED,      "90 days",  "12(4)", True),
    ("untoc/decide",               Duty.DECIDE,          Start.RECEIVED,     "none",     "18(24)", True),
    ("untoc/execute",              Duty.EXECUTE,         Start.RECEIVED,     "none",     "18(24)", True),
    ("budapest/preserve at least", Duty.RENEW_OR_LET_GO, Start.PUT_IN_FORCE, "60 days",  "29(7)", True),
    ("budapest/preserve at most",  Duty.RENEW_OR_LET_GO, Start.PUT_IN_FORCE, "90 days",  "16(2)", True),
])  # fmt: skip
def test_a_rule_says_what_was_read(
    rule: str, duty: Duty, starts: Start, length: str, article: str, verified: bool
) -> None:
    read = RULES[rule]
    assert (read.duty, read.starts, read.length, read.article, read.verified) == (
        duty,
        starts,
        length,
        article,
        verified,
    )


def test_the_minimum_of_sixty_days_is_a_minimum_and_the_maximum_is_not() -> None:
    assert [key for key, rule in RULES.items() if rule.least] == [
        "budapest/preserve at least",
        "uncybercrime/preserve at least",
    ]


def test_a_rule_of_a_kind_binds_no_other_kind() -> None:
    expected = {"expedited preservation": ["eio/decide", "eio/provisional measure"], "bank records": ["eio/decide"]}
    for kind, rules in expected.items():
        assert [rule.id for rule in LAW.rules_for("eio", Duty.DECIDE, kind)] == rules


def test_a_rule_of_a_class_binds_no_other_class() -> None:
    """Truth protected: 48 hours where urgency is claimed, and no number elsewhere."""
    for urgency, length in ((Urgency.P0, "48 hours"), (Urgency.P2, "48 hours"), (Urgency.P3, NO_NUMBER)):
        assert LAW.rules_for("freezing", Duty.DECIDE, "freezing", urgency)[0].length == length


@pytest.mark.parametrize(("ground", "consult_first"), [
    ("eio/immunity", "yes"),
    ("eio/dual criminality", "no"),
    ("eio/not criminal", "no"),
    ("untoc/sovereignty", "yes"),
    ("untoc/dual criminality", "no"),
    ("budapest/sovereignty", "where appropriate"),
])  # fmt: skip
def test_consulting_first_is_owed_where_it_was_read(ground: str, consult_first: str) -> None:
    grounds = {row.id: row for read in LAW.instruments.values() for row in read.grounds}
    assert grounds[ground].consult_first == consult_first
