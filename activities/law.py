"""What the law says of a request: the deadlines of its duties, counted where calendars may be read."""

from temporalio import activity

from comity.law.calendars import OfficeCalendar
from comity.law.library import Law
from comity.law.reckoning import reckon
from comity.request.model import Reckoning, Request


class Lawyer:
    """Reckons deadlines from one version of the law data and the calendar of the acting authority."""

    def __init__(self, law: Law, calendar: OfficeCalendar) -> None:
        self._law = law
        self._calendar = calendar

    @activity.defn(name="reckon")
    def reckon(self, request: Request) -> Reckoning:
        """Count the deadlines of the duties that are not reckoned yet.

        A local activity, since it writes nothing: its result stands in history, and a replay never counts again.
        Safe to repeat: the same request, law data and calendar give the same instants.
        """
        return reckon(request, self._law, self._calendar)
