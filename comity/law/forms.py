"""A reviewer's findings as a form: the grounds of a checklist to be filled in, and what was filled in."""

from collections.abc import Iterator

import tomli
from pydantic import Field, ValidationError

from comity.errors import Unreadable
from comity.faults import worded
from comity.law.lines import line_of
from comity.law.reviewing import Checklist
from comity.request.model import GroundFinding, Record, Token


def form(found: Checklist) -> Iterator[str]:
    """The grounds of a checklist as a TOML file to be filled in; what was found already stands beside each."""
    yield f"# {found.part}  {found.kind}, {found.instrument}"
    yield "# Of each ground: does it apply, and why? What has no reason is left as it stands."
    for each in (check for check in found.checks if check.ground):
        yield from ("", f"# {each.weight}: {each.what} [{each.by}]")
        if each.found:
            yield f"# found already: it {each.found}"
        yield from ("[[findings]]", f'ground = "{each.ground}"', "applies = false", 'reason = ""')


def filled_in(text: str) -> tuple[GroundFinding, ...]:
    """The findings of a form, those without a reason left out. Raises Unreadable, naming the line."""
    try:
        rows = Form.model_validate(tomli.loads(text)).findings
    except tomli.TOMLDecodeError as error:
        raise Unreadable(f"the form: {error}") from None
    except ValidationError as error:
        raise Unreadable(
            "\n".join(f"the form: {_place(text, fault['loc'])}: {worded(fault, Form)}" for fault in error.errors())
        ) from None
    return tuple(GroundFinding.model_validate(row.model_dump()) for row in rows if row.reason.strip())


def _place(text: str, steps: tuple[int | str, ...]) -> str:
    return f"line {line_of(text, steps)}, {steps[-1] if steps else 'findings'}"


class FormRow(Record):
    """One ground of a form, as it was filled in."""

    ground: Token
    applies: bool
    reason: str = Field(max_length=5_000)


class Form(Record):
    """A form, as it was filled in."""

    findings: tuple[FormRow, ...] = Field(max_length=100)
