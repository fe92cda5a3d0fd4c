"""What a seal proves."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from comity.errors import Tampered
from comity.evidence.seal import Seal, compare
from comity.request.model import canonical

from .conftest import NOW, ONE, TWO

SEAL = Seal(exhibit=ONE, sha256="ab" * 32, size=2_000_000, chunks=2, chunk_size=1 << 20, sealed_at=NOW)


def test_the_form_of_a_seal_is_a_promise() -> None:
    """As it is kept: what equals its default is left out, so that a field which came later alters no older seal."""
    assert canonical(SEAL) == (
        b'{"chunk_size":1048576,"chunks":2,"exhibit":"01JNBXS0000000000000000001",'
        b'"sealed_at":"2026-03-02T09:30:00Z","sha256":"' + b"ab" * 32 + b'","size":2000000}'
    )
    longer = SEAL.model_copy(update={"sha512": "cd" * 64})
    assert canonical(longer) == (
        b'{"chunk_size":1048576,"chunks":2,"exhibit":"01JNBXS0000000000000000001",'
        b'"sealed_at":"2026-03-02T09:30:00Z","sha256":"'
        + b"ab" * 32
        + b'","sha512":"'
        + b"cd" * 64
        + b'","size":2000000}'
    )


def test_a_seal_of_before_sha_512_is_compared_without_it() -> None:
    found = SEAL.model_copy(update={"sha512": "cd" * 64})
    compare(SEAL, found)
    with pytest.raises(Tampered, match="sha512 differ"):
        compare(found, found.model_copy(update={"sha512": "ef" * 64}))


def test_the_same_bytes_looked_at_later_are_the_same() -> None:
    compare(SEAL, SEAL.model_copy(update={"sealed_at": NOW + timedelta(days=400)}))


@pytest.mark.parametrize(
    ("field", "other"), [("exhibit", TWO), ("sha256", "cd" * 32), ("size", 2_000_001), ("chunks", 3), ("chunk_size", 4)]
)
def test_any_difference_is_named(field: str, other: object) -> None:
    with pytest.raises(Tampered, match=f"exhibit {ONE} is not what was sealed: {field} differ"):
        compare(SEAL, SEAL.model_copy(update={field: other}))


@pytest.mark.parametrize("chunks", [1, 3])
def test_chunks_that_do_not_make_the_size_are_refused(chunks: int) -> None:
    with pytest.raises(ValidationError, match="do not make this size"):
        Seal(**{**SEAL.model_dump(), "chunks": chunks})
