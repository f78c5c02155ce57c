"""The leaves of the update that turns one object into another: what aligning lists compares.

The costs are counted by the rules of `patch.py`, without an update being made.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from confsync.errors import Fault
from confsync.sync.align import Alignment, align
from confsync.sync.patch import leaves, sent_whole, whole
from confsync.sync.secret import Secret
from confsync.sync.shape import ListOf, Shape, UrlSet, Variants
from confsync.sync.tree import (
    Items,
    LeafKey,
    Members,
    Object,
    Tree,
    incomparable,
    leaf_key,
    match_urls,
    relation,
)
from confsync.sync.url import Url
from confsync.sync.values import WholeSet

if TYPE_CHECKING:
    from collections.abc import Sequence


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
        case Items(), Items(), ListOf():
            return align_items(live.items, desired.items, shape.item).cost
        case Members(), Members(), UrlSet():
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


def _cost_of_set(live: Members, desired: Members, shape: UrlSet) -> int:
    gone: list[Url] = []
    new: list[Url] = []
    kept: list[tuple[int, int]] = []
    for i, j in match_urls(live.members, desired.members):
        before = None if i is None else live.members[i]
        after = None if j is None else desired.members[j]
        if after is not None and incomparable(before, after, desired.members):
            continue
        if i is not None and j is not None:
            kept.append((i, j))
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
    """The form of a value, and the keys of its leaves. None is the key of a URL whose references
    are not resolved: nobody knows which text it will be.

    Values of one form differ in their leaves alone. Sets are part of the form, in their order.
    """
    form: list[object] = []
    keys: list[LeafKey | None] = []

    def add(tree: Tree) -> None:
        match tree:
            case Object():
                form.append(tree.tag)
                for name in sorted(tree.members):
                    add(tree.members[name])
            case Members():
                form.append(tuple(map(leaf_key, tree.members)))
            case Items() | Secret():
                form.append(Secret if isinstance(tree, Secret) else object())
            case _:
                unknown = isinstance(tree, Url) and not tree.resolved
                form.append(None)
                keys.append(None if unknown else leaf_key(tree))

    add(tree)
    return tuple(form), tuple(keys)
