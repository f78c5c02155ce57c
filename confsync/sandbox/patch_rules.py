"""Stalwart's patch rules: the set method of a settings object on a stored one (wire section 5).

An object is plain JSON, as get shows it without `id` and with its secrets in clear. The rules are
functions from objects to objects: nothing that is handed in is changed. `of` is the type of the
object, `x:InMemoryStore` where none is given.

1. **Which variant?** An update that names *another* `@type` builds a new object from that variant's
   defaults and its own members. Any other update patches what is stored (`_rebuilt`, `_patched`).
2. **Entry by entry.** The keys of a patch are pointers. They are followed through the object in
   the order sent, and each sees what those before it did (`patch_values.follow`).
3. **Whole values.** At the end of a pointer its value replaces what is there, or is merged into it
   (`patch_values.whole`).
4. **All or nothing.** The first entry that cannot be followed refuses the update, and the answer
   carries its pointer. The result is then checked against the limits of each field, all at once,
   but only if it differs from what was stored (`objects.problems`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confsync.sandbox import objects
from confsync.sandbox.expressions import first_bad
from confsync.sandbox.patch_values import follow, rebuilt
from confsync.sandbox.pointer import parse, render
from confsync.sandbox.schema import IN_MEMORY_STORE, builtin
from confsync.sandbox.texts import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.sandbox.fields import Json, Type


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


def update(
    stored: Mapping[str, object], patch: object, of: Type | None = None
) -> Updated | NotUpdated:
    """Apply an update to a stored object.

    Raises `Dropped` where the server closes the connection instead of answering, and
    `UnknownReference` for an id like `#x`.
    """
    if not isinstance(patch, dict):
        raise Dropped
    type_ = of or builtin().type(IN_MEMORY_STORE)
    variant = _first_type(patch)
    if type_.has_variants and isinstance(variant, str) and variant != stored["@type"]:
        outcome = _rebuilt(type_, patch, variant)
    else:
        outcome = _patched(type_, stored, patch)
    if isinstance(outcome, dict) and objects.same(outcome, stored):
        return Updated(outcome)
    return _checked(type_, outcome)


def create(value: object, of: Type | None = None) -> Updated | NotUpdated:
    """Make what a `create` puts in place of the stored object: defaults plus these values.

    That is: as for another variant where it names an `@type`, else a patch of the defaults (wire
    section 5). Raises as `update` does.
    """
    if not isinstance(value, dict):
        raise Dropped
    type_ = of or builtin().type(IN_MEMORY_STORE)
    variant = _first_type(value)
    if type_.has_variants and isinstance(variant, str):
        return _checked(type_, _rebuilt(type_, value, variant))
    return _checked(type_, _patched(type_, objects.defaults(type_), value))


def defaults(variant: str | None = None, of: Type | None = None) -> Json:
    """Make an object in which nothing was set, of the first variant where none is named."""
    return objects.defaults(of or builtin().type(IN_MEMORY_STORE), variant)


def get_view(stored: Mapping[str, object], of: Type | None = None) -> Json:
    """Show what get returns: every field, the secrets masked (wire section 3)."""
    type_ = of or builtin().type(IN_MEMORY_STORE)
    return {**objects.masked(type_, stored), "id": "singleton"}


def _first_type(patch: Json) -> object:
    return patch.first_type if isinstance(patch, Patch) else patch.get("@type")


def _checked(type_: Type, outcome: Json | NotUpdated) -> Updated | NotUpdated:
    if isinstance(outcome, NotUpdated):
        return outcome
    if (name := first_bad(type_, outcome)) is not None:
        error: Json = {"type": "Invalid", "property": name, "value": "if, then or else is empty"}
        return NotUpdated("validationFailed", (name,), (error,))
    if problems := tuple(objects.problems(type_, outcome)):
        return NotUpdated("validationFailed", validation_errors=problems)
    return Updated(outcome)


def _rebuilt(type_: Type, patch: Json, variant: str) -> Json | NotUpdated:
    """Build another variant: its defaults plus the members sent (wire section 5.1)."""
    try:
        return objects.settled(type_, rebuilt(type_, {**patch, "@type": variant}))
    except Refused as refused:
        return NotUpdated("invalidPatch", ("/".join(refused.below),))


def _patched(type_: Type, stored: Mapping[str, object], patch: Json) -> Json | NotUpdated:
    """Patch what is stored, entry after entry, on a copy (wire section 5.2)."""
    target = objects.copied(stored)
    for key, value in patch.items():
        if key == "@type":
            continue
        tokens = parse(key)
        try:
            follow(type_, target, tokens, value)
        except Refused as refused:
            return NotUpdated("invalidPatch", (render((*tokens, *refused.below)),))
    return objects.settled(type_, target)
