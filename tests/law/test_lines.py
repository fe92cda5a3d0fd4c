"""A person who wrote a bad file is told the line."""

import pytest

from comity.law.lines import line_of

FILE = """\
# a comment
id = "x"
[parties]
states = "unknown"
[[rules]]
id = "x/one"
length = "1 day"

[[rules]]
id = "x/two"
kinds = ["a"]
[ladders.P0]
pause = "1 hour"
[[ladders.P0.rungs]]
when = "at once"
[[ladders.P0.rungs]]
tell = ["x"]
[[kinds]]
id = "k/one"
[[kinds.told]]
when = "never"
[[kinds]]
id = "k/two"
[[kinds.told]]
when = "at once"
[[kinds.told]]
when = "later"
[clocks]
"open review" = { P0 = "1 hour" }
"""


@pytest.mark.parametrize(("path", "line"), [
    ((),                                2 - 1),
    (("id",),                           2),
    (("parties",),                      3),
    (("parties", "states"),             4),
    (("parties", "verified"),           3),
    (("rules", 0, "length"),            7),
    (("rules", 0, "id"),                6),
    (("rules", 1, "id"),                10),
    (("rules", 0, "states"),            5),
    (("rules", 1),                      9),
    (("rules", 1, "kinds", 0),          11),
    (("rules", 1, "length"),            9),
    (("ladders", "P0", "pause"),        13),
    (("ladders", "P0", "rungs", 1, "tell", 0), 17),
    (("ladders", "P0", "rungs", 1, "when"), 16),
    (("kinds", 1),                      22),
    (("kinds", 0, "told", 0, "when"),   21),
    (("kinds", 1, "told", 0, "when"),   25),
    (("kinds", 1, "told", 1, "what"),   26),
    (("clocks", "open review", "P0"),   29),
])  # fmt: skip
def test_the_line_is_that_of_the_value_or_of_its_table(path: tuple[int | str, ...], line: int) -> None:
    assert line_of(FILE, path) == line
