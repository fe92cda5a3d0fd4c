"""iCalendar files for tests, as calendar programs write them: CRLF, folded nowhere."""

from ulid import ULID

HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\n"
TAIL = "END:VCALENDAR\r\n"


def event(start: str, end: str, title: str, *more: str) -> str:
    """One VEVENT; `start` and `end` are what stands behind DTSTART and DTEND, their colon left out if none is in it."""
    lines = (
        *("BEGIN:VEVENT", f"UID:{ULID()}", "DTSTAMP:20260101T000000Z"),
        *(_field("DTSTART", start), _field("DTEND", end), f"SUMMARY:{title}", *more, "END:VEVENT"),
    )
    return "".join(f"{line}\r\n" for line in lines if line)


def _field(name: str, value: str) -> str:
    return f"{name}{value if value[:1] == ';' else ':' + value}" if value else ""


def calendar(*events: str) -> bytes:
    """The file with these events."""
    return (HEAD + "".join(events) + TAIL).encode()


def rota_of(*shifts: tuple[str, str, str]) -> bytes:
    """The file of a rota in UTC: start, end, and who."""
    return calendar(*(event(*shift) for shift in shifts))
