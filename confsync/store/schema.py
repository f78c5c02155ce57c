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
from confsync.store.scalars import DAY, LONGEST_PATH, limit_text, range_text
from confsync.sync import shape as shapes
from confsync.sync.tree import Object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.kinds.kind import Kind
    from confsync.store.schema_values import Json, Schema
    from confsync.sync.secret import Form
    from confsync.sync.tree import Tree

_WITH_LIMITS = shapes.Duration | shapes.Integer | shapes.Float | shapes.Size | shapes.ListOf
_LONG = 2**32
"""Patterns for numbers up to this one and more are long, and defined once."""

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
            name: {**_described(kind.shape.summary), **self.variants(kind.shape)}
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

    def variants(self, shape: shapes.Variants, default: Tree = None) -> Schema:
        """An object, with fields by its `@type` if it has one. `default`: that of its field."""
        if shape.plain:
            return {"allOf": [self.plain(shape, given=isinstance(default, Object))]}
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
                "then": self.define(
                    fields.tag + self.suffix,
                    self.fields(fields),
                    f"{shape.name}-{fields.tag}{self.suffix}",
                ),
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

    def plain(self, shape: shapes.Variants, *, given: bool) -> Schema:
        """An object without `@type`. `given`: members that a file leaves out are those of a default
        of the whole object.
        """
        fields, name = shape.fields_of(""), shape.name
        # Layers below may have every member.
        given = given or bool(self.suffix)
        if given:
            name = f"{name}-with-defaults"
            fields = {one: replace(of, required=True) for one, of in fields.items()}
        properties: Schema = {one: self.field(of) for one, of in fields.items()}
        whole: Schema = {"title": shape.name, "type": "object", **_closed(properties, fields)}
        if given:
            del whole["required"]
        if shape.short:
            text = self.value(fields[shape.short].shape)
            whole |= {**text, "type": ["string", "object"]}
        return self.define(name + self.suffix, whole)

    def field(self, known: shapes.Field) -> Schema:
        """A field: summary, default, examples and value."""
        description = [known.summary] if known.summary else []
        if isinstance(known.shape, _WITH_LIMITS):
            description.append(range_text(known.shape))
        default: Schema = {}
        if not known.required and isinstance(known.default, Object) and known.default.tag:
            # In words: editors would insert it with `@type` not in quotes.
            description.append(f"default '{TYPE}': {known.default.tag}")
        elif not known.required and not known.kept:
            default = {"default": to_file(known.default, known.shape)}
        # Editors show the name of a mapping only in a snippet.
        plain = [example for example in known.examples if not isinstance(example, dict)]
        snippets: list[Json] = [
            {"label": json.dumps(example), "body": example}
            for example in known.examples
            if isinstance(example, dict)
        ]
        value = self.value(known.shape, known.base)
        return {
            **_described("; ".join(description)),
            **default,
            **({"examples": plain} if plain else {}),
            **({"defaultSnippets": snippets} if snippets else {}),
            **(_or_null(value) if known.nullable else value),
        }

    def value(self, shape: shapes.Shape, default: Tree = None) -> Schema:
        """The value of a field that is not null. `default`: that of the field."""
        match shape:
            case shapes.UrlText():
                return {"allOf": [self.url()]}
            case shapes.TextSet(member=member, minimum=minimum):
                least: Schema = {"minItems": minimum} if minimum else {}
                return {"type": "array", **least, "items": self.member(member)}
            case shapes.SecretText():
                return self.reference()
            case shapes.ListOf(item, minimum):
                # A list is replaced whole, also by a layer.
                whole = _Writer(self.forms, self.definitions).variants(item)
                return {"type": "array", "minItems": minimum, "items": whole}
            case shapes.ValueMap():
                return self.map(shape)
            case shapes.Variants(plain=True):
                return self.variants(shape, default)
            case shapes.Variants():
                whole = self.variants(shape)
                defined = self.define(f"one-of-{shape.name}{self.suffix}", whole)
                return {"type": "object", "errorMessage": whole["errorMessage"], "allOf": [defined]}
            case shapes.Size() | shapes.Duration() if shape.maximum >= _LONG:
                limits = "-".join(map(limit_text, (shape, shape), (shape.minimum, shape.maximum)))
                name = f"{type(shape).__name__}-{limits}".lower()
                whole = values.scalar(shape)
                shown = {key: whole.pop(key) for key in ("type", "errorMessage")}
                return {**shown, "allOf": [self.define(name, whole)]}
            case _:
                return values.scalar(shape)

    def url(self) -> Schema:
        """A URL."""
        return self.define("url", values.url(self.forms, self.reference()))

    def member(self, shape: shapes.Text | shapes.Choice | shapes.Id | shapes.UrlText) -> Schema:
        """A member of a set."""
        return self.url() if isinstance(shape, shapes.UrlText) else values.scalar(shape)

    def map(self, shape: shapes.ValueMap) -> Schema:
        """A map. Values with the name of a secret are references."""
        value = self.value(shape.value)
        whole: Schema = {"type": "object", "propertyNames": values.keys(shape.key)}
        if isinstance(shape.key, shapes.Choice):
            whole |= {"properties": dict.fromkeys(shape.key.choices, value)}
        if isinstance(shape.value, shapes.UrlText):
            whole |= {"patternProperties": {values.SENSITIVE_NAME: self.reference()}}
        return {**whole, "additionalProperties": value}

    def reference(self, *, of_target: bool = False) -> Schema:
        """A reference to a secret. The type is repeated here: editors start a mapping at it."""
        known = values.reference(self.forms, of_target=of_target)
        defined = self.define("reference-of-target" if of_target else "reference", known)
        return {"type": "object", "errorMessage": known["errorMessage"], "allOf": [defined]}

    def define(self, name: str, schema: Schema, longer: str = "") -> Schema:
        """A pointer to a definition. Another definition of that name gets the longer name, or a new
        one.
        """
        if self.definitions.get(name, schema) != schema:
            equal = (other for other, known in self.definitions.items() if known == schema)
            name = next(equal, longer or name)
        while self.definitions.setdefault(name, schema) != schema:
            name += "_"
        return {"$ref": f"#/definitions/{name}"}

    def record(self, shape: shapes.Record) -> Schema:
        """A record."""
        properties: Schema = {
            name: {"description": member.summary, **self.file_value(member.shape)}
            for name, member in shape.fields.items()
        }
        either = [{"required": [name]} for name in shape.either]
        more: Schema = {"anyOf": either} if either else {}
        return {"type": "object", **_closed(properties, shape.fields), **more}

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
                    "additionalProperties": self.file_value(item),
                }
            case shapes.ByPath():
                return {"type": "object", "propertyNames": {"pattern": "/"}}
            case shapes.SetOf(item, _, minimum):
                items = self.file_value(item)
                return {"type": "array", "minItems": minimum, "uniqueItems": True, "items": items}
            case shapes.Credential(or_text):
                reference = self.reference(of_target=True)
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

    def variants(self, shape: shapes.Variants, default: Tree = None) -> Schema:
        if shape.plain:
            return super().variants(shape, default)
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


def _described(text: str) -> Schema:
    return {"description": text} if text else {}


def _closed(properties: Schema, known: Mapping[str, shapes.Field | shapes.Member]) -> Schema:
    required: list[Json] = [name for name, one in known.items() if one.required]
    return {"properties": properties, "required": required, "additionalProperties": False}


def _or_null(schema: Schema) -> Schema:
    kind = schema.get("type")
    if kind not in ("string", "integer", "number", "boolean"):
        return {"anyOf": [schema, {"type": "null"}]}
    choices = schema.get("enum")
    enum: Schema = {"enum": [*choices, None]} if isinstance(choices, tuple) else {}
    return schema | {"type": [kind, "null"]} | enum
