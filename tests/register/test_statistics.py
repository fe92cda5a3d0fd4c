"""What the register counts, on both databases: by month and one dimension, from its columns in the clear."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from comity.register import statistics, writing
from comity.register.disclosure import SMALL, WITHHELD, Shown
from comity.register.statistics import OTHERS, Table
from comity.request.fold import begin, fold, happen, receive
from comity.request.lifecycle import Act, Role
from comity.request.model import Event, Measure, Request, Urgency
from comity.request.rules import part_of
from comity.store import Store
from tests.register.test_register import CIPHER, reckoned, ulid
from tests.request.lives import ANNA, BOB, CARLA, EVE, deed, opening, sought

MARCH, APRIL = datetime(2026, 3, 31, 23, 59, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MONTHS = ("2026-03", "2026-04")


class File:
    """One request that lives and is then entered; all that it owes at first is due twenty days after it came."""

    def __init__(self, at: datetime, urgency: Urgency = Urgency.P3, state: str = "PT") -> None:
        came = opening(sought(urgency=urgency), at=at)
        told = came.particulars.model_copy(update={"requesting": state})
        self._at = at
        self._events: list[Event] = [receive(came.model_copy(update={"particulars": told}), at)]
        self._request: Request = begin(ulid(), self._events[0])
        self._fold(reckoned(self._request, at + 20 * DAY, at))

    def _fold(self, event: Event) -> None:
        self._events.append(event)
        self._request = fold(self._request, event)

    def done(self, after: timedelta, act: Act, part: str, who: tuple[str, Role], **particulars: Any) -> "File":
        """One more deed."""
        self._fold(happen(self._request, deed(self._request, act, part, who, **particulars), self._at + after))
        return self

    def granted(self, after: timedelta) -> "File":
        """Its measure is granted, so long after it came."""
        self.done(DAY / 2, Act.OPEN_REVIEW, "request", (ANNA, Role.COORDINATOR))
        self.done(DAY / 2, Act.PROPOSE, "M1", (BOB, Role.REVIEWER), outcome=Act.GRANT)
        measure = part_of(self._request, "M1")
        assert isinstance(measure, Measure)
        return self.done(after, Act.GRANT, "M1", (CARLA, Role.DECIDER), seen=measure.proposal)

    def void(self, after: timedelta) -> "File":
        """It was entered by mistake."""
        return self.done(after, Act.VOID, "request", (EVE, Role.HEAD_OF_UNIT), reason="entered by mistake")

    def entered(self, store: Store) -> None:
        """It is on record."""
        with store.transaction() as tx:
            writing.enter(tx, CIPHER, self._request.reference, self._events)


@pytest.fixture
def counted(store: Store) -> Store:
    """Sixteen requests of March and five of April."""
    files = [
        *(File(MARCH).granted(days * DAY) for days in (1, 2, 3, 4, 25, 30)),
        *(File(MARCH).void(days * DAY) for days in (9, 10, 11, 12, 13, 40)),
        *(File(MARCH, Urgency.P0, "DE") for _ in range(2)),
        *(File(MARCH, Urgency.P1, "FR") for _ in range(2)),
        *(File(APRIL) for _ in range(5)),
    ]
    for file in files:
        file.entered(store)
    return store


def told(store: Store, months: tuple[str, ...] = MONTHS) -> dict[str, dict[str, tuple[Shown, ...]]]:
    """The cells of each line of each table."""
    with store.reading() as view:
        tables = statistics.tables(view, months)
    return {table.title: {line.name: line.cells for line in table.lines} for table in tables}


def test_requests_are_counted_by_class_state_and_where_they_stand(counted: Store) -> None:
    found = told(counted)
    assert found["requests received, by urgency class"] == {
        "all": (16, 5), "P0": (SMALL, 0), "P1": (SMALL, 0), "P1d": (SMALL, 0), "P2": (SMALL, 0), "P3": (12, 5),
        "P4": (SMALL, 0),
    }  # fmt: skip
    assert found["requests received, by other State"] == {"all": (16, 5), "PT": (WITHHELD, 5), OTHERS: (WITHHELD, 0)}
    assert found["requests received: open by stage, closed"] == {
        "all": (16, 5), "submission": (SMALL, 5), "legal review": (SMALL, 0), "execution": (6, 0),
        "evidence transfer": (SMALL, 0), "closure": (SMALL, 0), "closed": (6, 0),
    }  # fmt: skip


def test_a_measure_that_has_not_ended_is_counted_as_that(counted: Store) -> None:
    assert told(counted)["measures of requests received, by outcome"] == {"all": (16, 5), "not ended": (16, 5)}


def test_how_long_it_took_is_told_of_five_and_its_slowest_tenth_of_ten(counted: Store) -> None:
    """Six were decided, six closed, each in whole days; of six the ninth decile would be somebody's own."""
    found = told(counted)
    decided = {"how many": (6, 0), "median": (4, WITHHELD), "90th percentile": (WITHHELD, WITHHELD)}
    assert found["days from receipt to decision, of measures"] == decided
    assert found["days from receipt to closing, of requests"] == decided | {"median": (12, WITHHELD)}
    for days in (14, 15, 16, 17):
        File(MARCH).void(days * DAY).entered(counted)
    assert told(counted)["days from receipt to closing, of requests"] == {
        "how many": (10, 0), "median": (14, WITHHELD), "90th percentile": (17, WITHHELD),
    }  # fmt: skip


def test_what_was_owed_is_in_time_or_late_in_the_month_in_which_it_was_due(counted: Store) -> None:
    """Sixteen to decide on 20 April: four granted in time, two late, five void in time and one late, four never."""
    found = told(counted)["what we owed, by duty"]
    assert (found["decide in time"], found["decide late"]) == ((0, 9), (0, 12))
    assert found["decide, share in time"] == ("", "42 %")


@pytest.mark.parametrize(
    ("in_time", "late", "share"),
    [
        (9, 12, "42 %"),
        (0, 0, ""),
        (45, SMALL, ">90 %"),
        (SMALL, 45, "<10 %"),
        (SMALL, SMALL, WITHHELD),
        (9, WITHHELD, WITHHELD),
    ],
)
def test_a_share_is_made_from_what_is_shown_alone(in_time: Shown, late: Shown, share: Shown) -> None:
    """Of 45 and none to four late it is more than nine tenths, whichever it is."""
    assert statistics.share(in_time, late) == share


def test_a_month_shows_the_same_whatever_others_are_asked_for(counted: Store) -> None:
    """Truth protected: two selections that differ by a month tell of it what that month tells by itself."""
    both = told(counted)
    for number, month in enumerate(MONTHS):
        for title, lines in told(counted, (month,)).items():
            for name, (cell,) in lines.items():
                assert both[title][name][number] == cell


def test_what_is_not_on_record_is_nought(store: Store) -> None:
    assert told(store)["requests received, by other State"] == {"all": (0, 0)}


def test_no_table_says_anything_about_one_request(counted: Store) -> None:
    """No reference, no person, no instant: titles, months, the law's words, States, marks and numbers."""
    with counted.reading() as view:
        shown = "".join(table.model_dump_json() for table in statistics.tables(view, MONTHS))
    assert "p-" not in shown
    assert "T00:" not in shown
    assert "01" not in shown
    assert Table.model_fields.keys() == {"title", "months", "lines"}
