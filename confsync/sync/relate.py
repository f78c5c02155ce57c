"""Whether two leaves are the same, differ, or cannot be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from confsync.sync.secret import Secret
from confsync.sync.tree import Items, Leaf, Members, Object, Tree
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Callable

Relation: TypeAlias = Literal["same", "different", "unknown"]


def relation(live: Leaf, desired: Leaf) -> Relation:
    """Compare two leaves. `True` is not `1`; an unmanaged hidden secret is the same as itself."""
    if isinstance(live, Secret) and isinstance(desired, Secret):
        # The server hides what it has: only what is left as it is can be the same.
        return "same" if desired.id is None and desired.ref is None else "unknown"
    if isinstance(live, Url) and isinstance(desired, Url):
        return _urls(live, desired)
    return "same" if type(live) is type(desired) and live == desired else "different"


def same_reference(one: Url, other: Url) -> bool:
    """Whether two URLs are written with the same references, and so lead to the same text."""
    return (
        one.skeleton == other.skeleton
        and one.ref == other.ref
        and [secret.ref for secret in one.secrets] == [secret.ref for secret in other.secrets]
    )


def same_skeleton(live: Url, desired: Url) -> bool:
    """Whether two URLs differ in nothing but their passwords, as far as can be seen."""
    return not desired.parts or live.skeleton == desired.skeleton


def same(live: Tree, desired: Tree) -> bool:
    """Whether two trees are certainly equal; the order of sets is compared too."""
    match live, desired:
        case Object(), Object():
            return (
                live.tag == desired.tag
                and live.members.keys() == desired.members.keys()
                and all(same(live.members[name], desired.members[name]) for name in live.members)
            )
        case Members(), Members():
            return _all_same(live.members, desired.members, same)
        case Items(), Items():
            return _all_same(live.items, desired.items, same)
        case (Object() | Members() | Items(), _) | (_, Object() | Members() | Items()):
            return False
        case _:
            return relation(live, desired) == "same"


def _all_same(
    live: tuple[Tree, ...], desired: tuple[Tree, ...], check: Callable[[Tree, Tree], bool]
) -> bool:
    return len(live) == len(desired) and all(map(check, live, desired))


def _urls(live: Url, desired: Url) -> Relation:
    if not same_skeleton(live, desired):
        return "different"
    if not desired.resolved:
        return "unknown"
    return "same" if live.parts == desired.parts else "different"
