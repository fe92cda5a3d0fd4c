"""Until when what a closed request has left is kept: pure arithmetic over its closing, rules, and its own dates.

Returns and use limits that are duties are not here: a request that owes them is *watched*, and its own clock runs.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import AwareDatetime, Field

from comity.request.deadlines import Calendar, end_of_period, length_of
from comity.request.lifecycle import has_ended
from comity.request.model import Kept, Request


class Keeping(StrEnum):
    """What has a date after the closing: the review of all that is kept, and the end of each class of key."""

    REVIEW = "review"
    VAULT = "vault"
    CONTENT = "content"
    RECORD = "record"


IN_ORDER = (Keeping.VAULT, Keeping.CONTENT, Keeping.RECORD)
"""What may end, the first first: the record says what became of the others, so it outlives them."""


class KeptRow(Kept):
    """One date as it is kept: until when, by which rule, how often people were told of it, when they are told next."""

    what: Keeping
    due: AwareDatetime | None = Field(description="None from a first closing until it is reckoned")
    next_at: AwareDatetime
    told: int
    reckoned: bool = Field(description="since the latest closing")
    rule: str


def kept_until(
    request: Request, closed: datetime, lengths: Mapping[Keeping, str], calendar: Calendar
) -> dict[Keeping, datetime]:
    """Until when each is kept (UTC), from the instant of the closing and the length of each, as a rule writes it.

    Never before the last date that the request still names, and none before the one that ends before it.
    """
    least = max(_dates_named(request), default=closed).astimezone(UTC)
    ends = {what: max(least, end_of_period(closed, length_of(lengths[what]), calendar)) for what in Keeping}
    return ends | {what: max(ends[earlier] for earlier in _up_to(what)) for what in IN_ORDER}


def prolonged(dates: Mapping[Keeping, datetime], what: Keeping, until: datetime) -> dict[Keeping, datetime]:
    """The dates that move when one is kept until then: what ends after it is kept as long. No date is shortened."""
    moved = (what,) if what == Keeping.REVIEW else IN_ORDER[IN_ORDER.index(what) :]
    return {each: until.astimezone(UTC) for each in moved if dates[each] < until}


def _up_to(what: Keeping) -> tuple[Keeping, ...]:
    return IN_ORDER[: IN_ORDER.index(what) + 1]


def _dates_named(request: Request) -> Iterator[datetime]:
    """What a duty, a measure that has not ended, an original that is not back, or a last letter names."""
    dates = [
        *(deadline.due for owed in request.duties for deadline in owed.deadlines),
        *(owed.extended for owed in request.duties),
        *(measure.until for measure in request.measures if not has_ended(measure.status)),
        *(package.return_by for package in request.packages if not package.returned),
        request.last_letter_until,
    ]
    return (date for date in dates if date)
