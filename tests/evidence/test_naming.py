"""Names of strangers are shown as they are, but for what hides, turns round, or gives orders to a terminal."""

import pytest

from comity.evidence.naming import visible


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("report\u202efdp.exe", r"report\u202efdp.exe"),
        ("\x1b[2J\x9bgone", r"\x1b[2J\x9bgone"),
        ("two\nlines\r", r"two\nlines\r"),
        ("same\u200bname\ufeff", r"same\u200bname\ufeff"),
        ("\u2066in\u2069", r"\u2066in\u2069"),
    ],
)
def test_what_nobody_sees_is_spelt_out(name: str, shown: str) -> None:
    assert visible(name) == shown


@pytest.mark.parametrize(
    "name", ["صورة.jpg", "می\u200cخواهم", "e\u0301te\u0301.txt", "👩\u200d💻", r"back\slash", "a b"]
)
def test_letters_of_every_script_stay_with_their_joiners(name: str) -> None:
    assert visible(name) == name
