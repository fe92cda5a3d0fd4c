"""One of the two databases is lost, or an older copy: it is found, told, and mended by the commands that are named."""

import asyncio
import re
import shutil
from collections import Counter as Tally
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from activities.standing import Amiss
from activities.sweep import SWEEP
from comity.request.lifecycle import Act
from desk.tracing import Line
from tests.cli.typist import Typist
from tests.crash.life import LETTER, OTHER_LETTER, every_alarm_once
from tests.processes import Premises, Process, is_alive, premises, read_json, server_pid, until
from tests.results import Results

_ANNA = ("--as", "p-anna")
_POLICE = '{"name": "N. Example", "function": "duty desk", "number": "+352 000"}'


class Desk(Typist):
    """A person at the command line, who does as they are told."""

    def does(self, *words: str) -> Any:
        """What a command printed as JSON; it was not refused."""
        ended = self(*words, "--json")
        assert ended.returncode == 0, ended.stderr
        return read_json(ended.stdout)

    def hands_in(self, data: bytes) -> str:
        """A request. Returns its reference."""
        ended = self("submit", "-", "--json", *_ANNA, stdin=data)
        assert ended.returncode == 0, ended.stderr
        return str(read_json(ended.stdout)["reference"])

    def acts(self, reference: str, *words: str) -> str:
        """An act of Anna's. Returns the id of the deed that got a receipt."""
        return str(self.does("act", reference, *words, *_ANNA)["deed"])

    def story(self, reference: str) -> list[Line]:
        """All that the ledger says of a request."""
        return [Line.model_validate(line) for line in self.does("trace", reference)]

    def doctor(self) -> dict[str, str]:
        """What is to be mended, by what was looked at."""
        told = read_json(self("doctor", "--json").stdout)
        return {finding["what"]: finding["detail"] for finding in told if not finding["well"]}

    def mends(self) -> list[Any]:
        """Copies the commands that `comity doctor` names. Returns what they said."""
        named = re.findall(r"`comity (revive [^`]+)`", self.doctor()["requests"])
        return [revival for command in named for revival in self.does(*command.split(), *_ANNA)]

    def verifies(self) -> None:
        """The ledger holds, by the public key that an auditor has."""
        key = self("ledger", "key").stdout.decode().strip()
        until(lambda: self("ledger", "verify", "--key", key).returncode == 0)  # its end is signed within a second


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Premises]:
    """A home in which nothing runs yet."""
    with premises(tmp_path) as prepared:
        yield prepared


def _power_cut(place: Premises, running: Process) -> None:
    server = server_pid(place.home)
    running.kill()
    until(lambda: not is_alive(server))


def _told(place: Premises, reference: str) -> bool:
    """Whether a mail has come that says that a request needs `revive`."""
    mails = [mail for mail in place.post.contents if b"needs revive" in mail]
    return any(reference.encode() in mail for mail in mails)


def _copied(place: Premises, name: str) -> Path:
    """A copy of the register and the ledger, beside the home."""
    copy = place.folder / name
    copy.mkdir()
    for file in place.home.glob("comity.db*"):
        shutil.copy2(file, copy)
    return copy


def _put_back(place: Premises, copy: Path) -> None:
    for file in place.home.glob("comity.db*"):
        file.unlink()
    for file in copy.iterdir():
        shutil.copy2(file, place.home)


def _swept(place: Premises, *references: str) -> None:
    """The server sweeps now and not in five minutes, and again until all are told of: one may not answer yet."""

    async def swept() -> None:
        async with place.counter() as counter, asyncio.timeout(60):
            sweeping = counter.client.get_schedule_handle(SWEEP)
            while not all(_told(place, reference) for reference in references):
                if not (await sweeping.describe()).info.running_actions:
                    await sweeping.trigger()
                await asyncio.sleep(0.5)

    asyncio.run(swept())


def _events(story: list[Line]) -> list[Line]:
    return [line for line in story if line.version is not None]


def _every_deed_once(story: list[Line], deeds: list[str]) -> None:
    events = _events(story)
    assert [line.version for line in events] == list(range(1, len(events) + 1))
    tally = Tally(line.what.get("deed") for line in events)
    assert {deed: tally[deed] for deed in deeds} == dict.fromkeys(deeds, 1)
    every_alarm_once(story)


def _planned_before_and_rung_after(story: list[Line], instant: datetime) -> int:
    rings = [line for line in story if line.act == Act.RING and line.at >= instant]
    return sum(datetime.fromisoformat(line.what["particulars"]["planned"]) < instant for line in rings)


def _is_to_ring(request: Any) -> bool:
    """Whether the instant of a rung has passed that nobody climbed."""
    instants = [owed["next_at"] for owed in request["duties"] if owed["next_at"]]
    return any(datetime.fromisoformat(instant) < datetime.now(UTC) for instant in instants)


