"""Stalwart's patch rules: `x:InMemoryStore/set` on a stored object (wire section 5).

An object is plain JSON, as get shows it without `id` and with its secrets in clear. The rules are
functions from objects to objects: nothing that is handed in is changed.

1. **Which variant?** An update that names *another* `@type` builds a new object from that variant's
   defaults and its own members. Any other update patches what is stored (`_rebuilt`, `_patched`).
2. **Entry by entry.** The keys of a patch are pointers. They are followed through the object in
   the order sent, and each sees what those before it did (`_follow`).
3. **Whole values.** At the end of a pointer its value replaces what is there. A value that is an
   object is read member by member, by plain names, from the defaults of its own `@type` (`_made`).
4. **All or nothing.** The first entry that cannot be followed refuses the update, and the answer
   carries its pointer. What the entries made is then checked against the limits of each field, all
   at once, but only if it differs from what was stored (`objects.problems`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.sandbox import fields as kinds
from confsync.sandbox import objects
from confsync.sandbox.leaves import Refused
from confsync.sandbox.leaves import text as accepted_text
from confsync.sandbox.pointer import Pointer, Wildcard, index, parse, render, text, written_index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sandbox.objects import Json


@dataclass(frozen=True, slots=True)
class Updated:
    """The update was accepted; `stored` is the object now (it may be what it was)."""

    stored: Json


@dataclass(frozen=True, slots=True)
class NotUpdated:
    """The update was refused as a whole; nothing is stored."""

    type: str
    properties: tuple[str, ...] = ()
    validation_errors: tuple[Json, ...] = ()


class Dropped(Exception):
    """The server's answer to a patch that is no object: it closed the connection."""


class Patch(dict[str, object]):
    """A JSON object that named `@type` more than once.

    As everywhere the last member of a name counts, but at the top of a patch `@type` is looked up
    from the front (wire section 5.2, "Duplicate members").
    """

    first_type: object = None


def update(stored: Mapping[str, object], patch: object) -> Updated | NotUpdated:
    """Apply an update to a stored object.

    Raises `Dropped` where the server closes the connection instead of answering.
    """
    if not isinstance(patch, dict):
        raise Dropped
    variant = _first_type(patch)
    if isinstance(variant, str) and variant != stored["@type"]:
        outcome = _rebuilt(patch, variant)
    else:
        outcome = _patched(stored, patch)
    if isinstance(outcome, dict) and objects.same(outcome, stored):
        return Updated(outcome)
    return _checked(outcome)


def create(value: object) -> Updated | NotUpdated:
    """Make what a `create` puts in place of the stored object: defaults plus these values.

    That is: as for another variant where it names an `@type`, else a patch of `Default` (wire
    section 5).

    Raises `Dropped` where the server closes the connection instead of answering.
    """
    if not isinstance(value, dict):
        raise Dropped
    variant = _first_type(value)
    if isinstance(variant, str):
        return _checked(_rebuilt(value, variant))
    return _checked(_patched(defaults("Default"), value))


def defaults(variant: str) -> Json:
    """Make an object of a variant of `InMemoryStore` in which nothing was set."""
    return objects.settled(objects.defaults(kinds.IN_MEMORY_STORE, variant))


def get_view(stored: Mapping[str, object]) -> Json:
    """Show what get returns: every field, the secrets masked (wire section 3)."""
    return {**objects.masked(stored), "id": "singleton"}


# The two kinds of update


def _first_type(patch: Json) -> object:
    return patch.first_type if isinstance(patch, Patch) else patch.get("@type")


def _checked(outcome: Json | NotUpdated) -> Updated | NotUpdated:
    if isinstance(outcome, NotUpdated):
        return outcome
    problems = tuple(objects.problems(kinds.IN_MEMORY_STORE, outcome))
    if problems:
        return NotUpdated("validationFailed", validation_errors=problems)
    return Updated(outcome)


def _rebuilt(patch: Json, variant: str) -> Json | NotUpdated:
    """Build another variant: its defaults plus the members sent (wire section 5.1)."""
    try:
        return objects.settled(_made(kinds.IN_MEMORY_STORE, {**patch, "@type": variant}))
    except Refused as refused:
        return NotUpdated("invalidPatch", ("/".join(refused.below),))


