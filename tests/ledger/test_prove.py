"""A proof of one entry is checked by the script of docs/checking-the-ledger.md, and by nothing of comity."""

import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comity.errors import NotFound, Refused, Tampered
from comity.ledger import log
from comity.ledger.checkpoint import Signer, sign_head
from comity.ledger.prove import Proof, prove
from comity.store import Store
from tests.ledger.records import altered, deed, filled, signer

PAGE = Path(__file__).parents[2] / "docs" / "checking-the-ledger.md"
SIZE = 11
GOLDEN = (
    '{"v":0,"leaf":"eyJhY3QiOiJncmFudCIsImF0IjoiMjAyNi0wMy0yOFQyMzowMDowMC4wMDAwMDBaIiwiYm9keSI6IjdhYzg3YjhlNTJlZWY5MDFl'
    "ZDBmYTBkNzUzMDg3NTllOTUyZDM4YmRhOTIwZjRmMzA3OTY5ZGYxMWI5N2Q3MmUiLCJraW5kIjoiZGVlZCIsInBlcnNvbiI6InAtMSIsInByZXYiOiIi"
    'LCJyZWZlcmVuY2UiOiJyZXF1ZXN0LTEiLCJyb2xlIjoiZGVjaWRlciIsInN0YXR1cyI6ImdyYW50ZWQiLCJ2IjowLCJ2ZXJzaW9uIjoxfQ==",'
    '"index":1,"size":3,"path":["786f52154fefc8587d2b124ea9fa4308ca4bf63cd7fe79fcf5796811e23e0189",'
    '"d28326951046c2dee283197276371647907980b07a1957e7970c85eedc412f6f"],'
    '"checkpoint":"comity.example/ledger\\n3\\nNfyxiPJ4xP1CwG+GBRs4THQYdlHfJfW/FYc2vKjihcU=\\n\\n— '
    "comity.example/ledger ObHiZ9cLfZdooiL1CBcv4xWIA0dRZWj5hSLlaX8"
    'OdnzvuSurVEWpxzfDswXg+TpZcDTo4epnmMCDAB5RqyASusoglQ4=\\n",'
    '"body":"7ac87b8e52eef901ed0fa0d75308759e952d38bda920f4f307969df11b97d72e"}'
)
Altered = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Eleven entries of three requests, signed: a tree whose right side is ragged."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('proof') / 'ledger.db'}")
    store.migrate()
    sign_head(filled(store, SIZE), signer())
    return store


def proof(ledger: Store, index: int) -> Proof:
    with ledger.reading() as view:
        return prove(view, f"request-{index % 3}", index=index)


