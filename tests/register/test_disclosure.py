"""Nobody is found in a small count: whatever is printed, with all its totals, no hidden number can be worked out."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.register.disclosure import FEWEST, SMALL, WITHHELD, Shown, divided, over_all, total

MOST = 7
"""The largest count of the rows that are tried; large ones differ in nothing from it."""


def _could_be(shown: Shown, most: int) -> range:
    """What somebody who knows the marks must reckon with."""
    if isinstance(shown, int):
        return range(shown, shown + 1)
    return range(FEWEST) if shown == SMALL else range(most + 1)


@cache
def _rows_that_print(cells: tuple[Shown, ...], all_: Shown) -> tuple[tuple[int, ...], ...]:
    """Every row of counts that these cells and this total may stand for."""
    most = all_ if isinstance(all_, int) else FEWEST - 1
    rows = product(*(_could_be(cell, most) for cell in cells))
    return tuple(row for row in rows if sum(row) in _could_be(all_, most))


def _hidden(cells: Sequence[Shown]) -> Iterator[int]:
    return (place for place, cell in enumerate(cells) if not isinstance(cell, int))


ROWS = [row for parts in (1, 2, 3, 4) for row in product(range(MOST + 1), repeat=parts)]


def test_no_hidden_count_can_be_worked_out_from_its_row_and_its_total() -> None:
    """Truth protected: every row of up to four parts of nought to seven, by all rows that it might be."""
    for row in ROWS:
        cells, all_ = divided(row), total(row)
        possible = _rows_that_print(cells, all_)
        assert row in possible
        for place in _hidden(cells):
            assert len({other[place] for other in possible}) > 1, (row, cells)
        if not isinstance(all_, int):
            assert len({sum(other) for other in possible}) > 1, row


@pytest.mark.parametrize("parts", [2, 3, 4])
def test_who_knows_the_rule_can_work_out_no_more(parts: int) -> None:
    """By all rows that are printed in the same way."""
    alike: dict[tuple[tuple[Shown, ...], Shown], list[tuple[int, ...]]] = {}
    for row in product(range(MOST + 1), repeat=parts):
        alike.setdefault((divided(row), total(row)), []).append(row)
    told = {
        rows[0]
        for (cells, _), rows in alike.items()
        for place in _hidden(cells)
        if len({row[place] for row in rows}) == 1
    }
    assert told == set()


def test_no_small_count_is_ever_a_number_and_none_is_made_up() -> None:
    for row in ROWS:
        for part, cell in zip((*row, sum(row)), (*divided(row), total(row)), strict=True):
            assert cell in (part, SMALL, WITHHELD)
            assert not (isinstance(cell, int) and 0 < cell < FEWEST)


def test_what_gives_nobody_away_is_shown() -> None:
    assert divided((0, 12, 0)) == (0, 12, 0)
    assert divided((0, 0)) == (0, 0)
    assert divided((2, 12, 1)) == (SMALL, 12, SMALL)
    assert divided((2, 12, 7)) == (WITHHELD, 12, WITHHELD)
    assert divided((1, 2)) == (SMALL, SMALL)
    assert divided((4, 9, 4)) == (WITHHELD, WITHHELD, WITHHELD)


TABLES = st.tuples(st.integers(1, 3), st.integers(1, 3)).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(0, MOST), min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0]
    )
)


@given(TABLES)
@settings(max_examples=100, deadline=None)
def test_no_hidden_count_can_be_worked_out_from_a_table_with_all_its_sums(rows: list[list[int]]) -> None:
    """Truth protected: sums over rows take nothing from what a row hides."""
    cells, totals = [divided(row) for row in rows], [total(row) for row in rows]
    sums = [over_all(column) for column in zip(*cells, strict=True)]
    hidden = {(number, place): set[int]() for number, row in enumerate(cells) for place in _hidden(row)}
    for table in _tables_that_print(cells, totals, [*sums, over_all(totals)]):
        for (number, place), found in hidden.items():
            found.add(table[number][place])
        if all(len(found) > 1 for found in hidden.values()):
            return
    raise AssertionError((rows, cells))


def _tables_that_print(
    cells: Sequence[tuple[Shown, ...]], totals: Sequence[Shown], sums: Sequence[Shown]
) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Every table that these cells, totals and sums over rows may stand for: of `12+` all that is twelve or more."""
    rows = [_rows_that_print(*each) for each in zip(cells, totals, strict=True)]
    for table in product(*rows):
        columns = [*map(sum, zip(*table, strict=True)), sum(map(sum, table))]
        if all(_fits(count, told) for count, told in zip(columns, sums, strict=True)):
            yield table


def _fits(count: int, told: Shown) -> bool:
    return count == told if isinstance(told, int) else count >= int(told.removesuffix("+"))
