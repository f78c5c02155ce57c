"""What a field, a variant or an object is, for people: derived from the shapes alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from confsync.kinds.kind import U64
from confsync.store.encode import to_file
from confsync.store.scalars import limit_text
from confsync.sync.shape import (
    Boolean,
    Choice,
    Duration,
    Field,
    Fields,
    ListOf,
    SecretText,
    Shape,
    Text,
    Unsigned,
    UrlSet,
    UrlText,
    Variants,
)
from confsync.sync.tree import Object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from confsync.kinds.kind import Kind

_TYPES: Mapping[type[Shape], str] = {
    Text: "text",
    Boolean: "true or false",
    Unsigned: "whole number",
    Duration: "duration",
    UrlText: "URL",
    SecretText: "secret",
    UrlSet: "list of URLs",
    ListOf: "list of stores",
}
_WRITTEN: Mapping[type[Shape], str] = {
    Duration: ", like 10s or 1m30s",
    UrlText: ": a text, a reference, or a mapping with address, username and password",
    SecretText: ": a reference, like {env: NAME}",
    UrlSet: ", each once",
}


@dataclass(frozen=True)
class FieldPage:
    """A field, with the variants that have it just so."""

    name: str
    summary: str
    type: str
    limits: str
    default: str
    nullable: bool
    variants: tuple[str, ...]


@dataclass(frozen=True)
class VariantPage:
    """A variant: where it can stand, and each of its fields with its type and default."""

    name: str
    summary: str
    places: tuple[str, ...]
    fields: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class ObjectPage:
    """An object, with its variants and what each of them is."""

    name: str
    variants: tuple[tuple[str, str], ...]


Page: TypeAlias = FieldPage | VariantPage | ObjectPage


@dataclass(frozen=True)
class _Place:
    """Names from the object down to a field, a variant, or the object itself."""

    path: tuple[str, ...]
    what: Field | Fields | Variants


def names(kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """The name of everything that can be described, each once."""
    return tuple(dict.fromkeys(place.path[-1] for place in _all(kinds)))


def described(name: str, kinds: Mapping[str, Kind]) -> tuple[Page, ...]:
    """What has a name; a path may leave out what stands between, and shows where: `stores/1/url`.

    Empty where nothing has it.
    """
    asked = [step for step in name.split("/") if step and not re.fullmatch("[0-9]+", step)]
    found = [place for place in _all(kinds) if asked and _leads_to(asked, place.path)]
    fields = [place for place in found if isinstance(place.what, Field)]
    return (
        *(
            _object(place.path[-1], place.what)
            for place in found
            if isinstance(place.what, Variants)
        ),
        *_variants([place for place in found if isinstance(place.what, Fields)]),
        *_fields(fields),
    )


def _leads_to(asked: Sequence[str], path: tuple[str, ...]) -> bool:
    rest = iter(path)
    return asked[-1] == path[-1] and all(step in rest for step in asked)


def _all(kinds: Mapping[str, Kind]) -> Iterator[_Place]:
    for kind in kinds.values():
        yield _Place((kind.name,), kind.shape)
        yield from _within((kind.name,), kind.shape)


def _within(path: tuple[str, ...], shape: Variants) -> Iterator[_Place]:
    for tag, known in shape.objects.items():
        yield _Place((*path, tag), known)
        for name, inner in known.fields.items():
            yield _Place((*path, tag, name), inner)
            below = inner.shape.item if isinstance(inner.shape, ListOf) else inner.shape
            if isinstance(below, Variants):
                yield from _within((*path, tag, name), below)


def _object(name: str, shape: Variants) -> ObjectPage:
    return ObjectPage(name, tuple((tag, known.summary) for tag, known in shape.objects.items()))


def _variants(places: Sequence[_Place]) -> Iterator[VariantPage]:
    """One page for each name: a variant is the same wherever it can stand."""
    for name in dict.fromkeys(place.path[-1] for place in places):
        same = [place for place in places if place.path[-1] == name]
        known = same[0].what
        if isinstance(known, Fields):
            fields = tuple(
                (
                    field,
                    _type(inner.shape),
                    _default(inner),
                )
                for field, inner in known.fields.items()
            )
            nearest_first = sorted(same, key=lambda place: len(place.path))
            where = tuple(dict.fromkeys(place.path[-2] for place in nearest_first))
            yield VariantPage(name, known.summary, where, fields)


def _fields(places: Sequence[_Place]) -> Iterator[FieldPage]:
    """A page for each way in which the variants have a field."""
    owners: dict[FieldPage, dict[str, None]] = {}
    for place in places:
        if isinstance(place.what, Field):
            owners.setdefault(_field(place.path[-1], place.what), {})[place.path[-2]] = None
    for page, tags in owners.items():
        yield replace(page, variants=tuple(tags))


def _field(name: str, field: Field) -> FieldPage:
    shape = field.shape
    written = f"{_type(shape)}{_WRITTEN.get(type(shape), '')}"
    limits, default = _limits(shape), _default(field)
    return FieldPage(name, field.summary, written, limits, default, field.nullable, ())


def _type(shape: Shape) -> str:
    match shape:
        case Choice(choices):
            return f"one of {', '.join(choices)}"
        case Variants():
            return f"one of {', '.join(shape.objects)}"
        case _:
            return _TYPES[type(shape)]


def _limits(shape: Shape) -> str:
    match shape:
        case Duration(minimum, maximum) | Unsigned(minimum, maximum):
            least = f"at least {limit_text(shape, minimum)}"
            most = f", at most {limit_text(shape, maximum)}" if maximum < U64 else ""
            return least + most
        case ListOf(minimum=minimum):
            return f"at least {minimum} items"
        case Text() | UrlText():
            return "not blank"
        case _:
            return ""


def _default(field: Field) -> str:
    if field.required:
        return ""
    value = to_file(field.default, field.shape)
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(map(str, value))
        case dict():
            return field.default.tag if isinstance(field.default, Object) else ""
        case _:
            return str(value)
