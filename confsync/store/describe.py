"""Descriptions of objects, variants and fields for people, derived from their shapes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from confsync.kinds.kind import U64
from confsync.store.encode import to_file, with_default
from confsync.store.scalars import limit_text, range_text
from confsync.store.texts import wanted
from confsync.sync import shape as shapes
from confsync.sync.tree import Object
from confsync.yaml.emit import Style

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from confsync.kinds.kind import Kind
    from confsync.sync.tree import Tree
    from confsync.yaml.emit import Plain

_TYPES: Mapping[type[shapes.Shape], tuple[str, str]] = {
    shapes.Text: ("string", ""),
    shapes.Boolean: ("true or false", ""),
    shapes.Integer: ("whole number", ""),
    shapes.Float: ("number", ", like 6 or 6.5"),
    shapes.Size: ("size", ", like 25MiB or 50MB"),
    shapes.Duration: ("duration", ", like 10s or 1m30s"),
    shapes.UrlText: (
        "URL",
        ": a string, a reference, or a mapping with address, username and password",
    ),
    shapes.SecretText: ("secret", ": a reference, like {env: NAME}"),
}
"""Names of types, and the form of their values in a file."""

_MANY = 20  # choices: more are counted
_NO_DEFAULT = {False: "none (required)", True: "none (the server's value is kept)"}
_UNKNOWN = "no description; Stalwart's documentation of the object has one"

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


def objects(kinds: Mapping[str, Kind]) -> tuple[tuple[str, str], ...]:
    """The objects, each with its summary; empty if there is none."""
    return tuple((name, kind.shape.summary) for name, kind in kinds.items())


def described(name: str, kinds: Mapping[str, Kind]) -> tuple[Page, ...]:
    """The pages of a name: objects, then variants, then fields. Empty for an unknown name.

    The name may be a path without some of its steps, and with indexes: `stores/1/url`. Variants
    with an equal field share its page.
    """
    asked = [step for step in name.split("/") if step and not re.fullmatch("[0-9]+", step)]
    owners: dict[Page, dict[str, None]] = {}
    if asked and asked[0] in kinds:
        kinds = {asked[0]: kinds[asked[0]]}
    places = [place for place in _places(kinds) if asked and place[0][-1] == asked[-1]]
    places.sort(key=lambda place: len(place[0]))
    for kind_of_thing in (shapes.Variants, shapes.Fields, shapes.Field):
        for path, thing in places:
            steps = iter(path)
            if isinstance(thing, kind_of_thing) and all(step in steps for step in asked):
                owners.setdefault(_page(path[-1], thing), {}).update(dict.fromkeys(path[-2:-1]))
    pages = tuple(
        replace(page, facts=(*page.facts, ("in", ", ".join(known)))) if known else page
        for page, known in owners.items()
    )
    # Another object can have the same field without a description: Coordinator has most of them.
    known = {(page.facts, page.table) for page in pages if page.summary != _UNKNOWN}
    return tuple(
        page for page in pages if page.summary != _UNKNOWN or (page.facts, page.table) not in known
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


def _within(
    path: tuple[str, ...], shape: shapes.Variants, default: Tree = None
) -> Iterator[_Place]:
    for tag, known in shape.objects.items():
        here = (*path, tag) if tag else path
        if tag:
            yield here, known
        for name, inner in with_default(known.fields, default, shape).items():
            yield (*here, name), inner
            below = inner.shape
            if isinstance(below, shapes.ListOf):
                below = below.item
            elif isinstance(below, shapes.ValueMap):
                below = below.value
            if isinstance(below, shapes.Variants):
                whole = inner.default if below is inner.shape else None
                yield from _within((*here, name), below, whole)


def _page(name: str, thing: _Thing) -> Page:
    """A page without the names of its owners."""
    match thing:
        case shapes.Variants(plain=True):
            return Page(name, thing.summary or _UNKNOWN, table=_table(thing.fields_of("")))
        case shapes.Variants(objects=objects):
            table = tuple((tag, known.summary) for tag, known in objects.items())
            return Page(name, "an object; its '@type' is one of", table=table)
        case shapes.Fields(fields=fields):
            return Page(name, thing.summary or _UNKNOWN, table=_table(fields))
        case shapes.Field():
            facts = (
                ("type", "".join(_type(thing.shape))),
                ("limits", _limits(thing.shape)),
                ("default", _default(thing) or _NO_DEFAULT[thing.kept]),
                ("null", "allowed" if thing.nullable else "not allowed"),
            )
            return Page(name, thing.summary or _UNKNOWN, facts, note=thing.note)


def _table(fields: Mapping[str, shapes.Field]) -> tuple[tuple[str, str], ...]:
    known = ((name, _type(one.shape)[0], _default(one)) for name, one in fields.items())
    table = tuple(
        (field, f"{kind}; default {default}" if default else f"{kind}; no default")
        for field, kind, default in known
    )
    return table or (("no fields", ""),)


def _type(shape: shapes.Shape) -> tuple[str, str]:
    match shape:
        case shapes.Choice(choices=known):
            return _one_of(known)
        case shapes.Variants(plain=True):
            names = ", ".join(shape.fields_of(""))
            return f"{'string, or ' if shape.short else ''}object with {names}", ""
        case shapes.Variants(objects=known):
            return f"one of {', '.join(known)}", ""
        case shapes.ListOf(item):
            return f"list of {_item(item)}", ""
        case shapes.TextSet(member=member):
            few, more = _members(member)
            return f"list of {few}", f" without duplicates{more}"
        case shapes.ValueMap(key, value):
            keys = ", each with a name"
            if isinstance(key, shapes.Choice):
                keys = f", each with a name: {''.join(_one_of(key.choices))}"
            of = _item(value) if isinstance(value, shapes.Variants) else "strings or references"
            return f"mapping of {of}", keys
        case shapes.Id(object=name):
            return f"id of a {name}", ""
        case shapes.Text(form=form) if wanted(form):
            return wanted(form).removeprefix("an ").removeprefix("a "), ""
        case _:
            return _TYPES[type(shape)]


def _one_of(choices: Collection[str]) -> tuple[str, str]:
    """Some choices; many in two parts, the first of them short."""
    known = ", ".join(choices)
    few = len(choices) <= _MANY
    return (f"one of {known}", "") if few else (f"one of {len(choices)} values", f": {known}")


def _item(shape: shapes.Variants) -> str:
    """The items of a list, or the values of a mapping, in the plural."""
    return f"objects with {', '.join(shape.fields_of(''))}" if shape.plain else "stores"


def _members(shape: shapes.Shape) -> tuple[str, str]:
    """The members of a set, in the plural, in two parts as `_one_of` has them."""
    match shape:
        case shapes.UrlText():
            return "URLs", ""
        case shapes.Choice(choices):
            few, more = _one_of(choices)
            return f"values, each {few}", more
        case shapes.Id(object=name):
            return f"ids of {name} objects", ""
        case shapes.Text(form="network"):
            return "networks and IP addresses", ""
        case _:
            return "strings", ""


def _limits(shape: shapes.Shape) -> str:
    match shape:
        case shapes.Duration() | shapes.Integer() | shapes.Float() | shapes.Size():
            low, high = shape.minimum, shape.maximum
            least = "" if low is None else f"at least {limit_text(shape, low)}"
            most = "" if high is None or high >= U64 else f"at most {limit_text(shape, high)}"
            return ", ".join(filter(None, (least, most))) or "none"
        case shapes.ListOf(minimum=minimum) | shapes.TextSet(minimum=minimum) if minimum:
            return range_text(shape)
        case shapes.Text() | shapes.UrlText():
            blank = isinstance(shape, shapes.Text) and shape.blank
            return "not empty" if blank else "not blank"
        case _:
            return "none"


def _default(field: shapes.Field) -> str:
    """A default for people; empty for a field without one."""
    if field.required or field.kept:
        return ""
    if isinstance(field.default, Object) and field.default.tag:
        return field.default.tag
    match to_file(field.default, field.shape):
        case str(text):
            return text
        case [_, *_] as items:
            return ", ".join(map(_inline, items))
        case value:
            return _inline(value)


def _inline(value: Plain) -> str:
    return Style().inline(value)
