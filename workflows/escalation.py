"""The climb of a ladder: when a duty rings next, whom it calls, and what follows when nobody could be told.

Pure: instants in, instants out. The request's own clock runs it, and each rung is an alarm whose key is (reference,
duty, generation, rung). Rungs count on over the rounds of a ladder: at the top it begins again and says so.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from comity.request.lifecycle import OFFICE, Role
from comity.request.model import Alarm, Ladder, Owed, Reckoned


def begin(owed: Owed, row: Reckoned, ladder: Ladder) -> Reckoned:
    """Where the climb begins for newly reckoned deadlines: the last rung already due when it came on record.

    That rung is planned for its own instant, however long ago, so that those after it come at theirs; after the top
    there are only rounds, which begin now. A climb that counts from the same instant up the same ladder goes on where
    it stands: what has rung does not ring again.
    """
    due = min((deadline.due for deadline in row.deadlines), default=None)
    if owed.generation and ladder.name == owed.ladder and (due == owed.due or not ladder.from_due):
        return row.model_copy(update={"rung": owed.rung, "next_at": owed.next_at})
    known = max(owed.opened, owed.entered)
    planned = _own_instants(owed, ladder, due)
    if not planned:
        return row
    first = max((number for number, instant in enumerate(planned) if instant <= known), default=0)
    at_the_top = first == len(planned) - 1
    next_at = max(planned[first], known) if at_the_top else planned[first]
    return row.model_copy(update={"rung": first, "next_at": next_at})


def soonest(duties: Iterable[Owed]) -> Owed | None:
    """The duty that rings next: the earliest alarm, and of two at one instant the first in the request's order."""
    waiting = [(owed.next_at, owed) for owed in duties if owed.next_at is not None]
    return min(waiting, key=lambda pair: pair[0])[1] if waiting else None


def _own_instants(owed: Owed, ladder: Ladder, due: datetime | None) -> list[datetime]:
    """When each rung rings if nothing holds or hastens the climb; none for a deadline that nobody set."""
    base = due if ladder.from_due else max(owed.opened, owed.entered)
    return [base + rung.after for rung in ladder.rungs] if base else []


def alarm(owed: Owed, planned: datetime, ladder: Ladder, *, owing: tuple[Role, ...]) -> Alarm:
    """The rung that a duty has come to, planned for `planned` however late it is rung; `owing`: who owes it.

    A climb that is ahead of its ladder, since nobody could be told, rings again at each instant of the ladder's own: a
    mail server that was away for a minute weeks before takes no alarm from the deadline.
    """
    turn, step = divmod(owed.rung, len(ladder.rungs))
    return Alarm(
        duty=owed.key,
        generation=owed.generation,
        rung=owed.rung,
        round=turn,
        planned=planned,
        next_at=_next(owed, planned, ladder),
        tell=_recipients(owing, ladder, step),
        overdue=owed.due is not None and planned >= owed.due,
    )


def _next(owed: Owed, planned: datetime, ladder: Ladder) -> datetime:
    turn, step = divmod(owed.rung, len(ladder.rungs))
    regular, own = planned + _gap(ladder, step), _own_instants(owed, ladder, owed.due)
    if not own or planned >= own[step] + turn * _round(ladder):
        return regular
    return min([regular, *(instant for instant in own if instant > planned)])


def as_before(rung: Alarm, ladder: Ladder) -> Alarm:
    """The same for runs from before a climb kept to its ladder's own instants: the next as long after it as ever."""
    return rung.model_copy(update={"next_at": rung.planned + _gap(ladder, rung.rung % len(ladder.rungs))})


def latest(owed: Owed, ladder: Ladder, now: datetime, *, owing: tuple[Role, ...]) -> Alarm:
    """Of the rungs that have come by now the last, of a duty whose next one has come: what lies before it is skipped.

    Once the ladder's own instants are past, whole rounds are skipped at once, however long nobody has climbed.
    """
    rung = alarm(owed, owed.next_at or now, ladder, owing=owing)
    past = max(_own_instants(owed, ladder, owed.due), default=now)
    while rung.next_at <= now:
        rounds = (now - rung.next_at) // _round(ladder) if rung.next_at >= past else 0
        on = owed.model_copy(update={"rung": rung.rung + 1 + rounds * len(ladder.rungs)})
        rung = alarm(on, rung.next_at + rounds * _round(ladder), ladder, owing=owing)
    return rung


def _round(ladder: Ladder) -> timedelta:
    """From any rung to the same one a round later."""
    return sum((_gap(ladder, step) for step in range(len(ladder.rungs))), timedelta())


def _recipients(owing: tuple[Role, ...], ladder: Ladder, step: int) -> tuple[Role, ...]:
    """Whom a rung calls: on the first also those of the office who owe the duty."""
    ours = [role for role in owing if role in OFFICE] if step == 0 else []
    return tuple(dict.fromkeys([*ours, *ladder.rungs[step].tell]))


def _gap(ladder: Ladder, step: int) -> timedelta:
    """From this rung to the next; from the top to the beginning as long as the last gap."""
    afters = [rung.after for rung in ladder.rungs]
    if len(afters) == 1:
        return ladder.pause
    return afters[step + 1] - afters[step] if step + 1 < len(afters) else afters[-1] - afters[-2]


def after_nobody_was_told(rung: Alarm, ladder: Ladder, now: datetime) -> datetime:
    """When the next rung is climbed after one that reached nobody: at once, but from the top after a pause.

    A channel that fails is not a rung tried; a mail server that is down for everybody is not asked without pause, and
    no longer is waited for it than an acknowledgement would hold the climb.
    """
    next_at = min(rung.next_at, now + ladder.pause) if _is_top(rung, ladder) else now
    return max(next_at, now)


def after_nobody_was_told_before(rung: Alarm, ladder: Ladder, now: datetime) -> datetime:
    """The same for runs from before that pause: from the top after the ladder's last gap."""
    return max(rung.next_at, now) if _is_top(rung, ladder) else now


def _is_top(rung: Alarm, ladder: Ladder) -> bool:
    return (rung.rung + 1) % len(ladder.rungs) == 0
