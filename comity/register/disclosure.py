"""Which counts may be shown, so that nobody is found in a small one.

The rule, for a total and the parts that it divides into:

1. What is under five is shown as `<5`: none to four. A total under five hides all its parts in the same way.
2. What is left of the total when the shown parts are taken away is what the small ones make together. If that is
   nothing, they are shown as 0: everybody can tell, and there is nobody to find.
3. If it gives a small part away (there is only one, or each of them must be four), the smallest shown part is withheld
   with them (of equal ones each), and all of these are marked `-`: small, or withheld. Where none is shown, every part
   is marked so.
4. A sum over several rows adds what is shown in them, and says `12+` where something is not: it tells nothing new.

So a row depends on its own counts alone, and shows the same in whatever selection it is asked for: two selections that
differ by one row give away no more than that row. What somebody knows besides, or sees change from one day to the
next, is not held back by any rule of this kind.
"""

from collections.abc import Iterable, Sequence
from typing import Final

FEWEST: Final = 5
"""The fewest that are shown as a number: our default, ours to set."""
SMALL: Final = f"<{FEWEST}"
WITHHELD: Final = "-"

Shown = int | str
"""A number, or why there is none."""


def total(parts: Sequence[int]) -> Shown:
    """The total of a row, as it may be shown."""
    return _alone(sum(parts))


def _alone(count: int) -> Shown:
    return count if count == 0 or count >= FEWEST else SMALL


def divided(parts: Sequence[int]) -> tuple[Shown, ...]:
    """The parts of a row, as they may be shown beside their total."""
    small = [part for part in parts if part < FEWEST]
    if 0 < sum(parts) < FEWEST:
        return (SMALL,) * len(parts)
    if sum(small) == 0:
        return tuple(parts)
    if len(small) > 1 and sum(small) < len(small) * (FEWEST - 1):
        return tuple(SMALL if part < FEWEST else part for part in parts)
    withheld = min((part for part in parts if part >= FEWEST), default=0)
    return tuple(WITHHELD if part < FEWEST or part == withheld else part for part in parts)


def over_all(cells: Iterable[Shown]) -> Shown:
    """What shown cells add up to: `12+` where some are not shown."""
    shown = list(cells)
    known = sum(cell for cell in shown if isinstance(cell, int))
    return known if all(isinstance(cell, int) for cell in shown) else f"{known}+"
