"""The table of the letters that we write: to whom each goes, what it speaks of, which date it needs."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from comity.errors import NotFound, Unreadable
from comity.faults import worded
from comity.request.lifecycle import FACTS, Act, Duty, Kind, Role, Status
from comity.request.model import Record, Token

FOLDER = Path(__file__).parent
"""Where the table and the texts lie."""


class KindOfLetter(Record):
    """One row of kinds.toml, whose head says what each column means."""

    id: Token
    to: tuple[Role, ...] = Field(min_length=1)
    about: tuple[Kind, ...] = Field(min_length=1)
    standing: tuple[Status, ...] = ()
    measures: tuple[Token, ...] = ()
    urgent: bool = False
    named: bool = False
    after: tuple[Act, ...] = ()
    decided: bool = False
    account: bool = False
    path: bool = False
    protects: bool = False
    sentences: bool = False
    act: Act
    until: Literal["needed", "possible", "none"]
    due: Duty | None = None
    tells_outcome: bool = False

    @model_validator(mode="after")
    def _of_its_parts(self) -> "KindOfLetter":
        strange = [status for status in self.standing if FACTS[status].kind not in self.about]
        if strange:
            raise ValueError(f"no part that it speaks of is ever {', '.join(strange)}")
        return self


class Kinds(Record):
    """All rows."""

    kinds: tuple[KindOfLetter, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _named_once(self) -> "Kinds":
        names = [kind.id for kind in self.kinds]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"named more than once: {', '.join(twice)}")
        return self


def read(text: str) -> dict[str, KindOfLetter]:
    """The kinds of a table (TOML) by their ids. Raises Unreadable with the row at fault."""
    try:
        rows = Kinds.model_validate(tomllib.loads(text)).kinds
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"letters/kinds.toml: {error}") from error
    except ValidationError as error:
        raise Unreadable(
            "\n".join(f"letters/kinds.toml: {_row(fault['loc'])}: {worded(fault, Kinds)}" for fault in error.errors())
        ) from error
    return {row.id: row for row in rows}


def _row(steps: tuple[int | str, ...]) -> str:
    """`row 3: about`; rows are counted from 1."""
    return ": ".join(f"row {step + 1}" if isinstance(step, int) else step for step in steps[1:]) or "the whole file"


@cache
def kinds() -> dict[str, KindOfLetter]:
    """The kinds of letter that we write, by their ids."""
    return read((FOLDER / "kinds.toml").read_text())


def kind_named(name: str) -> KindOfLetter:
    """The kind of that id. Raises NotFound, naming those that there are."""
    if name not in kinds():
        raise NotFound(f"there is no kind of letter of that name; there are {', '.join(kinds())}")
    return kinds()[name]
