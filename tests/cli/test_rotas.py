"""A rota as an administrator meets it: put there, looked at, and refused at the start where it has a hole."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.typist import Typist
from tests.people.calendars import rota_of
from tests.processes import STARVED, Premises, premises, read_json

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    """A home in which nothing runs."""
    with premises(tmp_path_factory.mktemp("rotas")) as prepared:
        yield prepared


@pytest.fixture
def typed(place: Premises) -> Typist:
    """Commands on it."""
    return Typist(place)


def put(place: Premises, *shifts: tuple[float, float, str]) -> None:
    """A rota of the duty officer; a shift begins and ends so many days from today."""
    written = [(*(f"{TODAY + timedelta(days=day):%Y%m%dT%H%M%SZ}" for day in days), who) for *days, who in shifts]
    (place.home / "rotas" / "duty-officer.ics").write_bytes(rota_of(*((one, two, who) for one, two, who in written)))


def test_without_a_rota_that_is_said(typed: Typist) -> None:
    said = typed("rota")
    assert (said.returncode, b"there is no rota: everybody who holds a role is told" in said.stdout) == (0, True)
    assert read_json(typed("rota", "--json").stdout) == []


def test_a_rota_tells_who_is_on_duty_and_when_it_runs_out(place: Premises, typed: Typist) -> None:
    put(place, (-1, 1, "p-bob"), (1, 3, "p-bob"))
    (told,) = read_json(typed("rota", "--json").stdout)
    assert (told["role"], told["now"], told["holes"]) == ("duty officer", ["p-bob"], [])
    assert datetime.fromisoformat(told["ends"]) == TODAY + timedelta(days=3)
    text = typed("rota").stdout.decode()
    assert "now                   p-bob" in text
    assert "it runs out on" in text
    (found,) = [each for each in read_json(typed("doctor", "--json").stdout) if each["what"] == "rotas"]
    assert (found["well"], "run out within two weeks: rotas/duty-officer.ics" in found["detail"]) == (False, True)
    assert typed("law", "check").returncode == 0


def test_with_a_hole_nothing_starts_and_each_command_says_where_it_is(place: Premises, typed: Typist) -> None:
    put(place, (-1, 2, "p-bob"), (2.5, 30, "p-bob"))
    looked = typed("rota")
    assert (looked.returncode, b"MEND nobody from" in looked.stdout) == (1, True)
    for words in (("law", "check"), ("doctor",)):
        said = typed(*words)
        assert (said.returncode, b"nobody is on duty from" in said.stdout + said.stderr) == (1, True)
    started = place.start("up")
    assert started.process.wait(STARVED) == 1
    assert "nobody is on duty from" in started.log.read_text()
    put(place, (-1, 30, "p-bob"))
    place.up()


def test_a_title_that_is_no_id_is_not_repeated(place: Premises, typed: Typist) -> None:
    put(place, (-1, 30, "Bob Exemplo"))
    said = typed("rota")
    assert (said.returncode, said.stdout) == (1, b"")
    assert b"rotas/duty-officer.ics: line 4: SUMMARY names somebody who does not hold the role" in said.stderr
    assert b"Exemplo" not in said.stderr
