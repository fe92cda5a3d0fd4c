"""What of a letter opens the life of a request: its structure, without text or name.

Nothing that came in is lost: what the law does not know opens as unknown, and stays in the letter as it was written.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from comity.request.gaps import Lack, LawKnown, gives_information, instants_of, instrument_of, kind_of, may_bind
from comity.request.identities import is_child
from comity.request.letter import AgeBand, Channel, Emergency, Letter, MeasureSought, Person, PersonRole, Risk
from comity.request.lifecycle import EDITION, Role
from comity.request.model import Country, Direction, Gap, Receive, SoughtMeasure, Urgency
from comity.request.rules import INFORMATION
from comity.request.triage import Claim, Suggestion, suggest

UNKNOWN_KIND = "unknown"
"""The kind of a measure that the law does not know."""

NO_INSTRUMENT = "none"
"""The instrument of a measure that rests on none that is known and may be in force."""


_HOLDS_DATA = ("emergency.", "measures[")
"""Where a letter says when data will be lost."""


def opening(
    letter: Letter, found: tuple[Lack, ...], *, law: LawKnown, us: Country, digest: str, now: datetime
) -> Receive:
    """The structure that a request begins with; `digest` is the SHA-256 of the bytes received, `now` the arrival.

    A letter that names no measure opens with one of unknown kind, and one that names no requested State is for us.
    What was told by voice is to be confirmed in writing (UNTOC art. 18(14)). What is missing of information that we
    give is asked of whoever of ours gives it.
    """
    direction = _direction(letter, us)
    asked = Role.EXECUTING_AUTHORITY if direction == Direction.GIVEN_BY_US else Role.REQUESTING_AUTHORITY
    return Receive(
        direction=direction,
        requesting=letter.requesting_state,
        requested=letter.requested_state or us,
        measures=tuple(_sought(letter, index, law=law, now=now) for index in range(len(letter.measures) or 1)),
        gaps=tuple(Gap(id=f"Q{number}", field=lack.field, to=asked) for number, lack in enumerate(found, 1)),
        letter=digest,
        oral=letter.transmission is not None and letter.transmission.channel == Channel.ORAL,
        asked_by=_still_to_come(letter.deadline.by if letter.deadline else None, now),
        data_lost_at=_first_of(at for at in _losses(letter, _HOLDS_DATA) if at > now),
        law=law.version,
        edition=EDITION,
        adults=_only_adults(letter, now),
    )


def _direction(letter: Letter, us: Country) -> Direction:
    if not gives_information(letter):
        return Direction.ASKED_OF_US
    return Direction.GIVEN_BY_US if letter.requesting_state == us else Direction.GIVEN_TO_US


def _only_adults(letter: Letter, now: datetime) -> bool:
    """Whether it names victims, and no child: whose age nobody tells may be one."""
    victims = [person for person in letter.persons if person.role in (PersonRole.VICTIM, None)]
    against_child = any(offence.against_child for offence in letter.offences)
    return bool(victims) and not against_child and all(_is_adult(person, now) for person in victims)


def _is_adult(person: Person, now: datetime) -> bool:
    born = person.identity is not None and person.identity.born_on is not None
    told = person.child is False or person.age_band == AgeBand.ADULT or born
    return told and not is_child(person, now.date())


def _sought(letter: Letter, index: int, *, law: LawKnown, now: datetime) -> SoughtMeasure:
    unnamed = MeasureSought(kind=INFORMATION if gives_information(letter) else None)
    measure = letter.measures[index] if letter.measures else unnamed
    kind, instrument = kind_of(measure, law), instrument_of(letter, index)
    return SoughtMeasure(
        id=f"M{index + 1}",
        kind=kind.id if kind else UNKNOWN_KIND,
        instrument=instrument if instrument and may_bind(instrument, letter, law, day=now.date()) else NO_INSTRUMENT,
        urgency=urgency_of(letter, index, now),
        lasts=kind is not None and kind.lasts,
        one_person=kind is not None and kind.one_person,
        execute_at=_still_to_come(measure.execute_at, now),
        conditions=letter.information.conditions if kind and kind.id == INFORMATION and letter.information else (),
    )


def _still_to_come(at: datetime | None, now: datetime) -> datetime | None:
    """An instant that was past on arrival is asked again, and is no deadline."""
    return at if at is not None and at > now else None


# --- urgency ----------------------------------------------------------------------------------------------------------


def urgency_of(letter: Letter, index: int, now: datetime) -> Urgency:
    """The class claimed for a measure, else for the whole, else the one that the emergency told suggests, else P3.

    Whoever tells of a child at risk claims that class, also without naming it: no ladder may wait for the word. A
    lowering that the letter reports changes nothing by itself: urgency goes down by a second person only.
    """
    told = suggested_for(letter, f"M{index + 1}", now).urgency
    own = letter.measures[index].urgency if letter.measures else None
    whole = letter.emergency.claimed if letter.emergency else None
    return own or whole or min(told, Urgency.P3, key=lambda urgency: urgency.rank)


def suggested_for(letter: Letter, measure: str, now: datetime) -> Suggestion:
    """What the facts told suggest for one measure, by its name: those of the whole, and its own."""
    return suggested(letter, now, ("emergency.", f"measures[{int(measure[1:]) - 1}]."))


def suggested(letter: Letter, now: datetime, holders: tuple[str, ...] = _HOLDS_DATA) -> Suggestion:
    """The class that the facts told suggest, and why; `holders`: where a letter says when data will be lost."""
    return suggest(_claim(letter.emergency or Emergency(), _first_of(_losses(letter, holders))), now)


def _claim(emergency: Emergency, data_lost_at: datetime | None) -> Claim:
    return Claim(
        child_at_risk=Risk.LIFE in emergency.risks,
        child_at_risk_from=emergency.next_act_at,
        child_missing_in_danger=Risk.MISSING in emergency.risks,
        abuse_continuing=bool(emergency.abuse_continuing) or Risk.ONGOING_ABUSE in emergency.risks,
        victim_unidentified=emergency.victim_identified is False,
        suspect_may_flee=Risk.FLIGHT in emergency.risks,
        data_lost_at=data_lost_at,
    )


def _losses(letter: Letter, holders: tuple[str, ...]) -> Iterator[datetime]:
    """The instants at which data will be lost: the one stated, and the ends of preservations."""
    return (instant for path, instant in instants_of(letter) if path.startswith(holders))


def _first_of(instants: Iterable[datetime]) -> datetime | None:
    return min(instants, default=None)