def _patched(stored: Mapping[str, object], patch: Json) -> Json | NotUpdated:
    """Patch what is stored, entry after entry, on a copy (wire section 5.2)."""
    target = objects.unsettled(stored)
    for key, value in patch.items():
        if key == "@type":
            continue
        tokens = parse(key)
        try:
            _follow(kinds.IN_MEMORY_STORE, target, tokens, value)
        except Refused as refused:
            return NotUpdated("invalidPatch", (render((*tokens, *refused.below)),))
    return objects.settled(target)


# Following a pointer


def _follow(variants: kinds.Variants, target: Json, tokens: Pointer, value: object) -> None:
    """Follow a pointer into an object, and put the value where it ends."""
    fields = objects.fields_of(variants, target)
    if not tokens or not isinstance(tokens[0], str):
        raise Refused
    name, rest = tokens[0], tokens[1:]
    if name == "@type" and fields:
        return
    if name not in fields:
        raise Refused
    field = fields[name]
    if not rest:
        target[name] = _whole(field, value)
    elif isinstance(field, kinds.UrlSet):
        _follow_set(target[name], rest, value)
    elif isinstance(field, kinds.ItemList):
        _follow_list(field, target[name], rest, value)
    elif isinstance(field, kinds.Nested):
        _follow(field.variants, objects.members(target[name]), rest, value)
    else:
        raise Refused


def _follow_set(members: object, rest: Pointer, value: object) -> None:
    """Follow `urls/<v>`: true adds at the end, false or null takes away."""
    if len(rest) > 1 or isinstance(rest[0], Wildcard):
        raise Refused
    member = accepted_text(text(rest[0]), trimmed=True)
    if value is True:
        objects.members(members)[member] = True
    elif value is False or value is None:
        objects.members(members).pop(member, None)
    else:
        raise Refused


def _follow_list(field: kinds.ItemList, items: object, rest: Pointer, value: object) -> None:
    """Follow `stores/N`, a whole item, or `stores/N/…`, a member of one, made if need be."""
    slots = objects.members(items)
    slot = index(rest[0])
    if slot is None:
        raise Refused
    if len(rest) > 1:
        item = slots.setdefault(slot, objects.defaults(field.variants, field.made))
        _follow(field.variants, item, rest[1:], value)
    elif value is not None:
        slots[slot] = _made(field.variants, value)
    elif slots.pop(slot, None) is None:
        raise Refused


# Whole values


def _whole(field: kinds.Field, value: object) -> object:
    if isinstance(field, kinds.UrlSet):
        return _whole_set(value)
    if isinstance(field, kinds.ItemList):
        return _whole_list(field, value)
    if isinstance(field, kinds.Nested):
        return _made(field.variants, value)
    return field.accept(value)


def _whole_set(value: object) -> Json:
    members: Json = {}
    if not isinstance(value, dict):
        raise Refused
    for word, present in value.items():
        member = accepted_text(word, trimmed=True)
        if not isinstance(present, bool):
            raise Refused
        if present:
            members[member] = True
    return members


def _whole_list(field: kinds.ItemList, value: object) -> dict[int, Json]:
    if not isinstance(value, dict):
        raise Refused
    items: dict[int, Json] = {}
    for word, item in value.items():
        slot = written_index(word)
        if slot is None:
            raise Refused
        items[slot] = _made(field.variants, item)
    return items


def _made(variants: kinds.Variants, value: object) -> Json:
    """Make an object from its variant's defaults and the members sent, by plain names.

    A variant without fields ignores whatever stands beside its `@type`. An error leads to a name
    that Stalwart knows, and else to the object itself.
    """
    if not isinstance(value, dict):
        raise Refused
    variant = value.get("@type")
    if not isinstance(variant, str) or variant not in variants:
        raise Refused
    made, fields = objects.defaults(variants, variant), variants[variant]
    if not fields:
        return made
    for name, part in value.items():
        if name == "@type":
            continue
        if name not in fields:
            raise Refused(*([name] if name in kinds.KNOWN_NAMES else []))
        try:
            made[name] = _whole(fields[name], part)
        except Refused as refused:
            raise Refused(name, *refused.below) from None
    return made
