"""Align two lists: which live slot becomes which desired item, for the fewest leaves to send.

The server's indexes do not shift within one update, and what is stored is renumbered from 0
(wire section 5.2). So a live slot can be kept, with its members patched, or taken away; desired
items without a slot are appended, and nothing can be put between two slots. Costs are counted by
the rules of `patch.py`, without making an update.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from heapq import heappop, heappush
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING

from confsync.errors import Fault
from confsync.sync.patch import leaves, sent, sent_whole, whole
from confsync.sync.secret import Secret
from confsync.sync.shape import ListOf, Shape, TextSet, ValueMap, Variants
from confsync.sync.tree import (
    Items,
    LeafKey,
    Members,
    Object,
    Pairs,
    Tree,
    incomparable,
    leaf_key,
    match_urls,
    relation,
)
from confsync.sync.url import Url
from confsync.sync.values import WholeSet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


def align_items(live: Sequence[Object], desired: Sequence[Object], shape: Variants) -> Alignment:
    """Align two lists so that the fewest leaves are sent. Each cost is worked out once."""
    before, after = [_outline(item) for item in live], [_outline(item) for item in desired]
    sent = [cost(item, item, shape) for item in desired]
    there = {keys for _, keys in before}

    @cache
    def keep(i: int, j: int) -> int:
        (form, keys), (other, others) = before[i], after[j]
        if form == other and None not in others:
            return sent[j] + sum(one != other for one, other in zip(keys, others, strict=True))
        return cost(live[i], desired[j], shape)

    def least(j: int) -> int:
        """The hidden secrets, and a leaf more where no live item can be the same."""
        _, keys = after[j]
        return sent[j] + int(None not in keys and keys not in there)

    return align(len(live), len(desired), keep, lambda j: size(desired[j], shape), least)


def cost(live: Tree, desired: Tree, shape: Shape) -> int:
    """The leaves of the smallest update that turns one value into another in its place."""
    match live, desired, shape:
        case Object(), Object(), Variants() if live.tag != desired.tag:
            return size(desired, shape)
        case Object(), Object(), Variants():
            return sum(
                cost(live.members[name], desired.members[name], known.shape)
                for name, known in shape.fields_of(live.tag).items()
            )
        case Object(), Object(), ValueMap(value=inner):
            gone = len(live.members.keys() - desired.members.keys())
            return gone + sum(
                cost(live.members[name], value, inner)
                if name in live.members
                else leaves(sent(value, inner))
                for name, value in desired.members.items()
            )
        case None, Object(), Variants():
            return size(desired, shape)
        case Object(), None, Variants():
            return 1
        case Items(), Items(), ListOf():
            return align_items(live.items, desired.items, shape.item).cost
        case Members(), Members(), TextSet():
            return _cost_of_set(live, desired, shape)
        case (Object() | Members() | Items(), _, _) | (_, Object() | Members() | Items(), _):
            raise Fault("two states of different shapes cannot be laid side by side")
        case _ if relation(live, desired) == "unknown":
            return 1 if isinstance(desired, Secret) else 0
        case _:
            return 0 if leaf_key(live) == leaf_key(desired) else 1


def size(tree: Object, shape: Variants) -> int:
    """The leaves of an object that is sent whole. An unknown variant is never sent."""
    return leaves(whole(tree, shape) if tree.tag in shape.objects else tree)


def _cost_of_set(live: Members, desired: Members, shape: TextSet) -> int:
    gone: list[Url] = []
    new: list[Url] = []
    kept: list[int] = []
    for i, j in match_urls(live.members, desired.members):
        before = None if i is None else live.members[i]
        after = None if j is None else desired.members[j]
        if after is not None and incomparable(before, after, desired.members):
            continue
        if i is not None and j is not None:
            kept.append(i)
        if before is None or after is None or leaf_key(before) != leaf_key(after):
            gone += [] if before is None else [before]
            new += [] if after is None else [after]
    within = WholeSet(desired, shape.order_counts(desired.members))
    reordered = within.order_counts and kept != sorted(kept)
    if not (gone or new or reordered):
        return 0
    if sent_whole(within, gone, new, reordered=reordered):
        return leaves(desired)
    return len(gone) + len(new)


def _outline(tree: Tree) -> tuple[tuple[object, ...], tuple[LeafKey | None, ...]]:
    """The form of a value, and the keys of its leaves; None for a URL with unresolved references.

    Values of one form differ in their leaves alone. Sets are part of the form, in their order.
    """
    form: list[object] = []
    keys: list[LeafKey | None] = []

    def add(tree: Tree) -> None:
        match tree:
            case Object():
                form.append((tree.tag, *sorted(tree.members)))
                for name in sorted(tree.members):
                    add(tree.members[name])
            case Members():
                form.append(tuple(map(leaf_key, tree.members)))
            case Items() | Secret():
                form.append(Secret if isinstance(tree, Secret) else object())
            case _:
                form.append(None)
                unknown = isinstance(tree, Url) and not tree.resolved
                keys.append(None if unknown else leaf_key(tree))

    add(tree)
    return tuple(form), tuple(keys)


def align(
    live: int,
    desired: int,
    keep: Callable[[int, int], int],
    append: Callable[[int], int],
    least: Callable[[int], int] = lambda _: 0,
) -> Alignment:
    """The order-preserving alignment of two lists of these lengths with the fewest leaves to send.

    `keep(i, j)` is the number of leaves that turn live item i into desired item j, `append(j)` the
    leaves of the whole item j. Ties go to the lowest live index. No `keep(i, j)` is below
    `least(j)`: the nearer, the fewer costs are asked for.
    """
    pairs, cost = _cheapest(live, desired, keep, append, least=least, anywhere=False)
    return Alignment(
        tuple((i, j) for i, j in pairs if i is not None and j is not None),
        tuple(i for i, j in pairs if i is not None and j is None),
        tuple(j for i, j in pairs if i is None and j is not None),
        cost,
    )


def closest(
    old: int, new: int, keep: Callable[[int, int], int], add: Callable[[int], int]
) -> Pairs:
    """The order-preserving pairing of two lists that costs least, where items may go and come
    anywhere. Ties pair.
    """
    return _cheapest(old, new, keep, add, least=lambda _: 0, anywhere=True)[0]


def _cheapest(  # noqa: PLR0913 - all that the cost of a way depends on
    old: int,
    new: int,
    keep: Callable[[int, int], int],
    add: Callable[[int], int],
    *,
    least: Callable[[int], int],
    anywhere: bool,
) -> tuple[Pairs, int]:
    """The cheapest way through two lists, and its cost: keep a pair, drop an old item, add a new.

    A* from the end: the cost from (i, j) to the end is settled in the order of the least cost that
    a whole way through (i, j) can have. Equal items at the start are kept at once: no other way
    with them costs less. So the first step costs something, the start is settled behind every
    place on a cheapest way, and ties are decided from there: keep before drop before add. Only the
    costs that the search meets are asked for. `anywhere` False: new items come after all old ones.
    """
    both = min(old, new)
    start = next((slot for slot in range(both) if keep(slot, slot)), both)
    adds = {j: add(j) for j in range(start, new)}
    floors = [min(least(j), cost) for j, cost in adds.items()]
    sums = [0] * start + list(accumulate(floors, initial=0))
    extra = min(map(sub, adds.values(), floors), default=0)

    def step(i: int, j: int, goes: int, comes: int) -> int:
        if goes and comes:
            return keep(i, j)
        return REMOVAL if goes else adds[j]

    def before(i: int, j: int) -> int:
        """A number that no way from the start to a place costs less than."""
        return sums[j] + (REMOVAL * (i - j) if i > j else extra * (j - i))

    # The cost to the end from each place that can be on a cheapest way.
    costs: dict[tuple[int, int], int] = {}
    places = [(before(old, new), 0, old, new)]
    while (start, start) not in costs:
        _, spent, i, j = heappop(places)
        if (i, j) in costs:
            continue
        costs[i, j] = spent
        for goes, comes in _STEPS:
            here = at, to = i - goes, j - comes
            inside = at >= start and to >= start and here not in costs
            # Appended items come last: only from the end of the old ones may one be added.
            if inside and (anywhere or at == old or (goes and to <= at)):
                cost = spent + step(*here, goes, comes)
                heappush(places, (cost + before(*here), cost, *here))
    pairs: Pairs = [(slot, slot) for slot in range(start)]
    i = j = start
    while i < old or j < new:
        goes, comes = next(
            (goes, comes)
            for goes, comes in _STEPS
            if (rest := costs.get((i + goes, j + comes))) is not None
            and costs[i, j] == step(i, j, goes, comes) + rest
        )
        pairs.append((i if goes else None, j if comes else None))
        i, j = i + goes, j + comes
    return pairs, costs[start, start]
