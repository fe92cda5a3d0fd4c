"""Where in a data file something stands: TOML readers tell the row, and a person wants the line."""

import re
from collections import Counter

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")


def line_of(text: str, path: tuple[int | str, ...]) -> int:
    """The line (from 1) of what a path names, as (`rules`, 2, `length`); of its table where the line is not there.

    A table is found by its name and, in an array of tables, by its number from 0.
    """
    found, inside, seen = 1, False, Counter[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            name = header[2].replace('"', "")
            inside = _leads_to(path, (*name.split("."), seen[name]) if header[1] == "[[" else tuple(name.split(".")))
            seen[name] += 1
            found = number if inside else found
        elif (inside or not seen) and _sets(line, path):
            return number
    return found


def _leads_to(path: tuple[int | str, ...], table: tuple[int | str, ...]) -> bool:
    return path[: len(table)] == table


def _sets(line: str, path: tuple[int | str, ...]) -> bool:
    key = line.partition("=")[0].strip().strip('"')
    return key in [step for step in path if isinstance(step, str)]
