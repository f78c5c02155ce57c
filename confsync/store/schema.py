"""The JSON Schema of a store file, for editors: draft 7, derived from shapes and references.

It says of a file what `validate` says of it, as far as a schema can see it: not how YAML spells a
value, and not what one value means for another. `enumDescriptions` and `defaultSnippets` are no
JSON Schema, but editors show them, and validators skip them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from confsync.store import schema_values as values
from confsync.store.encode import to_file
from confsync.store.mistakes import TYPE
from confsync.store.scalars import DAY, LONGEST_PATH, range_text
from confsync.sync.shape import (
    Boolean,
    Choice,
    Credential,
    Day,
    Duration,
    Field,
    Fields,
    ListOf,
    MapOf,
    PathText,
    PlainText,
    Record,
    SecretText,
    SetOf,
    Shape,
    Text,
    Unsigned,
    UrlSet,
    UrlText,
    Variants,
)
from confsync.sync.tree import Object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.kinds.kind import Kind
    from confsync.store.schema_values import Json, Schema
    from confsync.sync.secret import Form
    from confsync.sync.shape import FileShape

DRAFT = "http://json-schema.org/draft-07/schema#"


def file_schema(kinds: Mapping[str, Kind], forms: Mapping[str, Form]) -> Schema:
    """The schema of a file that is a state of its own.

    `forms` are what stands behind the keys of references.
    """
    return _Writer(forms).file(kinds) | {"minProperties": 1}


def layer_schema(kinds: Mapping[str, Kind], forms: Mapping[str, Form]) -> Schema:
    """The schema of a file that is laid over others: it may leave out what stands below, even the
    variant, and then name the fields of any. It has no defaults, because what a layer leaves out
    is what is below it.
    """
    return _LayerWriter(forms).file(kinds)


@dataclass
class _Writer:
    forms: Mapping[str, Form]
    definitions: Schema = field(default_factory=dict)

    def file(self, kinds: Mapping[str, Kind]) -> Schema:
        """A whole file."""
        objects: Schema = {
            name: {"description": kind.shape.summary, **self.variants(kind.shape)}
            for name, kind in kinds.items()
        }
        return {
            "$schema": DRAFT,
            "description": "the desired state of a Stalwart mail server, object by object",
            "type": "object",
            "properties": objects,
            "additionalProperties": False,
            "definitions": self.definitions,
        }

    def variants(self, shape: Variants) -> Schema:
        """An object: which fields it has follows from its `@type`."""
        known = shape.objects.values()
        tag: Schema = {
            "description": "which of its variants this is",
            "enum": [fields.tag for fields in known],
            "enumDescriptions": [fields.summary for fields in known],
        }
        branches: list[Json] = [
            {"if": _is(fields.tag), "then": self.define(self.name(fields), self.fields(fields))}
            for fields in known
        ]
        return {
            "title": shape.name,
            "type": "object",
            "properties": {TYPE: tag},
            "required": [TYPE],
            "allOf": branches,
            "errorMessage": f"write `'{TYPE}': …` under it, with one of {', '.join(shape.objects)}",
        }

    def fields(self, known: Fields) -> Schema:
        """What a variant consists of. No `description`: an editor would show it for the field that
        the object stands in.
        """
        properties: Schema = {name: self.field(inner) for name, inner in known.fields.items()}
        required: list[Json] = [name for name, inner in known.fields.items() if inner.required]
        return {
            "title": known.tag,
            "$comment": known.summary,
            "properties": {TYPE: True, **properties},
            "required": required,
            "additionalProperties": False,
        }

    def name(self, known: Fields) -> str:
        """The name of a variant's definition."""
        return known.tag

    def field(self, known: Field) -> Schema:
        """One field: what it is, its default and examples, and what may stand there."""
        value = self.value(known.shape)
        return {
            "description": _described(known),
            **_default(known),
            **_examples(known.examples),
            **(_or_null(value) if known.nullable else value),
        }

    def value(self, shape: Shape) -> Schema:
        """What may stand in a field's place, null aside."""
        match shape:
            case Text() | Boolean() | Unsigned() | Duration() | Choice():
                return values.scalar(shape)
            case UrlText():
                return {"allOf": [self.url()]}
            case UrlSet():
                return {"type": "array", "items": self.url()}
            case SecretText():
                return self.reference()
            case ListOf(item, minimum):
                return {"type": "array", "minItems": minimum, "items": self.item(item)}
            case Variants():
                return self.variants(shape)

    def item(self, shape: Variants) -> Schema:
        """An object in a list."""
        return self.variants(shape)

    def url(self) -> Schema:
        """A URL, in one of its forms."""
        return self.define("url", values.url(self.forms, self.reference()))

    def reference(self) -> Schema:
        """A secret. Its text would be a secret in clear, which `validate` refuses."""
        known = values.reference(self.forms)
        # The type stands here too, because editors begin a mapping where they see it.
        told = {"type": "object", "errorMessage": known["errorMessage"]}
        return {**told, "allOf": [self.define("reference", known)]}

    def define(self, name: str, schema: Schema) -> Schema:
        """A pointer to a definition; a second one of that name gets another."""
        while self.definitions.setdefault(name, schema) != schema:
            name += "_"
        return {"$ref": f"#/definitions/{name}"}


