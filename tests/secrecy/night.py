"""One night of which every text is a marker: told by voice, disclosed at once, confirmed by letter, joined."""

import json
from dataclasses import replace

from comity.request.lifecycle import Act, Role
from tests.office import GUS
from tests.processes import read_json
from tests.secrecy.life import MarkedLife
from tests.secrecy.markers import marked_letter, marker

_BOB, _ANNA = ("--as", "p-bob"), ("--as", "p-anna")
SAID = marker("disclosed: where the child is")
CALLER = "officer-999"
SIX = {
    "caller": marker("told: who is calling"),
    "authority": f"PT {marker('told: for which authority')}",
    "number": marker("told: call-back number"),
    "happening": marker("told: what is happening"),
    "where": marker("told: account or place"),
    "wanted": "expedited preservation",
}


async def lived_at_night(life: MarkedLife) -> MarkedLife:
    """Another request in the same place, by the commands that people type at night and in the weeks after."""
    with (life.place.home / "people.toml").open("a") as people:
        people.write(GUS)
    night = replace(life, reference=_called(life))
    await _disclosed(night)
    _confirmed(night, _taken_for_another(night))
    _placed(night)
    night.comity("identity", night.reference, CALLER, "--reason", marker("of opening at night"), "--as", "p-eve")
    return night


def _called(life: MarkedLife) -> str:
    """The call is taken once, and refused where it is told again."""
    told = ["--urgency", "P1d", *(word for name, text in SIX.items() for word in (f"--{name}", text))]
    reference: str = read_json(life.comity("oral", *told, *_BOB, "--json"))["reference"]
    life.comity("oral", *told, *_BOB, expect=1)
    return reference


async def _disclosed(night: MarkedLife) -> None:
    """Refused before the caller was called back, and ratified afterwards."""
    free = {name: marker(f"disclosed: {name}") for name in ("to", "number", "reason")}
    words = [word for name, text in free.items() for word in (f"--{name}", text)]
    disclose = ("disclose", night.reference, "--said", SAID, *words, *_BOB)
    night.comity(*disclose, expect=1)
    await night.do("p-bob", Act.VERIFY_SENDER, role=Role.DUTY_OFFICER)
    night.comity(*disclose)
    await night.do("p-eve", Act.RATIFY_DISCLOSURE, "P1", role=Role.HEAD_OF_UNIT)


def _taken_for_another(night: MarkedLife) -> str:
    """The letter that confirms the call is handed in as a request of its own."""
    number = {"own_reference": marker("own reference of the letter that confirms")}
    planted = marked_letter() | number | {"requesting_state": "PT", "requested_state": "LU"}
    (night.place.folder / "confirming.json").write_text(json.dumps(planted, ensure_ascii=False))
    said = night.comity("submit", str(night.place.folder / "confirming.json"), *_ANNA, "--json")
    return str(read_json(said)["reference"])


def _confirmed(night: MarkedLife, other: str) -> None:
    """It is refused until the two are joined, and confirms then."""
    confirm = ("submit", str(night.place.folder / "confirming.json"), "--confirms", night.reference, *_ANNA)
    night.comity(*confirm, expect=1)
    night.comity("join", other, night.reference, "--as", "p-gus")
    assert b"the letter raises M1 to P0" in night.comity(*confirm)


def _placed(night: MarkedLife) -> None:
    """What nobody could place at first: taken in, read, set aside with a reason, and another one filed."""
    name, number = marker("file name of the post"), marker("number on the post")
    letter = night.place.folder / f"{name}.txt"
    letter.write_text(marker("what the post says"), encoding="utf-8")
    take = ("post", "take", str(letter), "--from", "PT", "--number", number, *_ANNA, "--json")
    piece, other = (str(read_json(night.comity(*take))["piece"]) for _ in range(2))
    night.comity("post", "read", piece, "--reason", marker("of reading the post"), *_ANNA)
    night.comity("post", "aside", piece, "--reason", marker("of setting the post aside"), *_ANNA)
    night.comity("post", "aside", piece, "--reason", marker("of setting it aside again"), "--as", "p-fay", expect=1)
    night.comity("letter", night.reference, "opinion", "--post", other, "--reason", marker("of filing it"), *_ANNA)
