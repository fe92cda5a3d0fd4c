"""The tree against RFC 6962's known roots, and every proof against every forgery of one byte."""

from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from comity.errors import Refused
from comity.ledger import merkle

LEAVES = [bytes.fromhex(leaf) for leaf in ("", "00", "10", "2021", "3031", "40414243")] + [
    bytes.fromhex("5051525354555657"),
    bytes.fromhex("606162636465666768696a6b6c6d6e6f"),
]
"""The eight leaves with which Certificate Transparency's implementations test one another."""

ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Their roots, by size."""


def _tree(leaves: list[bytes]) -> tuple[merkle.Frontier, dict[merkle.Place, bytes]]:
    frontier: merkle.Frontier = ()
    nodes: dict[merkle.Place, bytes] = {}
    for size, leaf in enumerate(map(merkle.leaf_hash, leaves)):
        frontier, made = merkle.push(size, frontier, leaf)
        nodes |= {(0, size): leaf} | made
    return frontier, nodes


def _many(size: int) -> list[bytes]:
    return [str(number).encode() for number in range(size)]


def _root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if len(leaves) < 2:
        return sha256(b"\x00" + leaves[0]).digest() if leaves else sha256(b"").digest()
    split = max(1 << n for n in range(20) if 1 << n < len(leaves))
    return sha256(b"\x01" + _root(leaves[:split]) + _root(leaves[split:])).digest()


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_that_certificate_transparency_publishes(size: int) -> None:
    assert merkle.root(_tree(LEAVES[:size])[0]).hex() == ROOTS[size]


def test_the_proofs_are_those_that_certificate_transparency_publishes() -> None:
    nodes = _tree(LEAVES)[1]
    inclusion = merkle.proof(merkle.inclusion_path(5, 8), nodes)
    assert [digest.hex()[:8] for digest in inclusion] == ["bc1a0643", "ca854ea1", "d37ee418"]
    consistency = merkle.proof(merkle.consistency_path(6, 8), nodes)
    assert [digest.hex()[:8] for digest in consistency] == ["0ebc5d34", "ca854ea1", "d37ee418"]


@given(size=st.integers(0, 300))
def test_a_frontier_has_the_root_that_the_rfc_defines(size: int) -> None:
    assert merkle.root(_tree(_many(size))[0]) == _root(_many(size))


@given(start=st.integers(0, 200), length=st.integers(0, 200))
def test_a_run_of_leaves_has_the_full_subtrees_that_the_whole_tree_has_there(start: int, length: int) -> None:
    nodes = _tree(_many(start + length))[1]
    inside = {
        (level, number): digest
        for (level, number), digest in nodes.items()
        if start <= number << level and (number + 1) << level <= start + length
    }
    leaves = [nodes[0, index] for index in range(start, start + length)]
    assert merkle.full_subtrees(start, leaves) == inside


@given(start=st.integers(0, 200), length=st.integers(0, 200))
def test_pushing_whole_subtrees_gives_the_frontier_of_pushing_each_leaf(start: int, length: int) -> None:
    whole, nodes = _tree(_many(start + length))
    frontier, at = _tree(_many(start))[0], start
    for level, number in merkle.subtrees(start, start + length):
        assert number << level == at
        frontier, _ = merkle.push(at, frontier, nodes[level, number], level)
        at += 1 << level
    assert (at, frontier) == (start + length, whole)


@st.composite
def _two(draw: st.DrawFn) -> tuple[int, int]:
    large = draw(st.integers(1, 200))
    return draw(st.integers(0, large - 1)), large


@given(sizes=_two(), byte=st.integers(0), bit=st.integers(0, 7))
def test_an_inclusion_proof_verifies_and_no_altered_one_does(sizes: tuple[int, int], byte: int, bit: int) -> None:
    index, size = sizes
    frontier, nodes = _tree(_many(size))
    proof, root = merkle.proof(merkle.inclusion_path(index, size), nodes), merkle.root(frontier)
    leaf = nodes[0, index]
    assert merkle.is_included(leaf, sizes, proof, root)
    assert not merkle.is_included(leaf, sizes, [*proof, root], root)
    assert not merkle.is_included(leaf, (size, index), proof, root)
    assert not merkle.is_included(_flip(leaf, byte, bit), sizes, proof, root)
    assert not merkle.is_included(leaf, sizes, proof, _flip(root, byte, bit))
    for altered in _altered(proof, byte, bit):
        assert not merkle.is_included(leaf, sizes, altered, root)


@given(sizes=_two(), other=st.integers(0, 199))
def test_an_inclusion_proof_holds_for_no_other_index(sizes: tuple[int, int], other: int) -> None:
    index, size = sizes
    assume(other != index)
    frontier, nodes = _tree(_many(size))
    proof = merkle.proof(merkle.inclusion_path(index, size), nodes)
    assert not merkle.is_included(nodes[0, index], (other, size), proof, merkle.root(frontier))


@given(sizes=_two(), byte=st.integers(0), bit=st.integers(0, 7))
def test_a_consistency_proof_verifies_and_no_altered_one_does(sizes: tuple[int, int], byte: int, bit: int) -> None:
    frontier, nodes = _tree(_many(sizes[1]))
    old = sizes[0], merkle.root(_tree(_many(sizes[0]))[0])
    new = sizes[1], merkle.root(frontier)
    proof = merkle.proof(merkle.consistency_path(*sizes), nodes)
    assert merkle.is_prefix(old, new, proof)
    assert not merkle.is_prefix((old[0], _flip(old[1], byte, bit)), new, proof)
    assert not merkle.is_prefix(old, new, [*proof, old[1]])
    if old[0]:
        assert not merkle.is_prefix(new, old, proof)
        assert not merkle.is_prefix(old, (new[0], _flip(new[1], byte, bit)), proof)
    for altered in _altered(proof, byte, bit):
        assert not merkle.is_prefix(old, new, altered)


@given(size=st.integers(0, 200), bit=st.integers(0, 7))
def test_a_tree_is_a_prefix_of_itself_alone_among_its_size(size: int, bit: int) -> None:
    whole = size, merkle.root(_tree(_many(size))[0])
    assert merkle.consistency_path(size, size) == []
    assert merkle.is_prefix(whole, whole, [])
    assert not merkle.is_prefix(whole, (size, _flip(whole[1], size, bit)), [])


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_what_is_not_in_the_tree_has_no_proof(index: int) -> None:
    with pytest.raises(Refused, match="indices run from 0 to 2"):
        merkle.inclusion_path(index, 3)


def test_a_larger_tree_is_no_prefix_of_a_smaller() -> None:
    with pytest.raises(Refused, match="give the older size first"):
        merkle.consistency_path(4, 3)


def _altered(proof: list[bytes], byte: int, bit: int) -> list[list[bytes]]:
    """Each digest of the proof with one bit flipped, then each left out."""
    flipped = [[*proof[:at], _flip(proof[at], byte, bit), *proof[at + 1 :]] for at in range(len(proof))]
    return flipped + [proof[:at] + proof[at + 1 :] for at in range(len(proof))]


def _flip(digest: bytes, byte: int, bit: int) -> bytes:
    altered = bytearray(digest)
    altered[byte % len(digest)] ^= 1 << bit
    return bytes(altered)
