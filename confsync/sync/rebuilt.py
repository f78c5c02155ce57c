"""What a change of variant, a new item or a removed one means for its members."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from confsync.sync.relate import same
from confsync.sync.shape import Fields, ListOf, Variants
from confsync.sync.values import Action, Change, Items, Object, Origin, Path, Tree

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
    before = change.before if isinstance(change.before, Object) else None
    after = change.after if isinstance(change.after, Object) else None
    return tuple(_members(before, after, shape, change, origins))


def _members(
    before: Object | None,
    after: Object | None,
    shape: Variants,
    parent: Change,
    origins: Callable[[Path], Origin],
) -> Iterator[Change]:
    old, new = _fields(before, shape), _fields(after, shape)
    for name, known in {**new, **old}.items():
        was = before.members[name] if before is not None and name in old else None
        will = after.members[name] if after is not None and name in new else None
        action: Action
        if name in old and name in new:
            if same(was, will):
                continue
            action = "update"
        elif known.required or not same(was if name in old else will, known.default):
            action = "remove" if name in old else "add"
        else:
            continue
        path = (*parent.path, name)
        origin = origins(path) if name in new else Origin("variant")
        if origin.why == "default":
            origin = Origin("variant")
        yield from _one(parent, name, action, known, (was, will), origin, origins)


def _one(
    parent: Change,
    name: str,
    action: Action,
    known: Field,
    values: tuple[Tree, Tree],
    origin: Origin,
    origins: Callable[[Path], Origin],
) -> Iterator[Change]:
    path, slot = (*parent.path, name), (*parent.slot, name)
    was, will = values
    if not isinstance(known.shape, ListOf):
        yield Change(path, slot, action, known.shape, was, will, origin)
        return
    for value in (was, will):
        items = value.items if isinstance(value, Items) else ()
        for index, item in enumerate(items):
            old, new = (item, None) if value is was else (None, item)
            here = origins((*path, index)) if value is will else origin
            change = Change(
                (*path, index), (*slot, index), action, known.shape.item, old, new, here
            )
            yield replace(change, members=rebuilt(change, origins))


def _fields(side: Object | None, shape: Variants) -> dict[str, Field]:
    known = shape.objects.get(side.tag) if side is not None else None
    return dict(known.fields) if isinstance(known, Fields) else {}
