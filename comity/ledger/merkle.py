"""The Merkle tree of RFC 6962, section 2.1: pure functions on digests of 32 bytes.

A tree is known by its frontier: the roots of its full subtrees, largest first. A full subtree has a place
(level, number) and covers the leaves from number << level to (number + 1) << level, the last excluded.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from comity.errors import Refused

Place = tuple[int, int]
Frontier = tuple[bytes, ...]
Path = list[list[Place]]
"""One proof: for each of its digests, the full subtrees that it is folded from, largest first."""

EMPTY = sha256(b"").digest()
"""The root of the tree without leaves."""


def leaf_hash(leaf: bytes) -> bytes:
    """The digest of a leaf."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The digest of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def push(size: int, frontier: Frontier, place_hash: bytes, level: int = 0) -> tuple[Frontier, dict[Place, bytes]]:
    """The frontier after one more full subtree (a leaf: level 0), with the larger subtrees that it completes.

    `size`, in leaves, must be a multiple of 2 ** level.
    """
    tops, carry, number, made = list(frontier), place_hash, size >> level, {}
    while number & 1:
        carry, number, level = node_hash(tops.pop(), carry), number >> 1, level + 1
        made[level, number] = carry
    return (*tops, carry), made


def root(frontier: Sequence[bytes]) -> bytes:
    """The root over full subtrees, folded from the smallest."""
    if not frontier:
        return EMPTY
    result = frontier[-1]
    for top in reversed(frontier[:-1]):
        result = node_hash(top, result)
    return result


def subtrees(start: int, end: int) -> list[Place]:
    """The fewest full subtrees that cover the leaves from start to end, the last excluded, in order."""
    places = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        places.append((level, start >> level))
        start += 1 << level
    return places


def full_subtrees(start: int, leaves: Sequence[bytes]) -> dict[Place, bytes]:
    """Every full subtree inside the run of leaf digests that begins at index `start`, the leaves included."""
    found: dict[Place, bytes] = {}
    level, row = 0, list(leaves)
    while row:
        found.update(zip([(level, start + n) for n in range(len(row))], row, strict=True))
        paired = row[start & 1 :]
        row = [node_hash(left, right) for left, right in zip(paired[::2], paired[1::2], strict=False)]
        start, level = (start + 1) >> 1, level + 1
    return found


def inclusion_path(index: int, size: int) -> Path:
    """What proves leaf `index` in the tree of `size` leaves, nearest first (RFC 6962, section 2.1.1).

    Raises Refused when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise Refused(f"there is no entry {index} in a ledger of {size}; indices run from 0 to {size - 1}")
    path: Path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _half(end - start)
        if index < middle:
            path.append(subtrees(middle, end))
            end = middle
        else:
            path.append(subtrees(start, middle))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int) -> Path:
    """What proves the tree of `old` leaves a prefix of that of `new` (RFC 6962, section 2.1.2).

    Raises Refused when old is larger than new.
    """
    if not 0 <= old <= new:
        raise Refused(f"a ledger of {old} is no prefix of one of {new}; give the older size first")
    if old in (0, new):
        return []
    path: Path = []
    start, end = 0, new
    while end != old:
        middle = start + _half(end - start)
        if old <= middle:
            path.append(subtrees(middle, end))
            end = middle
        else:
            path.append(subtrees(start, middle))
            start = middle
    if start:  # the old tree is not itself one full subtree, so the verifier needs its last part
        path.append(subtrees(start, end))
    return path[::-1]


def proof(path: Path, hashes: Mapping[Place, bytes]) -> list[bytes]:
    """The digests of a proof, from those of the full subtrees on its path."""
    return [root([hashes[place] for place in places]) for places in path]


def is_included(leaf: bytes, place: tuple[int, int], proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf of this digest stands at (index, size) under this root (RFC 9162, section 2.1.3.2)."""
    index, size = place
    if not 0 <= index < size:
        return False
    here, last, result = index, size - 1, leaf
    for digest in proof:
        if not last:
            return False
        if here & 1 or here == last:
            result = node_hash(digest, result)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            result = node_hash(result, digest)
        here, last = here >> 1, last >> 1
    return not last and result == root


def is_prefix(old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]) -> bool:
    """Whether the tree `old` (size, root) is a prefix of the tree `new` (RFC 9162, section 2.1.4.2)."""
    if old[0] == new[0]:
        return old == new and not proof
    if old[0] == 0:
        return old[1] == EMPTY and not proof
    if not proof or old[0] > new[0]:
        return False
    return _both_roots(old, new[0], proof) == (old[1], new[1])


def _both_roots(old: tuple[int, bytes], new_size: int, proof: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The roots of both trees as the proof tells them; None when it has too few or too many digests."""
    here, last = old[0] - 1, new_size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    digests = list(proof) if here else [old[1], *proof]
    before = after = digests[0]
    for digest in digests[1:]:
        if not last:
            return None
        if here & 1 or here == last:
            before, after = node_hash(digest, before), node_hash(digest, after)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            after = node_hash(after, digest)
        here, last = here >> 1, last >> 1
    return None if last else (before, after)


def _half(size: int) -> int:
    """The largest power of two below size."""
    return 1 << ((size - 1).bit_length() - 1)
