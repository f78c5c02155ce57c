"""Objects of the server: name, shape, limits and rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.sync import shape as shapes
from confsync.sync.secret import Secret
from confsync.sync.tree import Items, Members, Object, Path, Tree, certainly_equal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confsync.sync.findings import ChangeRule, StateRule

U64 = 2**64 - 1
UNSET_ID = "p333333333333"
"""A mandatory id that was never set: docs/development/objects.md, section 2.7."""


@dataclass(frozen=True)
class Broken:
    """A limit of a shape that a state breaks. `least`: its minimum; for a list or a set, of its
    length.
    """

    path: Path
    shape: shapes.Number | shapes.ListOf | shapes.TextSet
    least: bool


@dataclass(frozen=True)
class Kind:
    """An object of the server, with its rules about a state and about a change.

    `licensed`: variants whose rules need the edition of the server.
    """

    name: str
    shape: shapes.Variants
    state_rules: tuple[StateRule, ...] = ()
    change_rules: tuple[ChangeRule, ...] = ()
    licensed: frozenset[str] = frozenset()

    def check(self, tree: Object) -> tuple[Broken, ...]:
        """Every limit of wire section 4 that a complete state breaks."""
        return tuple(_broken(tree, self.shape, ()))


def default_object(shape: shapes.Variants, tag: str) -> Object:
    """A variant with every member at its default: what the server builds it from."""
    return Object(tag, {name: known.default for name, known in shape.objects[tag].fields.items()})


def never_set(tree: Object, shape: shapes.Variants) -> bool:
    """True for the state of an object that was never stored: the first variant, every field at its
    default, and mandatory ones empty. An empty secret looks like any other.
    """
    if tree.tag != next(iter(shape.objects)):
        return False
    fields = shape.objects[tree.tag].fields
    return all(_is_unset(value, fields[name]) for name, value in tree.members.items())


def _is_unset(value: Tree, known: shapes.Field) -> bool:
    if not known.required:
        return certainly_equal(value, known.default)
    match value, known.shape:
        case Object(), shapes.Variants():
            return never_set(value, known.shape)
        case Items(items=()) | Members(members=()) | Secret(), _:
            return True
        case _:
            return value in {"", UNSET_ID} if isinstance(value, str) else False


def _broken(tree: Tree, shape: shapes.Shape, path: Path) -> Iterator[Broken]:
    for inner, known, here in _parts(tree, shape, path):
        yield from _broken(inner, known, here)
    match shape, tree:
        case shapes.ListOf() | shapes.TextSet(), Items() | Members():
            count = len(tree.items if isinstance(tree, Items) else tree.members)
            if count < shape.minimum:
                yield Broken(path, shape, least=True)
        case shapes.Integer() | shapes.Float() | shapes.Duration() | shapes.Size(), int() | float():
            low, high = shape.minimum, shape.maximum
            if low is not None and tree < low:
                yield Broken(path, shape, least=True)
            elif high is not None and tree > high:
                yield Broken(path, shape, least=False)
        case _:
            pass


def _parts(
    tree: Tree, shape: shapes.Shape, path: Path
) -> Iterator[tuple[Tree, shapes.Shape, Path]]:
    match shape, tree:
        case shapes.Variants(), Object():
            for name, known in shape.fields_of(tree.tag).items():
                yield tree.members[name], known.shape, (*path, name)
        case shapes.ValueMap(value=inner), Object(members=members):
            for name, value in members.items():
                yield value, inner, (*path, name)
        case shapes.ListOf(), Items():
            for index, item in enumerate(tree.items):
                yield item, shape.item, (*path, index)
        case _:
            pass
