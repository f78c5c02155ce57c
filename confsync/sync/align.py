"""Which live slot of a list becomes which desired item.

The server's indexes do not shift within one update, and what is stored is renumbered from 0
(wire section 5.2). So a live slot can be kept, with its members patched, or taken away; desired
items that find no slot are appended, and nothing can be put between two slots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

REMOVAL = 1
"""The leaves that taking a slot away costs: one null."""


@dataclass(frozen=True)
class Alignment:
    """`kept` pairs a live index with a desired one; the first desired items are the kept ones."""

    kept: tuple[tuple[int, int], ...]
    removed: tuple[int, ...]
    appended: tuple[int, ...]


def align(
    live: int, desired: int, keep: Callable[[int, int], int], append: Callable[[int], int]
) -> Alignment:
    """The order-preserving alignment with the fewest leaves to send.

    `live` and `desired` are the lengths of the lists. `keep(i, j)` is the number of leaves that
    turn live item i into desired item j, `append(j)` the leaves of the whole item j. Ties go to
    the lowest live index. Equal items at the start are kept without looking further: whatever
    alignment uses them otherwise costs a removal more.
    """
    start = 0
    while start < min(live, desired) and keep(start, start) == 0:
        start += 1
    appending = [0] * (desired + 1)
    for j in range(desired - 1, start - 1, -1):
        appending[j] = appending[j + 1] + append(j)

    # best[i][j]: the fewest leaves for desired items from j on, with live slots from i on.
    best = [[0] * (desired + 1) for _ in range(live + 1)]
    for i in range(live, start - 1, -1):
        for j in range(desired, start - 1, -1):
            costs = [(live - i) * REMOVAL + appending[j]]
            if i < live and j < desired:
                costs.append(keep(i, j) + best[i + 1][j + 1])
                costs.append(REMOVAL + best[i + 1][j])
            best[i][j] = min(costs)
    return _walk(live, desired, start, best, keep)


def _walk(
    live: int,
    desired: int,
    start: int,
    best: list[list[int]],
    keep: Callable[[int, int], int],
) -> Alignment:
    kept = [(slot, slot) for slot in range(start)]
    removed: list[int] = []
    i = j = start
    while i < live and j < desired:
        if best[i][j] == keep(i, j) + best[i + 1][j + 1]:
            kept.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == REMOVAL + best[i + 1][j]:
            removed.append(i)
            i += 1
        else:
            break
    removed += range(i, live)
    return Alignment(tuple(kept), tuple(removed), tuple(range(j, desired)))
