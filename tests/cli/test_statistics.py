"""The statistics as they are typed: from the register alone, without a service and without a key."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from comity.home import open_home
from tests.cli.typist import Typist
from tests.processes import Premises, premises, read_json
from tests.register.test_statistics import File


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    """A home in which seven requests came in last March, and whose keys open nothing."""
    with premises(tmp_path_factory.mktemp("statistics")) as prepared:
        home = open_home(prepared.settings)
        for _ in range(7):
            File(datetime(2026, 3, 5, tzinfo=UTC)).entered(home.store)
        home.ring_path.write_text("no keys")
        home.close()
        yield prepared


ASKED = ("statistics", "--from", "2026-03", "--until", "2026-04")


def test_a_person_reads_what_programs_read(place: Premises) -> None:
    printed, read = Typist(place)(*ASKED), read_json(Typist(place)(*ASKED, "--json").stdout)
    assert (printed.returncode, printed.stderr) == (0, b"")
    shown = printed.stdout.decode().splitlines()
    for table in read:
        assert table["title"] in shown
        for line in table["lines"]:
            assert " ".join([line["name"], *map(str, line["cells"]), str(line["over_all"])]).split() in [
                row.split() for row in shown
            ]
    assert [line["cells"] for line in read[0]["lines"]] == [[7, 0], [7, 0]]


def test_a_month_that_is_not_over_is_refused(place: Premises) -> None:
    ended = Typist(place)("statistics", "--until", f"{datetime.now(UTC):%Y-%m}")
    assert ended.returncode == 1
    assert b"only months that are over are counted" in ended.stderr


def test_what_is_no_month_is_a_mistake_of_usage(place: Premises) -> None:
    assert Typist(place)("statistics", "--from", "2026-03-05").returncode == 2
