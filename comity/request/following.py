"""The request that must follow a preservation, prefilled from the letter that asked for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from comity.request.letter import Basis, ElectronicData, Letter, MeasureSought, Preservation
from comity.request.opening import NO_INSTRUMENT

OF_THE_CASE = (
    *("requesting_state", "requested_state", "issuing_authority", "conducting_authority", "related_references"),
    *("other_states_asked", "subject", "facts_summary", "offences", "persons", "confidentiality", "exposure"),
)
"""What stays as it was written: the States, the authorities and the case."""

TO_FILL_IN = ("own_reference", "purpose", "languages", "signature", "transmission")
"""What only those who write the request can say: it is there, and empty."""


@dataclass(frozen=True)
class Preserved:
    """What was preserved: by which measure of which request, under which instrument, until when (None: not known)."""

    reference: str
    part: str
    instrument: str
    until: datetime | None


def follow_up(letter: Letter, preserved: Preserved, kind: str) -> Letter:
    """A letter for a request of that kind for what a measure preserved. It lacks `TO_FILL_IN`, and the article.

    It names the earlier request by its own number and by ours, and the preservation with its end; so whoever reads it
    sees by when it must come. The emergency of the earlier letter, and the date asked for there, are not repeated.
    """
    kept = {name: getattr(letter, name) for name in OF_THE_CASE}
    instrument = None if preserved.instrument == NO_INSTRUMENT else preserved.instrument
    return Letter(
        **kept,
        foreign_references=(preserved.reference, *letter.foreign_references)[:100],
        earlier_requests=tuple(filter(None, (letter.own_reference, *letter.earlier_requests)))[:100],
        legal_bases=(Basis(instrument=instrument),) if instrument else (),
        measures=(_for_what_was_kept(letter, preserved, kind),),
    )


def _for_what_was_kept(letter: Letter, preserved: Preserved, kind: str) -> MeasureSought:
    index = int(preserved.part[1:]) - 1
    before = letter.measures[index] if index < len(letter.measures) else MeasureSought()
    data = before.data or ElectronicData()
    earlier = data.preservation or Preservation()
    preservation = Preservation(
        reference=earlier.reference or f"{preserved.reference} {preserved.part}",
        expires_at=preserved.until or earlier.expires_at,
    )
    return MeasureSought(
        kind=kind,
        person=before.person,
        grounds_for_belief=before.grounds_for_belief,
        data=data.model_copy(update={"preservation": preservation, "intends_request": None}),
    )


def to_be_filled_in(letter: Letter) -> dict[str, Any]:
    """The letter as plain values: what it says, and an empty place for each thing that only they can say."""
    said = letter.model_dump(mode="json", exclude_defaults=True)
    return {name: said.get(name) for name in Letter.model_fields if name in said or name in TO_FILL_IN}
