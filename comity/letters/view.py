"""What a letter may know: records made for one letter, which hold what may be told to its recipient.

Nothing here can hold a kept reason, a ground, or words for the file: who writes a template cannot tell what is not
given to it. Persons stand in no letter; tokens do where a part is named by one.
"""

from pydantic import AwareDatetime, Field

from comity.request.lifecycle import Act, Role, Stage, Status
from comity.request.model import Channel, Digest, Part, PersonToken, Record, Token, Ulid, Urgency


class Account(Record):
    """Which data a provider is to keep, as the request says it."""

    provider: str | None = None
    account: str | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None


class Outcome(Record):
    """What was decided on a measure, with the reason that is told and no other."""

    act: Act
    at: AwareDatetime
    told: str = ""
    conditions: tuple[str, ...] = ()
    review_at: AwareDatetime | None = None


class SafeguardTold(Record):
    """What is to be seen to for a person, and by when."""

    what: Token
    by: AwareDatetime


class PersonTold(Record):
    """What whoever executes a measure must know of a person, by the token: who it is stands in no letter."""

    token: PersonToken
    child: bool
    needs: str | None = Field(description="the special measures that the person needs, as the request says them")
    heard: int = Field(description="how often the person was interviewed so far, as far as it is known")
    recovery_until: AwareDatetime | None
    safeguards: tuple[SafeguardTold, ...]


class ProviderTold(Record):
    """Another provider that was found: who, in which State, and the path by which it was found."""

    provider: str
    state: str
    path: str


class MeasureTold(Record):
    """One measure as a letter speaks of it."""

    id: Part
    kind: Token
    instrument: str | None = Field(None, description="name of the treaty or law that it rests on")
    article: str | None = Field(None, description="the article that the requesting authority relies on")
    stage: Stage | None
    ended: Status | None = Field(None, description="how it ended, if it has")
    since: AwareDatetime
    until: AwareDatetime | None = Field(None, description="until when it is in force, or when it is looked at again")
    outcome: Outcome | None = None
    account: Account | None = None
    execute_at: AwareDatetime | None = Field(None, description="executed in several States at that very minute")
    conditions: tuple[str, ...] = Field((), description="on which it was granted, or the information is given")
    providers: tuple[ProviderTold, ...] = Field((), description="others that were found in the path of the data")


class PackageTold(Record):
    """One package as a letter speaks of it."""

    id: Part
    exhibits: int
    content: Digest
    since: AwareDatetime
    channel: Channel
    lead: bool = Field(description="it holds what no formal grant covers yet")
    return_by: AwareDatetime | None


class QuestionTold(Record):
    """One question as a letter puts it."""

    id: Part
    asks: str | None = Field(description="its sentence; None where it was asked in words of the file only")
    since: AwareDatetime
    answer_by: AwareDatetime | None


class View(Record):
    """All that one letter may know. What names the other State's file is there for the requesting authority only."""

    kind: Token
    written: AwareDatetime
    to: Role
    our_state: str
    our_reference: Ulid
    their_state: str
    their_reference: str | None = None
    authority: str | None = None
    address: tuple[str, ...] = ()
    received: AwareDatetime
    urgency: Urgency
    until: AwareDatetime | None
    measures: tuple[MeasureTold, ...] = ()
    packages: tuple[PackageTold, ...] = ()
    questions: tuple[QuestionTold, ...] = ()
    persons: tuple[PersonTold, ...] = ()
    information: bool = Field(default=False, description="nothing is asked: information is given without a request")