class _LayerWriter(_Writer):
    def variants(self, shape: Variants) -> Schema:
        fields: dict[str, list[Json]] = {}
        for known in shape.objects.values():
            for name, inner in known.fields.items():
                schema = self.field(inner)
                if schema not in fields.setdefault(name, []):
                    fields[name].append(schema)
        properties: Schema = {
            name: schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
            for name, schemas in fields.items()
        }
        whole = super().variants(shape)
        del whole["required"]
        of_any: Schema = {"properties": properties, "additionalProperties": False}
        return whole | {"if": {"required": [TYPE]}, "else": of_any}

    def fields(self, known: Fields) -> Schema:
        whole = super().fields(known)
        del whole["required"]
        return whole

    def name(self, known: Fields) -> str:
        return f"{known.tag}-in-a-layer"

    def field(self, known: Field) -> Schema:
        return super().field(replace(known, required=True))

    def item(self, shape: Variants) -> Schema:
        # A list is replaced whole.
        return _Writer(self.forms, self.definitions).item(shape)


def _is(tag: str) -> Schema:
    # While it completes a word, the language server takes its beginning for the whole of a
    # constant, not of a pattern.
    known: Schema = {"const": tag, "pattern": f"^{tag}$"}
    return {"type": "object", "required": [TYPE], "properties": {TYPE: known}}


def _or_null(schema: Schema) -> Schema:
    kind = schema.get("type")
    if kind not in ("string", "integer", "boolean"):
        return {"anyOf": [schema, {"type": "null"}]}
    choices = schema.get("enum")
    enum: Schema = {"enum": [*choices, None]} if isinstance(choices, tuple) else {}
    return schema | {"type": [kind, "null"]} | enum


def _described(known: Field) -> str:
    parts = [known.summary]
    if isinstance(known.shape, Duration | Unsigned | ListOf):
        parts.append(range_text(known.shape))
    if isinstance(known.default, Object) and not known.required:
        parts.append(f"without it '{TYPE}': {known.default.tag}")
    return "; ".join(parts)


def _default(known: Field) -> Schema:
    # An object's is told in words: editors would insert it with `@type` not in quotes.
    if known.required or isinstance(known.default, Object):
        return {}
    return {"default": to_file(known.default, known.shape)}


def _examples(examples: Sequence[Json]) -> Schema:
    # Editors have a name to offer a mapping by only where it is a snippet.
    plain = [example for example in examples if not isinstance(example, dict)]
    snippets: list[Json] = [
        {"label": json.dumps(example), "body": example}
        for example in examples
        if isinstance(example, dict)
    ]
    return {
        **({"examples": plain} if plain else {}),
        **({"defaultSnippets": snippets} if snippets else {}),
    }


def record_schema(shape: Record, forms: Mapping[str, Form]) -> Schema:
    """The schema of a file that is a record, like `confsync.yaml`."""
    writer = _Writer(forms)
    whole = _record(shape, writer)
    return {"$schema": DRAFT, **whole, "definitions": writer.definitions}


def _record(shape: Record, writer: _Writer) -> Schema:
    properties: Schema = {
        name: {"description": member.summary, **_file_value(member.shape, writer)}
        for name, member in shape.fields.items()
    }
    required: list[Json] = [name for name, member in shape.fields.items() if member.required]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _file_value(shape: FileShape, writer: _Writer) -> Schema:
    match shape:
        case Record():
            whole = _record(shape, writer)
            if not shape.short:
                return whole
            return {"anyOf": [_file_value(shape.fields[shape.short].shape, writer), whole]}
        case MapOf(item):
            names: Schema = {"pattern": values.NAME, "maxLength": 63}
            inner = _record(item, writer)
            return {
                "type": "object",
                "minProperties": 1,
                "propertyNames": names,
                "additionalProperties": inner,
            }
        case SetOf(item, _, minimum):
            items = _file_value(item, writer)
            return {"type": "array", "minItems": minimum, "uniqueItems": True, "items": items}
        case Credential(or_text):
            reference = writer.reference()
            return {"anyOf": [values.scalar(Text()), reference]} if or_text else reference
        case PlainText():
            return values.scalar(Text())
        case PathText():
            of_path: Schema = {"pattern": values.PATH, "maxLength": LONGEST_PATH}
            return {**values.scalar(Text()), **of_path}
        case Day():
            return {"type": "string", "pattern": f"^{DAY}{values.END}"}
        case _:
            return writer.value(shape)
