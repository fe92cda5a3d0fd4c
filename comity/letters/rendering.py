"""A view becomes the text of a letter: its template filled in, its lines at most 72 columns wide.

Templates are filled in by a sandbox that knows the view and nothing else; a name that is not there is an error.
"""

import re
import textwrap
from datetime import datetime
from itertools import pairwise

from babel.dates import format_datetime
from jinja2 import (
    BaseLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateRuntimeError,
    TemplateSyntaxError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from comity.errors import Unreadable
from comity.letters.kinds import FOLDER
from comity.letters.view import View
from comity.letters.viewing import LANGUAGE

COLUMNS = 72
_ENTRY = "- "


def instant(at: datetime) -> str:
    """`22 November 2026, 02:00 UTC`: the month in words, so that nobody reads it as a day."""
    return format_datetime(at, "d MMMM y, HH:mm 'UTC'", locale=LANGUAGE)


def day(at: datetime) -> str:
    """`22 November 2026`, by UTC."""
    return format_datetime(at, "d MMMM y", locale=LANGUAGE)


def file_of(kind: str) -> str:
    """The name of the file in which the text of a kind stands."""
    return f"{kind.replace(' ', '-')}.txt"


def render(view: View) -> str:
    """The letter as text. The same view gives the same bytes. Raises Unreadable for a template that is wrong."""
    head, body, foot = (_filled(name, view) for name in ("_head.txt", file_of(view.kind), "_foot.txt"))
    return "\n\n".join((_lined(head), _flowed(body), _lined(foot))) + "\n"


def texts_in(loader: BaseLoader) -> Environment:
    """The sandbox in which the templates that `loader` finds are filled in."""
    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=False,  # it is plain text: a name keeps its apostrophe
        lstrip_blocks=True,
    )
    environment.filters |= {"instant": instant, "day": day}
    return environment


_TEXTS = texts_in(FileSystemLoader(FOLDER / LANGUAGE))


def _filled(name: str, view: View) -> str:
    try:
        return _TEXTS.get_template(name).render(view=view).strip("\n")
    except TemplateSyntaxError as error:
        raise Unreadable(f"letters/{LANGUAGE}/{error.name}: line {error.lineno}: {error.message}") from error
    except TemplateNotFound as error:
        raise Unreadable(f"letters/{LANGUAGE}/{error.name}: this text is missing") from error
    except TemplateRuntimeError as error:
        raise Unreadable(f"letters/{LANGUAGE}/{name}: a letter does not know that: {error.message}") from error


# --- lines ------------------------------------------------------------------------------------------------------------


def _lined(text: str) -> str:
    """Line by line, as an address stands."""
    return "\n".join(line for long in text.split("\n") for line in _wrapped(long.rstrip(), "    ") or [""])


def _flowed(text: str) -> str:
    """Paragraph by paragraph: an empty line ends one, and a line that begins with a dash begins an entry of a list."""
    paragraphs = [_paragraph(each) for each in re.split(r"\n(?:[ \t]*\n)+", text.strip("\n"))]
    return paragraphs[0] + "".join(_gap(before, each) + each for before, each in pairwise(paragraphs))


def _gap(before: str, after: str) -> str:
    """What stands between two paragraphs: nothing between the entries of one list."""
    return "\n" if before.startswith(_ENTRY) and after.startswith(_ENTRY) else "\n\n"


def _paragraph(text: str) -> str:
    entries = re.split(rf"\n(?={_ENTRY})", text)
    return "\n".join(line for entry in entries for line in _wrapped(entry, "  " if entry.startswith(_ENTRY) else ""))


def _wrapped(text: str, hanging: str) -> list[str]:
    return textwrap.wrap(
        text, COLUMNS, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False, tabsize=1
    )
