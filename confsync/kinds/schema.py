"""The JSON Schema of a store file, for editors: draft 7, derived from shapes and references.

It says of a file what `validate` says of it, as far as a schema can see it: not how YAML spells a
value, and nothing of what one field means for another. The keywords `errorMessage`,
`patternErrorMessage`, `enumDescriptions` and `defaultSnippets` are no JSON Schema: editors know
them, and validators skip them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from confsync.kinds import patterns
from confsync.kinds.mistakes import INSTEAD, TYPE
from confsync.kinds.scalars import range_text, what_to_write
from confsync.kinds.to_file import to_file
from confsync.kinds.urls import AS_MAPPING, PARTS
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
    from collections.abc import Mapping, Sequence

    from confsync.kinds.kind import Kind
    from confsync.sync.secret import Form

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
Schema: TypeAlias = dict[str, Json]

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
            **_mapping(objects),
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
            {"if": _is(fields.tag), "then": self.define(fields.tag, self.fields(fields))}
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
            "additionalProperties": False,
            "required": required,
        }

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
                return _scalar(shape)
            case UrlText():
                return _url(self.forms)
            case UrlSet():
                return {"type": "array", "items": _url(self.forms)}
            case SecretText():
                return _reference(self.forms)
            case ListOf(item, minimum):
                return {"type": "array", "minItems": minimum, "items": self.item(item)}
            case Variants():
                return self.variants(shape)

    def item(self, shape: Variants) -> Schema:
        """An object in a list."""
        return self.variants(shape)

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

    def field(self, known: Field) -> Schema:
        return super().field(replace(known, required=True))

    def item(self, shape: Variants) -> Schema:
        # A list is replaced whole.
        return _Writer(self.forms, self.definitions).item(shape)

    def define(self, name: str, schema: Schema) -> Schema:
        return super().define(f"{name}-in-a-layer", schema)


def _mapping(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


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


def _matching(pattern: str, otherwise: str) -> Schema:
    return {"pattern": pattern, "patternErrorMessage": otherwise}


def _scalar(shape: Text | Boolean | Unsigned | Duration | Choice) -> Schema:
    match shape:
        case Boolean():
            return {"type": "boolean"}
        case Unsigned(minimum, maximum):
            return {"type": "integer", "minimum": minimum, "maximum": maximum}
        case Choice(choices):
            return {"type": "string", "enum": choices}
        case Duration():
            return _duration(shape)
        case Text(trimmed):
            return {"type": "string", "allOf": _text(trimmed=trimmed)}


def _duration(shape: Duration) -> Schema:
    hint = what_to_write(shape)
    limit = _matching(patterns.duration_up_to(shape.maximum), hint)
    return {
        "type": "string",
        "pattern": patterns.DURATION,
        "errorMessage": hint,
        "allOf": [{"if": {"pattern": patterns.DURATION}, "then": limit}],
    }


def _text(*, trimmed: bool) -> list[Json]:
    no_mask = patterns.NO_MASK_TRIMMED if trimmed else patterns.NO_MASK
    return [
        _matching(patterns.NOT_BLANK, "must not be blank"),
        _matching(no_mask, "this is the mask that stands for a hidden secret, not a value"),
    ]


def _reference(forms: Mapping[str, Form]) -> Schema:
    """Where a secret can be had. A text would be the secret in clear."""
    keys: Schema = {key: _argument(form) for key, form in forms.items()}
    return {
        **_mapping(keys),
        "minProperties": 1,
        "dependencies": _alone(forms),
        "errorMessage": INSTEAD,
    }


def _alone(forms: Mapping[str, Form]) -> Schema:
    # Said of each key, because of a mapping that may hold one key at most editors propose none.
    one: Schema = {"maxProperties": 1, "errorMessage": "a reference stands alone"}
    return dict.fromkeys(forms, one)


def _argument(form: Form) -> Schema:
    """What stands behind the key of a reference."""
    pattern = patterns.portable(form.pattern)
    no_url: list[Json] = [_matching(patterns.NO_URL, "a URL does not belong here")]
    first: Schema = {
        "type": ["string", "number"] if form.pattern.fullmatch("0") else "string",
        "allOf": no_url,
        **({} if pattern is None else _matching(pattern, f"write {form.takes}")),
    }
    described: Schema = {"description": f"{form.takes}, like {form.example}"}
    if not form.words:
        return described | first
    word: Schema = {"type": ["string", "number", "boolean"], "pattern": patterns.NO_NUL}
    return described | {
        "type": "array",
        "minItems": 1,
        "items": [first],
        "additionalItems": word,
        "errorMessage": f"write {form.takes}, like {form.example}",
    }


def _url(forms: Mapping[str, Form]) -> Schema:
    """A URL: one text without a password, a reference to all of it, or the mapping form."""
    parts: Mapping[str, Schema] = dict(
        zip(
            PARTS,
            (
                {"type": "string", "allOf": _ADDRESS},
                {"type": "string", "allOf": _text(trimmed=False)},
                _reference(forms),
            ),
            strict=True,
        )
    )
    address, username, password = PARTS
    keys: Schema = {key: _argument(form) for key, form in forms.items()}
    dependencies: Schema = {
        **_alone(forms),
        address: [password],
        username: [address, password],
        password: [address],
    }
    described = {name: {"description": PARTS[name], **part} for name, part in parts.items()}
    return {
        **_mapping({**described, **keys}),
        "type": ["string", "object"],
        "minProperties": 1,
        "dependencies": dependencies,
        "allOf": [*_text(trimmed=True), *_NO_PASSWORD],
    }


_ADDRESS: list[Json] = [
    _matching(patterns.HAS_SCHEME, "the scheme is missing, like rediss://"),
    _matching(patterns.NO_AT, "user and password have fields of their own"),
    _matching(patterns.NO_PASSWORD_PARAMETER, "the password has a field of its own"),
]
_NO_PASSWORD: list[Json] = [
    _matching(patterns.NO_CREDENTIALS, AS_MAPPING),
    _matching(patterns.NO_PASSWORD_PARAMETER, AS_MAPPING),
]
