"""Causes of changes: the files or the server differ from the base, an earlier state of the files.

Of a secret that cannot be compared, the server has what the base says.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import starmap
from typing import TYPE_CHECKING, TypeAlias

from confsync.sync.align import align_items
from confsync.sync.secret import IN_CLEAR, Secret
from confsync.sync.shape import ListOf, Shape, Variants, member_shape
from confsync.sync.tree import (
    Items,
    Members,
    Object,
    Path,
    Tree,
    leaves,
    match_urls,
    relation,
)
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confsync.sync.secret import Ref
    from confsync.sync.values import Cause, Change, Difference

Written: TypeAlias = tuple[object, ...]


def with_causes(
    found: Difference, base: Object | None, live: Object, desired: Object, shape: Variants
) -> Difference:
    """A difference with the cause of each change. `base`: the state that was desired; None: the
    base does not have the object.
    """
    if base is not None:
        base = _with_values(base, desired)
    changes = (
        replace(one, cause="change" if base is None else _cause(one, base, live, desired, shape))
        for one in found.changes
    )
    return replace(found, changes=tuple(changes))


def _with_values(base: Object, desired: Object) -> Object:
    """The base with the values of those references that the desired state has too: where two items
    differ in nothing else they are told apart by them.
    """
    found = [leaf for _, leaf in leaves(desired) if isinstance(leaf, Secret | Url)]
    plain = _by_ref(leaf for leaf in found if isinstance(leaf, Secret))
    inside = _by_ref(one for leaf in found if isinstance(leaf, Url) for one in leaf.secrets)
    whole = {leaf.ref: leaf for leaf in found if isinstance(leaf, Url) and leaf.ref and leaf.parts}

    def valued(tree: Tree) -> Tree:
        match tree:
            case Object():
                members = {name: valued(one) for name, one in tree.members.items()}
                return replace(tree, members=members)
            case Items():
                return replace(tree, items=tuple(map(valued, tree.items)))  # type: ignore[arg-type] # of one kind
            case Members():
                return replace(tree, members=tuple(map(valued, tree.members)))  # type: ignore[arg-type] # of one kind
            case Secret():
                return plain.get(tree.ref, tree)
            case Url(ref=None):
                parts = (inside.get(p.ref, p) if isinstance(p, Secret) else p for p in tree.parts)
                return replace(tree, parts=tuple(parts))
            case Url(ref=ref) if ref is not None:
                return whole.get(ref, tree)
            case _:
                return tree

    made = valued(base)
    return made if isinstance(made, Object) else base


def _by_ref(secrets: Iterable[Secret]) -> dict[Ref | None, Secret]:
    """The secrets with a value, by the references that they are from."""
    known = (one for one in secrets if one.ref not in {None, IN_CLEAR} and one.id is not None)
    return {one.ref: one for one in known}


def _cause(change: Change, base: Object, live: Object, desired: Object, shape: Variants) -> Cause:
    # A removed item of a list, and nothing else, has the index of the live one.
    numbers = [isinstance(step, int) for step in change.path]
    removed = change.action == "remove" and sum(numbers) == 1 and numbers[-1]
    was = counterpart(base, live if removed else desired, shape, change.path, towards=removed)
    before, after = change.before, change.after
    if isinstance(before, Members) and isinstance(after, Members):
        members = was.members if isinstance(was, Members) else ()
        files = [*map(_written, members)] != [*map(_written, after.members)]
        pairs = zip(before.members, members, strict=False)
        server = len(before.members) != len(members) or not all(starmap(_may_equal, pairs))
    elif change.within is not None:
        members = was.members if isinstance(was, Members) else ()
        gone = [one for one in members if not _written_in(one, change.within.desired.members)]
        as_it_was = any(_may_equal(before, one) for one in gone)
        # A member that goes was taken out of the files, or was never in them.
        files = as_it_was if after is None else not _written_in(after, members)
        server = before is not None and not as_it_was
    else:
        files, server = not alike(was, after), not _may_equal(before, was)
    if not files:
        return "drift"
    return "both" if server else "change"


def counterpart(
    base: Tree, other: Tree, shape: Shape | None, path: Path, *, towards: bool = False
) -> Tree:
    """The value of the base at a path of another state; None if there is none. Items of lists are
    paired as an update from the base pairs them, or one `towards` it.
    """
    for step in path:
        if isinstance(step, str) and isinstance(base, Object) and isinstance(other, Object):
            shape = member_shape(shape, other.tag, step)
            base, other = base.members.get(step), other.members.get(step)
        elif isinstance(step, int) and isinstance(base, Items) and isinstance(other, Items):
            if not isinstance(shape, ListOf) or step >= len(other.items):
                return None
            if towards:
                pairs = align_items(other.items, base.items, shape.item).kept
            else:
                kept = align_items(base.items, other.items, shape.item).kept
                pairs = tuple((j, i) for i, j in kept)
            index = dict(pairs).get(step)
            base, other = None if index is None else base.items[index], other.items[step]
            shape = shape.item
        else:
            return None
    return base


def alike(one: Tree, other: Tree) -> bool:
    """True if files say the same of two values: references count, not what they lead to."""
    match one, other:
        case Object(), Object():
            return (
                one.tag == other.tag
                and one.members.keys() == other.members.keys()
                and all(alike(value, other.members[name]) for name, value in one.members.items())
            )
        case Items(), Items():
            return len(one.items) == len(other.items) and all(map(alike, one.items, other.items))
        case Members(), Members():
            return {*map(_written, one.members)} == {*map(_written, other.members)}
        case (Secret() | Url(), Secret() | Url()):
            return _written(one) == _written(other)
        case _:
            return type(one) is type(other) and one == other


def _written(leaf: Secret | Url) -> Written:
    """A key for a secret or a URL as a file writes it."""
    if isinstance(leaf, Url):
        if leaf.ref is not None:
            return (leaf.ref,)
        return (leaf.skeleton, *map(_written, leaf.secrets))
    known = leaf.ref is not None and leaf.ref != IN_CLEAR
    return (leaf.ref, None if known else leaf.id)


def _written_in(leaf: Tree, members: tuple[Url, ...]) -> bool:
    return isinstance(leaf, Url) and _written(leaf) in map(_written, members)


def _may_equal(live: Tree, base: Tree) -> bool:
    """True if the server may have what the base says."""
    match live, base:
        case Object(), Object():
            return (
                live.tag == base.tag
                and live.members.keys() == base.members.keys()
                and all(_may_equal(one, base.members[name]) for name, one in live.members.items())
            )
        case Items(), Items():
            same = len(live.items) == len(base.items)
            return same and all(map(_may_equal, live.items, base.items))
        case Members(), Members():
            return all(
                i is not None and j is not None and _may_equal(live.members[i], base.members[j])
                for i, j in match_urls(live.members, base.members)
            )
        case (Object() | Items() | Members(), _) | (_, Object() | Items() | Members()):
            return False
        case _:
            return relation(live, base) != "different"
