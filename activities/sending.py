"""A package is brought to where its recipient takes it, by the channel that it was released for."""

from temporalio import activity

from activities import bucket_put, sftp, signed_put
from activities.evidence import Departure, EvidenceRoom
from activities.parcels import Parcel, Sent, beating, parcels
from comity.destinations import Destination, Recipients, Sftp, SignedUrl
from comity.errors import NotFound, Refused
from comity.home import Home
from comity.request.lifecycle import Status
from comity.request.model import Channel, Package
from temporal import tracing

BROUGHT = {
    Channel.SFTP: "left on the sftp server of the recipient",
    Channel.HTTPS: "put to the address that the recipient signed",
    Channel.S3: "put into the bucket of the recipient",
}
"""What a transfer reports, by channel."""

NOT_BROUGHT = "called back before it was sent"


class Sender:
    """Brings packages that were written for their recipient to where that recipient takes them."""

    def __init__(self, home: Home, room: EvidenceRoom) -> None:
        self._home = home
        self._room = room

    @activity.defn(name="send", no_thread_cancel_exception=True)
    def send(self, departure: Departure) -> str:
        """Bring the package of one attempt to its recipient. Returns the outcome.

        Safe to repeat: what lies there whole, by size and hash, has arrived and is not sent again, nor is what custody
        says has left; a package that is no longer dispatched is not sent.
        """
        sent = self._room.leaving(departure)
        if not self._room.has_left(departure, sent):
            if (sent.status, sent.attempts) != (Status.DISPATCHED, departure.attempt):
                return NOT_BROUGHT
            with tracing.step("send", reference=departure.reference):
                self._bring(departure, sent)
            self._room.leave(departure, sent)
        return BROUGHT[departure.channel]

    def _bring(self, departure: Departure, sent: Package) -> None:
        folder = self._home.outgoing(sent.recipient) / str(departure.attempt)
        leaving = parcels(folder, f"{departure.reference}-{sent.id}", departure.attempt)
        to = self._destination(sent)
        if isinstance(to, SignedUrl) and len(leaving) > 1:
            raise Refused(
                "a signed address takes one file, and with a package for a certificate goes the identity wrapped for"
                " it; ask the recipient for an age key, recall the package and draft it again"
            )
        for each in leaving:
            with beating(each.size) as told:
                _by_channel(to, self._home.recipients, each, told)

    def _destination(self, sent: Package) -> Destination:
        found = self._home.recipients.destination(sent.recipient)
        if found is None or found.by != sent.channel:
            raise NotFound(
                f"recipients/NAME.toml of its recipient does not say by = '{sent.channel}', as it was released;"
                " mend that file, or recall the package and draft it again"
            )
        return found


def _by_channel(to: Destination, recipients: Recipients, leaving: Parcel, told: Sent) -> None:
    match to:
        case Sftp():
            sftp.bring(to, recipients, leaving, told)
        case SignedUrl():
            signed_put.bring(to, recipients, leaving, told)
        case _:
            bucket_put.bring(to, recipients, leaving, told)
