"""What the custody of an exhibit says to other forensic software, and that NIST's validator accepts it."""

import json
import subprocess
import sys
from pathlib import Path

from comity.evidence import case
from comity.evidence.chain import Link
from comity.evidence.custody import Action, CustodyEntry
from comity.request.lifecycle import Role
from tests.evidence.enclosures import sealed

from .conftest import NOW, ONE, TWO

SEAL = sealed(ONE, b"a statement")


def _link(index: int, action: Action, **more: str) -> Link:
    entry = CustodyEntry(
        **{"exhibit": ONE, "action": action, "person": "p-dan", "role": Role.EVIDENCE_OFFICER, "at": NOW}
        | {"organisation": "unit", "zone": "Europe/Luxembourg", "reason": "to show it"}
        | more
    )
    return Link(index=index, recorded=NOW, custody=entry)


CHAIN = [
    _link(3, Action.SEALED, hash_after=SEAL.sha256, tool="comity", tool_version="format 0"),
    _link(5, Action.MOVED, handed_by="unit", handed_to="laboratory", place="Lisbon", seal_number_before="B-7"),
    _link(9, Action.COPIED, parent=TWO, tool="imager"),
]


def test_each_entry_is_an_action_informed_by_the_one_before() -> None:
    nodes = json.loads(case.graph(SEAL, "تقرير.pdf", CHAIN))["@graph"]
    actions = [node for node in nodes if node["@type"] == "case-investigation:InvestigativeAction"]
    assert [each["uco-core:name"] for each in actions] == ["sealed", "moved", "copied"]
    informed = [each.get("case-investigation:wasInformedBy", {}).get("@id") for each in actions]
    assert informed == [None, actions[0]["@id"], actions[1]["@id"]]
    assert "physical seal before: B-7" in actions[1]["uco-core:description"]
    [provenance] = [node for node in nodes if node["@type"] == "case-investigation:ProvenanceRecord"]
    assert provenance["case-investigation:exhibitNumber"] == ONE


def test_the_same_custody_gives_the_same_bytes_and_each_thing_one_node() -> None:
    assert case.graph(SEAL, "a", CHAIN) == case.graph(SEAL, "a", CHAIN)
    ids = [node["@id"] for node in json.loads(case.graph(SEAL, "a", [*CHAIN, *CHAIN]))["@graph"]]
    assert len(ids) == len(set(ids))


def test_a_validator_that_is_not_ours_accepts_it(tmp_path: Path) -> None:
    validator = str(Path(sys.executable).parent / "case_validate")
    (tmp_path / "custody.jsonld").write_bytes(case.graph(SEAL, None, CHAIN))
    done = subprocess.run([validator, "custody.jsonld"], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert "Conforms: True" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
