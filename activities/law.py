"""What the law says of a request: the deadlines of its duties, counted where calendars may be read."""

from temporalio import activity

from comity.law.calendars import OfficeCalendar
from comity.law.reckoning import reckon
from comity.register.laws import Laws
from comity.request.model import Reckoning, Request


class Lawyer:
    """Reckons deadlines from the law that a request keeps and the calendar of the acting authority."""

    def __init__(self, laws: Laws, calendar: OfficeCalendar) -> None:
        self._laws = laws
        self._calendar = calendar

    @activity.defn(name="reckon")
    def reckon(self, request: Request) -> Reckoning:
        """Count the deadlines of the duties that are not reckoned yet.

        A local activity, since it writes nothing: its result stands in history, and a replay never counts again.
        Safe to repeat: the same request, law data and calendar give the same instants. A law that is kept, and that
        this process has not read yet, waits for the register; no alarm does.
        """
        return reckon(request, self._laws.of(request.law), self._calendar)
