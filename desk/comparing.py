"""What a written letter claims beyond what was told by voice: it raises, and lowers nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from comity.request.lifecycle import has_ended
from comity.request.model import Receive, Request, Urgency

DATES = {"asked_by": "asked for by", "data_lost_at": "data are lost at"}
"""The dates of a whole request, as a person reads them."""


@dataclass(frozen=True)
class Beyond:
    """What is to be raised: the classes of measures and the dates; `stays`: what the letter would lower, in words.

    `minutes`: at which measures are executed in several States at once, where none was known.
    """

    classes: dict[str, Urgency]
    dates: dict[str, datetime]
    minutes: dict[str, datetime]
    stays: tuple[str, ...]


def beyond(told: Receive, written: Receive, request: Request) -> Beyond:
    """Compare a call with the letter that confirms it, measure by measure in the request's order.

    A claim counts against what was told: what somebody has assessed since then stands, and so does what has ended.
    """
    return Beyond(
        classes=_classes(told, written, request),
        dates=_dates(told, written, request),
        minutes=_minutes(written, request),
        stays=(*_lower(written, request), *_later(written, request), *_other_minute(written, request)),
    )


def _classes(told: Receive, written: Receive, request: Request) -> dict[str, Urgency]:
    called = min((measure.urgency for measure in told.measures), key=lambda urgency: urgency.rank)
    return {
        standing.id: sought.urgency
        for standing, sought in zip(request.measures, written.measures, strict=False)
        if sought.urgency.rank < min(called.rank, standing.urgency.rank) and not has_ended(standing.status)
    }


def _dates(told: Receive, written: Receive, request: Request) -> dict[str, datetime]:
    """The dates that are earlier than what was told, and than what stands."""
    named = {name: at for name in DATES if (at := getattr(written, name)) is not None}
    before = {name: [at for each in (told, request) if (at := getattr(each, name))] for name in named}
    return {name: at for name, at in named.items() if all(at < known for known in before[name])}


def _minutes(written: Receive, request: Request) -> dict[str, datetime]:
    return {
        standing.id: sought.execute_at
        for standing, sought in zip(request.measures, written.measures, strict=False)
        if sought.execute_at and standing.execute_at is None and not has_ended(standing.status)
    }


def _lower(written: Receive, request: Request) -> Iterator[str]:
    for standing, sought in zip(request.measures, written.measures, strict=False):
        if sought.urgency.rank > standing.urgency.rank and not has_ended(standing.status):
            yield (
                f"{standing.id} stays {standing.urgency}; by the letter alone it would be {sought.urgency}: "
                "'assess urgency' lowers it, by another person than who set it"
            )


def _later(written: Receive, request: Request) -> Iterator[str]:
    for name, says in DATES.items():
        at, standing = getattr(written, name), getattr(request, name)
        if at and standing and at > standing:
            yield f"'{says}' stays as it is, though the letter names a later date: 'correct' puts it right"


def _other_minute(written: Receive, request: Request) -> Iterator[str]:
    for standing, sought in zip(request.measures, written.measures, strict=False):
        if sought.execute_at and standing.execute_at and sought.execute_at != standing.execute_at:
            yield f"the minute of {standing.id} stays as it is, though the letter names another: 'correct' moves it"
