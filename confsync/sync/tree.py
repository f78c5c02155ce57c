"""A state as a tree: objects, sets and lists, with sealed secrets among the leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from confsync.sync.secret import Secret
from confsync.sync.url import Url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Scalar: TypeAlias = bool | int | str | None
Leaf: TypeAlias = Scalar | Secret | Url


@dataclass(frozen=True)
class Object:
    """A variant object: its `@type` and its members by name."""

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


def path_text(path: Path) -> str:
    """A path as it is shown everywhere: `stores/1/url`."""
    return "/".join(str(step) for step in path)
