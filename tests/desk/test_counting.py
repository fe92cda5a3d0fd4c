"""Which months are counted, and how a person reads them."""

from datetime import UTC, datetime

import pytest

from comity.errors import Unreadable
from comity.register.statistics import Line, Table
from desk.counting import lines, months

NOW = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)


def _month(year: int, month: int) -> datetime:
    return datetime(year, month, 1)  # noqa: DTZ001 - as it is typed


def test_by_default_the_last_twelve_months_that_are_over_are_counted() -> None:
    found = months(None, None, NOW)
    assert (found[0], found[-2:], len(found)) == ("2025-02", ("2025-12", "2026-01"), 12)


def test_the_months_from_one_to_another_are_counted_with_both() -> None:
    assert months(_month(2025, 11), _month(2026, 1), NOW) == ("2025-11", "2025-12", "2026-01")


def test_a_month_that_is_not_over_is_refused_with_the_last_that_is() -> None:
    """Truth protected: a count that still grows tells from one day to the next who came."""
    with pytest.raises(Unreadable, match="the last one is 2026-01"):
        months(None, _month(2026, 2), NOW)


def test_a_first_month_after_the_last_is_refused() -> None:
    with pytest.raises(Unreadable, match="--from"):
        months(_month(2026, 1), _month(2025, 12), NOW)


def test_a_table_of_more_than_a_year_goes_on_below_with_its_sums_at_the_end() -> None:
    over = tuple(f"{year}-{month:02}" for year in (2024, 2025) for month in range(1, 13))[:13]
    table = Table(title="requests", months=over, lines=(Line(name="all", cells=(7,) * 13, over_all=91),))
    *_, empty, title, first, cells, below, again, last, rest = lines((table,))
    assert (empty, below) == ("", "")
    assert (title, again) == ("requests", "requests (continued)")
    assert (first.split(), cells.split()) == (list(over[:12]), ["all", *["7"] * 12])
    assert (last.split(), rest.split()) == (["2025-01", "together"], ["all", "7", "91"])
