"""Descriptions of objects, variants and fields for people, derived from their shapes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from confsync.kinds.kind import U64
from confsync.store.encode import to_file
from confsync.store.scalars import limit_text
from confsync.sync import shape as shapes
from confsync.sync.tree import Object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confsync.kinds.kind import Kind

_TYPES: Mapping[type[shapes.Shape], tuple[str, str]] = {
    shapes.Text: ("string", ""),
    shapes.Boolean: ("true or false", ""),
    shapes.Integer: ("whole number", ""),
    shapes.Duration: ("duration", ", like 10s or 1m30s"),
    shapes.UrlText: (
        "URL",
        ": a string, a reference, or a mapping with address, username and password",
    ),
    shapes.SecretText: ("secret", ": a reference, like {env: NAME}"),
    shapes.TextSet: ("list of URLs", " without duplicates"),
    shapes.ListOf: ("list of stores", ""),
}
"""Names of types, and the form of their values in a file."""

_Thing: TypeAlias = shapes.Variants | shapes.Fields | shapes.Field
_Place: TypeAlias = tuple[tuple[str, ...], _Thing]
"""An object, a variant or a field, with the names that lead to it."""


@dataclass(frozen=True)
class Page:
    """A description: name, summary, labelled facts, a table of variants or fields, and a note."""

    name: str
    summary: str
    facts: tuple[tuple[str, str], ...] = ()
    table: tuple[tuple[str, str], ...] = ()
    note: str = ""


def names(kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """The name of everything that can be described, each once."""
    return tuple(dict.fromkeys(path[-1] for path, _ in _places(kinds)))


def described(name: str, kinds: Mapping[str, Kind]) -> tuple[Page, ...]:
    """The pages of a name: objects, then variants, then fields. Empty for an unknown name.

    The name may be a path without some of its steps, and with indexes: `stores/1/url`. Variants
    with an equal field share its page.
    """
    asked = [step for step in name.split("/") if step and not re.fullmatch("[0-9]+", step)]
    owners: dict[Page, dict[str, None]] = {}
    places = [place for place in _places(kinds) if asked and place[0][-1] == asked[-1]]
    places.sort(key=lambda place: len(place[0]))
    for kind_of_thing in (shapes.Variants, shapes.Fields, shapes.Field):
        for path, thing in places:
            steps = iter(path)
            if isinstance(thing, kind_of_thing) and all(step in steps for step in asked):
                owners.setdefault(_page(path[-1], thing), {}).update(dict.fromkeys(path[-2:-1]))
    return tuple(
        replace(page, facts=(*page.facts, ("in", ", ".join(known)))) if known else page
        for page, known in owners.items()
    )


def key_pages(record: shapes.Record) -> Iterator[tuple[str, Page]]:
    """The name and the page of each key of a record, and of the records inside it."""
    place = record.name if "." in record.name else f"{record.name} in confsync.yaml"
    for name, member in record.fields.items():
        shape, example = member.shape, member.example
        if isinstance(shape, shapes.SetOf):
            example = shape.example
        facts = [("required", "yes" if member.required else "no"), ("in", place)]
        if isinstance(shape, shapes.Choice):
            facts.insert(0, ("type", f"one of {', '.join(shape.choices)}"))
        if example:
            facts.insert(0, ("example", example))
        yield name, Page(name, member.summary, tuple(facts))
        inner = shape.item if isinstance(shape, shapes.MapOf | shapes.SetOf) else shape
        if isinstance(inner, shapes.Record):
            yield from key_pages(inner)


def _places(kinds: Mapping[str, Kind]) -> Iterator[_Place]:
    for kind in kinds.values():
        yield (kind.name,), kind.shape
        yield from _within((kind.name,), kind.shape)


def _within(path: tuple[str, ...], shape: shapes.Variants) -> Iterator[_Place]:
    for tag, known in shape.objects.items():
        yield (*path, tag), known
        for name, inner in known.fields.items():
            yield (*path, tag, name), inner
            below = inner.shape.item if isinstance(inner.shape, shapes.ListOf) else inner.shape
            if isinstance(below, shapes.Variants):
                yield from _within((*path, tag, name), below)


def _page(name: str, thing: _Thing) -> Page:
    """A page without the names of its owners."""
    match thing:
        case shapes.Variants(objects=objects):
            table = tuple((tag, known.summary) for tag, known in objects.items())
            return Page(name, "an object; its '@type' is one of", table=table)
        case shapes.Fields(fields=fields):
            known = ((name, _type(one.shape)[0], _default(one)) for name, one in fields.items())
            table = tuple(
                (field, f"{kind}; default {default}" if default else f"{kind}; no default")
                for field, kind, default in known
            )
            return Page(name, thing.summary, table=table or (("no fields", ""),))
        case shapes.Field():
            facts = (
                ("type", "".join(_type(thing.shape))),
                ("limits", _limits(thing.shape)),
                ("default", _default(thing) or "none (required)"),
                ("null", "allowed" if thing.nullable else "not allowed"),
            )
            return Page(name, thing.summary, facts, note=thing.note)


def _type(shape: shapes.Shape) -> tuple[str, str]:
    match shape:
        case shapes.Choice(choices=known) | shapes.Variants(objects=known):
            return f"one of {', '.join(known)}", ""
        case _:
            return _TYPES[type(shape)]


def _limits(shape: shapes.Shape) -> str:
    match shape:
        case shapes.Duration(minimum, maximum) | shapes.Integer(minimum, maximum):
            most = f", at most {limit_text(shape, maximum)}" if maximum < U64 else ""
            return f"at least {limit_text(shape, minimum)}{most}"
        case shapes.ListOf(minimum=minimum):
            return f"at least {minimum} items"
        case shapes.Text() | shapes.UrlText():
            return "not blank"
        case _:
            return "none"


def _default(field: shapes.Field) -> str:
    """A default for people; empty for a required field."""
    if field.required:
        return ""
    if isinstance(field.default, Object):
        return field.default.tag
    match to_file(field.default, field.shape):
        case str(text):
            return text
        case list(items):
            return ", ".join(map(str, items))
        case value:
            return json.dumps(value)
