"""What is secret stands nowhere in the clear: a request and a night, all of it markers, lived and looked for."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import copytree

import pytest

from comity.keys.request_keys import KeyClass
from comity.register import reading
from comity.request.lifecycle import Status
from comity.request.model import Event, digest_of
from tests.cli.typist import Typist
from tests.processes import Premises, premises, read_json
from tests.secrecy.collector import collecting
from tests.secrecy.life import MarkedLife, begun, digests, live
from tests.secrecy.markers import BIRTHDAY, DIGEST, MARK, forms, found_below, found_in, marker
from tests.secrecy.night import CALLER, SAID, SIX, lived_at_night

HASHES = [*digests(), sha256(SAID.encode()).hexdigest()]
SECRETS = [
    *forms(MARK),
    *(form for text in (BIRTHDAY, DIGEST, *HASHES) for form in forms(text)),
    *(bytes.fromhex(digest) for digest in (DIGEST, *HASHES)),
]


@dataclass
class Lived:
    """Everything that was left behind, and how it was found while the service still ran."""

    place: Premises
    life: MarkedLife
    night: MarkedLife
    while_it_ran: dict[str, list[str]]
    spans: list[bytes]
    status: Status


@pytest.fixture(scope="module")
async def lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    """The life, told once for all that is looked at here; the stores are copied while the service has them open."""
    with collecting() as collector, premises(tmp_path_factory.mktemp("marked"), otlp=collector.url) as place:
        running = await asyncio.to_thread(place.up)
        async with begun(place) as life:
            await live(life)
            night = await lived_at_night(life)
            copied = copytree(place.home, place.folder / "copied while it ran", ignore=_sockets)
            status = life.request.status
        assert running.end() == 0
        yield Lived(place, life, night, found_below(copied, SECRETS), collector.bodies, status)


def _sockets(_folder: str, names: list[str]) -> list[str]:
    """Nothing is left out but what is gone before it is copied: SQLite's shared memory."""
    return [name for name in names if name.endswith("-shm")]


def test_the_life_came_to_its_end(lived: Lived) -> None:
    assert lived.status == Status.CLOSED


def test_nothing_secret_stands_in_any_file_of_comity_home(lived: Lived) -> None:
    """Temporal's database, register, ledger, vault, packages, checkpoints, the server's log, and their WAL files."""
    assert lived.while_it_ran == {}
    assert found_below(lived.place.home, SECRETS) == {}
    assert {"comity.db", "temporal.db", "vault", "outgoing"} <= {path.name for path in lived.place.home.iterdir()}


def test_no_digest_in_the_clear_confirms_a_guess(lived: Lived) -> None:
    """Who guesses an exhibit or a name can compute what it was hashed into: all else of a deed is in the clear."""
    both = (lived.life, lived.night)
    story = [line for life in both for line in read_json(Typist(lived.place)("trace", life.reference, "--json").stdout)]
    events = [Event.model_validate(line["what"]) for line in story if line["version"] is not None]
    deeds = [event.deed_digest for event in events if event.deed_digest]
    packages = [package.content for life in both for package in life.request.packages]
    hashed = [*deeds, *(digest_of(event) for event in events), *packages]
    plain = [form for digest in hashed for form in (digest.encode(), bytes.fromhex(digest))]
    assert len(plain) > 100
    assert found_below(lived.place.home, plain) == {}


def test_nothing_secret_stands_in_the_log(lived: Lived) -> None:
    told = lived.place.started[0].log.read_bytes()
    assert found_in(told, SECRETS) == []
    assert b'"ready"' in told


def test_nothing_secret_stands_in_a_span(lived: Lived) -> None:
    assert found_in(b"".join(lived.spans), SECRETS) == []
    assert any(lived.life.reference.encode() in body for body in lived.spans)


def test_nothing_secret_stands_in_a_mail(lived: Lived) -> None:
    assert found_in(b"".join(lived.place.post.contents), SECRETS) == []
    assert any(lived.life.reference.encode() in mail for mail in lived.place.post.contents)


def test_nothing_secret_stands_in_what_commands_say_on_stderr(lived: Lived) -> None:
    """A refusal names what is possible instead; it may be copied into any log."""
    assert found_in(b"\n".join(lived.life.said), SECRETS) == []
    assert any(b"comity:" in said for said in lived.life.said)


def test_whoever_must_not_be_named_stands_in_no_story_list_or_letter(lived: Lived) -> None:
    """Tokens stand for them everywhere but in the vault, also for those who have the other keys."""
    reference, home = lived.life.reference, lived.life.counter.home
    with home.store.reading() as view:
        sealed = reading.document(view, reference, "letter")
    letter = home.keys.open(reference, KeyClass.CONTENT, sealed, "letter")
    told = [Typist(lived.place)(command, reference, "--json").stdout for command in ("show", "trace")]
    assert marker("letter.persons[].special_measures").encode() in letter
    assert [text for text in (letter, *told) if marker("letter.persons[].identity").encode() in text] == []


# --- the search itself ------------------------------------------------------------------------------------------------


def _hidden() -> Iterator[bytes]:
    text = f'{{"name":"Ñ {MARK}_a_b"}}'
    yield from (text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be"), text.upper().encode())
    yield from (base64.b64encode(bytes(shift) + text.encode()) for shift in range(3))
    yield text.encode("unicode_escape")
    yield text.encode().hex().encode()


@pytest.mark.parametrize("hidden", list(_hidden()))
def test_the_search_finds_a_marker_in_each_of_its_forms(hidden: bytes, tmp_path: Path) -> None:
    """A search that finds nothing proves nothing unless it would have found something."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\x00" * 5000 + hidden + b"\xff" * 5000)
    (tmp_path / "clean").write_bytes(b"\x00" * 5000)
    assert list(found_below(tmp_path, SECRETS)) == ["deep/file"]


def test_the_search_finds_a_marker_in_the_name_of_a_file(tmp_path: Path) -> None:
    (tmp_path / f"{MARK}_x").touch()
    assert list(found_below(tmp_path, SECRETS)) == [f"{MARK}_x"]


def test_what_was_planted_is_there_for_whoever_has_the_keys(lived: Lived) -> None:
    """The markers did go in: with the keys, the whole story gives them back."""
    told = Typist(lived.place)("trace", lived.life.reference, "--json")
    assert told.stdout.count(MARK.encode()) > 100


def test_what_was_planted_at_night_is_there_for_whoever_has_the_keys(lived: Lived) -> None:
    """What was told by voice stands as it came in the vault, what was said as an exhibit, to whom in the story."""
    reference, home = lived.night.reference, lived.life.counter.home
    with home.store.reading() as view:
        caller, received = (reading.identity(view, reference, token) for token in (CALLER, "as received"))
        letter = reading.document(view, reference, "letter")
    assert SIX["caller"].encode() in home.keys.open(reference, KeyClass.VAULT, caller, f"identity {CALLER}")
    as_told = home.keys.open(reference, KeyClass.VAULT, received, "identity as received")
    assert [name for name, text in SIX.items() if text.removeprefix("PT ").encode() not in as_told] == []
    told = Typist(lived.place)("trace", reference, "--json").stdout
    assert [each for each in ("to", "number", "reason") if marker(f"disclosed: {each}").encode() not in told] == []
    written = home.keys.open(reference, KeyClass.CONTENT, letter, "letter")
    assert marker("own reference of the letter that confirms").encode() in written
