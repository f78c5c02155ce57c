"""What may stand in a field's place, as JSON Schema: scalars, URLs and references to secrets.

Where a text is refused, the schema says why in our words: `patternErrorMessage` and
`errorMessage` are no JSON Schema, but editors show them, and validators skip them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from confsync.store import schema_patterns as patterns
from confsync.store.mistakes import INSTEAD
from confsync.store.scalars import what_to_write
from confsync.store.urls import AS_MAPPING, PARTS
from confsync.sync.shape import Boolean, Choice, Duration, Text, Unsigned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from confsync.sync.secret import Form

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
Schema: TypeAlias = dict[str, Json]


def scalar(shape: Text | Boolean | Unsigned | Duration | Choice) -> Schema:
    """One value, null aside. Of durations a schema sees no minimum but zero."""
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


def reference(forms: Mapping[str, Form]) -> Schema:
    """Where a secret can be had: a mapping with one of the keys of `forms`."""
    return {
        "properties": _arguments(forms),
        "additionalProperties": False,
        "minProperties": 1,
        "dependencies": _alone(forms),
        "errorMessage": INSTEAD,
    }


def url(forms: Mapping[str, Form], password: Schema) -> Schema:
    """One text without a password, a reference to all of it, or the mapping form, in which
    `password` is what may stand for that.
    """
    in_address, in_username, in_password = PARTS
    values: Mapping[str, Schema] = {
        in_address: {"type": "string", "allOf": _ADDRESS},
        in_username: {"type": "string", "allOf": _text(trimmed=False)},
        in_password: password,
    }
    parts: Schema = {name: {"description": PARTS[name], **values[name]} for name in PARTS}
    needs: Schema = {
        in_address: [in_password],
        in_username: [in_address, in_password],
        in_password: [in_address],
    }
    return {
        "type": ["string", "object"],
        "allOf": _URL,
        "properties": parts | _arguments(forms),
        "additionalProperties": False,
        "minProperties": 1,
        "dependencies": needs | _alone(forms),
    }


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


def _matching(pattern: str, otherwise: str) -> Schema:
    return {"pattern": pattern, "patternErrorMessage": otherwise}


def _arguments(forms: Mapping[str, Form]) -> Schema:
    return {key: _argument(form) for key, form in forms.items()}


def _argument(form: Form) -> Schema:
    """What stands behind the key of a reference."""
    description = f"{form.takes}, like {form.example}"
    if not form.words:
        return {"description": description, **_name(form)}
    return {
        "description": description,
        "errorMessage": f"write {description}",
        "type": "array",
        "minItems": 1,
        "items": [_name(form)],
        "additionalItems": {
            "type": ["string", "number", "boolean"],
            "pattern": patterns.NO_NUL,
        },
    }


def _name(form: Form) -> Schema:
    pattern = patterns.portable(form.pattern)
    no_url = _matching(patterns.NO_URL, "a URL does not belong here")
    return {
        # YAML makes a number of some texts that are a name all the same, like that of a file.
        "type": ["string", "number"] if form.pattern.fullmatch("0") else "string",
        "allOf": [no_url, *([_matching(pattern, f"write {form.takes}")] if pattern else [])],
    }


def _alone(forms: Mapping[str, Form]) -> Schema:
    # Said of each key: into a mapping that may hold only one, editors propose none.
    one: Schema = {"maxProperties": 1, "errorMessage": "a reference stands alone"}
    return dict.fromkeys(forms, one)


_ADDRESS = (
    _matching(patterns.HAS_SCHEME, "the scheme is missing, like rediss://"),
    _matching(patterns.NO_AT, "user and password have fields of their own"),
    _matching(patterns.NO_PASSWORD_PARAMETER, "the password has a field of its own"),
)
_URL = (
    *_text(trimmed=True),
    _matching(patterns.NO_CREDENTIALS, AS_MAPPING),
    _matching(patterns.NO_PASSWORD_PARAMETER, AS_MAPPING),
)
