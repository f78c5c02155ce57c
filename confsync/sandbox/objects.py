"""Stored objects: what they are made of, how get shows them, and which of their limits are broken.

An object is plain JSON, as get shows it without `id` and with its secrets in clear. While a patch
is at work on one its lists may have gaps: slots do not move before the whole patch is through
(wire section 5.2, "List indexes").
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from confsync.sandbox.fields import EXPRESSION, ItemList, Json, MapOf, Nested, SetOf
from confsync.sandbox.leaves import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confsync.sandbox.fields import Field, Type

MASK = "****"


def defaults(type_: Type, variant: str | None = None) -> Json:
    """Make an object in which nothing was set, of the first variant where none is named."""
    variant = type_.first if variant is None or not type_.has_variants else variant
    fields = type_.variants[variant]
    made = {name: _copy(field.default) for name, field in fields.items()}
    return {**made, "@type": variant} if type_.has_variants else made


def problems(type_: Type, target: Json) -> Iterator[Json]:
    """Find every limit that is broken, in the order of the fields, items before their list.

    Expressions have none; `expressions.first_bad` checks them.
    """
    if type_.name == EXPRESSION:
        return
    for name, field in type_.fields(target).items():
        value = target[name]
        for inner, item in _inside(field, value):
            yield from problems(inner, item)
        if isinstance(field, SetOf | ItemList):
            if len(members(value)) < field.shortest:
                yield {"type": "MinLength", "property": name, "required": field.shortest}
        elif not isinstance(field, Nested | MapOf):
            yield from field.problems(name, value)


def settled(type_: Type, target: Json) -> Json:
    """Finish an object that was worked on: the slots of its lists move up, in order."""
    for name, field in type_.fields(target).items():
        value = target[name]
        for inner, item in _inside(field, value):
            settled(inner, item)
        if isinstance(field, ItemList):
            items = members(value)
            target[name] = {str(n): items[slot] for n, slot in enumerate(sorted(items, key=int))}
    return target


def _inside(field: Field, value: object) -> Iterator[tuple[Type, Json]]:
    """Find the objects that a value of a field holds."""
    if isinstance(field, Nested) and value is not None:
        yield field.type, members(value)
    elif isinstance(field, ItemList):
        yield from ((field.type, item) for item in members(value).values())
    elif isinstance(field, MapOf) and isinstance(field.value, Nested):
        yield from ((field.value.type, item) for item in members(value).values())


def same(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Compare two objects; a set in another order is another set."""
    return one == other and json.dumps(one) == json.dumps(other)


def masked(type_: Type, value: Mapping[str, object]) -> Json:
    """Put a mask in the place of every secret, an empty one too (wire page objects.md, 2.10).

    Unknown members are shown as they are, without any text called `secret`.
    """
    fields = type_.fields(value)
    return {
        name: _masked(fields[name], part) if name in fields else _guessed(name, part)
        for name, part in value.items()
    }


def _masked(field: Field, value: object) -> object:
    if isinstance(field, Text) and field.secret:
        return value if value is None else MASK
    if isinstance(field, Nested) and value is not None:
        return masked(field.type, members(value))
    if isinstance(field, ItemList):
        return {slot: masked(field.type, item) for slot, item in members(value).items()}
    if isinstance(field, MapOf):
        return {name: _masked(field.value, part) for name, part in members(value).items()}
    return value


def _guessed(name: str, value: object) -> object:
    if isinstance(value, dict):
        return {inner: _guessed(inner, part) for inner, part in value.items()}
    return MASK if name == "secret" and isinstance(value, str) else value


def copied(value: Mapping[str, object]) -> Json:
    """Copy an object to work on."""
    return {name: _copy(part) for name, part in value.items()}


def _copy(value: object) -> object:
    return copied(value) if isinstance(value, dict) else value


def members(value: object) -> dict[str, Any]:
    """Narrow a value that is known to be an object."""
    if not isinstance(value, dict):
        raise TypeError
    return value
