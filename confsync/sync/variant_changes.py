"""What a change of variant, a new item or a removed one means for its members."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from confsync.sync.shape import ListOf, UrlSet, UrlText, Variants
from confsync.sync.tree import (
    Items,
    Members,
    Object,
    Path,
    Tree,
    certainly_equal,
    match_urls,
    relation,
)
from confsync.sync.values import Action, Change, Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from confsync.sync.shape import Field


def rebuilt(change: Change, origins: Callable[[Path], Origin]) -> tuple[Change, ...]:
    """The members to show under a change that builds or drops a whole object.

    Members that both sides have are shown where they differ; of the others, those that are not
    at their default.
    """
    shape = change.shape
    if not isinstance(shape, Variants):
        return ()
    before, after = _members(change.before), _members(change.after)
    fields = {**_fields(change.after, shape), **_fields(change.before, shape)}
    found: list[Change] = []
    for name, known in fields.items():
        action = _action(name, known, before, after)
        if action is not None:
            member = _Member(change, name, action, known, origins)
            found += member.changes(before.get(name), after.get(name))
    return tuple(found)


def _action(
    name: str, known: Field, before: dict[str, Tree], after: dict[str, Tree]
) -> Action | None:
    """What happens to a member; None where there is nothing worth a line."""
    if name in before and name in after:
        return None if certainly_equal(before[name], after[name]) else "update"
    value = before[name] if name in before else after[name]
    if not known.required and certainly_equal(value, known.default):
        return None
    return "remove" if name in before else "add"


@dataclass(frozen=True)
class _Member:
    parent: Change
    name: str
    action: Action
    known: Field
    origins: Callable[[Path], Origin]

    def changes(self, was: Tree, will: Tree) -> Iterator[Change]:
        match self.known.shape:
            case ListOf() as shape:
                yield from self._items(was, shape)
                yield from self._items(will, shape)
            case UrlSet():
                yield from self._urls(was, will)
            case shape:
                yield Change(*self._place(), self.action, shape, was, will, self._origin())

    def _items(self, side: Tree, shape: ListOf) -> Iterator[Change]:
        for index, item in enumerate(side.items if isinstance(side, Items) else ()):
            path, slot = self._place(index)
            old, new = (item, None) if self.action == "remove" else (None, item)
            change = Change(path, slot, self.action, shape.item, old, new, self._origin(index))
            yield replace(change, members=rebuilt(change, self.origins))

    def _urls(self, was: Tree, will: Tree) -> Iterator[Change]:
        live = was.members if isinstance(was, Members) else ()
        desired = will.members if isinstance(will, Members) else ()
        path, slot = self._place()
        if not live and not desired:
            yield Change(path, slot, self.action, self.known.shape, was, will, self._origin())
        for i, j in match_urls(live, desired):
            old = None if i is None else live[i]
            new = None if j is None else desired[j]
            if old is not None and new is not None and relation(old, new) == "same":
                continue
            action: Action = "add" if old is None else "remove" if new is None else "update"
            origin = self._follows() if new is None else self._origin(j)
            yield Change(path, slot, action, UrlText(), old, new, origin)

    def _place(self, *index: int) -> tuple[Path, Path]:
        parent = self.parent
        return (*parent.path, self.name, *index), (*parent.slot, self.name, *index)

    def _origin(self, index: int | None = None) -> Origin:
        """Where the new value is written; what only follows from the variant says so."""
        if self.action == "remove":
            return self._follows()
        path = (*self.parent.path, self.name)
        origin = self.origins(path if index is None else (*path, index))
        return Origin("variant") if origin.why == "default" else origin

    def _follows(self) -> Origin:
        """No file says it: it follows from what happens to the object around it."""
        replaced = self.parent.action == "replace"
        return Origin("variant" if replaced else self.parent.origin.why)


def _members(side: Tree) -> dict[str, Tree]:
    return dict(side.members) if isinstance(side, Object) else {}


def _fields(side: Tree, shape: Variants) -> dict[str, Field]:
    return dict(shape.fields_of(side.tag)) if isinstance(side, Object) else {}
