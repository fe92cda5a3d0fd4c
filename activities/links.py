"""Requests that name the same thing: the coordinators of each are told once. No mail names the other."""

from pydantic import AwareDatetime, BaseModel, ConfigDict
from temporalio import activity

from activities.notices import By, notice
from comity.home import Home
from comity.ledger import log
from comity.register import linking
from comity.request.model import PersonId, Ulid, Urgency

AT_ONCE = 20
"""Of how many requests people are told in one sweep, the most urgent first."""
LOOK_AT_LINKS = "request/look at links"
"""What is due with them, as the duties of requests are spelt."""


class Linked(BaseModel):
    """A request with links that its people were not told of; `links`: how many it has in all."""

    model_config = ConfigDict(frozen=True)

    reference: Ulid
    urgency: Urgency
    links: int


class ToldOfLinks(BaseModel):
    """That people were told of the links of a request, at an instant."""

    model_config = ConfigDict(frozen=True)

    linked: Linked
    people: tuple[PersonId, ...]
    at: AwareDatetime

    @property
    def name(self) -> str:
        """What it is known by: once for each number of links."""
        return f"told of {self.linked.links} links"


class LinkDesk:
    """Has people told of links. Joins nothing: whether two requests are one case is for people to say."""

    def __init__(self, home: Home) -> None:
        self._home = home

    @activity.defn(name="untold links")
    def untold(self) -> list[Linked]:
        """The requests of whose links people are to be told. Changes nothing, so safe to repeat."""
        with self._home.store.reading() as view:
            found = linking.untold(view, AT_ONCE)
        return [
            Linked(reference=reference, urgency=Urgency(urgency), links=links) for reference, urgency, links in found
        ]

    @activity.defn(name="told of links")
    def told(self, told: ToldOfLinks) -> None:
        """Enter who was told. Safe to repeat: each telling has one id."""
        reference = told.linked.reference
        entry = notice(self._home, reference, told, act="tell of links", name=told.name, by=By(at=told.at))
        with self._home.store.transaction() as tx:
            linking.told(tx, reference, told.linked.links, told.at)
            if not log.stands(tx, reference, told.name):
                log.append(tx, [entry])
