"""When keys may be destroyed: each reason against it alone is enough, and says what is possible instead."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from comity.request.destroying import Case, objections
from comity.request.keeping import IN_ORDER, Keeping
from comity.request.lifecycle import Status

NOW = datetime(2032, 1, 1, tzinfo=UTC)
COME = dict.fromkeys(Keeping, NOW - timedelta(days=1))
OTHER = "01KADVJ6Q8M4Z0W2T5R7Y9X1C3"


def case(**more: Any) -> Case:
    """A closed request of which vault is gone and nothing stands in the way of content."""
    given: dict[str, Any] = {"status": Status.CLOSED, "dates": COME, "holds": 0, "owed": 0}
    return Case(**(given | {"gone": (Keeping.VAULT,), "bound_to": ()} | more))


def test_what_nothing_stands_in_the_way_of_may_end() -> None:
    assert list(objections(case(), Keeping.CONTENT, NOW)) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"status": Status.WATCHED}, "before it is closed"),
        ({"holds": 1}, "a legal hold stands"),
        ({"owed": 2}, "2 duties are open"),
        ({"gone": IN_ORDER}, "destroyed already"),
        ({"gone": ()}, "vault must be destroyed before content"),
        ({"dates": {Keeping.CONTENT: NOW + timedelta(seconds=1)}}, "kept until 2032-01-01 00:00 UTC"),
        ({"dates": {}}, "being reckoned"),
        ({"bound_to": (OTHER,)}, f"needed by {OTHER}"),
    ],
)
def test_each_reason_alone_is_enough(more: dict[str, Any], words: str) -> None:
    [why] = objections(case(**more), Keeping.CONTENT, NOW)
    assert words in why


def test_the_date_itself_is_come() -> None:
    assert list(objections(case(dates={Keeping.CONTENT: NOW}), Keeping.CONTENT, NOW)) == []


def test_a_review_has_no_keys() -> None:
    [why] = objections(case(), Keeping.REVIEW, NOW)
    assert "vault, content, record" in why
