"""A chain of custody is unbroken, or its first break is named."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.evidence.chain import Link, breaks, in_order
from comity.evidence.custody import Action, CustodyEntry
from comity.request.lifecycle import Role

from .conftest import NOW, ONE, TWO

A, B = "aa" * 32, "bb" * 32


def entry(action: str, **more: Any) -> CustodyEntry:
    """An entry of exhibit ONE; what changes hands goes from the registry to the unit unless it says otherwise."""
    ends = {"handed_by": "registry", "handed_to": "unit"} if action in ("received", "moved", "released") else {}
    return CustodyEntry(
        **{"exhibit": ONE, "person": "p-dan", "role": Role.EVIDENCE_OFFICER, "organisation": "unit", "zone": "UTC"}
        | {"reason": "to show it", "at": NOW, "action": Action(action)}
        | ends
        | more
    )


def test_what_follows_one_from_another_is_unbroken() -> None:
    chain = [
        entry("collected", handed_by="the owner", handed_to="registry", seal_number_after="S-1"),
        entry("received", seal_number_before="s-1 ", seal_number_after="S-2"),
        entry("sealed", hash_after=A),
        entry("analysed", hash_before=A, hash_after=A, seal_number_before="S-2", seal_number_after="S-3"),
        entry("released", handed_by="central authority", handed_to="pt-central", hash_before=A, hash_after=A),
        entry("moved", handed_by="Unit", handed_to="store", seal_number_before="S-3"),
        entry("destroyed", hash_before=A),
    ]
    assert breaks(chain) == ()


BROKEN: dict[str, tuple[list[CustodyEntry], int, str]] = {
    "another hash is found": ([entry("sealed", hash_after=A), entry("accessed", hash_before=B)], 2, "entry 1 left"),
    "it was altered": ([entry("sealed", hash_after=A), entry("analysed", hash_before=A, hash_after=B)], 2, "after it"),
    "another hash is left, and none was found": (
        [entry("sealed", hash_after=A), entry("analysed", hash_after=B)], 2, "after it is not the one that entry 1",
    ),
    "a hand is missing": ([entry("received"), entry("moved", handed_by="store", handed_to="x")], 2, "others than"),
    "another seal": (
        [entry("received", seal_number_after="S-1"), entry("accessed", seal_number_before="S-2")], 2, "physical seal",
    ),
    "it comes from nowhere": ([entry("accessed")], 1, "from where"),
    "it was no more": ([entry("sealed", hash_after=A), entry("destroyed"), entry("accessed")], 3, "destroyed"),
    "what an older one left": (
        [entry("sealed", hash_after=A), entry("received"), entry("accessed", hash_before=B)], 3, "entry 1 left",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_break_is_named_with_its_entry_and_its_reason(what: str) -> None:
    chain, number, why = BROKEN[what]
    [found] = breaks(chain)
    assert found.number == number
    assert why in found.why


def test_what_is_copied_begins_with_the_hash_of_its_parent() -> None:
    copied = entry("copied", parent=TWO, hash_before=A, hash_after=B)
    assert breaks([copied, entry("sealed", hash_after=B)]) == ()
    [found] = breaks([entry("sealed", hash_after=A), copied])
    assert found.number == 2
    [found, _] = breaks([copied, entry("sealed", hash_after=A), entry("accessed", hash_before=B)])
    assert found.number == 2


def test_a_copy_that_goes_out_leaves_the_exhibit_where_it_was() -> None:
    out = {"handed_by": "central authority"}
    chain = [entry("received"), entry("released", handed_to="pt", **out), entry("released", handed_to="lu", **out)]
    assert breaks([*chain, entry("moved", handed_by="unit", handed_to="store")]) == ()


def test_the_order_is_that_in_which_it_happened_not_in_which_it_was_entered() -> None:
    late = Link(index=9, recorded=NOW, custody=entry("collected", at=NOW - timedelta(days=3)))
    first = Link(index=2, recorded=NOW, custody=entry("sealed", hash_after=A))
    second = Link(index=4, recorded=NOW, custody=entry("accessed"))
    assert in_order([second, late, first]) == (late, first, second)


_MAYBE_HASH = st.sampled_from([None, A, B])
_MAYBE = st.sampled_from([None, "one", "two"])
_HANDS = st.sampled_from(["one", "two"])
_ENTRIES = st.builds(
    lambda action, hands, hashes, numbers, parent: entry(
        action,
        handed_by=hands[0],
        handed_to=hands[1],
        hash_before=hashes[0],
        hash_after=hashes[1] or (A if action == "sealed" else None),
        seal_number_before=numbers[0],
        seal_number_after=numbers[1],
        parent=parent,
    ),
    st.sampled_from(list(Action)),
    st.tuples(_HANDS, _HANDS),
    st.tuples(_MAYBE_HASH, _MAYBE_HASH),
    st.tuples(_MAYBE, _MAYBE),
    st.sampled_from([None, None, TWO]),
)


@given(st.lists(_ENTRIES, max_size=8))
def test_any_chain_is_unbroken_up_to_its_first_break(chain: list[CustodyEntry]) -> None:
    """What comes later never mends nor moves a break: each beginning of a chain has the breaks of the whole in it."""
    found = breaks(chain)
    assert [each.number for each in found] == sorted(each.number for each in found)
    for reach in range(len(chain) + 1):
        assert breaks(chain[:reach]) == tuple(each for each in found if each.number <= reach)


@given(st.lists(_ENTRIES, min_size=1, max_size=8))
def test_a_chain_that_is_unbroken_holds_as_a_person_would_check_it(chain: list[CustodyEntry]) -> None:
    """Checked the other way round: in an unbroken chain the hashes that were said, in order, are all one."""
    whole = [each.model_copy(update={"parent": None}) for each in chain]
    if not breaks(whole):
        said = [digest for each in whole for digest in (each.hash_before, each.hash_after) if digest]
        assert len(set(said)) <= 1
        assert whole[0].action in (Action.COLLECTED, Action.SEALED, Action.RECEIVED)
        assert all(each.action is not Action.DESTROYED for each in whole[:-1])
