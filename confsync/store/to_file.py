"""From canonical values to what a file would say; secrets are masked."""

from __future__ import annotations

from typing import TypeAlias

from confsync.store.durations import duration_text
from confsync.sync.secret import MASK, Secret
from confsync.sync.shape import Duration, ListOf, Shape, Variants
from confsync.sync.tree import Items, Members, Object, Tree
from confsync.sync.url import Url, masked

Plain: TypeAlias = "bool | int | str | list[Plain] | dict[str, Plain] | None"


def to_file(value: Tree, shape: Shape) -> Plain:
    """A value as a file writes it: durations as texts, sets and lists as lists, secrets masked,
    and so is what looks like a password in a URL where none belongs.
    """
    match value:
        case Object():
            return {"@type": value.tag, **_members(value, shape)}
        case Members():
            return [str(url) for url in value.members]
        case Items():
            inner = shape.item if isinstance(shape, ListOf) else shape
            return [to_file(item, inner) for item in value.items]
        case Secret():
            return MASK if value.ref is None else f"from {value.ref}"
        case Url():
            return str(value)
        case int() if isinstance(shape, Duration) and not isinstance(value, bool):
            return duration_text(value)
        case str():
            return masked(value)
        case _:
            return value


def _members(value: Object, shape: Shape) -> dict[str, Plain]:
    if not isinstance(shape, Variants) or value.tag not in shape.objects:
        return {}
    fields = shape.objects[value.tag].fields
    return {name: to_file(member, fields[name].shape) for name, member in value.members.items()}
