"""Fields made from the schema of a server, their defaults in the form of the wire.

The defaults in a schema are not (wire page objects.md, section 4): expressions without conditions
are `{"default": …}`, conditions an array, nested durations texts, and what is empty is left out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from confsync.sandbox.fields import EXPRESSION, ItemList, MapOf, Nested, SetOf
from confsync.sandbox.leaves import NUMBERS, UNSET_ID, Choice, Id, Number, Text
from confsync.sandbox.objects import defaults
from confsync.sandbox.texts import cleaner, key_cleaner

if TYPE_CHECKING:
    from confsync.sandbox.fields import Field, Fields, Type
    from confsync.sandbox.leaves import Leaf
    from confsync.sandbox.schema import Schema

Json = dict[str, Any]

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]+)(ms|s|m|h|d)")

# The order of the wire for the fields of stores on Redis (wire section 4); the schema sorts them.
_FIRST = (
    *("url", "urls", "serviceName", "timeout", "authUsername", "authSecret"),
    *("sentinelUsername", "sentinelSecret", "maxRetryWait", "minRetryWait", "maxRetries"),
    *("readFromReplicas", "protocolVersion", "poolMaxConnections", "poolTimeoutCreate"),
    *("poolTimeoutWait", "poolTimeoutRecycle"),
)
_ORDER = {name: number for number, name in enumerate(_FIRST)}


def made_fields(schema: Schema, name: str) -> Fields:
    """Make the fields that the schema lists under a name, like `x:RedisStore`."""
    about = schema.fields[name]
    given = about.get("defaults", {})
    made: dict[str, Field] = {}
    for word in sorted(about["properties"], key=lambda word: _ORDER.get(word, len(_ORDER))):
        field = _field(schema, f"{name}/{word}", about["properties"][word]["type"])
        if word in given:
            field = replace(field, default=_on_wire(field, given[word]))
        made[word] = field
    return made


def _field(schema: Schema, path: str, about: Json) -> Field:
    """Make a field, with the default that it has where the schema names none."""
    match about["type"]:
        case "set":
            return SetOf(_key(schema, about["class"]), about.get("minItems", 0), {})
        case "map":
            value = about["valueClass"]
            nested = _nested(schema, value) if value["type"] == "object" else None
            key = _key(schema, about["keyClass"])
            return MapOf(key, nested or _leaf(schema, path, value), {})
        case "objectList":
            return ItemList(schema.type(about["objectName"]), about.get("minItems", 0), {})
        case "object":
            return _nested(schema, about)
        case _:
            return _leaf(schema, path, about)


def _nested(schema: Schema, about: Json) -> Nested:
    type_ = schema.type(about["objectName"])
    nullable = about.get("nullable", False)
    return Nested(type_, nullable, None if nullable else defaults(type_))


def _key(schema: Schema, about: Json) -> Leaf:
    """Make a member of a set, or a key of a map."""
    if about["type"] == "string":
        return Text("", nullable=False, clean=key_cleaner(about.get("format", "")))
    return _leaf(schema, "", about)


def _leaf(schema: Schema, path: str, about: Json) -> Leaf:
    nullable = about.get("nullable", False)
    match about["type"]:
        case "boolean":
            return Choice(frozenset({False, True}), default=False)
        case "enum":
            words = schema.words(about["enumName"])
            return Choice(frozenset(words), None if nullable else words[0], nullable)
        case "objectId" | "blobId":
            return Id(None if nullable else UNSET_ID, nullable)
        case "number":
            least, most = NUMBERS.get(about["format"], NUMBERS["unsignedInteger"])
            limits = (_integral(about.get("min")), _integral(about.get("max")))
            is_float = about["format"] == "float"
            zero = 0.0 if is_float else 0
            return Number(None if nullable else zero, nullable, least, most, *limits, is_float)
        case _:
            format_ = about.get("format", "")
            clean = cleaner(path, format_)
            secret = format_ in {"secret", "secretText"}
            return Text(None if nullable else "", nullable, clean, about.get("maxLength"), secret)


def _integral(limit: float | None) -> float | None:
    return int(limit) if limit is not None and limit == int(limit) else limit


def _on_wire(field: Field, given: Any) -> Any:  # noqa: ANN401 - JSON
    """Write a default of the schema as the wire would."""
    if isinstance(field, Nested) and given is not None:
        return _object(field.type, given)
    if isinstance(field, MapOf):
        return {name: _on_wire(field.value, part) for name, part in given.items()}
    if isinstance(field, ItemList):
        items = given if isinstance(given, list) else given.values()
        return {str(slot): _object(field.type, item) for slot, item in enumerate(items)}
    if isinstance(field, Number) and isinstance(given, str):
        found = _DURATION.fullmatch(given)
        if found is None:
            raise ValueError("no duration")
        return int(found[1]) * _UNITS[found[2]]
    return float(given) if isinstance(field, Number) and field.is_float else given


def _object(type_: Type, given: Json) -> Json:
    if type_.name == EXPRESSION and "default" in given:
        given = {"else": given["default"]}
    made = defaults(type_, given.get("@type"))
    fields = type_.fields(made)
    return made | {
        name: _on_wire(fields[name], part) for name, part in given.items() if name in fields
    }
