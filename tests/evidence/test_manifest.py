"""What a manifest stands for, and what a receipt must match."""

import hashlib

import pytest
from pydantic import ValidationError

from comity.errors import Objection
from comity.evidence.manifest import Item, Manifest, Receipt, check_receipt
from comity.evidence.seal import Seal

from .conftest import NOW, ONE, REFERENCE, THREE, TWO

A = Item(id=ONE, size=5, sha256="ab" * 32)
B = Item(id=TWO, size=0, sha256="cd" * 32)
MANIFEST = Manifest(reference=REFERENCE, package="P1", exhibits=(A, B))
CANONICAL = (
    '{"exhibits":[{"id":"01JNBXS0000000000000000001",'
    '"sha256":"abababababababababababababababababababababababababababababababab","size":5},'
    '{"id":"01JNBXS0000000000000000002",'
    '"sha256":"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd","size":0}],'
    '"format":0,"package":"P1","reference":"01JNBXR6K3V8ZD5T0M7QHYWGAC"}'
)


def _receipt(**other: object) -> Receipt:
    said = MANIFEST.model_dump() | {"content_digest": MANIFEST.content_digest, "received_at": NOW}
    return Receipt.model_validate(said | other)


def test_the_bytes_that_a_content_digest_is_of_are_a_promise() -> None:
    assert MANIFEST.canonical().decode() == CANONICAL
    assert MANIFEST.content_digest == hashlib.sha256(CANONICAL.encode()).hexdigest()


def test_the_order_in_which_seals_are_given_does_not_matter() -> None:
    seals = [
        Seal(exhibit=item.id, sha256=item.sha256, size=item.size, chunks=1, chunk_size=1 << 20, sealed_at=NOW)
        for item in (B, A)
    ]
    assert Manifest.of(REFERENCE, "P1", seals) == MANIFEST


@pytest.mark.parametrize("exhibits", [(B, A), (A, A), ()])
def test_exhibits_stand_in_order_each_once_and_at_least_one(exhibits: tuple[Item, ...]) -> None:
    with pytest.raises(ValidationError):
        Manifest(reference=REFERENCE, package="P1", exhibits=exhibits)


def test_a_receipt_of_what_was_sent_is_accepted() -> None:
    check_receipt(_receipt(), MANIFEST)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"exhibits": (A.model_copy(update={"sha256": "ef" * 32}), B)}, f"the sha256 of exhibit {ONE} differs"),
        ({"exhibits": (A, B.model_copy(update={"size": 1}))}, f"the size of exhibit {TWO} differs"),
        ({"exhibits": (A,)}, f"exhibit {TWO} was not received"),
        ({"exhibits": (A, B, B.model_copy(update={"id": THREE}))}, f"exhibit {THREE} was never sent"),
        ({"content_digest": "00" * 32}, "the content digest differs"),
        ({"package": "P2"}, "it is for another package"),
        ({"reference": ONE}, "it is for another reference"),
    ],
)
def test_a_receipt_that_differs_is_objected_to_by_name(other: dict[str, object], said: str) -> None:
    with pytest.raises(Objection, match=said):
        check_receipt(_receipt(**other), MANIFEST)


def test_every_exhibit_that_differs_is_named() -> None:
    with pytest.raises(Objection, match=f"{ONE}.*{TWO}"):
        check_receipt(_receipt(exhibits=(A.model_copy(update={"size": 9}), B.model_copy(update={"size": 9}))), MANIFEST)
