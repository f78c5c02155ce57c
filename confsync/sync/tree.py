"""States as trees of objects, sets and lists; equality of leaves, and pairs of set members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from confsync.sync.secret import Secret
from confsync.sync.url import Url, masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Scalar: TypeAlias = bool | int | float | str | None
Leaf: TypeAlias = Scalar | Secret | Url


@dataclass(frozen=True)
class Object:
    """A variant object: its `@type` and its members by name. An object without `@type` and a map
    have the tag "".
    """

    tag: str
    members: Mapping[str, Tree]


@dataclass(frozen=True)
class Members:
    """A set, in the order in which it was written."""

    members: tuple[Url, ...]


@dataclass(frozen=True)
class Items:
    """A list of variant objects, from slot 0."""

    items: tuple[Object, ...]


Tree: TypeAlias = Leaf | Object | Members | Items
"""A state in canonical form: the wire's, trimmed and without duplicates, durations as integers in
milliseconds, secrets sealed."""

Path: TypeAlias = tuple[str | int, ...]
"""A field's place: names, and numbers for the slots of a list or the members of a set."""

Pairs: TypeAlias = list[tuple[int | None, int | None]]
"""Pairs of an old index and a new one, in order; None stands for an item that goes or comes."""

Relation: TypeAlias = Literal["same", "different", "unknown"]
LeafKey: TypeAlias = str
"""A text for a leaf, without the value of a secret: see `leaf_key`."""


def leaves(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Leaf]]:
    """The leaves of a state with their paths; a member of a set has its index there."""
    match tree:
        case Object():
            for name, member in tree.members.items():
                yield from leaves(member, (*path, name))
        case Items() | Members():
            parts: tuple[Tree, ...] = tree.items if isinstance(tree, Items) else tree.members
            for index, part in enumerate(parts):
                yield from leaves(part, (*path, index))
        case _:
            yield path, tree


def secrets(tree: Tree) -> Iterator[tuple[Path, Secret]]:
    """The secrets of a tree, those in URLs too, with the paths of their leaves."""
    for path, leaf in leaves(tree):
        for secret in leaf.secrets if isinstance(leaf, Url) else (leaf,):
            if isinstance(secret, Secret):
                yield path, secret


def path_text(path: Path) -> str:
    """A path as it is shown everywhere: `stores/1/url`. A password in a key of a map is masked."""
    return "/".join(masked(str(step)) for step in path)


def leaf_key(leaf: Leaf) -> LeafKey:
    """A text that is equal for equal leaves, never for leaves of different types.

    It is one line: deepdiff compares texts of several lines line by line.
    """
    if isinstance(leaf, Url):
        return f"url {[part.id if isinstance(part, Secret) else part for part in leaf.parts]}"
    return f"secret {leaf.id}" if isinstance(leaf, Secret) else repr(leaf)


def relation(live: Tree, desired: Tree) -> Relation:
    """Compare two leaves. Different types are different: `True` is not `1`.

    A hidden secret that is left as it is counts as the same.
    """
    if isinstance(live, Secret) and isinstance(desired, Secret):
        # The server hides what it has: only what is left as it is can be the same.
        return "same" if desired.id is None and desired.ref is None else "unknown"
    if isinstance(live, Url) and isinstance(desired, Url):
        if not same_skeleton(live, desired):
            return "different"
        if desired.resolved:
            return "same" if live.parts == desired.parts else "different"
        # Without a reference, an unknown secret is the server's own, left as it is.
        foreign = any(secret.id is None and secret.ref for secret in desired.secrets)
        return "unknown" if foreign or not desired.parts else "same"
    return "same" if type(live) is type(desired) and live == desired else "different"


def url_key(url: Url) -> tuple[object, ...]:
    """A key for a URL as it is written: equal for URLs that certainly lead to one text."""
    return (url.skeleton, url.ref, tuple((secret.id, secret.ref) for secret in url.secrets))


def same_skeleton(live: Url, desired: Url) -> bool:
    """True if two URLs may differ in their passwords alone."""
    return not desired.parts or live.skeleton == desired.skeleton


def certainly_equal(live: Tree, desired: Tree) -> bool:
    """True if two members of an object are certainly equal; the order of sets counts."""
    match live, desired:
        case Object(), Object():
            same = live.tag == desired.tag and live.members.keys() == desired.members.keys()
            return same and all(
                certainly_equal(live.members[name], desired.members[name]) for name in live.members
            )
        case Members(before), Members(after):
            return len(before) == len(after) and all(map(certainly_equal, before, after))
        case _:
            return relation(live, desired) == "same"


def match_urls(live: tuple[Url, ...], desired: tuple[Url, ...]) -> Pairs:
    """Pair the members of two sets: equal ones first, then those that may be equal, then those that
    differ in their passwords alone. Desired members come in their order, then those that go.
    """
    places = {url.parts: i for i, url in enumerate(live)}
    equal = ((places.get(url.parts), j) for j, url in enumerate(desired) if url.resolved)
    taken = {i: j for i, j in equal if i is not None}
    partner = {j: i for i, j in taken.items()}
    criteria: tuple[Callable[[Url, Url], bool], ...] = (
        lambda a, b: bool(b.parts) and relation(a, b) == "unknown",
        lambda a, b: relation(a, b) == "unknown",
        lambda a, b: bool(a.secrets) and same_skeleton(a, b),
    )
    for fits in criteria:
        for j in [j for j in range(len(desired)) if j not in partner]:
            free = (i for i in range(len(live)) if i not in taken and fits(live[i], desired[j]))
            if (found := next(free, None)) is not None:
                partner[j], taken[found] = found, j
    return [
        *((partner.get(j), j) for j in range(len(desired))),
        *((i, None) for i in range(len(live)) if i not in taken),
    ]


def may_be_another(url: Url, members: tuple[Url, ...]) -> bool:
    """True if a member with unresolved references may be equal to one of the others."""
    return not url.resolved and (
        not url.parts or any(same_skeleton(other, url) for other in members if other is not url)
    )


def incomparable(before: Url | None, after: Url, members: tuple[Url, ...]) -> bool:
    """True if it is open whether a desired member equals the live one that it is paired with.

    `members` are all members of the desired set. `before` None: `after` has no partner.
    """
    if before is None:
        return may_be_another(after, members)
    return relation(before, after) == "unknown"