def checked(folder: Path, said: str, key: str) -> "subprocess.CompletedProcess[str]":
    """The script of the page, run by a Python that sees neither our packages nor anybody's."""
    [script] = re.findall(r"^```python\n(.+?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (folder / "check.py").write_text(script)
    (folder / "proof.json").write_text(said)
    command = [sys.executable, "-I", "-S", "check.py", "proof.json", key]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - our page


def test_the_script_is_of_a_page() -> None:
    [script] = re.findall(r"^```python\n(.+?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert script.count("\n") <= 50
    assert "comity" not in script


@pytest.mark.parametrize("index", [0, 1, 6, 7, 8, SIZE - 1])
def test_a_good_proof_holds_and_shows_its_leaf(ledger: Store, tmp_path: Path, index: int) -> None:
    ended = checked(tmp_path, proof(ledger, index).model_dump_json(), signer().verifier_key)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f'"reference":"request-{index % 3}"' in ended.stdout
    assert f'"version":{index}' in ended.stdout


def test_the_only_entry_of_a_ledger_is_its_root(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'one.db'}")
    store.migrate()
    sign_head(filled(store, 1), signer())
    only = proof(store, 0)
    assert only.path == ()
    assert checked(tmp_path, only.model_dump_json(), signer().verifier_key).returncode == 0


def leaf_of(told: dict[str, Any], old: bytes, new: bytes) -> None:
    told["leaf"] = b64encode(b64decode(told["leaf"]).replace(old, new)).decode()


ALTERED: dict[str, tuple[Altered, str]] = {
    "another act": (lambda told: leaf_of(told, b'"grant"', b'"refuse"'), "not under this root"),
    "another instant": (lambda told: leaf_of(told, b"2026-", b"2025-"), "not under this root"),
    "another index": (lambda told: told.update(index=7), "not under this root"),
    "an index below all": (lambda told: told.update(index=-1), "of another size"),
    "an index beyond": (lambda told: told.update(index=SIZE), "of another size"),
    "a digest of the path": (lambda told: told["path"].__setitem__(0, "00" * 32), "not under this root"),
    "digests in another order": (lambda told: told["path"].reverse(), "not under this root"),
    "a path cut short": (lambda told: told["path"].pop(), "the path is too short"),
    "a path made longer": (lambda told: told["path"].append("00" * 32), "the path is too long"),
    "another size": (lambda told: told.update(size=SIZE + 1), "of another size"),
    "another size, in the note too": (
        lambda told: told.update(size=12, checkpoint=told["checkpoint"].replace("\n11\n", "\n12\n")),
        "not signed by this key",
    ),
    "another root": (
        lambda told: told.update(checkpoint=re.sub(r"\n\w(.+=)\n\n", r"\nA\1\n\n", told["checkpoint"])),
        "not signed by this key",
    ),
    "another origin": (
        lambda told: told.update(checkpoint=told["checkpoint"].replace("comity.example", "comity.invalid", 1)),
        "names another key",
    ),
    "a signature cut short": (
        lambda told: told.update(checkpoint=told["checkpoint"][:-9] + "\n"),
        "not signed by this key",
    ),
    "no signature": (lambda told: told.update(checkpoint=told["checkpoint"].partition("\n\n")[0] + "\n\n"), "range"),
    "another body": (lambda told: told.update(body="00" * 32), "not the one that the leaf names"),
    "no leaf": (lambda told: told.pop("leaf"), "leaf"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_an_altered_proof_is_refused_with_what_does_not_hold(ledger: Store, tmp_path: Path, what: str) -> None:
    alter, says = ALTERED[what]
    told = json.loads(proof(ledger, 6).model_dump_json())
    alter(told)
    ended = checked(tmp_path, json.dumps(told), signer().verifier_key)
    assert ended.returncode == 1
    assert ended.stderr.startswith("refused: ")
    assert says in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (Signer(b"\x07" * 32, "comity.example/ledger").verifier_key, "names another key"),
        (Signer(bytes(range(32)), "comity.example/other").verifier_key, "names another key"),
        (signer().verifier_key.replace("39b1e267", "39b1e268"), "no key"),
        (signer().verifier_key[:-4] + "AAAA", "no key"),
        ("nonsense", "not enough values"),
    ],
)
def test_another_key_is_refused(ledger: Store, tmp_path: Path, key: str, says: str) -> None:
    ended = checked(tmp_path, proof(ledger, 6).model_dump_json(), key)
    assert ended.returncode == 1
    assert ended.stderr.startswith("refused: ")
    assert says in ended.stderr


def test_a_proof_has_these_bytes_for_ever(store: Store) -> None:
    sign_head(filled(store, 3), signer())
    with store.reading() as view:
        told = prove(view, "request-1").model_dump_json()
    assert told == GOLDEN


def test_an_entry_is_named_by_its_version_or_its_index_and_else_is_the_newest(ledger: Store) -> None:
    with ledger.reading() as view:
        by_version, by_index, newest = (
            prove(view, "request-1", version=4),
            prove(view, "request-1", index=4),
            prove(view, "request-1"),
        )
    assert by_version == by_index
    assert newest.index == 10


@pytest.mark.parametrize("named", [{"index": 6}, {"version": 6}, {"index": 4, "version": 7}, {"index": SIZE}])
def test_what_is_no_entry_of_the_request_is_not_proven(ledger: Store, named: dict[str, int]) -> None:
    """Truth protected: who may see one request is given no entry of another."""
    with ledger.reading() as view, pytest.raises(NotFound, match="no such entry"):
        prove(view, "request-1", **named)


def test_what_is_not_signed_yet_cannot_be_proven(store: Store) -> None:
    filled(store, 1)
    with store.reading() as view, pytest.raises(Refused, match="not signed yet"):
        prove(view, "request-0")
    sign_head(store, signer())
    with store.transaction() as tx:
        log.append(tx, [deed(3)])
    with store.reading() as view, pytest.raises(Refused, match="entry 1 is not signed yet"):
        prove(view, "request-0")


def test_what_was_altered_since_it_was_signed_is_not_proven(store: Store) -> None:
    sign_head(filled(store, 3), signer())
    with store.reading() as view:
        spelt = log.entry(view, "request-1")
    assert spelt is not None
    changed = spelt.spelt.replace(b'"grant"', b'"refuse"')
    altered(store, log.LEAF.update().where(log.LEAF.c.index == 1).values(leaf=changed))
    with store.reading() as view, pytest.raises(Tampered, match="entry 1 is not what was signed"):
        prove(view, "request-1")


def test_a_ciphertext_that_is_gone_is_not_named(store: Store) -> None:
    """The leaf still stands: shredding leaves the proof."""
    sign_head(filled(store, 1), signer())
    altered(store, log.LEAF.update().values(body=b""))
    with store.reading() as view:
        assert prove(view, "request-0").body is None
