"""Where in a data file something stands: TOML readers tell the row, and a person wants the line."""

import re

Path = tuple[int | str, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")


def line_of(text: str, path: Path) -> int:
    """The line (from 1) of what a path names, as (`rules`, 2, `length`); of its table where the line is not there.

    A table is found by its name and, in an array of tables, by its number from 0; one inside an array of tables
    (`[[kinds.told]]`) belongs to the last table of that array.
    """
    found, inside, last = 1, True, dict[Path, int]()
    keys = path[:1]
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            inside = _leads_to(path, _place(header[2].replace('"', ""), last, one_of_many=header[1] == "[["))
            keys, found = path, number if inside else found
        elif inside and _sets(line, keys):
            return number
    return found


def _place(name: str, last: dict[Path, int], *, one_of_many: bool) -> Path:
    """The path of a table by its header; `last`: the number of the last table of each array so far."""
    *above, own = name.split(".")
    steps: Path = ()
    for step in above:
        steps = (*steps, step)
        steps = (*steps, last[steps]) if steps in last else steps
    steps = (*steps, own)
    if not one_of_many:
        return steps
    last[steps] = last.get(steps, -1) + 1
    return (*steps, last[steps])


def _leads_to(path: Path, table: Path) -> bool:
    return path[: len(table)] == table


def _sets(line: str, path: Path) -> bool:
    key = line.partition("=")[0].strip().strip('"')
    return key in [step for step in path if isinstance(step, str)]
