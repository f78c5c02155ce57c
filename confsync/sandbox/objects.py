"""Stored objects: what they are made of, how get shows them, and which of their limits are broken.

An object is plain JSON, as get shows it without `id` and with its secrets in clear. While a patch
is at work on one its list has numbers for names and may have gaps: slots do not move before the
whole patch is through (wire section 5.2, "List indexes").
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from confsync.sandbox.fields import IN_MEMORY_STORE, Fields, ItemList, Nested, UrlSet, Variants

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, object]
MASK = "****"


def defaults(variants: Variants, variant: str) -> Json:
    """Make an object in which nothing was set, its members in the order of the wire."""
    made: Json = {}
    for name, field in variants[variant].items():
        if isinstance(field, UrlSet):
            made[name] = dict.fromkeys(field.default, True)
        elif isinstance(field, ItemList):
            made[name] = {}
        elif isinstance(field, Nested):
            made[name] = defaults(field.variants, field.default)
        else:
            made[name] = field.default
    return {**made, "@type": variant}


def problems(variants: Variants, target: Json) -> Iterator[Json]:
    """Find every limit that is broken, in the order of the fields, items before their list."""
    for name, field in fields_of(variants, target).items():
        value = target[name]
        if isinstance(field, ItemList):
            items = members(value)
            for item in items.values():
                yield from problems(field.variants, members(item))
            if len(items) < field.shortest:
                yield {"type": "MinLength", "property": name, "required": field.shortest}
        elif isinstance(field, Nested):
            yield from problems(field.variants, members(value))
        elif not isinstance(field, UrlSet):
            yield from field.problems(name, value)


def unsettled(stored: Mapping[str, object]) -> Json:
    """Copy a stored object to work on."""
    target = _copied(stored)
    for name, field in fields_of(IN_MEMORY_STORE, target).items():
        if isinstance(field, ItemList):
            target[name] = {int(number): item for number, item in members(target[name]).items()}
    return target


def settled(target: Json) -> Json:
    """Make a stored object of one that was worked on: slots move up, in order."""
    for name, field in fields_of(IN_MEMORY_STORE, target).items():
        if isinstance(field, ItemList):
            items = members(target[name])
            target[name] = {str(n): items[slot] for n, slot in enumerate(sorted(items))}
    return target


def same(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Compare two objects; a set in another order is another set."""
    return one == other and json.dumps(one) == json.dumps(other)


def masked(value: Mapping[str, object]) -> Json:
    """Put a mask in the place of every secret (wire section 3); a URL may well be called secret."""
    view = {name: masked(part) if isinstance(part, dict) else part for name, part in value.items()}
    return view | {"secret": MASK} if isinstance(view.get("secret"), str) else view


def fields_of(variants: Variants, target: Json) -> Fields:
    """Look up the fields of an object; a variant of a newer server has none here."""
    return variants.get(str(target["@type"]), {})


def members(value: object) -> dict[Any, Any]:
    """Narrow a value that is known to be an object, or a list at work."""
    if not isinstance(value, dict):
        raise TypeError
    return value


def _copied(value: Mapping[str, object]) -> Json:
    return {name: _copied(part) if isinstance(part, dict) else part for name, part in value.items()}