def test_temporals_database_is_gone(place: Premises, results: Results) -> None:
    """Truth protected: the register is enough to read by and to go on from, and no alarm is forgotten."""
    desk, running = Desk(place), place.up()
    urgent, quiet = desk.hands_in(LETTER), desk.hands_in(OTHER_LETTER)
    deeds = [desk.acts(quiet, "open review")]
    until(lambda: len(place.post.came) > 0)
    with results.of("Temporal's database is gone", "told, read on, mended by `revive`; alarms ring"):
        _power_cut(place, running)
        before = desk.story(urgent)
        for file in place.home.glob("temporal.db*"):
            file.unlink()
        until(lambda: _is_to_ring(desk.does("show", urgent)), 60)
        place.up()
        assert {row["reference"] for row in desk.does("list")["rows"]} == {urgent, quiet}
        assert desk.does("show", quiet)["status"] == "open"
        assert f"{Amiss.ABSENT}: `comity revive " in desk.doctor()["requests"]
        until(lambda: _told(place, urgent) and _told(place, quiet), 60)
        refused = desk("act", quiet, "acknowledge", *_ANNA)
        assert (refused.returncode, f"`comity revive {quiet}`".encode() in refused.stderr) == (1, True)
        revived_at = datetime.now(UTC)
        assert {revival["reference"] for revival in desk.mends()} == {urgent, quiet}
        deeds.append(desk.acts(quiet, "acknowledge"))
        police = desk.acts(urgent, "record that the police took it", "--with", _POLICE)
        assert desk.doctor() == {}
    assert desk.story(urgent)[: len(before)] == before
    _every_deed_once(desk.story(urgent), [police])
    _every_deed_once(desk.story(quiet), deeds)
    assert _planned_before_and_rung_after(desk.story(urgent), revived_at) > 0
    desk.verifies()


def test_a_register_of_yesterday_is_mended_from_what_temporal_remembers(place: Premises, results: Results) -> None:
    """Truth protected: a deed that got a receipt after the copy was made is on record again, once, as it was."""
    desk, running = Desk(place), place.up()
    urgent, quiet = desk.hands_in(LETTER), desk.hands_in(OTHER_LETTER)
    deeds = {urgent: [desk.acts(urgent, "acknowledge")], quiet: [desk.acts(quiet, "acknowledge")]}
    assert running.end() == 0
    yesterday, known = _copied(place, "yesterday"), len(_events(desk.story(quiet)))
    running = place.up()
    deeds[quiet] += [desk.acts(quiet, *words) for words in (("open review",), ("note", "--words", "today"))]
    deeds[urgent] += [desk.acts(urgent, "record that the police took it", "--with", _POLICE)]
    today = [line.what for line in _events(desk.story(quiet))]
    with results.of("the register is yesterday's, Temporal of today", "told, mended by `revive`; each deed once"):
        _power_cut(place, running)
        _put_back(place, yesterday)
        place.up()
        until(lambda: {urgent, quiet} == set(re.findall(r"\b01[0-9A-Z]{24}\b", desk.doctor()["requests"])))
        _swept(place, urgent, quiet)
        revivals = {revival["reference"]: revival for revival in desk.mends()}
        assert revivals[quiet]["brought_back"] >= len(today) - known > 1
        assert [line.what for line in _events(desk.story(quiet))][: len(today)] == today
        for reference in (urgent, quiet):
            deeds[reference].append(desk.acts(reference, "note", "--words", "and on"))
            _every_deed_once(desk.story(reference), deeds[reference])
        assert desk.doctor() == {}
    desk.verifies()


def test_a_request_that_came_after_the_copy_is_refused_with_the_way_out(place: Premises, results: Results) -> None:
    """Truth protected: nothing is made up of what no copy knows; a newer one, put back, is all that it takes."""
    desk, running = Desk(place), place.up()
    assert running.end() == 0
    yesterday = _copied(place, "yesterday")
    running = place.up()
    late = desk.hands_in(OTHER_LETTER)
    noted = desk.acts(late, "note", "--words", "today")
    with results.of("the register is older than the arrival of a request", "told, refused; a newer copy mends it"):
        assert running.end() == 0
        newer = _copied(place, "newer")
        _put_back(place, yesterday)
        running = place.up()
        assert desk.doctor()["requests"] == f"{Amiss.UNKNOWN}: {late}: restore a newer copy of the database"
        _swept(place, late)
        refused = desk("revive", late, *_ANNA)
        assert (refused.returncode, refused.stdout, refused.stderr.count(b"\n")) == (1, b"", 1)
        assert b"restore a newer copy of the database" in refused.stderr
        assert running.end() == 0
        _put_back(place, newer)
        place.up()
        until(lambda: desk.doctor() == {}, 60)
        deeds = [noted, desk.acts(late, "acknowledge")]
        _every_deed_once(desk.story(late), deeds)
    desk.verifies()
