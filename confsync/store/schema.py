"""The JSON Schema of a store file, for editors: draft 7, derived from shapes and references.

It accepts what `validate` accepts, except for the spelling of YAML values and for rules between
values. `enumDescriptions` and `defaultSnippets` are no JSON Schema: editors show them, and
validators skip them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from confsync.store import schema_values as values
from confsync.store.encode import to_file
from confsync.store.mistakes import TYPE
from confsync.store.scalars import DAY, LONGEST_PATH, range_text
from confsync.sync import shape as shapes
from confsync.sync.tree import Object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.kinds.kind import Kind
    from confsync.store.schema_values import Json, Schema
    from confsync.sync.secret import Form

DRAFT = "http://json-schema.org/draft-07/schema#"


def file_schema(kinds: Mapping[str, Kind], forms: Mapping[str, Form]) -> Schema:
    """The schema of a whole store file. `forms`: the kinds of references by their keys."""
    return _Writer(forms).file(kinds) | {"minProperties": 1}


def layer_schema(kinds: Mapping[str, Kind], forms: Mapping[str, Form]) -> Schema:
    """The schema of a file that is laid over others.

    It has no defaults, and nothing is required. Without a variant it may have the fields of any.
    """
    return _LayerWriter(forms).file(kinds)


def record_schema(shape: shapes.Record, forms: Mapping[str, Form]) -> Schema:
    """The schema of a file that is a record, like `confsync.yaml`."""
    writer = _Writer(forms)
    return {"$schema": DRAFT, **writer.record(shape), "definitions": writer.definitions}


@dataclass
class _Writer:
    suffix: ClassVar[str] = ""
    """The end of the names of variants' definitions."""

    forms: Mapping[str, Form]
    definitions: Schema = field(default_factory=dict)

    def file(self, kinds: Mapping[str, Kind]) -> Schema:
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

    def variants(self, shape: shapes.Variants) -> Schema:
        """An object, with fields by its `@type`."""
        known = shape.objects.values()
        tag: Schema = {
            "description": "the variant",
            "enum": [fields.tag for fields in known],
            "enumDescriptions": [fields.summary for fields in known],
        }
        branches: list[Json] = [
            {
                "if": {
                    "type": "object",
                    "required": [TYPE],
                    # Language servers accept the beginning of a constant, but not of a pattern.
                    "properties": {TYPE: {"const": fields.tag, "pattern": f"^{fields.tag}$"}},
                },
                "then": self.define(fields.tag + self.suffix, self.fields(fields)),
            }
            for fields in known
        ]
        return {
            "title": shape.name,
            "type": "object",
            "properties": {TYPE: tag},
            "required": [TYPE],
            "allOf": branches,
            "errorMessage": f"add `'{TYPE}': …` under it, one of {', '.join(shape.objects)}",
        }

    def fields(self, known: shapes.Fields) -> Schema:
        """The fields of a variant, without a `description`: editors show it for the outer field."""
        properties: Schema = {name: self.field(inner) for name, inner in known.fields.items()}
        whole = _closed({TYPE: True, **properties}, known.fields)
        return {"title": known.tag, "$comment": known.summary, **whole}

    def field(self, known: shapes.Field) -> Schema:
        """A field: summary, default, examples and value."""
        description = known.summary
        if isinstance(known.shape, shapes.Duration | shapes.Integer | shapes.ListOf):
            description += f"; {range_text(known.shape)}"
        default: Schema = {}
        if not known.required and isinstance(known.default, Object):
            # In words: editors would insert it with `@type` not in quotes.
            description += f"; default '{TYPE}': {known.default.tag}"
        elif not known.required:
            default = {"default": to_file(known.default, known.shape)}
        # Editors show the name of a mapping only in a snippet.
        plain = [example for example in known.examples if not isinstance(example, dict)]
        snippets: list[Json] = [
            {"label": json.dumps(example), "body": example}
            for example in known.examples
            if isinstance(example, dict)
        ]
        value = self.value(known.shape)
        return {
            "description": description,
            **default,
            **({"examples": plain} if plain else {}),
            **({"defaultSnippets": snippets} if snippets else {}),
            **(_or_null(value) if known.nullable else value),
        }

    def value(self, shape: shapes.Shape) -> Schema:
        """The value of a field that is not null."""
        match shape:
            case shapes.UrlText():
                return {"allOf": [self.define("url", values.url(self.forms, self.reference()))]}
            case shapes.TextSet():
                url = self.define("url", values.url(self.forms, self.reference()))
                return {"type": "array", "items": url}
            case shapes.SecretText():
                return self.reference()
            case shapes.ListOf(item, minimum):
                # A list is replaced whole, also by a layer.
                whole = _Writer(self.forms, self.definitions).variants(item)
                return {"type": "array", "minItems": minimum, "items": whole}
            case shapes.Variants():
                return self.variants(shape)
            case _:
                return values.scalar(shape)

    def reference(self) -> Schema:
        """A reference to a secret. The type is repeated here: editors start a mapping at it."""
        known = values.reference(self.forms)
        defined = self.define("reference", known)
        return {"type": "object", "errorMessage": known["errorMessage"], "allOf": [defined]}

    def define(self, name: str, schema: Schema) -> Schema:
        """A pointer to a definition. Another definition of that name gets a new name."""
        while self.definitions.setdefault(name, schema) != schema:
            name += "_"
        return {"$ref": f"#/definitions/{name}"}

    def record(self, shape: shapes.Record) -> Schema:
        """A record."""
        properties: Schema = {
            name: {"description": member.summary, **self.file_value(member.shape)}
            for name, member in shape.fields.items()
        }
        return {"type": "object", **_closed(properties, shape.fields)}

    def file_value(self, shape: shapes.FileShape) -> Schema:
        """A value in a record."""
        text = values.scalar(shapes.Text())
        match shape:
            case shapes.Record():
                whole = self.record(shape)
                if not shape.short:
                    return whole
                return {"anyOf": [self.file_value(shape.fields[shape.short].shape), whole]}
            case shapes.MapOf(item):
                return {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"pattern": values.NAME, "maxLength": 63},
                    "additionalProperties": self.record(item),
                }
            case shapes.SetOf(item, _, minimum):
                items = self.file_value(item)
                return {"type": "array", "minItems": minimum, "uniqueItems": True, "items": items}
            case shapes.Credential(or_text):
                reference = self.reference()
                return {"anyOf": [text, reference]} if or_text else reference
            case shapes.PlainText():
                return text
            case shapes.PathText():
                return {**text, "pattern": values.PATH, "maxLength": LONGEST_PATH}
            case shapes.Day():
                return {"type": "string", "pattern": f"^{DAY}{values.END}"}
            case _:
                return self.value(shape)


class _LayerWriter(_Writer):
    suffix = "-in-a-layer"

    def variants(self, shape: shapes.Variants) -> Schema:
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

    def fields(self, known: shapes.Fields) -> Schema:
        whole = super().fields(known)
        del whole["required"]
        return whole

    def field(self, known: shapes.Field) -> Schema:
        return super().field(replace(known, required=True))


def _closed(properties: Schema, known: Mapping[str, shapes.Field | shapes.Member]) -> Schema:
    required: list[Json] = [name for name, one in known.items() if one.required]
    return {"properties": properties, "required": required, "additionalProperties": False}


def _or_null(schema: Schema) -> Schema:
    kind = schema.get("type")
    if kind not in ("string", "integer", "boolean"):
        return {"anyOf": [schema, {"type": "null"}]}
    choices = schema.get("enum")
    enum: Schema = {"enum": [*choices, None]} if isinstance(choices, tuple) else {}
    return schema | {"type": [kind, "null"]} | enum
