"""Which live slot of a list becomes which desired item.

The server's indexes do not shift within one update, and what is stored is renumbered from 0
(wire section 5.2). So a live slot can be kept, with its members patched, or taken away; desired
items that find no slot are appended, and nothing can be put between two slots.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Pairs: TypeAlias = list[tuple[int | None, int | None]]
"""Pairs of an old index and a new one, in order; None stands for an item that goes or comes."""

REMOVAL = 1
"""The leaves that taking a slot away costs: one null."""

_STEPS = ((1, 1), (1, 0), (0, 1))
"""How many old items and new ones a step uses: keep, drop, add."""


@dataclass(frozen=True)
class Alignment:
    """`kept` pairs a live index with a desired one; the first desired items are the kept ones."""

    kept: tuple[tuple[int, int], ...]
    removed: tuple[int, ...]
    appended: tuple[int, ...]
    cost: int = field(default=0, compare=False)


def align(
    live: int,
    desired: int,
    keep: Callable[[int, int], int],
    append: Callable[[int], int],
    least: Callable[[int], int] = lambda _: 0,
) -> Alignment:
    """The order-preserving alignment with the fewest leaves to send; `patch.py` has the measure.

    `live` and `desired` are the lengths of the lists. `keep(i, j)` is the number of leaves that
    turn live item i into desired item j, `append(j)` the leaves of the whole item j. Ties go to
    the lowest live index. `least(j)` is a number that no `keep(i, j)` is below: the nearer, the
    fewer costs are asked for.
    """
    search = _Search(live, desired, keep, append, least=least, anywhere=False)
    pairs = search.pairs()
    return Alignment(
        tuple((i, j) for i, j in pairs if i is not None and j is not None),
        tuple(i for i, j in pairs if i is not None and j is None),
        tuple(j for i, j in pairs if i is None and j is not None),
        search.cost,
    )


def closest(
    old: int, new: int, keep: Callable[[int, int], int], add: Callable[[int], int]
) -> Pairs:
    """The order-preserving pairing of two lists that costs least, where items may go and come
    anywhere. Ties pair.
    """
    return _Search(old, new, keep, add, least=lambda _: 0, anywhere=True).pairs()


class _Search:
    """The cheapest way through two lists: keep a pair, drop an old item, add a new one.

    A* from the end: the cost from (i, j) to the end is settled in the order of the least cost that
    a whole way through (i, j) can have. Equal items at the start are kept at once: no other way
    with them costs less. So the first step costs something, the start is settled behind every
    place on a cheapest way, and ties are decided from there: keep before drop before add. Only the
    costs that the search meets are asked for.

    `anywhere` False: new items come after all old ones. `least(j)`: no `keep(i, j)` is below it.
    """

    def __init__(  # noqa: PLR0913 - all that the cost of a way depends on
        self,
        old: int,
        new: int,
        keep: Callable[[int, int], int],
        add: Callable[[int], int],
        *,
        least: Callable[[int], int],
        anywhere: bool,
    ) -> None:
        self.old, self.new, self.keep, self.anywhere = old, new, keep, anywhere
        both = min(old, new)
        self.start = next((slot for slot in range(both) if keep(slot, slot)), both)
        self.adds = {j: add(j) for j in range(self.start, new)}
        floors = [min(least(j), cost) for j, cost in self.adds.items()]
        self.floors = [0] * self.start + list(accumulate(floors, initial=0))
        self.extra = min(map(sub, self.adds.values(), floors), default=0)
        self.costs: dict[tuple[int, int], int] = {}
        self._settle()
        self.cost = self.costs[self.start, self.start]

    def pairs(self) -> Pairs:
        """The pairs of the cheapest way."""
        pairs: Pairs = [(slot, slot) for slot in range(self.start)]
        i = j = self.start
        while i < self.old or j < self.new:
            goes, comes = next(
                (goes, comes)
                for goes, comes in _STEPS
                if (rest := self.costs.get((i + goes, j + comes))) is not None
                and self.costs[i, j] == self._step(i, j, goes, comes) + rest
            )
            pairs.append((i if goes else None, j if comes else None))
            i, j = i + goes, j + comes
        return pairs

    def _settle(self) -> None:
        """Find the cost to the end from each place that can be on a cheapest way."""
        first = (self.start, self.start)
        places = [(self._before(self.old, self.new), 0, self.old, self.new)]
        while first not in self.costs:
            _, spent, i, j = heappop(places)
            if (i, j) in self.costs:
                continue
            self.costs[i, j] = spent
            for goes, comes in _STEPS:
                here = i - goes, j - comes
                if here not in self.costs and self._allowed(*here, goes):
                    cost = spent + self._step(*here, goes, comes)
                    heappush(places, (cost + self._before(*here), cost, *here))

    def _step(self, i: int, j: int, goes: int, comes: int) -> int:
        if goes and comes:
            return self.keep(i, j)
        return REMOVAL if goes else self.adds[j]

    def _before(self, i: int, j: int) -> int:
        """A number that no way from the start to a place costs less than."""
        return self.floors[j] + (REMOVAL * (i - j) if i > j else self.extra * (j - i))

    def _allowed(self, i: int, j: int, goes: int) -> bool:
        """Whether a step may begin at a place, and a way from the start can lead there."""
        inside = i >= self.start and j >= self.start
        return inside and (self.anywhere or i == self.old or (goes > 0 and j <= i))
