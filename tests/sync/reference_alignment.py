"""The alignment of two lists, written plainly: every cost of every pair, in a table.

It is the reference for `confsync/sync/align.py`, which finds the same with fewer costs.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from confsync.sync.align import REMOVAL, Alignment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def align(
    live: int, desired: int, keep: Callable[[int, int], int], append: Callable[[int], int]
) -> Alignment:
    """The order-preserving alignment with the fewest leaves to send; `patch.py` has the measure.

    `live` and `desired` are the lengths of the lists. `keep(i, j)` is the number of leaves that
    turn live item i into desired item j, `append(j)` the leaves of the whole item j. Ties go to
    the lowest live index. Equal items at the start are kept without looking further: whatever
    alignment uses them otherwise costs a removal more.
    """
    start = 0
    while start < min(live, desired) and keep(start, start) == 0:
        start += 1

    # best[i][j]: the fewest leaves for the desired items from j on, with the live slots from i on.
    best = {(live, desired): 0}
    for j in range(desired - 1, start - 1, -1):
        best[live, j] = append(j) + best[live, j + 1]
    for i in range(live - 1, start - 1, -1):
        best[i, desired] = REMOVAL + best[i + 1, desired]
        for j in range(desired - 1, start - 1, -1):
            best[i, j] = min(keep(i, j) + best[i + 1, j + 1], REMOVAL + best[i + 1, j])

    kept = [(slot, slot) for slot in range(start)]
    removed: list[int] = []
    j = start
    for i in range(start, live):
        if j < desired and best[i, j] == keep(i, j) + best[i + 1, j + 1]:
            kept.append((i, j))
            j += 1
        else:
            removed.append(i)
    return Alignment(tuple(kept), tuple(removed), tuple(range(j, desired)))


def closest(
    old: int,
    new: int,
    keep: Callable[[int, int], int],
    drop: Callable[[int], int],
    add: Callable[[int], int],
) -> list[tuple[int | None, int | None]]:
    """The order-preserving pairing of two lists that costs least, where items may go and come
    anywhere.

    Pairs come in order; None stands for an item that goes or comes. Ties pair. Equal items at the
    start are paired without looking further.
    """
    start = 0
    while start < min(old, new) and keep(start, start) == 0:
        start += 1

    # best[i][j]: the least cost from old item i and new item j on, and the pair to start with.
    best: dict[tuple[int, int], tuple[int, tuple[int | None, int | None]]] = {}

    def ways(i: int, j: int) -> Iterator[tuple[int, tuple[int | None, int | None]]]:
        if i < old and j < new:
            yield keep(i, j) + best[i + 1, j + 1][0], (i, j)
        if i < old:
            yield drop(i) + best[i + 1, j][0], (i, None)
        if j < new:
            yield add(j) + best[i, j + 1][0], (None, j)

    for i in range(old, start - 1, -1):
        for j in range(new, start - 1, -1):
            best[i, j] = min(ways(i, j), key=itemgetter(0), default=(0, (None, None)))
    pairs: list[tuple[int | None, int | None]] = [(slot, slot) for slot in range(start)]
    i = j = start
    while i < old or j < new:
        pairs.append(best[i, j][1])
        i, j = i + (pairs[-1][0] is not None), j + (pairs[-1][1] is not None)
    return pairs
