"""One request as the register has it, and what that says of it: nothing here asks the wire."""

from comity.home import Home
from comity.keys.record_key import RecordCipher
from comity.register import reading
from comity.request.lifecycle import Status
from comity.request.model import BY_MACHINE, Request


def on_record(home: Home, reference: str) -> Request:
    """A request as the register has it. Raises NotFound."""
    with home.store.reading() as view:
        reading.arrival(view, reference)  # NotFound, before a key is asked for
    cipher = RecordCipher(home.keys, reference)
    with home.store.reading() as view:
        return reading.snapshot(view, cipher, reference)


def is_under_way(request: Request) -> bool:
    """Whether a machine is bringing a package of this request, as far as the record knows."""
    sent = (package for package in request.packages if package.status == Status.DISPATCHED)
    return any(package.channel in BY_MACHINE and package.arrived != package.attempts for package in sent)
