"""A request that came twice is joined into the one that goes on, and each names the other."""

from comity.request.lifecycle import Act, Role
from comity.request.model import Deed, Linked, Receipt
from desk.counter import Counter
from desk.several import do_once, foresee, id_for


async def join(counter: Counter, reference: str, into: str, by: tuple[str, str]) -> Receipt:
    """Join a request into another as a coordinator who is its second person. `by`: the person, and the command's ULID.

    Both deeds are checked before the first. Safe to repeat with the same id. Returns the receipt of `join`; raises
    Refused as the door does.
    """
    person, command = by
    joining = Deed(
        id=command,
        act=Act.JOIN,
        person=person,
        role=Role.COORDINATOR,
        expected=counter.request(reference).revision,
        particulars=Linked(reference=into),
    )
    linking = Deed(
        id=id_for(command, "link"),
        act=Act.LINK,
        person=person,
        role=Role.COORDINATOR,
        particulars=Linked(reference=reference),
    )
    foresee(counter, reference, (joining,))
    foresee(counter, into, (linking,))
    receipt = await do_once(counter, reference, joining)
    await do_once(counter, into, linking)
    return receipt
